"""`GET /v1/people/{contact_id}`: all that a service holds of a person, for whoever must answer that person's question."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import problems
from shared.auth import reading
from shared.bodies import Answer, Id, utc_text
from shared.database import Database
from shared.events.facts import ServiceName
from shared.routes import StrictRoute

Holdings = Mapping[str, str]
"""By kind, the query for what is held of the contact `:contact_id`. Columns are shown under their names, none of them as bytes."""


class PersonAnswer(Answer):
    """What a service holds of a person, by kind, row by row."""

    contact_id: str
    service: ServiceName
    held: dict[str, list[dict[str, Any]]]


def people_routes(service: ServiceName, database: Database, holdings: Holdings) -> APIRouter:
    """The address, answered from these queries. A contact of whom nothing is held is 404."""
    router = APIRouter(prefix="/v1/people", route_class=StrictRoute, tags=["privacy"])

    @router.get("/{contact_id}", dependencies=[reading("privacy")])
    async def get_person(contact_id: Id) -> PersonAnswer:
        """Everything this service holds of the person."""
        async with database.reading() as session:
            held = await _held(session, holdings, contact_id)
        if not any(held.values()):
            raise problems.not_found("Nothing is held here of a contact with this id.")
        return PersonAnswer(contact_id=contact_id, service=service, held=held)

    return router


async def _held(session: AsyncSession, holdings: Holdings, contact_id: str) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for kind, query in holdings.items():
        rows = (await session.execute(text(query), {"contact_id": contact_id})).all()
        found[kind] = [{name: _shown(value) for name, value in row._mapping.items()} for row in rows]
    return found


def _shown(value: object) -> object:
    match value:
        case datetime():
            return utc_text(value)
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case None | str() | bool() | int() | float() | dict():
            return value
        case list():
            return [_shown(one) for one in value]
        case _:
            return str(value)
