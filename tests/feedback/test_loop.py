"""The circle closes: reps are told what became of what they reported, each of their own, once."""

import pytest

from shared.events import Event, topics
from shared.events.leads import OutcomeRefused
from shared.ids import new_id
from tests.feedback.conftest import Feedback
from tests.feedback.world import START, change, decided, decision_opened, event, insight, objection, outcome, theme


async def _reports(feedback: Feedback) -> tuple[str, str]:
    """An objection of rep-1's and one of rep-2's."""
    first = await feedback.post("objections", objection())
    second = await feedback.post("objections", objection(lead_id="lead-2"), rep="rep-2")
    return first.json()["id"], second.json()["id"]


async def test_what_is_recorded_is_heard(feedback: Feedback) -> None:
    for path, body in (("outcomes", outcome()), ("objections", objection()), ("insights", insight())):
        await feedback.post(path, body)
    assert [(item["kind"], item["text"]) for item in await feedback.feed()] == [
        ("heard", "We heard your insight on access."),
        ("heard", "We heard your objection on dosing_administration."),
        ("heard", "We heard your outcome: contacted."),
    ]


async def test_theme_decision_and_change_are_told_to_every_rep_with_their_own_reports(feedback: Feedback) -> None:
    first, second = await _reports(feedback)
    reports = [first, second, str(new_id()), "not-a-uuid"]
    await feedback.hear(topics.LOOP, theme(reports), decision_opened(reports), decided(reports), change(reports))
    for rep, own in (("rep-1", first), ("rep-2", second)):
        items = [item for item in await feedback.feed(rep) if item["kind"] != "heard"]
        assert {item["kind"] for item in items} == {"grouped", "decided", "changed"}
        assert all(item["report_ids"] == [own] for item in items)
        [changed] = [item for item in items if item["kind"] == "changed"]
        assert (changed["change_id"], changed["decision_id"]) == ("change-1", "decision-1")
        assert changed["text"] == (
            "Marketing updated asset asset-1 because of what you and others heard about dosing_administration among cardiology."
        )


async def test_rep_told_goes_out_once_per_rep_and_change_caused_by_it(feedback: Feedback) -> None:
    first, second = await _reports(feedback)
    publication = change([first, second])
    for event_again in (publication, publication, change([first, second])):  # redelivered, and said again under another id
        await feedback.hear(topics.LOOP, event_again)
    told = await feedback.published("rep.told")
    assert sorted((fact["rep_id"], fact["report_ids"], fact["change_id"], fact["kind"]) for fact in told) == [
        ("rep-1", [first], "change-1", "asset_updated"),
        ("rep-2", [second], "change-1", "asset_updated"),
    ]
    for row in await feedback.rows("select headers from outbox where type = 'rep.told'"):
        assert row.headers["ce_correlationid"] == str(publication.correlation_id)
        assert row.headers["ce_causationid"] == str(publication.id)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (3, 0, 2, 1), (1, 3, 0, 2)])
async def test_any_order_of_arrival_ends_in_the_same_feed(feedback: Feedback, order: tuple[int, ...]) -> None:
    first, _ = await _reports(feedback)
    events = [theme([first]), decision_opened([first]), decided([first]), change([first])]
    for position in order:
        await feedback.hear(topics.LOOP, events[position])
    segment = "dosing_administration among cardiology"
    assert {item["kind"]: item["text"] for item in await feedback.feed() if item["kind"] != "heard"} == {
        "grouped": f"What you and others heard about {segment} is now a theme: 5 reports from 3 reps.",
        "decided": f"Marketing decided to change something (unclear_asset) because of what you and others heard about {segment}.",
        "changed": f"Marketing updated asset asset-1 because of what you and others heard about {segment}.",
    }


async def test_a_change_that_answers_no_known_theme_speaks_of_the_rep_s_own_topic(feedback: Feedback) -> None:
    first, _ = await _reports(feedback)
    await feedback.hear(topics.LOOP, change([first], decision=None, answers=("theme-7",)))
    [changed] = [item for item in await feedback.feed() if item["kind"] == "changed"]
    assert changed["text"] == "Marketing updated asset asset-1 because of what you and others heard about dosing_administration."


async def test_a_report_left_to_its_case_is_no_part_of_the_loop(feedback: Feedback) -> None:
    report_id = (await feedback.post("objections", objection(adverse_event=True))).json()["id"]
    await feedback.hear(topics.LOOP, change([report_id]))
    assert await feedback.feed() == []
    assert await feedback.published("rep.told") == []


def _refusal(report_id: str) -> Event:
    fact = OutcomeRefused(
        lead_id="lead-1", report_id=report_id, rep_id="rep-1", code="meeting_held", stage="recycled", reason="cycle_ended", refused_at=START
    )
    return event(fact)


async def test_an_outcome_the_lifecycle_refused_is_shown_once(feedback: Feedback) -> None:
    report_id = (await feedback.post("outcomes", outcome(code="meeting_held"))).json()["id"]
    for refusal in (_refusal(report_id), _refusal(report_id), _refusal("not-a-uuid")):
        await feedback.hear(topics.LEADS, refusal)
    refused = [item for item in await feedback.feed() if item["kind"] == "refused"]
    assert [item["report_ids"] for item in refused] in ([[report_id], []], [[], [report_id]])
    assert {item["text"] for item in refused} == {"Your outcome meeting_held was not taken up: cycle_ended (stage recycled)."}


async def test_the_feed_comes_in_pages_newest_first(feedback: Feedback) -> None:
    sent = [(await feedback.post("outcomes", outcome())).json()["id"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = (await feedback.get(f"me/feed?limit=2{cursor}", role="rep", rep="rep-1")).json()
        seen += [item["report_ids"][0] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == sent[::-1]


async def test_a_feed_is_its_rep_s_own(feedback: Feedback) -> None:
    await feedback.post("outcomes", outcome())
    assert await feedback.feed("rep-2") == []
    assert (await feedback.get("me/feed", role="manager", rep="boss-1")).json() == {"items": [], "next_cursor": None}
    assert (await feedback.get("me/feed", role="rep")).status_code == 403
    assert (await feedback.get("me/feed", role="marketing", rep="rep-1")).status_code == 403
