"""The record of a simulation: asked for, taken up, kept alive while somebody works on it, ended. Nothing else of it is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.effective import day_of
from routing.operations.whatif.versions import Versions
from routing.queries.windows import Window
from routing.tables import SimulatedDecision, Simulation
from shared import problems
from shared.database import Database, ring
from shared.ids import new_id

BELL = "simulations"

UNFINISHED_MAX = 10
"""Queued and running; whoever wants another is told to wait."""
KEPT_MAX = 200
ATTEMPTS_MAX = 3
SILENCE_MAX = timedelta(seconds=30)
"""A simulation of which nothing was heard for so long has lost its process, and is begun anew."""

UNFINISHED = ("queued", "running")


class Stopped(Exception):
    """The simulation was cancelled, or somebody else goes on with it."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """One beginning of a simulation. Only the last one's word counts."""

    id: UUID
    attempt: int
    candidate_version: str
    active_version: str | None
    requested_at: datetime
    window: Window


async def request_simulation(
    session: AsyncSession, versions: Versions, window: Window, *, by: str, now: datetime, at_once: bool
) -> Beginning:
    """Keeps what is to be simulated; `at_once`: by whoever asks, else by the worker that takes it up.

    Raises 409 while too many others wait.
    """
    unfinished = await session.scalar(select(func.count()).where(Simulation.state.in_(UNFINISHED)))
    if unfinished is not None and unfinished >= UNFINISHED_MAX:
        raise problems.conflict(f"{UNFINISHED_MAX} simulations are queued or running; wait for one of them, or cancel one.")
    asked = insert(Simulation).values(
        id=new_id(),
        brand_id=window.brand_id,
        candidate_version=versions.candidate.version,
        active_version=None if versions.active is None else versions.active.version,
        begins_at=window.begins_at,
        ends_at=window.ends_at,
        requested_by=by,
        requested_at=now,
        state="running" if at_once else "queued",
        attempt=1 if at_once else 0,
        alive_at=now if at_once else None,
        started_at=now if at_once else None,
        replayed=0,
    )
    row = (await session.execute(asked.returning(Simulation.__table__))).one()
    finished = select(Simulation.id).where(Simulation.state.not_in(UNFINISHED))
    old = finished.order_by(Simulation.requested_at.desc(), Simulation.id.desc()).offset(KEPT_MAX)
    await session.execute(delete(Simulation).where(Simulation.id.in_(old.scalar_subquery())))
    ring(session, BELL)
    return _beginning(row)


async def take_up(database: Database, *, now: datetime) -> Beginning | None:
    """Begins the oldest simulation that is queued, or whose process ended without a word; None if there is none.

    One that was begun too often fails: whatever ends its process would end the next one too.
    """
    async with database.transaction() as session:
        silent = (Simulation.state == "running") & (Simulation.alive_at < now - SILENCE_MAX)
        waiting = select(Simulation.id).where((Simulation.state == "queued") | silent).order_by(Simulation.requested_at, Simulation.id)
        id_ = await session.scalar(waiting.limit(1).with_for_update(skip_locked=True))
        if id_ is None:
            return None
        attempt = Simulation.attempt + 1
        begun = {
            "state": "running",
            "attempt": attempt,
            "alive_at": now,
            "started_at": func.coalesce(Simulation.started_at, now),
            "replayed": 0,
        }
        row = (await session.execute(update(Simulation).where(Simulation.id == id_).values(**begun).returning(Simulation.__table__))).one()
        if row.attempt > ATTEMPTS_MAX:
            failed = {"state": "failed", "failure": "its process ended each time before it was done", "ended_at": now}
            await session.execute(update(Simulation).where(Simulation.id == id_).values(**failed))
            return None
    return _beginning(row)


async def reread(database: Database, id_: UUID, *, attempt: int) -> Beginning | None:
    """The beginning of that attempt, if the simulation still waits for it."""
    async with database.reading() as session:
        wanted = (Simulation.id == id_, Simulation.attempt == attempt, Simulation.state == "running")
        row = (await session.execute(select(Simulation.__table__).where(*wanted))).one_or_none()
    return None if row is None else _beginning(row)


async def report(database: Database, beginning: Beginning, *, now: datetime, **figures: int) -> None:
    """Says that the simulation goes on, and how far it is (`engagements`, `replayed`). Raises `Stopped` where it must not go on."""
    async with database.transaction() as session:
        await _change(session, beginning, alive_at=now, **figures)


async def finish(
    database: Database, beginning: Beginning, *, result: dict[str, Any], decisions: Sequence[dict[str, Any]], replayed: int, now: datetime
) -> None:
    """Keeps what came of it. Raises `Stopped` where nobody waits for it any more."""
    async with database.transaction() as session:
        await _change(session, beginning, state="done", result=result, ended_at=now, alive_at=now, engagements=replayed, replayed=replayed)
        if decisions:
            rows = [
                {"simulation_id": beginning.id, "position": position, "contact_id": document["contact_id"], "document": document}
                for position, document in enumerate(decisions)
            ]
            await session.execute(insert(SimulatedDecision), rows)


async def fail(database: Database, beginning: Beginning, failure: str, *, now: datetime) -> None:
    """Ends it for a reason that would come again. Of one that was stopped meanwhile nothing is said."""
    async with database.transaction() as session:
        changed = update(Simulation).where(*_still(beginning)).values(state="failed", failure=failure, ended_at=now)
        await session.execute(changed)


async def let_go(database: Database, beginning: Beginning) -> None:
    """Puts it back into the queue: its process ended, and another may begin it anew."""
    async with database.transaction() as session:
        await session.execute(update(Simulation).where(*_still(beginning)).values(state="queued", alive_at=None))


async def cancel(session: AsyncSession, id_: UUID, *, now: datetime) -> None:
    """Ends a simulation nobody wants any more. Raises 404 for an unknown one, 409 for one that has ended."""
    unfinished = (Simulation.id == id_, Simulation.state.in_(UNFINISHED))
    ended = await session.execute(update(Simulation).where(*unfinished).values(state="cancelled", ended_at=now).returning(Simulation.id))
    if ended.one_or_none() is None:
        state = await session.scalar(select(Simulation.state).where(Simulation.id == id_))
        if state is None:
            raise problems.not_found("There is no such simulation.")
        raise problems.conflict(f"The simulation is {state}; only one that is queued or running can be cancelled.")


async def _change(session: AsyncSession, beginning: Beginning, **values: Any) -> None:
    changed = await session.execute(update(Simulation).where(*_still(beginning)).values(**values).returning(Simulation.id))
    if changed.one_or_none() is None:
        raise Stopped


def _still(beginning: Beginning) -> tuple[Any, ...]:
    return Simulation.id == beginning.id, Simulation.attempt == beginning.attempt, Simulation.state == "running"


def _beginning(row: Row[Any]) -> Beginning:
    return Beginning(
        id=row.id,
        attempt=row.attempt,
        candidate_version=row.candidate_version,
        active_version=row.active_version,
        requested_at=row.requested_at,
        window=Window(row.brand_id, row.begins_at, row.ends_at, day_of(row.requested_at)),
    )
