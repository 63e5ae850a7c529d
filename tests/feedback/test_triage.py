"""The guard's text check: eager about harm, quiet about the day's business, and never slow."""

import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.decisions.cases import wording_of
from feedback.decisions.suspicion import suspected_matters
from feedback.decisions.triage import Finding, triage
from tests.feedback import field_notes

# Stated in the README: of ordinary notes, at most one in ten is sent to safety or medical people for nothing.
FALSE_ALARM_RATE_MAX = 0.10
# A thousandth of a second per kilobyte on an ordinary core, thirty times that on a busy one.
SECONDS_PER_MEGABYTE_MAX = 30.0


@pytest.mark.parametrize("note", field_notes.MUST_NOT_MISS)
def test_a_note_that_tells_of_harm_is_suspected(note: str) -> None:
    assert "adverse_event" in suspected_matters(note)


@pytest.mark.parametrize("note", field_notes.SPECIAL_SITUATIONS)
def test_a_note_that_tells_of_a_special_situation_is_suspected(note: str) -> None:
    assert "special_situation" in suspected_matters(note)


@pytest.mark.parametrize("note", field_notes.PRODUCT_COMPLAINTS)
def test_a_note_that_complains_of_the_product_is_suspected(note: str) -> None:
    assert "product_complaint" in suspected_matters(note)


@pytest.mark.parametrize("note", field_notes.MEDICAL_QUESTIONS)
def test_a_note_that_asks_a_medical_question_is_suspected(note: str) -> None:
    assert "medical_inquiry" in suspected_matters(note)


def test_ordinary_notes_mostly_stay_quiet() -> None:
    noisy = [note for note in field_notes.ORDINARY if suspected_matters(note)]
    assert len(noisy) <= FALSE_ALARM_RATE_MAX * len(field_notes.ORDINARY), noisy


MANGLINGS = [str.upper, str.title, lambda note: unicodedata.normalize("NFD", note), lambda note: "\u200d".join(note)]


@pytest.mark.parametrize("mangle", MANGLINGS, ids=["upper", "title", "decomposed", "zero-width"])
@pytest.mark.parametrize("note", ["patient had a rash", "severe diarrhea", "Übelkeit und Erbrechen", "convulsões"])
def test_case_accents_and_invisible_characters_hide_nothing(note: str, mangle: Callable[[str], str]) -> None:
    assert "adverse_event" in suspected_matters(mangle(note))


@pytest.mark.parametrize("innocent", ["Left the dosing guide with the nurse.", ""])
def test_harm_is_found_anywhere_in_a_long_note(innocent: str) -> None:
    assert "adverse_event" in suspected_matters(f"{innocent * 300} she fainted {innocent * 300}")


def test_a_question_about_off_label_use_goes_to_medical_people_only() -> None:
    assert set(suspected_matters("asked about off-label use in lupus")) == {"medical_inquiry"}
    assert "special_situation" in suspected_matters("she uses it off-label in teenagers")


def test_flags_are_certain_and_text_is_only_possible() -> None:
    found = triage(adverse_event=True, medical_question=False, text="any data in children?").findings
    assert [(finding.kind, finding.certainty) for finding in found] == [("adverse_event", "certain"), ("medical_inquiry", "possible")]


def test_an_adverse_event_takes_in_its_special_situation_but_not_a_complaint() -> None:
    found = triage(adverse_event=False, medical_question=False, text="pregnant, vomited, and the pen leaked").findings
    assert [finding.kind for finding in found] == ["adverse_event", "product_complaint"]


def test_both_flags_make_two_findings_and_leave_the_commercial_path() -> None:
    found = triage(adverse_event=True, medical_question=True, text="")
    assert found.leaves_commercial_path
    assert found.findings == (
        Finding("adverse_event", "certain", "flagged by the rep"),
        Finding("medical_inquiry", "certain", "flagged by the rep"),
    )


@pytest.mark.parametrize("misplaced", [{"topic": "patient got a rash"}, {"colour": ["fainted twice"]}, {"reason_code": "patient_died"}])
def test_prose_in_the_wrong_field_is_read_too(misplaced: dict[str, object]) -> None:
    assert "adverse_event" in suspected_matters(wording_of({"lead_id": "lead-1", "note": "short visit"} | misplaced))


def test_ids_codes_and_times_are_no_prose() -> None:
    codes = {"topic": "safety_tolerability", "reason_code": "wrong_territory"}
    assert wording_of({"lead_id": "rash-study-7", "occurred_at": "2026-03-01T09:30:00Z"} | codes) == ""


@given(st.text(max_size=300))
def test_no_text_can_make_it_fail(text: str) -> None:
    assert set(suspected_matters(text)) <= {"adverse_event", "special_situation", "product_complaint", "medical_inquiry"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(JSON)
def test_no_body_can_make_it_fail(body: object) -> None:
    assert isinstance(wording_of(body), str)


@settings(max_examples=25)
@given(before=st.text(alphabet="abc ,.\n\u0301\u200b", max_size=60), after=st.text(alphabet="abc ,.\n", max_size=60))
def test_whatever_stands_around_a_word_of_harm_it_is_found(before: str, after: str) -> None:
    assert "adverse_event" in suspected_matters(f"{before} vomiting {after}")


BAITS = {
    "one word": "a" * 10**6,
    "short words": "a " * 500_000,
    "combining marks": "a" + "\u0301\u0323" * 500_000,
    "half a word": "ra" * 500_000,
    "brackets": "( " * 500_000,
    "negations": "not " * 250_000,
    "links": "after the treatment " * 50_000,
}


@pytest.mark.parametrize("bait", BAITS.values(), ids=BAITS.keys())
def test_a_megabyte_of_bait_takes_time_in_proportion(bait: str) -> None:
    started = time.perf_counter()
    suspected_matters(bait)
    assert time.perf_counter() - started < SECONDS_PER_MEGABYTE_MAX
