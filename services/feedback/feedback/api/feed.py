"""`GET /v1/me/feed`: what became of what the rep reported."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from feedback import queries
from feedback.decisions.feed import FeedKind, sentence
from shared import problems
from shared.auth import Identity, require
from shared.bodies import Answer, Moment
from shared.database import Database
from shared.paging import Listing, Page, PageRequest
from shared.routes import StrictRoute

_FEED = Listing("feed", datetime, UUID)


class FeedItemAnswer(Answer):
    """One thing the rep is told. `text` is a sentence made from codes."""

    id: UUID
    at: Moment
    kind: FeedKind
    report_ids: list[UUID]
    decision_id: str | None
    change_id: str | None
    text: str


def routes(database: Database) -> APIRouter:
    """The caller's own feed."""
    router = APIRouter(prefix="/v1/me", tags=["feed"], route_class=StrictRoute)

    @router.get("/feed")
    async def get_my_feed(
        identity: Annotated[Identity, require("rep", "manager")], page: Annotated[PageRequest, Depends(_FEED.request)]
    ) -> Page[FeedItemAnswer]:
        """The caller's feed, newest first."""
        if identity.rep_id is None:
            raise problems.forbidden("The token names no rep (claim rep_id), so there is no feed to show.")
        async with database.reading() as session:
            rows = await queries.feed(session, rep_id=identity.rep_id, after=page.after, limit=page.fetch)
        return _FEED.page(rows, page, key=lambda row: (row.at, row.id), item=_answer)

    return router


def _answer(row: Any) -> FeedItemAnswer:
    return FeedItemAnswer(
        id=row.id,
        at=row.at,
        kind=row.kind,
        report_ids=row.report_ids,
        decision_id=row.decision_id,
        change_id=row.change_id,
        text=sentence(queries.feed_facts(row)),
    )
