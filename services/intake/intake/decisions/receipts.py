"""A delivery: one authenticated request, kept whole, with what was read in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from intake.decisions.acts import Item, Rejected
from intake.decisions.signatures import Trust
from intake.decisions.source_flags import LIVE, SourceFlags
from intake.decisions.texts import texts_of_body
from intake.decisions.verdicts import CONFLICT, Verdict

Door = Literal["webhook", "engagements"]

UNRECORDABLE = "unrecordable"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came in at one door at one time. `source` is None when an integrator posted engagements of several sources.

    One that is not `kept_if_refused` leaves nothing, not even its receipt, when none of its items is accepted or known already.
    `proof` is what a platform's is worth, None where an integrator's token was; `headers` are those the body can't be read without.
    One that is `on_record` has its receipt already: of its items only the engagements are recorded.
    `read` reads a body as this one was read, None if nobody can.
    """

    receipt_id: UUID
    door: Door
    source: str | None
    brand_id: str | None
    body: bytes
    received_at: datetime
    items: Sequence[Item]
    kept_if_refused: bool = True
    proof: Trust | None = None
    headers: Mapping[str, Sequence[str]] | None = None
    flags: SourceFlags = LIVE
    on_record: bool = False
    read: Callable[[bytes], Sequence[Item]] | None = field(default=None, compare=False)

    def unrecordable(self) -> "Delivery":
        """The same, as what could not be recorded for a reason nobody foresaw: kept whole, to be read again once that is mended."""
        texts = texts_of_body(self.body) if self.door == "webhook" else None
        return replace(self, items=[Rejected(None, UNRECORDABLE, "Recording it failed; the operator has been told.", texts)])


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a delivery, item by item."""

    receipt_id: UUID
    verdicts: Sequence[Verdict]

    @property
    def counts(self) -> dict[str, int]:
        """How many items ended how."""
        found: dict[str, int] = {"accepted": 0, "duplicate": 0, "ignored": 0, "rejected": 0}
        for verdict in self.verdicts:
            found[verdict.outcome] += 1
        return found

    @property
    def is_refused(self) -> bool:
        """Whether there were items and every one of them was rejected."""
        return bool(self.verdicts) and all(verdict.outcome == "rejected" for verdict in self.verdicts)

    @property
    def has_conflict(self) -> bool:
        """Whether an item contradicts what the same platform told before."""
        return any(verdict.reason == CONFLICT for verdict in self.verdicts)
