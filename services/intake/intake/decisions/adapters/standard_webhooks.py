"""Standard Webhooks 1.0: `{type, timestamp, data}`, signed over id, stamp and body; the data is an engagement of our vocabulary or more.

The scheme is a recipe of our own engine: the specification's library reads the clock, knows one key and takes text for bytes. Tests hold
the recipe to that library.
"""

from datetime import timedelta

from intake.decisions.acts import Ignored, Item, Rejected
from intake.decisions.adapters import canonical, reading
from intake.decisions.adapters.bodies import Headers, json_value
from intake.decisions.adapters.interface import Adapter
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.typed import with_typed
from intake.decisions.signatures import Header, Signature, Stamp, Text
from intake.decisions.texts import Typed

_ID = Header("webhook-id", alias="svix-id")

RECIPE = Signature(
    place=Header("webhook-signature", alias="svix-signature"),
    parts=(_ID, Text("."), "timestamp", Text("."), "body"),
    prefix="v1,",
    separators="",
    key_form="base64",
    key_prefix="whsec_",
    stamp=Stamp(Header("webhook-timestamp", alias="svix-timestamp"), unit="s", tolerance=timedelta(seconds=300)),
)


def value(body: bytes, headers: Headers) -> object:
    """The body with the id its headers give it. Raises `Malformed`."""
    ids = headers.get(_ID.name) or headers.get(_ID.alias or "") or ()
    return {"webhook-id": ids[0] if len(ids) == 1 else None, "body": json_value(body, headers)}


def read(message: object, source: SourceFacts) -> list[Item]:
    """One item per engagement in the message, in its order."""
    body = reading.at(message, "body")
    name = reading.type_name(reading.at(body, "type"))
    if name is None:
        return [Rejected(None, "unexpected_shape", "A message must be a JSON object that names its type.")]
    data = reading.at(body, "data")
    if data is None:
        return [Ignored(name, "record_only")]
    listed = data if isinstance(data, list) else [data]
    return [with_typed(_item(one, place, name, message, source), one, _typed) for place, one in enumerate(listed)]


def _item(data: object, place: int, name: str, message: object, source: SourceFacts) -> Item:
    """An engagement keeps the id its sender gave it; else it is known by the message's id and its place there."""
    own_id = reading.word(reading.at(data, "source_event_id")) or reading.word(reading.at(data, "id"))
    identity = (
        reading.identity("event", own_id)
        or reading.identity("message", reading.text(reading.at(message, "webhook-id")), str(place))
        or reading.identity_by_content("message", [name, data])
    )
    return canonical.engagement(data, canonical.Envelope(name, identity, reading.at(message, "body", "timestamp")), source)


def _typed(_name: str, data: dict[str, object]) -> list[Typed]:
    return canonical.typed_in_data(data)


ADAPTER = Adapter(
    recipe=RECIPE,
    read=read,
    settings=frozenset({"brand_id", "event_kinds"}),
    value=value,
    kept_headers=("webhook-id", "svix-id"),
    kinds=canonical.KINDS_BY_NAME,
)
