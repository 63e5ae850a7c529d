"""Engagements on record: looking up which acts were told before, and adding the fresh ones."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.acts import Act
from intake.decisions.engagements import Engagement
from intake.decisions.relabelling import kept_marks
from intake.decisions.verdicts import Recorded, Register
from shared.database import as_recordset

# One look into an index for each, whatever is planned: a plan made while a table is small reads all of it once it is large.
TOLD_BEFORE = """
    WITH wanted AS (
        SELECT source, identity, id
        FROM json_to_recordset(CAST({acts} AS json)) AS r(source text, identity text, id uuid)
    )
    SELECT before.id, before.source, before.source_event_id, before.fingerprint
    FROM wanted w CROSS JOIN LATERAL (
        (SELECT e.id, e.source, e.source_event_id, e.fingerprint
         FROM engagements e WHERE e.source = w.source AND e.source_event_id = w.identity LIMIT 1)
        UNION ALL
        (SELECT e.id, e.source, e.source_event_id, e.fingerprint FROM engagements e WHERE e.id = w.id LIMIT 1)
        UNION ALL
        (SELECT a.engagement_id, a.source, a.source_event_id, a.fingerprint
         FROM engagement_aliases a WHERE a.source = w.source AND a.source_event_id = w.identity LIMIT 1)
    ) AS before
"""
_TOLD_BEFORE = text(TOLD_BEFORE.format(acts=":acts"))

# In the order of their identities, so that two batches with the same acts wait for each other and never in a circle.
ADD = """
    INSERT INTO engagements (
        id, receipt_id, source, source_event_id, fingerprint, contact_id, kind, channel, context, asset_id, campaign_id, brand_id,
        topics, occurred_at, received_at, machine, attributes, flags, sending, link, machine_evidence, marks
    )
    SELECT
        id, receipt_id, source, source_event_id, decode(fingerprint, 'hex'), contact_id, kind, channel, context, asset_id, campaign_id,
        brand_id, topics, occurred_at, received_at, machine, attributes, flags, sending, link, machine_evidence, marks
    FROM json_to_recordset(CAST(:engagements AS json)) AS r(
        id uuid, receipt_id uuid, source text, source_event_id text, fingerprint text, contact_id text, kind text, channel text,
        context text, asset_id text, campaign_id text, brand_id text, topics jsonb, occurred_at timestamptz, received_at timestamptz,
        machine boolean, attributes jsonb, flags jsonb, sending text, link text, machine_evidence jsonb,
        marks text[]
    )
    {only}
    ORDER BY source, source_event_id
"""
_ADD = text(f"{ADD.format(only='')} ON CONFLICT DO NOTHING RETURNING id")


def wanted(acts: Sequence[Act]) -> str:
    """The acts as `TOLD_BEFORE` takes them."""
    return as_recordset([{"source": act.source, "identity": act.identity, "id": act.engagement_id} for act in acts])


async def told_before(session: AsyncSession, acts: Sequence[Act], *, but: Collection[UUID] = ()) -> Register:
    """The engagements on record with the identity or the id of one of these acts, without those named in `but`."""
    rows = await session.execute(_TOLD_BEFORE, {"acts": wanted(acts)})
    return register_of((row.id, row.source, row.source_event_id, row.fingerprint) for row in rows if row.id not in but)


def register_of(rows: Iterable[tuple[UUID, str, str, bytes]]) -> Register:
    """The register that id, source, identity and fingerprint of engagements make."""
    known = list(rows)
    return Register(
        by_identity={(source, identity): Recorded(engagement_id, fingerprint) for engagement_id, source, identity, fingerprint in known},
        by_id={engagement_id: (source, identity) for engagement_id, source, identity, _ in known},
    )


async def add(session: AsyncSession, engagements: Sequence[Engagement]) -> set[UUID]:
    """Adds the engagements nobody else is adding at this moment; gives the ids of those. The unique constraint decides."""
    return set((await session.scalars(_ADD, {"engagements": as_rows(engagements)})).all())


def as_rows(engagements: Sequence[Engagement]) -> str:
    """The engagements as `ADD` takes them."""
    return as_recordset([_row(engagement) for engagement in engagements])


def _row(engagement: Engagement) -> dict[str, object]:
    act, labels, trace = engagement.act, engagement.labels, engagement.trace
    return {
        "id": engagement.id,
        "receipt_id": engagement.receipt_id,
        "source": act.source,
        "source_event_id": act.identity,
        "fingerprint": act.fingerprint.hex(),
        "contact_id": engagement.shown_as,
        "kind": act.kind,
        "channel": act.channel,
        "context": labels.context,
        "asset_id": labels.asset_id,
        "campaign_id": labels.campaign_id,
        "brand_id": labels.brand_id,
        "topics": labels.topics,
        "occurred_at": engagement.occurred_at,
        "received_at": engagement.received_at,
        "machine": engagement.machine,
        "attributes": act.attributes,
        "flags": labels.flags,
        "sending": trace and trace.sending,
        "link": trace and trace.link,
        "machine_evidence": engagement.evidence,
        "marks": kept_marks(act, labels) or None,
    }
