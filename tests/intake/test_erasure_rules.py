"""The rules of forgetting: who may approve, how far an erasure is, and what its certificate says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.erasures.requests import (
    Answer,
    Approval,
    Compaction,
    Erasure,
    Progress,
    by_service,
    certificate,
    digest,
    is_complete,
    judge_approval,
    without_words,
)
from shared.events.erasures import EVERY_SERVICE

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
COMPACTION = Compaction(segment=timedelta(minutes=10), lag=timedelta(minutes=30), files_go_within=timedelta(minutes=1))


def erasure(**changes: Any) -> Erasure:
    made: dict[str, Any] = {
        "id": "01998f80-0000-7000-8000-0000000000f1",
        "contact_id": "hcp-1",
        "contact_ids": ("hcp-1", "old-1"),
        "requested_by": "alice",
        "requested_at": NOW - timedelta(days=1),
        "approved_by": "bert",
        "approved_at": NOW - timedelta(hours=2),
        "ordered_at": NOW - timedelta(hours=1),
    }
    return Erasure(**{**made, **changes})


def answer(service: Any, contact_id: str = "hcp-1", **changes: Any) -> Answer:
    made: dict[str, Any] = {"erased_at": NOW, "erased": {"contacts": 1}, "kept": {"cases": 1}}
    return Answer(contact_id, service, **{**made, **changes})


EVERY_ANSWER = [answer(service, contact_id) for service in EVERY_SERVICE for contact_id in ("hcp-1", "old-1")]
CLEAR = Progress(NOW, NOW, NOW)


@pytest.mark.parametrize(
    ("by", "approved_by", "expected"),
    [
        ("alice", None, Approval.OWN),
        ("alice", "bert", Approval.OWN),
        ("bert", None, Approval.COUNTS),
        ("bert", "bert", Approval.AGAIN),
        ("carl", "bert", Approval.TAKEN),
    ],
)
def test_another_person_approves_once(by: str, approved_by: str | None, expected: Approval) -> None:
    assert judge_approval(requested_by="alice", approved_by=approved_by, by=by) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"approved_by": None, "approved_at": None, "ordered_at": None}, "requested"),
        ({"ordered_at": None}, "approved"),
        ({}, "erasing"),
        ({"certified_at": NOW}, "certified"),
    ],
)
def test_where_an_erasure_stands(changes: dict[str, Any], expected: str) -> None:
    assert erasure(**changes).state == expected


@given(st.sets(st.sampled_from(range(len(EVERY_ANSWER)))), st.booleans())
def test_it_is_complete_when_every_service_answered_for_every_id_and_the_bus_is_clear(missing: set[int], is_clear: bool) -> None:
    answers = [one for number, one in enumerate(EVERY_ANSWER) if number not in missing]
    assert is_complete(erasure(bus=CLEAR if is_clear else Progress(NOW, NOW)), answers) is (is_clear and not missing)
    told = by_service(erasure(), answers)
    assert {service for service, moment in told.items() if moment is None} == {EVERY_ANSWER[number].service for number in missing}


def test_the_bus_is_followed_step_by_step_and_no_step_comes_before_its_time() -> None:
    minutes = timedelta(minutes=1)
    assert Progress().next_step(COMPACTION, now=NOW) == "see_tombstone"
    assert Progress(NOW).next_step(COMPACTION, now=NOW + 9 * minutes) is None
    assert Progress(NOW).next_step(COMPACTION, now=NOW + 10 * minutes) == "append_again"
    assert Progress(NOW, NOW + 10 * minutes).next_step(COMPACTION, now=NOW + 10 * minutes) == "look"
    cleared = Progress(NOW, NOW + 10 * minutes, NOW + 40 * minutes)
    assert cleared.next_step(COMPACTION, now=NOW + 40 * minutes) is None
    assert cleared.next_step(COMPACTION, now=NOW + 41 * minutes) == "certify"


def test_the_certificate_says_who_when_what_went_what_stays_and_why_and_can_be_checked() -> None:
    told = certificate(erasure(bus=CLEAR), EVERY_ANSWER, now=NOW)
    assert (told["requested_by"], told["approved_by"], told["contact_ids"]) == ("alice", "bert", ["hcp-1", "old-1"])
    assert told["services"]["feedback"] == {"erased_at": "2026-03-05T09:00:00Z", "erased": {"contacts": 2}, "kept": {"cases": 2}}
    assert set(told["why_kept"]) == {"cases"}
    assert told["bus"]["no_value_readable_at"] == "2026-03-05T09:00:00Z"
    assert told.pop("digest") == digest(told)
    told["approved_by"] = "somebody else"
    assert digest(told) != certificate(erasure(bus=CLEAR), EVERY_ANSWER, now=NOW)["digest"]


def test_a_reason_keeps_no_name_of_the_person() -> None:
    words = ["Ada", "Example", "ada@clinic.test", "a.b(c"]
    assert without_words("ADA example (ada@clinic.test, A.B(C) asked by phone", words) == "… … (…, …) asked by phone"
    assert without_words("asked by phone", []) == "asked by phone"
    assert without_words("asked by phone", [""]) == "asked by phone"
