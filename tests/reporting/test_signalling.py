"""The signal in PostgreSQL: one decision per scope, however many batches arrive at once, and evidence that joins it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from shared.events import topics
from shared.service import Service
from tests.reporting import happened
from tests.reporting.conftest import Deliver, Rows, Tell

OutboxOf = Callable[[Service], Awaitable[list[tuple[str, str, dict[str, Any]]]]]


async def hear(tell: Tell, now: datetime, *numbers: int, days_ago: float = 1, **more: Any) -> None:
    """Objections r<number> of contacts c<number>, by three reps in turn."""
    at = now - timedelta(days=days_ago)
    await tell(*(happened.objection(f"r{number}", f"c{number}", at, rep_id=f"rep-{number % 3}", **more) for number in numbers))


async def know(tell: Tell, *numbers: int) -> None:
    await tell(*(happened.contact(f"c{number}") for number in numbers))


async def test_the_fifth_objection_makes_a_theme_and_opens_a_decision(
    reporting: Service, tell: Tell, outbox_of: OutboxOf, now: datetime
) -> None:
    await know(tell, *range(5))
    await hear(tell, now, 0, 1, 2, 3)
    assert await outbox_of(reporting) == []
    await hear(tell, now, 4)
    (theme_type, theme_key, theme), (opened_type, opened_key, opened) = await outbox_of(reporting)
    assert (theme_type, opened_type) == ("theme.emerged", "decision.opened")
    assert theme["scope"] == opened["scope"] == {"brand_id": "cardiox", "topic": "dosing_administration", "specialty": "cardiology"}
    assert theme["report_ids"] == opened["report_ids"] == ["r0", "r1", "r2", "r3", "r4"]
    assert (theme["count"], theme["reps"], theme["previous"]) == (5, 3, 0)
    assert (opened["owner"], opened["theme_id"]) == ("marketing", theme["theme_id"])
    assert (theme_key, opened_key) == (theme["theme_id"], opened["decision_id"])


async def test_the_loops_events_share_the_themes_journey_and_name_their_causes(tell: Tell, rows: Rows, now: datetime) -> None:
    await know(tell, *range(5))
    await hear(tell, now, *range(4))
    [last] = await tell(happened.objection("r4", "c4", now, rep_id="rep-4"))
    opened, emerged = await rows("SELECT * FROM journal WHERE event_type IN ('theme.emerged', 'decision.opened') ORDER BY event_type")
    assert emerged["correlation_id"] == opened["correlation_id"]
    assert str(emerged["correlation_id"]) in emerged["subjects"]
    assert (emerged["causation_id"], opened["causation_id"]) == (last.id, emerged["event_id"])


async def test_a_late_contact_decides_again(reporting: Service, tell: Tell, outbox_of: OutboxOf, now: datetime) -> None:
    await hear(tell, now, *range(5))
    await know(tell, 0, 1, 2, 3)
    assert await outbox_of(reporting) == []
    await know(tell, 4)
    assert [kind for kind, _, _ in await outbox_of(reporting)] == ["theme.emerged", "decision.opened"]


async def test_nothing_opens_while_the_windows_before_were_as_loud(
    reporting: Service, tell: Tell, outbox_of: OutboxOf, now: datetime
) -> None:
    await know(tell, *range(10))
    await hear(tell, now, 5, 6, 7, days_ago=35)
    await hear(tell, now, *range(5))
    assert await outbox_of(reporting) == []


async def test_matching_reports_join_the_open_decision_and_others_do_not(tell: Tell, rows: Rows, now: datetime) -> None:
    await know(tell, *range(9))
    await hear(tell, now, *range(5))
    await hear(tell, now, 5)
    await hear(tell, now, 6, topic="efficacy")
    await hear(tell, now, 7, brand_id="oncora")
    await hear(tell, now, 8, days_ago=40)
    evidence = await rows("SELECT report_id FROM decision_evidence ORDER BY report_id")
    assert [row["report_id"] for row in evidence] == ["r0", "r1", "r2", "r3", "r4", "r5"]
    [decision] = await rows("SELECT figures FROM decisions")
    assert decision["figures"]["count"] == 6


async def test_batches_that_arrive_together_open_one_decision_with_all_of_their_reports(
    reporting: Service, tell: Tell, deliver: Deliver, outbox_of: OutboxOf, rows: Rows, now: datetime
) -> None:
    await know(tell, *range(24))
    batches = [
        [happened.event(happened.objection(f"r{one}", f"c{one}", now, rep_id=f"rep-{one % 3}"), now) for one in range(first, first + 3)]
        for first in range(0, 24, 3)
    ]
    await asyncio.gather(*(deliver(reporting, topics.FEEDBACK, batch) for batch in batches))
    assert [kind for kind, _, _ in await outbox_of(reporting)] == ["theme.emerged", "decision.opened"]
    [decision] = await rows("SELECT count(*) AS reports FROM decision_evidence")
    assert decision["reports"] == 24


async def test_a_new_one_opens_only_after_the_review_day_has_passed(
    reporting: Service, tell: Tell, outbox_of: OutboxOf, rows: Rows, now: datetime
) -> None:
    await know(tell, *range(8))
    await hear(tell, now, *range(5))
    await decided_with_review(reporting, now)
    await hear(tell, now, 5, 6)
    assert len(await outbox_of(reporting)) == 2
    await decided_with_review(reporting, now - timedelta(days=1))
    await hear(tell, now, 7)
    assert [kind for kind, _, _ in await outbox_of(reporting)] == ["theme.emerged", "decision.opened"] * 2
    assert [row["state"] for row in await rows("SELECT state FROM decisions ORDER BY opened_at")] == ["closed", "open"]


async def decided_with_review(reporting: Service, on: datetime) -> None:
    """As if the decision had been taken earlier: the API takes no review day in the past."""
    async with reporting.database.transaction() as session:
        await session.execute(
            text(
                "UPDATE decisions SET state = 'decided', choice = 'change', reason_code = 'asset_gap', review_on = :on, "
                "decided_at = now(), decided_by = 'ada'"
            ),
            {"on": on.date()},
        )
