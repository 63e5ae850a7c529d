"""Zoom's webinar webhooks: one event a request, in milliseconds, answered within three seconds or sent again.

Zoom tells that somebody joined and that somebody left; the joining is the attendance, once per connection. A participant may have no
address at all; then the registrant's id is who they are. What registrants answer and ask, and what is said in the chat, is text.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import timedelta

from intake.decisions import moments
from intake.decisions.acts import Ignored, Item, Mark, Rejected
from intake.decisions.adapters import reading
from intake.decisions.adapters.bodies import json_value
from intake.decisions.adapters.handshakes import Knock, Reply, probe
from intake.decisions.adapters.interface import Adapter, Answers
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.typed import with_typed
from intake.decisions.persons import PersonKey, person_of
from intake.decisions.signatures import Header, Signature, Stamp, Text, is_signed
from intake.decisions.texts import Typed, typed_in
from shared.events.engagements import EngagementKind
from shared.strict_json import Malformed

RECIPE = Signature(
    place=Header("x-zm-signature"),
    parts=(Text("v0:"), "timestamp", Text(":"), "body"),
    encoding="hex",
    prefix="v0=",
    stamp=Stamp(Header("x-zm-request-timestamp"), unit="s", tolerance=timedelta(seconds=300)),
)

_VALIDATION = "endpoint.url_validation"
_JOINED = "webinar.participant_joined"
KINDS: Mapping[str, EngagementKind] = {
    "webinar.registration_created": "webinar_registered",
    _JOINED: "webinar_attended",
}
IGNORED: Mapping[str, str] = {
    _VALIDATION: "handshake",
    "app_deauthorized": "record_only",
    "webinar.registration_approved": "record_only",
    "webinar.registration_denied": "record_only",
    "webinar.registration_cancelled": "no_kind",
    "webinar.participant_left": "no_kind",
    "webinar.created": "record_only",
    "webinar.updated": "record_only",
    "webinar.deleted": "record_only",
    "webinar.started": "record_only",
    "webinar.ended": "record_only",
    "webinar.alert": "record_only",
    "webinar.sharing_started": "record_only",
    "webinar.sharing_ended": "record_only",
    "webinar.chat_message_sent": "no_kind",
}
# Who a registrant is and where; the rest of them is what they answered.
_WHO = frozenset(
    {
        *("id", "registrant_id", "email", "first_name", "last_name", "display_name", "address", "city", "country", "state", "zip"),
        *("phone", "status", "join_url", "tracking_source", "language"),
    }
)
_QUESTIONS = "custom_questions"
# Letters, digits and the like: nothing that could be the beginning of a signed request, since its HMAC is given out.
_PLAIN_TOKEN = re.compile(r"[A-Za-z0-9_.+/=-]{1,200}", re.ASCII)


def read(body: object, source: SourceFacts) -> list[Item]:
    """One item per event in the body, in the body's order."""
    return [with_typed(_item(event, source), event, _typed) for event in (body if isinstance(body, list) else [body])]


def validation(knock: Knock) -> Reply | None:
    """The answer to Zoom's question whether this address is its owner's: the token it sent, and the token under the secret.

    Only a signed question is answered, for otherwise anybody could have anything signed here.
    """
    if knock.request.method != "POST":
        return probe(knock)
    token = _plain_token(knock.request.body)
    if token is None:
        return None
    signed_with = next((one for one in knock.secrets if is_signed(knock.request, recipe=RECIPE, secrets=[one], now=knock.now)), None)
    if signed_with is None:
        return None
    encrypted = hmac.digest(signed_with.encode(errors="surrogatepass"), token.encode(), "sha256").hex()
    return Reply(200, body={"plainToken": token, "encryptedToken": encrypted})


def _plain_token(body: bytes) -> str | None:
    if _VALIDATION.encode() not in body:  # nearly every body: it need not be read twice
        return None
    try:
        value = json_value(body, {})
    except Malformed:
        return None
    token = reading.at(value, "payload", "plainToken") if reading.at(value, "event") == _VALIDATION else None
    return token if isinstance(token, str) and _PLAIN_TOKEN.fullmatch(token) else None


def _item(event: object, source: SourceFacts) -> Item:
    name = reading.type_name(event.get("event")) if isinstance(event, dict) else None
    if not isinstance(event, dict) or name is None:
        return Rejected(None, "unexpected_shape", "An event must be a JSON object that names its event.")
    kind = KINDS.get(name)
    if kind is None:
        return Ignored(name, IGNORED.get(name, "unknown_event_type"))
    webinar = reading.at(event, "payload", "object")
    who = reading.at(webinar, "participant" if name == _JOINED else "registrant")
    if name == _JOINED and _is_host(who, webinar):
        return Ignored(name, "own_staff")
    joined_at = reading.text(reading.at(who, "join_time")) if name == _JOINED else None
    at = event.get("event_ts")
    return observed(
        source=source.name,
        vendor_type=name,
        identity=_identity(name, event, webinar, who) or reading.identity_by_content(name, event),
        kind=kind,
        occurred_at=moments.from_rfc_3339(joined_at) if joined_at is not None else moments.from_epoch_milliseconds(at),
        person=_person(who, source),
        marks=_marks(webinar, who),
    )


def _is_host(who: object, webinar: object) -> bool:
    host = reading.word(reading.at(webinar, "host_id"))
    return host is not None and host == reading.word(reading.at(who, "id"))


def _identity(name: str, event: dict[str, object], webinar: object, who: object) -> str | None:
    """Zoom numbers no events: the event, its moment, the webinar's occurrence and the person tell them apart."""
    person = next(
        (found for key in ("registrant_id", "id", "participant_uuid", "user_id") if (found := reading.word(reading.at(who, key)))), None
    )
    return reading.identity(name, reading.word(event.get("event_ts")), reading.word(reading.at(webinar, "uuid")), person)


def _person(who: object, source: SourceFacts) -> tuple[PersonKey, ...]:
    """Whoever registered keeps the registrant's id when joining. `user_id` is a seat in one session and nobody's name."""
    person_id = reading.word(reading.at(who, "registrant_id")) or reading.word(reading.at(who, "id"))
    email = reading.text(reading.at(who, "email"))
    return person_of(external_ids={source.name: person_id} if person_id else {}, emails=[email] if email else [])


def _marks(webinar: object, who: object) -> list[Mark]:
    webinar_id = reading.at(webinar, "id")
    tracking = reading.text(reading.at(who, "tracking_source", "tracking_url"))
    return [*reading.codes(("page", webinar_id), ("webinar", webinar_id)), *reading.address_marks(tracking)]


def _typed(name: str, event: dict[str, object]) -> list[Typed]:
    """A registrant's answers, under their questions; of the chat everything."""
    if name == "webinar.chat_message_sent":
        return typed_in(event.get("payload"), reach="event")
    registrant = reading.at(event, "payload", "object", "registrant") if name.startswith("webinar.registration_") else None
    if not isinstance(registrant, dict):
        return []
    answers = {key: value for key, value in registrant.items() if key not in _WHO and key != _QUESTIONS}
    asked = registrant.get(_QUESTIONS)
    listed = asked if isinstance(asked, list) else [asked]
    return [*typed_in(answers), *(typed for question in listed for typed in _answered(question))]


def _answered(question: object) -> list[Typed]:
    """An answer, under its question where it stands beside one."""
    title = reading.text(reading.at(question, "title"))
    if title is None or not isinstance(question, dict) or question.keys() != {"title", "value"}:
        return typed_in(question, at=_QUESTIONS)
    return typed_in(question["value"], at=title)


ADAPTER = Adapter(
    recipe=RECIPE,
    read=read,
    settings=frozenset({"brand_id"}),
    handshake=validation,
    answers=Answers(accepted=200),
    kinds={name: (kind,) for name, kind in KINDS.items()},
    ignored=IGNORED,
)
