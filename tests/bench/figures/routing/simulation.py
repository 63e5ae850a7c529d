"""simulation: half a million engagements replayed under two versions, by the service, against the consumer that decided such for real."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx

from tests.bench.bodies import BRAND
from tests.bench.cpu import Meter
from tests.bench.field import Field
from tests.bench.ground import Ground
from tests.bench.pipelines import POLICY
from tests.bench.protocol import FULL, Goal, Measured, Plan, Sample, Say, compare
from tests.bench.streams import ACTS, waves

GOAL = Goal(">=", 2)

_ENGAGEMENTS = 500_000
_EVENTS_PER_SECOND = 2_500
_SPARE_EVENTS = 2_000
_WAIT_SECONDS = 300
# Those of the same contacts, twenty each over sixty days: as many MQLs as the consumer makes of as many.
_HISTORY = """
    INSERT INTO engagements (
        engagement_id, contact_id, brand_id, kind, context, asset_id, campaign_id, topics, machine, flags, occurred_at,
        event_id, correlation_id
    )
    SELECT gen_random_uuid()::text, 'hcp-' || number / 20, %(brand_id)s,
        (ARRAY['form_submitted', 'email_opened', 'email_clicked', 'page_viewed'])[1 + number %% 4], 'promotional', 'launch-page',
        'campaign-' || number %% 5, ARRAY['efficacy'], number %% 50 = 0, '{}',
        now() - interval '60 days' * random(), gen_random_uuid(), gen_random_uuid()
    FROM generate_series(0, %(engagements)s - 1) AS number
"""
_RULES = [
    {"id": "form", "kinds": ["form_submitted"], "points": 12, "half_life_days": 30, "cap": 48},
    {"id": "click", "kinds": ["email_clicked"], "points": 6, "half_life_days": 14, "max_per_day": 2},
    {"id": "page", "kinds": ["page_viewed"], "points": 3, "half_life_days": 7, "cap": 9},
]
_ACTIVE = {**POLICY, "engagement": _RULES}
_CANDIDATE = {**POLICY, "engagement": [{**_RULES[0], "points": 14}, *_RULES[1:]]}


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """The policies have caps, frequency and no expressions. The consumer makes a lead of every twentieth engagement."""
    field = Field(ground)
    engagements = round(_ENGAGEMENTS * plan.seconds / FULL.seconds)
    warm_up, events = (round(seconds * _EVENTS_PER_SECOND) for seconds in (plan.warm_up_seconds, plan.seconds))
    total = warm_up + events + _SPARE_EVENTS
    field.prepare(contacts=max(total, engagements) // ACTS + 1_000, policy=_ACTIVE)
    backlog = field.backlog(waves(total))
    say(f"simulation: {engagements} engagements replayed under two versions / engagements decided by the consumer; per second")

    def simulating(_: Plan) -> Sample:
        field.forget()
        field.execute(_HISTORY, brand_id=BRAND, engagements=engagements)
        field.execute("VACUUM ANALYZE engagements")
        return _simulate(field, engagements)

    def deciding(_: Plan) -> Sample:
        field.forget()
        return backlog.run("deciding", warm_up=warm_up, events=events)

    yield compare("simulation", ours=simulating, theirs=deciding, goal=GOAL, plan=plan, say=say)


def _simulate(field: Field, engagements: int) -> Sample:
    """As the service does it, from being taken up to its record being kept."""
    field.ground.start_service("routing")
    meter = Meter({name: field.ground.pid(name) for name in ("routing", "postgres")})
    with httpx.Client(base_url=f"http://127.0.0.1:{field.ground.ports.routing}", timeout=60, headers=field.bearer("author")) as routing:
        version = routing.post("/v1/policies", json=_CANDIDATE).raise_for_status().json()["version"]
        window = {"from": (datetime.now(UTC) - timedelta(days=90)).isoformat(), "until": datetime.now(UTC).isoformat()}
        meter.start()
        simulation = routing.post(f"/v1/policies/{version}/simulate", json=window).raise_for_status().json()
        deadline = time.monotonic() + _WAIT_SECONDS
        while simulation["state"] in {"queued", "running"}:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the simulation is {simulation['state']} after {_WAIT_SECONDS} seconds: {simulation['progress']}")
            time.sleep(0.1)
            simulation = routing.get(f"/v1/simulations/{simulation['id']}").raise_for_status().json()
    cpu_us = meter.us_per_event(engagements)
    field.ground.stop_service("routing")
    if simulation["state"] != "done":
        raise RuntimeError(f"the simulation is {simulation['state']}: {simulation['failure']}")
    started, ended = (datetime.fromisoformat(simulation[name]) for name in ("started_at", "ended_at"))
    return Sample(engagements / (ended - started).total_seconds(), cpu_us, note=f"{simulation['result']['mqls']}")
