"""What reps report moves leads, meets clocks, or is refused with a reason."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from routing.operations.clocks.ticking import tick_clocks
from routing.operations.leads.outcomes import apply_early_outcomes
from shared.events import Event
from shared.events.feedback import ObjectionRecorded, OutcomeRecorded
from shared.ids import new_id
from tests.routing.world import BRAND, World, contact, engagement, event, outcome


@pytest.fixture
async def lead(world: World) -> dict[str, Any]:
    """A lead that was just given to one of the two reps."""
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    return await world.lead()


def other_than(rep_id: str) -> str:
    return {"rep-1": "rep-2", "rep-2": "rep-1"}[rep_id]


async def test_stages_that_an_outcome_passes_are_entered_as_implied_at_the_same_moment(world: World, lead: dict[str, Any]) -> None:
    said_before = len(await world.said("lead.stage_changed"))
    reported = outcome(lead, "meeting_booked")
    await world.hear(reported)

    changes = (await world.said("lead.stage_changed"))[said_before:]
    assert [(each["from_stage"], each["to_stage"], each["implied"]) for each in changes] == [
        ("assigned", "accepted", True),
        ("accepted", "contacted", True),
        ("contacted", "sql", True),
        ("sql", "meeting_booked", False),
    ]
    assert isinstance(reported.fact, OutcomeRecorded)
    assert {(each["report_id"], each["rep_id"], each["changed_at"]) for each in changes} == {
        (reported.fact.report_id, lead["rep_id"], lead["qualified_at"])
    }
    assert (await world.reread(lead))["stage"] == "meeting_booked"
    history = await world.decided(lead)
    assert [(each["kind"], each["to"]) for each in history[2:]] == [
        ("stage_implied", "accepted"), ("stage_implied", "contacted"), ("stage_implied", "sql"), ("stage_changed", "meeting_booked"),
    ]  # fmt: skip


async def test_reports_in_any_order_end_at_the_same_stage_and_clock(world: World) -> None:
    codes = ["accepted", "no_answer", "contacted", "follow_up_agreed", "meeting_held", "qualified"]
    chance = random.Random(3)
    for number in range(6):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    reports: list[Event] = []
    for lead in await world.leads():
        own = [outcome(lead, code, after=timedelta(microseconds=position)) for position, code in enumerate(codes)]
        chance.shuffle(own)
        reports += own
    await world.hear(*reports[:17])
    await world.hear(*reports[17:], *reports[:3])

    leads = await world.leads()
    assert {lead["stage"] for lead in leads} == {"meeting_held"}
    for lead in leads:
        [clock] = lead["clocks"]
        met_at = datetime.fromisoformat(lead["qualified_at"]) + timedelta(microseconds=1)
        assert (clock["state"], datetime.fromisoformat(clock["met_at"])) == ("met", met_at)


async def test_the_first_attempt_meets_the_clock_and_later_ones_say_nothing_more(world: World, lead: dict[str, Any]) -> None:
    first = outcome(lead, "left_message", after=timedelta(milliseconds=1))
    await world.hear(first, outcome(lead, "contacted", after=timedelta(milliseconds=2)))

    [met] = await world.said("clock.met")
    assert isinstance(first.fact, OutcomeRecorded)
    assert (met["report_id"], met["late"], met["rep_id"]) == (first.fact.report_id, False, lead["rep_id"])
    [headers] = [headers for headers in await world.envelopes() if headers["ce_type"] == "clock.met"]
    assert headers["ce_causationid"] == str(first.id)


async def test_accepting_is_no_attempt(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "accepted"))
    assert (await world.reread(lead))["clocks"][0]["state"] == "running"


async def test_an_attempt_after_the_due_time_is_late_and_an_earlier_one_reported_later_corrects_that(
    world: World, lead: dict[str, Any]
) -> None:
    await world.hear(outcome(lead, "contacted", after=timedelta(hours=2)))
    await world.hear(outcome(lead, "no_answer", after=timedelta(minutes=1)))
    assert [met["late"] for met in await world.said("clock.met")] == [True, False]


async def test_a_rejection_that_speaks_of_the_rep_gives_the_lead_to_another_with_a_fresh_clock(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "accepted"))
    rejection = outcome(lead, "rejected", reason_code="wrong_territory")
    await world.hear(rejection)

    now = await world.reread(lead)
    assert (now["stage"], now["rep_id"]) == ("assigned", other_than(lead["rep_id"]))
    assert now["qualified_at"] == lead["qualified_at"]
    assert now["clocks"][0]["started_at"] == now["assigned_at"]
    said = (await world.said("lead.assigned"))[-1]
    assert (said["previous_rep_id"], said["rep_id"]) == (lead["rep_id"], now["rep_id"])
    *_, record = await world.decided(lead)
    assert (record["from"], record["to"], record["reason"]) == ("accepted", "assigned", "wrong_territory")
    assert {"rep_id": lead["rep_id"], "eligible": False, "why_not": "excluded"} in record["candidates"]
    assert (await world.get(f"leads/{lead['id']}/brief"))["version"] == 2
    headers = [headers for headers in await world.envelopes() if headers["ce_type"] == "lead.assigned"][-1]
    assert headers["ce_causationid"] == str(rejection.id)


async def test_a_lead_that_everybody_rejected_waits_in_the_queue(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "rejected", reason_code="no_capacity"))
    await world.hear(outcome(await world.reread(lead), "rejected", reason_code="no_capacity"))

    now = await world.reread(lead)
    assert (now["stage"], now["rep_id"], now["waiting_reason"]) == ("mql", None, "all_excluded")
    assert (await world.said("lead.stage_changed"))[-1]["to_stage"] == "mql"


async def test_any_other_rejection_recycles_the_lead(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "rejected", reason_code="outside_definition"))
    now = await world.reread(lead)
    assert (now["stage"], now["clocks"][0]["state"]) == ("recycled", "ended")


@pytest.mark.parametrize(
    ("code", "changes", "reason"),
    [
        ("contacted", {"rep_id": "rep-9"}, "lead_of_another_rep"),
        ("flirted", {}, "unknown_outcome"),
    ],
)
async def test_what_the_lifecycle_does_not_allow_is_refused_and_moves_nothing(
    world: World, lead: dict[str, Any], code: str, changes: dict[str, Any], reason: str
) -> None:
    await world.hear(outcome(lead, code, **changes))

    [refused] = await world.said("outcome.refused")
    assert (refused["code"], refused["stage"], refused["reason"]) == (code, "assigned", reason)
    now = await world.reread(lead)
    assert (now["stage"], now["clocks"][0]["state"]) == ("assigned", "running")
    *_, record = await world.decided(lead)
    assert (record["kind"], record["reason"], record["to"]) == ("outcome_refused", reason, None)


async def test_after_the_end_a_report_is_refused_unless_it_is_only_late(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "not_interested", after=timedelta(milliseconds=5)))
    await world.hear(outcome(lead, "contacted", after=timedelta(milliseconds=1)))
    assert await world.said("outcome.refused") == []
    await world.hear(outcome(lead, "qualified", after=timedelta(hours=1)))
    [refused] = await world.said("outcome.refused")
    assert (refused["reason"], refused["stage"]) == ("lead_ended", "disqualified")


async def test_the_same_report_twice_counts_once(world: World, lead: dict[str, Any]) -> None:
    refused = outcome(lead, "contacted", rep_id="rep-9")
    await world.hear(refused, refused)
    await world.hear(refused)
    assert len(await world.said("outcome.refused")) == 1


async def test_an_outcome_of_a_lead_that_is_not_here_is_kept_until_it_is(world: World, lead: dict[str, Any]) -> None:
    database = world.service.database
    moved_away = new_id()
    async with database.transaction() as session:
        for table in ("briefs", "clocks", "decision_records"):
            await session.execute(text(f"DELETE FROM {table}"))
        await session.execute(text("UPDATE leads SET id = :id"), {"id": moved_away})
    await world.hear(outcome(lead, "contacted"))
    assert await apply_early_outcomes(database, now=datetime.now(UTC)) == 0

    async with database.transaction() as session:
        await session.execute(text("UPDATE leads SET id = :id, record_count = 0"), {"id": lead["id"]})
    assert await apply_early_outcomes(database, now=datetime.now(UTC)) == 1
    assert (await world.reread(lead))["stage"] == "contacted"
    assert await apply_early_outcomes(database, now=datetime.now(UTC)) == 0


async def test_a_clock_is_warned_of_at_three_quarters_and_breached_when_it_is_due(world: World, lead: dict[str, Any]) -> None:
    database = world.service.database
    [clock] = lead["clocks"]
    started_at, due_at = (datetime.fromisoformat(clock[name]) for name in ("started_at", "due_at"))
    assert due_at - started_at == timedelta(hours=1)
    warn_at = started_at + timedelta(minutes=45)

    assert await tick_clocks(database, now=warn_at - timedelta(microseconds=1)) == 0
    assert await tick_clocks(database, now=warn_at) == 1
    assert await tick_clocks(database, now=due_at - timedelta(microseconds=1)) == 0
    assert (await world.reread(lead))["clocks"][0]["state"] == "warned"
    assert await tick_clocks(database, now=due_at) == 1

    assert [said["type"] for said in await world.said("clock.warned", "clock.breached")] == ["clock.warned", "clock.breached"]
    [breached] = await world.said("clock.breached")
    assert (breached["lead_id"], breached["rep_id"], breached["due_at"]) == (lead["id"], lead["rep_id"], clock["due_at"])
    await world.hear(outcome(lead, "contacted", after=timedelta(hours=3)))
    assert (await world.said("clock.met"))[0]["late"]


async def test_a_clock_that_was_met_or_whose_lead_ended_is_never_breached(world: World) -> None:
    for number in range(2):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    met, ended = await world.leads()
    await world.hear(outcome(met, "no_answer"), outcome(ended, "rejected"))
    assert await tick_clocks(world.service.database, now=datetime.now(UTC) + timedelta(days=1)) == 0


async def test_two_tickers_at_once_say_everything_once(world: World) -> None:
    for number in range(5):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    later = datetime.now(UTC) + timedelta(days=1)
    await asyncio.gather(*(tick_clocks(world.service.database, now=later) for _ in range(4)))
    assert len(await world.said("clock.breached")) == 5


async def test_an_objection_that_was_heard_is_likely_in_the_next_brief_and_moves_nothing(world: World, lead: dict[str, Any]) -> None:
    at = datetime.now(UTC)
    heard = ObjectionRecorded(
        report_id=str(new_id()),
        lead_id=lead["id"],
        contact_id=lead["contact_id"],
        brand_id=BRAND,
        rep_id=lead["rep_id"],
        topic="cost_copay",
        nature="concern",
        reaction="neutral",
        occurred_at=at,
        received_at=at,
    )
    await world.hear(event(heard))
    assert (await world.reread(lead))["stage"] == "assigned"

    await world.hear(outcome(lead, "rejected", reason_code="absent"))
    brief = await world.get(f"leads/{lead['id']}/brief")
    assert [(likely["topic"], likely["assets"]) for likely in brief["likely_objections"]] == [("cost_copay", [])]


async def test_contact_told_of_after_a_rejection_takes_the_lead_up_again(world: World, lead: dict[str, Any]) -> None:
    rejected = outcome(lead, "rejected", after=timedelta(milliseconds=1))
    await world.hear(rejected)
    assert (await world.reread(lead))["stage"] == "recycled"
    await world.hear(outcome(lead, "contacted", after=timedelta(milliseconds=2)))
    now = await world.reread(lead)
    assert (now["stage"], now["ended_at"], now["track"], now["rep_id"]) == ("contacted", None, None, lead["rep_id"])
    [refused] = await world.said("outcome.refused")
    assert isinstance(rejected.fact, OutcomeRecorded)
    assert (refused["report_id"], refused["reason"]) == (rejected.fact.report_id, "rejected_after_contact")
    await world.hear(outcome(lead, "rejected", after=timedelta(milliseconds=3)))
    assert (await world.reread(lead))["stage"] == "contacted"


async def test_reports_of_two_devices_end_alike_in_every_order_and_batch(world: World) -> None:
    codes = ["rejected", "accepted", "qualified", "no_need", "not_interested", "contacted"]
    chance = random.Random(11)
    for number in range(8):
        await world.hear(contact(f"hcp-{number}"), engagement(f"hcp-{number}"))
    leads = await world.leads()
    for lead in leads:
        reports = [outcome(lead, code, after=timedelta(microseconds=position), report_id=f"{lead['id']}-{code}")
                   for position, code in enumerate(codes)]  # fmt: skip
        chance.shuffle(reports)
        cut = chance.randrange(len(reports))
        await world.hear(*reports[:cut])
        await world.hear(*reports[cut:])
    refused: dict[str, set[str]] = {}
    for said in await world.said("outcome.refused"):
        refused.setdefault(said["lead_id"], set()).add(said["report_id"].removeprefix(f"{said['lead_id']}-"))
    for lead in leads:
        now = await world.reread(lead)
        ended_at = datetime.fromisoformat(lead["qualified_at"]) + timedelta(microseconds=3)
        assert (now["stage"], datetime.fromisoformat(now["ended_at"])) == ("disqualified", ended_at)
        assert refused[lead["id"]] == {"rejected", "contacted"}


async def test_a_stage_told_of_late_is_told_with_its_own_time_and_moves_nothing(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "not_interested", after=timedelta(milliseconds=5)))
    said_before = len(await world.said("lead.stage_changed"))
    await world.hear(outcome(lead, "contacted", after=timedelta(milliseconds=1)))
    late = (await world.said("lead.stage_changed"))[said_before:]
    assert [(each["to_stage"], each["late"], each["implied"]) for each in late] == [("accepted", True, True), ("contacted", True, False)]
    at = datetime.fromisoformat(lead["qualified_at"]) + timedelta(milliseconds=1)
    assert {datetime.fromisoformat(each["changed_at"]) for each in late} == {at}
    assert (await world.reread(lead))["stage"] == "disqualified"
    history = await world.get(f"leads/{lead['id']}/history")
    assert [record["kind"] for record in history[-2:]] == ["entered_late", "entered_late"]
