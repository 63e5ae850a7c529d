"""The circle closes: a theme emerges, marketing decides and changes, and the reps whose words led to it are told."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from deploy.demo import expectations
from deploy.demo.assignments import Leads
from deploy.demo.cast import THEME_SPECIALTY, THEME_TOPIC
from deploy.demo.checks import CannotGoOn, wait_for
from deploy.demo.field_app import ObjectionIds, feeds_that_say_changed
from deploy.demo.stage import Stage

_REVIEW_AFTER = timedelta(days=28)

Decision = dict[str, Any]


def close_the_circle(stage: Stage, leads: Leads, objection_ids: ObjectionIds) -> None:
    """From the objections to the reps' feeds."""
    decision = _await_decision(stage, objection_ids)
    change_id = _decide_and_change(stage, decision)
    told = {leads[person.id]["rep_id"] for person in expectations.evidence(stage.world)}
    stage.checks.eventually(
        "reps whose feed says that something changed", expected=told, probe=lambda: feeds_that_say_changed(stage, change_id)
    )
    stage.say(f"The feeds of {len(told)} of {len(stage.world.reps)} reps say so: exactly those whose objections were the evidence.")


def _await_decision(stage: Stage, objection_ids: ObjectionIds) -> Decision:
    """Waits until a decision is asked of marketing and rests on every objection it should."""
    expected = {objection_ids[person.id] for person in expectations.evidence(stage.world)}
    decisions = wait_for(lambda: _decisions(stage), lambda found: any(expected == set(one["evidence"]["report_ids"]) for one in found))
    scope = {"brand_id": stage.world.launch.brand_id, "topic": THEME_TOPIC, "specialty": THEME_SPECIALTY}
    stage.checks.equal(
        "open decisions, what about and asked of whom",
        expected=[(scope, "marketing")],
        found=[(one["scope"], one["owner"]) for one in decisions],
    )
    if not decisions:
        raise CannotGoOn("No decision was asked of marketing, so there is nothing to change.")
    decision = decisions[0]
    stage.checks.equal("objections the decision rests on", expected=expected, found=set(decision["evidence"]["report_ids"]))
    for event_type in ("theme.emerged", "decision.opened"):
        _check_told(stage, event_type, times=1)
    stage.say(
        f"A theme emerged, {THEME_TOPIC} among {THEME_SPECIALTY}: {len(expected)} objections. Marketing was told by signed webhook and "
        "asked to decide."
    )
    return decision


def _decide_and_change(stage: Stage, decision: Decision) -> str:
    """Marketing decides, puts a new version of the guide, and publishes the change; returns the change's id."""
    world, marketing = stage.world, stage.company.marketing
    decided = marketing.post(
        "reporting",
        f"/v1/decisions/{decision['id']}/decide",
        {"choice": "change", "reason_code": "guide_unclear", "review_on": (datetime.now(UTC) + _REVIEW_AFTER).date().isoformat()},
    )
    stage.checks.equal("the decision afterwards", expected=("decided", "change"), found=(decided["state"], decided["choice"]))
    verdict = stage.company.integrator.put("intake", "/v1/assets", [world.launch.guide(version="2")])
    stage.checks.equal("assets updated by the new version", expected=1, found=verdict["updated"])
    change_id = str(uuid4())
    marketing.post(
        "reporting",
        "/v1/changes",
        {
            "id": change_id,
            "decision_id": decision["id"],
            "answers": [],
            "kind": "asset_updated",
            "asset_id": world.launch.guide_id,
            "campaign_id": world.launch.campaign_id,
            "published_at": datetime.now(UTC).isoformat(),
        },
    )
    _check_told(stage, "decision.decided", times=1)
    _check_told(stage, "change.published", times=1)
    stage.checks.equal(
        "the change that marketing's platform was told of",
        expected=[change_id],
        found=[told.get("change_id") for told in stage.endpoint.taken("change.published", world.launch.brand_id)],
    )
    stage.say("Marketing decided to change the dosing guide, put version 2, and published the change; its platform saw it.")
    return change_id


def _check_told(stage: Stage, event_type: str, *, times: int) -> None:
    stage.checks.eventually(
        f"webhooks of type {event_type}", expected=times, probe=lambda: len(stage.endpoint.taken(event_type, stage.world.launch.brand_id))
    )


def _decisions(stage: Stage) -> list[Decision]:
    brand_id = stage.world.launch.brand_id
    listed = stage.company.marketing.items("reporting", "/v1/decisions", state="open")
    return [decision for decision in listed if decision["scope"]["brand_id"] == brand_id]
