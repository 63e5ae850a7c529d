"""Signalling: scopes that gained a report are judged again, under a lock, so that one decision opens however many batches arrive."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import assert_never
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.signals import Figures, Heard, JoinEvidence, LeaveAlone, OpenDecision, Rule, Scope, Standing, decide_signal
from reporting.operations.recording import say
from shared.bodies import utc_text
from shared.database import as_recordset
from shared.events import Event, loop
from shared.events.loop import DecisionOpened, ThemeEmerged
from shared.ids import new_id

_RULES = text("SELECT signal, objections_min, reps_min, growth_min, window_days, recommended, owner, due_days FROM signals ORDER BY signal")
_LOCK_SCOPES = text(
    "SELECT pg_advisory_xact_lock(key) FROM (SELECT key FROM unnest(CAST(:keys AS bigint[])) AS locked(key) ORDER BY key) AS in_order"
)
_CLOSE_REVIEWED = text("UPDATE decisions SET state = 'closed' WHERE state = 'decided' AND review_on < :today")
_HEARD = text(
    """
    SELECT o.brand_id, o.topic, c.specialty, o.report_id, o.rep_id, o.occurred_at
    FROM json_to_recordset(CAST(:scopes AS json)) AS s(brand_id text, topic text, specialty text)
    JOIN objections AS o ON o.brand_id = s.brand_id AND o.topic = s.topic AND o.occurred_at > :since
    JOIN contacts AS c ON c.contact_id = o.contact_id AND c.specialty = s.specialty
    """
)
# The row lock makes a person who decides just now go first or wait: no report joins a decision behind their back.
_STANDING = text(
    """
    SELECT d.decision_id, d.brand_id, d.topic, d.specialty, d.state,
           ARRAY(SELECT e.report_id FROM decision_evidence AS e WHERE e.decision_id = d.decision_id) AS evidence
    FROM json_to_recordset(CAST(:scopes AS json)) AS s(brand_id text, topic text, specialty text)
    JOIN decisions AS d ON d.brand_id = s.brand_id AND d.topic = s.topic AND d.specialty = s.specialty
    WHERE d.signal = :signal AND d.state <> 'closed'
    ORDER BY d.decision_id FOR UPDATE OF d
    """
)
_OPEN = text(
    """
    INSERT INTO decisions (decision_id, theme_id, signal, brand_id, topic, specialty, figures, recommended, owner, state, opened_at, due_at)
    VALUES (:decision_id, :theme_id, :signal, :brand_id, :topic, :specialty, CAST(:figures AS jsonb), :recommended, :owner, 'open',
            :now, :due_at)
    """
)
_JOIN = text(
    """
    INSERT INTO decision_evidence (decision_id, report_id, joined_at)
    SELECT :decision_id, report_id, :now FROM unnest(CAST(:report_ids AS text[])) AS joining(report_id)
    """
)
_UPDATE_FIGURES = text("UPDATE decisions SET figures = CAST(:figures AS jsonb) WHERE decision_id = :decision_id")


async def redecide(session: AsyncSession, causes: Mapping[Scope, Event], *, now: datetime) -> None:
    """Judges each scope by every signal, and opens decisions or joins evidence. `causes` are the events that made it necessary.

    What waited for the lock sees what the one before it committed, so the last of several batches sees all of their reports.
    """
    if not causes:
        return
    await session.execute(_LOCK_SCOPES, {"keys": [_lock_key(scope) for scope in causes]})
    await close_reviewed(session, today=now.astimezone(UTC).date())
    for rule in await _rules(session):
        heard = await _heard(session, causes, since=now - 2 * rule.window)
        standing = await _standing(session, rule, causes)
        for scope in sorted(causes):
            decision = decide_signal(rule, heard.get(scope, []), standing.get(scope), now=now)
            match decision:
                case OpenDecision():
                    await _open(session, rule, scope, decision, cause=causes[scope], now=now)
                case JoinEvidence():
                    await _join(session, decision, now=now)
                case LeaveAlone():
                    pass
                case _:
                    assert_never(decision)


async def close_reviewed(session: AsyncSession, *, today: date) -> int:
    """Closes every decided decision whose review day has passed. Returns how many."""
    closed = await session.execute(_CLOSE_REVIEWED, {"today": today})
    return int(closed.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it


async def _open(session: AsyncSession, rule: Rule, scope: Scope, decision: OpenDecision, *, cause: Event, now: datetime) -> None:
    theme_id, decision_id = new_id(), new_id()
    await session.execute(
        _OPEN,
        {
            "decision_id": decision_id,
            "theme_id": theme_id,
            "signal": rule.signal,
            "recommended": rule.recommended,
            "owner": rule.owner,
            "figures": _figures(decision.figures),
            "due_at": decision.due_at,
            "now": now,
            **asdict(scope),
        },
    )
    await session.execute(_JOIN, {"decision_id": decision_id, "report_ids": list(decision.report_ids), "now": now})
    emerged = _emerged(theme_id, rule, scope, decision, cause=cause, now=now)
    opened = DecisionOpened(
        decision_id=str(decision_id),
        theme_id=str(theme_id),
        signal=rule.signal,
        scope=loop.Scope(**asdict(scope)),
        report_ids=list(decision.report_ids),
        recommended=rule.recommended,
        owner=rule.owner,
        due_at=decision.due_at,
        opened_at=now,
    )
    await say(
        session,
        [emerged, Event.of(opened, occurred_at=now, recorded_at=now, correlation_id=theme_id, causation_id=emerged.id)],
        now=now,
    )


def _emerged(theme_id: UUID, rule: Rule, scope: Scope, decision: OpenDecision, *, cause: Event, now: datetime) -> Event:
    theme = ThemeEmerged(
        theme_id=str(theme_id),
        signal=rule.signal,
        scope=loop.Scope(**asdict(scope)),
        report_ids=list(decision.report_ids),
        count=decision.figures.count,
        reps=decision.figures.reps,
        previous=decision.figures.previous,
        first_seen=decision.figures.first_seen,
        emerged_at=now,
    )
    return Event.of(theme, occurred_at=now, recorded_at=now, correlation_id=theme_id, causation_id=cause.id)


async def _join(session: AsyncSession, joining: JoinEvidence, *, now: datetime) -> None:
    await session.execute(_JOIN, {"decision_id": joining.decision_id, "report_ids": list(joining.report_ids), "now": now})
    await session.execute(_UPDATE_FIGURES, {"decision_id": joining.decision_id, "figures": _figures(joining.figures)})


async def _rules(session: AsyncSession) -> list[Rule]:
    return [
        Rule(
            signal=row.signal,
            objections_min=row.objections_min,
            reps_min=row.reps_min,
            growth_min=float(row.growth_min),
            window=timedelta(days=row.window_days),
            recommended=row.recommended,
            owner=row.owner,
            due_in=timedelta(days=row.due_days),
        )
        for row in await session.execute(_RULES)
    ]


async def _heard(session: AsyncSession, scopes: Collection[Scope], *, since: datetime) -> dict[Scope, list[Heard]]:
    heard: dict[Scope, list[Heard]] = {}
    for row in await session.execute(_HEARD, {"scopes": _as_rows(scopes), "since": since}):
        scope = Scope(row.brand_id, row.topic, row.specialty)
        heard.setdefault(scope, []).append(Heard(row.report_id, row.rep_id, row.occurred_at))
    return heard


async def _standing(session: AsyncSession, rule: Rule, scopes: Collection[Scope]) -> dict[Scope, Standing]:
    rows = await session.execute(_STANDING, {"scopes": _as_rows(scopes), "signal": rule.signal})
    return {
        Scope(row.brand_id, row.topic, row.specialty): Standing(
            decision_id=row.decision_id, evidence=frozenset(row.evidence), is_decided=row.state == "decided"
        )
        for row in rows
    }


def _as_rows(scopes: Collection[Scope]) -> str:
    return as_recordset([asdict(scope) for scope in sorted(scopes)])


def _figures(figures: Figures) -> str:
    first_seen = figures.first_seen and utc_text(figures.first_seen)
    return orjson.dumps({**asdict(figures), "first_seen": first_seen}).decode()


def _lock_key(scope: Scope) -> int:
    digest = blake2b("\x1f".join((scope.brand_id, scope.topic, scope.specialty)).encode(), digest_size=8)
    return int.from_bytes(digest.digest(), signed=True)
