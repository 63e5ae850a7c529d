"""Segment's Webhooks destination: the calls of Segment's Spec, one a request or an array of them.

Of an array only the first call is signed: the others are believed, and the receipt says so. An anonymous id is a cookie and recognises
nobody. A track call's event is what a developer called it: Segment's own names for e-mail, and whatever else says a kind.
"""

import re
from collections.abc import Mapping

from intake.decisions import moments
from intake.decisions.acts import Ignored, Item, Mark, Rejected
from intake.decisions.adapters import reading
from intake.decisions.adapters.interface import Adapter
from intake.decisions.adapters.naming import kind_of
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.typed import with_typed
from intake.decisions.persons import PersonKey, person_of
from intake.decisions.signatures import Header, Signature
from intake.decisions.texts import Typed, typed_in
from shared.events.engagements import EngagementKind

RECIPE = Signature(place=Header("x-signature"), parts=("first_element",), algorithm="hmac-sha1", encoding="hex")

# Segment's e-mail events, and the two calls that are acts by themselves.
KINDS: Mapping[str, EngagementKind] = {
    "page": "page_viewed",
    "screen": "page_viewed",
    "track:Email Delivered": "email_delivered",
    "track:Email Opened": "email_opened",
    "track:Email Link Clicked": "email_clicked",
    "track:Email Bounced": "email_bounced",
    "track:Email Marked as Spam": "email_complained",
    "track:Unsubscribed": "unsubscribed",
}
IGNORED: Mapping[str, str] = {"identify": "record_only", "group": "record_only", "alias": "record_only"}

# What a retry changes.
_STAMPS = ("sentAt", "receivedAt")
# Of a page what its makers wrote; of a person what they are called and where they are found.
_RESERVED_TRAITS = frozenset(
    {
        *("address", "age", "avatar", "birthday", "company", "createdAt", "email", "employees", "firstName", "gender", "id", "industry"),
        *("lastName", "logins", "name", "phone", "plan", "username", "website"),
    }
)
_PAGE = frozenset({"url", "title", "path", "referrer", "name", "category"})

# A developer's name of an event, as code writes it; anything else could be what somebody typed.
_EVENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:/ -]{0,79}", re.ASCII)


def read(body: object, source: SourceFacts) -> list[Item]:
    """One item per call in the body, in the body's order."""
    return [
        with_typed(_item(call, source), call, _typed, but=_STAMPS, whose=_whose(call))
        for call in (body if isinstance(body, list) else [body])
    ]


def _item(call: object, source: SourceFacts) -> Item:
    call_type = reading.type_name(call.get("type")) if isinstance(call, dict) else None
    if not isinstance(call, dict) or call_type is None:
        return Rejected(None, "unexpected_shape", "A call must be a JSON object that names its type.")
    name, kind = _name_and_kind(call_type, call, source)
    if kind is None:
        return Ignored(name, IGNORED.get(name, "unknown_event_type"))
    return observed(
        source=source.name,
        vendor_type=name,
        identity=reading.identity("message", reading.word(call.get("messageId")))
        or reading.identity_by_content("message", call, but=_STAMPS),
        kind=kind,
        occurred_at=moments.from_rfc_3339(call.get("timestamp") or call.get("originalTimestamp")),
        person=_person(call, source),
        marks=_marks(call),
        agent=reading.at(call, "context", "userAgent"),
    )


def _name_and_kind(call_type: str, call: dict[str, object], source: SourceFacts) -> tuple[str, EngagementKind | None]:
    event = reading.text(call.get("event"))
    if call_type != "track" or event is None:
        return call_type, KINDS.get(call_type)
    name = f"track:{event}" if _EVENT_NAME.fullmatch(event) else "track"
    kind = source.event_kinds.get(event) or KINDS.get(name) or kind_of(event, source)
    # What a developer calls "subscribed" may be a paid plan: consent is granted by an integrator's word on what the event means.
    return name, kind if kind != "subscribed" or event in source.event_kinds else None


def _person(call: dict[str, object], source: SourceFacts) -> tuple[PersonKey, ...]:
    user_id = reading.word(call.get("userId"))
    addresses = [
        reading.text(reading.at(call, "context", "traits", "email")),
        reading.text(reading.at(call, "properties", "email")),
        reading.text(reading.at(call, "traits", "email")),
        user_id,  # many use the address as the id; what is none is left out
    ]
    return person_of(external_ids={source.name: user_id} if user_id else {}, emails=[one for one in addresses if one is not None])


def _marks(call: dict[str, object]) -> list[Mark]:
    of_event, campaign = call.get("properties"), reading.at(call, "context", "campaign")
    addresses = [reading.at(of_event, "link_url"), reading.at(of_event, "url"), reading.at(call, "context", "page", "url")]
    email = reading.at(of_event, "email_id")
    return [
        *reading.codes(("form", reading.at(of_event, "form_id")), ("email", email), ("email_series", email)),
        *reading.codes(("utm_content", reading.at(campaign, "content")), ("utm_campaign", reading.at(campaign, "name"))),
        *reading.codes(("campaign", reading.at(of_event, "campaign_id"))),
        *(mark for address in addresses for mark in reading.address_marks(reading.text(address))),
    ]


def _whose(call: object) -> str | None:
    """Whose traits a call tells, as often as it likes."""
    return reading.word(reading.at(call, "userId")) or reading.word(reading.at(call, "anonymousId"))


def _typed(name: str, call: dict[str, object]) -> list[Typed]:
    """What people answered stands in an event's properties and in their own traits; Segment's e-mail events have neither."""
    if name in KINDS and name not in ("page", "screen"):
        return []
    properties = call.get("properties")
    if name in KINDS and isinstance(properties, dict):
        properties = {key: value for key, value in properties.items() if key not in _PAGE}
    traits = call.get("traits")
    own = {key: value for key, value in traits.items() if key not in _RESERVED_TRAITS} if isinstance(traits, dict) else traits
    return [*typed_in(properties, at="properties"), *typed_in(own, at="traits")]


ADAPTER = Adapter(
    recipe=RECIPE,
    read=read,
    settings=frozenset({"brand_id", "event_kinds"}),
    kinds={name: (kind,) for name, kind in KINDS.items()},
    ignored=IGNORED,
)
