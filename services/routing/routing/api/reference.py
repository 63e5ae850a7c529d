"""`PUT /v1/territories` and its like: the field force and its plans, as sales operations keeps them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter

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
from routing.operations import reference
from routing.operations.reference import Collection, upsert
from shared.auth import require
from shared.database import Database
from shared.routes import StrictRoute
from shared.upserts import RejectedRow, RowsOf, UpsertRows, UpsertVerdict, read_rows


@dataclass(frozen=True, slots=True)
class _Address:
    """Where a collection is, and what its rows look like there."""

    name: str
    collection: Collection
    body: type[ReferenceBody]


ADDRESSES = (
    _Address("territories", reference.TERRITORIES, TerritoryBody),
    _Address("accounts", reference.ACCOUNTS, AccountBody),
    _Address("reps", reference.REPS, RepBody),
    _Address("absences", reference.ABSENCES, AbsenceBody),
    _Address("targets", reference.TARGETS, TargetBody),
    _Address("alignments", reference.ALIGNMENTS, AlignmentBody),
    _Address("pools", reference.POOLS, PoolBody),
)


def routes(database: Database) -> APIRouter:
    """The addresses of all collections."""
    router = APIRouter(prefix="/v1", tags=["field force"], route_class=StrictRoute)
    for address in ADDRESSES:
        _add_upsert(router, database, address)
    return router


def _add_upsert(router: APIRouter, database: Database, address: _Address) -> None:
    @router.put(f"/{address.name}", name=f"put_{address.name}", dependencies=[require("sales_ops")])
    async def put_rows(rows: Annotated[UpsertRows, RowsOf(address.body)]) -> UpsertVerdict:
        read = read_rows(address.body, rows)
        judged = [(number, body, list(body.errors())) for number, body in read.good]
        wrong = [RejectedRow(row=number, errors=errors) for number, _, errors in judged if errors]
        async with database.transaction() as session:
            good = [body.row() for _, body, errors in judged if not errors]
            upserted = await upsert(session, address.collection, good, now=datetime.now(UTC))
        return UpsertVerdict(
            created=upserted.created,
            updated=upserted.updated,
            unchanged=upserted.unchanged,
            rejected=sorted([*read.rejected, *wrong], key=lambda each: each.row),
        )
