"""Reading kept receipts again, with their sources as they are now: in the order of receipt, in bounded transactions, once or often.

A range is worked off for a few seconds at a time; whoever asked is told where to go on. Nothing is remembered in between, and nothing
need be: a receipt that is read again twice is as one that was read again once.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.acts import Act, Item
from intake.decisions.handing_over import pieces
from intake.decisions.mappings.trials import Kept, items_of
from intake.decisions.receipts import Delivery, Tally
from intake.decisions.reprocessing import Alias, Alignment, Ending, Standing, aligned, shifts
from intake.decisions.source_flags import LIVE
from intake.decisions.verdicts import Recorded, Register, Verdict, bounded, judge
from intake.operations.erasures.late import set_aside
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.looking_up import Known, look_up
from intake.operations.recording import record
from intake.operations.standing import KeptReceipt, add_aliases, keep_again, lock_receipts, read_receipts, standing_items
from intake.operations.texts import Text, keep_texts
from intake.platforms import ConnectedSource, UnknownPlatform
from intake.posted import items_posted
from intake.queries.receipt_search import Place, ReceiptFilter, next_receipts
from intake.queries.received import all_sources, redactions_of
from shared.database import Database, is_weather
from shared.ids import new_id

_log = structlog.get_logger()

Sources = Mapping[str, ConnectedSource]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is read again in one transaction, and for how long a call goes on beginning another: less than a leaving process grants."""

    batch_receipts: int = 100
    batch_bytes: int = 1024 * 1024
    call_seconds: float = 5.0


_BOUNDS = Bounds()


@dataclass(slots=True)
class Report:
    """What became of receipts that were read again, or would: `shifts` counts items by how they ended before and end now.

    `left` were left as they are: an engagement of theirs can't be found again in the new reading, their source can't be read, or
    recording them failed, or nothing is left of them since somebody was erased.
    """

    receipts: int = 0
    left: list[UUID] = field(default_factory=list)
    unchanged: int = 0
    shifts: Counter[tuple[Ending | None, Ending | None]] = field(default_factory=Counter)
    after: Place | None = None

    def add(self, readings: Sequence["_Reading"], tallies: Sequence[Tally]) -> None:
        """Counts receipts with what stands on them now."""
        for reading, tally in zip(readings, tallies, strict=True):
            moved = shifts(reading.standing, reading.alignment, tally.verdicts)
            self.receipts += 1
            self.shifts += moved
            self.unchanged += len(tally.verdicts) - sum(count for (_, after), count in moved.items() if after is not None)

    def leave(self, receipt_ids: Sequence[UUID]) -> None:
        """Counts receipts that are left as they are."""
        self.receipts += len(receipt_ids)
        self.left += receipt_ids


@dataclass(frozen=True, slots=True)
class _Reading:
    """A receipt read again, and what that means for what stands on it."""

    receipt: KeptReceipt
    standing: Sequence[Standing]
    alignment: Alignment


class Reprocessing:
    """Reads receipts of one database again."""

    def __init__(self, database: Database, erasures: ErasureLedger, bounds: Bounds = _BOUNDS) -> None:
        self._database = database
        self._erasures = erasures
        self._bounds = bounds

    async def one(self, receipt_id: UUID) -> Report:
        """Reads one receipt again. Raises what recording it raises."""
        return await self._record([receipt_id], await self._sources())

    async def range(self, chosen: ReceiptFilter, *, after: Place | None, dry_run: bool) -> Report:
        """Reads the chosen receipts again, or only says what would become of them; `Report.after` is where to go on, None at the end."""
        sources, report, carried = await self._sources(), Report(after=after), dict[tuple[str, str], Recorded]()
        bounds, deadline = self._bounds, time.monotonic() + self._bounds.call_seconds
        while True:
            async with self._database.reading() as session:
                places = await next_receipts(session, chosen, after=report.after, limit=bounds.batch_receipts, bytes_max=bounds.batch_bytes)
            if not places:
                report.after = None
                return report
            receipt_ids = [receipt_id for _, receipt_id in places]
            found = await (self._try(receipt_ids, sources, carried) if dry_run else self._record_what_can_be(receipt_ids, sources))
            _join(report, found)
            report.after = places[-1]
            if time.monotonic() > deadline:
                return report

    async def _sources(self) -> Sources:
        async with self._database.reading() as session:
            stored = await all_sources(session)
        connected: dict[str, ConnectedSource] = {}
        for name, source in stored.items():
            try:
                connected[name] = ConnectedSource.of(source)
            except UnknownPlatform:
                _log.warning("receipts of a source are left: this version doesn't know its platform", source=name)
        return connected

    async def _record_what_can_be(self, receipt_ids: Sequence[UUID], sources: Sources) -> Report:
        """All in one transaction; if that fails for what is in them each in its own, so that a bad one takes no other along."""
        try:
            return await self._record(receipt_ids, sources)
        except Exception as error:
            if is_weather(error):
                raise
            if len(receipt_ids) == 1:
                _log.error("a receipt can't be recorded anew", receipt_id=str(receipt_ids[0]), exc_info=error)
                report = Report()
                report.leave(receipt_ids)
                return report
        report = Report()
        for receipt_id in receipt_ids:
            _join(report, await self._record_what_can_be([receipt_id], sources))
        return report

    async def _record(self, receipt_ids: Sequence[UUID], sources: Sources) -> Report:
        report, now = Report(), datetime.now(UTC)
        async with self._database.transaction() as session:
            readings = await _read(session, await lock_receipts(session, receipt_ids), sources, report)
            await add_aliases(session, _aliases(readings))
            judged = await record(session, [_delivery(reading, sources) for reading in readings], erasures=self._erasures, now=now)
            tallies = [_tally(reading, tally.verdicts) for reading, tally in zip(readings, judged, strict=True)]
            await keep_again(session, tallies, now=now)
            await keep_texts(session, [text for reading in readings for text in _texts_of_engagements(reading)], now=now)
        report.add(readings, tallies)
        return report

    async def _try(self, receipt_ids: Sequence[UUID], sources: Sources, carried: dict[tuple[str, str], Recorded]) -> Report:
        """What would become of them; `carried` are the acts earlier batches of the same try would have recorded."""
        report = Report()
        async with self._database.reading() as session:
            readings = await _read(session, await read_receipts(session, receipt_ids), sources, report)
            deliveries = [_delivery(reading, sources) for reading in readings]
            items, known = await self._known(session, deliveries)
        aliases = {_identity(alias.act): Recorded(alias.engagement_id, alias.act.fingerprint) for alias in _aliases(readings)}
        carried |= {identity: recorded for identity, recorded in aliases.items() if identity not in carried}
        register = Register({**carried, **known.register.by_identity}, known.register.by_id)
        verdicts = judge(items, register=register, fresh_ids=[new_id() for _ in items])
        for verdict in verdicts:
            if verdict.act is not None and verdict.engagement_id is not None:
                carried[_identity(verdict.act)] = Recorded(verdict.engagement_id, verdict.act.fingerprint)
        pending = iter(verdicts)
        report.add(readings, [_tally(reading, [next(pending) for _ in reading.alignment.to_judge]) for reading in readings])
        return report

    async def _known(self, session: AsyncSession, deliveries: Sequence[Delivery]) -> tuple[Sequence[Item], Known]:
        """The items of the deliveries, without those of somebody who was forgotten, and what is known of them."""
        items = [item for delivery in deliveries for item in delivery.items]
        acts = [item for item in items if isinstance(item, Act)]
        times = [item.occurred_at or delivery.received_at for delivery in deliveries for item in delivery.items if isinstance(item, Act)]
        known = await look_up(session, acts, times=times, mentioned=(), erasures=self._erasures)
        if self._erasures.learn(is_in_use=known.ledger_as_of is not None):
            known = await look_up(session, acts, times=times, mentioned=(), erasures=self._erasures)
        if known.erased:
            items = set_aside(deliveries, items, hits=known.erased, erasures=self._erasures, owners=known.owners).items
        return items, known


async def _read(session: AsyncSession, receipts: Sequence[KeptReceipt], sources: Sources, report: Report) -> list[_Reading]:
    """The receipts read again; those that must be left as they are the report is told."""
    standing = await standing_items(session, [receipt.id for receipt in receipts])
    redacted = await redactions_of(session, [receipt.id for receipt in receipts])
    found = await asyncio.to_thread(lambda: [_items(receipt, sources) for receipt in receipts])
    readings = []
    for receipt, items in zip(receipts, found, strict=True):
        is_gone = receipt.id in redacted and not receipt.body
        alignment = None if items is None or is_gone else aligned(standing.get(receipt.id, []), items)
        if alignment is None:
            report.leave([receipt.id])
        else:
            readings.append(_Reading(receipt, standing.get(receipt.id, []), alignment))
    return readings


def _items(receipt: KeptReceipt, sources: Sources) -> list[Item] | None:
    """What is in a receipt, by its source as it is now; None if nobody here can read for that source."""
    if receipt.door == "engagements":
        return [bounded(item, received_at=receipt.received_at) for item in items_posted(receipt.body)]
    source = sources.get(receipt.source or "")
    if source is None:
        return None
    return items_of(Kept(receipt.body, receipt.headers, receipt.received_at), source.adapter, source.facts)


def _delivery(reading: _Reading, sources: Sources) -> Delivery:
    """What is to be judged of a receipt, as if it came now, at the time it came."""
    receipt = reading.receipt
    source = sources.get(receipt.source or "") if receipt.door == "webhook" else None
    return Delivery(
        receipt_id=receipt.id,
        door=receipt.door,
        source=receipt.source,
        brand_id=source.stored.settings.brand_id if source is not None else None,
        body=receipt.body,
        received_at=receipt.received_at,
        items=reading.alignment.to_judge,
        flags=source.stored.settings.flags if source is not None else LIVE,
        on_record=True,
    )


def _texts_of_engagements(reading: _Reading) -> list[Text]:
    """What people typed as it is found now, in items that stay what they are; which of it was told before is told apart there."""
    receipt = reading.receipt
    if receipt.source is None:
        return []
    return [
        Text(new_id(), piece, stays.contact_id)
        for stays, item in reading.alignment.staying
        for piece in pieces(receipt.id, receipt.source, receipt.received_at, item)
    ]


def _aliases(readings: Sequence[_Reading]) -> list[Alias]:
    return [alias for reading in readings for alias in reading.alignment.aliases]


def _identity(act: Act) -> tuple[str, str]:
    return act.source, act.identity


def _tally(reading: _Reading, judged: Sequence[Verdict]) -> Tally:
    return Tally(reading.receipt.id, reading.alignment.merged(judged))


def _join(report: Report, found: Report) -> None:
    report.receipts += found.receipts
    report.left += found.left
    report.unchanged += found.unchanged
    report.shifts += found.shifts
