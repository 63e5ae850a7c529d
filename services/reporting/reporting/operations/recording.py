"""Recording: what every event leaves behind besides its own effect, an entry in the journal and a delivery for whoever asked for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.journal import noted
from reporting.decisions.webhooks import Subscription, Webhook, contact_of, webhooks_for
from shared import tracing
from shared.database import as_recordset, ring
from shared.events import Event
from shared.outbox import publish

BELL = "deliveries"
"""Rings when webhooks were queued."""

_NOTE = text(
    """
    INSERT INTO journal (event_id, event_type, service, correlation_id, causation_id, occurred_at, recorded_at, contact_id,
                         subjects, rests_on, summary, is_test)
    SELECT event_id, event_type, service, correlation_id, causation_id, occurred_at, recorded_at, contact_id, subjects, rests_on, summary,
           is_test
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(event_id uuid, event_type text, service text, correlation_id uuid, causation_id uuid, occurred_at timestamptz,
             recorded_at timestamptz, contact_id text, subjects text[], rests_on text[], summary text, is_test boolean)
    ON CONFLICT (event_id) DO NOTHING
    """
)
_SUBSCRIPTIONS = text("SELECT name, source, events, filter FROM subscriptions WHERE events && CAST(:types AS text[]) ORDER BY name")
_EXTERNAL_IDS = text("SELECT contact_id, external_ids FROM contacts WHERE contact_id = ANY (:contact_ids)")
# Subscribers who are disabled just now keep their place: what happens meanwhile waits for them.
_QUEUE = text(
    """
    INSERT INTO deliveries (subscription, event_id, event_type, key, body, state, attempts, created_at, next_attempt_at, traceparent)
    SELECT subscription, event_id, event_type, key, body, 'pending', 0, :now, :now, traceparent
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(subscription text, event_id uuid, event_type text, key text, body text, traceparent text)
    ON CONFLICT (subscription, event_id) DO NOTHING
    """
)


async def record(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Journals events and queues their webhooks. An event recorded before leaves nothing twice."""
    if not events:
        return
    await session.execute(_NOTE, {"rows": as_recordset([_entry(event) for event in events])})
    webhooks = await _webhooks(session, events)
    if webhooks:
        await session.execute(_QUEUE, {"rows": as_recordset([_delivery(webhook) for webhook in webhooks]), "now": now})
        ring(session, BELL)


async def say(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Publishes reporting's own events and records them at once: they are not read back from the topic."""
    await publish(session, events)
    await record(session, events, now=now)


async def _webhooks(session: AsyncSession, events: Sequence[Event]) -> list[Webhook]:
    types = sorted({event.fact.contract.event_type for event in events})
    subscriptions = [
        Subscription(name=row.name, source=row.source, events=frozenset(row.events), filter=row.filter)
        for row in await session.execute(_SUBSCRIPTIONS, {"types": types})
    ]
    if not subscriptions:
        return []
    external_ids = await _external_ids(session, events)
    return [webhook for event in events for webhook in webhooks_for(event, subscriptions, external_ids.get(contact_of(event) or "", {}))]


async def _external_ids(session: AsyncSession, events: Sequence[Event]) -> dict[str, Mapping[str, str]]:
    contact_ids = sorted({contact_id for event in events if (contact_id := contact_of(event)) is not None})
    rows = await session.execute(_EXTERNAL_IDS, {"contact_ids": contact_ids})
    return {row.contact_id: row.external_ids for row in rows}


def _entry(event: Event) -> dict[str, object]:
    note = noted(event.fact)
    return {
        "event_id": event.id,
        "event_type": event.fact.contract.event_type,
        "service": event.fact.producer,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "contact_id": note.contact_id,
        "subjects": note.subjects,
        "rests_on": note.rests_on,
        "summary": note.summary,
        "is_test": note.is_test,
    }


def _delivery(webhook: Webhook) -> dict[str, object]:
    return {
        "subscription": webhook.subscription,
        "event_id": webhook.event.id,
        "event_type": webhook.event.fact.contract.event_type,
        "key": webhook.event.fact.key(),
        "body": webhook.body,
        "traceparent": tracing.headers_of(webhook.event).get(tracing.TRACEPARENT),
    }
