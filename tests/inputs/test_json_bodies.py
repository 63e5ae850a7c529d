"""JSON bodies nobody can read, labelled as something else, or saying more than they may: every address refuses them alike."""

import gzip
import json
import zlib
from typing import Any

import pytest

from tests.inputs.callers import problem, send
from tests.inputs.doors import Doors
from tests.inputs.requests import JSON_OPERATIONS, good_requests
from tests.intake.test_unreadable_bodies import UNREADABLE

every_json_operation = pytest.mark.parametrize(("service", "operation"), JSON_OPERATIONS, ids=[" ".join(each) for each in JSON_OPERATIONS])


def good_body(service: str, operation: str) -> Any:
    make = good_requests(service)[operation].body
    assert make is not None
    return make()


def good_bytes(service: str, operation: str) -> bytes:
    return json.dumps(good_body(service, operation)).encode()


@every_json_operation
async def test_a_body_nobody_can_read_is_a_400_that_says_why(doors: Doors, service: str, operation: str) -> None:
    may_be_left_out = operation.endswith(("/activate", "/resume", "/candidates/{candidate_id}/merge"))
    for name, body in UNREADABLE.items():
        if name == "nothing" and may_be_left_out:
            continue
        answer = await send(doors, service, operation, body)
        assert problem(answer, 400)["detail"], name


@every_json_operation
async def test_nan_infinity_and_what_overflows_are_refused_wherever_they_stand(doors: Doors, service: str, operation: str) -> None:
    good = good_bytes(service, operation)
    for number in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 5_000, b"9223372036854775808"):
        for spoilt in (b"[" + good + b"," + number + b"]", b'{"extra":' + number + b"}", number):
            problem(await send(doors, service, operation, spoilt), 400)


@every_json_operation
async def test_json_under_another_label_or_none_is_a_415_that_names_what_is_read(doors: Doors, service: str, operation: str) -> None:
    good = good_bytes(service, operation)
    for label in (
        *("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", ""),
        *("application/json; charset=utf-7", "application/json; charset=utf-16", "application/json; charset=latin-1", "nonsense", "\xff"),
    ):
        answer = await send(doors, service, operation, good, headers={"Content-Type": label})
        problem(answer, 415)
        assert answer.headers["accept"].startswith("application/json")
    problem(await send(doors, service, operation, good, headers={}), 415)


@every_json_operation
async def test_compressed_bodies_are_not_inflated(doors: Doors, service: str, operation: str) -> None:
    good = good_bytes(service, operation)
    packed = {
        "gzip": gzip.compress(good),
        "gzip, gzip": gzip.compress(gzip.compress(good)),
        "deflate": zlib.compress(good),
        "br": good,
        "zstd": good,
        "x-gzip": gzip.compress(b" " * 10_000_000),
    }
    for encoding, body in packed.items():
        labels = {"Content-Type": "application/json", "Content-Encoding": encoding}
        problem(await send(doors, service, operation, body, headers=labels), 415)


# Fields somebody might hope we take over: a decision, a score, a time or a name that isn't theirs to say.
NOT_THEIRS = ("consent", "score", "is_admin", "awareness_at", "recorded_at", "roles", "sub", "policy_version", "__class__", "")


@every_json_operation
async def test_a_field_nobody_asked_for_is_named_and_nothing_is_taken_over(doors: Doors, service: str, operation: str) -> None:
    for name in NOT_THEIRS:
        body = good_body(service, operation)
        if good_requests(service)[operation].is_upsert:
            answer = await send(doors, service, operation, json.dumps([body[0] | {name: "x"}]).encode())
            [rejected] = answer.json()["rejected"]
            assert (answer.status_code, rejected["row"], [error["pointer"] for error in rejected["errors"]]) == (200, 1, [f"/{name}"])
        else:
            answer = await send(doors, service, operation, json.dumps(body | {name: "x"}).encode())
            assert [error["pointer"] for error in problem(answer, 422)["errors"]] == [f"/{name}"]
