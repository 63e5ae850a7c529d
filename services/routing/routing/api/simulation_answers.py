"""What the API says of simulations."""

from types import SimpleNamespace
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from routing.api.history_answers import RecordAnswer
from routing.api.lead_answers import LedgerLine, ScoreAnswer
from routing.api.policies import WarningAnswer
from shared.bodies import Answer, Moment

State = Literal["queued", "running", "done", "failed", "cancelled"]


class ProgressAnswer(Answer):
    """How many engagements were replayed, of how many, those before the window that still count in it included; the latter is unknown
    until they are counted."""

    replayed: int
    engagements: int | None


class BeforeWindow(Answer):
    """By version, how many of those the other version has in the window it has before it: the active of `later`, the candidate of
    `earlier`."""

    active: int
    candidate: int


class MqlCounts(Answer):
    """MQLs of the window under either version. `gained` are the candidate's alone, `lost` the active's; the others would have been at the
    same moment or another, under one version perhaps before the window (`before_window`).

    `candidate - active = gained - lost + before_window.active - before_window.candidate`.
    """

    active: int
    candidate: int
    gained: int
    lost: int
    same: int
    earlier: int
    later: int
    before_window: BeforeWindow = BeforeWindow(active=0, candidate=0)


class GroupAnswer(Answer):
    """The same counts of one segment, territory, campaign or kind; `key` null: of those without any."""

    key: str | None
    active: int
    candidate: int
    gained: int
    lost: int


class LostAnswer(Answer):
    """What became of those the candidate loses, by the real lead of the same cycle. `sql_or_meeting` and the last three add up to `mqls`;
    `unknown`: no lead tells."""

    mqls: int
    sql: int
    meeting: int
    sql_or_meeting: int
    ended: int
    open: int
    unknown: int


class GainedAnswer(Answer):
    """Of those the candidate gains, how many came later by another way. Of the rest nothing is known: nobody called."""

    mqls: int
    sql: int
    meeting: int
    sql_or_meeting: int
    unknown: int


class LoadAnswer(Answer):
    """Leads a version gives a rep, and how many they would have open at most at a time."""

    given: int
    open_most: int


class RepLoadAnswer(Answer):
    rep_id: str
    max_open_leads: int
    active: LoadAnswer | None
    candidate: LoadAnswer


class SimulationResult(Answer):
    """What differs, and on which assumptions. `engagements` are the window's, `engagements_before` those of its contacts that were replayed
    first. `waiting` counts leads for which nobody is eligible, by version and reason."""

    assumptions: list[str]
    engagements: int
    engagements_before: int = 0
    contacts: int
    unknown_contacts: int
    mqls: MqlCounts
    by_segment: list[GroupAnswer]
    by_territory: list[GroupAnswer]
    by_campaign: list[GroupAnswer]
    by_kind: list[GroupAnswer]
    lost: LostAnswer
    gained: GainedAnswer
    load: list[RepLoadAnswer]
    waiting: dict[str, dict[str, int]]
    warnings: list[WarningAnswer]
    decisions: int


class SimulationSummary(Answer):
    """A simulation without its result. `active_version` null: the brand works by none yet, so everything is gained."""

    id: UUID
    state: State
    brand_id: str
    policy_version: str
    active_version: str | None
    from_: Moment = Field(serialization_alias="from")
    until: Moment
    requested_by: str
    requested_at: Moment
    started_at: Moment | None
    ended_at: Moment | None
    progress: ProgressAnswer
    failure: str | None

    @classmethod
    def of(cls, row: Any) -> "SimulationSummary":
        return cls(**_fields(row))


class SimulationAnswer(SimulationSummary):
    """A simulation, with its result once it is `done`."""

    result: SimulationResult | None

    @classmethod
    def of(cls, row: Any) -> "SimulationAnswer":
        return cls(**_fields(row), result=row.result)


class MissingAnswer(Answer):
    """By how much the thresholds are missed; zero where one is reached."""

    fit: float
    engagement: float


class JudgedAnswer(Answer):
    """Whether somebody is an MQL at a moment, the score that rests on, line by line, and what is missing."""

    at: Moment
    verdict: Literal["qualified", "not_yet", "gated", "withheld"]
    reason: str | None
    missing: MissingAnswer | None
    score: ScoreAnswer
    ledger: list[LedgerLine]


class VerdictAnswer(JudgedAnswer):
    """What a version says of the contact, and the decision records a lead would have begun with."""

    policy_version: str
    territory_id: str | None
    history: list[RecordAnswer]


class SimulatedDecisionAnswer(Answer):
    """One contact in one cycle under either version. Where a version wouldn't have made an MQL of them, it is asked at the moment the other
    would; where it had before the window, then, and no lead of the window begins (`history` is empty)."""

    contact_id: str
    difference: Literal["gained", "lost", "earlier", "later", "same"]
    active: VerdictAnswer | None
    candidate: VerdictAnswer

    @classmethod
    def of(cls, row: Any) -> "SimulatedDecisionAnswer":
        versions = {version: _with_history(row.document[version]) for version in ("active", "candidate")}
        return cls.model_validate({**row.document, **versions})


def records_shown(history: list[dict[str, Any]]) -> list[RecordAnswer]:
    """Records that were kept on paper, as those of a lead's history are shown."""
    return [RecordAnswer.of(SimpleNamespace(**record)) for record in history]


def _with_history(verdict: dict[str, Any] | None) -> dict[str, Any] | None:
    return verdict and {**verdict, "history": records_shown(verdict["history"])}


def _fields(row: Any) -> dict[str, Any]:
    same = ("id", "state", "brand_id", "active_version", "requested_by", "requested_at", "started_at", "ended_at", "failure")
    return {
        **{name: getattr(row, name) for name in same},
        "policy_version": row.candidate_version,
        "from_": row.begins_at,
        "until": row.ends_at,
        "progress": ProgressAnswer(replayed=row.replayed, engagements=row.engagements),
    }
