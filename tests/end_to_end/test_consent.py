"""Who declines to a rep is left alone by every rep of every brand."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.end_to_end.circle import BRAND, POLICY, Circle
from tests.polling import until

OTHER = "neurolex"


@pytest.fixture
async def two_brands(circle: Circle) -> None:
    """A second brand with a policy and a rep of its own."""
    rep = {"role": "rep", "territory_ids": ["ter-1"], "brand_ids": [OTHER], "max_open_leads": 100, "weight": 1, "active": True}
    await circle.call("routing", "PUT", "/v1/reps", role="sales_ops", json=[{"id": "rep-3", "name": "Rep 3", **rep}])
    draft = await circle.call("routing", "POST", "/v1/policies", role="sales_ops", sub="author", json={**POLICY, "brand_id": OTHER})
    await circle.call("routing", "POST", f"/v1/policies/{draft['version']}/activate", role="sales_ops", sub="approver", json={})


async def act_for_other_brand(circle: Circle, contact_id: str) -> None:
    """The contact submits a form of the second brand's."""
    act = {"source": "import", "source_event_id": f"other-{contact_id}", "contact_id": contact_id, "kind": "form_submitted"}
    body = [{**act, "brand_id": OTHER, "occurred_at": datetime.now(UTC).isoformat()}]
    counts = await circle.call("intake", "POST", "/v1/engagements", role="integration", json=body)
    assert counts["accepted"] == 1, counts


async def lead_of(circle: Circle, contact_id: str, brand_id: str) -> dict[str, Any] | None:
    found = [lead for lead in await circle.leads() if (lead["contact_id"], lead["brand_id"]) == (contact_id, brand_id)]
    return found[0] if found else None


@pytest.mark.usefixtures("two_brands")
async def test_who_declines_to_a_rep_is_assigned_to_nobody_of_any_brand(circle: Circle) -> None:
    await circle.put_contacts(["declining-1", "willing-1"])
    await circle.submit_forms(["declining-1"])

    async def stage(contact_id: str, brand_id: str) -> str | None:
        lead = await lead_of(circle, contact_id, brand_id)
        return None if lead is None else str(lead["stage"])

    async def is_at(contact_id: str, brand_id: str, wanted: str) -> bool:
        return await stage(contact_id, brand_id) == wanted

    await until(lambda: is_at("declining-1", BRAND, "assigned"), seconds=40, what="a rep has the lead")
    lead = await lead_of(circle, "declining-1", BRAND)
    assert lead is not None
    outcome = {"lead_id": lead["id"], "code": "declined_consent", "channel": "phone", "occurred_at": datetime.now(UTC).isoformat()}
    report = await circle.call("feedback", "POST", "/v1/outcomes", role="rep", rep=lead["rep_id"], json=outcome)

    async def consents() -> list[tuple[str, str, str]]:
        person = await circle.call("intake", "GET", "/v1/contacts/declining-1", role="auditor")
        return [(act["channel"], act["state"], act["evidence"]) for act in person["consents"]]

    async def is_denied() -> bool:
        return await consents() == [("any", "denied", f"told_to_rep:{report['id']}")]

    await until(is_denied, seconds=40, what="intake knows what the rep was told")
    for contact_id in ("declining-1", "willing-1"):
        await act_for_other_brand(circle, contact_id)
    await until(lambda: is_at("willing-1", OTHER, "assigned"), seconds=40, what="the other brand has reps for who is willing")
    await until(lambda: is_at("declining-1", OTHER, "disqualified"), seconds=40, what="who declined is withheld")
    withheld = await lead_of(circle, "declining-1", OTHER)
    assert withheld is not None
    assert withheld["rep_id"] is None
    assert await stage("declining-1", BRAND) == "disqualified"
