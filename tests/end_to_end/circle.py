"""A small client of the whole system, as outsiders would write it: one territory, one policy, and signed Mautic bodies."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import httpx

from deploy.launcher.world import World

BRAND = "cardiolex"
SECRET = "a-secret-for-tests"
ALWAYS_OPEN = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}

POLICY = {
    "brand_id": BRAND,
    "title": "Cardiologists who act",
    "fit": [{"id": "cardiology", "field": "specialty", "op": "eq", "value": "cardiology", "points": 20}],
    "engagement": [{"id": "form", "kinds": ["form_submitted"], "points": 40, "half_life_days": 30}],
    "gates": [],
    "readiness": [],
    "thresholds": {"fit": 20, "engagement": 30},
    "grades": {"fit": [10, 20], "engagement": [20, 40]},
    "clocks": {"first_outreach_seconds": 3600},
    "assignment": ["account_owner", "territory"],
}


class Circle:
    """The four services of a running world. Addresses are asked for at each call, since a restarted service keeps its port."""

    def __init__(self, world: World, client: httpx.AsyncClient) -> None:
        self._world = world
        self._client = client
        self._forms = 0

    async def call(
        self, service: str, method: str, path: str, *, role: str = "", rep: str = "", sub: str = "someone", **request: Any
    ) -> Any:
        """One authenticated request; the JSON of its answer. Fails on any error status, showing the problem."""
        headers = {"Authorization": f"Bearer {self._world.token(role=role, rep=rep, sub=sub)}"} if role else {}
        answer = await self._client.request(method, self._world.addresses[service] + path, headers=headers, **request)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def load_reference_world(self) -> None:
        """One territory that is always open, two reps who share it, a source and an active policy."""
        territory = {"id": "ter-1", "name": "Chicago", "region": "midwest", "timezone": "America/Chicago", "country": "US"}
        await self.call(
            "routing", "PUT", "/v1/territories", role="sales_ops", json=[{**territory, "postal_codes": ["606*"], "hours": ALWAYS_OPEN}]
        )
        rep = {"role": "rep", "territory_ids": ["ter-1"], "brand_ids": [BRAND], "max_open_leads": 10_000, "weight": 1, "active": True}
        reps = [{"id": f"rep-{number}", "name": f"Rep {number}", **rep} for number in (1, 2)]
        await self.call("routing", "PUT", "/v1/reps", role="sales_ops", json=reps)
        draft = await self.call("routing", "POST", "/v1/policies", role="sales_ops", sub="author", json=POLICY)
        await self.call("routing", "POST", f"/v1/policies/{draft['version']}/activate", role="sales_ops", sub="approver", json={})
        source = {"adapter": "mautic", "secrets": [SECRET], "settings": {"brand_id": BRAND}}
        await self.call("intake", "PUT", "/v1/sources/mautic", role="admin", json=source)

    async def put_contacts(self, ids: Iterable[str]) -> None:
        """Cardiologists in the territory, known to Mautic by their id."""
        contacts = [
            {
                "id": contact_id,
                "external_ids": {"mautic": contact_id},
                "emails": [f"{contact_id}@clinic.example"],
                "given_name": "Ada",
                "family_name": "Byrne",
                "kind": "prescriber",
                "specialty": "cardiology",
                "postal_code": "60601",
                "country": "US",
            }
            for contact_id in ids
        ]
        verdict = await self.call("intake", "PUT", "/v1/contacts", role="integration", json=contacts)
        assert not verdict["rejected"], verdict

    async def submit_forms(self, ids: Iterable[str]) -> dict[str, Any]:
        """One signed Mautic body in which each of these contacts submitted a form. Sent twice, the second is a duplicate."""
        answer = await self.post_webhook(self.form_body(ids))
        assert answer.status_code == 202, answer.text
        counts: dict[str, Any] = answer.json()
        return counts

    def form_body(self, ids: Iterable[str]) -> bytes:
        """The body: a submission of its own for each contact."""
        submissions = []
        for contact_id in ids:
            self._forms += 1
            lead = {
                "id": contact_id,
                "points": 0,
                "fields": {"core": {"email": {"alias": "email", "value": f"{contact_id}@clinic.example"}}},
            }
            form = {"id": 4, "name": "Talk to us", "alias": "talktous", "category": None}
            at = datetime.now(UTC).isoformat(timespec="seconds")
            submissions.append({"submission": {"id": self._forms, "form": form, "lead": lead, "dateSubmitted": at, "results": {}}})
        return json.dumps({"mautic.form_on_submit": submissions}).encode()

    async def post_webhook(self, body: bytes) -> httpx.Response:
        """Posts a Mautic body with Mautic's signature."""
        address = f"{self._world.addresses['intake']}/v1/webhooks/mautic"
        return await self._client.post(address, content=body, headers=self.signed_headers(body))

    def signed_headers(self, body: bytes) -> dict[str, str]:
        """What Mautic sends with a body: its signature."""
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        return {"Content-Type": "application/json", "Webhook-Signature": signature}

    async def leads(self) -> list[dict[str, Any]]:
        """Every lead, whoever owns it."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.call("routing", "GET", f"/v1/leads?limit=200{cursor}", role="sales_ops")
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    async def lead_of(self, contact_id: str) -> dict[str, Any]:
        """The only lead of a contact."""
        [lead] = [lead for lead in await self.leads() if lead["contact_id"] == contact_id]
        return lead

    async def entered(self, stage: str) -> int:
        """How many leads of the brand entered a stage, as reporting counts them."""
        funnel = await self.call("reporting", "GET", f"/v1/funnel?brand_id={BRAND}", role="marketing")
        return sum(entry["entered"] for group in funnel["groups"] for entry in group["stages"] if entry["stage"] == stage)


CircleOf = Callable[[World], Circle]
