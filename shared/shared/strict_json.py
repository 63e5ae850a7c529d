"""Reading JSON that others wrote: one meaning per body, or a sentence saying why there is none.

orjson does the grammar, UTF-8, surrogates and non-finite numbers. What it lets through (NUL, repeated keys, integers
beyond 64 bit, deep nesting) is first ruled out by checks that run at C speed; only a body that looks suspicious is read
a second time, exactly.
"""

import json
import re
from typing import Any, Never

import orjson

MAX_DEPTH = 32  # deeper bodies are attacks or accidents: the deepest vendor body we know nests 7 levels
_MIN_INT, _MAX_INT = -(2**63), 2**63 - 1  # what a bigint column and every client's integer type hold
_MAX_INT_DIGITS = 20  # with a sign; longer ones are refused before Python's costly conversion

# An even run of backslashes and then \u0000. Possessive, so that a long run of backslashes is looked at once.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
_DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"000000000")
_NINETEEN_DIGITS = b"0" * 19  # the shortest integer that can be beyond 64 bit
_NAMEABLE_KEY = re.compile(r"[A-Za-z0-9_.-]{1,60}")


class Malformed(ValueError):
    """The bytes are not JSON as we read it; `reason` is a sentence for whoever sent them, without their values."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse(raw: bytes) -> Any:
    """The value of a UTF-8 JSON text, in time linear in its length.

    Refused with `Malformed`: anything RFC 8259 doesn't allow, NaN and infinities however written, NUL characters, lone
    surrogates, integers beyond signed 64 bit, keys given twice in one object, nesting over `MAX_DEPTH`, a byte order
    mark, other encodings, text after the value, nothing at all.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed(_sentence(raw, error)) from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _nests_too_deep(value):
        raise Malformed(f"The JSON nests deeper than {MAX_DEPTH} levels.")
    if b"\\u0000" in raw and _ESCAPED_NUL.search(raw):
        raise Malformed("The JSON holds a NUL character (\\u0000), which no text can.")
    if _may_repeat_a_key(raw, value) or _NINETEEN_DIGITS in raw.translate(_DIGITS_AS_ZERO):
        _EXACT.decode(raw.decode())
    return value


def _sentence(raw: bytes, error: orjson.JSONDecodeError) -> str:
    if not raw.strip():
        return "The body is empty; JSON was expected."
    if error.msg.startswith("depth limit"):
        return f"The JSON nests deeper than {MAX_DEPTH} levels."
    return f"The body is not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}."


def _nests_too_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def _may_repeat_a_key(raw: bytes, value: object) -> bool:
    """Whether the value has fewer quotes than its text, as it has when a repeated key was dropped.

    Written out again, a text has the same quotes, two around each string and one for each escaped inside, unless some
    were written as \\u0022.
    """
    return b"\\u0022" in raw or raw.count(b'"') != orjson.dumps(value).count(b'"')


def _object_of_distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            name = f" {key!r}" if _NAMEABLE_KEY.fullmatch(key) else ""
            raise Malformed(f"The JSON gives the key{name} twice in one object.")
        found[key] = value
    return found


def _bounded_int(digits: str) -> int:
    if len(digits) > _MAX_INT_DIGITS or not _MIN_INT <= (number := int(digits)) <= _MAX_INT:
        raise Malformed("The JSON holds an integer beyond 64 bit.")
    return number


def _refused_constant(name: str) -> Never:
    raise Malformed(f"The JSON holds {name}, which is not a number.")


_EXACT = json.JSONDecoder(object_pairs_hook=_object_of_distinct_keys, parse_int=_bounded_int, parse_constant=_refused_constant)
