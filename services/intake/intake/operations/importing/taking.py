"""Taking some rows of a file by the very operations the API has for them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.acts import Act
from intake.decisions.receipts import Delivery
from intake.imported import ImportedRow, RefusedRow
from intake.operations.directory import upsert_contacts
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.importing.file import File
from intake.operations.recording import record
from intake.posted import fault_of, items_posted
from shared.ids import new_id
from shared.upserts import Rows


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of some rows: counts by the columns of an import, and those refused, whole or some of their fields."""

    counts: dict[str, int] = field(default_factory=dict)
    refused: Sequence[RefusedRow] = ()


async def take(session: AsyncSession, file: File, rows: Sequence[ImportedRow], *, erasures: ErasureLedger, now: datetime) -> Taken:
    """Takes the rows that can be taken."""
    if not rows:
        return Taken()
    match file.kind:
        case "contacts":
            return await _take_contacts(session, file, rows, erasures=erasures, now=now)
        case "engagements":
            return await _take_engagements(session, file, rows, erasures=erasures, now=now)
        case _:
            assert_never(file.kind)


async def _take_contacts(
    session: AsyncSession, file: File, rows: Sequence[ImportedRow], *, erasures: ErasureLedger, now: datetime
) -> Taken:
    read = Rows(good=[(row.number, row.model) for row in rows], rejected=[])
    verdict = await upsert_contacts(session, read, correlation_id=file.import_id, erasures=erasures, now=now)
    return Taken(
        {"created": verdict.created, "updated": verdict.updated, "unchanged": verdict.unchanged, "rejected": len(verdict.rejected)},
        [
            *(RefusedRow(one.row, one.errors) for one in verdict.rejected),
            *(RefusedRow(one.row, one.errors) for one in verdict.left_out),
        ],
    )


async def _take_engagements(
    session: AsyncSession, file: File, rows: Sequence[ImportedRow], *, erasures: ErasureLedger, now: datetime
) -> Taken:
    acts = [_flagged(row.model.act(), file) for row in rows]
    [tally] = await record(session, [_delivery(rows, acts, now=now)], erasures=erasures, now=now)
    refused = [
        RefusedRow(row.number, [fault_of(verdict)])
        for row, verdict in zip(rows, tally.verdicts, strict=True)
        if verdict.outcome == "rejected"
    ]
    counts = tally.counts
    return Taken({name: counts[name] for name in ("accepted", "duplicate", "rejected")}, refused)


def _flagged(act: Act, file: File) -> Act:
    return replace(act, flags=tuple(dict.fromkeys([*act.flags, *file.flags])))


def _delivery(rows: Sequence[ImportedRow], acts: Sequence[Act], *, now: datetime) -> Delivery:
    """As if they had been posted in an array: so their receipt can be read again as one."""
    sources = {act.source for act in acts}
    return Delivery(
        receipt_id=new_id(),
        door="engagements",
        source=sources.pop() if len(sources) == 1 else None,
        brand_id=None,
        body=orjson.dumps([{**row.value, "flags": act.flags} for row, act in zip(rows, acts, strict=True)]),
        received_at=now,
        items=acts,
        read=items_posted,
    )
