"""The one write every engagement goes through: what was told before is told apart, persons are recognised, consent is honoured.

Deliveries come as a set and cost a constant number of statements, whatever their number and that of their items, so that several
requests can share one commit.
"""

from collections.abc import Sequence
from datetime import datetime

from psycopg.errors import UniqueViolation
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.receipts import Delivery, Tally
from intake.decisions.verdicts import judge
from intake.operations import engagements, receipts
from intake.operations.composing import Batch, Reading, recorded
from intake.operations.erasures.late import mentioned, set_aside
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.looking_up import Known, look_up, looking_up
from intake.operations.recognising import settled
from intake.operations.restating import restate_by_evidence
from intake.operations.teaching import Lesson, teach
from intake.operations.texts import keep_texts, texts_of
from intake.operations.writing import Outcome, writing
from shared import failpoints, outbox
from shared.database import Database, Statement, together
from shared.ids import new_id

_SAVE = Statement("SAVEPOINT whole", {}, list)
_UNDO = text("ROLLBACK TO SAVEPOINT whole")


async def record_at_once(
    database: Database, deliveries: Sequence[Delivery], *, erasures: ErasureLedger, now: datetime
) -> list[Tally] | None:
    """As `record`, for the usual batch, in which nothing was typed and nobody known is changed: looked up and written by one statement
    each, the second a transaction of its own. None for any other, and where somebody else tells the same at this moment: nothing was
    written then."""
    batch = Batch.of(deliveries)
    if any(item.texts is not None for item in batch.items):
        return None
    fresh_ids = [new_id() for _ in batch.items]
    known = await database.at_once(looking_up(batch.acts, times=batch.times, mentioned=mentioned(deliveries, erasures), erasures=erasures))
    if erasures.learn(is_in_use=known.ledger_as_of is not None) or known.erased:
        return None
    verdicts = judge(batch.items, register=known.register, fresh_ids=fresh_ids)
    reading = Reading.of(batch.fresh(verdicts), known, owners=known.owners)
    if reading.gained or not reading.is_usual:
        return None
    tallies = batch.tallies(verdicts)
    outcome = _outcome(batch, reading, tallies, known, now=now)
    statement = writing(outcome, now=now)
    failpoints.reach("webhook.committing")
    try:
        written = await database.at_once(statement, rings=outbox.BELL if outcome.events else None)
    except UniqueViolation:
        return None
    return tallies if written else None


async def record(session: AsyncSession, deliveries: Sequence[Delivery], *, erasures: ErasureLedger, now: datetime) -> list[Tally]:
    """Keeps the deliveries and records what is fresh in them, with its events; gives each delivery's tally, in order."""
    batch = Batch.of(deliveries)
    fresh_ids = [new_id() for _ in batch.items]
    known = await look_up(session, batch.acts, times=batch.times, mentioned=mentioned(deliveries, erasures), erasures=erasures)
    if erasures.learn(is_in_use=known.ledger_as_of is not None):  # the first who was ever erased, by another process
        known = await look_up(session, batch.acts, times=batch.times, mentioned=mentioned(deliveries, erasures), erasures=erasures)
    if known.erased:
        without = set_aside(deliveries, batch.items, hits=known.erased, erasures=erasures, owners=known.owners)
        batch = Batch(without.deliveries, without.items, batch.acts, batch.times)
        await without.keep(session, now=now)
    verdicts = judge(batch.items, register=known.register, fresh_ids=fresh_ids)

    reading = Reading.of(batch.fresh(verdicts), known, owners=known.owners)
    told, tallies = reading.told, batch.tallies(verdicts)
    if not (reading.is_usual and await _is_written(session, _outcome(batch, reading, tallies, known, now=now), now=now)):
        owners = await settled(session, reading.keys, known.owners, since=known.ledger_as_of)
        reading = Reading.of(reading.fresh, known, owners=owners)
        told, lesson = reading.told, reading.lesson
        added = await engagements.add(session, told)
        if len(added) < len(told):  # somebody told the same at this very moment, and was first
            register = await engagements.told_before(session, batch.acts, but=added)
            verdicts = judge(batch.items, register=register, fresh_ids=fresh_ids)
            told = [engagement for engagement in told if engagement.id in added]
            lesson = Lesson.of(told, fresh=reading.fresh, recognition=reading.recognition, owners=owners)
        snapshots = await teach(session, lesson, now=now)
        tallies = batch.tallies(verdicts)
        await receipts.keep(session, batch.kept(tallies))
        await outbox.publish(session, [*snapshots, *(recorded(engagement, now=now) for engagement in told)])
    await keep_texts(session, texts_of(batch.deliveries, batch.items, verdicts, told=told, owners=known.owners), now=now)
    await restate_by_evidence(session, reading.gained, now=now)
    return tallies


async def _is_written(session: AsyncSession, outcome: Outcome, *, now: datetime) -> bool:
    """Writes a usual batch whole, or nothing of it: whether it did."""
    try:
        _, is_written = await together(session, _SAVE, writing(outcome, now=now))
    except UniqueViolation:
        await session.execute(_UNDO)
        return False
    if is_written and outcome.events:
        outbox.note_published(session)
    return bool(is_written)


def _outcome(batch: Batch, reading: Reading, tallies: Sequence[Tally], known: Known, *, now: datetime) -> Outcome:
    return reading.outcome(batch.kept(tallies), since=known.ledger_as_of, now=now)
