"""Bodies as platforms write them, read into values: JSON, and forms as browsers post them."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from shared.strict_json import Malformed, parse

Headers = Mapping[str, Sequence[str]]

ITEMS_MAX = 5_000
"""Events in one body: far beyond any platform's batch. One body's share a transaction, which must end before its sender gives up."""

_FORM_FIELDS_MAX = 2_000


def json_value(body: bytes, _headers: Headers) -> object:
    """A JSON text. Raises `Malformed`."""
    return parse(body)


def form_value(body: bytes, _headers: Headers) -> object:
    """A urlencoded form as its fields by name, the first of equal names counting. Raises `Malformed`."""
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FORM_FIELDS_MAX, errors="strict")
    except ValueError:
        raise Malformed("The body is not a urlencoded form in UTF-8.") from None
    if any("\x00" in text for field in fields for text in field):
        raise Malformed("The form holds a NUL character, which no text can.")
    return dict(reversed(fields))
