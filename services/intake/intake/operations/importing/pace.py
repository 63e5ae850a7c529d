"""How an import leaves room for whoever posts: it works in short spells, and rests as long as it worked while others are at it."""

import asyncio
import time
from collections.abc import Callable


class Pace:
    """`is_busy`: whether deliveries are being recorded in this process just now."""

    def __init__(self, is_busy: Callable[[], bool], monotonic: Callable[[], float] = time.monotonic) -> None:
        self.is_busy = is_busy
        self._monotonic = monotonic
        self._began = monotonic()

    async def rest(self) -> None:
        """To be called between two spells of a few milliseconds."""
        worked_seconds = self._monotonic() - self._began
        await asyncio.sleep(worked_seconds if self.is_busy() else 0)
        self._began = self._monotonic()
