"""`PUT /v1/territories`, `/v1/accounts`, `/v1/reps`: the field force, as sales operations keeps it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar, cast

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from routing.decisions.business_time import OFFICE_HOURS, CalendarRefused, read_calendar
from routing.decisions.territories import postal_pattern_problem
from routing.operations import reference
from routing.operations.reference import Upserted
from routing.operations.rows import Row
from shared.auth import require
from shared.bodies import Body, Code, Country, Flag, Id, Label, Zone
from shared.database import Database
from shared.problems import FieldError
from shared.routes import StrictRoute
from shared.upserts import RejectedRow, RowsOf, UpsertRows, UpsertVerdict, read_rows

# What events may carry as a label.
ShortLabel = Annotated[Label, StringConstraints(max_length=120)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Opening = Annotated[list[Annotated[str, StringConstraints(max_length=5)]], Field(max_length=2)]

OPEN_SECONDS_A_WEEK_MIN = 3_600
"""Any clock a policy may ask for runs out in the end where it is open for an hour a week."""
OPEN_LEADS_MAX = 1_000_000
WEIGHT_MIN, WEIGHT_MAX = 0.001, 1_000
"""Beyond, a share is either nothing or everything."""

_NO_MORE_THAN = {"postal_codes": 5_000, "few": 200, "blocks": 24}


class TerritoryBody(Body):
    id: Id
    name: Label
    region: ShortLabel
    timezone: Zone
    country: Country
    postal_codes: Annotated[list[ShortLabel], Field(max_length=_NO_MORE_THAN["postal_codes"])] = []
    hours: dict[Weekday, Annotated[list[Opening], Field(max_length=_NO_MORE_THAN["blocks"])]] = {}


class AccountBody(Body):
    id: Id
    name: Label
    institution_type: ShortLabel
    postal_code: ShortLabel
    owner_rep_id: Id | None = None
    priority: ShortLabel
    parent_id: Id | None = None
    named_rep_ids: Annotated[list[Id], Field(max_length=_NO_MORE_THAN["few"])] = []


class RepBody(Body):
    id: Id
    name: Label
    role: Code
    manager_id: Id | None = None
    territory_ids: Annotated[list[Id], Field(max_length=_NO_MORE_THAN["few"])] = []
    brand_ids: Annotated[list[Id], Field(max_length=_NO_MORE_THAN["few"])] = []
    max_open_leads: Annotated[int, Field(ge=0, le=OPEN_LEADS_MAX)]
    weight: Annotated[float, Field(ge=WEIGHT_MIN, le=WEIGHT_MAX)]
    active: Flag


B = TypeVar("B", TerritoryBody, AccountBody, RepBody)
Store = Callable[..., Awaitable[Upserted]]


def routes(database: Database) -> APIRouter:
    """The addresses of the field force."""
    router = APIRouter(prefix="/v1", tags=["field force"], route_class=StrictRoute)

    @router.put("/territories", dependencies=[require("sales_ops")])
    async def put_territories(rows: Annotated[UpsertRows, RowsOf(TerritoryBody)]) -> UpsertVerdict:
        read = read_rows(TerritoryBody, rows)
        good = [(number, body, errors) for number, body in read.good for errors in [list(_territory_errors(body))]]
        wrong = [RejectedRow(row=number, errors=errors) for number, _, errors in good if errors]
        right = [body for _, body, errors in good if not errors]
        return await _upsert(database, reference.upsert_territories, right, rejected=[*read.rejected, *wrong])

    @router.put("/accounts", dependencies=[require("sales_ops")])
    async def put_accounts(rows: Annotated[UpsertRows, RowsOf(AccountBody)]) -> UpsertVerdict:
        read = read_rows(AccountBody, rows)
        return await _upsert(database, reference.upsert_accounts, [body for _, body in read.good], rejected=read.rejected)

    @router.put("/reps", dependencies=[require("sales_ops")])
    async def put_reps(rows: Annotated[UpsertRows, RowsOf(RepBody)]) -> UpsertVerdict:
        read = read_rows(RepBody, rows)
        return await _upsert(database, reference.upsert_reps, [body for _, body in read.good], rejected=read.rejected)

    return router


async def _upsert(database: Database, store: Store, bodies: Sequence[B], *, rejected: Sequence[RejectedRow]) -> UpsertVerdict:
    rows: list[Row] = [body.model_dump() for body in bodies]
    async with database.transaction() as session:
        upserted = await store(session, rows, now=datetime.now(UTC))
    return UpsertVerdict(
        created=upserted.created,
        updated=upserted.updated,
        unchanged=upserted.unchanged,
        rejected=sorted(rejected, key=lambda each: each.row),
    )


def _territory_errors(body: TerritoryBody) -> Iterator[FieldError]:
    """What is wrong with a territory beyond the types of its fields."""
    for position, pattern in enumerate(body.postal_codes):
        if problem := postal_pattern_problem(pattern):
            yield FieldError(f"/postal_codes/{position}", problem)
    try:
        calendar = read_calendar(cast("Mapping[str, Sequence[Sequence[str]]]", body.hours) or OFFICE_HOURS, timezone=body.timezone)
    except CalendarRefused as refused:
        for path, sentence in refused.problems:
            yield FieldError("/" + path.replace(".", "/").replace("[", "/").removesuffix("]"), sentence)
        return
    open_minutes = sum(block.closes_minute - block.opens_minute for blocks in calendar.week for block in blocks)
    if open_minutes * 60 < OPEN_SECONDS_A_WEEK_MIN:
        yield FieldError("/hours", "must be open for an hour a week at least, or no clock would ever run out")
