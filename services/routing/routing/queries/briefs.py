"""Briefs as somebody reads them now: of one lead in any version, or of many in the newest, in the same number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.briefs.validity import ReadableBrief, as_valid_now, assets_named
from routing.decisions.clocks.clock import Clock, pressing
from routing.decisions.consent import RepChannel, allowed_rep_channels
from routing.queries import facts
from routing.queries.leads import clocks
from shared.database import Statement, together

_BRIEFS = """
    SELECT briefs.lead_id, briefs.version, briefs.issued_at, briefs.document, leads.brand_id, leads.brief_version,
           contacts.country, consents, territories.timezone
    FROM leads JOIN briefs ON briefs.lead_id = leads.id AND briefs.version = coalesce(%(version)s, leads.brief_version)
    LEFT JOIN contacts ON contacts.contact_id = leads.contact_id
    LEFT JOIN territories ON territories.id = leads.territory_id
    WHERE leads.id = ANY(%(lead_ids)s)
"""
_VERSIONS = """
    SELECT version, issued_at, document ->> 'rep_id' AS rep_id, document ->> 'stage' AS stage, document -> 'changes' AS changes
    FROM briefs WHERE lead_id = %(lead_id)s AND version < %(before)s ORDER BY version DESC LIMIT %(limit)s
"""
_FIRST_OF_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ShownBrief:
    """A version of a brief with what may be shown of it now, and the clock and channels as they stand now."""

    version: int
    newest_version: int
    issued_at: datetime
    readable: ReadableBrief
    channels: tuple[RepChannel, ...]
    clock: Clock | None
    zone: ZoneInfo
    """Where the lead is: its clock is told in that time."""


async def shown_briefs(
    session: AsyncSession, lead_ids: Sequence[UUID], *, now: datetime, version: int | None = None
) -> Mapping[UUID, ShownBrief]:
    """The newest brief of each lead, or that version of it; leads that have none are left out."""
    wanted = {"lead_ids": list(lead_ids), "version": version}
    rows, running = await together(session, Statement(_BRIEFS, wanted, list), clocks(lead_ids))
    [assets] = await together(session, facts.assets_by_id(assets_named([row.document for row in rows])))
    return {
        row.lead_id: ShownBrief(
            version=row.version,
            newest_version=row.brief_version,
            issued_at=row.issued_at,
            readable=as_valid_now(row.document, assets=assets, brand_id=row.brand_id, country=row.country, now=now),
            channels=allowed_rep_channels(facts.consents_of(row)),
            clock=pressing(running.get(row.lead_id, ())),
            zone=ZoneInfo(row.timezone or "UTC"),
        )
        for row in rows
    }


async def brief_versions(session: AsyncSession, lead_id: UUID, *, before: int | None, limit: int) -> list[Any]:
    """The versions of the lead's brief, newest first: when each was issued, to whom, and what changed."""
    wanted = {"lead_id": lead_id, "before": before or _FIRST_OF_ALL, "limit": limit}
    [rows] = await together(session, Statement(_VERSIONS, wanted, list))
    return list(rows)
