"""What becomes of a delivery after an attempt: the retry schedule of the Standard Webhooks specification."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal, assert_never

# Standard Webhooks 1.0.0, example schedule: the first attempt at once, then after these, about three days in all.
RETRY_AFTER_SECONDS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
ATTEMPTS_MAX = 1 + len(RETRY_AFTER_SECONDS)
# Retries only ever come later than scheduled, up to this share, so that many failed deliveries don't return together.
JITTER_SHARE = 0.1
# An endpoint may ask for patience, but not for so much that the delivery is neither delivered nor dead.
_RETRY_AFTER_SECONDS_MAX = 24 * 3600

_GONE = 410

Failure = Literal["address_refused", "no_address", "no_connection", "timed_out", "broken_answer"]


@dataclass(frozen=True, slots=True)
class Answered:
    """The endpoint answered. `retry_after` is that header as it came."""

    status_code: int
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer, and why."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Delivered:
    """The endpoint took it."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not taken: it comes again then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Dead:
    """It will not be tried again. When the endpoint is gone, its subscription is disabled."""

    endpoint_gone: bool


Verdict = Delivered | TryAgain | Dead


def verdict_on(outcome: Answered | Unanswered, *, attempts: int, now: datetime, jitter: float) -> Verdict:
    """What follows from the outcome of attempt number `attempts` (from 1). `jitter` is a random number in [0, 1)."""
    match outcome:
        case Answered(status_code=status_code) if 200 <= status_code < 300:
            return Delivered()
        case Answered(status_code=status_code) if status_code == _GONE:
            return Dead(endpoint_gone=True)
        case Answered() | Unanswered():
            if attempts >= ATTEMPTS_MAX:
                return Dead(endpoint_gone=False)
            return TryAgain(now + timedelta(seconds=_wait_seconds(outcome, attempts, now, jitter)))
        case _:
            assert_never(outcome)


def _wait_seconds(outcome: Answered | Unanswered, attempts: int, now: datetime, jitter: float) -> float:
    scheduled = RETRY_AFTER_SECONDS[attempts - 1] * (1 + JITTER_SHARE * jitter)
    asked = _asked_seconds(outcome.retry_after, now) if isinstance(outcome, Answered) else None
    return scheduled if asked is None else max(scheduled, min(asked, _RETRY_AFTER_SECONDS_MAX))


def _asked_seconds(retry_after: str | None, now: datetime) -> float | None:
    """What a Retry-After header asks for, in seconds or as an HTTP date; None for no header or an unreadable one."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return (until - now).total_seconds()
