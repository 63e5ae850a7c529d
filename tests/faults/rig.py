"""The rig: a world under steady load in which faults happen; when they are over everything settles, and what must hold is asked."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, ParamSpec, TypeVar

import psycopg

from deploy.auditor import testimony
from deploy.auditor.testimony import Witness
from deploy.launcher.world import Say, World
from tests.faults.load.load import FULL, SHORT, Load, load_on
from tests.faults.load.population import Person
from tests.faults.load.preparation import add_people, plain
from tests.faults.load.sender import Sender

P = ParamSpec("P")
T = TypeVar("T")

_POLL_SECONDS = 0.05
_ROOM = 10_000
_DIES_SECONDS = 30.0
_HEARD_OF_TRIES = 150
_HEARD_OF_EVERY_SECONDS = 0.2
_TAKEN_SECONDS = 90.0
_SETTLED_SECONDS = 180.0
# Backlog is looked at once a second; so many looks in a row must find nothing.
_NOTHING_FOR = timedelta(seconds=2.5)


class NeverCame(AssertionError):
    """Something a fault waits for did not come true in time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run goes: the seed of all its choices, in full or short, and the load if it shall be another than usual."""

    seed: int
    is_short: bool
    webhooks_per_second: float | None = None


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
    folder: Path
    chance: random.Random
    is_short: bool
    say: Say
    marks: list[Mark] = field(default_factory=list)
    checks: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    last_fault_ended_at: datetime | None = None

    def afterwards(self, check: Callable[[], Awaitable[None]]) -> None:
        """Has something looked at when everything has settled."""
        self.checks.append(check)

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

    async def kill_at(self, service: str, moment: str) -> None:
        """Starts a service so that it dies at that moment, and waits until it has. It stays dead."""
        await self.do(self.world.stop, service)
        await self.do(self.world.start_service, service, environment={"FULLCIRCLE_FAILPOINT": moment})
        await self.until(lambda: not self.world.is_running(service), seconds=_DIES_SECONDS, what=f"{service} dies at {moment}")

    @asynccontextmanager
    async def crowd(self, at_once: int, *, intake: str = "intake") -> AsyncIterator[Sender]:
        """A sender that has so many requests in flight at once, to that process of intake; the block ends when all it sent is taken."""
        address = f"http://127.0.0.1:{self.world.port(intake)}"
        sender = self.load.sender.crowd(intake=address, at_once_max=at_once)
        try:
            yield sender
            self.must("all that the crowd sent is taken", await sender.all_taken(seconds=_TAKEN_SECONDS), f"{sender.waiting} waiting")
        finally:
            await sender.give_up()

    async def add_people(self, more: Sequence[Person]) -> None:
        """States more contacts to intake, and waits until every service has heard of them."""
        await add_people(self.world, self.load.who, list(more), client=self.load.client)
        ids = {"ids": [person.id for person in more]}
        for service in ("routing", "feedback", "reporting"):
            for _ in range(_HEARD_OF_TRIES):
                [[known]] = await self.rows(service, "SELECT count(*) FROM contacts WHERE contact_id = ANY (%(ids)s)", ids)
                if known == len(more):
                    break
                await asyncio.sleep(_HEARD_OF_EVERY_SECONDS)
            else:
                raise NeverCame(f"{service} never heard of {len(more)} more contacts")

    async def rows(self, service: str, query: str, given: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """What a query finds in a service's database."""
        async with self.database(service) as connection:
            return [tuple(row) for row in await (await connection.execute(query.encode(), given)).fetchall()]

    async def change(self, service: str, statement: str) -> None:
        """Changes something in a service's database that no service would change."""
        async with self.database(service) as connection:
            await connection.execute(statement.encode())

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[psycopg.AsyncConnection]:
        """A connection to a service's database, as that service, each statement on its own."""
        url = plain(self.world.database_url(service))
        async with await psycopg.AsyncConnection.connect(url, autocommit=True, application_name="rig") as connection:
            yield connection

    async def breathe(self) -> None:
        """Stops the load until nothing is on its way, and starts it again: the next fault must not hide whether the last one is over."""
        await self.load.end()
        await self.load.sender.all_taken(seconds=_TAKEN_SECONDS)
        await self.load.field_app.all_taken(seconds=_TAKEN_SECONDS)
        await self.load.handling.all_done(seconds=_TAKEN_SECONDS)
        await self.until(lambda: self.load.watch.nothing_since is not None, seconds=_SETTLED_SECONDS, what="the backlog is 0")
        self.load.begin()

    async def settle(self) -> float:
        """Ends the load and waits until everything begun is taken and nothing is on its way. Returns the seconds since the last fault."""
        await self.load.end()
        all_sent = await self.load.sender.all_taken(seconds=_TAKEN_SECONDS)
        self.must("every webhook is acknowledged in the end", all_sent, f"{self.load.sender.waiting} waiting")
        all_told = await self.load.field_app.all_taken(seconds=_TAKEN_SECONDS)
        self.must("every report is taken in the end", all_told, f"{self.load.field_app.waiting} waiting")
        all_handled = await self.load.handling.all_done(seconds=_TAKEN_SECONDS)
        self.must("all that was done by hand is answered in the end", all_handled, f"{self.load.handling.waiting} waiting")
        ended = self.last_fault_ended_at or datetime.now(UTC)
        since = datetime.now(UTC)

        def nothing_left() -> bool:
            seen = self.load.watch.nothing_since
            return seen is not None and datetime.now(UTC) - max(seen, since) > _NOTHING_FOR

        try:
            await self.until(nothing_left, seconds=_SETTLED_SECONDS, what="the backlog is 0")
        except NeverCame:
            self.must("the backlog comes to 0", False, self.load.watch.backlog)
        drained_at = max(self.load.watch.nothing_since or datetime.now(UTC), since)
        for check in self.checks:
            await check()
        return (drained_at - ended).total_seconds()


@asynccontextmanager
async def rig(world: World, plan: Plan, *, folder: Path, needs_room: bool, say: Say) -> AsyncIterator[Rig]:
    """A rig on a new world, its load prepared and settled but not begun. Testimony goes into `folder`; with room, reps are never full."""
    witness = Witness(folder)
    rates = SHORT if plan.is_short else FULL
    rates = replace(rates, webhooks_per_second=plan.webhooks_per_second or rates.webhooks_per_second)
    rates = replace(rates, open_leads_max=_ROOM) if needs_room else rates
    async with load_on(world, rates=rates, seed=plan.seed, witness=witness) as load:
        made = Rig(world, load, witness, folder, random.Random(plan.seed), plan.is_short, say)
        await made.until(lambda: load.watch.nothing_since is not None, seconds=60, what="the reference data has gone everywhere")
        yield made
