"""`/v1/simulations`, and `/v1/policies/{version}/simulate`: what another policy would have made of the same history."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from routing.api.simulation_answers import SimulatedDecisionAnswer, SimulationAnswer, SimulationSummary
from routing.decisions.effective import day_of
from routing.operations.whatif.records import Beginning, cancel, request_simulation
from routing.operations.whatif.simulating import carry_out
from routing.operations.whatif.versions import applicable_versions
from routing.queries import windows
from routing.queries.policies import policy_row
from routing.queries.simulations import decision_page, simulation_page, simulation_row
from routing.queries.windows import Window
from shared import problems
from shared.auth import Identity, reading, require
from shared.bodies import Body, Id, Moment
from shared.creations import Again, IdempotencyKey, claim_creation, client_key
from shared.database import Database, together
from shared.paging import Listing, Page, PageRequest
from shared.problems import FieldError
from shared.routes import StrictRoute

SIMULATIONS = Listing("simulations", datetime, UUID)
DECISIONS = Listing("simulated decisions", int)

AT_ONCE_MAX = 1_000
"""Engagements of a window, and of the time before it, that are simulated while one waits: a few hundredths of a second."""

_AT_ONCE: dict[int | str, dict[str, Any]] = {200: {"model": SimulationAnswer, "description": "A small one, done"}}


class SimulationBody(Body):
    """Engagements that happened from `from` until before `until` are replayed, after those before that still count."""

    from_: Moment = Field(alias="from")
    until: Moment


class _Asked(Body):
    """What a repetition is told apart by."""

    version: Id
    asked: SimulationBody


def routes(database: Database) -> APIRouter:
    """The addresses of simulations."""
    router = APIRouter(prefix="/v1", tags=["simulations"], route_class=StrictRoute)

    @router.post("/policies/{version}/simulate", status_code=202, responses=_AT_ONCE)
    async def post_simulation(
        version: Id,
        body: SimulationBody,
        identity: Annotated[Identity, require("sales_ops")],
        response: Response,
        idempotency_key: IdempotencyKey = None,
    ) -> SimulationAnswer:
        """Replays the window under this version and the active one, and answers with the simulation.

        A small one is done by then (200). A larger one is under way (202): ask at its `Location` until its `state` says how it ended.
        """
        if body.from_ >= body.until:
            raise problems.unprocessable("The window is empty.", FieldError("/until", "must lie after `from`"))
        async with database.transaction() as session:
            key = client_key(None, idempotency_key, identity.sub)
            claim = await claim_creation(
                session, scope="simulations", key=key, sub=identity.sub, content=_Asked(version=version, asked=body)
            )
            if isinstance(claim, Again):
                simulation_id, beginning = UUID(claim.answer["id"]), None
            else:
                beginning, is_small = await _begin(session, version, body, by=identity.sub)
                simulation_id = beginning.id
                await claim.keep(session, {"id": str(beginning.id)})
        if beginning is not None and is_small:
            await carry_out(database, beginning)
        shown = await _shown(database, simulation_id)
        response.headers["Location"] = f"/v1/simulations/{simulation_id}"
        response.status_code = 202 if shown.state in {"queued", "running"} else 200
        return shown

    @router.get("/simulations", dependencies=[reading("sales_ops")])
    async def list_simulations(page: Annotated[PageRequest, Depends(SIMULATIONS.request)]) -> Page[SimulationSummary]:
        """Newest first."""
        async with database.reading() as session:
            rows = await simulation_page(session, before=page.after, limit=page.fetch)
        return SIMULATIONS.page(rows, page, key=lambda row: (row.requested_at, row.id), item=SimulationSummary.of)

    @router.get("/simulations/{simulation_id}", dependencies=[reading("sales_ops")])
    async def get_simulation(simulation_id: UUID) -> SimulationAnswer:
        """How far it is, and its result once it is done."""
        return await _shown(database, simulation_id)

    @router.post("/simulations/{simulation_id}/cancel", dependencies=[require("sales_ops")])
    async def post_cancellation(simulation_id: UUID) -> SimulationAnswer:
        """Ends one that is queued or running; of another: 409."""
        async with database.transaction() as session:
            await cancel(session, simulation_id, now=datetime.now(UTC))
        return await _shown(database, simulation_id)

    @router.get("/simulations/{simulation_id}/decisions", dependencies=[reading("sales_ops")])
    async def list_decisions(
        simulation_id: UUID, page: Annotated[PageRequest, Depends(DECISIONS.request)]
    ) -> Page[SimulatedDecisionAnswer]:
        """Of some of the contacts who would have become an MQL: what either version decides, and why. Gained first, then lost."""
        async with database.reading() as session:
            if await simulation_row(session, simulation_id) is None:
                raise _no_such_simulation()
            rows = await decision_page(session, simulation_id, after=page.after[0] if page.after else None, limit=page.fetch)
        return DECISIONS.page(rows, page, key=lambda row: (row.position,), item=SimulatedDecisionAnswer.of)

    return router


async def _begin(session: AsyncSession, version: str, body: SimulationBody, *, by: str) -> tuple[Beginning, bool]:
    policy = await policy_row(session, version)
    if policy is None:
        raise problems.not_found("There is no such policy version.")
    now = datetime.now(UTC)
    versions = await applicable_versions(session, policy)
    window = versions.looking_back(Window(policy.brand_id, body.from_, body.until, day_of(now)))
    most = AT_ONCE_MAX + 1
    few, before = await together(session, windows.count(window, most=most), windows.count_before(window, most=most))
    is_small = few + before <= AT_ONCE_MAX
    return await request_simulation(session, versions, window, by=by, now=now, at_once=is_small), is_small


async def _shown(database: Database, simulation_id: UUID) -> SimulationAnswer:
    async with database.reading() as session:
        row = await simulation_row(session, simulation_id)
    if row is None:
        raise _no_such_simulation()
    return SimulationAnswer.of(row)


def _no_such_simulation() -> problems.Problem:
    return problems.not_found("There is no such simulation.")
