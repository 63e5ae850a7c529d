"""What the figures must say at the end: the funnel, the objections, the cases, and the webhooks that marketing received."""

from collections import Counter
from http import HTTPStatus
from typing import Any

from deploy.demo import expectations
from deploy.demo.assignments import Leads, leads_of
from deploy.demo.expectations import STAGES
from deploy.demo.field_app import ObjectionIds
from deploy.demo.stage import Stage

Groups = list[dict[str, Any]]


def check_figures(stage: Stage, leads: Leads, objection_ids: ObjectionIds) -> Groups:
    """Checks every figure and returns the funnel by region."""
    funnel = _check_funnel(stage)
    _check_objections(stage)
    _check_cases(stage, objection_ids)
    _check_webhooks(stage, leads)
    _check_nobody_else(stage)
    return funnel


def _check_funnel(stage: Stage) -> Groups:
    expected = {
        region: found.entered
        for region, people in expectations.people_by_region(stage.world).items()
        if (found := expectations.funnel(people)).entered["mql"]
    }
    stage.checks.eventually(
        "the funnel by region, entered", expected=expected, probe=lambda: {group["key"]: _entered(group) for group in _funnel(stage)}
    )
    groups = _funnel(stage)
    whole = expectations.funnel(stage.world.people)
    converted = Counter[str]()
    for group in groups:
        converted.update({one["stage"]: one["converted"] for one in group["stages"]})
    stage.checks.equal("the funnel, converted", expected=whole.converted, found={name: converted[name] for name in STAGES})
    return groups


def _check_objections(stage: Stage) -> None:
    """Every objection counts once, under its topic and the contact's specialty; what was flagged counts nowhere."""
    stage.checks.eventually(
        "objections by topic and specialty", expected=dict(expectations.counted_objections(stage.world)), probe=lambda: _objections(stage)
    )


def _check_cases(stage: Stage, objection_ids: ObjectionIds) -> None:
    """The flagged report is certain, the one that the text check found is possible, and only safety sees them."""
    expected = {
        objection_ids[person.id]: person.part.objection.case
        for person in stage.world.people
        if person.part.objection and person.part.objection.case
    }
    ours = set(objection_ids.values())
    cases = [case for case in stage.company.safety.items("feedback", "/v1/cases") if case["report_id"] in ours]
    found = {case["report_id"]: case["certainty"] for case in cases if case["kind"] == "adverse_event"}
    stage.checks.equal("adverse events taken out of the commercial path", expected=expected, found=found)
    stage.checks.equal("cases in all", expected=len(expected), found=len(cases))
    by_marketing = stage.company.marketing.attempt("GET", "feedback", "/v1/cases")
    stage.checks.equal("status when marketing asks for cases", expected=403, found=by_marketing.status)
    stage.say(f"{len(found)} adverse events are with safety: one the rep flagged, one the text check found. Marketing sees neither.")


def _check_webhooks(stage: Stage, leads: Leads) -> None:
    """Marketing's platform knows every assigned lead by its own id; what it first refused came again, once, as the same webhook."""
    platform_ids = {
        person.id: str(person.platform_id) for person in stage.world.people if person.part.is_assigned and person.part.platform == "mautic"
    }
    expected = {person.id: platform_ids.get(person.id) for person in stage.world.people if person.part.is_assigned and person.id in leads}
    stage.checks.eventually(
        "assigned leads that marketing's platform was told of, with its own ids",
        expected=expected,
        probe=lambda: {
            told["contact_id"]: told["external_id"] for told in stage.endpoint.taken("lead.assigned", stage.world.launch.brand_id)
        },
    )
    attempts = stage.endpoint.deliveries
    first_id = next((attempt.webhook_id for attempt in attempts), None)
    first = [attempt.answered for attempt in attempts if attempt.webhook_id == first_id]
    stage.checks.equal(
        "answers to the webhook that failed at first", expected=[HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.NO_CONTENT], found=first
    )
    stage.checks.equal("webhooks with a wrong signature", expected=0, found=sum(attempt.content is None for attempt in attempts))
    stage.say(f"Marketing's platform verified {len(attempts)} signed deliveries; the one it refused with 500 came again under the same id.")


def _check_nobody_else(stage: Stage) -> None:
    """After everything: who did not fit, stayed quiet or must not be contacted is still nobody's lead."""
    leads = leads_of(stage)
    stage.checks.equal("contacts that are leads at the end", expected=expectations.qualified(stage.world), found=set(leads))


def _funnel(stage: Stage) -> Groups:
    brand_id = stage.world.launch.brand_id
    groups: Groups = stage.company.marketing.get("reporting", "/v1/funnel", brand_id=brand_id, group_by="region")["groups"]
    return groups


def _entered(group: dict[str, Any]) -> dict[str, int]:
    return {one["stage"]: one["entered"] for one in group["stages"]}


def _objections(stage: Stage) -> dict[tuple[str, ...], int]:
    brand_id = stage.world.launch.brand_id
    groups = stage.company.marketing.get("reporting", "/v1/objections", brand_id=brand_id, group_by="topic,specialty")["groups"]
    return {(group["key"]["topic"], group["key"]["specialty"]): group["count"] for group in groups}
