"""SendGrid's Event Webhook: an array of events, signed with SendGrid's own key; the source's secret is the public half.

SendGrid sends an event again and again until it is answered, with the stamp of the first time, and often twice anyway: `sg_event_id`
tells. A group unsubscribe is of one of the sender's subscription groups; who leaves one is let go from e-mail.
"""

from collections.abc import Mapping

from intake.decisions import moments
from intake.decisions.acts import AttributeValue, Ignored, Item, Mark, Rejected
from intake.decisions.adapters import reading
from intake.decisions.adapters.interface import Adapter
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.typed import nothing_typed, with_typed
from intake.decisions.persons import person_of
from intake.decisions.signatures import Header, Signature, Stamp
from shared.events.engagements import EngagementKind

RECIPE = Signature(
    place=Header("x-twilio-email-event-webhook-signature"),
    parts=("timestamp", "body"),
    algorithm="ecdsa-p256",
    stamp=Stamp(Header("x-twilio-email-event-webhook-timestamp"), unit="s", tolerance=None),
)

KINDS: Mapping[str, EngagementKind] = {
    "delivered": "email_delivered",
    "bounce": "email_bounced",
    "open": "email_opened",
    "click": "email_clicked",
    "spamreport": "email_complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
    "group_resubscribe": "subscribed",
}
IGNORED: Mapping[str, str] = {
    "processed": "sent_only",
    "deferred": "not_delivered_yet",
    "dropped": "not_sent",
    "account_status_change": "record_only",
}
# A bounce's `type`: the address is gone, or its server would not have this e-mail.
_BOUNCE_TYPES = {"bounce": "hard", "blocked": "blocked"}


def read(body: object, source: SourceFacts) -> list[Item]:
    """One item per event in the body, in the body's order."""
    return [with_typed(_item(event, source), event, nothing_typed) for event in (body if isinstance(body, list) else [body])]


def _item(event: object, source: SourceFacts) -> Item:
    name = reading.type_name(event.get("event")) if isinstance(event, dict) else None
    if not isinstance(event, dict) or name is None:
        return Rejected(None, "unexpected_shape", "An event must be a JSON object that names its event.")
    kind = KINDS.get(name)
    if kind is None:
        return Ignored(name, IGNORED.get(name, "unknown_event_type"))
    email = reading.text(event.get("email"))
    return observed(
        source=source.name,
        vendor_type=name,
        identity=reading.identity("event", reading.word(event.get("sg_event_id"))) or reading.identity_by_content("event", event),
        kind=kind,
        occurred_at=moments.from_epoch_seconds(event.get("timestamp")),
        person=person_of(external_ids={}, emails=[email] if email else []),
        marks=_marks(event),
        attributes=_attributes(kind, event),
        machine=event.get("sg_machine_open") is True,
        agent=event.get("useragent"),
        sending=_sending(event),
    )


def _sending(event: dict[str, object]) -> str | None:
    """The e-mail's id: what comes behind the first dot tells which of SendGrid's servers sent it when."""
    message_id = reading.text(event.get("sg_message_id"))
    return None if message_id is None else message_id.partition(".")[0]


def _marks(event: dict[str, object]) -> list[Mark]:
    """The e-mail as SendGrid's marketing campaigns, single sends and templates know it, the sender's categories, and the link."""
    emails = [event.get(key) for key in ("singlesend_id", "marketing_campaign_id", "sg_template_id", "template_id")]
    category = event.get("category")
    return [
        *reading.codes(*(("email", email) for email in emails), *(("email_series", email) for email in emails)),
        *reading.codes(*(("category", one) for one in (category if isinstance(category, list) else [category]))),
        *reading.address_marks(reading.text(event.get("url"))),
    ]


def _attributes(kind: EngagementKind, event: dict[str, object]) -> dict[str, AttributeValue]:
    if kind == "email_bounced":
        bounce_type = _BOUNCE_TYPES.get(reading.text(event.get("type")) or "")
        return {} if bounce_type is None else {"bounce_type": bounce_type}
    position = reading.whole_number(reading.at(event, "url_offset", "index")) if kind == "email_clicked" else None
    return {} if position is None else {"link_position": position}


ADAPTER = Adapter(
    recipe=RECIPE,
    read=read,
    settings=frozenset({"brand_id"}),
    kinds={name: (kind,) for name, kind in KINDS.items()},
    ignored=IGNORED,
)
