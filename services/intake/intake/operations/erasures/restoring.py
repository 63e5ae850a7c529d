"""Erasures that this database knows nothing of: it was restored to a moment before them. The bus still tells of them, for 90 days."""

import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.erasures.ledger import LedgerKey
from shared.database import as_recordset
from shared.events import Event
from shared.events.erasures import ErasureOrdered

_log = structlog.get_logger()

# Who asked and who approved stands in the newer database that was lost, and in the certificate.
_APPROVE_AGAIN = text(
    """
    INSERT INTO erasures (id, contact_id, contact_ids, reason, requested_by, requested_at, approved_by, approved_at, erased)
    SELECT r.id, min(r.contact_id), array_agg(r.contact_id ORDER BY r.contact_id), 'ordered before this database was restored',
        'lost with the database', min(r.ordered_at), 'told by the bus', :now, '{}'
    FROM json_to_recordset(CAST(:rows AS json)) AS r(id uuid, contact_id text, ordered_at timestamptz)
    GROUP BY r.id
    ON CONFLICT DO NOTHING
    RETURNING id
    """
)


async def take_up_again(session: AsyncSession, events: Iterable[Event], *, key: LedgerKey, now: datetime) -> int:
    """Approves the erasures that were ordered here and aren't known any more, so that they are carried out again; gives how many."""
    facts = [event.fact for event in events if isinstance(event.fact, ErasureOrdered)]
    orders = {(fact.erasure_id, fact.contact_id): fact for fact in facts if _is_ours(fact, key)}
    rows = [{"id": fact.erasure_id, "contact_id": fact.contact_id, "ordered_at": fact.ordered_at} for fact in orders.values()]
    if not rows:
        return 0
    taken: Sequence[UUID] = (await session.scalars(_APPROVE_AGAIN, {"rows": as_recordset(rows), "now": now})).all()
    if taken:
        _log.warning("erasures from before this database was restored are carried out again", erasures=len(taken))
    return len(taken)


def _is_ours(fact: ErasureOrdered, key: LedgerKey) -> bool:
    return as_uuid(fact.erasure_id) is not None and hmac.compare_digest(fact.seal, key.of_order(fact.erasure_id, fact.contact_id).hex())


def as_uuid(text_: str) -> UUID | None:
    """An id of ours; None for what can't be one."""
    try:
        return UUID(text_)
    except ValueError:
        return None
