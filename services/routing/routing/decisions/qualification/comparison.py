"""What two policy versions would have made of the same history: who became an MQL under which, counted every way it is asked for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from routing.decisions.qualification.cycles import Previous
from routing.decisions.qualification.replay import Crossing

Version = Literal["active", "candidate"]
Difference = Literal["gained", "lost", "earlier", "later", "same"]

MET_STAGES = frozenset({"meeting_booked", "meeting_held", "opportunity"})
"""Having reached one of these is to have met, or to be about to."""

Groups = dict[str | None, Counter[str]]
"""By key (None where there is none), how many MQLs there are of each version and difference."""

Key = tuple[str, int | None]
"""A contact's id, and when the cycle before the one that is meant ended."""


class Found(NamedTuple):
    """A contact who became an MQL under either version in a cycle, and when; under one of them perhaps before the window."""

    contact_id: str
    difference: Difference
    active: Crossing | None
    candidate: Crossing | None
    previous: Previous | None
    """The cycle before; None in the first."""

    @property
    def key(self) -> Key:
        """What tells it from all others: a contact may be found in several cycles."""
        return self.contact_id, self.previous and self.previous.ended_at

    def within(self, version: Version, *, begins_at: int) -> Crossing | None:
        """The version's MQL in a window that begins then; None if it has none there."""
        crossing = self.active if version == "active" else self.candidate
        return crossing if crossing is not None and crossing.at >= begins_at else None

    @property
    def began_at(self) -> int:
        """When the first of the two would have."""
        return min(crossing.at for crossing in (self.active, self.candidate) if crossing is not None)


class Compared(NamedTuple):
    """What is counted of a contact who became an MQL in the window under either version."""

    segments: frozenset[str]
    territory_id: str | None
    kind: str
    active: Crossing | None
    candidate: Crossing | None
    begins_at: int
    """When the window begins. An MQL from before it counts nowhere, but makes the other version's earlier or later than that."""

    @property
    def difference(self) -> Difference:
        """What the candidate changes for this contact."""
        if self.active is None:
            return "gained"
        if self.candidate is None:
            return "lost"
        if self.active.at == self.candidate.at:
            return "same"
        return "earlier" if self.candidate.at < self.active.at else "later"

    @property
    def in_window(self) -> list[tuple[Version, Crossing]]:
        """The MQLs of the window, by version."""
        both: tuple[tuple[Version, Crossing | None], ...] = (("active", self.active), ("candidate", self.candidate))
        return [(version, crossing) for version, crossing in both if crossing is not None and crossing.at >= self.begins_at]

    @property
    def is_astride(self) -> bool:
        """Whether one version's MQL lies before the window, and the other's in it."""
        return self.active is not None and self.candidate is not None and len(self.in_window) == 1


@dataclass(slots=True)
class Comparison:
    """The counts. A contact with several segments counts in each; one MQL counts once in everything else."""

    mqls: Counter[str] = field(default_factory=Counter)
    before_window: Counter[Version] = field(default_factory=Counter)
    """By version, how many of those earlier or later it had before the window, the other in it."""
    by_segment: Groups = field(default_factory=dict)
    by_territory: Groups = field(default_factory=dict)
    by_campaign: Groups = field(default_factory=dict)
    by_kind: Groups = field(default_factory=dict)

    def add(self, compared: Compared) -> None:
        """Count one contact who became an MQL under either version."""
        difference, in_window = compared.difference, compared.in_window
        counted: list[str] = [difference, *(version for version, _ in in_window)]
        self.mqls.update(counted)
        if compared.is_astride:
            self.before_window["candidate" if difference == "earlier" else "active"] += 1
        for segment in compared.segments or (None,):
            _count(self.by_segment, segment, counted)
        _count(self.by_territory, compared.territory_id, counted)
        _count(self.by_kind, compared.kind, counted)
        # Another moment may be another campaign's merit.
        for version, crossing in in_window:
            _count(self.by_campaign, crossing.campaign_id, [version, *({difference} & {"gained", "lost"})])


class RealLead(Protocol):
    """How far a real lead came."""

    sql: bool
    met: bool
    ended: bool


@dataclass(slots=True)
class Afterwards:
    """What became of contacts in real life, as far as it is known: of whom no lead told anything, nothing is.

    `sql` and `meeting` count those who reached either; `sql_or_meeting`, `ended`, `open` and `unknown` add up to `mqls`.
    """

    mqls: int = 0
    sql: int = 0
    meeting: int = 0
    sql_or_meeting: int = 0
    ended: int = 0
    open: int = 0
    unknown: int = 0

    def add(self, leads: Sequence[RealLead]) -> None:
        """Count a contact by the furthest that the real leads which count came."""
        sql, met = any(lead.sql for lead in leads), any(lead.met for lead in leads)
        self.mqls += 1
        self.sql += sql
        self.meeting += met
        if sql or met:
            self.sql_or_meeting += 1
        elif not leads:
            self.unknown += 1
        elif all(lead.ended for lead in leads):
            self.ended += 1
        else:
            self.open += 1


def _count(groups: Groups, key: str | None, counted: Iterable[str]) -> None:
    groups.setdefault(key, Counter()).update(counted)
