"""Before the load: the launch, its people, platforms and endpoints, all through the public APIs."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg

from deploy.auditor.testimony import Canary, Witness
from deploy.demo.launch import VISIT_PROPERTY
from deploy.launcher.world import World
from tests.faults.load.endpoints import TEMPERS, Zoo
from tests.faults.load.planning import planned_rows, policy
from tests.faults.load.population import HUBSPOT, MAUTIC, Person, Population
from tests.faults.load.sender import Platforms

WELL = "well"
"""The subscription whose endpoint takes everything: what waits for it is backlog, what waits for the others is theirs to answer for."""

_FORBIDDEN = "forbidden"
_EVENTS = ("lead.assigned", "lead.stage_changed", "theme.emerged", "decision.opened", "decision.decided", "change.published")
# Who never takes any keeps all of them waiting.
_FEW_EVENTS = ("lead.assigned",)
_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Callers:
    """Who speaks to the services, by the headers they send."""

    by_role: Mapping[str, str]
    by_rep: Mapping[str, str]

    def of(self, role: str) -> dict[str, str]:
        """The header of somebody with that role."""
        return {"Authorization": self.by_role[role]}


def callers(world: World, people: Population) -> Callers:
    """A token for each role, rep and manager."""
    roles = ("integration", "admin", "marketing", "safety", "auditor", "sales_ops")
    by_role = {role: f"Bearer {world.token(role=role, sub=f'{role}-1')}" for role in roles}
    by_role["approver"] = f"Bearer {world.token(role='sales_ops', sub='sales_ops-2')}"
    by_rep = {rep.id: f"Bearer {world.token(role=rep.role, rep=rep.id, sub=rep.id)}" for rep in people.field_force}
    return Callers(by_role, by_rep)


async def prepare(world: World, people: Population, who: Callers, *, zoo: Zoo, witness: Witness, client: httpx.AsyncClient) -> Platforms:
    """Loads the reference data and connects platforms and endpoints; gives what platforms need to post."""
    office = _Office(world, who, client)
    for collection, rows in {**people.reference_rows(), **planned_rows(people)}.items():
        await office.put("sales_ops", "routing", f"/v1/{collection}", rows)
    draft = await office.call("POST", "sales_ops", "routing", "/v1/policies", policy(people))
    await office.call("POST", "approver", "routing", f"/v1/policies/{draft['version']}/activate", {})
    await office.put("integration", "intake", "/v1/assets", people.launch.assets())
    await office.put("integration", "intake", "/v1/campaigns", [people.launch.campaign()])
    await office.put("integration", "intake", "/v1/contacts", [person.row() for person in people.people])
    platforms = Platforms(
        intake=world.addresses["intake"],
        secrets={MAUTIC: secrets.token_urlsafe(), HUBSPOT: secrets.token_urlsafe()},
        import_authorization=who.by_role["integration"],
    )
    await _connect(office, platforms, people)
    await _subscribe(office, zoo)
    _send_one_to_the_forbidden(world, zoo)
    for secret, table in (
        (platforms.secrets[MAUTIC], "intake.sources"),
        (platforms.secrets[HUBSPOT], "intake.sources"),
        (zoo.secret, "reporting.subscriptions"),
    ):
        witness.tell(Canary(at=datetime.now(UTC), text=secret, kind="secret", allowed_in=[table]))
    return platforms


async def add_people(world: World, who: Callers, rows: list[Person], *, client: httpx.AsyncClient) -> None:
    """States more contacts to intake."""
    await _Office(world, who, client).put("integration", "intake", "/v1/contacts", [person.row() for person in rows])


class _Office:
    """Those who keep reference data, and take no refusal."""

    def __init__(self, world: World, who: Callers, client: httpx.AsyncClient) -> None:
        self._world = world
        self._who = who
        self._client = client

    async def put(self, role: str, service: str, path: str, content: Any) -> None:
        answer = await self.call("PUT", role, service, path, content)
        if rejected := answer.get("rejected"):
            raise RuntimeError(f"{path}: {rejected[:3]}")

    async def call(self, method: str, role: str, service: str, path: str, content: Any) -> Any:
        address = self._world.addresses[service] + path
        answer = await self._client.request(method, address, json=content, headers=self._who.of(role), timeout=_TIMEOUT_SECONDS)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()


async def _connect(office: _Office, platforms: Platforms, people: Population) -> None:
    brand = {"brand_id": people.launch.brand_id}
    hubspot_settings = {**brand, "public_url": platforms.address(HUBSPOT), "property_kinds": {VISIT_PROPERTY: "rep_requested"}}
    for adapter, settings in ((MAUTIC, brand), (HUBSPOT, hubspot_settings)):
        source = {"adapter": adapter, "secrets": [platforms.secrets[adapter]], "settings": settings}
        await office.call("PUT", "admin", "intake", f"/v1/sources/{adapter}", source)


async def _subscribe(office: _Office, zoo: Zoo) -> None:
    urls: dict[str, str] = {temper: zoo.url(temper) for temper in TEMPERS}
    urls[_FORBIDDEN] = zoo.url("well")
    for name, url in urls.items():
        events = _EVENTS if name == WELL else _FEW_EVENTS
        subscription = {"url": url, "source": MAUTIC, "events": list(events), "secrets": [zoo.secret]}
        await office.call("PUT", "marketing", "reporting", f"/v1/subscriptions/{name}", subscription)


def _send_one_to_the_forbidden(world: World, zoo: Zoo) -> None:
    """An address that was listed when it was saved and is not any more: only the check at sending stands in its way now."""
    with psycopg.connect(plain(world.database_url("reporting")), autocommit=True) as connection:
        connection.execute("UPDATE subscriptions SET url = %s WHERE name = %s", (zoo.url("forbidden"), _FORBIDDEN))


def plain(url: str) -> str:
    """The address as psycopg itself reads it."""
    return url.replace("+psycopg", "")
