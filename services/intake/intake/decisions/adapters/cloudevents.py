"""CloudEvents 1.x over HTTP: structured, in batches, or binary with the attributes in headers; the data is an engagement of our vocabulary.

The specification signs nothing: an event is proved by a bearer token, by an access token in the query, or by a Standard Webhooks signature.
Before it sends, a sender may ask by OPTIONS whether its events are wanted here.
"""

import re
from urllib.parse import unquote

from intake.decisions.acts import Item, Rejected
from intake.decisions.adapters import canonical, reading, standard_webhooks
from intake.decisions.adapters.bodies import Headers, json_value
from intake.decisions.adapters.handshakes import Knock, Reply, probe
from intake.decisions.adapters.interface import Adapter
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.typed import with_typed
from intake.decisions.signatures import Either, InHeader, InQuery, SharedSecret
from intake.decisions.texts import Typed
from shared.strict_json import Malformed

RECIPE = Either((standard_webhooks.RECIPE, SharedSecret((InHeader(scheme="bearer"), InQuery("access_token")))))

_STRUCTURED = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_PREFIX = "ce-"
# Minor versions only add; another major one is another language.
_VERSION = re.compile(r"1\.[0-9]{1,3}", re.ASCII)
# An address in the DNS, as an origin is written, and a number of requests a minute.
_ORIGIN = re.compile(r"[A-Za-z0-9.-]{1,253}", re.ASCII)
_RATE = re.compile(r"[0-9]{1,9}", re.ASCII)


def value(body: bytes, headers: Headers) -> object:
    """The events as one JSON value, whatever the mode they came in. Raises `Malformed`."""
    if "ce-specversion" not in headers:
        return json_value(body, headers)
    attributes = {name.removeprefix(_PREFIX): _text(values) for name, values in headers.items() if name.startswith(_PREFIX)}
    return {**attributes, "data": json_value(body, headers) if body.strip() else None}


def _text(values: object) -> str:
    """An attribute's text: percent-encoded UTF-8 in a header that is there once."""
    if not isinstance(values, list | tuple) or len(values) != 1:
        raise Malformed("A CloudEvents header is given more than once.")
    try:
        text = unquote(values[0], errors="strict")
    except UnicodeDecodeError:
        raise Malformed("A CloudEvents header is not percent-encoded UTF-8.") from None
    if "\x00" in text:
        raise Malformed("A CloudEvents header holds a NUL character, which no text can.")
    return text


def read(body: object, source: SourceFacts) -> list[Item]:
    """One item per event in the body, in the body's order."""
    return [with_typed(_item(event, source), event, _typed) for event in (body if isinstance(body, list) else [body])]


def abuse_protection(knock: Knock) -> Reply | None:
    """The answer to a sender's question whether it may send here, at what rate: whoever asks may, for proof is asked of each event."""
    if knock.request.method != "OPTIONS":
        return probe(knock)
    origin = knock.request.headers.get("webhook-request-origin", ())
    if len(origin) != 1 or not _ORIGIN.fullmatch(origin[0]):
        return Reply(200, headers={"Allow": "POST"})
    rate = knock.request.headers.get("webhook-request-rate", ())
    allowed = rate[0] if len(rate) == 1 and _RATE.fullmatch(rate[0]) else "*"
    return Reply(200, headers={"Allow": "POST", "WebHook-Allowed-Origin": origin[0], "WebHook-Allowed-Rate": allowed})


def _item(event: object, source: SourceFacts) -> Item:
    if not isinstance(event, dict):
        return Rejected(None, "unexpected_shape", "An event must be a JSON object.")
    name, event_id, origin = reading.type_name(event.get("type")), reading.text(event.get("id")), reading.text(event.get("source"))
    version = reading.text(event.get("specversion"))
    if version is None or name is None or event_id is None or origin is None:
        return Rejected(name, "unexpected_shape", "A CloudEvent must have specversion, type, source and id.")
    if not _VERSION.fullmatch(version):
        return Rejected(name, "unexpected_shape", "The event is of another major version of CloudEvents.")
    identity = reading.identity("event", origin, event_id) or reading.identity_by_content("event", event)
    data = event.get("data")
    return canonical.engagement({} if data is None else data, canonical.Envelope(name, identity, event.get("time")), source)


def _typed(_name: str, event: dict[str, object]) -> list[Typed]:
    return canonical.typed_in_data(event.get("data"))


ADAPTER = Adapter(
    recipe=RECIPE,
    read=read,
    settings=frozenset({"brand_id", "event_kinds"}),
    value=value,
    kept_headers=(_PREFIX,),
    handshake=abuse_protection,
    media_types=frozenset({"application/json", _STRUCTURED, _BATCH}),
    kinds=canonical.KINDS_BY_NAME,
)
