"""Pauses and resumes a clock because somebody asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.clocks.clock import Breach, Clock, Warn, decide_clock
from routing.decisions.clocks.rules import ClockKind
from routing.operations.clocks.timekeeping import announce, holder_of, pause_clocks, resume_clocks
from routing.operations.laying_out import clear, lay_out
from routing.queries.calendars import calendars
from routing.tables import Lead
from shared.database import together


class ClockIsOver(Exception):
    """It was met or has ended: nothing of it is left to pause or to resume."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock.state)
        self.clock = clock


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks of a clock: why, in which role, and until when it shall stand still (None: until somebody resumes it)."""

    verb: Literal["pause", "resume"]
    reason: str
    by: str
    until: datetime | None = None


async def pause_or_resume(session: AsyncSession, lead_id: UUID, kind: ClockKind, asked: Asked, *, now: datetime) -> Clock | None:
    """Does it, and returns the clock as it is then; None if the lead has no such clock. Asking again for what is so does nothing."""
    contact_id = await session.scalar(select(Lead.contact_id).where(Lead.id == lead_id))
    if contact_id is None:
        return None
    desk = await lay_out(session, [contact_id], now=now, lead_ids=[lead_id])
    lead = desk.leads[lead_id]
    clock = desk.clock(lead, kind)
    if clock is None:
        return None
    if clock.state in {"met", "ended"}:
        raise ClockIsOver(clock)
    if asked.verb == "pause":
        # Nobody pauses away a breach that is only not told yet.
        due = decide_clock(clock, now=now, holder=holder_of(lead))
        if isinstance(due, Warn | Breach):
            announce(desk, lead, clock, due)
        pause_clocks(desk, lead, reason=asked.reason, until=asked.until, kinds=(kind,), by=asked.by)
    else:
        [openings] = await together(session, calendars({lead.territory_id}))
        resume_clocks(desk, lead, openings.of(lead.territory_id), reason=asked.reason, kinds=(kind,), by=asked.by)
    await clear(session, desk)
    return desk.clock(lead, kind)
