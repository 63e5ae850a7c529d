"""Stores what people objected on, with who they are and how far they had come: it is likely to come again, from others like them."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import as_recordset
from shared.events.feedback import ObjectionRecorded

_ADD = text(
    """
    INSERT INTO heard_objections (report_id, contact_id, brand_id, topic, occurred_at, specialty, journey_stage)
    SELECT report_id, heard.contact_id, heard.brand_id, topic, occurred_at, specialty, coalesce(ledgers.journey_stage, 'awareness')
    FROM json_to_recordset(CAST(:rows AS json)) AS heard (
        report_id text, contact_id text, brand_id text, topic text, occurred_at timestamptz
    )
    LEFT JOIN contacts ON contacts.contact_id = heard.contact_id
    LEFT JOIN ledgers ON ledgers.contact_id = coalesce(contacts.merged_into, heard.contact_id) AND ledgers.brand_id = heard.brand_id
    ORDER BY report_id
    ON CONFLICT DO NOTHING
    """
)


async def record_objections(session: AsyncSession, facts: Sequence[ObjectionRecorded]) -> None:
    """Keeps objections for briefs to come. They move no stage."""
    if not facts:
        return
    rows = [fact.model_dump(mode="json", include={"report_id", "contact_id", "brand_id", "topic", "occurred_at"}) for fact in facts]
    await session.execute(_ADD, {"rows": as_recordset(rows)})
