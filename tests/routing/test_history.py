"""A lead's history answers every why, each in a sentence."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from routing.decisions.history import Told, sentence
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.arithmetic import LINES_MAX, kept_score
from routing.decisions.qualification.scoring import Score, ScoreLine
from tests.routing.world import POLICY, SALES_OPS, World, contact, engagement, outcome
from tests.tokens import authorization

SCORE = {"fit": 40.0, "engagement": 30.0, "grade": "A2", "thresholds": {"fit": 30, "engagement": 20}}
NOTHING = SCORE | {"engagement": 0.0}
CHANGE = {"code": "engaged", "text": "New: they called."}
MEETING = {
    "report_id": "r-1",
    "rep_id": "rep-1",
    "code": "meeting_booked",
    "meeting_at": "2026-03-10T19:00:00Z",
    "was_at": None,
    "zone": "America/Chicago",
}
CANDIDATES = [
    {"rep_id": "rep-1", "eligible": True, "why_not": None},
    {"rep_id": "rep-2", "eligible": True, "why_not": "not_their_turn"},
    {"rep_id": "rep-3", "eligible": False, "why_not": "full"},
]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            Told("qualified", None, "mql", "thresholds_reached", "7", details={"score": SCORE}),
            "Fit and engagement reached both thresholds, by policy version 7: fit 40 (needed 30), engagement 30 (needed 20), grade A2.",
        ),
        (Told("qualified", None, "mql", "rep_requested", "7"), "The person asked for a rep, by policy version 7."),
        (
            Told("assigned", "mql", "assigned", "qualified", "7", "territory", CANDIDATES),
            "Given to rep-1, because it was their turn in the territory. Not rep-2 (not their turn), rep-3 (full).",
        ),
        (
            Told("assigned", "mql", "assigned", "tried_again", "7", "account_owner", CANDIDATES[:1]),
            "Given to rep-1 after waiting in the queue, because they own the account.",
        ),
        (
            Told("waiting", "mql", "mql", "all_full", "7", candidates=CANDIDATES[2:]),
            "Nobody could take the lead: all full. It waits in the queue. Not rep-3 (full).",
        ),
        (
            Told("stage_changed", "contacted", "sql", "qualified", "7", details={"report_id": "r-1", "rep_id": "rep-1"}),
            "From contacted to sql: qualified. Reported by rep-1.",
        ),
        (Told("stage_implied", "assigned", "accepted", "contacted", "7"), "From assigned to accepted, passed on the way: contacted."),
        (
            Told("restated", "contacted", None, "outreach_began", "7", details={"score_before": SCORE, "score_after": NOTHING}),
            "What the person did was told anew; the lead stays contacted: outreach began. Engagement 30 became 0.",
        ),
        (
            Told("meeting_agreed", None, None, "meeting_booked", "7", details=MEETING),
            "A meeting was agreed on for 10 March 2026 14:00 CDT. Reported by rep-1.",
        ),
        (
            Told("meeting_agreed", None, None, "meeting_moved", "7", details=MEETING | {"was_at": "2026-03-06T20:00:00+00:00"}),
            "A meeting was agreed on for 10 March 2026 14:00 CDT, instead of 6 March 2026 14:00 CST. Reported by rep-1.",
        ),
        (Told("outcome_refused", "sql", None, "lead_of_another_rep", "7"), "A report was refused at stage sql: lead of another rep."),
        (Told("brief_issued", None, None, "handed_over", "7", details={"version": 1}), "Brief version 1 was written."),
        (
            Told("brief_issued", None, None, "engaged", "7", details={"version": 2, "changes": [CHANGE]}),
            "Brief version 2 was written: New: they called.",
        ),
        (
            Told("brief_answered", None, None, "too_late", "7", details={"version": 2, "answer": "dismissed", "rep_id": "rep-1"}),
            "rep-1 dismissed brief version 2: too late.",
        ),
        (
            Told("brief_answered", None, None, "opened", "7", details={"version": 2, "answer": "opened", "rep_id": "rep-1"}),
            "rep-1 opened brief version 2.",
        ),
        (Told("something_new", "sql", "on_hold", "hcp_asked", "7"), "Something new sql to on hold: hcp asked."),
    ],
    ids=lambda value: value.kind if isinstance(value, Told) else "",
)  # fmt: skip
def test_every_entry_has_a_sentence(told: Told, words: str) -> None:
    assert sentence(told) == words


def test_the_arithmetic_is_kept_whole_however_many_lines_it_has() -> None:
    lines = [ScoreLine("engagement", "click", Decimal(number), f"e-{number}") for number in range(200)]
    lines += [ScoreLine("fit", f"fit-{number}", Decimal("0.5")) for number in range(4)]
    total = sum((line.points for line in lines if line.kind != "fit"), Decimal(0))
    kept = kept_score(Policy.model_validate(POLICY), Score(Decimal(2), total, "A1", tuple(lines)))
    assert len(kept["lines"]) == LINES_MAX + 2
    assert sum(line["points"] for line in kept["lines"] if line["kind"] != "fit") == kept["engagement"] == float(total)
    assert sum(line["points"] for line in kept["lines"] if line["kind"] == "fit") == kept["fit"] == 2
    assert kept["thresholds"] == {"fit": 30, "engagement": 20}


async def test_it_keeps_the_arithmetic_as_it_was(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1", "email_clicked"), engagement("hcp-1"))
    lead = await world.lead()
    [qualified] = await world.history(lead, "qualified")
    score = qualified["details"]["score"]
    assert (score["fit"], score["engagement"], score["grade"]) == (30, 40, "B1")
    assert sum(line["points"] for line in score["lines"]) == 70
    await world.hear(engagement("hcp-1", "email_clicked"))
    assert await world.history(lead, "qualified") == [qualified]


async def test_it_tells_who_reported_what_moved_the_lead_and_which_report_that_was(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    lead = await world.lead()
    reported = outcome(lead, "contacted", after=timedelta(minutes=1), report_id="r-17")
    await world.hear(reported, outcome(lead, "qualified", rep_id="rep-9"))
    moved = await world.history(lead, "stage_changed", "stage_implied", "outcome_refused")
    assert [(each["kind"], each["details"]["report_id"] == "r-17", each["details"]["rep_id"]) for each in moved] == [
        ("stage_implied", True, lead["rep_id"]),
        ("stage_changed", True, lead["rep_id"]),
        ("outcome_refused", False, "rep-9"),
    ]
    assert all(each["sentence"].endswith(".") for each in await world.history(lead))


async def test_what_is_long_is_read_in_parts_and_each_part_is_a_list(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    lead = await world.lead()
    await world.hear(outcome(lead, "qualified"))
    whole = await world.history(lead)
    assert len(whole) > 4
    path, parts = f"/v1/leads/{lead['id']}/history?limit=2", list[Any]()
    for _ in range(len(whole)):
        answer = await world.client.get(path, headers=SALES_OPS)
        assert isinstance(answer.json(), list)
        parts += answer.json()
        if "next" not in answer.links:
            break
        assert len(answer.json()) == 2
        path = answer.links["next"]["url"]
    assert parts == whole


async def test_brief_versions_and_what_the_rep_did_with_them_are_part_of_it(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    lead = await world.lead()
    answered = await world.client.post(
        f"/v1/leads/{lead['id']}/brief/feedback",
        json={"version": 1, "kind": "dismissed", "reason_code": "known_already"},
        headers=authorization("rep", rep=lead["rep_id"]),
    )
    assert answered.status_code == 201, answered.text
    told = await world.history(lead, "brief_issued", "brief_answered")
    assert [each["sentence"] for each in told] == [
        "Brief version 1 was written.",
        f"{lead['rep_id']} dismissed brief version 1: known already.",
    ]
