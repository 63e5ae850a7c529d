"""What the services answer: that they hold nothing more that names somebody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.operations.erasures.restoring import as_uuid
from shared.database import as_recordset
from shared.events import Event
from shared.events.erasures import ContactErased

# An answer to an erasure that isn't known here (a database restored to an earlier moment) comes again: see `restoring`.
_KEEP = text(
    """
    INSERT INTO erasure_answers (erasure_id, contact_id, service, erased_at, erased, kept)
    SELECT r.erasure_id, r.contact_id, r.service, r.erased_at, r.erased, r.kept
    FROM json_to_recordset(CAST(:rows AS json)) AS r(
        erasure_id uuid, contact_id text, service text, erased_at timestamptz, erased jsonb, kept jsonb
    )
    JOIN erasures e ON e.id = r.erasure_id AND r.contact_id = ANY (e.contact_ids)
    ON CONFLICT (erasure_id, contact_id, service) DO NOTHING
    """
)


async def note_answers(session: AsyncSession, events: Sequence[Event], _: datetime) -> None:
    """Notes which services have erased whom."""
    facts = [event.fact for event in events if isinstance(event.fact, ContactErased)]
    await keep_answers(session, [fact for fact in facts if as_uuid(fact.erasure_id) is not None])


async def keep_answers(session: AsyncSession, facts: Sequence[ContactErased]) -> None:
    """Keeps answers, the first of each service about each contact."""
    if facts:
        await session.execute(_KEEP, {"rows": as_recordset([_row(fact) for fact in facts])})


def _row(fact: ContactErased) -> dict[str, Any]:
    return fact.model_dump(include={"erasure_id", "contact_id", "service", "erased_at", "erased", "kept"})
