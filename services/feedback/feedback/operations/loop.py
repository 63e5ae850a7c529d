"""Tells reps what became of what they reported: grouped into a theme, decided on, answered by a change."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.operations.feed import FeedItem, put_in_feed, report_id_of
from shared.database import as_recordset
from shared.events import Event
from shared.events.feedback import RepTold
from shared.events.loop import ChangePublished, DecisionDecided, DecisionOpened, Scope, ThemeEmerged
from shared.outbox import publish

_PUT_SCOPES = text(
    """
    INSERT INTO loop_scopes (id, brand_id, topic, specialty)
    SELECT id, brand_id, topic, specialty
    FROM json_to_recordset(CAST(:rows AS json)) AS scope(id text, brand_id text, topic text, specialty text)
    ON CONFLICT ON CONSTRAINT pk_loop_scopes DO NOTHING
    """
)
_REPORTERS = text(
    """
    SELECT report.id, report.rep_id
    FROM reports AS report
    WHERE report.state = 'recorded' AND report.id IN (SELECT id FROM json_to_recordset(CAST(:rows AS json)) AS wanted(id uuid))
    ORDER BY report.id
    """
)

_Telling = ThemeEmerged | DecisionDecided | ChangePublished


async def follow_loop(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """Puts into each rep's feed what rests on reports of theirs, and states `rep.told` once per rep and change.

    Events may come in any order: what is said of a change needs no theme or decision to have come first.
    """
    await _keep_scopes(session, events)
    telling = [(event, event.fact) for event in events if isinstance(event.fact, _Telling)]
    reporters = await _reporters(session, {report_id for _, fact in telling for report_id in fact.report_ids})
    items: list[FeedItem] = []
    causes: dict[str, Event] = {}
    for event, fact in telling:
        for rep_id, report_ids in _by_rep(fact.report_ids, reporters).items():
            items.append(_item(fact, rep_id=rep_id, report_ids=report_ids, now=now))
        if isinstance(fact, ChangePublished):
            causes.setdefault(fact.change_id, event)
    told = await put_in_feed(session, items)
    await publish(session, [_rep_told(item, causes[item.change_id], now=now) for item in told if item.change_id is not None])


def _item(fact: _Telling, *, rep_id: str, report_ids: Sequence[UUID], now: datetime) -> FeedItem:
    match fact:
        case ThemeEmerged():
            codes: dict[str, Any] = {"count": fact.count, "reps": fact.reps}
            return FeedItem(rep_id, now, "grouped", fact.theme_id, report_ids, codes, scope_ids=[fact.theme_id])
        case DecisionDecided():
            codes = {"choice": fact.choice, "reason_code": fact.reason_code}
            return FeedItem(
                rep_id, now, "decided", fact.decision_id, report_ids, codes, decision_id=fact.decision_id, scope_ids=[fact.decision_id]
            )
        case ChangePublished():
            codes = {"change_kind": fact.kind, "asset_id": fact.asset_id, "campaign_id": fact.campaign_id}
            scope_ids = [*([fact.decision_id] if fact.decision_id else []), *fact.answers]
            return FeedItem(
                rep_id,
                now,
                "changed",
                fact.change_id,
                report_ids,
                codes,
                decision_id=fact.decision_id,
                change_id=fact.change_id,
                scope_ids=scope_ids,
            )


def _rep_told(item: FeedItem, cause: Event, *, now: datetime) -> Event:
    fact = RepTold(
        rep_id=item.rep_id,
        report_ids=[str(report_id) for report_id in item.report_ids],
        change_id=item.subject_id,
        decision_id=item.decision_id,
        kind=item.codes["change_kind"],
        told_at=now,
    )
    return Event.of(fact, occurred_at=now, recorded_at=now, correlation_id=cause.correlation_id, causation_id=cause.id)


async def _keep_scopes(session: AsyncSession, events: Sequence[Event]) -> None:
    scopes: dict[str, Scope] = {}
    for event in events:
        match event.fact:
            case ThemeEmerged() as theme:
                scopes[theme.theme_id] = theme.scope
            case DecisionOpened() | DecisionDecided() as decision:
                scopes[decision.decision_id] = decision.scope
            case _:
                continue  # a change names what it answers instead
    rows = [{"id": key, **scope.model_dump(include={"brand_id", "topic", "specialty"})} for key, scope in sorted(scopes.items())]
    await session.execute(_PUT_SCOPES, {"rows": as_recordset(rows)})


async def _reporters(session: AsyncSession, report_ids: Iterable[str]) -> Mapping[UUID, str]:
    """Who reported each of the reports; those we don't know are left out."""
    wanted = {known for report_id in report_ids if (known := report_id_of(report_id)) is not None}
    rows = await session.execute(_REPORTERS, {"rows": as_recordset([{"id": str(report_id)} for report_id in sorted(wanted)])})
    return {row.id: row.rep_id for row in rows}


def _by_rep(report_ids: Iterable[str], reporters: Mapping[UUID, str]) -> dict[str, list[UUID]]:
    """The reports that are known, by who reported them."""
    by_rep: dict[str, list[UUID]] = {}
    for report_id in dict.fromkeys(report_ids):
        known = report_id_of(report_id)
        if known is not None and known in reporters:
            by_rep.setdefault(reporters[known], []).append(known)
    return by_rep
