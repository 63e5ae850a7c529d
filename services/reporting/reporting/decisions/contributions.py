"""What one dossier adds to the rollups. Folding an event is `contributions(after) - contributions(before)`, nothing else."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Literal

from reporting.decisions.dossiers import STAGES, Dossier, Lead, Stated

NOT_KNOWN = ""
"""Stands in a cell for a dimension nobody has stated (ids and labels are never empty)."""

_NEXT_STAGE = dict(pairwise(STAGES))


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One counted combination. `item` is the stage that was entered or converted from, or the topic objected to; `day` is in UTC."""

    day: date
    measure: Literal["entered", "converted", "objected"]
    item: str
    brand_id: str
    campaign_id: str
    specialty: str
    region: str


def contributions(dossier: Dossier) -> Counter[Cell]:
    """How often each cell counts this dossier. A stage is converted when the next one was entered too, implied or not."""
    specialty = dossier.contact.specialty or NOT_KNOWN
    cells: Counter[Cell] = Counter()
    for lead in dossier.leads.values():
        campaign_id, region = _value(lead.campaign), _value(lead.region)
        for stage, entered_at in lead.entered.items():
            day = _day(entered_at)
            cells[Cell(day, "entered", stage, lead.brand_id, campaign_id, specialty, region)] += 1
            if _NEXT_STAGE.get(stage) in lead.entered:
                cells[Cell(day, "converted", stage, lead.brand_id, campaign_id, specialty, region)] += 1
    for objection in dossier.objections.values():
        lead_of = dossier.leads.get(objection.lead_id) if objection.lead_id else None
        campaign_id, region = _where(lead_of)
        cells[Cell(_day(objection.occurred_at), "objected", objection.topic, objection.brand_id, campaign_id, specialty, region)] += 1
    return cells


def shifts(before: Iterable[Dossier], after: Iterable[Dossier]) -> dict[Cell, int]:
    """By how much each cell moves when the dossiers change, without the cells that stay."""
    moved: Counter[Cell] = Counter()
    for dossier in after:
        moved.update(contributions(dossier))
    for dossier in before:
        moved.subtract(contributions(dossier))
    return {cell: count for cell, count in moved.items() if count}


def _where(lead: Lead | None) -> tuple[str, str]:
    return (NOT_KNOWN, NOT_KNOWN) if lead is None else (_value(lead.campaign), _value(lead.region))


def _value(stated: Stated | None) -> str:
    return NOT_KNOWN if stated is None else stated.value


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
