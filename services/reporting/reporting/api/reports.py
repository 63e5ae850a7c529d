"""`GET /v1/funnel` and `GET /v1/objections`."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Query
from pydantic import BeforeValidator, TypeAdapter, ValidationError, WithJsonSchema

from reporting.decisions.ranges import Span
from reporting.queries.funnel import GROUPS_MAX, FunnelDimension, StageFigures, funnel
from reporting.queries.objections import ObjectionDimension, ObjectionGroup, objections
from shared import problems
from shared.auth import reading
from shared.bodies import EARLIEST_YEAR, LATEST_YEAR, Answer, Day, Id, Moment
from shared.database import Database
from shared.problems import FieldError
from shared.routes import StrictRoute

FunnelGrouping = Literal["campaign", "segment", "specialty", "territory", "region", "rep", "asset"]

_EVERYTHING = Span(datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC), datetime(LATEST_YEAR + 1, 1, 1, tzinfo=UTC))
_OBJECTION_DAYS = timedelta(days=28)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AS_DAY: TypeAdapter[Day] = TypeAdapter(Day)
_AS_MOMENT: TypeAdapter[Moment] = TypeAdapter(Moment)


def _since(value: object) -> datetime:
    return _bound(value, day_ends=False)


def _until(value: object) -> datetime:
    return _bound(value, day_ends=True)


def _bound(value: object, *, day_ends: bool) -> datetime:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return datetime.combine(_AS_DAY.validate_python(value) + timedelta(days=day_ends), time.min, UTC)
        return _AS_MOMENT.validate_python(value)
    except ValidationError as invalid:
        raise ValueError(str(invalid.errors()[0]["ctx"]["error"])) from None


_SCHEMA = WithJsonSchema({"type": "string", "description": "An RFC 3339 time, or a date, which is a whole UTC day."})
Since = Annotated[datetime | None, BeforeValidator(_since), _SCHEMA, Query(alias="from")]
Until = Annotated[datetime | None, BeforeValidator(_until), _SCHEMA]


class StageAnswer(Answer):
    """A stage: how many entered it in the range, how many of those went on, and how long the middle one took."""

    stage: str
    entered: int
    converted: int
    rate: float | None
    median_seconds: float | None


class FunnelGroup(Answer):
    """One group. `key` is null for what nobody stated the dimension of."""

    key: str | None
    stages: list[StageAnswer]


class FunnelAnswer(Answer):
    """The funnel, by group."""

    groups: list[FunnelGroup]


class ObjectionGroupAnswer(Answer):
    """One group; a part of its key is null where nobody stated it. `previous` is the count in the same length of time before."""

    key: dict[ObjectionDimension, str | None]
    count: int
    previous: int
    first_seen: Moment


class ObjectionsAnswer(Answer):
    """Objection counts, by group, the most heard first."""

    groups: list[ObjectionGroupAnswer]


def routes(database: Database) -> APIRouter:
    """The reports over counts."""
    router = APIRouter(prefix="/v1", tags=["reports"], route_class=StrictRoute)

    @router.get("/funnel", dependencies=[reading("marketing", "sales_ops", "manager")])
    async def get_funnel(
        since: Since = None,
        until: Until = None,
        brand_id: Id | None = None,
        campaign_id: Id | None = None,
        group_by: FunnelGrouping | None = None,
    ) -> FunnelAnswer:
        span = _span(since or _EVERYTHING.since, until or _EVERYTHING.until)
        dimension = _built(group_by)
        async with database.reading() as session:
            found = await funnel(session, span=span, dimension=dimension, brand_id=brand_id, campaign_id=campaign_id)
        if len(found) > GROUPS_MAX:
            raise problems.unprocessable(f"These are {len(found)} groups, more than {GROUPS_MAX}: narrow them by brand, campaign or time.")
        return FunnelAnswer(groups=[FunnelGroup(key=key or None, stages=[_stage(one) for one in stages]) for key, stages in found.items()])

    @router.get("/objections", dependencies=[reading("marketing", "sales_ops", "manager")])
    async def get_objections(
        since: Since = None,
        until: Until = None,
        brand_id: Id | None = None,
        group_by: Annotated[str, Query(max_length=200)] = "topic",
    ) -> ObjectionsAnswer:
        end = until or datetime.now(UTC)
        span = _span(since or end - _OBJECTION_DAYS, end)
        dimensions = _dimensions(group_by)
        async with database.reading() as session:
            found = await objections(session, span=span, dimensions=dimensions, brand_id=brand_id)
        return ObjectionsAnswer(groups=[_group(one) for one in found])

    return router


def _span(since: datetime, until: datetime) -> Span:
    if since >= until:
        raise problems.unprocessable("The range ends before it begins.", FieldError("", "query parameter until: must be after from"))
    return Span(since, until)


def _built(grouping: FunnelGrouping | None) -> FunnelDimension | None:
    match grouping:
        case "segment" | "territory" | "rep" | "asset":
            detail = f"query parameter group_by: {grouping} is not built yet; use campaign, specialty or region"
            raise problems.unprocessable("The funnel can't be grouped so yet.", FieldError("", detail))
        case _:
            return grouping


def _dimensions(group_by: str) -> list[ObjectionDimension]:
    known: tuple[ObjectionDimension, ...] = get_args(ObjectionDimension)
    asked = group_by.split(",")
    dimensions = [one for one in known if one in asked]
    if len(dimensions) != len(asked):
        detail = f"query parameter group_by: must be one or several of {', '.join(known)}, comma-separated, each once"
        raise problems.unprocessable("Objections can't be grouped so.", FieldError("", detail))
    return dimensions


def _stage(figures: StageFigures) -> StageAnswer:
    return StageAnswer(
        stage=figures.stage,
        entered=figures.entered,
        converted=figures.converted,
        rate=figures.converted / figures.entered if figures.entered and figures.stage != "opportunity" else None,
        median_seconds=figures.median_seconds,
    )


def _group(found: ObjectionGroup) -> ObjectionGroupAnswer:
    return ObjectionGroupAnswer(
        key={dimension: value or None for dimension, value in found.key.items()},
        count=found.count,
        previous=found.previous,
        first_seen=found.first_seen,
    )
