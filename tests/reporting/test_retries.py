"""What follows from an attempt: delivered, again later, or dead."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting.decisions.retries import ATTEMPTS_MAX, RETRY_AFTER_SECONDS, Answered, Dead, Delivered, TryAgain, Unanswered, verdict_on

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def wait_seconds(outcome: Answered | Unanswered, *, attempts: int = 1, jitter: float = 0) -> float:
    verdict = verdict_on(outcome, attempts=attempts, now=NOW, jitter=jitter)
    assert isinstance(verdict, TryAgain)
    return (verdict.at - NOW).total_seconds()


@pytest.mark.parametrize("status_code", [200, 201, 204, 299])
def test_only_2xx_is_delivered(status_code: int) -> None:
    assert verdict_on(Answered(status_code), attempts=1, now=NOW, jitter=0) == Delivered()


@pytest.mark.parametrize("outcome", [Answered(100), Answered(301), Answered(404), Answered(500), Unanswered("timed_out")])
def test_anything_else_comes_again(outcome: Answered | Unanswered) -> None:
    assert wait_seconds(outcome) == 5


def test_the_schedule_is_that_of_the_specification_and_then_it_is_dead() -> None:
    waits = [wait_seconds(Answered(500), attempts=number) for number in range(1, ATTEMPTS_MAX)]
    assert waits == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert verdict_on(Answered(500), attempts=ATTEMPTS_MAX, now=NOW, jitter=0) == Dead(endpoint_gone=False)


def test_gone_is_dead_at_once() -> None:
    assert verdict_on(Answered(410), attempts=1, now=NOW, jitter=0) == Dead(endpoint_gone=True)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("60", 60),
        (" 60 ", 60),
        ("1", 5),
        ("99999999", 86_400),
        ("Sun, 22 Nov 2026 09:02:00 GMT", 120),
        ("Sun, 22 Nov 2020 09:02:00 GMT", 5),
        ("soon", 5),
        ("-5", 5),
        ("9" * 400, 5),
        ("٣", 5),
    ],
)
def test_retry_after_is_honoured_but_never_shortens_the_wait_nor_makes_it_endless(retry_after: str, seconds: float) -> None:
    assert wait_seconds(Answered(429, retry_after)) == seconds


@settings(deadline=None)
@given(st.integers(1, ATTEMPTS_MAX - 1), st.floats(0, 1, exclude_max=True), st.one_of(st.none(), st.text(max_size=40)))
def test_jitter_only_ever_delays_by_a_tenth(attempts: int, jitter: float, retry_after: str | None) -> None:
    scheduled = RETRY_AFTER_SECONDS[attempts - 1]
    assert scheduled <= wait_seconds(Unanswered("timed_out"), attempts=attempts, jitter=jitter) <= scheduled * 1.1
    assert scheduled <= wait_seconds(Answered(503, retry_after), attempts=attempts, jitter=jitter) <= 86_400 * 1.1


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_retry_after_header_can_break_anything(retry_after: str) -> None:
    assert wait_seconds(Answered(503, retry_after)) <= timedelta(days=1).total_seconds()
