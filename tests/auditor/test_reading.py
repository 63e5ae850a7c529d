"""How single pieces of evidence are read: events, planted strings, testimony, and how verdicts are shown."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.auditor.evidence.events import NoEvent, read_event
from deploy.auditor.evidence.sightings import Searching
from deploy.auditor.loading.witnesses import read_canaries, read_testimony, search_logs
from deploy.auditor.printing import as_json, as_table
from deploy.auditor.testimony import Canary, Probe, Witness
from deploy.auditor.verdicts import EXAMPLES_MAX, Examination
from tests.auditor.honest import BEGIN, made_event

HEADERS = {
    "ce_specversion": "1.0",
    "ce_id": "0198",
    "ce_type": "insight.recorded",
    "ce_source": "/fullcircle/feedback",
    "ce_time": "2026-11-03T09:00:00Z",
    "ce_recordedtime": "2026-11-03T09:00:01Z",
}


def canary(text: str, *, kind: str = "free_text", allowed_in: tuple[str, ...] = ()) -> Canary:
    return Canary.model_validate({"at": BEGIN, "text": text, "kind": kind, "allowed_in": list(allowed_in)})


def test_an_event_is_read_from_its_headers_and_body() -> None:
    event = read_event(topic="feedback", key="rep-1", headers=HEADERS, body=b'{"report_id": "r-1", "kind": "access"}')
    assert (event.id, event.type, event.service, event.key) == ("0198", "insight.recorded", "feedback", "rep-1")
    assert event.recorded_at == datetime(2026, 11, 3, 9, 0, 1, tzinfo=UTC)
    assert event.fact == {"report_id": "r-1", "kind": "access"}
    assert event.oddities == ()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (HEADERS, b"not json"),
        (HEADERS, b"[]"),
        ({**HEADERS, "ce_specversion": "0.3"}, b"{}"),
        ({**HEADERS, "ce_recordedtime": "2026-11-03T09:00:01"}, b"{}"),
        ({name: value for name, value in HEADERS.items() if name != "ce_id"}, b"{}"),
    ],
)
def test_what_is_no_event_is_not_read(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(NoEvent):
        read_event(topic="feedback", key="rep-1", headers=headers, body=body)


@pytest.mark.parametrize(
    ("topic", "fact", "odd"),
    [
        ("engagements", {"topics": ["heart failure", "new onset"]}, ()),
        ("leads", {"region": "New England"}, ()),
        ("feedback", {"kind": "she said it was all too much"}, ("kind",)),
        ("feedback", {"opportunity": {"type": "he wants it for his ward"}}, ("opportunity",)),
        ("feedback", {"topics": ["dosing", "one\nline more"]}, ("topics",)),
        ("catalog", {"title": "How to begin with a low dose"}, ()),
    ],
)
def test_prose_is_told_from_codes_and_labels(topic: str, fact: dict[str, object], odd: tuple[str, ...]) -> None:
    assert made_event("1", "feedback", "insight.recorded", topic, "k", fact, at=BEGIN).oddities == odd


def test_planted_words_are_found_however_json_writes_them() -> None:
    typed = 'Übelkeit nach der 2. "Dosis"'
    searching = Searching([canary(typed, allowed_in=("feedback.case_texts",))])
    for number, written in enumerate((typed, json.dumps({"note": typed}), json.dumps({"note": typed}, ensure_ascii=False))):
        searching.look("topic.feedback", f"record {number}", written.encode())
    searching.look("feedback.case_texts", "row 1", typed.encode())
    searching.look("topic.feedback", "record 4", b"nothing of it")
    found = searching.result()
    assert [sighting.where for sighting in found.sightings] == ["record 0", "record 1", "record 2"]
    assert (found.canaries, found.texts) == (1, 5)


def test_persons_are_at_home_in_the_directory_and_on_their_one_topic() -> None:
    searching = Searching([canary("ada.byrne@clinic.example", kind="person"), canary("whsec_c2VjcmV0", kind="secret")])
    for place in ("topic.contacts", "intake.contact_keys", "routing.contacts", "topic.leads", "reporting.contacts", "log.intake"):
        searching.look(place, "there", b"ada.byrne@clinic.example")
    searching.look("topic.contacts", "there", b"whsec_c2VjcmV0")
    found = searching.result().sightings
    assert [(one.kind, one.place) for one in found] == [
        ("person", "topic.leads"),
        ("person", "reporting.contacts"),
        ("person", "log.intake"),
        ("secret", "topic.contacts"),
    ]


def test_testimony_is_read_as_it_was_told_and_what_nobody_told_is_none(tmp_path: Path) -> None:
    told = Probe(at=BEGIN, who="rep-1", method="GET", path="/v1/leads/x", status=404, wanted=[404])
    planted = canary("words", allowed_in=("feedback.report_notes",))
    for one in (told, planted):
        Witness(tmp_path).tell(one)
    witnessed = read_testimony(tmp_path)
    assert witnessed.probes == [told]
    assert (witnessed.webhooks, witnessed.samples, witnessed.faults) == (None, None, ())
    assert read_canaries(tmp_path) == [planted]
    assert read_testimony(None).probes is None


def test_logs_are_searched_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "feedback.log").write_text('{"event": "started"}\n{"event": "typed words"}\n')
    searching = Searching([canary("typed words")])
    search_logs(tmp_path, searching)
    assert [(one.place, one.where) for one in searching.result().sightings] == [("log.feedback", "line 2")]


def test_findings_are_bounded_and_counted_whole() -> None:
    examination = Examination("I1", "a promise")
    examination.look_at(100)
    for number in range(37):
        examination.find("lost", f"item={number}")
    examination.leave_untold("nobody told")
    verdict = examination.verdict()
    assert (verdict.state, verdict.wrongs, len(verdict.findings[0].examples)) == ("broken", 37, EXAMPLES_MAX)
    table = as_table([verdict])
    assert "BROKEN" in table
    assert "I1: lost: 37" in table
    assert f"... and {37 - EXAMPLES_MAX} more" in table
    assert "I1: nobody told" in table
    read = json.loads(as_json([verdict], on_its_way="intake outbox: 3"))
    assert read["on_its_way"] == "intake outbox: 3"
    assert read["verdicts"][0]["findings"][0]["total"] == 37
