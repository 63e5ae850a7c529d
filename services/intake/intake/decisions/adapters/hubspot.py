"""HubSpot's webhooks: an array of events, each naming what happened to which CRM object.

HubSpot has no engagement vocabulary in them: what a changed contact property means is the integrator's word, `property_kinds`.
A person is known by the object's id alone, for these events carry no address.
"""

import re
from datetime import timedelta

from intake.decisions import moments
from intake.decisions.acts import Ignored, Item, Rejected
from intake.decisions.adapters import reading
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.persons import person_of
from intake.decisions.signatures import Header, Signature, Stamp

# What HubSpot decodes in the address before it signs it (developers.hubspot.com, validating requests, v3); every other escape stays.
_SIGNED_DECODED = {
    "3a": ":", "2f": "/", "3f": "?", "40": "@", "21": "!", "24": "$", "27": "'", "28": "(", "29": ")", "2a": "*", "2c": ",", "3b": ";",
}  # fmt: skip
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")

_CONTACT_OBJECT_TYPE_ID = "0-1"
_RECORDS = frozenset(
    {"contact.creation", "contact.deletion", "contact.privacyDeletion", "contact.merge", "contact.restore", "contact.associationChange"}
)
# A property that was emptied or switched off is no act of the person.
_CLEARED = frozenset({"", "false"})


def signed_form(uri: str) -> str:
    """The address as HubSpot signs it."""
    return _ESCAPE.sub(lambda escape: _SIGNED_DECODED.get(escape[1].lower(), escape[0]), uri)


RECIPE = Signature(
    place=Header("x-hubspot-signature-v3"),
    parts=("method", "uri", "body", "timestamp"),
    stamp=Stamp(Header("x-hubspot-request-timestamp"), unit="ms", tolerance=timedelta(seconds=300)),
    uri_form=signed_form,
)


def read(body: object, source: SourceFacts) -> list[Item]:
    """One item per event in the body, in the body's order."""
    return [_item(event, source) for event in (body if isinstance(body, list) else [body])]


def _item(event: object, source: SourceFacts) -> Item:
    if not isinstance(event, dict):
        return Rejected(None, "unexpected_shape", "An event must be a JSON object.")
    name = reading.text(event.get("subscriptionType"))
    if name is None or not re.fullmatch(r"[A-Za-z_]{1,40}\.[A-Za-z]{1,40}", name):
        return Rejected(None, "unexpected_shape", "An event must name its subscriptionType.")
    if name == "object.propertyChange" and event.get("objectTypeId") == _CONTACT_OBJECT_TYPE_ID:
        return _property_changed(name, event, source)
    if name == "contact.propertyChange":
        return _property_changed(name, event, source)
    return Ignored(name, "record_only" if name in _RECORDS else "unknown_event_type")


def _property_changed(name: str, event: dict[str, object], source: SourceFacts) -> Item:
    kind = source.property_kinds.get(reading.text(event.get("propertyName")) or "")
    if kind is None:
        return Ignored(name, "property_not_mapped")
    value = event.get("propertyValue", True)
    if value is None or (isinstance(value, str) and value.strip().lower() in _CLEARED):
        return Ignored(name, "property_cleared")
    object_id, occurred_at = reading.word(event.get("objectId")), event.get("occurredAt")
    return observed(
        source=source.name,
        vendor_type=name,
        identity=reading.identity(
            "event",
            reading.word(event.get("eventId")),
            reading.word(event.get("subscriptionId")),
            object_id,
            reading.word(occurred_at),
        )
        or reading.identity_by_content("event", event, but=("attemptNumber",)),
        kind=kind,
        occurred_at=moments.from_epoch_milliseconds(occurred_at),
        person=person_of(external_ids={source.name: object_id} if object_id else {}, emails=[]),
    )
