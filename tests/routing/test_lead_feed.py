"""An app that follows the feed holds exactly its rep's leads and briefs, whatever happens, in whatever order it is committed."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from routing.api import feed
from routing.operations.briefs.noticing import BETWEEN_VERSIONS
from routing.operations.briefs.revising import revise_outdated_briefs
from routing.operations.recording import record_engagements
from routing.queries import lead_changes
from routing.queries.lead_changes import is_snapshot
from tests.routing.test_leads_api import asset
from tests.routing.world import World, contact, engagement, opt_out, outcome, rep
from tests.tokens import authorization

TOLD = ("id", "stage", "rep_id", "reason", "reason_at", "brief_version", "clocks", "ended_at")


@dataclass
class App:
    """A field app that works offline: it holds what the feed told it, and nothing else."""

    world: World
    rep_id: str
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    cursor: str | None = None

    async def poll(self, *, limit: int = 50) -> dict[str, Any]:
        query: dict[str, Any] = {"limit": limit} | ({"cursor": self.cursor} if self.cursor else {})
        told: dict[str, Any] = await self.world.get("feed", headers=authorization("rep", rep=self.rep_id), **query)
        if told["reset"]:
            self.held.clear()
        for item in told["items"]:
            if item["op"] == "upsert":
                self.held[item["lead_id"]] = {name: item["lead"][name] for name in TOLD} | {"brief": item["brief"]["version"]}
            else:
                self.held.pop(item["lead_id"], None)
        self.cursor = told["next_cursor"]
        return told

    async def sync(self, *, limit: int = 50) -> list[str]:
        """Polls until there is no more; the leads it was told of."""
        told: list[str] = []
        while True:
            answer = await self.poll(limit=limit)
            told += [item["lead_id"] for item in answer["items"]]
            if not answer["more"]:
                return told


async def listed(world: World, rep_id: str) -> dict[str, dict[str, Any]]:
    """What the app should hold."""
    leads = await world.get("leads", headers=authorization("rep", rep=rep_id), limit=500)
    return {
        lead["id"]: {name: lead[name] for name in TOLD} | {"brief": lead["brief_version"]}
        for lead in leads["items"]
        if not lead["ended_at"]
    }


async def people(world: World, number: int) -> None:
    await world.hear(asset("guide"), *(contact(f"hcp-{each}") for each in range(number)))
    await world.hear(*(engagement(f"hcp-{each}", asset_id="guide") for each in range(number)))


async def test_the_first_sync_is_everything_page_by_page(world: World) -> None:
    await people(world, 7)
    app = App(world, "rep-1")
    first = await app.poll(limit=2)
    assert (first["reset"], first["more"], len(first["items"])) == (True, True, 2)
    assert not (await app.poll(limit=1))["reset"]
    await app.sync(limit=1)
    assert app.held == await listed(world, "rep-1")
    assert len(app.held) == 4
    assert await app.sync() == []


async def test_later_only_what_changed_is_told(world: World) -> None:
    await people(world, 4)
    app = App(world, "rep-1")
    await app.sync()
    [lead, *_] = [lead for lead in await world.leads() if lead["rep_id"] == "rep-1"]
    await world.hear(engagement(lead["contact_id"], "page_viewed", age=timedelta()))
    assert await app.sync() == [lead["id"]]
    await world.hear(outcome(lead, "no_answer"))  # a clock alone
    assert await app.sync() == [lead["id"]]
    assert app.held == await listed(world, "rep-1")


async def test_a_lead_that_ends_or_goes_to_somebody_else_is_removed_here_and_appears_there(world: World) -> None:
    await people(world, 2)
    apps = {rep_id: App(world, rep_id) for rep_id in ("rep-1", "rep-2")}
    for app in apps.values():
        await app.sync()
    given_back, ended = await world.leads()
    await world.hear(outcome(given_back, "rejected", reason_code="absent"))
    await world.hear(opt_out(ended["contact_id"]))
    for rep_id, app in apps.items():
        await app.sync()
        assert app.held == await listed(world, rep_id)
    assert list(apps[ended["rep_id"]].held) == [given_back["id"]]
    assert apps[given_back["rep_id"]].held == {}


async def test_what_is_committed_late_is_not_missed(world: World) -> None:
    await people(world, 4)
    app = App(world, "rep-1")
    await app.sync()
    early, late = [lead for lead in await world.leads() if lead["rep_id"] == "rep-1"]
    async with world.service.database.transaction() as session:
        # The first to begin is the last to be committed.
        await record_engagements(session, [engagement(early["contact_id"], "page_viewed", age=timedelta())], now=datetime.now(UTC))
        await world.hear(engagement(late["contact_id"], "page_viewed", age=timedelta()))
        assert await app.sync() == [late["id"]]
        assert await app.sync() == []
    assert await app.sync() == [early["id"]]
    assert app.held == await listed(world, "rep-1")


async def test_what_changes_while_the_app_reads_its_first_pages_is_told_in_the_end(world: World) -> None:
    await people(world, 8)
    app = App(world, "rep-1")
    await app.poll(limit=1)
    leads = [lead for lead in await world.leads() if lead["rep_id"] == "rep-1"]
    read = next(lead for lead in leads if lead["id"] in app.held)
    unread = next(lead for lead in leads if lead["id"] not in app.held)
    await world.hear(outcome(read, "rejected", reason_code="bad_data"), opt_out(unread["contact_id"]))
    await app.sync(limit=1)
    assert app.held == await listed(world, "rep-1")
    assert len(app.held) == 2


@pytest.mark.parametrize("seed", range(3))
async def test_through_whatever_happens_an_app_ends_with_what_the_list_shows(world: World, seed: int) -> None:
    random = Random(seed)
    await world.put("reps", rep("rep-3", "chicago"))
    apps = [App(world, f"rep-{number}") for number in (1, 2, 3)]
    versions = dict.fromkeys((f"hcp-{number}" for number in range(8)), 0)
    for _ in range(40):
        await asyncio.gather(
            *(_something(world, random, versions) for _ in range(random.randint(1, 3))),
            *(app.poll(limit=random.randint(1, 3)) for app in apps if random.random() < 0.4),
        )
    for app in apps:
        await app.sync(limit=2)
        assert app.held == await listed(world, app.rep_id)


async def _something(world: World, random: Random, versions: dict[str, int]) -> None:
    contact_id = random.choice(sorted(versions))
    leads = [lead for lead in await world.leads() if lead["rep_id"] and lead["ended_at"] is None]
    match random.randrange(6):
        case 0:
            versions[contact_id] += 1
            await world.hear(contact(contact_id, version=versions[contact_id], family_name=f"Name {random.randrange(9)}"))
        case 1 | 2:
            kind = random.choice(["webinar_attended", "page_viewed", "email_clicked", "rep_requested"])
            await world.hear(engagement(contact_id, kind, age=timedelta()))
        case 3 if leads:
            lead = random.choice(leads)
            at = datetime.now(UTC) - datetime.fromisoformat(lead["qualified_at"])
            code = random.choice(["accepted", "contacted", "rejected", "no_need", "qualified"])
            await world.hear(outcome(lead, code, after=at, reason_code=random.choice(["absent", "bad_data"])))
        case 4:
            version = random.choice(["1", "2", "3"])
            await world.hear(asset("guide", version=version))
        case _:
            await revise_outdated_briefs(world.service.database, now=datetime.now(UTC) + BETWEEN_VERSIONS)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whose, era, *rest: ("another", era, *rest),
        lambda whose, era, *rest: (whose, "another life", *rest),
        lambda whose, era, since, *rest: (whose, era, "nonsense", *rest),
        lambda whose, era, since, started, *rest: (whose, era, "", started, *rest),
    ],
    ids=["of another rep", "of a database restored since", "with no snapshot", "without any snapshot"],
)
async def test_a_cursor_that_says_nothing_here_begins_anew(world: World, spoil: Any) -> None:
    await people(world, 2)
    app = App(world, "rep-1")
    await app.sync()
    app.cursor = feed._CURSOR.cursor_of(spoil(*feed._CURSOR.key_in(app.cursor or "")))
    assert (await app.poll())["reset"]
    assert app.held == await listed(world, "rep-1")


async def test_a_snapshot_of_a_crowd_is_narrowed_and_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead_changes, "SNAPSHOT_CHARS_MAX", 1)
    await people(world, 4)
    app = App(world, "rep-1")
    await app.sync()
    early, late = [lead for lead in await world.leads() if lead["rep_id"] == "rep-1"]
    async with world.service.database.transaction() as session:
        await record_engagements(session, [engagement(early["contact_id"], "page_viewed", age=timedelta())], now=datetime.now(UTC))
        await world.hear(engagement(late["contact_id"], "page_viewed", age=timedelta()))
        assert late["id"] in await app.sync()
    assert early["id"] in await app.sync()
    assert app.held == await listed(world, "rep-1")


@pytest.mark.parametrize(
    ("told", "can_be"),
    [
        ("10:20:10,14,15", True),
        ("10:10:", True),
        ("10:20:", True),
        ("20:10:", False),
        ("10:20:9", False),
        ("10:20:15,14", False),
        ("10:20:20", False),
        ("0:1:", False),
        ("10", False),
        ("a:b:", False),
        ("", False),
        (f"1:{10**30}:", False),
    ],
)
def test_only_what_can_be_a_snapshot_is_read_as_one(told: str, can_be: bool) -> None:
    assert is_snapshot(told) is can_be


async def test_it_is_for_reps_who_are_named(world: World) -> None:
    nameless = await world.client.get("/v1/feed", headers=authorization("rep"))
    assert nameless.status_code == 403
    assert (await world.client.get("/v1/feed?cursor=made-up", headers=authorization("rep", rep="rep-1"))).status_code == 422
    assert (await world.client.get("/v1/feed?limit=101", headers=authorization("rep", rep="rep-1"))).status_code == 422
