"""What two policy versions would have made of the same history: who became an MQL under which, counted every way it is asked for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from routing.decisions.qualification.replay import Crossing

Version = Literal["active", "candidate"]
Difference = Literal["gained", "lost", "earlier", "later", "same"]

MET_STAGES = frozenset({"meeting_booked", "meeting_held", "opportunity"})
"""Having reached one of these is to have met, or to be about to."""

Groups = dict[str | None, Counter[str]]
"""By key (None where there is none), how many MQLs there are of each version and difference."""


class Found(NamedTuple):
    """A contact who became an MQL under either version, and when."""

    contact_id: str
    difference: Difference
    active: Crossing | None
    candidate: Crossing | None

    @property
    def began_at(self) -> int:
        """When the first of the two would have."""
        return min(crossing.at for crossing in (self.active, self.candidate) if crossing is not None)


class Compared(NamedTuple):
    """What is counted of a contact who became an MQL under either version."""

    segments: frozenset[str]
    territory_id: str | None
    kind: str
    active: Crossing | None
    candidate: Crossing | None

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


@dataclass(slots=True)
class Comparison:
    """The counts. A contact with several segments counts in each; one MQL counts once in everything else."""

    mqls: Counter[str] = field(default_factory=Counter)
    by_segment: Groups = field(default_factory=dict)
    by_territory: Groups = field(default_factory=dict)
    by_campaign: Groups = field(default_factory=dict)
    by_kind: Groups = field(default_factory=dict)

    def add(self, compared: Compared) -> None:
        """Count one contact who became an MQL under either version."""
        difference = compared.difference
        counted: list[str] = [difference]
        counted += [version for version in ("active", "candidate") if getattr(compared, version) is not None]
        self.mqls.update(counted)
        for segment in compared.segments or (None,):
            _count(self.by_segment, segment, counted)
        _count(self.by_territory, compared.territory_id, counted)
        _count(self.by_kind, compared.kind, counted)
        if difference in {"gained", "lost"}:
            crossing = compared.candidate or compared.active
            _count(self.by_campaign, crossing.campaign_id if crossing else None, counted)
            return
        # Another moment may be another campaign's merit.
        for version, crossing in (("active", compared.active), ("candidate", compared.candidate)):
            _count(self.by_campaign, crossing.campaign_id if crossing else None, [version])


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
