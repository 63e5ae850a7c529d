"""Reading receipts again: after a mapping was mended, a setting changed, or a later version reads what an earlier one could not."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query
from pydantic import Field

from intake.api.receipts import ReceiptDetailAnswer, detail_answer
from intake.decisions.reprocessing import Ending
from intake.decisions.stages import Stage
from intake.decisions.verdicts import Outcome
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.reprocessing import Report, Reprocessing
from intake.queries.receipt_search import ReceiptFilter, VerdictFilter
from intake.queries.received import find_receipt, redactions_of
from shared import problems
from shared.auth import Identity, require
from shared.bodies import Answer, Body, Code, Flag, Id, Moment
from shared.database import Database
from shared.paging import CURSOR_CHARS_MAX, Listing
from shared.routes import StrictRoute

_ORDER = Listing("reprocessing", datetime, UUID)
_LEFT_MAX = 100

_log = structlog.get_logger()


class RangeBody(Body):
    """Which receipts are read again: as `GET /v1/receipts` finds them. `dry_run` says only what would become of them."""

    source: Id | None = None
    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Moment | None = None
    verdict: VerdictFilter | None = None
    stage: Stage | None = None
    reason: Code | None = None
    contact_id: Id | None = None
    dry_run: Flag = True

    @property
    def chosen(self) -> ReceiptFilter:
        """The receipts meant."""
        return ReceiptFilter(self.source, self.since, self.until, self.verdict, self.stage, self.reason, self.contact_id)


class EndingAnswer(Answer):
    """How an item ended."""

    verdict: Outcome
    reason: str | None


class ShiftAnswer(Answer):
    """So many `items` ended otherwise before; null where there was, or is, no such item."""

    before: EndingAnswer | None
    after: EndingAnswer | None
    items: int


class ReprocessedAnswer(Answer):
    """What became of the receipts looked at, or, in a dry run, what would.

    `becomes` counts the items that end otherwise than before by how they end now, `shifts` tells them apart by what they were;
    `unchanged` are all others. `left` are receipts that stay as they are (how many, and the first hundred): an engagement of theirs is
    not found again in the new reading, their source can't be read, or recording failed. `next_cursor` asks for those after them; null at
    the end.
    """

    dry_run: bool
    receipts: int
    becomes: dict[Outcome, int]
    unchanged: int
    shifts: list[ShiftAnswer]
    left: int
    left_ids: list[UUID]
    next_cursor: str | None


def routes(database: Database, erasures: ErasureLedger) -> APIRouter:
    """`POST /v1/receipts/reprocess` and `POST /v1/receipts/{id}/reprocess`."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["receipts"])
    reprocessing = Reprocessing(database, erasures)

    @router.post("/receipts/reprocess")
    async def reprocess_range(
        body: RangeBody,
        identity: Annotated[Identity, require("admin")],
        cursor: Annotated[str | None, Query(max_length=CURSOR_CHARS_MAX)] = None,
    ) -> ReprocessedAnswer:
        """Reads receipts again, oldest first, for some seconds; ask on with `next_cursor`. By default only says what would change."""
        after = None if cursor is None else _ORDER.key_in(cursor)
        report = await reprocessing.range(body.chosen, after=after, dry_run=body.dry_run)
        if not body.dry_run:
            _log.info("receipts read again", receipts=report.receipts, left=len(report.left), by=identity.sub)
        return _answer(report, dry_run=body.dry_run)

    @router.post("/receipts/{receipt_id}/reprocess")
    async def reprocess_one(receipt_id: UUID, identity: Annotated[Identity, require("admin")]) -> ReceiptDetailAnswer:
        """Reads a receipt again, with its source as it is now; what it says since."""
        report = await reprocessing.one(receipt_id)
        if report.left:
            raise problems.conflict(
                "The receipt stays as it is: an engagement of it is not found again as its source is read now, that can't be read here, "
                "or nothing is left of it."
            )
        async with database.reading() as session:
            found = await find_receipt(session, receipt_id)
            redacted = await redactions_of(session, [receipt_id])
        if found is None:
            raise problems.not_found("There is no receipt with this id.")
        _log.info("a receipt read again", receipt_id=str(receipt_id), by=identity.sub)
        return detail_answer(*found, redacted=redacted, with_body=True)

    return router


def _answer(report: Report, *, dry_run: bool) -> ReprocessedAnswer:
    becomes: dict[Outcome, int] = {"accepted": 0, "duplicate": 0, "ignored": 0, "rejected": 0}
    for (_, after), count in report.shifts.items():
        if after is not None:
            becomes[after[0]] += count
    return ReprocessedAnswer(
        dry_run=dry_run,
        receipts=report.receipts,
        becomes=becomes,
        unchanged=report.unchanged,
        shifts=[
            ShiftAnswer(before=_ending(before), after=_ending(after), items=count) for (before, after), count in report.shifts.most_common()
        ],
        left=len(report.left),
        left_ids=report.left[:_LEFT_MAX],
        next_cursor=None if report.after is None else _ORDER.cursor_of(report.after),
    )


def _ending(ending: Ending | None) -> EndingAnswer | None:
    return None if ending is None else EndingAnswer(verdict=ending[0], reason=ending[1])
