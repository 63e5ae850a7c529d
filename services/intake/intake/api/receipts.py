"""What came in, and what became of each item: for the marketer who wonders, and the auditor who must know."""

import base64
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.routing import Match
from starlette.types import Scope

from intake.decisions.receipts import Door
from intake.decisions.signatures import Trust
from intake.decisions.stages import Stage, stage_of
from intake.decisions.verdicts import Outcome
from intake.queries.receipt_search import ReceiptFilter, VerdictFilter, list_receipts
from intake.queries.received import find_receipt, redactions_of
from intake.tables import Receipt, ReceiptItem
from shared import problems
from shared.auth import Identity, reading
from shared.bodies import Answer, Code, Id, Moment
from shared.database import Database
from shared.paging import Listing, Page, PageRequest
from shared.routes import StrictRoute

_RECEIPTS = Listing("receipts", datetime, UUID)


class _ReceiptRoute(StrictRoute):
    """An address of receipts. `/receipts/reprocess` is one of its own: no receipt is called that."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        return (Match.NONE, {}) if found.get("path_params", {}).get("receipt_id") == "reprocess" else (match, found)


class ReceiptAnswer(Answer):
    """A receipt and its counts. `proof`: what a platform's was worth, null where a token was; `conflict`: an item contradicts what its
    platform told before; `reprocessed_at`: when it was last read again, null if never, and `times_reprocessed` how often;
    `redacted`: somebody who was erased was cut out of its body."""

    id: UUID
    door: Door
    source: str | None
    proof: Trust | None
    received_at: Moment
    accepted: int
    duplicate: int
    ignored: int
    rejected: int
    conflict: bool
    reprocessed_at: Moment | None
    times_reprocessed: int
    redacted: bool


class ItemAnswer(Answer):
    """What became of one item, counted from 0. `stage`: where it stands in quarantine, null unless it was rejected. `engagement_id` is
    the engagement it made, repeated or contradicts."""

    position: int
    verdict: Outcome
    type: str | None
    reason: str | None
    stage: Stage | None
    detail: str | None
    engagement_id: UUID | None


class ReceiptDetailAnswer(ReceiptAnswer):
    """A receipt with its items. `body_base64` is what came in, byte for byte, `headers` those it can't be read without: null to those who
    may not read it. `original_sha256` is of the body as it came, if it was redacted since."""

    items: list[ItemAnswer]
    original_sha256: str | None
    headers: dict[str, list[str]] | None
    body_base64: str | None


async def _chosen(
    source: Id | None = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Moment | None = None,
    verdict: VerdictFilter | None = None,
    stage: Stage | None = None,
    reason: Code | None = None,
    contact_id: Id | None = None,
) -> ReceiptFilter:
    return ReceiptFilter(source, since, until, verdict, stage, reason, contact_id)


def routes(database: Database) -> APIRouter:
    """`GET /v1/receipts` and `GET /v1/receipts/{id}`."""
    router = APIRouter(prefix="/v1", route_class=_ReceiptRoute, tags=["receipts"])

    @router.get("/receipts", dependencies=[reading("marketing", "admin")])
    async def get_receipts(
        page: Annotated[PageRequest, Depends(_RECEIPTS.request)], chosen: Annotated[ReceiptFilter, Depends(_chosen)]
    ) -> Page[ReceiptAnswer]:
        """Receipts, newest first: those of a source, received `from` and before `until`, with at least one item that ended so (`verdict`),
        that was rejected at that `stage` or for that `reason`, with an engagement of that contact."""
        async with database.reading() as session:
            rows = await list_receipts(session, chosen, after=page.after, limit=page.fetch)
            redacted = await redactions_of(session, [row.id for row in rows])
        return _RECEIPTS.page(rows, page, key=lambda row: (row.received_at, row.id), item=partial(_receipt_answer, redacted=redacted))

    @router.get("/receipts/{receipt_id}")
    async def get_receipt(receipt_id: UUID, identity: Annotated[Identity, reading("marketing", "admin")]) -> ReceiptDetailAnswer:
        """One receipt and what became of each item in it."""
        async with database.reading() as session:
            found = await find_receipt(session, receipt_id)
            redacted = await redactions_of(session, [receipt_id])
        if found is None:
            raise problems.not_found("There is no receipt with this id.")
        return detail_answer(*found, redacted=redacted, with_body=identity.has("admin") or identity.has("auditor"))

    return router


def _receipt_answer(row: Receipt, *, redacted: Collection[UUID]) -> ReceiptAnswer:
    return ReceiptAnswer.model_validate({**_counts(row), "redacted": row.id in redacted})


def detail_answer(row: Receipt, items: Sequence[ReceiptItem], *, redacted: Mapping[UUID, bytes], with_body: bool) -> ReceiptDetailAnswer:
    """A receipt with its items, as whoever asks may see it."""
    told = [
        ItemAnswer.model_validate(
            {
                "position": item.position,
                "verdict": item.outcome,
                "type": item.vendor_type,
                "reason": item.reason,
                "stage": stage_of(item.reason) if item.outcome == "rejected" else None,
                "detail": item.detail,
                "engagement_id": item.engagement_id,
            }
        )
        for item in items
    ]
    body = base64.b64encode(row.body).decode() if with_body else None
    headers = row.headers if with_body else None
    original = redacted.get(row.id)
    cut = {"redacted": original is not None, "original_sha256": None if original is None else original.hex()}
    return ReceiptDetailAnswer.model_validate({**_counts(row), **cut, "items": told, "headers": headers, "body_base64": body})


def _counts(row: Receipt) -> dict[str, object]:
    return {
        "id": row.id,
        "door": row.door,
        "source": row.source,
        "proof": row.proof if row.door == "webhook" else None,
        "received_at": row.received_at,
        "accepted": row.accepted,
        "duplicate": row.duplicate,
        "ignored": row.ignored,
        "rejected": row.rejected,
        "conflict": row.has_conflict,
        "reprocessed_at": row.reprocessed_at,
        "times_reprocessed": row.times_reprocessed,
    }
