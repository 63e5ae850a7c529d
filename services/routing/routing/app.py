"""The composition root: routing's database, its API, the topics it reads, and what it does by the clock."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from routing import figures, subscribers
from routing.api import briefs, clocks, coverage, feed, leads, lifecycle, moves, policies, previews, reference, simulations
from routing.holdings import HELD
from routing.operations.assignment.rerouting import reroute_leads
from routing.operations.assignment.waiting import decide_stale_ledgers, try_waiting_leads
from routing.operations.briefs.following import follow_approvals
from routing.operations.briefs.revising import revise_outdated_briefs
from routing.operations.clocks.ticking import tick_clocks
from routing.operations.leads.detours import open_returning_leads, resume_held_leads
from routing.operations.leads.outcomes import apply_early_outcomes
from routing.operations.ledgers.content import reconsider_content
from routing.operations.policies import activate_scheduled
from routing.operations.reference.dated_facts import take_dated_facts
from routing.operations.reference.ended_licences import take_ended_licences
from routing.simulator import simulate_in_turn
from shared.database import Database
from shared.events import topics
from shared.loops import repeat
from shared.people import people_routes
from shared.service import Service
from shared.settings import ServiceSettings

BACKGROUND_WORK = {
    "clocks": tick_clocks,
    "dated facts": take_dated_facts,
    "ended licences": take_ended_licences,
    "waiting leads": try_waiting_leads,
    "stale ledgers": decide_stale_ledgers,
    "rerouting": reroute_leads,
    "changed content": reconsider_content,
    "scheduled policies": activate_scheduled,
    "early outcomes": apply_early_outcomes,
    "approvals": follow_approvals,
    "outdated briefs": revise_outdated_briefs,
    "held leads": resume_held_leads,
    "returning leads": open_returning_leads,
}
EVERY_SECONDS = 1.0


def build() -> Service:
    """The service, put together from its environment."""
    service = Service.of("routing", ServiceSettings(), migrations=Path(__file__).parents[1] / "migrations")
    service.subscribe(topics.CONTACTS, subscribers.on_contacts, keeps_plans=True)
    service.subscribe(topics.CATALOG, subscribers.on_catalog)
    service.subscribe(topics.ENGAGEMENTS, subscribers.on_engagements, keeps_plans=True)
    service.subscribe(topics.FEEDBACK, subscribers.on_feedback, keeps_plans=True)
    service.subscribe(topics.ERASURES, subscribers.on_erasures)
    service.routers += [reference.routes(service.database), policies.routes(service.database), leads.routes(service.database)]
    service.routers += [briefs.routes(service.database), feed.routes(service.database), coverage.routes(service.database)]
    service.routers += [simulations.routes(service.database), previews.routes(service.database)]
    service.routers += [moves.routes(service.database), clocks.routes(service.database), lifecycle.routes()]
    service.routers.append(people_routes("routing", service.database, HELD))
    for name, work in BACKGROUND_WORK.items():
        service.loops.append(partial(_repeat, work, service.database, name))
    service.loops.append(partial(simulate_in_turn, service.database))
    service.samplers += figures.SAMPLERS
    return service


async def _repeat(work: Callable[..., Awaitable[int]], database: Database, name: str, stop: asyncio.Event) -> None:
    await repeat(lambda: work(database, now=datetime.now(UTC)), name=name, every_seconds=EVERY_SECONDS, stop=stop)
