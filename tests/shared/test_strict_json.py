"""What counts as JSON here."""

import contextlib
import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.strict_json import MAX_DEPTH, Malformed, parse

KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | KEYS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20)


@given(VALUES, st.booleans())
def test_what_json_can_say_is_read_as_it_was_written(value: Any, ascii_only: bool) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.lists(st.tuples(KEYS, st.integers(0, 9) | KEYS), max_size=5), st.booleans())
def test_keys_given_twice_are_refused_however_they_are_escaped(pairs: list[tuple[str, Any]], ascii_only: bool) -> None:
    members = [f"{json.dumps(key, ensure_ascii=ascii_only)}: {json.dumps(value)}" for key, value in pairs]
    raw = ("{" + ", ".join(members) + "}").encode()
    if len(dict(pairs)) == len(pairs):
        assert parse(raw) == dict(pairs)
    else:
        with pytest.raises(Malformed, match="twice"):
            parse(raw)


REFUSED = {
    "NaN": (b"[NaN]", "line 1, column 2"),
    "infinity": (b'{"a": Infinity}', "not valid JSON"),
    "negative infinity": (b"-Infinity", "not valid JSON"),
    "a number too large to be finite": (b"1e999", "infinity"),
    "a NUL in a value": (b'{"a": "x\\u0000y"}', "NUL"),
    "a NUL in a key": (b'{"a\\u0000": 1}', "NUL"),
    "a NUL after an escaped backslash": (b'"\\\\\\u0000"', "NUL"),
    "a raw NUL": (b'"\x00"', "control character"),
    "a lone high surrogate": (b'"\\ud800"', "surrogate"),
    "a lone low surrogate": (b'{"\\udc00": 1}', "surrogate"),
    "an integer above 64 bit": (b"[9223372036854775808]", "64 bit"),
    "an integer below 64 bit": (b"[-9223372036854775809]", "64 bit"),
    "an integer above unsigned 64 bit": (b"18446744073709551616", "64 bit"),
    "a repeated key": (b'{"role": 1, "role": 2}', "'role' twice"),
    "a repeated key beside escaped quotes": (b'{"a": "\\u0022", "b": 1, "b": 2}', "'b' twice"),
    "a repeated key, deep": (b'[{"x": {"a": 1, "\\u0061": 1}}]', "'a' twice"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "BOM"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "UTF-8"),
    "UTF-16 without a mark": ('{"a": 1}'.encode("utf-16-le"), "not valid JSON"),
    "latin-1": ('"é"'.encode("latin-1"), "UTF-8"),
    "an overlong NUL": (b'"\xc0\x80"', "UTF-8"),
    "a surrogate encoded as UTF-8": (b'"\xed\xa0\x80"', "UTF-8"),
    "text after the value": (b"{} x", "line 1, column 4"),
    "nothing": (b"", "empty"),
    "blanks": (b" \n", "empty"),
    "a comment": (b"// a\n1", "not valid JSON"),
    "an unfinished object": (b'{"a": 1', "not valid JSON"),
}


@pytest.mark.parametrize(("raw", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_is_refused_with_a_sentence_that_says_what_is_wrong(raw: bytes, says: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(raw)
    assert says in refused.value.reason
    assert refused.value.reason.endswith(".")


ACCEPTED: dict[str, Any] = {
    '"\\\\u0000"': "\\u0000",
    '{"a": "12345678901234567890"}': {"a": "12345678901234567890"},
    "9223372036854775807": 2**63 - 1,
    "0.12345678901234567890": 0.12345678901234567890,
    '"\\ud83d\\ude00"': "😀",
    '[":::", "{[{["]': [":::", "{[{["],
}


@pytest.mark.parametrize(("text", "value"), ACCEPTED.items())
def test_what_only_looks_suspicious_is_read(text: str, value: Any) -> None:
    assert parse(text.encode()) == value


def test_nesting_is_read_to_the_limit_and_refused_beyond_it() -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        for depth in (MAX_DEPTH, MAX_DEPTH + 1, 190, 900, 1_100):
            innermost = "[]"
            raw = (opening * (depth - 1) + innermost + closing * (depth - 1)).encode()
            if depth <= MAX_DEPTH:
                parse(raw)
            else:
                with pytest.raises(Malformed, match="nests deeper"):
                    parse(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 5_000_000,
        b"[" * 900 + b"1," * 1_000_000 + b"1" + b"]" * 900,
        b'"' + b"\\\\" * 2_000_000 + b'\\u0001\\\\u0000"',
        b"1" * 5_000_000,
        b'{"a":1,' * 200_000,
        b"[" + b'{"\\u0022":1},' * 300_000 + b"1]",
    ],
    ids=["brackets", "wide and deep", "backslashes", "digits", "open objects", "escaped quotes"],
)
def test_a_full_sized_attack_costs_little(raw: bytes) -> None:
    started = time.perf_counter()
    with contextlib.suppress(Malformed):
        parse(raw)
    assert time.perf_counter() - started < 2.0


def test_a_reason_repeats_no_value_and_no_strange_key() -> None:
    for raw in (b'{"Jane Doe, patient": 1, "Jane Doe, patient": 2}', b'["Jane Doe" x]', b'{"a": 1 "Jane Doe"}'):
        with pytest.raises(Malformed) as refused:
            parse(raw)
        assert "Jane" not in refused.value.reason


def test_floats_stay_finite() -> None:
    assert math.isfinite(parse(b"1.7976931348623157e308"))
