"""Makes being told to stop an exception, so that cleaning up runs, and keeps it from cutting the cleaning short."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_DEADLY_BY_DEFAULT = (signal.SIGTERM, signal.SIGHUP)
_ALL = (signal.SIGINT, *_DEADLY_BY_DEFAULT)


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP came; like Ctrl-C, it passes whatever catches ordinary exceptions."""


@contextmanager
def cleaning_up_when_terminated() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into `Terminated` where they would end this process on the spot.

    Python delivers signals to the main thread alone; in another one this changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    replaced = [number for number in _DEADLY_BY_DEFAULT if signal.getsignal(number) is signal.SIG_DFL]
    for number in replaced:
        signal.signal(number, _raise_terminated)
    try:
        yield
    finally:
        for number in replaced:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Lets Ctrl-C, SIGTERM and SIGHUP wait for nothing: they are ignored while a bounded clean-up runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _ALL}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _raise_terminated(number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated(signal.Signals(number).name)
