"""The catalogue as it stands, and as it was."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from intake.queries.catalog import find_asset, find_campaign, list_assets, list_campaigns
from intake.rows import AssetRow, CampaignRow
from intake.tables import Asset, AssetVersion, Campaign
from shared import problems
from shared.auth import reading
from shared.bodies import Answer, Id, Moment
from shared.database import Database
from shared.paging import Listing, Page, PageRequest
from shared.routes import StrictRoute

WITHDRAWN = "withdrawn"

_ASSETS = Listing("assets", str)
_CAMPAIGNS = Listing("campaigns", str)


class AssetAnswer(AssetRow):
    """An asset as it stands."""

    updated_at: Moment


class AssetVersionAnswer(Answer):
    """The asset as it was stated at that time, and stood until the next."""

    number: int
    stated_at: Moment
    asset: AssetRow


class AssetDetailAnswer(AssetAnswer):
    """An asset as it stands, and each time it was stated, oldest first. `withdrawn_at`: since when its approval's status says so."""

    withdrawn_at: Moment | None
    versions: list[AssetVersionAnswer]


class CampaignAnswer(CampaignRow):
    """A campaign as it stands."""

    updated_at: Moment


def routes(database: Database) -> APIRouter:
    """`GET /v1/assets`, `GET /v1/campaigns`, and one of each by its id."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["reference"], dependencies=[reading("integration", "marketing")])

    @router.get("/assets")
    async def get_assets(page: Annotated[PageRequest, Depends(_ASSETS.request)], brand_id: Id | None = None) -> Page[AssetAnswer]:
        """Assets as they stand, by id."""
        async with database.reading() as session:
            rows = await list_assets(session, brand_id=brand_id, after=page.after, limit=page.fetch)
        return _ASSETS.page(rows, page, key=lambda row: (row.id,), item=lambda row: AssetAnswer.model_validate(_stated(row)))

    @router.get("/assets/{asset_id}")
    async def get_asset(asset_id: Id) -> AssetDetailAnswer:
        """One asset, with every version it had: an act is held against the one that stood when it happened."""
        async with database.reading() as session:
            found = await find_asset(session, asset_id)
        if found is None:
            raise problems.not_found("There is no asset with this id.")
        asset, versions = found
        told = [{"number": one.number, "stated_at": one.stated_at, "asset": one.document} for one in versions]
        return AssetDetailAnswer.model_validate({**_stated(asset), "withdrawn_at": _withdrawn_at(versions), "versions": told})

    @router.get("/campaigns")
    async def get_campaigns(page: Annotated[PageRequest, Depends(_CAMPAIGNS.request)], brand_id: Id | None = None) -> Page[CampaignAnswer]:
        """Campaigns as they stand, by id."""
        async with database.reading() as session:
            rows = await list_campaigns(session, brand_id=brand_id, after=page.after, limit=page.fetch)
        return _CAMPAIGNS.page(rows, page, key=lambda row: (row.id,), item=lambda row: CampaignAnswer.model_validate(_stated(row)))

    @router.get("/campaigns/{campaign_id}")
    async def get_campaign(campaign_id: Id) -> CampaignAnswer:
        """One campaign."""
        async with database.reading() as session:
            found = await find_campaign(session, campaign_id)
        if found is None:
            raise problems.not_found("There is no campaign with this id.")
        return CampaignAnswer.model_validate(_stated(found))

    return router


def _stated(row: Asset | Campaign) -> Mapping[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def _withdrawn_at(versions: Sequence[AssetVersion]) -> Any:
    """Since when the asset is withdrawn, without a break; None if it is not."""
    since = None
    for version in versions:
        is_withdrawn = version.document["approval"]["status"] == WITHDRAWN
        since = (since or version.stated_at) if is_withdrawn else None
    return since
