"""Objection counts in a span, beside those of the span before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.ranges import Span
from reporting.queries.spans import at_the_edges, in_whole_days, span_parameters

ObjectionDimension = Literal["topic", "specialty", "campaign", "region"]

_ROLLUP_COLUMNS: dict[ObjectionDimension, str] = {
    "topic": "item", "specialty": "specialty", "campaign": "campaign_id", "region": "region",
}  # fmt: skip
_FACT_COLUMNS: dict[ObjectionDimension, str] = {
    "topic": "o.topic",
    "specialty": "coalesce(c.specialty, '')",
    "campaign": "coalesce(l.campaign_id, '')",
    "region": "coalesce(l.region, '')",
}
_OF_BRAND = "(CAST(:brand_id AS text) IS NULL OR brand_id = :brand_id)"


@dataclass(frozen=True, slots=True)
class ObjectionGroup:
    """How often it was heard in the span and in the one before, and when first at all."""

    key: dict[ObjectionDimension, str]
    count: int
    previous: int
    first_seen: datetime


async def objections(
    session: AsyncSession, *, span: Span, dimensions: Sequence[ObjectionDimension], brand_id: str | None
) -> list[ObjectionGroup]:
    """The groups heard in the span or the one before, most heard first. An empty key part was stated by nobody."""
    given = {**span_parameters(span), **span_parameters(span.before(), prefix="before_"), "brand_id": brand_id}
    rows = await session.execute(text(_statement(dimensions)), given)
    return [
        ObjectionGroup({one: row._mapping[one] for one in dimensions}, int(row.heard), int(row.previous), row.first_seen) for row in rows
    ]


def _statement(dimensions: Sequence[ObjectionDimension]) -> str:
    keys = ", ".join(dimensions)
    of_rollup = ", ".join(f"{_ROLLUP_COLUMNS[one]} AS {one}" for one in dimensions)
    of_fact = ", ".join(f"{_FACT_COLUMNS[one]} AS {one}" for one in dimensions)
    day, moment = "day", "occurred_at"
    return f"""
    WITH facts AS (
        SELECT {of_fact}, o.occurred_at
        FROM objections AS o
        LEFT JOIN contacts AS c ON c.contact_id = o.contact_id
        LEFT JOIN leads AS l ON l.lead_id = o.lead_id AND l.contact_id = o.contact_id
        WHERE (CAST(:brand_id AS text) IS NULL OR o.brand_id = :brand_id)
    ), counted AS (
        SELECT {of_rollup}, count AS current, 0 AS previous
        FROM rollups WHERE measure = 'objected' AND {in_whole_days(day)} AND {_OF_BRAND}
        UNION ALL
        SELECT {of_rollup}, 0, count
        FROM rollups WHERE measure = 'objected' AND {in_whole_days(day, prefix="before_")} AND {_OF_BRAND}
        UNION ALL
        SELECT {keys}, 1, 0 FROM facts WHERE {at_the_edges(moment)}
        UNION ALL
        SELECT {keys}, 0, 1 FROM facts WHERE {at_the_edges(moment, prefix="before_")}
    ), counts AS (
        SELECT {keys}, sum(current) AS heard, sum(previous) AS previous FROM counted GROUP BY {keys}
        HAVING sum(current) > 0 OR sum(previous) > 0
    ), firsts AS (
        SELECT {keys}, min(occurred_at) AS first_seen FROM facts GROUP BY {keys}
    )
    SELECT {keys}, heard, previous, first_seen FROM counts JOIN firsts USING ({keys}) ORDER BY heard DESC, previous DESC, {keys}
    """  # noqa: S608  column names of ours
