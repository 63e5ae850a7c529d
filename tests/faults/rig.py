"""The rig: a world under steady load in which faults happen; when they are over everything settles, and what must hold is asked."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, ParamSpec, TypeVar

import psycopg

from deploy.auditor import testimony
from deploy.auditor.testimony import Witness
from deploy.launcher.world import Say, World
from tests.faults.load.load import FULL, SHORT, Load, load_on
from tests.faults.load.preparation import plain

P = ParamSpec("P")
T = TypeVar("T")

_POLL_SECONDS = 0.05
_TAKEN_SECONDS = 90.0
_SETTLED_SECONDS = 180.0
# Backlog is looked at once a second; so many looks in a row must find nothing.
_NOTHING_FOR = timedelta(seconds=2.5)


class NeverCame(AssertionError):
    """Something a fault waits for did not come true in time."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that must hold, whether it did, and what was found."""

    what: str
    held: bool
    found: str


@dataclass(slots=True)
class Rig:
    """What a fault has in hand: the world, the load on it, a seeded choice, and a place for what must hold."""

    world: World
    load: Load
    witness: Witness
    chance: random.Random
    is_short: bool
    say: Say
    marks: list[Mark] = field(default_factory=list)
    last_fault_ended_at: datetime | None = None

    def scaled(self, full: float, *, short: float) -> float:
        """A number of seconds or times for the full run, or for the short one."""
        return short if self.is_short else full

    def must(self, what: str, held: bool, found: object) -> None:
        """Notes something that must hold; the run goes on, so that everything else is found too."""
        self.marks.append(Mark(what, held, str(found)))
        self.say(f"      {'held  ' if held else 'BROKEN'} {what}: {found}")

    async def do(self, act: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """Has the launcher do something that takes its time, while the load goes on."""
        return await asyncio.to_thread(act, *given, **named)

    async def until(self, is_true: Callable[[], Any], *, seconds: float, what: str) -> None:
        """Returns once `is_true()`. Raises `NeverCame` when the time is up."""
        deadline = monotonic() + seconds
        while not is_true():
            if monotonic() > deadline:
                raise NeverCame(f"{what} did not come true within {seconds:g} s")
            await asyncio.sleep(_POLL_SECONDS)

    async def go_on_for(self, seconds: float) -> None:
        """Lets the load work on whatever is as it is now."""
        await asyncio.sleep(seconds)

    @asynccontextmanager
    async def fault(self, fault: str, what: str, *, recovery_seconds: float) -> AsyncIterator[None]:
        """Frames what is broken, in the testimony: after the block everything is whole again and must catch up within that time."""
        at = datetime.now(UTC)
        self.say(f"    {what}")
        try:
            yield
        finally:
            self.last_fault_ended_at = datetime.now(UTC)
            self.witness.tell(
                testimony.Fault(at=at, fault=fault, what=what, ended_at=self.last_fault_ended_at, recovery_seconds_max=recovery_seconds)
            )

    async def killed_at(self, service: str, moment: str, *, seconds: float = 20) -> None:
        """Has a service die at that moment, then starts it again as it was."""
        await self.do(self.world.stop, service)
        await self.do(self.world.start_service, service, environment={"FULLCIRCLE_FAILPOINT": moment})
        await self.until(lambda: not self.world.is_running(service), seconds=seconds, what=f"{service} dies at {moment}")
        await self.do(self.world.restart, service)

    async def rows(self, service: str, query: str, *given: object) -> list[tuple[Any, ...]]:
        """What a query finds in a service's database."""
        url = plain(self.world.database_url(service))
        async with await psycopg.AsyncConnection.connect(url, autocommit=True, application_name="rig") as connection:
            return [tuple(row) for row in await (await connection.execute(query.encode(), given)).fetchall()]

    async def settle(self) -> float:
        """Ends the load and waits until everything begun is taken and nothing is on its way. Returns the seconds since the last fault."""
        await self.load.end()
        all_sent = await self.load.sender.all_taken(seconds=_TAKEN_SECONDS)
        self.must("every webhook is acknowledged in the end", all_sent, f"{self.load.sender.waiting} waiting")
        all_told = await self.load.field_app.all_taken(seconds=_TAKEN_SECONDS)
        self.must("every report is taken in the end", all_told, f"{self.load.field_app.waiting} waiting")
        ended = self.last_fault_ended_at or datetime.now(UTC)
        since = datetime.now(UTC)

        def nothing_left() -> bool:
            seen = self.load.watch.nothing_since
            return seen is not None and datetime.now(UTC) - max(seen, since) > _NOTHING_FOR

        try:
            await self.until(nothing_left, seconds=_SETTLED_SECONDS, what="the backlog is 0")
        except NeverCame:
            self.must("the backlog comes to 0", False, self.load.watch.backlog)
            return (datetime.now(UTC) - ended).total_seconds()
        return (max(self.load.watch.nothing_since or since, since) - ended).total_seconds()


@asynccontextmanager
async def rig(world: World, *, folder: Path, seed: int, is_short: bool, say: Say) -> AsyncIterator[Rig]:
    """A rig on a new world, its load prepared and settled but not begun. Testimony goes into `folder`."""
    witness = Witness(folder)
    rates = SHORT if is_short else FULL
    async with load_on(world, rates=rates, seed=seed, witness=witness) as load:
        made = Rig(world, load, witness, random.Random(seed), is_short, say)
        await made.until(lambda: load.watch.nothing_since is not None, seconds=60, what="the reference data has gone everywhere")
        yield made
