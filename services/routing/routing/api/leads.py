"""`/v1/leads` and `/v1/queue`: who should be called, why now, and how that was decided. What is outside one's scope isn't there: 404."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from routing.api.history_answers import RecordAnswer
from routing.api.lead_answers import LeadAnswer, LeadWithLedger, WaitingLead
from routing.api.seen import rep_followed, seen_already, tag_of
from routing.decisions.lifecycle.stages import Stage
from routing.queries import lead_pages
from routing.queries.history import history
from routing.queries.lead_changes import moment_of
from routing.queries.lead_pages import LeadFilter, ShownLead
from routing.queries.scope import in_scope, may_ask_for_rep
from shared import problems
from shared.auth import Identity, reading
from shared.bodies import Id
from shared.database import Database
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Listing, Page, PageRequest
from shared.routes import StrictRoute

LEADS = Listing("leads", datetime, UUID)
LEADS_BY_REASON = Listing("leads by reason", datetime, UUID)
HISTORY = Listing("history", datetime, int, int)
QUEUE = Listing("queue", datetime, UUID)

Order = Literal["newest_lead", "newest_reason"]

_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}

MayRead = Annotated[Identity, reading("sales_ops", "rep", "manager")]


def routes(database: Database) -> APIRouter:
    """The addresses of leads and of the queue."""
    router = APIRouter(prefix="/v1", tags=["leads"], route_class=StrictRoute)

    @router.get("/leads", response_model=Page[LeadAnswer], responses={304: {"description": "As you have it"}})
    async def list_leads(
        identity: MayRead,
        request: Request,
        response: Response,
        *,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
        rep_id: Id | None = None,
        stage: Stage | None = None,
        territory_id: Id | None = None,
        brand_id: Id | None = None,
        overdue: Annotated[bool | None, Query(description="past the due time of one of its clocks")] = None,
        order: Annotated[Order | None, Query(description="by default newest_reason for one rep's leads, else newest_lead")] = None,
    ) -> Any:
        """Newest first; one rep's by the newest reason to look at them. Asking for a rep outside one's scope is a 404, as for their lead.

        One rep's list has an `ETag`: with `If-None-Match` it is 304 while nothing in it has changed.
        """
        narrowed = LeadFilter(rep_id=rep_id, stage=stage, territory_id=territory_id, brand_id=brand_id, overdue=overdue)
        now, followed = datetime.now(UTC), rep_followed(identity, rep_id)
        by_reason = (order or ("newest_reason" if followed else "newest_lead")) == "newest_reason"
        listing = LEADS_BY_REASON if by_reason else LEADS
        page = await listing.request(limit, cursor)
        async with database.reading() as session:
            await lead_pages.read_one_moment(session)
            if rep_id is not None and not await may_ask_for_rep(session, identity, rep_id):
                raise problems.not_found("No such rep in your scope.")
            if followed is not None and overdue is None:  # what is overdue changes by the clock alone
                moment = await moment_of(session)
                if seen := await seen_already(session, request, followed, moment, now=now):
                    return Response(status_code=304, headers={"ETag": seen, **_PRIVATE})
                response.headers.update({"ETag": tag_of(request, moment, now=now), **_PRIVATE})
            scope = in_scope(identity)
            shown = await lead_pages.lead_page(
                session, scope, narrowed=narrowed, before=page.after, limit=page.fetch, now=now, by_reason=by_reason
            )
        return listing.page(shown, page, key=_place_by_reason if by_reason else _place, item=LeadAnswer.of)

    @router.get("/leads/{lead_id}")
    async def get_lead(lead_id: UUID, identity: MayRead) -> LeadWithLedger:
        """One lead, with every line of its score as read now."""
        async with database.reading() as session:
            await lead_pages.read_one_moment(session)
            shown = await lead_pages.one_lead(session, in_scope(identity), lead_id, now=datetime.now(UTC))
        if shown is None:
            raise _no_such_lead()
        return LeadWithLedger.of(shown)

    @router.get("/leads/{lead_id}/history")
    async def get_history(
        lead_id: UUID, identity: MayRead, page: Annotated[PageRequest, Depends(HISTORY.request)], request: Request, response: Response
    ) -> list[RecordAnswer]:
        """Every decision about the lead, its briefs and what was answered to them, oldest first. What is more than `limit` has a `Link`."""
        async with database.reading() as session:
            await require_in_scope(session, identity, lead_id)
            rows = await history(session, lead_id, after=page.after, limit=page.fetch)
        told = HISTORY.page(rows, page, key=lambda row: (row.at, row.part, row.number), item=RecordAnswer.of)
        if told.next_cursor is not None:
            response.headers["Link"] = f'<{request.url.path}?limit={page.limit}&cursor={told.next_cursor}>; rel="next"'
        return told.items

    @router.get("/queue")
    async def list_queue(
        identity: Annotated[Identity, reading("sales_ops", "manager")], page: Annotated[PageRequest, Depends(QUEUE.request)]
    ) -> Page[WaitingLead]:
        """Leads nobody is eligible for, oldest first."""
        async with database.reading() as session:
            rows = await lead_pages.queue_page(session, in_scope(identity), after=page.after, limit=page.fetch)
        return QUEUE.page(rows, page, key=lambda row: (row.waiting_since, row.id), item=_waiting_lead)

    return router


async def require_in_scope(session: AsyncSession, identity: Identity, lead_id: UUID) -> None:
    """Raises 404 unless the identity may see the lead."""
    if not await lead_pages.is_in_scope(session, in_scope(identity), lead_id):
        raise _no_such_lead()


def _place(shown: ShownLead) -> tuple[datetime, UUID]:
    return shown.lead.qualified_at, shown.lead.id


def _place_by_reason(shown: ShownLead) -> tuple[datetime, UUID]:
    return shown.lead.reason_at, shown.lead.id


def _waiting_lead(row: Any) -> WaitingLead:
    return WaitingLead(lead_id=row.id, since=row.waiting_since, reason=row.waiting_reason)


def _no_such_lead() -> problems.Problem:
    return problems.not_found("No such lead in your scope.")
