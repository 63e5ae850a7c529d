"""The report computed anew, from events alone: what the funnel, the objections and every count of a day must be.

Written from the contract: a stage is entered once, at its earliest time; an attribute is what was said of it last; a stage is converted
when the next was entered too; a contact's specialty is that of their newest snapshot; an objection lies where its lead lies. Events are
taken as a set, so neither their order nor how often they came can matter.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise

from deploy.auditor.evidence.events import Event, moment
from deploy.auditor.evidence.reporting import STAGES

FOLDED = frozenset({"contact.snapshot", "lead.qualified", "lead.assigned", "lead.stage_changed", "objection.recorded"})
"""The types of events that are counted in the report."""

_NEXT = dict(pairwise(STAGES))
_NOBODY_SAID = ""

Cell = tuple[date, str, str, str, str, str, str]
"""Day (UTC), measure, stage or topic, brand, campaign, specialty, region."""


@dataclass(slots=True)
class FoldedLead:
    """What all events together say of one lead."""

    contact_id: str = ""
    brand_id: str = ""
    entered: dict[str, datetime] = field(default_factory=dict)
    campaign: tuple[datetime, str] | None = None
    region: tuple[datetime, str] | None = None


@dataclass(frozen=True, slots=True)
class FoldedObjection:
    """One objection, as its event says it."""

    report_id: str
    contact_id: str
    lead_id: str | None
    brand_id: str
    rep_id: str
    topic: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Folded:
    """The report."""

    leads: Mapping[str, FoldedLead]
    objections: Mapping[str, FoldedObjection]
    specialties: Mapping[str, str]
    cells: Mapping[Cell, int]


def fold(events: Iterable[Event], *, erased: Mapping[str, str]) -> Folded:
    """The report that these events make. `erased` are the specialties of people of whom no snapshot may be left."""
    leads: dict[str, FoldedLead] = defaultdict(FoldedLead)
    objections: dict[str, FoldedObjection] = {}
    newest: dict[str, tuple[int, str]] = {}
    for event in events:
        match event.type:
            case "contact.snapshot":
                said = int(event.fact["version"]), event.fact.get("specialty") or _NOBODY_SAID
                newest[event.fact["contact_id"]] = max(newest.get(event.fact["contact_id"], said), said)
            case "lead.qualified" | "lead.assigned" | "lead.stage_changed":
                _say_of_lead(leads[event.fact["lead_id"]], event)
            case "objection.recorded":
                objections[event.fact["report_id"]] = _objection(event)
            case _:
                continue
    specialties = {**{contact_id: specialty for contact_id, (_, specialty) in newest.items()}, **erased}
    return Folded(leads, objections, specialties, _cells(leads, objections, specialties))


def _say_of_lead(lead: FoldedLead, event: Event) -> None:
    fact = event.fact
    lead.contact_id, lead.brand_id = fact["contact_id"], fact["brand_id"]
    match event.type:
        case "lead.qualified":
            at, stage = moment(fact["qualified_at"]), "mql"
        case "lead.assigned":
            at, stage = moment(fact["assigned_at"]), "assigned"
        case _:
            at, stage = moment(fact["changed_at"]), fact["to_stage"]
    # Qualification and assignment have events of their own: the change of stage that goes with them is no second entry.
    if stage in STAGES and not (event.type == "lead.stage_changed" and stage in ("mql", "assigned")):
        lead.entered[stage] = min(lead.entered.get(stage, at), at)
    lead.campaign = _later(lead.campaign, at, fact.get("campaign_id"))
    lead.region = _later(lead.region, at, fact.get("region"))


def _later(known: tuple[datetime, str] | None, at: datetime, said: str | None) -> tuple[datetime, str] | None:
    if said is None:
        return known
    return (at, said) if known is None else max(known, (at, said))


def _objection(event: Event) -> FoldedObjection:
    fact = event.fact
    return FoldedObjection(
        report_id=fact["report_id"],
        contact_id=fact["contact_id"],
        lead_id=fact.get("lead_id"),
        brand_id=fact["brand_id"],
        rep_id=fact["rep_id"],
        topic=fact["topic"],
        occurred_at=moment(fact["occurred_at"]),
        recorded_at=event.recorded_at,
    )


def _cells(
    leads: Mapping[str, FoldedLead], objections: Mapping[str, FoldedObjection], specialties: Mapping[str, str]
) -> Mapping[Cell, int]:
    cells: Counter[Cell] = Counter()
    for lead in leads.values():
        where = _where(lead, specialties.get(lead.contact_id, _NOBODY_SAID))
        for stage, at in lead.entered.items():
            cells[_day(at), "entered", stage, lead.brand_id, *where] += 1
            if _NEXT.get(stage) in lead.entered:
                cells[_day(at), "converted", stage, lead.brand_id, *where] += 1
    for objection in objections.values():
        known = leads.get(objection.lead_id or "")
        where = _where(known, specialties.get(objection.contact_id, _NOBODY_SAID))
        cells[_day(objection.occurred_at), "objected", objection.topic, objection.brand_id, *where] += 1
    return cells


def _where(lead: FoldedLead | None, specialty: str) -> tuple[str, str, str]:
    campaign = lead.campaign[1] if lead and lead.campaign else _NOBODY_SAID
    return campaign, specialty, lead.region[1] if lead and lead.region else _NOBODY_SAID


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
