"""What the process logs while a test looks, and nothing of it afterwards."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from shared import telemetry


@contextmanager
def as_it_was() -> Iterator[None]:
    """Whatever is said about logging inside, the process logs as an unconfigured one again afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:], root.level = handlers, level


@contextmanager
def logged(level: str = "INFO") -> Iterator[io.BytesIO]:
    """The lines the process logs from now on, as a service called `tests`."""
    stream = io.BytesIO()
    with as_it_was():
        telemetry.configure_logging("tests", level, stream=stream)
        yield stream
