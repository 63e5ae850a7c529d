"""`GET /v1/coverage`: what is wrong with the field force and its plans as a whole."""

from datetime import UTC, datetime

from fastapi import APIRouter

from routing.decisions.coverage import SENTENCES, FindingCode
from routing.queries.coverage import findings
from shared.auth import reading
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
    """What was found `at` that moment, of one brand or of all."""

    at: Moment
    brand_id: str | None
    findings: list[FindingAnswer]


def routes(database: Database) -> APIRouter:
    """The address of coverage."""
    router = APIRouter(prefix="/v1", tags=["field force"], route_class=StrictRoute)

    @router.get("/coverage", dependencies=[reading("sales_ops")])
    async def get_coverage(brand_id: Id | None = None) -> CoverageAnswer:
        """Findings about all collections together. Nothing found: an empty list."""
        now = datetime.now(UTC)
        async with database.reading() as session:
            found = await findings(session, brand_id=brand_id, now=now)
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
        return CoverageAnswer(at=now, brand_id=brand_id, findings=answers)

    return router
