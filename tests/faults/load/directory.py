"""Now and then somebody asks not to be contacted at all, and the directory says so: whoever owns their lead must lose it."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import orjson

from tests.faults.load.http import Http, NoAnswer
from tests.faults.load.population import Person

_TRY_SECONDS = 10.0
_AGAIN_SECONDS = 1.0


class Directory:
    """States of one person after the other that no channel may reach them, again until intake has taken it."""

    def __init__(self, intake: str, headers: Mapping[str, str], people: Sequence[Person], *, seed: int, http: Http) -> None:
        self._address = f"{intake}/v1/contacts"
        self._headers = {**headers, "Content-Type": "application/json"}
        self._left = random.Random(seed).sample(list(people), len(people))
        self._http = http

    async def let_people_go(self, *, per_second: float, stop: asyncio.Event) -> None:
        """At a steady rate until stopped, or until nobody is left. What was begun is taken before this ends."""
        loop = asyncio.get_running_loop()
        began, gone = loop.time(), 0
        while self._left and not stop.is_set():
            if gone >= (loop.time() - began) * per_second:
                await asyncio.sleep(0.05)
                continue
            await self._state(self._left.pop())
            gone += 1

    async def _state(self, person: Person) -> None:
        body = orjson.dumps([person.row(denied_at=datetime.now(UTC).isoformat())])
        while True:
            if await self._is_taken(body):
                return
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _is_taken(self, body: bytes) -> bool:
        try:
            answer = await self._http.request("PUT", self._address, self._headers, body, seconds=_TRY_SECONDS)
        except NoAnswer:
            return False
        if answer.status == 200 and not answer.content.get("rejected"):
            return True
        if answer.status in (429, 503):
            return False
        raise RuntimeError(f"intake refused an opt-out: {answer.status} {answer.body[:200]!r}")
