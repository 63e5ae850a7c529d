"""What the dashboard says: who sees what on it, the steps of the circle with their counts, and where leads stay behind."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from reporting.decisions.loop import owners_seen_by

FUNNEL_DAYS = 90
# The same time the default signal looks back over.
OBJECTION_DAYS = 28


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody may see beyond counts: no more than the API would tell them. `owners` are whose decisions, None for everybody's."""

    decisions: bool
    owners: list[str] | None
    deliveries: bool


def sight_of(*, sub: str, rep_id: str | None, roles: Collection[str]) -> Sight:
    """What a page shows to this person: decisions as `/v1/decisions` would, deliveries as `/v1/deliveries` would."""
    return Sight(
        decisions=not {"marketing", "manager", "auditor"}.isdisjoint(roles),
        owners=owners_seen_by(sub=sub, rep_id=rep_id, roles=roles),
        deliveries=not {"marketing", "admin", "auditor"}.isdisjoint(roles),
    )


@dataclass(frozen=True, slots=True)
class Days:
    """Whole UTC days, both ends included, so that rollups alone answer."""

    first: date
    last: date

    @classmethod
    def until(cls, today: date, *, length: int) -> "Days":
        """That many days, of which today is the last."""
        return cls(today - timedelta(days=length - 1), today)

    def before(self) -> "Days":
        """As many days, just before."""
        length = self.last - self.first + timedelta(days=1)
        return Days(self.first - length, self.last - length)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the circle. The count is None for someone who may not see it."""

    name: str
    meaning: str
    count: int | None


# The types are counted from the journal, where every one of them is open to whoever may trace.
_STEPS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("engagements", ("engagement.recorded",), "acts of contacts on what marketing sent or showed"),
    ("leads", ("lead.qualified",), "contacts that crossed a brand's policy"),
    ("reports", ("outcome.recorded", "objection.recorded", "insight.recorded"), "outcomes, objections and insights from reps"),
    ("themes", ("theme.emerged",), "objections that rose together in a specialty"),
    ("decisions", ("decision.opened",), "themes that asked somebody for an answer"),
    ("changes", ("change.published",), "what was altered because of reports"),
    ("reps told", ("rep.told",), "notices to reps whose words led to a change"),
)


def circle(counts: Mapping[str, int], *, delivered: int | None) -> list[Step]:
    """The steps in order, from how many events of each type there were; `delivered` webhooks close it, None when not to be seen."""
    steps = [Step(name, meaning, sum(counts.get(one, 0) for one in types)) for name, types, meaning in _STEPS]
    return [*steps, Step("deliveries", "webhooks that marketing's platforms took", delivered)]


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many leads entered a stage, and how many of those entered the next one."""

    stage: str
    entered: int
    converted: int

    @property
    def behind(self) -> int:
        """Those that have not gone on: they wait there, or their way ended there."""
        return self.entered - self.converted


def where_leads_stay(stages: Sequence[StageCount]) -> StageCount | None:
    """The stage where most leads have not gone on, the earliest of several; None when none stay. Nothing comes after the last stage."""
    return max((stage for stage in stages[:-1] if stage.behind > 0), key=lambda stage: stage.behind, default=None)
