"""What people typed, found in a platform's event. Better too much than too little: whatever isn't plainly something else is text.

An answer is no text only where a mapping names the field and the closed list its value is on. What is told apart by its look alone are
web addresses, e-mail addresses, times, numbers and ids made by machines.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Literal

Reach = Literal["answers", "structure", "event"]
"""What is looked through: answers alone, where each string is one; answers among what a platform says of them; a whole event, which
holds names of types, links and labels too."""

_FIELD_CHARS_MAX = 200

# Of a string without blanks around it. Every step takes what it can and gives nothing back, so a long one costs no more than its length.
_NOT_TYPED = re.compile(
    r"""
    [^\s@\x80-\U0010ffff]++@[^\s@.\x80-\U0010ffff]++(?:\.[^\s@.\x80-\U0010ffff]++)++   # an e-mail address
    | (?:https?|ftp)://[!-~]++                                               # a web address; not all languages put blanks behind it
    | \d{4}-\d\d-\d\d(?:[T\x20]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?\x20?(?:Z|UTC|[+-]\d\d:?\d\d)?)?   # a time
    | [+-]?\d++(?:\.\d++)?                                                  # a number
    | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}            # a UUID
    | [0-9a-f]{24,}+                                                         # a hash
    | true | false
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
# Among what a platform says: a word of code (`form_response`, `v3.1`, `com.example`) holds something no word of prose does.
_CODE = re.compile(r"(?=[!-~]*?(?:[0-9_/:=]|\.[!-~]))[!-~]++", re.ASCII)
_WORD_OF_CODE = re.compile(r"[!-~]{1,120}", re.ASCII)
# What a platform says about an answer or an event. One word under such a key is its own; several words may be anybody's.
_STRUCTURE = frozenset(
    {
        *("id", "ref", "type", "kind", "event", "eventtype", "status", "state", "action", "channel", "objecttype", "metric", "source"),
        *("subscriptiontype", "eventcategorytype", "specversion", "datacontenttype", "format", "language", "lang", "locale", "timezone"),
    }
)
_AGENTS = frozenset({"useragent", "agent", "browser", "device", "os"})


@dataclass(frozen=True, slots=True)
class Typed:
    """Something a person typed, and where in the event it stood. No text form of it shows the words."""

    field: str
    text: str = dataclass_field(repr=False)


@dataclass(frozen=True, slots=True)
class Texts:
    """What people typed in one event. `origin` tells the event from every other of its source, and is the same when it comes again."""

    fields: tuple[Typed, ...]
    origin: str


def typed_in(value: object, *, at: str = "", reach: Reach = "answers", coded: Collection[object] = ()) -> list[Typed]:
    """Every string that somebody may have typed, in order, each once, under the path of its field.

    `coded` are the very strings that were read as codes. One that can't be told from another of the same letters is kept.
    """
    leaves = list(_leaves(value, at, reach))
    known = {id(one) for one in coded}
    times = Counter(id(text) for _, text in leaves) if known else Counter()
    return [Typed(field[:_FIELD_CHARS_MAX], text) for field, text in leaves if not (id(text) in known and times[id(text)] == 1)]


def texts_of_body(body: bytes) -> Texts | None:
    """A body nobody has read, as one text: what is in it can't be told apart."""
    text = body.decode(errors="replace").replace("\x00", "")
    return Texts((Typed("body", text),), f"body:sha256:{hashlib.sha256(body).hexdigest()}") if text.strip() else None


def _leaves(value: object, at: str, reach: Reach) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        written = value.strip()
        if written and not _NOT_TYPED.fullmatch(written) and not (reach == "event" and _CODE.fullmatch(written)):
            yield at, value
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one, at, reach)
    elif isinstance(value, dict):
        for key, one in value.items():
            if reach == "answers" or not _is_the_platforms(key, one):
                yield from _leaves(one, f"{at}.{key}" if at else str(key), reach)


def _is_the_platforms(key: object, value: object) -> bool:
    name = str(key).replace("_", "").replace("-", "").lower()
    return isinstance(value, str) and (name in _AGENTS or (name in _STRUCTURE and _WORD_OF_CODE.fullmatch(value) is not None))
