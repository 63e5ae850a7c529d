"""Salesforce Marketing Cloud's Event Notification Service (ENS): an array of events, each with its `eventCategoryType`.

Before it sends events ENS posts, unsigned, a verification key that an administrator must give back to it. A subscriber is known by an id in
every event, by the customer's own subscriber key and address only in what tells of a send.
"""

import re
from collections.abc import Mapping

from intake.decisions import moments
from intake.decisions.acts import AttributeValue, Ignored, Item, Rejected
from intake.decisions.adapters import reading
from intake.decisions.adapters.bodies import json_value
from intake.decisions.adapters.handshakes import Knock, Reply, probe
from intake.decisions.adapters.interface import Adapter
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.typed import nothing_typed, with_typed
from intake.decisions.persons import PersonKey, person_of
from intake.decisions.signatures import Header, Signature
from shared.events.engagements import EngagementKind
from shared.strict_json import Malformed

RECIPE = Signature(place=Header("x-sfmc-ens-signature"), parts=("body",))

KINDS: Mapping[str, EngagementKind] = {
    "EngagementEvents.EmailOpen": "email_opened",
    "EngagementEvents.EmailClick": "email_clicked",
    "EngagementEvents.EmailUnsubscribe": "unsubscribed",
    "TransactionalSendEvents.EmailBounced": "email_bounced",
}
IGNORED: Mapping[str, str] = {
    "callback_verification": "handshake",
    "TransactionalSendEvents.EmailSent": "sent_only",
    "TransactionalSendEvents.EmailNotSent": "not_sent",
    "TransactionalSendEvents.SmsSent": "sent_only",
    "TransactionalSendEvents.SmsNotSent": "not_sent",
    "TransactionalSendEvents.SmsTransient": "not_delivered_yet",
    "TransactionalSendEvents.SmsBounced": "no_kind",
    "TransactionalSendEvents.SmsDelivered": "no_kind",
    "SendEvents.PushSent": "sent_only",
    "SendEvents.PushNotSent": "not_sent",
    "SendEvents.PushBounced": "no_kind",
    "EngagementEvents.PushOpen": "no_kind",
    "SendEvents.AutomationInstanceStarted": "record_only",
    "SendEvents.AutomationInstanceCompleted": "record_only",
    "SendEvents.AutomationInstanceStopped": "record_only",
    "SendEvents.AutomationInstanceErrored": "record_only",
    "SendEvents.AutomationInstanceSkipped": "record_only",
}
_BOUNCE_TYPES = {"HARD": "hard", "SOFT": "soft", "BLOCK": "blocked"}
_VERIFICATION_BYTES_MAX = 2_000
_VERIFICATION_WORD = re.compile(r"[A-Za-z0-9_.+/=-]{1,200}", re.ASCII)


def read(body: object, source: SourceFacts) -> list[Item]:
    """One item per event in the body, in the body's order."""
    return [with_typed(_item(event, source), event, nothing_typed) for event in (body if isinstance(body, list) else [body])]


def verification(knock: Knock) -> Reply | None:
    """The answer to a callback's verification, and its key for whoever must give it back.

    It comes unsigned, for the key that signs is given out with the callback: it is taken only while the source names no callback yet, or
    names this one, and nothing in it is kept but two words.
    """
    if knock.request.method != "POST" or len(knock.request.body) > _VERIFICATION_BYTES_MAX:
        return probe(knock)
    words = _verification_words(knock.request.body)
    if words is None or knock.source.callback_id not in (None, words["callback_id"]):
        return None
    return Reply(200, told=words)


def _verification_words(body: bytes) -> dict[str, str] | None:
    try:
        value = json_value(body, {})
    except Malformed:
        return None
    if not isinstance(value, dict) or not _is_verification(value):
        return None
    words = {"callback_id": value["callbackId"], "verification_key": value["verificationKey"]}
    return words if all(isinstance(word, str) and _VERIFICATION_WORD.fullmatch(word) for word in words.values()) else None


def _is_verification(event: dict[str, object]) -> bool:
    return event.keys() == {"callbackId", "verificationKey"}


def _item(event: object, source: SourceFacts) -> Item:
    if isinstance(event, dict) and _is_verification(event):
        return Ignored("callback_verification", "handshake")
    name = reading.type_name(event.get("eventCategoryType")) if isinstance(event, dict) else None
    if not isinstance(event, dict) or name is None:
        return Rejected(None, "unexpected_shape", "An event must be a JSON object that names its eventCategoryType.")
    kind = KINDS.get(name)
    if kind is None:
        return Ignored(name, IGNORED.get(name, "unknown_event_type"))
    info, composite, at = event.get("info"), event.get("composite"), event.get("timestampUTC")
    job, email = reading.at(composite, "jobId"), reading.at(composite, "emailId")
    return observed(
        source=source.name,
        vendor_type=name,
        identity=_identity(name, event) or reading.identity_by_content(name, event),
        kind=kind,
        occurred_at=moments.from_epoch_milliseconds(at),
        person=_person(info, composite, source),
        marks=[
            *reading.codes(("email", email), ("email", job), ("email_series", email), ("email_series", job)),
            *reading.codes(("definition_key", None if event.get("definitionKey") == "NA" else event.get("definitionKey"))),
            *reading.address_marks(reading.text(reading.at(info, "contentLink"))),
        ],
        attributes=_attributes(kind, info),
        agent=reading.at(info, "userAgent"),
    )


def _identity(name: str, event: dict[str, object]) -> str | None:
    """ENS numbers no events: a type, the send's composite and the moment tell them apart, and for a click its link."""
    composite = [reading.word(reading.at(event, "composite", key)) for key in ("jobId", "batchId", "listId", "subscriberId")]
    link = reading.word(reading.at(event, "info", "jobUrlId")) or ""
    return reading.identity(name, *composite, reading.word(event.get("timestampUTC")), link)


def _person(info: object, composite: object, source: SourceFacts) -> tuple[PersonKey, ...]:
    subscriber_id = reading.word(reading.at(composite, "subscriberId"))
    subscriber_key = reading.word(reading.at(info, "subscriberKey"))
    ids = {source.name: subscriber_id, f"{source.name}.subscriber_key": subscriber_key}
    email = reading.text(reading.at(info, "to"))
    return person_of(
        external_ids={name: value for name, value in ids.items() if value is not None},
        emails=[email] if email else [],
    )


def _attributes(kind: EngagementKind, info: object) -> dict[str, AttributeValue]:
    if kind != "email_bounced":
        return {}
    bounce_type = _BOUNCE_TYPES.get((reading.text(reading.at(info, "bounceCode")) or "").upper())
    return {} if bounce_type is None else {"bounce_type": bounce_type}


ADAPTER = Adapter(
    recipe=RECIPE,
    read=read,
    settings=frozenset({"brand_id", "callback_id"}),
    handshake=verification,
    kinds={name: (kind,) for name, kind in KINDS.items()},
    ignored=IGNORED,
)
