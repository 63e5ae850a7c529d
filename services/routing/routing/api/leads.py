"""`/v1/leads` and `/v1/queue`: who should be called, why now, and how that was decided. What is outside one's scope isn't there: 404."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from routing.api.lead_answers import BriefAnswer, ClockAnswer, LeadAnswer, LeadWithLedger, RecordAnswer, WaitingLead
from routing.decisions.lifecycle import Stage
from routing.queries import lead_pages
from routing.queries.lead_pages import LeadFilter
from routing.queries.leads import clocks
from routing.queries.scope import in_scope, may_ask_for_rep
from shared import problems
from shared.auth import Identity, reading
from shared.bodies import Id
from shared.database import Database, together
from shared.paging import Listing, Page, PageRequest
from shared.routes import StrictRoute

LEADS = Listing("leads", datetime, UUID)
QUEUE = Listing("queue", datetime, UUID)

MayRead = Annotated[Identity, reading("sales_ops", "rep", "manager")]


def routes(database: Database) -> APIRouter:
    """The addresses of leads and of the queue."""
    router = APIRouter(prefix="/v1", tags=["leads"], route_class=StrictRoute)

    @router.get("/leads")
    async def list_leads(
        identity: MayRead,
        page: Annotated[PageRequest, Depends(LEADS.request)],
        *,
        rep_id: Id | None = None,
        stage: Stage | None = None,
        territory_id: Id | None = None,
        brand_id: Id | None = None,
        overdue: Annotated[bool | None, Query(description="past the due time of its clock, without outreach")] = None,
    ) -> Page[LeadAnswer]:
        """Newest first. Asking for a rep outside one's scope is a 404, as asking for their lead is."""
        narrowed = LeadFilter(rep_id=rep_id, stage=stage, territory_id=territory_id, brand_id=brand_id, overdue=overdue)
        now = datetime.now(UTC)
        async with database.reading() as session:
            await lead_pages.read_one_moment(session)
            if rep_id is not None and not await may_ask_for_rep(session, identity, rep_id):
                raise problems.not_found("No such rep in your scope.")
            scope = in_scope(identity)
            shown = await lead_pages.lead_page(session, scope, narrowed=narrowed, before=page.after, limit=page.fetch, now=now)
        return LEADS.page(shown, page, key=lambda each: (each.lead.qualified_at, each.lead.id), item=LeadAnswer.of)

    @router.get("/leads/{lead_id}")
    async def get_lead(lead_id: UUID, identity: MayRead) -> LeadWithLedger:
        """One lead, with every line of its score as read now."""
        async with database.reading() as session:
            await lead_pages.read_one_moment(session)
            shown = await lead_pages.one_lead(session, in_scope(identity), lead_id, now=datetime.now(UTC))
        if shown is None:
            raise _no_such_lead()
        return LeadWithLedger.of(shown)

    @router.get("/leads/{lead_id}/brief")
    async def get_brief(lead_id: UUID, identity: MayRead) -> BriefAnswer:
        """The newest version. A lead that was never given to somebody has none: 404."""
        async with database.reading() as session:
            await _require_in_scope(session, identity, lead_id)
            brief = await lead_pages.newest_brief(session, lead_id)
            [running] = await together(session, clocks([lead_id]))
            clock = running.get(lead_id)
        if brief is None:
            raise problems.not_found("The lead has no brief yet: nobody owns it.")
        return BriefAnswer.model_validate({**brief.document, "clock": ClockAnswer.of(clock) if clock else None})

    @router.get("/leads/{lead_id}/history")
    async def get_history(lead_id: UUID, identity: MayRead) -> list[RecordAnswer]:
        """Every decision about the lead, oldest first."""
        async with database.reading() as session:
            await _require_in_scope(session, identity, lead_id)
            records = await lead_pages.decision_records(session, lead_id)
        return [RecordAnswer.of(record) for record in records]

    @router.get("/queue")
    async def list_queue(
        identity: Annotated[Identity, reading("sales_ops", "manager")], page: Annotated[PageRequest, Depends(QUEUE.request)]
    ) -> Page[WaitingLead]:
        """Leads nobody is eligible for, oldest first."""
        async with database.reading() as session:
            rows = await lead_pages.queue_page(session, in_scope(identity), after=page.after, limit=page.fetch)
        return QUEUE.page(rows, page, key=lambda row: (row.waiting_since, row.id), item=_waiting_lead)

    return router


async def _require_in_scope(session: AsyncSession, identity: Identity, lead_id: UUID) -> None:
    if not await lead_pages.is_in_scope(session, in_scope(identity), lead_id):
        raise _no_such_lead()


def _waiting_lead(row: Any) -> WaitingLead:
    return WaitingLead(lead_id=row.id, since=row.waiting_since, reason=row.waiting_reason)


def _no_such_lead() -> problems.Problem:
    return problems.not_found("No such lead in your scope.")
