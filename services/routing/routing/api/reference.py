"""`/v1/territories` and its like: the field force and its plans, as sales operations keeps them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from routing.api.reference_bodies import (
    AbsenceBody,
    AccountBody,
    AlignmentBody,
    PoolBody,
    ReferenceBody,
    RepBody,
    TargetBody,
    TerritoryBody,
)
from routing.decisions.coverage import FindingCode
from routing.operations.reference import upserting as reference
from routing.operations.reference.upserting import Collection, upsert
from routing.queries.coverage import findings
from routing.queries.reference import reference_page, reference_row
from shared import problems
from shared.auth import reading, require
from shared.bodies import Answer, Id, MomentOrDay
from shared.database import Database
from shared.paging import Listing, Page, PageRequest
from shared.routes import StrictRoute
from shared.upserts import RejectedRow, RowsOf, UpsertRows, UpsertVerdict, read_rows


class FindingCount(Answer):
    """How often a finding stands; `GET /v1/coverage` tells the rest."""

    code: FindingCode
    count: int


class ReferenceVerdict(UpsertVerdict):
    """What became of each row, and what is wrong with the whole now, as far as this collection has a say in it."""

    findings: list[FindingCount]


@dataclass(frozen=True, slots=True)
class _Address:
    """Where a collection is, what one of it is called, and what its rows look like there."""

    name: str
    one: str
    collection: Collection
    body: type[ReferenceBody]
    page: Any
    findings: tuple[FindingCode, ...]


ADDRESSES = (
    _Address(
        "territories",
        "territory",
        reference.TERRITORIES,
        TerritoryBody,
        Page[TerritoryBody],
        ("postal_codes_uncovered", "territories_without_rep", "postal_codes_claimed_twice"),
    ),
    _Address("accounts", "account", reference.ACCOUNTS, AccountBody, Page[AccountBody], ("accounts_name_unknown",)),
    _Address("reps", "rep", reference.REPS, RepBody, Page[RepBody], ("territories_without_rep", "delegates_inactive", "reps_name_unknown")),
    _Address(
        "absences",
        "absence",
        reference.ABSENCES,
        AbsenceBody,
        Page[AbsenceBody],
        ("absences_without_delegate", "delegates_inactive", "delegates_away", "absences_name_unknown"),
    ),
    _Address("targets", "target", reference.TARGETS, TargetBody, Page[TargetBody], ("targets_without_owner", "targets_name_unknown")),
    _Address(
        "alignments",
        "alignment",
        reference.ALIGNMENTS,
        AlignmentBody,
        Page[AlignmentBody],
        ("postal_codes_uncovered", "alignments_overlap", "alignments_name_unknown"),
    ),
    _Address("pools", "pool", reference.POOLS, PoolBody, Page[PoolBody], ("pools_without_rep", "pools_name_unknown")),
)

LISTINGS = {address.name: Listing(address.name, str) for address in ADDRESSES}


def routes(database: Database) -> APIRouter:
    """The addresses of all collections."""
    router = APIRouter(prefix="/v1", tags=["field force"], route_class=StrictRoute)
    for address in ADDRESSES:
        _add_upsert(router, database, address)
        _add_list(router, database, address)
        _add_row(router, database, address)
    return router


def _add_upsert(router: APIRouter, database: Database, address: _Address) -> None:
    @router.put(f"/{address.name}", name=f"put_{address.name}", dependencies=[require("sales_ops")])
    async def put_rows(rows: Annotated[UpsertRows, RowsOf(address.body)]) -> ReferenceVerdict:
        read = read_rows(address.body, rows)
        judged = [(number, body, list(body.errors())) for number, body in read.good]
        wrong = [RejectedRow(row=number, errors=errors) for number, _, errors in judged if errors]
        good = [body.row() for _, body, errors in judged if not errors]
        now = datetime.now(UTC)
        async with database.transaction() as session:
            upserted = await upsert(session, address.collection, good, now=now)
        async with database.reading() as session:
            found = await findings(session, address.findings, now=now)
        return ReferenceVerdict(
            created=upserted.created,
            updated=upserted.updated,
            unchanged=upserted.unchanged,
            rejected=sorted([*read.rejected, *wrong], key=lambda each: each.row),
            findings=[FindingCount(code=each.code, count=each.count) for each in found],
        )


async def _at(at: MomentOrDay | None = None) -> date | None:
    """`at`: only what counts at that moment, or at some time of that day. Without it also what is over and what is to come."""
    return at


async def _always() -> None:
    return None


def _add_list(router: APIRouter, database: Database, address: _Address) -> None:
    listing = LISTINGS[address.name]
    asked_for = _at if address.collection.is_dated else _always

    @router.get(f"/{address.name}", name=f"list_{address.name}", response_model=address.page, dependencies=[reading("sales_ops")])
    async def list_rows(page: Annotated[PageRequest, Depends(listing.request)], at: Annotated[date | None, Depends(asked_for)]) -> Any:
        """By id."""
        async with database.reading() as session:
            after = page.after[0] if page.after else None
            rows = await reference_page(session, address.collection.model, after=after, limit=page.fetch, at=at)
        return listing.page(rows, page, key=lambda row: (row.id,), item=lambda row: address.body.of_row(row._mapping))


def _add_row(router: APIRouter, database: Database, address: _Address) -> None:
    @router.get(f"/{address.name}/{{row_id}}", name=f"get_{address.one}", response_model=address.body, dependencies=[reading("sales_ops")])
    async def get_row(row_id: Id) -> Any:
        """As it was put."""
        async with database.reading() as session:
            row = await reference_row(session, address.collection.model, row_id)
        if row is None:
            raise problems.not_found(f"There is no {address.one} with this id.")
        return address.body.of_row(row._mapping)
