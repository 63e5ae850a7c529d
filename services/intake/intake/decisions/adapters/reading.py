"""Careful reading of bodies whose shape nobody promised: what isn't there or isn't of its type is None, never an error."""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import orjson

from intake.decisions.acts import Mark

_IDENTITY_CHARS_MAX = 200
_ADDRESS_CHARS_MAX = 2_000
_QUERY_FIELDS_MAX = 100
_TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,79}", re.ASCII)


def at(value: object, *path: str) -> object:
    """What lies under nested keys, or None."""
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def text(value: object) -> str | None:
    """A string with something in it, trimmed."""
    return value.strip() or None if isinstance(value, str) else None


def word(value: object) -> str | None:
    """An identifier a platform writes as a number or a string, as a string."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value)


def type_name(value: object) -> str | None:
    """A platform's name of an event type, fit to be kept: short words in code. Anything else could be what somebody typed."""
    return value if isinstance(value, str) and _TYPE_NAME.fullmatch(value) else None


def codes(*pairs: tuple[str, object]) -> list[Mark]:
    """Marks of ids and names by kind, of those that are there."""
    return [Mark(kind, found) for kind, value in pairs if (found := word(value)) is not None]


def whole_number(value: object) -> int | None:
    """A count."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def identity(kind: str, *parts: str | None) -> str | None:
    """A platform's identity of an act, one part missing making it none. Long or unprintable ones are hashed: still the same for a retry."""
    if any(part is None for part in parts):
        return None
    joined = ":".join([kind, *(part for part in parts if part is not None)])
    if len(joined) <= _IDENTITY_CHARS_MAX and joined.isprintable():
        return joined
    return f"{kind}:sha256:{hashlib.sha256(joined.encode()).hexdigest()}"


def identity_by_content(kind: str, event: object, *, but: Iterable[str] = ()) -> str:
    """The identity of an event whose platform gives it none: a hash of its content without what a retry changes (`but`)."""
    kept = {key: value for key, value in event.items() if key not in but} if isinstance(event, dict) else event
    return f"{kind}:sha256:{hashlib.sha256(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)).hexdigest()}"


def address(url: str, *, with_query: bool) -> str | None:
    """A web address in one form: scheme and host in lower case, no fragment, no trailing slash."""
    if len(url) > _ADDRESS_CHARS_MAX:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if not parts.netloc:
        return None
    query = parts.query if with_query else ""
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), query, ""))


def page_path(address: str) -> str | None:
    """The path in a web address, as a page's key may name it; None for a site's first page, which tells no page from others."""
    try:
        path = urlsplit(address).path.rstrip("/")
    except ValueError:
        return None
    return path or None


def address_marks(url: str | None) -> list[Mark]:
    """What an address tells of its asset and campaign: itself, itself without its query, and the campaign words in it."""
    if url is None:
        return []
    forms = [address(url, with_query=True), address(url, with_query=False)]
    marks = [Mark("url", form) for form in dict.fromkeys(forms) if form is not None]
    if not marks:
        return []
    try:
        fields = dict(parse_qsl(urlsplit(url).query, max_num_fields=_QUERY_FIELDS_MAX))
    except ValueError:
        return marks
    # Whoever visits a page writes its address: `%00` in it decodes to what no text in a database can hold.
    words = {name: word for name in ("utm_content", "utm_campaign") if (word := fields.get(name)) and "\x00" not in word}
    return [*marks, *(Mark(name, word) for name, word in words.items())]
