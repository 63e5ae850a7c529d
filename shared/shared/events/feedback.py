"""Topic `feedback`: what reps reported, as codes only. What they typed stays in feedback's database."""

from typing import Literal

from shared.events.facts import Code, Fact, Id, Label, Moment, Part, contract
from shared.events.topics import FEEDBACK


class OpportunityReported(Part):
    """An HCO-level opportunity a lead contributed to."""

    account_id: Id
    type: Code


@contract("outcome.recorded", topic=FEEDBACK, producer="feedback", consumers=("routing", "reporting"))
class OutcomeRecorded(Fact):
    """What came of a contact attempt on a lead. `meeting_at`: for when a meeting was booked, if the rep said so."""

    report_id: Id
    lead_id: Id
    contact_id: Id
    brand_id: Id
    rep_id: Id
    code: Code
    channel: Code
    reason_code: Code | None = None
    assets_shown: list[Id] = []
    opportunity: OpportunityReported | None = None
    call_id: Id | None = None
    meeting_at: Moment | None = None
    occurred_at: Moment
    received_at: Moment

    def key(self) -> str:
        return self.lead_id


@contract("objection.recorded", topic=FEEDBACK, producer="feedback", consumers=("routing", "reporting"))
class ObjectionRecorded(Fact):
    """What an HCP objected to: topic x nature, with the reaction after the answer."""

    report_id: Id
    lead_id: Id | None = None
    contact_id: Id
    brand_id: Id
    rep_id: Id
    topic: Code
    nature: Code
    reaction: Code
    asset_id: Id | None = None
    call_id: Id | None = None
    occurred_at: Moment
    received_at: Moment

    def key(self) -> str:
        return self.lead_id or self.contact_id


@contract("insight.recorded", topic=FEEDBACK, producer="feedback", consumers=("reporting",))
class InsightRecorded(Fact):
    """Something a rep learned that is no objection: access, competitor, practice pattern, buying process."""

    report_id: Id
    contact_id: Id | None = None
    account_id: Id | None = None
    brand_id: Id | None = None
    rep_id: Id
    kind: Code
    topics: list[Code] = []
    occurred_at: Moment
    received_at: Moment

    def key(self) -> str:
        return self.contact_id or self.account_id or self.rep_id


@contract("consent.reported", topic=FEEDBACK, producer="feedback", consumers=("intake", "reporting"))
class ConsentReported(Fact):
    """What a contact told a rep they do not allow. `channel` any: they are not to be contacted at all. A rep's word opts nobody in.

    `at`: when it was said, never later than the report was received. `evidence`: how we know.
    """

    report_id: Id
    contact_id: Id
    channel: Code
    purpose: Code
    state: Literal["denied"]
    at: Moment
    evidence: Code

    def key(self) -> str:
        return self.contact_id


@contract("rep.told", topic=FEEDBACK, producer="feedback", consumers=("reporting",))
class RepTold(Fact):
    """The circle closes: a rep was told which change their own reports led to."""

    rep_id: Id
    report_ids: list[Id]
    change_id: Id
    decision_id: Id | None = None
    kind: Label
    told_at: Moment

    def key(self) -> str:
        return self.rep_id
