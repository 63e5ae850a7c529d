"""Topic `leads`: qualification, assignment, lifecycle, briefs and clocks. Routing is the only writer of lifecycle stages."""

from datetime import date
from typing import Literal

from shared.events.facts import Code, Fact, Id, Label, Moment, Part, contract
from shared.events.topics import LEADS


class LeadScore(Part):
    """Fit and engagement, never blended into one number."""

    fit: float
    engagement: float
    grade: Label


class LeadFact(Fact):
    """What every event about one lead says: whose, for which brand, and under which policy version."""

    lead_id: Id
    contact_id: Id
    brand_id: Id
    policy_version: Id

    def key(self) -> str:
        return self.lead_id


@contract("lead.qualified", topic=LEADS, producer="routing", consumers=("feedback", "reporting"))
class LeadQualified(LeadFact):
    """A contact crossed the policy's thresholds: an MQL. `engagement_ids` are the acts that carried it, newest first.

    An `sql_candidate` also did something that confirms intent, by the policy's readiness.
    """

    kind: Literal["on_plan", "off_plan"]
    score: LeadScore
    campaign_id: Id | None = None
    territory_id: Id | None = None
    region: Label | None = None
    engagement_ids: list[Id] = []
    previous_lead_id: Id | None = None
    qualified_at: Moment
    journey_stage: Code | None = None
    sql_candidate: bool | None = None


@contract("lead.assigned", topic=LEADS, producer="routing", consumers=("feedback", "reporting"))
class LeadAssigned(LeadFact):
    """A lead has an owner. `step` names the assignment step that found them; `previous_rep_id` is set on a change of owner."""

    rep_id: Id
    previous_rep_id: Id | None = None
    step: Code
    territory_id: Id | None = None
    region: Label | None = None
    campaign_id: Id | None = None
    assigned_at: Moment


@contract("lead.waiting", topic=LEADS, producer="routing", consumers=("feedback", "reporting"))
class LeadWaiting(LeadFact):
    """Nobody is eligible: the lead waits in the queue, and this is why."""

    reason: Code
    since: Moment


@contract("lead.stage_changed", topic=LEADS, producer="routing", consumers=("feedback", "reporting"))
class LeadStageChanged(LeadFact):
    """A lead entered a lifecycle stage. `implied` stages were skipped over by an outcome further on.

    `late`: it was there at `changed_at`, but stands elsewhere by now: a report came late. `merged_into_lead_id` is the lead of the same
    person that goes on where one is closed because two contacts turned out to be one.
    """

    from_stage: Code | None
    to_stage: Code
    reason: Code
    implied: bool
    late: bool = False
    report_id: Id | None = None
    rep_id: Id | None = None
    campaign_id: Id | None = None
    merged_into_lead_id: Id | None = None
    changed_at: Moment
    journey_stage: Code | None = None


@contract("lead.recycled", topic=LEADS, producer="routing", consumers=("feedback", "reporting"))
class LeadRecycled(LeadFact):
    """A cycle ended and marketing nurtures on: on which track, and the day (UTC) on which a new lead opens by itself, if any does."""

    reason: Code
    track: Code
    return_on: date | None = None
    rep_id: Id | None = None
    recycled_at: Moment


class NurtureFact(LeadFact):
    """What automation is asked to do with a contact, under the id it knows them by. Only promotional messages are meant."""

    scope: Literal["promotional"]
    campaign_id: Id | None = None


@contract("nurture.held", topic=LEADS, producer="routing", consumers=("reporting",))
class NurtureHeld(NurtureFact):
    """A rep is in conversation with the contact: promotional automation holds, so as not to talk across them."""

    reason: Literal["rep_in_conversation", "outreach_begun"]
    held_at: Moment


@contract("nurture.resumed", topic=LEADS, producer="routing", consumers=("reporting",))
class NurtureResumed(NurtureFact):
    """The conversation is over: automation may go on, after a recycled lead on its track."""

    reason: Literal["lead_recycled", "lead_disqualified", "lead_merged", "contact_parted", "outreach_anew"]
    track: Code | None = None
    resumed_at: Moment


@contract("brief.issued", topic=LEADS, producer="routing", consumers=("reporting",))
class BriefIssued(LeadFact):
    """The page that says why this person, why now, was written in a new version; `changes` say what is new in it.

    An `sql_candidate` did something that confirms intent, by the policy's `readiness` of this id.
    """

    version: int
    rep_id: Id | None = None
    journey_stage: Code
    urgency: Code | None = None
    sql_candidate: bool | None = None
    readiness: Id | None = None
    changes: list[Code] = []
    issued_at: Moment


@contract("brief.answered", topic=LEADS, producer="routing", consumers=("reporting",))
class BriefAnswered(LeadFact):
    """What a rep did with a version of a brief: `kind` is opened, acted or dismissed, the last with its reason."""

    version: int
    rep_id: Id
    kind: Literal["opened", "acted", "dismissed"]
    reason_code: Code | None = None
    answered_at: Moment


class ClockFact(LeadFact):
    """A target time on a lead."""

    kind: Code
    rep_id: Id | None = None
    started_at: Moment
    due_at: Moment


@contract("clock.started", topic=LEADS, producer="routing", consumers=("reporting",))
class ClockStarted(ClockFact):
    """The clock runs, in the territory's hours."""


@contract("clock.warned", topic=LEADS, producer="routing", consumers=("reporting",))
class ClockWarned(ClockFact):
    """Three quarters of the time are gone."""

    warned_at: Moment


@contract("clock.breached", topic=LEADS, producer="routing", consumers=("reporting",))
class ClockBreached(ClockFact):
    """The target time passed without outreach."""

    breached_at: Moment


@contract("clock.escalated", topic=LEADS, producer="routing", consumers=("reporting",))
class ClockEscalated(ClockFact):
    """One more period passed without outreach. `to` says who has the lead now: another rep (or the queue), the manager, or still its owner.

    Where a manager is to see to it, `manager_rep_id` names them.
    """

    to: Literal["another_rep", "manager", "owner"]
    manager_rep_id: Id | None = None
    escalated_at: Moment


@contract("clock.paused", topic=LEADS, producer="routing", consumers=("reporting",))
class ClockPaused(ClockFact):
    """The clock stands still, until `until` or until somebody resumes it; what is left of its time is kept."""

    reason: Code
    paused_at: Moment
    until: Moment | None = None


@contract("clock.resumed", topic=LEADS, producer="routing", consumers=("reporting",))
class ClockResumed(ClockFact):
    """The clock runs on; `due_at` is later by the open time of the pause."""

    reason: Code
    resumed_at: Moment


@contract("clock.ended", topic=LEADS, producer="routing", consumers=("reporting",))
class ClockEnded(ClockFact):
    """What the clock waits for is no longer due: nobody met it, and nobody will."""

    reason: Code
    ended_at: Moment


@contract("clock.met", topic=LEADS, producer="routing", consumers=("reporting",))
class ClockMet(ClockFact):
    """What the clock waits for was done; `late` says whether after its due time, `late_seconds` by how many open seconds."""

    met_at: Moment
    late: bool
    late_seconds: float | None = None
    report_id: Id | None = None


@contract("outcome.refused", topic=LEADS, producer="routing", consumers=("feedback", "reporting"))
class OutcomeRefused(Fact):
    """A reported outcome the lifecycle does not allow: shown to the rep, it moved nothing."""

    lead_id: Id
    report_id: Id
    rep_id: Id
    code: Code
    stage: Code
    reason: Code
    refused_at: Moment

    def key(self) -> str:
        return self.lead_id


@contract("policy.activated", topic=LEADS, producer="routing", consumers=("reporting",))
class PolicyActivated(Fact):
    """A policy version became the contract both teams work by."""

    policy_version: Id
    brand_id: Id
    country: Label | None = None
    activated_at: Moment

    def key(self) -> str:
        return self.policy_version
