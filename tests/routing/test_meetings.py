"""A meeting has a time: its clock begins there, the lead and its brief tell of it, and whatever the order of reports it ends the same."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from routing.operations.briefs.noticing import SETTLES
from routing.operations.briefs.revising import revise_outdated_briefs
from shared.events import Event
from tests.routing.every_clock import CLOCKS, as_if_qualified_a_day_ago, lead_of_yesterday, qualified_at
from tests.routing.test_lead_feed import App
from tests.routing.test_moves import ask
from tests.routing.test_ticking import clock_of, moment, tick
from tests.routing.world import World, contact, engagement, outcome, rep, territory

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture
async def lead(world: World) -> dict[str, Any]:
    return await lead_of_yesterday(world)


def booked(lead: dict[str, Any], *, after: timedelta, meeting: timedelta, **changes: Any) -> Event:
    """A meeting booked so long after the lead qualified, for so long after."""
    return outcome(lead, "meeting_booked", after=after, meeting_at=qualified_at(lead) + meeting, **changes)


def report_clock(lead: dict[str, Any]) -> dict[str, Any]:
    return clock_of(lead, "report")


async def about_reports(world: World, *types: str) -> list[dict[str, Any]]:
    return [each for each in await world.said(*types) if each["kind"] == "report"]


async def settle(world: World, *, at: datetime | None = None) -> int:
    """Lets the background write what briefs are to be written by then."""
    return await revise_outdated_briefs(world.service.database, now=at or datetime.now(UTC) + SETTLES + SECOND)


async def test_what_came_of_a_meeting_is_due_from_its_time_on(world: World, lead: dict[str, Any]) -> None:
    meeting_at = qualified_at(lead) + 3 * DAY
    await world.hear(booked(lead, after=HOUR, meeting=3 * DAY, received_at=qualified_at(lead) + HOUR + MINUTE))
    shown = await world.reread(lead)
    assert (shown["stage"], datetime.fromisoformat(shown["meeting_at"])) == ("meeting_booked", meeting_at)
    clock = report_clock(shown)
    assert (clock["state"], moment(clock, "started_at"), moment(clock)) == ("running", meeting_at, meeting_at + 30 * MINUTE)
    [told] = await about_reports(world, "clock.met")
    assert (told["late"], told["started_at"]) == (False, outcome(lead, "contacted", after=HOUR).fact.model_dump(mode="json")["occurred_at"])
    [started] = await about_reports(world, "clock.started")
    assert datetime.fromisoformat(started["started_at"]) == meeting_at

    assert await tick(world, meeting_at) == 0
    assert await tick(world, meeting_at + 23 * MINUTE) == 1
    assert await tick(world, meeting_at + 30 * MINUTE) == 1
    assert await tick(world, meeting_at + HOUR) == 1
    assert await tick(world, meeting_at + 9 * DAY) == 0
    assert [each["type"] for each in await about_reports(world, "clock.warned", "clock.breached", "clock.escalated")] == [
        "clock.warned",
        "clock.breached",
        "clock.escalated",
    ]
    now = await world.reread(lead)
    assert (now["rep_id"], now["stage"]) == (lead["rep_id"], "meeting_booked"), "a conversation is taken from nobody"


async def test_a_meeting_on_a_closed_day_is_to_be_told_of_when_the_territory_opens(world: World, lead: dict[str, Any]) -> None:
    week = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    await world.put("territories", territory("chicago", "606*", hours=week, holidays=False))
    chicago = ZoneInfo("America/Chicago")
    today = datetime.now(chicago).date()
    saturday = today + timedelta(days=7 - (today.weekday() + 2) % 7)
    meeting_at = datetime.combine(saturday, datetime.min.time(), chicago) + 11 * HOUR
    await world.hear(outcome(lead, "meeting_booked", after=HOUR, meeting_at=meeting_at))
    due_at = moment(report_clock(await world.reread(lead))).astimezone(chicago)
    assert (due_at.date() - saturday, f"{due_at:%a %H:%M}") == (2 * DAY, "Mon 09:30")


async def test_a_meeting_without_a_time_leaves_all_as_it_was(world: World, lead: dict[str, Any]) -> None:
    await world.hear(outcome(lead, "meeting_booked", after=HOUR, received_at=qualified_at(lead) + HOUR + MINUTE))
    shown = await world.reread(lead)
    assert shown["meeting_at"] is None
    assert (report_clock(shown)["state"], moment(report_clock(shown), "started_at")) == ("met", qualified_at(lead) + HOUR)
    assert await world.history(lead, "meeting_agreed") == []


async def test_a_meeting_that_was_held_and_told_in_time_meets_its_clock_once(world: World, lead: dict[str, Any]) -> None:
    await world.hear(booked(lead, after=HOUR, meeting=4 * HOUR))
    held = outcome(lead, "meeting_held", after=4 * HOUR + 20 * MINUTE, received_at=qualified_at(lead) + 4 * HOUR + 25 * MINUTE)
    await world.hear(held)
    shown = await world.reread(lead)
    assert (shown["stage"], shown["meeting_at"]) == ("meeting_held", None)
    clock = report_clock(shown)
    assert (clock["state"], moment(clock, "started_at"), clock["late_seconds"]) == ("met", qualified_at(lead) + 4 * HOUR, None)
    assert moment(clock, "met_at") == qualified_at(lead) + 4 * HOUR + 25 * MINUTE
    assert len(await about_reports(world, "clock.met")) == 2, "the booking's, and the meeting's"


@pytest.mark.parametrize("code", ["no_answer", "not_interested"])
async def test_what_came_of_it_may_be_nothing_and_is_late_when_told_late(world: World, lead: dict[str, Any], code: str) -> None:
    await world.hear(booked(lead, after=HOUR, meeting=2 * HOUR))
    assert await tick(world, qualified_at(lead) + 2 * HOUR + 30 * MINUTE) == 1
    await world.hear(outcome(lead, code, after=2 * HOUR + 10 * MINUTE, received_at=qualified_at(lead) + 3 * HOUR))
    shown = await world.reread(lead)
    clock = report_clock(shown)
    assert (shown["meeting_at"], clock["state"], clock["late_seconds"]) == (None, "met", 30 * 60)
    assert clock["breached_at"] is not None
    assert await about_reports(world, "clock.ended") == []


async def test_a_lead_that_ends_before_its_meeting_has_none_any_more(world: World, lead: dict[str, Any]) -> None:
    await world.hear(booked(lead, after=HOUR, meeting=2 * DAY), outcome(lead, "not_interested", after=3 * HOUR))
    shown = await world.reread(lead)
    assert (shown["stage"], shown["meeting_at"], report_clock(shown)["state"]) == ("disqualified", None, "met")
    assert [each["reason"] for each in await about_reports(world, "clock.ended")] == ["lead_ended"]
    await tick(world, qualified_at(lead) + 9 * DAY)
    assert await about_reports(world, "clock.warned", "clock.breached") == []


async def test_a_meeting_that_is_moved_takes_its_clock_along(world: World, lead: dict[str, Any]) -> None:
    await world.hear(booked(lead, after=HOUR, meeting=2 * DAY))
    await world.hear(outcome(lead, "contacted", after=90 * MINUTE))
    assert moment(report_clock(await world.reread(lead)), "started_at") == qualified_at(lead) + 2 * DAY, "a call in between changes nothing"
    await world.hear(booked(lead, after=2 * HOUR, meeting=3 * DAY))
    shown = await world.reread(lead)
    assert datetime.fromisoformat(shown["meeting_at"]) == qualified_at(lead) + 3 * DAY
    assert moment(report_clock(shown), "started_at") == qualified_at(lead) + 3 * DAY
    agreed, moved = await world.history(lead, "meeting_agreed")
    assert (agreed["reason"], moved["reason"]) == ("meeting_booked", "meeting_moved")
    [effect] = moved["details"]["clocks"]
    assert (effect["kind"], effect["effect"], effect["state"], effect["elapsed_seconds"]) == ("report", "restarted", "running", 0)
    local = (qualified_at(lead) + 3 * DAY).astimezone(ZoneInfo("America/Chicago"))
    assert f"agreed on for {local.day} {local:%B %Y %H:%M %Z}, instead of " in moved["sentence"]
    assert moved["sentence"].endswith(f"Reported by {lead['rep_id']}.")


async def test_a_meeting_heard_of_late_is_as_if_heard_of_in_time_and_its_breach_is_told_once(world: World, lead: dict[str, Any]) -> None:
    await world.hear(booked(lead, after=HOUR, meeting=2 * HOUR))
    assert await tick(world, datetime.now(UTC)) == 2, "breached, and one more period over"
    assert await tick(world, datetime.now(UTC)) == 0
    in_time = qualified_at(lead) + 2 * HOUR + 20 * MINUTE
    await world.hear(outcome(lead, "meeting_held", after=2 * HOUR + 15 * MINUTE, received_at=in_time))
    clock = report_clock(await world.reread(lead))
    assert (clock["state"], moment(clock, "met_at"), clock["late_seconds"]) == ("met", in_time, None)
    assert len(await about_reports(world, "clock.breached")) == 1
    [*_, met] = await about_reports(world, "clock.met")
    assert met["late"] is False


def _reports(lead: dict[str, Any], story: Sequence[tuple[str, int, int | None]]) -> list[Event]:
    """Reports of (code, the minute at which it happened, the minute a meeting was booked for), each received five minutes later."""
    begin = qualified_at(lead)
    return [
        outcome(
            lead,
            code,
            after=minute * MINUTE,
            received_at=begin + (minute + 5) * MINUTE,
            report_id=f"{lead['id']}-{number}",
            meeting_at=None if meeting is None else begin + meeting * MINUTE,
        )
        for number, (code, minute, meeting) in enumerate(story)
    ]


STORIES = {
    "moved": [("meeting_booked", 10, 4_000), ("contacted", 20, None), ("meeting_booked", 30, 5_000), ("no_answer", 40, None)],
    "held": [("contacted", 5, None), ("meeting_booked", 10, 60), ("meeting_held", 65, None), ("contacted", 50, None)],
    "held and another": [("meeting_booked", 10, 60), ("meeting_held", 65, None), ("meeting_booked", 70, 6_000), ("no_answer", 75, None)],
    "nobody there": [("meeting_booked", 10, 60), ("no_answer", 62, None), ("left_message", 30, None)],
    "told after the next step": [("meeting_booked", 10, 60), ("meeting_held", 65, None), ("contacted", 90, None)],
    "ended before": [("meeting_booked", 10, 4_000), ("not_interested", 40, None), ("contacted", 20, None), ("meeting_booked", 50, 5_000)],
    "ended after": [("meeting_booked", 10, 60), ("no_need", 80, None), ("meeting_held", 90, None), ("contacted", 70, None)],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=list(STORIES))
async def test_the_same_reports_end_in_the_same_in_every_order(world: World, story: list[tuple[str, int, int | None]]) -> None:
    await world.put("reps", *(rep(rep_id, "chicago") for rep_id in ("rep-1", "rep-2")))
    await world.activate(clocks=CLOCKS)
    orders = list(permutations(range(len(story))))
    await world.hear(*(contact(f"hcp-{number}") for number in range(len(orders))))
    await world.hear(*(engagement(f"hcp-{number}") for number in range(len(orders))))
    await as_if_qualified_a_day_ago(world)
    leads = await world.leads()
    reports = [_reports(lead, story) for lead in leads]
    for step in range(len(story)):
        await world.hear(*(told[order[step]] for told, order in zip(reports, orders, strict=True)))
    shown = [await world.reread(lead) for lead in leads]
    ends = [
        {name: clock_of(each, "report")[name] for name in ("state", "started_at", "due_at", "met_at", "late_seconds")} for each in shown
    ]
    assert len({each["qualified_at"] for each in shown}) == 1
    assert ends == [ends[0]] * len(orders)
    assert len({(each["stage"], each["meeting_at"]) for each in shown}) == 1


async def test_whoever_gets_the_lead_gets_the_meeting_that_lies_ahead(world: World, lead: dict[str, Any]) -> None:
    await world.hear(booked(lead, after=HOUR, meeting=3 * DAY))
    follower = {"rep-1": "rep-2", "rep-2": "rep-1"}[lead["rep_id"]]
    await ask(world, lead, "reassign", rep_id=follower, reason_code="on_leave")
    shown = await world.reread(lead)
    assert (shown["rep_id"], datetime.fromisoformat(shown["meeting_at"])) == (follower, qualified_at(lead) + 3 * DAY)
    assert (report_clock(shown)["state"], moment(report_clock(shown), "started_at")) == ("running", qualified_at(lead) + 3 * DAY)
    brief = await world.get(f"leads/{lead['id']}/brief")
    assert (brief["version"], brief["meeting_at"]) == (2, shown["meeting_at"])

    await world.hear(outcome(shown, "meeting_held", after=DAY + MINUTE))
    told = await world.reread(lead)
    assert (told["stage"], told["meeting_at"], report_clock(told)["state"]) == ("meeting_held", None, "met")


async def test_who_got_the_lead_with_its_meeting_may_move_it(world: World, lead: dict[str, Any]) -> None:
    await world.hear(booked(lead, after=HOUR, meeting=3 * DAY))
    await ask(world, lead, "reassign", rep_id={"rep-1": "rep-2", "rep-2": "rep-1"}[lead["rep_id"]], reason_code="on_leave")
    theirs = await world.reread(lead)
    await world.hear(booked(theirs, after=2 * HOUR, meeting=2 * DAY))
    shown = await world.reread(lead)
    assert datetime.fromisoformat(shown["meeting_at"]) == qualified_at(lead) + 2 * DAY
    assert moment(report_clock(shown), "started_at") == qualified_at(lead) + 2 * DAY


async def test_what_came_of_a_meeting_that_is_over_is_not_asked_of_who_gets_the_lead_next(world: World, lead: dict[str, Any]) -> None:
    await world.hear(booked(lead, after=HOUR, meeting=2 * HOUR))
    follower = {"rep-1": "rep-2", "rep-2": "rep-1"}[lead["rep_id"]]
    await ask(world, lead, "reassign", rep_id=follower, reason_code="on_leave")
    shown = await world.reread(lead)
    assert (shown["meeting_at"], report_clock(shown)["state"], report_clock(shown)["reason"]) == (None, "ended", "reassigned")


async def test_a_hold_that_is_over_before_the_meeting_takes_no_time_from_its_clock(world: World, lead: dict[str, Any]) -> None:
    await world.hear(booked(lead, after=HOUR, meeting=3 * DAY))
    before = report_clock(await world.reread(lead))
    assert report_clock(await ask(world, lead, "hold"))["state"] == "paused"
    await world.hear(booked(lead, after=2 * HOUR, meeting=4 * DAY))
    moved = await world.reread(lead)
    assert (moved["stage"], report_clock(moved)["state"], report_clock(moved)["reason"]) == ("on_hold", "paused", "on_hold")
    resumed = report_clock(await ask(world, lead, "resume", reason_code="called_back"))
    assert (resumed["state"], moment(resumed) - moment(before)) == ("running", DAY)
    paused = await world.client.post(f"/v1/leads/{lead['id']}/clocks/report/pause", json={"reason_code": "asked"}, headers=world.headers)
    assert paused.json()["state"] == "paused"
    resumed = (await world.client.post(f"/v1/leads/{lead['id']}/clocks/report/resume", headers=world.headers)).json()
    assert moment(resumed) == qualified_at(lead) + 4 * DAY + 30 * MINUTE


async def test_the_brief_tells_of_the_meeting_where_the_lead_is_and_is_written_anew_when_it_moves_and_when_it_is_over(
    world: World, lead: dict[str, Any]
) -> None:
    await world.hear(booked(lead, after=HOUR, meeting=3 * DAY))
    assert await settle(world) == 1
    brief = await world.get(f"leads/{lead['id']}/brief")
    local = (qualified_at(lead) + 3 * DAY).astimezone(ZoneInfo("America/Chicago"))
    when = f"{local:%a} {local.day} {local:%b}{'' if local.year == datetime.now(local.tzinfo).year else f' {local.year}'} {local:%H:%M %Z}"
    assert brief["next_step"] == f"Prepare the meeting of {when} with the answers below."
    assert f"Next: {brief['next_step']}" in brief["text"].splitlines()
    assert "Report by " in brief["text"]
    assert "meeting_changed" in [change["code"] for change in brief["changes"]]
    assert f"The meeting is on {when}." in [change["text"] for change in brief["changes"]]

    await world.hear(booked(lead, after=2 * HOUR, meeting=4 * DAY))
    assert await settle(world) == 1
    assert await settle(world) == 0
    moved = await world.get(f"leads/{lead['id']}/brief")
    assert datetime.fromisoformat(moved["meeting_at"]) == qualified_at(lead) + 4 * DAY
    assert [change["code"] for change in moved["changes"]] == ["meeting_changed", "next_step_changed"]

    assert await settle(world, at=qualified_at(lead) + 4 * DAY) == 1
    begun = await world.get(f"leads/{lead['id']}/brief")
    assert begun["next_step"].startswith("Say what came of the meeting of ")
    assert await settle(world, at=qualified_at(lead) + 9 * DAY) == 0

    await world.hear(outcome(lead, "no_answer", after=5 * HOUR), outcome(lead, "meeting_held", after=6 * HOUR))
    await settle(world)
    over = await world.get(f"leads/{lead['id']}/brief")
    assert over["meeting_at"] is None
    assert {"meeting_over", "stage_changed"} <= {change["code"] for change in over["changes"]}


async def test_an_app_that_works_offline_is_told_of_a_meeting_that_moves(world: World, lead: dict[str, Any]) -> None:
    app = App(world, lead["rep_id"])
    await world.hear(booked(lead, after=HOUR, meeting=2 * DAY))
    assert await app.sync() == [lead["id"]]
    await world.hear(booked(lead, after=2 * HOUR, meeting=3 * DAY))
    told = await app.poll()
    [item] = told["items"]
    assert datetime.fromisoformat(item["lead"]["meeting_at"]) == qualified_at(lead) + 3 * DAY
