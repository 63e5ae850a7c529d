"""Customer.io's Reporting Webhooks: one event a request, of an `object_type` (email, sms, customer, ...) and a `metric` (clicked, ...).

An event it can't deliver holds back all that come after it, for seven days. Apple's mail proxy fetches images before anybody looks: then
the event is `prefetched`. Google's fetches them when somebody does: `proxied` alone is a person's.
"""

from collections.abc import Mapping
from datetime import timedelta

from intake.decisions import moments
from intake.decisions.acts import Ignored, Item, Mark, Rejected
from intake.decisions.adapters import reading
from intake.decisions.adapters.interface import Adapter
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.typed import nothing_typed, with_typed
from intake.decisions.persons import PersonKey, person_of
from intake.decisions.signatures import Header, Signature, Stamp, Text
from shared.events.engagements import EngagementKind
from shared.strict_json import Malformed, parse

RECIPE = Signature(
    place=Header("x-cio-signature"),
    parts=(Text("v0:"), "timestamp", Text(":"), "body"),
    encoding="hex",
    stamp=Stamp(Header("x-cio-timestamp"), unit="s", tolerance=timedelta(seconds=300)),
)

_PREFERENCES = "customer_cio_subscription_preferences_changed"
KINDS: Mapping[str, EngagementKind] = {
    "email_delivered": "email_delivered",
    "email_opened": "email_opened",
    "email_clicked": "email_clicked",
    "email_bounced": "email_bounced",
    "email_spammed": "email_complained",
    "email_unsubscribed": "unsubscribed",
    "sms_clicked": "sms_clicked",
    "customer_subscribed": "subscribed",
    "customer_unsubscribed": "unsubscribed",
    _PREFERENCES: "unsubscribed",
}
# What becomes of a message before anybody could do anything with it, whatever its channel.
_IGNORED_METRICS: Mapping[str, str] = {
    "drafted": "sent_only",
    "attempted": "not_sent",
    "sent": "sent_only",
    "dropped": "not_sent",
    "failed": "not_sent",
    "undeliverable": "not_sent",
    "suppressed": "not_sent",
    "deferred": "not_delivered_yet",
    "delivered": "no_kind",
    "opened": "no_kind",
    "clicked": "no_kind",
    "converted": "no_kind",
    "bounced": "no_kind",
}
_OBJECT_TYPES = ("email", "sms", "push", "in_app", "slack", "webhook", "whatsapp")
IGNORED: Mapping[str, str] = {
    f"{object_type}_{metric}": reason
    for object_type in _OBJECT_TYPES
    for metric, reason in _IGNORED_METRICS.items()
    if f"{object_type}_{metric}" not in KINDS
}


def read(body: object, source: SourceFacts) -> list[Item]:
    """One item per event in the body, in the body's order."""
    return [with_typed(_item(event, source), event, nothing_typed) for event in (body if isinstance(body, list) else [body])]


def _item(event: object, source: SourceFacts) -> Item:
    object_type, metric = (reading.text(reading.at(event, key)) for key in ("object_type", "metric"))
    name = reading.type_name(f"{object_type}_{metric}") if object_type and metric else None
    if not isinstance(event, dict) or name is None:
        return Rejected(None, "unexpected_shape", "An event must be a JSON object that names its object_type and metric.")
    kind = KINDS.get(name)
    if kind is None:
        return Ignored(name, IGNORED.get(name, "unknown_event_type"))
    data = event.get("data")
    if name == _PREFERENCES and not _leaves_all_email(reading.at(data, "content")):
        return Ignored(name, "topics_only")
    return observed(
        source=source.name,
        vendor_type=name,
        identity=reading.identity("event", reading.word(event.get("event_id"))) or reading.identity_by_content("event", event),
        kind=kind,
        occurred_at=moments.from_epoch_seconds(event.get("timestamp")),
        person=_person(object_type, data, source),
        marks=_marks(data),
        machine=reading.at(data, "prefetched") is True,
        agent=reading.at(data, "user_agent"),
        sending=reading.at(data, "delivery_id") if object_type == "email" else None,
    )


def _leaves_all_email(content: object) -> bool:
    """Whether a person's preferences, a JSON text, turn e-mail off: the channel, or each of the topics they may choose from."""
    try:
        value = parse(content.encode(errors="surrogatepass")) if isinstance(content, str) else content
    except Malformed:
        return False
    topics = reading.at(value, "topics")
    no_topic = isinstance(topics, dict) and bool(topics) and all(chosen is False for chosen in topics.values())
    return no_topic or reading.at(value, "channels", "email") is False


def _person(object_type: str | None, data: object, source: SourceFacts) -> tuple[PersonKey, ...]:
    """Customer.io's own id never changes; the customer's id may be missing, and then is null."""
    customer_id = reading.word(reading.at(data, "identifiers", "id")) or reading.word(reading.at(data, "customer_id"))
    own_id = reading.word(reading.at(data, "identifiers", "cio_id"))
    ids = {source.name: customer_id, f"{source.name}.cio_id": own_id}
    addresses = [
        reading.text(reading.at(data, "recipient")) if object_type == "email" else None,
        reading.text(reading.at(data, "email_address")),
        reading.text(reading.at(data, "identifiers", "email")),
    ]
    return person_of(
        external_ids={name: value for name, value in ids.items() if value is not None},
        emails=[address for address in addresses if address is not None],
    )


def _marks(data: object) -> list[Mark]:
    """The message as Customer.io knows it, `<what>:<id>` since each of these is counted on its own, and the link."""
    ids = {name: reading.word(reading.at(data, f"{name}_id")) for name in ("action", "newsletter", "transactional_message")}
    messages = [f"{name}:{found}" for name, found in ids.items() if found is not None]
    return [
        *reading.codes(*(("email", message) for message in messages), *(("email_series", message) for message in messages)),
        *reading.codes(*((name, reading.at(data, f"{name}_id")) for name in ("campaign", "broadcast", "newsletter"))),
        *reading.address_marks(reading.text(reading.at(data, "href"))),
    ]


ADAPTER = Adapter(
    recipe=RECIPE,
    read=read,
    settings=frozenset({"brand_id"}),
    kinds={name: (kind,) for name, kind in KINDS.items()},
    ignored=IGNORED,
)
