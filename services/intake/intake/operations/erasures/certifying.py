"""Following an erasure to its certificate: the bus forgets by compaction alone, which must be brought about and then be seen.

A tombstone on a partition where nothing follows is never compacted: the segment it stands in stays open. So it is appended once more when
that segment is old enough to be closed by it, and nothing is certified before nobody can read a value any more.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from intake import bus
from intake.decisions.erasures.requests import Compaction, certificate, is_complete
from intake.operations.erasures.erasing import erase_approved
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.erasures.requesting import answers_to, erasure_of
from intake.operations.erasures.restoring import take_up_again
from intake.operations.erasures.sweeping import SETTLE_SECONDS, cut_triaged, sweep
from intake.tables import ErasureRow
from shared.database import Database
from shared.events import topics
from shared.loops import repeat
from shared.outbox import bury

_log = structlog.get_logger()

_EVERY_SECONDS = 1.0
_COMPACTION_KEPT = timedelta(seconds=30)
_KAFKA_AGAIN = timedelta(seconds=10)
_TOPIC = topics.CONTACTS
_OPEN = select(ErasureRow).where(ErasureRow.ordered_at.is_not(None), ErasureRow.certified_at.is_(None)).order_by(ErasureRow.ordered_at)
_WAITS = text("SELECT EXISTS (SELECT FROM outbox WHERE topic = :topic AND key = ANY (CAST(:keys AS text[])))")


class Erasing:
    """All of the work on erasures that goes on in the background. It can be done by several processes at once."""

    def __init__(self, database: Database, erasures: ErasureLedger, *, bootstrap: str, settle_seconds: float = SETTLE_SECONDS) -> None:
        self._database = database
        self._erasures = erasures
        self._bootstrap = bootstrap
        self._settle_seconds = settle_seconds
        self._looked_at = self._asked_at = self._kafka_again_at = datetime.min.replace(tzinfo=UTC)
        self._compaction: Compaction | None = None
        self._has_read_orders = False

    async def run(self, stop: asyncio.Event) -> None:
        """Goes on until stopped."""
        await repeat(self.run_once, name="erasures", every_seconds=_EVERY_SECONDS, stop=stop)

    async def run_once(self) -> int:
        """One step of each kind where one is due; gives how many were done. What needs Kafka waits while it is away."""
        now = datetime.now(UTC)
        done = await erase_approved(self._database, self._erasures, now=now)
        done += await cut_triaged(self._database, now=now)
        done += await sweep(self._database, self._erasures, now=now, settle_seconds=self._settle_seconds)
        if now < self._kafka_again_at:
            return done
        try:
            if not self._has_read_orders:
                done += await self._take_up_again(now=now)
            return done + await self._follow(now=now)
        except (KafkaError, TimeoutError) as error:
            _log.warning("erasures wait for kafka", error=type(error).__name__)
            self._kafka_again_at = now + _KAFKA_AGAIN
            return done

    async def _take_up_again(self, *, now: datetime) -> int:
        """Once in a process's life: whoever was to be forgotten stays forgotten, whatever database was put in this one's place."""
        orders = await bus.events_on(self._bootstrap, topics.ERASURES)
        async with self._database.transaction() as session:
            done = await take_up_again(session, orders, key=self._erasures.key, now=now)
        self._has_read_orders = True
        return done

    async def _follow(self, *, now: datetime) -> int:
        async with self._database.reading() as session:
            rows = (await session.scalars(_OPEN)).all()
        if not rows:
            return 0
        compaction = await self._compaction_now(now)
        steps = {row.id: erasure_of(row).bus.next_step(compaction, now=now) for row in rows}
        done = 0
        for row in rows:
            async with self._database.transaction() as session:
                match steps[row.id]:
                    case "see_tombstone":
                        done += await self._note(session, row, "tombstoned_at", now=now)
                    case "append_again":
                        await bury(session, _TOPIC, row.contact_ids)
                        await session.execute(update(ErasureRow).where(ErasureRow.id == row.id).values(appended_at=now))
                        done += 1
                    case "certify":
                        done += await _certify(session, row, now=now)
                    case _:
                        pass
        looking = [row for row in rows if steps[row.id] == "look"]
        if looking and now >= self._looked_at + compaction.look_every:
            self._looked_at = now
            done += await self._look(looking)
        return done

    async def _compaction_now(self, now: datetime) -> Compaction:
        if self._compaction is None or now >= self._asked_at + _COMPACTION_KEPT:
            self._compaction, self._asked_at = await bus.compaction_of(self._bootstrap, _TOPIC), now
        return self._compaction

    async def _note(self, session: AsyncSession, row: ErasureRow, moment: str, *, now: datetime) -> int:
        """Notes a moment once nothing about the contact waits in the outbox any more."""
        if await session.scalar(_WAITS, {"topic": _TOPIC.name, "keys": row.contact_ids}):
            return 0
        await session.execute(update(ErasureRow).where(ErasureRow.id == row.id).values({moment: now}))
        return 1

    async def _look(self, rows: Sequence[ErasureRow]) -> int:
        """Reads the topic once for all of them, and notes which are gone."""
        there = await bus.keys_with_a_value(self._bootstrap, _TOPIC, {key for row in rows for key in row.contact_ids})
        gone = [row for row in rows if not there.intersection(row.contact_ids)]
        done = 0
        for row in gone:
            async with self._database.transaction() as session:
                done += await self._note(session, row, "cleared_at", now=datetime.now(UTC))
        return done


async def _certify(session: AsyncSession, row: ErasureRow, *, now: datetime) -> int:
    erasure, answers = erasure_of(row), await answers_to(session, row.id)
    if not is_complete(erasure, answers):
        return 0
    told: dict[str, Any] = certificate(erasure, answers, now=now)
    certified = update(ErasureRow).where(ErasureRow.id == row.id, ErasureRow.certified_at.is_(None))
    await session.execute(certified.values(certified_at=now, certificate=told))
    _log.info("erasure certified", erasure_id=str(row.id))
    return 1
