"""Texts typed at marketing's door, sealed by intake: opened and triaged, a case where one is due, the verdict told."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.decisions.triage import triage
from feedback.decisions.typed_texts import OpenedText, Verdict, text_in, verdict_of
from feedback.operations.guard import Mention, open_cases_within
from shared.database import as_recordset
from shared.events import Event
from shared.events.texts import TextReceived, TextTriaged
from shared.outbox import publish
from shared.sealing import KeyGone, OpeningKey, opened

_log = structlog.get_logger()

_KEYS = text("SELECT key_id, private FROM text_keys WHERE key_id = ANY (CAST(:key_ids AS text[]))")
_KNOWN = text("SELECT text_id, verdict, triaged_at FROM triaged_texts WHERE text_id = ANY (CAST(:text_ids AS uuid[]))")
_NOTE = text(
    """
    INSERT INTO triaged_texts (text_id, verdict, triaged_at)
    SELECT text_id, verdict, triaged_at
    FROM json_to_recordset(CAST(:rows AS json)) AS r(text_id uuid, verdict text, triaged_at timestamptz)
    ON CONFLICT DO NOTHING
    """
)


async def follow_texts(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """Triages texts and tells each verdict, again for one that was triaged before.

    A text whose key is gone is passed over: intake tells it again under another. Raises `Unopenable` and `NoText` for one that nobody
    at intake can have sealed.
    """
    received = {UUID(fact.text_id): (event, fact) for event in events if isinstance(fact := event.fact, TextReceived)}
    known = {row.text_id: row for row in await session.execute(_KNOWN, {"text_ids": list(received)})}
    keys = {
        row.key_id: OpeningKey(row.key_id, row.private)
        for row in await session.execute(_KEYS, {"key_ids": list({fact.key_id for _, fact in received.values()})})
    }
    told: list[tuple[Event, TextTriaged]] = []
    fresh: list[dict[str, object]] = []
    for text_id, (event, fact) in sorted(received.items()):
        if text_id in known:
            told.append((event, _triaged(fact, known[text_id].verdict, known[text_id].triaged_at)))
            continue
        try:
            found = text_in(opened(fact.sealed, key_id=fact.key_id, keys=keys))
        except KeyGone:
            _log.warning("a text's key is gone; intake tells it again under another", text_id=fact.text_id)
            continue
        verdict = await _triage(session, event, fact, found, now=now)
        fresh.append({"text_id": text_id, "verdict": verdict, "triaged_at": now})
        told.append((event, _triaged(fact, verdict, now)))
    if fresh:
        await session.execute(_NOTE, {"rows": as_recordset(fresh)})
    await publish(session, [_event(fact, cause=event, now=now) for event, fact in told])


async def _triage(session: AsyncSession, event: Event, fact: TextReceived, found: OpenedText, *, now: datetime) -> Verdict:
    """The verdict on a text, its cases being opened. Who is responsible has known since the receipt: that is when the case came in."""
    result = triage(adverse_event=False, medical_question=False, text=found.words)
    mention = Mention(
        report_id=UUID(fact.text_id),
        repetition_key=found.origin,
        sub=f"source:{found.source}",
        rep_id=None,
        lead_id=None,
        contact_id=fact.contact_id,
        brand_id=None,
        occurred_at=None,
        received_at=fact.awareness_at,
        text=found.statement,
    )
    await open_cases_within(session, mention, result, correlation_id=event.correlation_id, causation_id=event.id, now=now)
    return verdict_of(result)


def _triaged(fact: TextReceived, verdict: Verdict, triaged_at: datetime) -> TextTriaged:
    return TextTriaged(text_id=fact.text_id, receipt_id=fact.receipt_id, contact_id=fact.contact_id, verdict=verdict, triaged_at=triaged_at)


def _event(fact: TextTriaged, *, cause: Event, now: datetime) -> Event:
    return Event.of(fact, occurred_at=fact.triaged_at, recorded_at=now, correlation_id=cause.correlation_id, causation_id=cause.id)
