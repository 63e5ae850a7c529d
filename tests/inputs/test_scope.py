"""Ids of what is somebody else's: in every path, query and body they answer as ids of nothing do, word for word."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.feedback.world import insight, objection, outcome
from tests.inputs.callers import problem
from tests.inputs.doors import Doors
from tests.inputs.requests import NOBODY
from tests.tokens import authorization

CALLERS: Mapping[str, dict[str, str]] = {
    "rep-1": authorization("rep", rep="rep-1", sub="sub-rep-1"),
    "rep-3": authorization("rep", rep="rep-3", sub="sub-rep-3"),
    "boss-1": authorization("manager", rep="boss-1", sub="sub-boss-1"),
    "boss-2": authorization("manager", rep="boss-2", sub="sub-boss-2"),
    "a rep without a rep row": authorization("rep", sub="sub-new"),
    "a manager without a rep row": authorization("manager", sub="sub-boss-new"),
    "safety": authorization("safety"),
    "medical": authorization("medical"),
    "privacy": authorization("privacy"),
    "auditor": authorization("auditor"),
}

# Who finds what: (service, path, by whom it is found). Everybody else who may ask at all must not be able to tell it from NOBODY.
READS: list[tuple[str, str, set[str]]] = [
    *(
        ("routing", f"/v1/leads/{{{lead}}}{view}", {rep, boss, "auditor"})
        for lead, rep, boss in (("lead_of_rep_1", "rep-1", "boss-1"), ("lead_of_rep_3", "rep-3", "boss-2"))
        for view in ("", "/brief", "/brief/versions", "/history")
    ),
    ("feedback", "/v1/cases/{adverse_event_case}", {"safety", "auditor"}),
    ("feedback", "/v1/cases/{medical_inquiry_case}", {"medical", "auditor"}),
    ("reporting", "/v1/decisions/{decision}", {"auditor"}),
]


@pytest.mark.parametrize(("service", "path", "found_by"), READS, ids=[path for _, path, _ in READS])
async def test_what_is_anothers_cannot_be_told_from_what_is_not_there(doors: Doors, service: str, path: str, found_by: set[str]) -> None:
    name = path.partition("{")[2].partition("}")[0]
    for caller, headers in CALLERS.items():
        answer = await doors[service].client.get(path.format_map(doors.known), headers=headers)
        nothing = await doors[service].client.get(path.format_map({name: NOBODY}), headers=headers)
        if caller in found_by:
            assert (answer.status_code, nothing.status_code) == (200, 404), caller
        elif nothing.status_code == 403:
            assert answer.status_code == 403, caller
        else:
            assert problem(answer, 404) == problem(nothing, 404), caller
            assert _shape(answer.headers) == _shape(nothing.headers), caller


def _shape(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "x-correlation-id"}


async def test_asking_for_anothers_leads_is_asking_for_nobodys(doors: Doors) -> None:
    for caller, theirs, others in (("rep-1", "rep-1", "rep-3"), ("boss-1", "rep-1", "rep-3"), ("boss-2", "rep-3", "rep-1")):
        get = doors["routing"].client.get
        answers = {rep: await get(f"/v1/leads?rep_id={rep}", headers=CALLERS[caller]) for rep in (theirs, others, "x")}
        assert {lead["rep_id"] for lead in answers[theirs].json()["items"]} == {theirs}
        assert problem(answers[others], 404) == problem(answers["x"], 404)


async def test_a_territory_of_somebody_else_narrows_to_nothing(doors: Doors) -> None:
    for caller in ("rep-1", "boss-1"):
        for territory in ("boston", "nowhere"):
            page = await doors["routing"].client.get(f"/v1/leads?territory_id={territory}", headers=CALLERS[caller])
            assert page.json()["items"] == []


BODIES: list[tuple[str, Any, str]] = [
    ("outcomes", outcome, "lead_id"),
    ("objections", objection, "lead_id"),
    ("insights", insight, "contact_id"),
]


@pytest.mark.parametrize(("path", "body", "field"), BODIES, ids=[path for path, _, _ in BODIES])
async def test_nobody_reports_on_what_is_anothers_and_learns_nothing_by_trying(doors: Doors, path: str, body: Any, field: str) -> None:
    post = doors["feedback"].client.post
    others = {"lead_id": "lead-3", "contact_id": "contact-3"}[field]
    refused = await post(f"/v1/{path}", json=body(**{field: others}), headers=CALLERS["rep-1"])
    assert "3" not in problem(refused, 404)["detail"]
    if field == "contact_id":  # a lead not heard of yet is waited for: those are told apart by what routing says later
        unknown = await post(f"/v1/{path}", json=body(**{field: "unheard-of"}), headers=CALLERS["rep-1"])
        assert problem(refused, 404) == problem(unknown, 404)


async def test_a_case_kind_that_is_not_ones_own_lists_as_if_there_were_none(doors: Doors) -> None:
    for caller, kind in (("safety", "medical_inquiry"), ("medical", "adverse_event"), ("privacy", "adverse_event"), ("medical", "privacy")):
        page = await doors["feedback"].client.get(f"/v1/cases?kind={kind}", headers=CALLERS[caller])
        assert (page.status_code, page.json()) == (200, {"items": [], "next_cursor": None})


async def test_nobody_but_its_own_role_reads_a_cases_words(doors: Doors) -> None:
    words = {"adverse_event_case": "My patient got a rash.", "medical_inquiry_case": "Is there data in children?"}
    own = {"adverse_event_case": "safety", "medical_inquiry_case": "medical"}
    for name, text in words.items():
        for caller in ("safety", "medical", "auditor"):
            answer = await doors["feedback"].client.get(f"/v1/cases/{doors.known[name]}", headers=CALLERS[caller])
            if caller == "auditor":
                assert answer.json()["text"] is None
            elif caller == own[name]:
                assert answer.json()["text"] == text
            else:
                problem(answer, 404)


async def test_a_manager_decides_nothing_that_is_marketings(doors: Doors) -> None:
    body = {"choice": "no_action", "reason_code": "mine_now", "owner": "sub-boss-1", "review_on": "2099-01-01"}
    post = doors["reporting"].client.post
    theirs = await post(f"/v1/decisions/{doors.known['decision']}/decide", json=body, headers=CALLERS["boss-1"])
    nobodys = await post(f"/v1/decisions/{NOBODY}/decide", json=body, headers=CALLERS["boss-1"])
    assert problem(theirs, 404) == problem(nobodys, 404)
