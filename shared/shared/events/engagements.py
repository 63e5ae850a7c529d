"""Topic `engagements`: what contacts did. The canonical vocabulary every marketing platform is mapped to."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from shared.events.facts import Code, Fact, Id, Label, Moment, contract
from shared.events.topics import ENGAGEMENTS

EngagementKind = Literal[
    "email_delivered", "email_opened", "email_clicked", "email_bounced", "email_complained", "unsubscribed", "subscribed",
    "form_submitted", "page_viewed", "content_downloaded", "webinar_registered", "webinar_attended", "event_attended",
    "sms_clicked", "ad_clicked", "rep_requested", "sample_requested",
]  # fmt: skip
EngagementContext = Literal["promotional", "educational", "support", "medical", "independent_education"]
EngagementFlag = Literal["test", "backfill", "asset_unapproved", "asset_expired"]

ENGAGEMENT_KINDS: tuple[str, ...] = get_args(EngagementKind)


class EngagementFact(Fact):
    """One observed act of a contact. `machine` acts (scanners, mail proxies) are kept but earn nothing; `machine_evidence` says why.

    `attributes` is a closed list per kind: numbers and codes, never text. `source_event_id` is the platform's own identity of the act.
    `original_contact_id`: the contact whose key showed the act, where that one is merged into `contact_id`; null where they are the same.
    """

    engagement_id: Id
    source: Id
    source_event_id: Id
    contact_id: Id
    original_contact_id: Id | None = None
    kind: EngagementKind
    channel: Code
    context: EngagementContext
    asset_id: Id | None = None
    campaign_id: Id | None = None
    brand_id: Id | None = None
    topics: list[Label] = []
    occurred_at: Moment
    received_at: Moment
    machine: bool
    machine_evidence: list[Code] = []
    attributes: dict[Code, int | float | bool | Code] = {}
    flags: list[EngagementFlag] = []

    def key(self) -> str:
        return self.contact_id


@contract("engagement.recorded", topic=ENGAGEMENTS, producer="intake", consumers=("routing", "reporting"))
class EngagementRecorded(EngagementFact):
    """One observed act of a contact, in its first version. `machine` acts (scanners, mail proxies) are kept but earn nothing.

    `attributes` is a closed list per kind: numbers and codes, never text. `source_event_id` is the platform's own identity of the act.
    """


@contract("engagement.restated", topic=ENGAGEMENTS, producer="intake", consumers=("routing", "reporting"))
class EngagementRestated(EngagementFact):
    """The same act, whole, as it is known now: it replaces what was told of it in any lower `version`. `cause` says what changed it:
    `evidence` that came later, or somebody's `word`."""

    version: Annotated[int, Field(ge=2)]
    restated_at: Moment
    cause: Code
