"""The funnel: how many leads entered each stage in a span, how many of those went on, and how long that took."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.dossiers import STAGES
from reporting.decisions.ranges import Span
from reporting.queries.spans import at_the_edges, in_whole_days, span_parameters

FunnelDimension = Literal["campaign", "specialty", "region"]

ALL = "all"
"""The key of the one group there is without a dimension."""

# More is for a spreadsheet, not an answer: the caller is told to narrow it.
GROUPS_MAX = 1_000

_COLUMNS: dict[FunnelDimension | None, str] = {None: f"'{ALL}'", "campaign": "campaign_id", "specialty": "specialty", "region": "region"}

_STAGE_ENTRIES = ", ".join(
    f"('{stage}', l.{stage}_at, {f'l.{following}_at' if following else 'NULL'})"
    for stage, following in zip(STAGES, (*STAGES[1:], None), strict=True)
)

_OF_LEAD = (
    "(CAST(:brand_id AS text) IS NULL OR brand_id = :brand_id) AND (CAST(:campaign_id AS text) IS NULL OR campaign_id = :campaign_id)"
)


def _statement(column: str) -> str:
    return f"""
    WITH entries AS (
        SELECT s.stage, s.entered_at, s.next_at, l.brand_id, coalesce(l.campaign_id, '') AS campaign_id,
               coalesce(c.specialty, '') AS specialty, coalesce(l.region, '') AS region
        FROM leads AS l
        LEFT JOIN contacts AS c ON c.contact_id = l.contact_id
        CROSS JOIN LATERAL (VALUES {_STAGE_ENTRIES}) AS s(stage, entered_at, next_at)
        WHERE s.entered_at >= :since AND s.entered_at < :until
    ), counted AS (
        SELECT {column} AS key, item AS stage,
               CASE measure WHEN 'entered' THEN count ELSE 0 END AS entered,
               CASE measure WHEN 'converted' THEN count ELSE 0 END AS converted
        FROM rollups WHERE measure IN ('entered', 'converted') AND {in_whole_days("day")} AND {_OF_LEAD}
        UNION ALL
        SELECT {column}, stage, 1, CASE WHEN next_at IS NULL THEN 0 ELSE 1 END
        FROM entries WHERE {at_the_edges("entered_at")} AND {_OF_LEAD}
    ), counts AS (
        SELECT key, stage, sum(entered) AS entered, sum(converted) AS converted FROM counted GROUP BY key, stage HAVING sum(entered) > 0
    ), medians AS (
        SELECT {column} AS key, stage,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(0, extract(epoch FROM next_at - entered_at))) AS median_seconds
        FROM entries WHERE next_at IS NOT NULL AND {_OF_LEAD} GROUP BY 1, 2
    )
    SELECT key, stage, entered, converted, median_seconds FROM counts LEFT JOIN medians USING (key, stage) ORDER BY key
    """  # noqa: S608  column names of ours


_STATEMENTS = {dimension: text(_statement(column)) for dimension, column in _COLUMNS.items()}


@dataclass(frozen=True, slots=True)
class StageFigures:
    """One stage of one group. The median is from entering the stage to entering the next; a report dated before counts as none."""

    stage: str
    entered: int
    converted: int
    median_seconds: float | None


async def funnel(
    session: AsyncSession, *, span: Span, dimension: FunnelDimension | None, brand_id: str | None, campaign_id: str | None
) -> dict[str, list[StageFigures]]:
    """The stages, all of them in order, per key of the dimension. The empty key holds what nobody stated the dimension of."""
    given = {**span_parameters(span), "brand_id": brand_id, "campaign_id": campaign_id}
    found: dict[str, dict[str, StageFigures]] = {} if dimension else {ALL: {}}
    for row in await session.execute(_STATEMENTS[dimension], given):
        median_seconds = None if row.median_seconds is None else float(row.median_seconds)
        figures = StageFigures(row.stage, int(row.entered), int(row.converted), median_seconds)
        found.setdefault(row.key, {})[row.stage] = figures
    return {key: [stages.get(stage, StageFigures(stage, 0, 0, None)) for stage in STAGES] for key, stages in found.items()}
