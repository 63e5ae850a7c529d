"""What an adapter reads in a platform's body: acts we understand, and why the rest is none.

An `Act` is vendor-neutral but not yet ours: the person is a set of keys, the asset a set of marks, and nothing has been looked up.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson

from intake.decisions.persons import PersonKey
from intake.decisions.texts import Texts
from shared.events.engagements import EngagementContext, EngagementFlag, EngagementKind

AttributeValue = int | float | bool | str

# What a person does to leave. Honoured whatever the evidence, so a missing or impossible time never refuses one.
OPT_OUTS: frozenset[EngagementKind] = frozenset({"unsubscribed", "email_complained"})

CHANNELS: Mapping[EngagementKind, str] = {
    "email_delivered": "email",
    "email_opened": "email",
    "email_clicked": "email",
    "email_bounced": "email",
    "email_complained": "email",
    "unsubscribed": "email",
    "subscribed": "email",
    "form_submitted": "web",
    "page_viewed": "web",
    "content_downloaded": "web",
    "webinar_registered": "webinar",
    "webinar_attended": "webinar",
    "event_attended": "event",
    "sms_clicked": "sms",
    "ad_clicked": "ad",
    "rep_requested": "web",
    "sample_requested": "web",
}
"""The channel an act takes place on when nobody names one."""

ATTRIBUTES: Mapping[EngagementKind, frozenset[str]] = {
    "email_delivered": frozenset(),
    "email_opened": frozenset({"open_count"}),
    "email_clicked": frozenset({"click_count", "link_position"}),
    "email_bounced": frozenset({"bounce_type"}),
    "email_complained": frozenset(),
    "unsubscribed": frozenset({"reason_code"}),
    "subscribed": frozenset(),
    "form_submitted": frozenset({"field_count"}),
    "page_viewed": frozenset({"duration_seconds", "scroll_percent", "view_count"}),
    "content_downloaded": frozenset({"download_count"}),
    "webinar_registered": frozenset({"seat_count"}),
    "webinar_attended": frozenset({"attended_seconds", "attended_percent", "poll_count", "question_count", "live"}),
    "event_attended": frozenset({"attended_seconds", "session_count"}),
    "sms_clicked": frozenset({"click_count"}),
    "ad_clicked": frozenset({"click_count", "position"}),
    "rep_requested": frozenset({"reason_code"}),
    "sample_requested": frozenset({"unit_count"}),
}
"""The closed list of attributes per kind: numbers, booleans and codes. What somebody typed is none of them."""

ANSWERED_KINDS: frozenset[EngagementKind] = frozenset(
    {"form_submitted", "webinar_registered", "webinar_attended", "event_attended", "rep_requested", "sample_requested"}
)
SILENT_KINDS: frozenset[EngagementKind] = frozenset(
    {
        *("email_delivered", "email_opened", "email_clicked", "email_bounced", "email_complained"),
        *("page_viewed", "content_downloaded", "sms_clicked", "ad_clicked"),
    }
)
"""What people do, or what is done, without a word."""

ANSWER_PREFIX = "answer_"
"""What people are asked at: beside its list such a kind has attributes `answer_<name>`, codes out of the closed list its mapping names."""


def has_attribute(kind: EngagementKind, name: str) -> bool:
    """Whether engagements of that kind may carry the attribute."""
    return name in ATTRIBUTES[kind] or (kind in ANSWERED_KINDS and name.startswith(ANSWER_PREFIX))


@dataclass(frozen=True, slots=True)
class Mark:
    """Something in a platform's event by which an asset or campaign may be recognised: a form alias, a page's address."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Act:
    """One readable act. `identity` is the platform's own identity of it within `source`; retries of the same act repeat it.

    `occurred_at` None means that the receipt's time stands. `person` and `marks` name the strongest key first. What a poster
    states outright (asset, campaign, brand, topics, context) is kept as stated; None and empty mean: recognise it. `machine` is what
    whoever tells of it says; `by_known_machine` what its program's name does; `sending` the e-mail as it was sent to this person.
    `texts`, which every item may have, are what people typed: no part of what the item says.
    """

    source: str
    vendor_type: str
    identity: str
    kind: EngagementKind
    channel: str
    occurred_at: datetime | None
    person: tuple[PersonKey, ...]
    marks: tuple[Mark, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    engagement_id: UUID | None = None
    asset_id: str | None = None
    campaign_id: str | None = None
    brand_id: str | None = None
    context: EngagementContext | None = None
    topics: tuple[str, ...] = ()
    machine: bool = False
    flags: tuple[EngagementFlag, ...] = ()
    texts: Texts | None = field(default=None, compare=False)
    by_known_machine: bool = False
    sending: str | None = None

    @property
    def fingerprint(self) -> bytes:
        """A hash of all that makes it this act and no other: equal for retries, whatever their counters, companions or stamps, and for the
        same act told late (`backfill`).

        What we know of programs and keep of e-mails is no part of it: it grows, and a retry stays a retry.
        """
        told_flags = [flag for flag in self.flags if flag != "backfill"]
        canonical = {
            "kind": self.kind,
            "channel": self.channel,
            "occurred_at": self.occurred_at,
            "person": [[key.namespace, key.value] for key in self.person],
            "marks": [[mark.kind, mark.value] for mark in self.marks],
            "attributes": dict(self.attributes),
            "stated": [self.asset_id, self.campaign_id, self.brand_id, self.context, self.topics, self.machine, told_flags],
        }
        return hashlib.sha256(orjson.dumps(canonical, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)).digest()


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something readable that is no engagement, or none we map. `reason` is a code."""

    vendor_type: str
    reason: str
    texts: Texts | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something that can't be an engagement as it stands. `detail` is a sentence without what was sent."""

    vendor_type: str | None
    reason: str
    detail: str
    texts: Texts | None = field(default=None, compare=False)


Item = Act | Ignored | Rejected
