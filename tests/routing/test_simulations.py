"""What another policy would have made of the same history: counted, followed up, written nowhere but in its own record."""

from datetime import UTC, datetime, timedelta

from tests.routing.test_erasing import order
from tests.routing.test_sets import counting
from tests.routing.what_if import BOTH, CLICKS, MEETS, ask, counts, decisions, draft, rows_of_everything
from tests.routing.world import SALES_OPS, World, account, contact, engagement, outcome, rep, territory
from tests.tokens import authorization


async def test_gained_and_lost_are_the_difference_between_the_versions(history: World) -> None:
    simulation = await ask(history, await draft(history, engagement=CLICKS))
    assert simulation["state"] == "done"
    assert (simulation["policy_version"], simulation["active_version"]) == ("3", "2")
    assert simulation["progress"] == {"replayed": 7, "engagements": 7}
    result = simulation["result"]
    assert result["mqls"] == counts(active=2, candidate=3, gained=2, lost=1, earlier=1)
    assert (result["contacts"], result["unknown_contacts"]) == (5, 1)
    by_campaign = {each["key"]: (each["gained"], each["lost"]) for each in result["by_campaign"]}
    assert by_campaign == {"launch": (1, 0), None: (1, 0), "spring": (0, 1)}
    by_segment = {each["key"]: (each["active"], each["candidate"], each["gained"], each["lost"]) for each in result["by_segment"]}
    assert by_segment == {"early": (1, 1, 1, 1), None: (1, 2, 1, 0)}
    assert result["by_territory"] == [{"key": "chicago", "active": 2, "candidate": 3, "gained": 2, "lost": 1}]
    assert [each["key"] for each in result["by_kind"]] == ["off_plan"]
    assert any("today" in sentence for sentence in result["assumptions"])
    assert result["warnings"] == []


async def test_the_active_version_against_itself_changes_nothing(history: World) -> None:
    result = (await ask(history, "2"))["result"]
    assert result["mqls"] == counts(active=2, candidate=2, same=2)


async def test_what_became_of_the_lost_is_told_by_their_real_leads(history: World) -> None:
    first, second = await history.leads()
    await history.hear(outcome(first, "meeting_booked"))
    result = (await ask(history, await draft(history, engagement=CLICKS, thresholds={"fit": 90, "engagement": 20})))["result"]
    assert result["lost"] == {"mqls": 2, "sql": 1, "meeting": 1, "sql_or_meeting": 1, "ended": 0, "open": 1, "unknown": 0}
    await history.hear(outcome(second, "no_need"))
    result = (await ask(history, await draft(history, engagement=CLICKS, thresholds={"fit": 90, "engagement": 20})))["result"]
    assert result["lost"] == {"mqls": 2, "sql": 1, "meeting": 1, "sql_or_meeting": 1, "ended": 1, "open": 0, "unknown": 0}


async def test_a_meeting_that_was_refused_after_all_is_none(history: World) -> None:
    lead, _ = await history.leads()
    await history.hear(outcome(lead, "meeting_booked", after=timedelta(microseconds=2)))
    await history.hear(outcome(lead, "no_need", after=timedelta(microseconds=1)))
    result = (await ask(history, await draft(history, engagement=CLICKS)))["result"]
    assert result["lost"] == {"mqls": 1, "sql": 0, "meeting": 0, "sql_or_meeting": 0, "ended": 1, "open": 0, "unknown": 0}


async def test_of_the_gained_those_who_came_later_are_told_and_the_rest_is_unknown(history: World) -> None:
    candidate = await draft(history, engagement=BOTH)
    result = (await ask(history, candidate))["result"]
    assert result["gained"] == {"mqls": 2, "sql": 0, "meeting": 0, "sql_or_meeting": 0, "unknown": 2}
    # The window is over; hcp-2 attends a webinar after it, and becomes a lead by the version that is active.
    until = datetime.now(UTC)
    await history.hear(engagement("hcp-2", age=timedelta()))
    lead = (await history.leads())[-1]
    await history.hear(outcome(lead, "qualified"))
    window = {"from": (until - timedelta(days=1)).isoformat(), "until": until.isoformat()}
    answer = await history.client.post(f"/v1/policies/{candidate}/simulate", json=window, headers=SALES_OPS)
    assert answer.json()["result"]["gained"] == {"mqls": 2, "sql": 1, "meeting": 0, "sql_or_meeting": 1, "unknown": 1}


async def test_the_kept_decisions_say_what_either_version_decides_and_why(history: World) -> None:
    simulation = await ask(history, await draft(history, engagement=CLICKS))
    kept = await decisions(history, simulation)
    assert {contact_id: each["difference"] for contact_id, each in kept.items()} == {
        "hcp-1": "lost",
        "hcp-2": "gained",
        "hcp-3": "gained",
        "hcp-4": "earlier",
    }
    gained = kept["hcp-2"]
    assert (gained["active"]["verdict"], gained["active"]["missing"]) == ("not_yet", {"fit": 0, "engagement": 20})
    assert gained["active"]["history"] == []
    assert (gained["candidate"]["verdict"], gained["candidate"]["reason"]) == ("qualified", "thresholds_reached")
    assert gained["candidate"]["score"]["engagement"] == 20
    assert sum(line["points"] for line in gained["candidate"]["ledger"]) == 50
    assert gained["active"]["at"] == gained["candidate"]["at"]
    earlier = kept["hcp-4"]
    assert earlier["candidate"]["at"] < earlier["active"]["at"]


async def test_a_kept_decision_has_the_fields_of_a_leads_history(history: World) -> None:
    # On paper it is another moment, at which nothing has faded yet, and another turn.
    paper_alone = {"at", "details", "sentence", "pointer_before", "pointer_after"}
    simulation = await ask(history, "2")
    kept = await decisions(history, simulation)
    for lead in await history.leads():
        real = {record["kind"]: record for record in await history.get(f"leads/{lead['id']}/history")}
        on_paper = {record["kind"]: record for record in kept[lead["contact_id"]]["candidate"]["history"]}
        for kind in ("qualified", "assigned"):
            assert on_paper[kind].keys() == real[kind].keys()
            told = {name: value for name, value in real[kind].items() if name not in paper_alone}
            assert {name: on_paper[kind][name] for name in told if name != "candidates"} == {
                name: value for name, value in told.items() if name != "candidates"
            }
            assert {each["rep_id"] for each in on_paper[kind]["candidates"]} == {each["rep_id"] for each in real[kind]["candidates"]}


async def test_leads_are_handed_out_by_the_same_decisions_on_a_copy_of_the_turns(history: World) -> None:
    await history.put("reps", rep("rep-1", "chicago", max_open_leads=1), rep("rep-2", "chicago", max_open_leads=1))
    result = (await ask(history, await draft(history, engagement=CLICKS)))["result"]
    load = {each["rep_id"]: each for each in result["load"]}
    assert {rep_id: each["candidate"] for rep_id, each in load.items()} == {
        "rep-1": {"given": 1, "open_most": 1},
        "rep-2": {"given": 1, "open_most": 1},
    }
    assert load["rep-1"]["max_open_leads"] == 1
    assert result["waiting"] == {"active": {}, "candidate": {"all_full": 1}}


async def test_a_warning_of_the_activation_comes_with_the_simulation(history: World) -> None:
    result = (await ask(history, await draft(history, engagement=CLICKS, assignment=[])))["result"]
    assert [each["code"] for each in result["warnings"]] == ["no_assignment_steps"]
    assert result["waiting"]["candidate"] == {"no_steps": 3}


async def test_a_simulation_writes_nothing_but_its_own_record(history: World) -> None:
    candidate = await draft(history, engagement=CLICKS)
    before = await rows_of_everything(history)
    await ask(history, candidate)
    assert await rows_of_everything(history) == before


async def test_a_countrys_draft_concerns_the_contacts_of_that_country_alone(history: World) -> None:
    await history.hear(contact("hcp-6", country="CA"), engagement("hcp-6", "email_clicked"))
    result = (await ask(history, await draft(history, engagement=BOTH, country="CA")))["result"]
    assert (result["contacts"], result["mqls"]["gained"]) == (1, 1)
    await history.activate(engagement=MEETS, country="CA")
    result = (await ask(history, await draft(history, engagement=BOTH)))["result"]
    assert (result["contacts"], result["mqls"]["gained"]) == (5, 2)


async def test_where_no_version_is_active_everything_is_gained(empty_world: World) -> None:
    await empty_world.put("territories", territory("chicago", "606*"))
    await empty_world.put("accounts", account("mercy", owner_rep_id="rep-9"))
    await empty_world.hear(contact("hcp-1", account_id="mercy"), engagement("hcp-1"))
    simulation = await ask(empty_world, await draft(empty_world))
    assert simulation["active_version"] is None
    assert simulation["result"]["mqls"]["gained"] == simulation["result"]["mqls"]["candidate"] == 1
    [kept] = (await decisions(empty_world, simulation)).values()
    assert kept["active"] is None
    assert kept["candidate"]["history"][1]["kind"] == "waiting"


async def test_reading_costs_the_same_number_of_statements_however_many_contacts_there_are(history: World) -> None:
    candidate = await draft(history, engagement=CLICKS)
    with counting() as few:
        await ask(history, candidate)
    await history.hear(*(contact(f"more-{number}") for number in range(60)))
    await history.hear(*(engagement(f"more-{number}", "email_clicked") for number in range(60)))
    with counting() as many:
        await ask(history, candidate)
    assert len(many) == len(few)


async def test_the_same_key_again_is_the_same_simulation(history: World) -> None:
    until = datetime.now(UTC)
    window = {"from": (until - timedelta(days=1)).isoformat(), "until": until.isoformat()}
    headers = SALES_OPS | {"Idempotency-Key": "once"}
    first, second = [(await history.client.post("/v1/policies/2/simulate", json=window, headers=headers)).json() for _ in range(2)]
    assert first == second
    other = await history.client.post("/v1/policies/1/simulate", json=window, headers=headers)
    assert other.status_code == 409
    assert [each["id"] for each in (await history.get("simulations"))["items"]] == [first["id"]]


async def test_bad_windows_and_unknown_things_are_refused(history: World) -> None:
    backwards = {"from": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}
    answer = await history.client.post("/v1/policies/2/simulate", json=backwards, headers=SALES_OPS)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/until")
    await ask(history, "999", status=404)
    nobody = "01998f7e-5a10-7c3e-9a51-6a1d0c9be001"
    for method, path in (("GET", ""), ("GET", "/decisions"), ("POST", "/cancel")):
        answer = await history.client.request(method, f"/v1/simulations/{nobody}{path}", headers=SALES_OPS)
        assert answer.status_code == 404
    rep_asks = await history.client.post("/v1/policies/2/simulate", json=backwards, headers=authorization("rep", rep="rep-1"))
    assert rep_asks.status_code == 403


async def test_what_was_made_up_about_somebody_goes_when_they_are_forgotten(history: World) -> None:
    simulation = await ask(history, await draft(history, engagement=CLICKS))
    assert "hcp-2" in await decisions(history, simulation)
    await history.hear(order("hcp-2"))
    assert (await decisions(history, simulation)).keys() == {"hcp-1", "hcp-3", "hcp-4"}
