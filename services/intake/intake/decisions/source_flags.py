"""What a source's settings say of all its engagements: that they are tests, or that those before a moment are history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.events.engagements import EngagementFlag


@dataclass(frozen=True, slots=True)
class SourceFlags:
    """`is_test`: the source is only being tried out. `backfill_before`: what happened before it is history, posted later.

    They are no part of an act, so that one told in test mode, or live, and then again, is the same act.
    """

    is_test: bool = False
    backfill_before: datetime | None = None

    def of(self, occurred_at: datetime) -> Sequence[EngagementFlag]:
        """The flags of an engagement at that time."""
        flags: list[EngagementFlag] = []
        if self.is_test:
            flags.append("test")
        if self.backfill_before is not None and occurred_at < self.backfill_before:
            flags.append("backfill")
        return flags


LIVE = SourceFlags()
"""Nothing to be said: the source is live, and what it posts is of now."""
