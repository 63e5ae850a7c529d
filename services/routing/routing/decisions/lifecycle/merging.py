"""Which lead goes on when two contacts turn out to be one person who has a lead each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from routing.decisions.lifecycle.stages import FORWARD_STAGES, ForwardStage


@dataclass(frozen=True, slots=True)
class OpenLead:
    """An open lead of the person; one on hold stands where it was."""

    lead_id: UUID
    standing: ForwardStage
    qualified_at: datetime


@dataclass(frozen=True, slots=True)
class Survival:
    """The lead that goes on, and those that close for it."""

    lead_id: UUID
    closing: tuple[UUID, ...]


def decide_survival(leads: Sequence[OpenLead]) -> Survival:
    """Keep the lead furthest along, then the oldest. Of one lead it is that one."""
    first, *others = sorted(leads, key=lambda lead: (-FORWARD_STAGES.index(lead.standing), lead.qualified_at, lead.lead_id))
    return Survival(first.lead_id, tuple(lead.lead_id for lead in others))
