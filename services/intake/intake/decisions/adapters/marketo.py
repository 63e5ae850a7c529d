"""Marketo's webhooks: whatever template an administrator types, called from a smart campaign; ours is in the documentation of this service.

Marketo signs nothing: a secret goes along in a header of its own. It calls at the moment the act happens and doesn't call again, and its
clock token names no zone: then the receipt's time stands. A token it could not fill is left in the text as `{{token}}`.
"""

import re
from collections.abc import Mapping

from intake.decisions import moments
from intake.decisions.acts import Ignored, Item, Mark, Rejected
from intake.decisions.adapters import reading
from intake.decisions.adapters.bodies import Headers, json_value
from intake.decisions.adapters.interface import Adapter
from intake.decisions.adapters.naming import kind_of
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.typed import with_typed
from intake.decisions.persons import person_of
from intake.decisions.signatures import InHeader, SharedSecret
from intake.decisions.texts import Typed, typed_in
from shared.events.engagements import EngagementKind
from shared.strict_json import Malformed

RECIPE = SharedSecret((InHeader("x-intake-secret"), InHeader(scheme="bearer")))

# A string, or a token Marketo left where a value should stand.
_STRING_OR_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|\{\{[^{}"]{0,200}\}\}', re.DOTALL)
_TOKEN = re.compile(r"\{\{[^{}]{0,200}\}\}")
_EVENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_./ -]{0,79}", re.ASCII)

# Marketo's triggers, and the activities of its log they make.
KINDS: Mapping[str, EngagementKind] = {
    "Opens Email": "email_opened",
    "Open Email": "email_opened",
    "Clicks Link in Email": "email_clicked",
    "Click Email": "email_clicked",
    "Email is Delivered": "email_delivered",
    "Email Delivered": "email_delivered",
    "Email Bounces": "email_bounced",
    "Email Bounced": "email_bounced",
    "Email Bounces Soft": "email_bounced",
    "Email Bounced Soft": "email_bounced",
    "Unsubscribes from Email": "unsubscribed",
    "Unsubscribe Email": "unsubscribed",
    "Fills Out Form": "form_submitted",
    "Fill Out Form": "form_submitted",
    "Visits Web Page": "page_viewed",
    "Visit Webpage": "page_viewed",
}
IGNORED: Mapping[str, str] = {
    "Send Email": "sent_only",
    "Email is Sent": "sent_only",
    "Clicks Link on Web Page": "no_kind",
    "Click Link": "no_kind",
    "Person is Created": "record_only",
    "New Lead": "record_only",
    "Data Value Changes": "record_only",
    "Change Data Value": "record_only",
    "Score is Changed": "record_only",
    "Change Score": "record_only",
    "Program Status is Changed": "record_only",
    "Change Program Status": "record_only",
    "Has Interesting Moment": "record_only",
    "Interesting Moment": "record_only",
}
# Of our template what Marketo fills in by itself; a field an administrator added may hold an answer.
_OURS = frozenset({"schema", "id", "event", "program", "campaign", "trigger", "occurredAt"})
_WHO = frozenset({"id", "email", "firstName", "lastName", "company", "score"})
_SOFT = frozenset({"Email Bounces Soft", "Email Bounced Soft"})


def value(body: bytes, headers: Headers) -> object:
    """The filled template. A token left in the place of a value is null. Raises `Malformed`."""
    try:
        return json_value(body, headers)
    except Malformed:
        if b"{{" not in body:
            raise
    return json_value(_STRING_OR_TOKEN.sub(lambda found: found[0] if found[0].startswith(b'"') else b"null", body), headers)


def read(body: object, source: SourceFacts) -> list[Item]:
    """One item per event in the body, in the body's order."""
    return [with_typed(_item(event, source), event, _typed) for event in (body if isinstance(body, list) else [body])]


def _item(event: object, source: SourceFacts) -> Item:
    named = reading.text(reading.at(event, "event"))
    if not isinstance(event, dict) or named is None:
        return Rejected(None, "unexpected_shape", "An event must be a JSON object that names its event.")
    if _TOKEN.fullmatch(named):
        return Ignored("unnamed", "template_not_filled")
    name = named if _EVENT_NAME.fullmatch(named) else "unnamed"
    kind = source.event_kinds.get(named) or KINDS.get(named) or (kind_of(named, source) if named not in IGNORED else None)
    if kind is None:
        return Ignored(name, IGNORED.get(name, "unknown_event_type"))
    person_id, email = _filled(event, "lead", "id"), _filled(event, "lead", "email")
    return observed(
        source=source.name,
        vendor_type=name,
        identity=_identity(event),
        kind=kind,
        occurred_at=_occurred_at(event),
        person=person_of(external_ids={source.name: person_id} if person_id else {}, emails=[email] if email else []),
        marks=_marks(kind, event),
        attributes={"bounce_type": "soft"} if named in _SOFT else {},
    )


def _filled(event: dict[str, object], *path: str) -> str | None:
    """A token's value; None if it was left unfilled."""
    found = reading.word(reading.at(event, *path))
    return None if found is None or _TOKEN.fullmatch(found) else found


def _occurred_at(event: dict[str, object]) -> moments.Reading | None:
    """A time with a zone as it is. One as Marketo's clock token writes it stands for the receipt's: the call came at that moment."""
    written = _filled(event, "occurredAt")
    read_time = moments.from_rfc_3339(written)
    return None if written is not None and isinstance(read_time, moments.UnusableTime) else read_time


def _identity(event: dict[str, object]) -> str:
    """An id of the template's own, else all that tells one act from another; a score or name that changed meanwhile does not."""
    told = [("event",), ("lead", "id"), ("lead", "email"), ("campaign", "id"), ("program",), ("trigger",), ("occurredAt",)]
    return reading.identity("event", _filled(event, "id")) or reading.identity_by_content(
        "event", [reading.at(event, *one) for one in told]
    )


def _marks(kind: EngagementKind, event: dict[str, object]) -> list[Mark]:
    """What triggered it by its name in Marketo: an e-mail, form or page; the smart campaign; the link."""
    what = "form" if kind == "form_submitted" else "page" if kind == "page_viewed" else "email"
    name, link = _filled(event, "trigger", "name"), _filled(event, "trigger", "link")
    return [
        *reading.codes((what, name), ("email_series", name if what == "email" else None)),
        *reading.codes(("campaign", _filled(event, "campaign", "id")), ("program", _filled(event, "program"))),
        *reading.address_marks(link),
    ]


def _typed(_name: str, event: dict[str, object]) -> list[Typed]:
    others = {key: value for key, value in event.items() if key not in _OURS and key != "lead"}
    lead = event.get("lead")
    answers = {key: value for key, value in lead.items() if key not in _WHO} if isinstance(lead, dict) else lead
    return [one for one in typed_in({**others, "lead": answers}) if not _TOKEN.fullmatch(one.text.strip())]


ADAPTER = Adapter(
    recipe=RECIPE,
    read=read,
    settings=frozenset({"brand_id", "event_kinds"}),
    value=value,
    kinds={name: (kind,) for name, kind in KINDS.items()},
    ignored=IGNORED,
)
