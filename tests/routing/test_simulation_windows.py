"""Where a simulation's window starts: what was done before it counts in it, and leads are those that began, and ended, for real."""

from datetime import UTC, datetime, timedelta

import pytest

from routing.api import simulations as simulations_api
from routing.queries import windows
from tests.routing.test_sets import counting
from tests.routing.what_if import BOTH, CLICKS, ask, counts, decisions, draft
from tests.routing.world import World, contact, engagement, outcome, rep

HOUR = timedelta(hours=1)
HALF_AN_HOUR = 1 / 24 / 2
"""In days."""


async def test_what_was_earned_before_the_window_counts_in_it(world: World) -> None:
    await world.activate(engagement=CLICKS, thresholds={"fit": 30, "engagement": 30})
    await world.hear(contact("hcp-1"), contact("hcp-2"), contact("hcp-3"))
    await world.hear(engagement("hcp-1", "email_clicked", age=2 * HOUR), engagement("hcp-1", "email_clicked"))
    await world.hear(engagement("hcp-2", "email_clicked"), engagement("hcp-3", "email_clicked", age=2 * HOUR))
    simulation = await ask(world, "2", days=HALF_AN_HOUR)
    result = simulation["result"]
    assert result["mqls"] == counts(active=1, candidate=1, same=1)
    assert (result["engagements"], result["engagements_before"], result["contacts"]) == (2, 1, 2)  # hcp-3 did nothing in the window
    assert simulation["progress"] == {"replayed": 3, "engagements": 3}
    [told] = [sentence for sentence in result["assumptions"] if "before it" in sentence]
    # Twenty points that halve in thirty days are worth nothing any more after 558.3.
    assert any(f"1 engagements from {datetime.now(UTC).date() - timedelta(days=days)} on" in told for days in (558, 559))
    [kept] = (await decisions(world, simulation)).values()
    assert len(kept["active"]["ledger"]) == 3  # a specialty and two clicks
    assert kept["candidate"]["history"][0]["kind"] == "qualified"


async def test_who_was_an_mql_before_the_window_is_none_again_in_it(history: World) -> None:
    await history.hear(engagement("hcp-4"))
    result = (await ask(history, "2", days=HALF_AN_HOUR))["result"]
    assert result["mqls"] == counts(active=1, candidate=1, same=1)  # hcp-1; hcp-4 attended an hour ago
    assert result["engagements_before"] == 2


async def test_where_one_version_had_it_before_the_window_nobody_is_gained_or_lost(history: World) -> None:
    # hcp-4 clicked two hours ago, and attended an hour ago.
    simulation = await ask(history, await draft(history, engagement=CLICKS), days=1.5 / 24)
    assert simulation["result"]["mqls"] == counts(active=2, candidate=2, gained=2, lost=1, earlier=1, before_candidate=1)
    earlier = (await decisions(history, simulation))["hcp-4"]
    assert earlier["difference"] == "earlier"
    assert earlier["candidate"]["at"] < simulation["from"] < earlier["active"]["at"]
    assert (earlier["candidate"]["verdict"], earlier["candidate"]["history"]) == ("qualified", [])
    assert earlier["active"]["history"][0]["kind"] == "qualified"
    load = simulation["result"]["load"]
    assert sum(each["candidate"]["given"] for each in load) == 2


async def test_after_the_real_end_of_a_lead_a_contact_may_be_an_mql_once_more(history: World) -> None:
    candidate = await draft(history, engagement=BOTH)
    lead = (await history.leads())[0]
    await history.hear(outcome(lead, "no_need"))
    later = datetime.now(UTC)
    assert (await ask(history, candidate))["result"]["mqls"]["active"] == 2
    await history.hear(engagement(lead["contact_id"], age=timedelta()))
    simulation = await ask(history, candidate)
    assert simulation["result"]["mqls"] == counts(active=3, candidate=5, gained=2, same=2, earlier=1)
    assert len(await history.leads()) == simulation["result"]["mqls"]["active"]
    only_later = await ask(history, candidate, since=later)
    assert only_later["result"]["mqls"] == counts(active=1, candidate=1, same=1)
    [kept] = (await decisions(history, only_later)).values()
    assert [line["kind"] for line in kept["active"]["ledger"]] == ["fit", "engagement"]  # what was before the end counts no more
    assert [(each["kind"], each["rule"]) for each in kept["active"]["history"]] == [("qualified", None), ("assigned", "sticky")]


async def test_the_lost_are_told_by_the_lead_of_their_own_cycle(history: World) -> None:
    candidate = await draft(history, engagement=CLICKS)
    lead = (await history.leads())[0]
    await history.hear(outcome(lead, "no_need"))
    until = datetime.now(UTC)
    await history.hear(engagement(lead["contact_id"], age=timedelta()))
    again = (await history.leads())[-1]
    await history.hear(outcome(again, "meeting_booked"))
    first = (await ask(history, candidate, until=until))["result"]["lost"]
    assert first == {"mqls": 1, "sql": 0, "meeting": 0, "sql_or_meeting": 0, "ended": 1, "open": 0, "unknown": 0}
    both = (await ask(history, candidate))["result"]["lost"]
    assert both == {"mqls": 2, "sql": 1, "meeting": 1, "sql_or_meeting": 1, "ended": 1, "open": 0, "unknown": 0}


async def test_a_lead_that_began_under_another_id_of_a_person_is_theirs(history: World) -> None:
    lead = (await history.leads())[0]
    await history.hear(outcome(lead, "meeting_booked"))
    await history.hear(contact("survivor"), contact(lead["contact_id"], version=2, merged_into="survivor"))
    result = (await ask(history, await draft(history, engagement=CLICKS)))["result"]
    assert result["lost"]["mqls"] == result["lost"]["meeting"] == 1


async def test_what_lies_before_the_window_decides_who_works_on_it(history: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await history.hear(engagement("hcp-1", "page_viewed", age=HOUR))
    monkeypatch.setattr(simulations_api, "AT_ONCE_MAX", 6)
    await ask(history, "2", days=HALF_AN_HOUR, status=200)
    monkeypatch.setattr(simulations_api, "AT_ONCE_MAX", 5)
    asked = await ask(history, "2", days=HALF_AN_HOUR, status=202)
    assert asked["state"] == "queued"


async def test_few_or_many_at_a_time_are_the_same(history: World, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = await draft(history, engagement=CLICKS)
    whole = (await ask(history, candidate, days=1.5 / 24))["result"]
    monkeypatch.setattr(windows, "ENGAGEMENTS_AT_ONCE", 1)
    assert (await ask(history, candidate, days=1.5 / 24))["result"] == whole


async def test_looking_back_costs_the_same_number_of_statements_however_many_contacts_there_are(history: World) -> None:
    candidate = await draft(history, engagement=BOTH, thresholds={"fit": 30, "engagement": 25})
    await click_twice(history, 1)
    with counting() as few:
        await ask(history, candidate, days=HALF_AN_HOUR)
    await click_twice(history, 60)
    with counting() as many:
        result = (await ask(history, candidate, days=HALF_AN_HOUR))["result"]
    assert len(many) == len(few)
    assert (result["mqls"]["gained"], result["engagements_before"]) == (61, 61)


async def click_twice(world: World, contacts: int) -> None:
    """So many more contacts, who clicked before a window of half an hour, and in it."""
    names = [f"more-{number}-of-{contacts}" for number in range(contacts)]
    await world.hear(*(contact(name) for name in names))
    for age in (2 * HOUR, timedelta(minutes=5)):
        await world.hear(*(engagement(name, "email_clicked", age=age) for name in names))


async def test_reps_begin_with_the_leads_they_had_when_the_window_began(history: World) -> None:
    await history.put("reps", *(rep(rep_id, "chicago", max_open_leads=1) for rep_id in ("rep-1", "rep-2")))
    had, _ = await history.leads()
    begins = datetime.now(UTC)
    await history.hear(contact("hcp-6"), engagement("hcp-6", age=timedelta()))
    meanwhile = datetime.now(UTC)
    await history.hear(outcome(had, "no_need", after=meanwhile - datetime.fromisoformat(had["qualified_at"])))
    await history.hear(contact("hcp-7"), engagement("hcp-7", age=timedelta()))

    while_both_were_full = (await ask(history, "2", since=begins, until=meanwhile))["result"]
    assert while_both_were_full["waiting"]["active"] == {"all_full": 1}
    assert {each["rep_id"]: each["active"] for each in while_both_were_full["load"]} == {
        rep_id: {"given": 0, "open_most": 1} for rep_id in ("rep-1", "rep-2")
    }
    result = (await ask(history, "2", since=begins))["result"]
    assert (result["mqls"]["active"], result["waiting"]["active"]) == (2, {"all_full": 1})
    assert {each["rep_id"]: each["active"]["given"] for each in result["load"]}[had["rep_id"]] == 1
