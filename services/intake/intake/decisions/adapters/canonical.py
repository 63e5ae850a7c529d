"""Engagements of our own vocabulary inside another's envelope: what a CloudEvent or a Standard Webhook carries as its data.

The fields are those of `POST /v1/engagements`, and by what an asset or campaign may be recognised: `form`, `page`, `email_id`, `url`. The
source is whose door it came through, whatever the data says, and what somebody typed is no attribute: one that is not on the kind's closed
list, or no number, boolean or code, is left out.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

from intake.decisions.acts import ATTRIBUTES, Act, AttributeValue, Ignored, Item, Rejected
from intake.decisions.adapters import reading
from intake.decisions.adapters.naming import KINDS, kind_of
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.moments import from_rfc_3339
from intake.decisions.persons import NPI, PersonKey, contact_key, is_npi, person_of
from intake.decisions.texts import Typed, typed_in
from shared.events.engagements import EngagementContext, EngagementFlag, EngagementKind

_CODE = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)
_PLATFORM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", re.ASCII)
_ID_CHARS_MAX = 200
_TOPICS_MAX = 100
_TOPIC_CHARS_MAX = 120
_NUMBER_MAX = 2**53  # what a JSON number holds exactly everywhere
_CONTEXTS: Mapping[str, EngagementContext] = {context: context for context in get_args(EngagementContext)}
_FLAGS: Mapping[str, EngagementFlag] = {"test": "test", "backfill": "backfill"}

# What an engagement is made of. Everything beside it is what somebody answered, or nothing to us.
_FIELDS = frozenset(
    {
        *("id", "source", "source_event_id", "contact_id", "contact", "email", "external_ids", "kind", "channel", "context", "asset_id"),
        *("campaign_id", "brand_id", "topics", "occurred_at", "received_at", "machine", "flags", "form", "page", "url", "attributes"),
    }
)

KINDS_BY_NAME: Mapping[str, tuple[EngagementKind, ...]] = {kind: (kind,) for kind in KINDS.values()}
"""What an envelope's type may end in, with any separators between its words."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an envelope says of its data: the type, the identity, and the time where the data doesn't say its own."""

    type_name: str
    identity: str
    time: object


def engagement(data: object, envelope: Envelope, source: SourceFacts) -> Item:
    """The act the data states, of the kind it or its envelope's type names."""
    if not isinstance(data, dict):
        return Rejected(envelope.type_name, "unexpected_shape", "The data must be a JSON object.")
    kind = KINDS.get(reading.text(data.get("kind")) or "") or kind_of(envelope.type_name, source)
    if kind is None:
        return Ignored(envelope.type_name, "unknown_event_type")
    item = observed(
        source=source.name,
        vendor_type=envelope.type_name,
        identity=envelope.identity,
        kind=kind,
        occurred_at=from_rfc_3339(data.get("occurred_at") or envelope.time),
        person=_person(data),
        marks=[
            *reading.codes(("form", data.get("form")), ("page", data.get("page"))),
            *reading.codes(("email", data.get("email_id")), ("email_series", data.get("email_id"))),
            *reading.address_marks(reading.text(data.get("url"))),
        ],
        attributes=_attributes(kind, data.get("attributes")),
        channel=_code(data.get("channel")),
        machine=data.get("machine") is True,
    )
    return _stated(item, data) if isinstance(item, Act) else item


def typed_in_data(data: object) -> list[Typed]:
    """What people typed in the data: all that isn't a field of ours. An attribute on its kind's closed list is a code; others are text."""
    if not isinstance(data, dict):
        return typed_in(data, reach="event")
    kind, given = KINDS.get(reading.text(data.get("kind")) or ""), data.get("attributes")
    known = ATTRIBUTES[kind] if kind is not None else frozenset()
    if isinstance(given, dict):
        given = {name: value for name, value in given.items() if name not in known or _attribute(value) is None}
    others = {name: value for name, value in data.items() if name not in _FIELDS}
    return typed_in({**others, "attributes": given}, reach="structure")


def _stated(act: Act, data: dict[str, object]) -> Act:
    """The act with what the sender states outright of its asset, campaign and brand."""
    topics, flags = data.get("topics"), data.get("flags")
    words = [reading.text(topic) for topic in topics[:_TOPICS_MAX]] if isinstance(topics, list) else []
    return replace(
        act,
        asset_id=_id(data.get("asset_id")),
        campaign_id=_id(data.get("campaign_id")),
        brand_id=_id(data.get("brand_id")),
        context=_CONTEXTS.get(reading.text(data.get("context")) or ""),
        topics=tuple(topic for topic in words if topic is not None and len(topic) <= _TOPIC_CHARS_MAX),
        flags=tuple(_FLAGS[flag] for flag in flags if isinstance(flag, str) and flag in _FLAGS) if isinstance(flags, list) else (),
    )


def _person(data: dict[str, object]) -> tuple[PersonKey, ...]:
    contact_id = _id(data.get("contact_id"))
    if contact_id is not None:
        return (contact_key(contact_id),)
    external = reading.at(data, "contact", "external_ids") or data.get("external_ids")
    addresses = [reading.text(reading.at(data, "contact", "email")), reading.text(data.get("email"))]
    return person_of(external_ids=_external_ids(external), emails=[address for address in addresses if address is not None])


def _external_ids(given: object) -> dict[str, str]:
    words = {name: reading.word(value) for name, value in given.items()} if isinstance(given, dict) else {}
    return {
        name: found
        for name, found in words.items()
        if found is not None and _PLATFORM_NAME.fullmatch(name) and (name != NPI or is_npi(found))
    }


def _attributes(kind: EngagementKind, given: object) -> dict[str, AttributeValue]:
    if not isinstance(given, dict):
        return {}
    known = {name: _attribute(given[name]) for name in sorted(ATTRIBUTES[kind]) if name in given}
    return {name: value for name, value in known.items() if value is not None}


def _attribute(value: object) -> AttributeValue | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if abs(value) <= _NUMBER_MAX else None
    return _code(value)


def _code(value: object) -> str | None:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def _id(value: object) -> str | None:
    found = unicodedata.normalize("NFC", reading.word(value) or "")
    return found if 0 < len(found) <= _ID_CHARS_MAX and found.isprintable() else None
