"""Every field of every good request, spoilt in many ways, one at a time: what can't be is named, and nothing is a failure of ours."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.inputs.callers import problem, send
from tests.inputs.doors import Doors
from tests.inputs.requests import JSON_OPERATIONS, good_requests

Place = tuple[str | int, ...]

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "minus one": -1,
    "the largest integer": 2**63 - 1,
    "a huge number": 1e308,
    "empty": "",
    "a blank": " ",
    "too long for an id": "x" * 201,
    "very long": "x" * 100_000,
    "many combining marks": "e" + "\u0301" * 10_000,
    "right to left": "\u202egnp.exe",
    "zero width": "a\u200bb\ufeff",
    "a line break and an escape sequence": "a\r\nb\x1b[31m",
    "C1 control": "a\x85b",
    "SQL": "'; DROP TABLE contacts; --",
    "a pattern": "%_\\",
    "a formula": "=cmd|' /C calc'!A0",
    "markup": "<script>alert(1)</script>",
    "a placeholder": "%(name)s :name {0} ${jndi:ldap://x}",
    "digits that are not ASCII": "١٢٣",
    "a noncharacter": "\uffff\U0010ffff",
    "a time without a zone": "2026-03-02T10:15:00",
    "a leap second": "2026-12-31T23:59:60Z",
    "24:00": "2026-03-02T24:00:00Z",
    "the first moment of the calendar, further east": "0001-01-01T00:00:00+14:00",
    "the last moment of the calendar, further west": "9999-12-31T23:59:59-14:00",
    "an empty list": [],
    "an empty object": {},
    "nested lists": [[[None]]],
    "an object in an object": {"id": {"id": {}}},
}


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """Where something stands in a body, the body itself left out."""
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*here, key)
        yield from places(part, (*here, key))


def spoilt(body: Any, place: Place, value: Any) -> Any:
    """The body with another value at that place."""
    changed = copy.deepcopy(body)
    holder = changed
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    return changed


def pointer_of(place: Place) -> str:
    return "".join(f"/{step}" for step in place)


@pytest.mark.parametrize("named", VALUES)
@pytest.mark.parametrize(("service", "operation"), JSON_OPERATIONS, ids=[" ".join(each) for each in JSON_OPERATIONS])
async def test_a_spoilt_field_is_taken_as_it_is_or_refused_by_its_name(doors: Doors, service: str, operation: str, named: str) -> None:
    good = good_requests(service)[operation]
    assert good.body is not None
    for place in places(good.body()):
        body = spoilt(good.body(), place, VALUES[named])
        answer = await send(doors, service, operation, json.dumps(body).encode())
        if answer.is_success and good.is_upsert:
            errors = [error for row in answer.json()["rejected"] for error in row["errors"]]
            assert all(leads_into(error["pointer"], place[1:]) for error in errors), (place, errors)
        elif not answer.is_success:
            errors = problem(answer, answer.status_code)["errors"]
            assert answer.status_code in (404, 409, 422), (place, answer.text)
            # Null is leaving out, and what is left out may make another field necessary.
            is_named = any(leads_into(error["pointer"], place) for error in errors) or (named == "null" and errors)
            assert answer.status_code != 422 or is_named, (place, errors)


def leads_into(pointer: str, place: Place) -> bool:
    """Whether a pointer names the spoilt field, something in it, or something it is in."""
    spoilt_at = pointer_of(place)
    return pointer.startswith(spoilt_at) or spoilt_at.startswith(pointer)
