"""Findings, for compliance: what people were shown or sent that was not approved there, or no longer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Row

from intake.queries.catalog import FindingFlag, Sought, count_findings, list_findings
from shared.auth import reading
from shared.bodies import Answer, Id, Moment
from shared.database import Database
from shared.events.engagements import EngagementFlag, EngagementKind
from shared.paging import Listing, Page, PageRequest
from shared.routes import StrictRoute

_FINDINGS = Listing("findings", datetime, UUID)


class FindingAnswer(Answer):
    """An engagement with an asset that was not allowed when and where it happened; `flags` say what was wrong."""

    engagement_id: UUID
    source: str
    kind: EngagementKind
    contact_id: str
    asset_id: str | None
    campaign_id: str | None
    brand_id: str | None
    occurred_at: Moment
    machine: bool
    flags: list[EngagementFlag]


class FindingCount(Answer):
    """How often an asset was used in that wrong way in a campaign, first and last when."""

    asset_id: str | None
    campaign_id: str | None
    flag: FindingFlag
    count: int
    first_at: Moment
    last_at: Moment


class FindingCounts(Answer):
    """The counts, the most frequent first."""

    groups: list[FindingCount]


def _sought(
    flag: FindingFlag | None = None,
    asset_id: Id | None = None,
    campaign_id: Id | None = None,
    brand_id: Id | None = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Moment | None = None,
) -> Sought:
    return Sought(flag, asset_id, campaign_id, brand_id, since, until)


def routes(database: Database) -> APIRouter:
    """`GET /v1/findings` and `GET /v1/findings/counts`."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["findings"], dependencies=[reading("marketing")])

    @router.get("/findings")
    async def get_findings(
        page: Annotated[PageRequest, Depends(_FINDINGS.request)], sought: Annotated[Sought, Depends(_sought)]
    ) -> Page[FindingAnswer]:
        """Engagements with an asset that was not allowed, the latest first, by when they happened."""
        async with database.reading() as session:
            rows = await list_findings(session, sought, after=page.after, limit=page.fetch)
        return _FINDINGS.page(rows, page, key=lambda row: (row.occurred_at, row.id), item=_finding)

    @router.get("/findings/counts")
    async def get_counts(sought: Annotated[Sought, Depends(_sought)]) -> FindingCounts:
        """How many there are, by asset, campaign and flag: the thousand most frequent."""
        async with database.reading() as session:
            rows = await count_findings(session, sought)
        return FindingCounts(groups=[FindingCount.model_validate(dict(row._mapping)) for row in rows])

    return router


def _finding(row: "Row[tuple[object, ...]]") -> FindingAnswer:
    stated = dict(row._mapping)
    return FindingAnswer.model_validate({"engagement_id": stated.pop("id"), **stated})
