"""Everything that goes on beside a fault, started and stopped together."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from deploy.auditor.testimony import Witness
from deploy.launcher.servers import SERVICES
from deploy.launcher.world import World
from tests.faults.load.directory import Directory
from tests.faults.load.endpoints import Zoo, open_zoo
from tests.faults.load.field_app import FieldApp
from tests.faults.load.handling import Handling
from tests.faults.load.http import Http
from tests.faults.load.population import Population, population
from tests.faults.load.preparation import Callers, callers, prepare
from tests.faults.load.script import Script
from tests.faults.load.sender import Sender
from tests.faults.load.watching import Watch, probe_scopes, sample_processes, watch_backlog

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Rates:
    """How much goes on: webhooks, reports, adverse events, people who ask to be left alone, and leads handled by hand, a second.

    All of it is about so many people, whose reps are full at so many open leads.
    """

    webhooks_per_second: float
    reports_per_second: float
    mentions_per_second: float
    opt_outs_per_second: float
    handled_per_second: float
    people: int
    open_leads_max: int


FULL = Rates(
    webhooks_per_second=100,
    reports_per_second=4,
    mentions_per_second=1,
    opt_outs_per_second=1,
    handled_per_second=1,
    people=1_500,
    open_leads_max=60,
)
SHORT = Rates(
    webhooks_per_second=30,
    reports_per_second=3,
    mentions_per_second=1,
    opt_outs_per_second=0.5,
    handled_per_second=2,
    people=200,
    open_leads_max=8,
)


@dataclass(frozen=True, slots=True)
class Load:
    """The load on one world. `begin` and `end` frame the steady part; whatever was begun goes on until it is taken."""

    rates: Rates
    people: Population
    script: Script
    sender: Sender
    field_app: FieldApp
    handling: Handling
    directory: Directory
    watch: Watch
    zoo: Zoo
    who: Callers
    client: httpx.AsyncClient
    http: Http
    processes: list[str]
    stop: asyncio.Event
    tasks: list["asyncio.Task[None]"]

    def begin(self) -> None:
        """The steady load starts."""
        self.stop.clear()
        posts = self.script.posts()
        parts = (
            self.sender.keep_rate(posts, per_second=self.rates.webhooks_per_second, stop=self.stop),
            self.field_app.work(reports_per_second=self.rates.reports_per_second, stop=self.stop),
            self.field_app.tell_of_harm(per_second=self.rates.mentions_per_second, stop=self.stop),
            self.handling.work(per_second=self.rates.handled_per_second, stop=self.stop),
            self.directory.let_people_go(per_second=self.rates.opt_outs_per_second, stop=self.stop),
        )
        self.tasks.extend(asyncio.create_task(part) for part in parts)

    async def end(self) -> None:
        """Nothing new is begun from now on. Raises what a part of the load failed with."""
        self.stop.set()
        while self.tasks:
            await self.tasks.pop()


@asynccontextmanager
async def load_on(world: World, *, rates: Rates, seed: int, witness: Witness) -> AsyncIterator[Load]:
    """A world prepared for the load, with its witnesses at work while the block runs."""
    people = population(rates.people, seed=seed, today=datetime.now(UTC).date(), open_leads_max=rates.open_leads_max)
    http = Http()
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        open_zoo(witness, secret_bytes=random.Random(seed).randbytes(_SECRET_BYTES)) as zoo,
    ):
        who = await asyncio.to_thread(callers, world, people)
        platforms = await prepare(world, people, who, zoo=zoo, witness=witness, client=client)
        field_app = FieldApp(world.addresses, who.by_rep, people, seed=seed, witness=witness, http=http)
        load = Load(
            rates=rates,
            people=people,
            script=Script(people.people, seed=seed),
            sender=Sender(platforms, witness, http, seed=seed),
            field_app=field_app,
            handling=Handling(world.addresses["routing"], who, people, field_app.leads, seed=seed, witness=witness, http=http),
            directory=Directory(world.addresses["intake"], who.of("integration"), people.people, seed=seed, http=http),
            watch=Watch(witness),
            zoo=zoo,
            who=who,
            client=client,
            http=http,
            processes=list(SERVICES),
            stop=asyncio.Event(),
            tasks=[],
        )
        async with _witnesses(world, load, seed=seed, witness=witness):
            try:
                yield load
            finally:
                load.stop.set()
                for task in load.tasks:
                    task.cancel()
                await asyncio.gather(*load.tasks, return_exceptions=True)
                await load.sender.give_up()
                await load.field_app.give_up()
                await load.handling.give_up()
                http.close()


@asynccontextmanager
async def _witnesses(world: World, load: Load, *, seed: int, witness: Witness) -> AsyncIterator[None]:
    stop = asyncio.Event()
    probing = probe_scopes(world, load.people, load.who, load.field_app.leads, seed=seed, witness=witness, http=load.http, stop=stop)
    async with asyncio.TaskGroup() as watching:
        watching.create_task(sample_processes(world, lambda: load.processes, witness=witness, http=load.http, stop=stop))
        watching.create_task(watch_backlog(world, load.watch, stop=stop))
        watching.create_task(probing)
        try:
            yield
        finally:
            stop.set()
