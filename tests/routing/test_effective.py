"""Between which days something holds."""

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.effective import begins_at, day_of, ends_at, holds_on, next_last_day

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
MOMENTS = st.builds(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds), st.integers(-(10**9), 10**9))


def test_the_first_and_the_last_day_are_included() -> None:
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    answers = [holds_on(day, valid_from=first, valid_until=last) for day in (date(2026, 2, 28), first, last, date(2026, 4, 1))]
    assert answers == [False, True, True, False]


def test_days_are_those_of_utc() -> None:
    assert day_of(datetime(2026, 3, 1, 20, tzinfo=timezone(timedelta(hours=-8)))) == date(2026, 3, 2)


@given(MOMENTS, st.none() | DAYS, st.none() | DAYS)
def test_what_holds_on_a_day_holds_from_its_first_moment_to_its_last(moment: datetime, first: date | None, last: date | None) -> None:
    has_begun = first is None or begins_at(first) <= moment
    has_ended = last is not None and ends_at(last) <= moment
    assert holds_on(day_of(moment), valid_from=first, valid_until=last) is (has_begun and not has_ended)


def test_the_next_last_day_is_one_that_is_not_over() -> None:
    yesterday, today, tomorrow = (date(2026, 3, number) for number in (1, 2, 3))
    assert next_last_day([tomorrow, yesterday, today], day=today) == today
    assert next_last_day([yesterday], day=today) is None
