"""What operators see of cases: how many nobody has acknowledged and how late the latest is, by kind and certainty alone."""

from datetime import datetime, timedelta

from prometheus_client import REGISTRY
from sqlalchemy import text

from feedback.figures import SAMPLERS
from shared.gauges import sample
from tests.feedback.conftest import Feedback

_CASE = text(
    """
    INSERT INTO cases (id, kind, certainty, state, report_id, mention, awareness_at, received_at, due_at)
    VALUES (gen_random_uuid(), :kind, :certainty, 'open', gen_random_uuid(), uuid_send(gen_random_uuid()), :at, :at, :due_at)
    """
)


async def test_unacknowledged_cases_are_counted_and_the_most_overdue_is_timed(feedback: Feedback, now: datetime) -> None:
    due = {("adverse_event", "certain"): (-90, 60), ("adverse_event", "possible"): (600,)}
    async with feedback.service.database.transaction() as session:
        for (kind, certainty), seconds in due.items():
            for each in seconds:
                given = {"kind": kind, "certainty": certainty, "at": now - timedelta(days=1), "due_at": now + timedelta(seconds=each)}
                await session.execute(_CASE, given)
    for sampler in SAMPLERS:
        await sample(feedback.service.database, sampler, now=now)

    def shown(name: str, certainty: str) -> float | None:
        return REGISTRY.get_sample_value(name, {"kind": "adverse_event", "certainty": certainty})

    assert shown("fullcircle_cases_unacknowledged", "certain") == 2
    assert shown("fullcircle_cases_overdue_seconds", "certain") == 90
    assert shown("fullcircle_cases_unacknowledged", "possible") == 1
    assert shown("fullcircle_cases_overdue_seconds", "possible") == 0
