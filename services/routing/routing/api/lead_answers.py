"""What the API says of leads."""

from typing import Any, cast
from uuid import UUID

from routing.decisions.clocks.clock import Clock, ClockState
from routing.decisions.clocks.public_holidays import HolidaysKept
from routing.decisions.clocks.rules import ClockKind
from routing.decisions.lifecycle.stages import MEANINGS, Stage
from routing.decisions.qualification.journey import ReachedStage
from routing.decisions.qualification.readiness import SqlCandidate
from routing.decisions.qualification.scoring import ScoreLine
from routing.queries.lead_pages import ShownLead
from shared.bodies import Answer, Day, Moment


class ScoreAnswer(Answer):
    """As read now, by the policy version the ledger was made by."""

    fit: float
    engagement: float
    grade: str


class ClockAnswer(Answer):
    """A clock as it stands. `reason` says why it is paused, or ended without being met; `holidays` whether public holidays were counted."""

    kind: ClockKind
    state: ClockState
    started_at: Moment
    due_at: Moment
    warned_at: Moment | None
    breached_at: Moment | None
    escalated_at: Moment | None
    met_at: Moment | None
    late_seconds: float | None
    paused_at: Moment | None
    paused_until: Moment | None
    ended_at: Moment | None
    reason: str | None
    reroutes: int
    holidays: HolidaysKept

    @classmethod
    def of(cls, clock: Clock) -> "ClockAnswer":
        return cls(**{name: getattr(clock, name) for name in cls.model_fields})


class ReachedStageAnswer(Answer):
    """The furthest stage of content the contact took in for the brand, since when, and by which engagement."""

    stage: str
    since: Moment
    engagement_id: str

    @classmethod
    def of(cls, reached: ReachedStage) -> "ReachedStageAnswer":
        return cls(stage=reached.stage, since=reached.since, engagement_id=reached.engagement_id)


class SqlCandidateAnswer(Answer):
    """Why the lead is an SQL candidate: what the policy calls the readiness, and the last act that confirmed it."""

    readiness: str
    at: Moment
    engagement_id: str

    @classmethod
    def of(cls, candidate: SqlCandidate) -> "SqlCandidateAnswer":
        return cls(readiness=candidate.readiness_id, at=candidate.act.at, engagement_id=candidate.act.engagement_id)


class LedgerLine(Answer):
    """One line of a score. Fit lines sum to the fit, all others to the engagement; a `cap` takes away what is over it."""

    kind: str
    rule: str
    points: float
    engagement_id: str | None
    occurred_at: Moment | None

    @classmethod
    def of(cls, line: ScoreLine) -> "LedgerLine":
        return cls(
            kind=line.kind,
            rule=line.rule_id,
            points=float(line.points),
            engagement_id=line.engagement_id,
            occurred_at=line.occurred_at,
        )


class LeadAnswer(Answer):
    """A lead. `waiting_reason` says why it has no owner, while it waits in the queue; `reason` is the newest one to look at it.

    `held_*` say whether it is on hold, and from where; `track` and `return_on` where a recycled lead's person is, `merged_into_lead_id`
    which lead of the same person goes on instead. `meeting_at` is the time of a meeting agreed on, until it is told what came of it.
    """

    id: UUID
    contact_id: str
    brand_id: str
    kind: str
    stage: str
    stage_type: str
    score: ScoreAnswer
    rep_id: str | None
    territory_id: str | None
    region: str | None
    campaign_id: str | None
    policy_version: str
    qualified_at: Moment
    assigned_at: Moment | None
    ended_at: Moment | None
    waiting_since: Moment | None
    waiting_reason: str | None
    previous_lead_id: UUID | None
    reason: str
    reason_at: Moment
    brief_version: int | None
    held_from: str | None
    held_until: Moment | None
    track: str | None
    return_on: Day | None
    merged_into_lead_id: UUID | None
    meeting_at: Moment | None
    journey_stage: ReachedStageAnswer | None
    sql_candidate: SqlCandidateAnswer | None
    clocks: list[ClockAnswer]

    @classmethod
    def of(cls, shown: ShownLead) -> "LeadAnswer":
        return cls(**_fields(shown))


class LeadWithLedger(LeadAnswer):
    """A lead with every line of its score."""

    ledger: list[LedgerLine]

    @classmethod
    def of(cls, shown: ShownLead) -> "LeadWithLedger":
        return cls(**_fields(shown), ledger=[LedgerLine.of(line) for line in shown.score.lines])


class WaitingLead(Answer):
    """A lead in the queue."""

    lead_id: UUID
    since: Moment
    reason: str


def _fields(shown: ShownLead) -> dict[str, Any]:
    lead, score = shown.lead, shown.score
    same = (
        "id", "contact_id", "brand_id", "kind", "stage", "rep_id", "territory_id", "region", "campaign_id", "policy_version",
        "qualified_at", "assigned_at", "ended_at", "waiting_since", "waiting_reason", "previous_lead_id", "reason", "reason_at",
        "held_from", "held_until", "track", "merged_into_lead_id", "meeting_at",
    )  # fmt: skip
    return {
        **{name: getattr(lead, name) for name in same},
        "stage_type": MEANINGS[cast("Stage", lead.stage)].type,
        "return_on": lead.resume_on,
        "brief_version": lead.brief_version or None,
        "score": ScoreAnswer(fit=float(score.fit), engagement=float(score.engagement), grade=score.grade),
        "journey_stage": ReachedStageAnswer.of(shown.reached) if shown.reached else None,
        "sql_candidate": SqlCandidateAnswer.of(shown.candidate) if shown.candidate else None,
        "clocks": [ClockAnswer.of(clock) for clock in shown.clocks],
    }
