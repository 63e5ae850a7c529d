"""Who got which lead and why, as sales operations see it."""

from collections import Counter
from typing import Any

from deploy.demo import expectations
from deploy.demo.checks import CannotGoOn, wait_for
from deploy.demo.stage import Stage

Leads = dict[str, dict[str, Any]]
"""The leads of the launch by contact id."""


def watch_assignments(stage: Stage) -> Leads:
    """Waits until every lead is where it belongs, and checks that it got there by the right way."""
    qualified, assigned = expectations.qualified(stage.world), expectations.assigned(stage.world)
    leads = wait_for(lambda: leads_of(stage), lambda leads: _settled(leads, qualified, assigned))
    stage.checks.equal("contacts that became leads", expected=qualified, found=set(leads))
    stage.checks.equal("leads that have a rep", expected=assigned, found={one for one, lead in leads.items() if lead["rep_id"]})
    if not _settled(leads, qualified, assigned):
        raise CannotGoOn("The leads are not where they belong, so the reps have nothing to play with.")
    owners = expectations.by_owner(stage.world)
    stage.checks.equal(
        "leads of account owners", expected=owners, found={one: lead["rep_id"] for one, lead in leads.items() if one in owners}
    )
    planned = expectations.by_plan(stage.world)
    stage.checks.equal(
        "leads on the call plan", expected=planned, found={one: lead["rep_id"] for one, lead in leads.items() if lead["kind"] == "on_plan"}
    )
    _check_turns(stage, leads)
    reason = _check_queue(stage, leads)
    _check_histories(stage, leads)
    _check_do_not_contact(stage, leads)
    stage.say(
        f"{len(leads)} of {len(stage.world.people)} contacts qualified: {len(owners)} went to their account's owner, "
        f"{len(planned)} to the rep on the call plan, {len(assigned) - len(owners) - len(planned)} to the rep whose turn it was."
    )
    for person in expectations.people_with(stage.world, "plan"):
        stage.say(f'{person.label} is on the call plan. The rep reads: "{_why(stage, leads[person.id])}"')
    for person in expectations.people_with(stage.world, "list"):
        part = person.part
        stage.say(f"{person.label}, of {part.postal_code}, where no territory is, went to {part.place}, whose list has the name.")
    stage.say(f"Of the others one waits in the queue ({reason}), and one who may not be contacted was given to nobody.")
    return leads


def opt_out(stage: Stage, leads: Leads) -> None:
    """Somebody who is a lead says do not contact me: the untouched lead is withdrawn, visibly."""
    person = next(person for person in stage.world.people if person.part.opts_out_later)
    lead_id = leads[person.id]["id"]
    stage.company.integrator.put("intake", "/v1/contacts", [stage.world.contact(person, denied_now="any")])
    stage.checks.eventually(
        "stage of the lead whose contact opted out", expected="disqualified", probe=lambda: _lead(stage, lead_id)["stage"]
    )
    last = _history(stage, lead_id)[-1]
    stage.checks.equal("why it was withdrawn", expected=("disqualified", "consent"), found=(last["to"], last["reason"]))
    stage.say(f"{person.label} opted out of everything; the lead was withdrawn before anybody called.")


def leads_of(stage: Stage) -> Leads:
    """The brand's leads as sales operations see them now."""
    listed = stage.company.policy_author.items("routing", "/v1/leads", brand_id=stage.world.launch.brand_id)
    return {lead["contact_id"]: lead for lead in listed}


def _settled(leads: Leads, qualified: set[str], assigned: set[str]) -> bool:
    return leads.keys() == qualified and all(leads[contact_id]["rep_id"] for contact_id in assigned)


def _check_turns(stage: Stage, leads: Leads) -> None:
    """In each territory the turns are fair: no rep has two more than the other. Who is on its list is one of its own."""
    reps = {
        territory.id: [rep.id for rep in stage.world.reps if territory.id in rep.territory_ids] for territory in stage.world.territories
    }
    by_turn = expectations.by_turn(stage.world)
    stage.checks.equal(
        "territories of the leads that reps take turns on",
        expected=by_turn,
        found={one: lead["territory_id"] for one, lead in leads.items() if one in by_turn},
    )
    taken = Counter(lead["rep_id"] for one, lead in leads.items() if one in by_turn)
    for territory_id, turns in Counter(by_turn.values()).items():
        shares = sorted(taken[rep_id] for rep_id in reps[territory_id])
        stage.checks.equal(f"turns in {territory_id}, rep by rep", expected=[turns // 2, turns - turns // 2], found=shares)


def _check_queue(stage: Stage, leads: Leads) -> str:
    waiting = {leads[person.id]["id"] for person in expectations.people_with(stage.world, "queue") if person.id in leads}
    queue = {item["lead_id"]: item["reason"] for item in stage.company.policy_author.items("routing", "/v1/queue")}
    ours = {lead["id"] for lead in leads.values()} & queue.keys()
    stage.checks.equal("leads waiting in the queue", expected=waiting, found=ours)
    reasons = {queue[lead_id] for lead_id in ours}
    stage.checks.equal("why they wait", expected={"no_territory"}, found=reasons)
    return ", ".join(sorted(reasons))


def _check_histories(stage: Stage, leads: Leads) -> None:
    """Every assignment keeps its candidates, and why each but the chosen one lost; only turns move the territory's pointer."""
    unexplained, moved = set(), set()
    for contact_id in expectations.assigned(stage.world) & leads.keys():
        history = _history(stage, leads[contact_id]["id"])
        chosen = [candidate["rep_id"] for entry in history for candidate in entry["candidates"] if candidate["why_not"] is None]
        if chosen != [leads[contact_id]["rep_id"]]:
            unexplained.add(contact_id)
        if any(entry["pointer_before"] != entry["pointer_after"] for entry in history):
            moved.add(contact_id)
    stage.checks.equal("assignments that don't say why the others lost", expected=set(), found=unexplained)
    stage.checks.equal("leads whose assignment was a turn", expected=set(expectations.by_turn(stage.world)), found=moved)


def _check_do_not_contact(stage: Stage, leads: Leads) -> None:
    """Who must not be contacted was never anybody's lead, not even for a moment."""
    for person in expectations.people_with(stage.world, "do_not_contact"):
        history = _history(stage, leads[person.id]["id"])
        stage.checks.equal("reps ever considered for somebody not to be contacted", expected=[], found=_considered(history))
        last = history[-1]
        stage.checks.equal("what became of that lead", expected=("disqualified", "consent"), found=(last["to"], last["reason"]))


def _considered(history: list[dict[str, Any]]) -> list[str]:
    return [candidate["rep_id"] for entry in history for candidate in entry["candidates"]]


def _why(stage: Stage, lead: dict[str, Any]) -> str:
    """Why the lead is its rep's, as its history says it."""
    sentence: str = next(entry["sentence"] for entry in _history(stage, lead["id"]) if entry["to"] == "assigned")
    return sentence


def _lead(stage: Stage, lead_id: str) -> dict[str, Any]:
    lead: dict[str, Any] = stage.company.policy_author.get("routing", f"/v1/leads/{lead_id}")
    return lead


def _history(stage: Stage, lead_id: str) -> list[dict[str, Any]]:
    history: list[dict[str, Any]] = stage.company.policy_author.get("routing", f"/v1/leads/{lead_id}/history")
    return history
