"""A delivery: one authenticated request, kept whole, with what was read in it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from intake.decisions.acts import Item
from intake.decisions.verdicts import CONFLICT, Outcome, Verdict

Door = Literal["webhook", "engagements"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came in at one door at one time. `source` is None when an integrator posted engagements of several sources."""

    receipt_id: UUID
    door: Door
    source: str | None
    brand_id: str | None
    body: bytes
    received_at: datetime
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a delivery, item by item."""

    receipt_id: UUID
    verdicts: Sequence[Verdict]

    def count(self, outcome: Outcome) -> int:
        """How many items ended so."""
        return Counter(verdict.outcome for verdict in self.verdicts)[outcome]

    @property
    def has_conflict(self) -> bool:
        """Whether an item contradicts what the same platform told before."""
        return any(verdict.reason == CONFLICT for verdict in self.verdicts)
