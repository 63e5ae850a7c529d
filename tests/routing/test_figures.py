"""What operators see of routing: overdue clocks by kind, and how long leads have waited."""

from datetime import UTC, datetime, timedelta

from prometheus_client import REGISTRY
from sqlalchemy import text

from routing.figures import SAMPLERS
from routing.operations.assignment.rerouting import reroute_leads
from routing.operations.briefs.noticing import SETTLES
from shared.gauges import sample
from tests.routing.world import World, contact, engagement, rep


async def _figures(world: World, *, now: datetime) -> tuple[float | None, float | None, float | None]:
    for sampler in SAMPLERS:
        await sample(world.service.database, sampler, now=now)
    return (
        REGISTRY.get_sample_value("fullcircle_clocks_overdue", {"kind": "first_outreach"}),
        REGISTRY.get_sample_value("fullcircle_leads_waiting"),
        REGISTRY.get_sample_value("fullcircle_leads_waiting_oldest_age_seconds"),
    )


async def test_a_clock_is_overdue_after_its_due_time_and_not_before(world: World) -> None:
    await world.hear(contact("c1"), engagement("c1"))
    now = datetime.now(UTC)
    assert await _figures(world, now=now) == (None, 0, 0)
    assert await _figures(world, now=now + timedelta(hours=2)) == (1, 0, 0)


async def test_a_clock_nobody_looks_at_is_timed_from_when_it_should_have_been(world: World) -> None:
    await world.hear(contact("c1"), engagement("c1"))
    ages: list[float | None] = []
    for later in (timedelta(), timedelta(minutes=55)):  # it is to be warned of after 45
        await _figures(world, now=datetime.now(UTC) + later)
        ages.append(REGISTRY.get_sample_value("fullcircle_clocks_unseen_oldest_age_seconds"))
    assert ages[0] == 0
    assert ages[1] is not None
    assert 600 <= ages[1] < 660


async def test_leads_nobody_is_eligible_for_are_counted_and_timed(world: World) -> None:
    await world.hear(contact("c1", postal_code="99999"), engagement("c1"))
    lead = await world.lead()
    assert lead["rep_id"] is None
    _, waiting, age_seconds = await _figures(world, now=datetime.now(UTC) + timedelta(hours=1))
    assert waiting == 1
    assert age_seconds is not None
    assert 3600 <= age_seconds < 3660


async def test_leads_to_be_decided_again_are_counted_until_they_are(world: World) -> None:
    await world.hear(*(contact(f"c{number}") for number in range(4)), *(engagement(f"c{number}") for number in range(4)))
    await world.put("reps", rep("rep-1", "chicago", active=False))
    counted = []
    for _ in range(2):
        await _figures(world, now=datetime.now(UTC))
        counted.append(REGISTRY.get_sample_value("fullcircle_leads_to_reroute"))
        await reroute_leads(world.service.database, now=datetime.now(UTC))
    assert counted == [2, 0]


async def test_a_brief_nobody_looks_at_is_timed_from_when_it_was_due(world: World) -> None:
    await world.hear(contact("c1"), engagement("c1"))
    ages: list[float | None] = []
    for later in (timedelta(), SETTLES + timedelta(minutes=10)):
        await world.hear(contact("c1", version=len(ages) + 2))
        await _figures(world, now=datetime.now(UTC) + later)
        ages.append(REGISTRY.get_sample_value("fullcircle_briefs_outdated_oldest_age_seconds"))
    assert ages[0] == 0
    assert ages[1] is not None
    assert 600 <= ages[1] < 660


async def test_all_are_found_by_an_index(world: World) -> None:
    async with world.service.database.transaction() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        indexes = (
            "ix_clocks_due_at_unmet",
            "ix_clocks_next_at",
            "ix_leads_waiting_since",
            "ix_leads_tried_in_round_before_contact",
            "ix_brief_revisions_due_at",
        )
        for sampler, index in zip(SAMPLERS, indexes, strict=True):
            plan = await session.scalars(text(f"EXPLAIN {sampler.query.text}"), {"now": datetime.now(UTC), "counted_max": 10_000})
            assert index in "\n".join(plan)
