"""Puts items into reps' feeds, each once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.decisions.feed import FeedKind
from feedback.decisions.reports import Report, ReportKind
from shared.database import as_recordset
from shared.ids import new_id

_PUT = text(
    """
    INSERT INTO feed_items (id, rep_id, at, kind, subject_id, report_ids, decision_id, change_id, scope_ids, codes)
    SELECT id, rep_id, at, kind, subject_id, report_ids, decision_id, change_id, scope_ids, codes
    FROM json_to_recordset(CAST(:rows AS json)) AS item(
        id uuid, rep_id text, at timestamptz, kind text, subject_id text, report_ids uuid[], decision_id text, change_id text,
        scope_ids text[], codes jsonb
    )
    ON CONFLICT ON CONSTRAINT uq_feed_items_rep_id_kind_subject_id DO NOTHING
    RETURNING id
    """
)


@dataclass(frozen=True, slots=True)
class FeedItem:
    """Something to tell one rep about reports of theirs. The same rep is told of the same subject once per kind."""

    rep_id: str
    at: datetime
    kind: FeedKind
    subject_id: str
    report_ids: Sequence[UUID]
    codes: Mapping[str, Any]
    decision_id: str | None = None
    change_id: str | None = None
    scope_ids: Sequence[str] = ()


async def put_in_feed(session: AsyncSession, items: Sequence[FeedItem]) -> list[FeedItem]:
    """Puts items into their reps' feeds. Returns those that were new."""
    if not items:
        return []
    by_id = {str(new_id()): item for item in items}
    rows = [
        {
            "id": item_id,
            "rep_id": item.rep_id,
            "at": item.at,
            "kind": item.kind,
            "subject_id": item.subject_id,
            "report_ids": [str(report_id) for report_id in item.report_ids],
            "decision_id": item.decision_id,
            "change_id": item.change_id,
            "scope_ids": list(item.scope_ids),
            "codes": dict(item.codes),
        }
        for item_id, item in by_id.items()
    ]
    told = await session.scalars(_PUT, {"rows": as_recordset(rows)})
    return [by_id[str(item_id)] for item_id in told]


def heard(report: Report, *, now: datetime) -> FeedItem:
    """That a report was recorded."""
    return FeedItem(report.rep_id, now, "heard", str(report.id), [report.id], _names(report.kind, report.codes))


def refused(report: Report, *, reason: str, now: datetime) -> FeedItem:
    """That a report was not taken up, and why."""
    return FeedItem(report.rep_id, now, "refused", str(report.id), [report.id], {**_names(report.kind, report.codes), "reason": reason})


def _names(kind: ReportKind, codes: Mapping[str, Any]) -> dict[str, str]:
    match kind:
        case "outcome":
            return {"report_kind": kind, "about": codes["code"]}
        case "objection":
            return {"report_kind": kind, "about": codes["topic"]}
        case "insight":
            return {"report_kind": kind, "about": codes["kind"]}


def report_id_of(named: str) -> UUID | None:
    """The id of a report as an event names it; None for what can be no report of ours."""
    try:
        return UUID(named)
    except ValueError:
        return None
