"""Whose leads, contacts and accounts somebody may see and write: a rep's own, a manager's territories and team."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

PostedAs = Literal["rep", "manager"]


@dataclass(frozen=True, slots=True)
class KnownLead:
    """A lead as feedback knows it. `owner_since` is None until routing first decided who owns it, or that nobody does."""

    lead_id: str
    contact_id: str
    brand_id: str
    correlation_id: UUID
    rep_id: str | None
    territory_id: str | None
    owner_since: datetime | None


@dataclass(frozen=True, slots=True)
class Reach:
    """How far somebody's scope goes. `territory_ids` and `team_rep_ids` widen it for managers only."""

    rep_id: str
    posted_as: PostedAs
    territory_ids: frozenset[str] = frozenset()
    team_rep_ids: frozenset[str] = frozenset()

    def covers_rep(self, rep_id: str | None) -> bool:
        """What this rep owns is in scope."""
        return rep_id is not None and (rep_id == self.rep_id or (self.posted_as == "manager" and rep_id in self.team_rep_ids))

    def covers_lead(self, lead: KnownLead) -> bool:
        """The lead is theirs, or a manager's territory's."""
        return self.covers_rep(lead.rep_id) or (self.posted_as == "manager" and lead.territory_id in self.territory_ids)
