"""How fast somebody may post: a bucket that fills at a steady rate, and from which every request takes one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests a second may come on average, and how many at once."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was left at that moment, in seconds of any clock that never goes back."""

    left: float
    at: float


def take(bucket: Bucket | None, limit: RateLimit, *, now: float) -> tuple[Bucket, float]:
    """The bucket after a request, and for how many seconds it comes too early: 0 if it may pass, else nothing is taken.

    Whoever was never seen has a full bucket. Of a limit that has changed the present one counts.
    """
    before = bucket if bucket is not None else Bucket(limit.burst, now)
    filled = min(float(limit.burst), before.left + max(0.0, now - before.at) * limit.per_second)
    if filled >= 1:
        return Bucket(filled - 1, now), 0.0
    return Bucket(filled, now), (1 - filled) / limit.per_second
