"""`GET /v1/coverage`: what is wrong with the field force and its plans as a whole."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter

from routing.decisions.coverage import SENTENCES, FindingCode
from routing.queries.coverage import findings
from routing.queries.scope import territories_of_reps_in_scope
from shared.auth import Identity, reading
from shared.bodies import Answer, Id, Moment
from shared.database import Database
from shared.routes import StrictRoute


class FindingAnswer(Answer):
    """`count` things, with `contacts` contacts where that is the point; `examples` are the worst, or first, twenty of them."""

    code: FindingCode
    detail: str
    count: int
    contacts: int | None
    examples: list[dict[str, str | int | list[str] | None]]


class CoverageAnswer(Answer):
    """What was found `at` that moment, of one brand or of all; of these territories alone, or (null) of everything."""

    at: Moment
    brand_id: str | None
    territory_ids: list[str] | None
    findings: list[FindingAnswer]


def routes(database: Database) -> APIRouter:
    """The address of coverage."""
    router = APIRouter(prefix="/v1", tags=["field force"], route_class=StrictRoute)

    @router.get("/coverage")
    async def get_coverage(identity: Annotated[Identity, reading("sales_ops", "manager")], brand_id: Id | None = None) -> CoverageAnswer:
        """Findings about all collections together. Nothing found: an empty list.

        A manager is told of the territories of their own rep row, and of the reps they manage: what is found there, and with what it
        collides elsewhere.
        """
        now = datetime.now(UTC)
        async with database.reading() as session:
            territory_ids = await territories_of_reps_in_scope(session, identity)
            found = await findings(session, brand_id=brand_id, territory_ids=territory_ids, now=now)
        answers = [
            FindingAnswer(
                code=each.code,
                detail=SENTENCES[each.code],
                count=each.count,
                contacts=each.contacts,
                examples=[dict(example) for example in each.examples],
            )
            for each in found
        ]
        named = None if territory_ids is None else sorted(territory_ids)
        return CoverageAnswer(at=now, brand_id=brand_id, territory_ids=named, findings=answers)

    return router
