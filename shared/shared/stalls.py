"""Stalls: notices when the event loop stands still, from a thread of its own, and says what it was doing.

While it stands still nobody is answered, no heartbeat reaches Kafka, and no signal is heard.
"""

import asyncio
import sys
import threading
import time
import traceback
from types import FrameType

import structlog

from shared import telemetry
from shared.loops import sleep_unless

_log = structlog.get_logger()

STALL_SECONDS = 1.0
_BEAT_SECONDS = 0.1
_FRAMES = 8


class StallDetector:
    """Counts and logs every standstill of `STALL_SECONDS` or more of the loop `run` is called on."""

    def __init__(self) -> None:
        self._beaten_at = time.monotonic()
        self._over = threading.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Watches until stopped."""
        self._beaten_at = time.monotonic()
        watcher = threading.Thread(target=self._watch, args=(threading.get_ident(),), name="stalls", daemon=True)
        watcher.start()
        try:
            while not stop.is_set():
                self._beaten_at = time.monotonic()
                await sleep_unless(stop, _BEAT_SECONDS)
        finally:
            self._over.set()

    def _watch(self, loop_thread: int) -> None:
        while not self._over.wait(_BEAT_SECONDS):
            beaten_at = self._beaten_at
            if time.monotonic() - beaten_at >= STALL_SECONDS:
                self._witness(loop_thread, beaten_at)

    def _witness(self, loop_thread: int, beaten_at: float) -> None:
        telemetry.EVENT_LOOP_STALLS.inc()
        _log.error("event loop stands still", frames=_frames(sys._current_frames().get(loop_thread)))
        counted_until = beaten_at
        while not self._over.wait(_BEAT_SECONDS):
            now, beaten_again = time.monotonic(), self._beaten_at != beaten_at
            telemetry.EVENT_LOOP_STALLED_SECONDS.inc(now - counted_until)
            counted_until = now
            if beaten_again:
                break
        _log.warning("event loop goes on", stood_still_seconds=round(counted_until - beaten_at, 1))


def _frames(innermost: FrameType | None) -> list[str]:
    """Places in code alone, innermost last."""
    stack = traceback.extract_stack(innermost)[-_FRAMES:] if innermost is not None else []
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in stack]
