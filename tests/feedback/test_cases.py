"""Who sees which case: each role its own, its text nobody else."""

import pytest

from tests.feedback.conftest import Feedback
from tests.feedback.world import insight, objection, outcome

KINDS = {
    "adverse_event": "she vomited twice",
    "special_situation": "double dose by mistake",
    "product_complaint": "pen leaked",
    "medical_inquiry": "would like to talk to an MSL",
}
VISIBLE = {
    "safety": {"adverse_event", "special_situation", "product_complaint"},
    "medical": {"medical_inquiry"},
    "privacy": set(),
    "auditor": set(KINDS),
    "safety,medical": set(KINDS),
}


@pytest.fixture
async def opened(feedback: Feedback) -> Feedback:
    """One case of each kind there can be."""
    for note in KINDS.values():
        await feedback.post("insights", insight(note=note))
    return feedback


@pytest.mark.parametrize(("role", "kinds"), VISIBLE.items())
async def test_each_role_lists_its_own_kinds(opened: Feedback, role: str, kinds: set[str]) -> None:
    listed = await opened.cases(role)
    assert {case["kind"] for case in listed} == kinds
    assert {case["text"] for case in listed} == ({None} if role == "auditor" else {KINDS[kind] for kind in kinds})


@pytest.mark.parametrize(("role", "kinds"), VISIBLE.items())
async def test_each_role_reads_its_own_cases_and_finds_no_other(opened: Feedback, role: str, kinds: set[str]) -> None:
    for case in await opened.cases("auditor"):
        answer = await opened.get(f"cases/{case['id']}", role=role)
        assert answer.status_code == (200 if case["kind"] in kinds else 404)
        if answer.status_code == 200 and role != "auditor":
            assert answer.json() == case | {"text": KINDS[case["kind"]]}


async def test_an_auditor_who_is_also_safety_reads_safety_s_texts_alone(opened: Feedback) -> None:
    texts = {case["kind"]: case["text"] for case in await opened.cases("safety,auditor")}
    assert texts == KINDS | {"medical_inquiry": None}


@pytest.mark.parametrize("role", ["rep", "manager", "marketing", "sales_ops", "integration", "admin"])
async def test_nobody_else_learns_of_cases(opened: Feedback, role: str) -> None:
    assert (await opened.get("cases", role=role, rep="rep-1")).status_code == 403


async def test_cases_are_listed_by_kind_and_state_the_soonest_due_first(opened: Feedback) -> None:
    await opened.post("objections", objection(occurred_at="2026-01-01T00:00:00Z", note="fainted"))
    listed = await opened.cases()
    assert [case["due_at"] for case in listed] == sorted(case["due_at"] for case in listed)
    assert listed[0]["text"] == "fainted"
    complaints = (await opened.get("cases?kind=product_complaint", role="safety")).json()["items"]
    assert {case["kind"] for case in complaints} == {"product_complaint"}
    assert (await opened.get("cases?kind=medical_inquiry", role="safety")).json()["items"] == []
    assert len((await opened.get("cases?state=open", role="safety")).json()["items"]) == len(listed)
    assert (await opened.get("cases?state=closed", role="safety")).json()["items"] == []
    assert (await opened.get("cases?kind=weather", role="safety")).status_code == 422


async def test_cases_come_in_pages(feedback: Feedback) -> None:
    made = {(await feedback.post("outcomes", outcome(note=f"fainted {n}"))).json()["case_id"] for n in range(5)}
    seen, cursor = [], ""
    while True:
        page = (await feedback.get(f"cases?limit=2{cursor}", role="safety")).json()
        seen += [case["id"] for case in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(made)
    assert set(seen) == made


async def test_a_flag_without_words_is_a_case_without_text(feedback: Feedback) -> None:
    await feedback.post("objections", objection(adverse_event=True))
    assert [(case["text"], case["rep_id"], case["lead_id"]) for case in await feedback.cases()] == [(None, "rep-1", "lead-1")]
