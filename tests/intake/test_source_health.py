"""What operators and marketing see of a source: what it posts and what becomes of it, how late it comes, and that it has gone quiet."""

from datetime import UTC, datetime, timedelta

from prometheus_client import REGISTRY
from sqlalchemy import text

from intake.figures import sources as figures
from intake.operations.watching import SETTLED_AFTER, look
from shared.gauges import sample
from tests.intake.conftest import Intake, engagement
from tests.intake.platforms import email_opened

# A receipt a minute of a source, from one day to another.
_RECEIPTS = text(
    """
    INSERT INTO receipts (id, door, source, body, received_at, accepted, duplicate, ignored, rejected, has_conflict)
    SELECT gen_random_uuid(), 'webhook', 'mautic', '', at, 2, 0, 1, 0, false
    FROM generate_series(CAST(:begin AS timestamptz), CAST(:end AS timestamptz), interval '1 minute') AS at
    """
)


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def look_at(intake: Intake, now: datetime) -> None:
    async with intake.service.database.transaction() as session:
        await look(session, now=now)


async def health(intake: Intake, source: str = "mautic") -> dict[str, object]:
    answer = await intake.get(f"sources/{source}/health", role="marketing")
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


async def test_a_source_tells_at_once_what_came_and_what_became_of_it(intake: Intake) -> None:
    nothing = {"receipts": 0, "accepted": 0, "duplicate": 0, "ignored": 0, "rejected": 0}
    assert (await health(intake)) == {
        "name": "mautic",
        "last_receipt_at": None,
        "expected_every_seconds": None,
        "quiet_since": None,
        "last_24_hours": nothing,
    }
    await intake.mautic({"mautic.email_on_open": [email_opened(), email_opened()]})
    await intake.mautic(b"{")
    one_day = nothing | {"receipts": 2, "accepted": 1, "duplicate": 1, "rejected": 1}
    now = datetime.now(UTC)
    for moment in (now, now + 2 * SETTLED_AFTER, now + 3 * SETTLED_AFTER):  # not counted yet, counted, and not counted twice
        await look_at(intake, moment)
        assert (await health(intake))["last_24_hours"] == one_day
    assert (await health(intake))["last_receipt_at"] is not None
    assert (await intake.get("sources/nobody/health", role="admin")).status_code == 404


async def test_what_was_posted_with_a_token_under_a_sources_name_is_none_of_its_posts(intake: Intake) -> None:
    await intake.post_engagements(engagement(source="mautic"))
    await look_at(intake, datetime.now(UTC) + 2 * SETTLED_AFTER)
    assert (await health(intake))["last_receipt_at"] is None


async def test_a_source_that_stops_against_its_habit_is_shown_as_quiet_until_it_posts_again(intake: Intake) -> None:
    now = datetime.now(UTC)
    stopped = now - timedelta(hours=3)
    async with intake.service.database.transaction() as session:
        await session.execute(_RECEIPTS, {"begin": now - timedelta(days=22), "end": stopped})
    await look_at(intake, stopped + timedelta(minutes=5))
    assert ((await health(intake))["expected_every_seconds"], (await health(intake))["quiet_since"]) == (60, None)
    await look_at(intake, now)
    await sample(intake.service.database, figures.SAMPLERS[0], now=now)
    assert (await health(intake))["quiet_since"] is not None
    assert metric("fullcircle_intake_source_quiet", source="mautic") == 1
    assert metric("fullcircle_intake_source_quiet", source="hs") == 0
    assert metric("fullcircle_intake_source_expected_gap_seconds", source="mautic") == 60
    seen = metric("fullcircle_intake_source_last_seen_timestamp_seconds", source="mautic")
    assert abs(seen - stopped.timestamp()) < 61

    await intake.mautic({"mautic.email_on_open": [email_opened()]})
    await look_at(intake, datetime.now(UTC))
    await sample(intake.service.database, figures.SAMPLERS[0], now=now)
    assert (await health(intake))["quiet_since"] is None
    assert metric("fullcircle_intake_source_quiet", source="mautic") == 0


async def test_old_hours_are_forgotten(intake: Intake) -> None:
    now = datetime.now(UTC)
    async with intake.service.database.transaction() as session:
        await session.execute(_RECEIPTS, {"begin": now - timedelta(days=60), "end": now - timedelta(days=58)})
    await look_at(intake, now - timedelta(days=57))
    assert len(await intake.rows("SELECT hour FROM source_hours")) in (48, 49)
    await look_at(intake, now)
    assert await intake.rows("SELECT hour FROM source_hours") == []


async def test_requests_items_and_lag_are_counted_by_source_and_a_name_nobody_has_makes_no_label(intake: Intake) -> None:
    def requests(source: str, answer: str) -> float:
        return metric("fullcircle_intake_requests_total", source=source, answer=answer)

    def items(source: str, verdict: str) -> float:
        return metric("fullcircle_intake_items_total", source=source, verdict=verdict)

    before = [requests("mautic", "taken"), requests("mautic", "unproved"), requests(figures.UNKNOWN, "unknown")]
    items_before = [items("mautic", "accepted"), items("mautic", "duplicate"), items(figures.POSTED, "accepted")]
    lag_before = metric("fullcircle_intake_lag_seconds_count", source="mautic")
    body = {"mautic.email_on_open": [email_opened(), email_opened()]}
    await intake.mautic(body)
    await intake.mautic(body, secret="another")
    await intake.mautic(body, source="nobody-of-this-name")
    await intake.post_engagements(engagement())
    assert [requests("mautic", "taken"), requests("mautic", "unproved"), requests(figures.UNKNOWN, "unknown")] == [n + 1 for n in before]
    assert [items("mautic", "accepted"), items("mautic", "duplicate"), items(figures.POSTED, "accepted")] == [n + 1 for n in items_before]
    assert metric("fullcircle_intake_lag_seconds_count", source="mautic") == lag_before + 1
    assert "nobody-of-this-name" not in (await intake.client.get("/metrics")).text
