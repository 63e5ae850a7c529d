"""Before the launch: the field force, the people, the content, the platforms and the policy, all through the public APIs."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deploy.demo.callers import Caller
from deploy.demo.field_force import Account, Rep, Territory
from deploy.demo.launch import VISIT_PROPERTY
from deploy.demo.stage import Stage

SUBSCRIPTION = "demo-marketing"
"""The same in every run: its endpoint is gone when the play is over, and the next play's takes its place."""

TOLD_TO_MARKETING = ("lead.assigned", "theme.emerged", "decision.opened", "decision.decided", "change.published")


@dataclass(frozen=True, slots=True)
class Sources:
    """The platforms' addresses at intake, and the secrets they sign with."""

    mautic_url: str
    mautic_secret: str
    hubspot_url: str
    hubspot_secret: str


def prepare(stage: Stage) -> Sources:
    """Loads the reference world, agrees on a policy and connects the platforms."""
    world = stage.world
    sales_operations, integrator = stage.company.policy_author, stage.company.integrator
    _upsert(stage, sales_operations, "routing", "territories", [_row(territory) for territory in world.territories])
    _upsert(stage, sales_operations, "routing", "reps", [_row(rep) for rep in world.field_force])
    _upsert(stage, sales_operations, "routing", "accounts", [_row(account) for account in world.accounts])
    _upsert(stage, integrator, "intake", "assets", world.launch.assets())
    _upsert(stage, integrator, "intake", "campaigns", [world.launch.campaign()])
    _upsert(stage, integrator, "intake", "contacts", [world.contact(person) for person in world.people])
    _upsert(stage, sales_operations, "routing", "targets", world.call_plan())
    _upsert(stage, sales_operations, "routing", "alignments", world.alignments())
    version = _agree_on_policy(stage)
    sources = _connect_platforms(stage)
    stage.say(
        f"Loaded {len(world.territories)} territories, {len(world.reps)} reps, {len(world.accounts)} accounts, {len(world.people)} contacts"
        f" and the launch of {world.launch.brand_id}."
    )
    stage.say(f"Policy {version} was written by one person and activated by another; its author was refused.")
    return sources


def _upsert(stage: Stage, caller: Caller, service: str, collection: str, rows: Sequence[dict[str, Any]]) -> None:
    verdict = caller.put(service, f"/v1/{collection}", rows)
    stored = verdict["created"] + verdict["updated"] + verdict["unchanged"]
    stage.checks.equal(f"{collection} stored and rejected", expected=(len(rows), []), found=(stored, verdict["rejected"]))


def _row(thing: Territory | Rep | Account) -> dict[str, Any]:
    """The thing as the API takes it: what is not there is left out."""
    return {name: value for name, value in asdict(thing).items() if value is not None}


def _agree_on_policy(stage: Stage) -> str:
    draft = stage.company.policy_author.post("routing", "/v1/policies", stage.world.launch.policy())
    version = str(draft["version"])
    by_author = stage.company.policy_author.attempt("POST", "routing", f"/v1/policies/{version}/activate", content={})
    stage.checks.equal("status when the author activates their own policy", expected=403, found=by_author.status)
    stage.company.policy_approver.post("routing", f"/v1/policies/{version}/activate", {})
    active = stage.company.policy_approver.get("routing", f"/v1/policies/{version}")
    stage.checks.equal("state of the policy that another person activated", expected="active", found=active["state"])
    return version


def _connect_platforms(stage: Stage) -> Sources:
    world, intake = stage.world, stage.deployment.addresses["intake"]
    sources = Sources(
        mautic_url=f"{intake}/v1/webhooks/{world.mautic}",
        mautic_secret=secrets.token_urlsafe(),
        hubspot_url=f"{intake}/v1/webhooks/{world.hubspot}",
        hubspot_secret=secrets.token_urlsafe(),
    )
    brand_id = world.launch.brand_id
    administrator = stage.company.administrator
    administrator.put(
        "intake",
        f"/v1/sources/{world.mautic}",
        {"adapter": "mautic", "secrets": [sources.mautic_secret], "settings": {"brand_id": brand_id}},
    )
    administrator.put(
        "intake",
        f"/v1/sources/{world.hubspot}",
        {
            "adapter": "hubspot",
            "secrets": [sources.hubspot_secret],
            "settings": {
                "brand_id": brand_id,
                "public_url": sources.hubspot_url,
                "property_kinds": {VISIT_PROPERTY: "rep_requested"},
            },
        },
    )
    stage.company.marketing.put(
        "reporting",
        f"/v1/subscriptions/{SUBSCRIPTION}",
        {"url": stage.endpoint.url, "source": world.mautic, "events": list(TOLD_TO_MARKETING), "secrets": [stage.endpoint.secret]},
    )
    return sources
