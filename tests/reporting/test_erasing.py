"""Forgetting a contact here: the ids others know them by go, also out of what subscribers were told, and no count moves."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from shared.events.erasures import ContactErased, ErasureOrdered
from shared.service import Service
from tests.conftest import ClientOf
from tests.plaintext import places_of
from tests.reporting import happened
from tests.reporting.conftest import Rows, Tell

SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()
OutboxOf = Callable[[Service], Any]


def order(contact_id: str, at: datetime) -> ErasureOrdered:
    return ErasureOrdered(erasure_id="01998f80-0000-7000-8000-0000000000f1", contact_id=contact_id, ordered_at=at, seal="0" * 64)


async def test_ids_go_and_counts_stay(
    reporting: Service, tell: Tell, rows: Rows, now: datetime, client_of: ClientOf, token: Any, outbox_of: OutboxOf
) -> None:
    async with client_of(reporting) as client:
        asked = {"url": "http://127.0.0.1:9/hook", "source": "mautic", "events": ["lead.assigned"], "secrets": [SECRET]}
        assert (await client.put("/v1/subscriptions/mautic", json=asked, headers=token("marketing"))).is_success
    known = happened.contact("c-1", external_ids={"mautic": "mautic-no-4711", "npi": "1234567893"}, segments=["north"])
    other = happened.contact("c-2", external_ids={"mautic": "mautic-no-4712"})
    await tell(known, other, happened.qualified("l-1", "c-1", now), happened.assigned("l-1", "c-1", now))
    await tell(happened.assigned("l-2", "c-2", now), happened.objection("r-1", "c-1", now))
    before = await rows("SELECT * FROM rollups ORDER BY day, measure, item, specialty")
    assert await places_of(reporting.database.engine, ["mautic-no-4711"])

    await tell(order("c-1", now))
    assert await places_of(reporting.database.engine, ["mautic-no-4711", "1234567893"]) == set()
    assert await rows("SELECT * FROM rollups ORDER BY day, measure, item, specialty") == before
    [mine, others] = await rows("SELECT body::jsonb #>> '{data,external_id}' AS told FROM deliveries ORDER BY position")
    assert (mine["told"], others["told"]) == (None, "mautic-no-4712")
    [said] = [body for kind, _, body in await outbox_of(reporting) if kind == "contact.erased"]
    assert (said["service"], said["erased"]["deliveries"], said["kept"]) == ("reporting", 1, {"leads": 1, "objections": 1})


async def test_a_snapshot_that_comes_late_is_old_news_and_later_events_count_as_before(
    reporting: Service, tell: Tell, rows: Rows, now: datetime
) -> None:
    await tell(happened.contact("c-1", external_ids={"npi": "1234567893"}))
    await tell(order("c-1", now))
    await tell(happened.contact("c-1", version=40, specialty="oncology", external_ids={"npi": "1234567893"}))
    await tell(happened.qualified("l-1", "c-1", now))
    assert await places_of(reporting.database.engine, ["1234567893"]) == set()
    [cell] = await rows("SELECT specialty, count FROM rollups WHERE item = 'mql'")
    assert (cell["specialty"], cell["count"]) == ("cardiology", 1)


async def test_somebody_nobody_spoke_of_may_be_forgotten(tell: Tell, rows: Rows, now: datetime) -> None:
    await tell(order("c-9", now))
    await tell(happened.contact("c-9", external_ids={"npi": "1234567893"}))
    assert await rows("SELECT specialty, external_ids FROM contacts") == [{"specialty": None, "external_ids": {}}]


async def test_who_has_done_it_can_be_followed(reporting: Service, tell: Tell, client_of: ClientOf, token: Any, now: datetime) -> None:
    told = order("c-1", now)
    await tell(told, ContactErased(erasure_id=told.erasure_id, contact_id="c-1", service="routing", erased_at=now))
    async with client_of(reporting) as client:
        trace = (await client.get("/v1/trace/c-1", headers=token("auditor"))).json()["entries"]
        assert [(entry["service"], entry["type"]) for entry in trace] == [("intake", "erasure.ordered"), ("routing", "contact.erased")]
        held = (await client.get("/v1/people/c-1", headers=token("privacy"))).json()["held"]
    assert len(held["journal"]) == 2
