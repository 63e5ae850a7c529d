"""Waiting for something to become true, with a deadline: the only place in the tests that lets time pass."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

_POLL_SECONDS = 0.02


async def until(is_true: Callable[[], bool | Awaitable[bool]], *, seconds: float = 20, what: str = "the condition") -> None:
    """Returns as soon as `is_true()`; fails when it isn't within the deadline."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        answer = is_true()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        assert asyncio.get_running_loop().time() < deadline, f"{what} did not come true within {seconds} s"
        await asyncio.sleep(_POLL_SECONDS)
