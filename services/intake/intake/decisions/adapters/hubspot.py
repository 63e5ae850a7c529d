"""HubSpot's webhooks: an app's, an array of events, each naming what happened to which CRM object; a workflow's, one CRM object.

HubSpot has no engagement vocabulary in them: what a changed contact property means is the integrator's word, `property_kinds`.
A person is known by the object's id alone in an app's events, for these carry no address. Workflows are read in `hubspot_workflows`.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import get_args

from intake.decisions import moments
from intake.decisions.acts import Ignored, Item, Rejected
from intake.decisions.adapters import hubspot_workflows, reading
from intake.decisions.adapters.interface import Adapter
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.typed import with_typed
from intake.decisions.persons import person_of
from intake.decisions.signatures import Either, Header, Signature, Stamp
from intake.decisions.texts import Typed, typed_in
from shared.events.engagements import EngagementKind

# What HubSpot decodes in the address before it signs it (developers.hubspot.com, validating requests, v3); every other escape stays.
_SIGNED_DECODED = {
    "3a": ":", "2f": "/", "3f": "?", "40": "@", "21": "!", "24": "$", "27": "'", "28": "(", "29": ")", "2a": "*", "2c": ",", "3b": ";",
}  # fmt: skip
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")

_CONTACT_OBJECT_TYPE_ID = "0-1"
# What a retry changes.
_ATTEMPT = ("attemptNumber",)
IGNORED: Mapping[str, str] = {
    "contact.creation": "record_only",
    "contact.deletion": "record_only",
    "contact.privacyDeletion": "record_only",
    "contact.merge": "record_only",
    "contact.restore": "record_only",
    "contact.associationChange": "record_only",
}


def signed_form(uri: str) -> str:
    """The address as HubSpot signs it."""
    return _ESCAPE.sub(lambda escape: _SIGNED_DECODED.get(escape[1].lower(), escape[0]), uri)


APPS = Signature(
    place=Header("x-hubspot-signature-v3"),
    parts=("method", "uri", "body", "timestamp"),
    stamp=Stamp(Header("x-hubspot-request-timestamp"), unit="ms", tolerance=timedelta(seconds=300)),
    uri_form=signed_form,
)
# Workflows sign without a time. Played again, such a request is a duplicate.
WORKFLOWS = Signature(
    place=Header("x-hubspot-signature"),
    parts=("method", "uri", "body"),
    algorithm="secret-sha256",
    encoding="hex",
)
RECIPE = Either((APPS, WORKFLOWS))


def read(body: object, source: SourceFacts) -> list[Item]:
    """One item per event in the body, in the body's order; of a workflow's object one per act in it."""
    if hubspot_workflows.is_object(body):
        return hubspot_workflows.read(body, source)
    listed = body if isinstance(body, list) else [body]
    return [with_typed(_item(event, source), event, _typed, but=_ATTEMPT) for event in listed]


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
    return Ignored(name, IGNORED.get(name, "unknown_event_type"))


def _property_changed(name: str, event: dict[str, object], source: SourceFacts) -> Item:
    kind = source.property_kinds.get(reading.text(event.get("propertyName")) or "")
    if kind is None:
        return Ignored(name, "property_not_mapped")
    if hubspot_workflows.is_cleared(event.get("propertyValue", True)):
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
        or reading.identity_by_content("event", event, but=_ATTEMPT),
        kind=kind,
        occurred_at=moments.from_epoch_milliseconds(occurred_at),
        person=person_of(external_ids={source.name: object_id} if object_id else {}, emails=[]),
    )


def _typed(_name: str, event: dict[str, object]) -> list[Typed]:
    """What a property was set to, unless HubSpot sets it by itself."""
    property_name = reading.text(event.get("propertyName")) or "propertyValue"
    return [] if hubspot_workflows.is_hubspots(property_name) else typed_in(event.get("propertyValue"), at=property_name)


ADAPTER = Adapter(
    recipe=RECIPE,
    read=read,
    settings=frozenset({"public_url", "brand_id", "property_kinds"}),
    kinds={
        "contact.propertyChange": get_args(EngagementKind),
        "object.propertyChange": get_args(EngagementKind),
        hubspot_workflows.PROPERTY: get_args(EngagementKind),
        hubspot_workflows.SUBMISSION: ("form_submitted",),
    },
    ignored={**IGNORED, hubspot_workflows.OBJECT: "record_only"},
)
