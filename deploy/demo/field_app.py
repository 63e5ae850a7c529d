"""The reps' app: each rep reads their leads and briefs, calls, and reports what they heard."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from deploy.demo import expectations
from deploy.demo.assignments import Leads
from deploy.demo.callers import Answer, Caller
from deploy.demo.cast import Objection
from deploy.demo.stage import Stage

_CHANNEL = "phone"


Briefs = dict[str, dict[str, Any]]
"""As read before the call, by contact id."""

ObjectionIds = dict[str, str]
"""The report ids of the objections by contact id, flagged ones included."""


@dataclass(frozen=True, slots=True)
class FieldApp:
    """One rep's app."""

    caller: Caller
    brand_id: str

    def leads(self) -> Leads:
        """The rep's own leads for the brand, by contact id."""
        return {lead["contact_id"]: lead for lead in self.caller.items("routing", "/v1/leads", brand_id=self.brand_id)}

    def brief(self, lead_id: str) -> dict[str, Any]:
        brief: dict[str, Any] = self.caller.get("routing", f"/v1/leads/{lead_id}/brief")
        return brief

    def report_outcome(self, lead_id: str, code: str) -> Answer:
        """Says what came of the call. 201 when it is new."""
        content = {"id": str(uuid4()), "lead_id": lead_id, "code": code, "channel": _CHANNEL, "occurred_at": _now()}
        return self.caller.attempt("POST", "feedback", "/v1/outcomes", content=content)

    def report(self, collection: str, content: Mapping[str, Any]) -> Answer:
        """Posts an objection or an insight."""
        return self.caller.attempt("POST", "feedback", f"/v1/{collection}", content=content)

    def feed(self) -> list[dict[str, Any]]:
        return list(self.caller.items("feedback", "/v1/me/feed"))


def read_briefs(stage: Stage, leads: Leads) -> Briefs:
    """Every rep opens the app: they see their own leads and nobody else's, each with a reason, a clock and ways to call."""
    seen: dict[str, str] = {}
    briefs: Briefs = {}
    for rep in stage.world.reps:
        app = app_of(stage, rep.id)
        for contact_id, lead in app.leads().items():
            seen[contact_id] = rep.id
            briefs[contact_id] = app.brief(lead["id"])
    expected = {contact_id: lead["rep_id"] for contact_id, lead in leads.items() if lead["rep_id"]}
    stage.checks.equal("leads in the reps' apps", expected=expected, found=seen)
    _check_briefs(stage, briefs)
    for manager in stage.world.managers:
        listed = stage.company.manager(manager.id).items("routing", "/v1/leads", brand_id=stage.world.launch.brand_id)
        theirs = expectations.qualified_in(stage.world, *manager.territory_ids)
        stage.checks.equal(f"leads that {manager.id} sees", expected=theirs, found={lead["contact_id"] for lead in listed})
    stage.say(f"{len(stage.world.reps)} reps read {len(briefs)} briefs, each with a reason, a clock in local hours and ways to call.")
    return briefs


def make_calls(stage: Stage, leads: Leads) -> ObjectionIds:
    """The reps call and report: outcomes, objections, an insight, an adverse event; and what an app gets wrong."""
    objection_ids: ObjectionIds = {}
    refused = []
    for person in stage.world.people:
        if not person.part.is_assigned:
            continue
        lead = leads[person.id]
        app = app_of(stage, lead["rep_id"])
        answers = [app.report_outcome(lead["id"], code) for code in person.part.outcomes]
        if person.part.objection:
            content = _objection(lead["id"], person.part.objection)
            objection_ids[person.id] = content["id"]
            answers.append(app.report("objections", content))
        refused += [answer for answer in answers if answer.status != 201]
    stage.checks.equal("reports that were refused", expected=[], found=refused)
    _report_insight(stage, leads)
    _report_wrongly(stage, leads)
    outcomes = sum(len(person.part.outcomes) for person in stage.world.people)
    stage.say(
        f"The reps reported {outcomes} outcomes, {len(objection_ids)} objections (one flagged as an adverse event) and an insight; "
        "a report sent twice counted once, one on an unknown lead is pending, one on a colleague's lead was not found."
    )
    return objection_ids


def app_of(stage: Stage, rep_id: str) -> FieldApp:
    """The app of this rep."""
    return FieldApp(stage.company.rep(rep_id), stage.world.launch.brand_id)


def _check_briefs(stage: Stage, briefs: Briefs) -> None:
    """Each brief, line by line; what is wrong is told by contact id."""
    territories = {territory.id: territory for territory in stage.world.territories}
    lacking: dict[str, set[str]] = {}
    for person in stage.world.people:
        brief = briefs.get(person.id)
        if brief is None:
            continue
        clock = brief["clock"] or {"state": "missing", "due_at": _now()}
        right = {
            "why_this_person": person.part.specialty.replace("_", " ") in brief["why_this_person"],
            "why_now": bool(brief["why_now"]),
            "engagements": sorted(act["kind"] for act in brief["engagements"]) == sorted(person.part.acts),
            "titles": all(act["title"] for act in brief["engagements"] if act["kind"] != "rep_requested"),
            "next_step": bool(brief["next_step"]),
            "clock": clock["state"] == "running" and territories[person.part.place].is_open_at(datetime.fromisoformat(clock["due_at"])),
            "allowed_channels": _CHANNEL in brief["allowed_channels"],
            "denied_channels": not set(person.part.denied_channels) & set(brief["allowed_channels"]),
        }
        if wrong := {line for line, is_right in right.items() if not is_right}:
            lacking[person.id] = wrong
    stage.checks.equal("briefs with something missing or wrong", expected={}, found=lacking)


def _report_insight(stage: Stage, leads: Leads) -> None:
    """A rep learned something that is no objection to the message."""
    person = expectations.evidence(stage.world)[-1]
    content = {
        "id": str(uuid4()),
        "contact_id": person.id,
        "brand_id": stage.world.launch.brand_id,
        "kind": "access",
        "topics": ["prior_authorization"],
        "occurred_at": _now(),
        "note": "The largest plan here now asks for a prior authorization.",
        "adverse_event": False,
        "medical_question": False,
    }
    answer = app_of(stage, leads[person.id]["rep_id"]).report("insights", content)
    stage.checks.equal("status of an insight", expected=201, found=answer.status)


def _report_wrongly(stage: Stage, leads: Leads) -> None:
    """What happens in the field: a report sent twice, one on a lead nobody has heard of, one on a colleague's lead."""
    person = expectations.evidence(stage.world)[0]
    lead = leads[person.id]
    app = app_of(stage, lead["rep_id"])
    content = {"id": str(uuid4()), "lead_id": lead["id"], "code": "follow_up_agreed", "channel": _CHANNEL, "occurred_at": _now()}
    first, second = app.report("outcomes", content), app.report("outcomes", content)
    stage.checks.equal("a report sent twice", expected=(201, 200, first.content), found=(first.status, second.status, second.content))

    unknown = app.report_outcome(str(uuid4()), "contacted")
    state = unknown.content.get("state") if isinstance(unknown.content, dict) else None
    stage.checks.equal("a report on a lead not heard of yet", expected=(201, "pending"), found=(unknown.status, state))

    colleague = next(rep for rep in stage.world.reps if rep.id != lead["rep_id"] and rep.territory_ids != (person.part.place,))
    not_theirs = app_of(stage, colleague.id).report_outcome(lead["id"], "contacted")
    stage.checks.equal("status of a report on a colleague's lead", expected=404, found=not_theirs.status)


def _objection(lead_id: str, objection: Objection) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "lead_id": lead_id,
        "topic": objection.topic,
        "nature": objection.nature,
        "reaction": objection.reaction,
        "occurred_at": _now(),
        "note": objection.note,
        "adverse_event": objection.case == "certain",
        "medical_question": False,
    }


def feeds_that_say_changed(stage: Stage, change_id: str) -> set[str]:
    """The reps whose feed tells of this change."""
    return {
        rep.id
        for rep in stage.world.reps
        if any(item["kind"] == "changed" and item.get("change_id") == change_id for item in app_of(stage, rep.id).feed())
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()
