"""For when a meeting is agreed, and what is to be told of it: the same by the same reports, in whatever order they come."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.lifecycle.meetings import COME_OF_A_MEETING, Meeting, Telling, meeting_in, telling_in, telling_of
from routing.decisions.lifecycle.outcomes import ATTEMPTS, OUTCOMES, ReportedOutcome

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def report(
    code: str, minute: int, *, heard: int | None = None, meeting: int | None = None, report_id: str | None = None
) -> ReportedOutcome:
    """What happened at a minute, heard a minute later unless said otherwise; a meeting is for a minute too."""
    return ReportedOutcome(
        code,
        "ann",
        at(minute),
        None,
        report_id or f"{code}@{minute}",
        None if meeting is None else at(meeting),
        at(minute + 1 if heard is None else heard),
    )


def booked(minute: int, meeting: int | None, **changes: Any) -> ReportedOutcome:
    return report("meeting_booked", minute, meeting=meeting, **changes)


def test_nothing_is_agreed_where_no_booking_names_a_time() -> None:
    assert meeting_in([]) is None
    assert meeting_in([report("contacted", 1), booked(2, None)]) is None


def test_of_several_bookings_the_one_agreed_on_last_stands_whenever_they_are_heard() -> None:
    for reports in permutations([booked(1, 60), booked(3, 30), booked(2, 90)]):
        assert meeting_in(reports) == Meeting(at(30))
    assert meeting_in([booked(1, 60), booked(3, None)]) == Meeting(at(60)), "no time says nothing about the time"
    tie = [booked(1, 60, report_id="b"), booked(1, 90, report_id="a")]
    assert meeting_in(tie) == meeting_in(tie[::-1]) == Meeting(at(60))


@pytest.mark.parametrize(
    "told",
    [
        report("meeting_held", 61),
        report("meeting_held", 5),
        report("opportunity_created", 90),
        report("no_answer", 60),
        report("contacted", 75),
        report("not_interested", 75),
        booked(75, None),
    ],
    ids=lambda told: told.report_id,
)
def test_what_came_of_it_is_told(told: ReportedOutcome) -> None:
    booking = booked(1, 60)
    assert meeting_in([booking, told]) == meeting_in([told, booking]) == Meeting(at(60), told)


@pytest.mark.parametrize(
    "other",
    [report("contacted", 59), report("accepted", 75), report("rejected", 75), report("meeting_held", 0), report("no_answer", 0)],
    ids=lambda other: other.report_id,
)
def test_what_is_no_news_of_it_tells_nothing(other: ReportedOutcome) -> None:
    assert meeting_in([booked(1, 60), other]) == Meeting(at(60))


def test_the_first_report_to_come_told_it() -> None:
    late, soon = report("meeting_held", 61, heard=500), report("opportunity_created", 62, heard=63)
    for reports in permutations([booked(1, 60), late, soon]):
        assert meeting_in(reports) == Meeting(at(60), soon)


def test_another_meeting_is_agreed_after_the_first_was_held() -> None:
    reports = [booked(1, 60), report("meeting_held", 61), booked(62, 600)]
    assert meeting_in(reports) == Meeting(at(600))
    assert meeting_in([*reports, report("contacted", 90)]) == Meeting(at(600))
    assert meeting_in([*reports, held := report("meeting_held", 601)]) == Meeting(at(600), held)


def test_a_lead_is_handed_over_with_its_meeting_until_its_owner_books_another() -> None:
    assert meeting_in([], handed_over=at(60)) == Meeting(at(60))
    assert meeting_in([booked(1, 90)], handed_over=at(60)) == Meeting(at(90))
    held = report("meeting_held", 5)
    assert meeting_in([held], handed_over=at(60)) == Meeting(at(60), held)


def test_there_is_to_tell_what_comes_of_the_meeting_then_the_newest_attempt() -> None:
    booking, call, held = booked(1, 60), report("contacted", 30), report("meeting_held", 75, heard=80)
    before = [booking, call]
    assert telling_in(before, meeting_in(before), goes_on=True) == Telling(at(60))
    assert telling_in(before, meeting_in(before), goes_on=False) == Telling(at(30), at(31))
    after = [*before, held]
    assert telling_in(after, meeting_in(after), goes_on=True) == Telling(at(60), at(80)), "from the meeting's time on"
    later = [*after, report("contacted", 90)]
    assert telling_in(later, meeting_in(later), goes_on=True) == Telling(at(90), at(91))
    assert telling_in([report("accepted", 1)], None, goes_on=True) is None
    assert telling_in([replace(call, received_at=None)], None, goes_on=True) is None


def test_a_meeting_held_before_its_time_is_told_like_any_other_attempt() -> None:
    early = report("meeting_held", 20, heard=25)
    assert telling_of(early, meeting_in([booked(1, 60), early])) == Telling(at(20), at(25))


REPORTS = st.lists(
    st.tuples(st.sampled_from(sorted(OUTCOMES)), st.integers(0, 20), st.integers(0, 40), st.none() | st.integers(0, 12)), max_size=7
)


def _reports(drawn: list[tuple[str, int, int, int | None]]) -> list[ReportedOutcome]:
    """Reports of outcomes, more than half of them bookings, heard some minutes after they happened."""
    return [
        booked(minute, minute + ahead, heard=minute + delay, report_id=f"r{number}")
        if ahead is not None
        else report(code, minute, heard=minute + delay, report_id=f"r{number}")
        for number, (code, minute, delay, ahead) in enumerate(drawn)
    ]


def _as_it_happened(reports: Sequence[ReportedOutcome], handed_over: datetime | None) -> Meeting | None:
    """The same by going through what happened from beginning to end, as somebody would who had been there."""
    ahead, told = handed_over, list[ReportedOutcome]()
    for each in sorted(reports, key=lambda each: each.order):
        if each.meeting_at is not None:
            ahead, told = each.meeting_at, []
        elif ahead is not None and (each.code in COME_OF_A_MEETING or (each.code in ATTEMPTS and each.occurred_at >= ahead)):
            told.append(each)
    return None if ahead is None else Meeting(ahead, min(told, key=lambda each: (each.heard_at, each.report_id), default=None))


@given(drawn=REPORTS, handed_over=st.none() | st.integers(0, 40).map(at), shuffle=st.randoms(use_true_random=False))
def test_any_order_of_arrival_ends_in_what_happened(
    drawn: list[tuple[str, int, int, int | None]], handed_over: datetime | None, shuffle: Any
) -> None:
    reports = _reports(drawn)
    expected = _as_it_happened(reports, handed_over)
    shuffled = shuffle.sample(reports, len(reports))
    assert meeting_in(shuffled, handed_over=handed_over) == expected
    for goes_on in (True, False):
        telling = telling_in(reports, expected, goes_on=goes_on)
        assert telling_in(shuffled, expected, goes_on=goes_on) == telling
        if telling is not None and telling.told_at is not None:
            assert telling.since <= telling.told_at
