"""The buckets of those who post, in this process: a deployment of n processes takes up to n times as much."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from intake.decisions.rate_limits import Bucket, RateLimit, take

_KEYS_MAX = 10_000


class TooFast(Exception):
    """More comes than may. `retry_after_seconds`: when the next one may pass, in whole seconds."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class RateLimiter:
    """One bucket per key, of whom we have proof: nobody can empty another's. Who was not seen for longest is forgotten first."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def admit(self, key: str, limit: RateLimit) -> None:
        """Lets one request pass, or raises `TooFast`."""
        self._buckets[key], early_seconds = take(self._buckets.get(key), limit, now=self._monotonic())
        self._buckets.move_to_end(key)
        if len(self._buckets) > _KEYS_MAX:
            self._buckets.popitem(last=False)
        if early_seconds > 0:
            raise TooFast(math.ceil(early_seconds))
