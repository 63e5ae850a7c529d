"""When objections that say the same become a theme and ask for a decision, and when they join the one that is already open."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from reporting.decisions.dossiers import Dossier

OBJECTION_RISING = "objection_rising"


@dataclass(frozen=True, slots=True)
class Rule:
    """A signal's thresholds, and what it asks of whom. The window ends now; the one before it is as long."""

    signal: str
    objections_min: int
    reps_min: int
    growth_min: float
    window: timedelta
    recommended: str
    owner: str
    due_in: timedelta


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Brand x topic x the contacts' specialty."""

    brand_id: str
    topic: str
    specialty: str


@dataclass(frozen=True, slots=True)
class Heard:
    """One objection in a scope."""

    report_id: str
    rep_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """How often it was heard in the window, by how many reps, how often in the window before, and when first in this window."""

    count: int
    reps: int
    previous: int
    first_seen: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The decision of a scope that is not closed yet."""

    decision_id: UUID
    evidence: frozenset[str]
    is_decided: bool


@dataclass(frozen=True, slots=True)
class OpenDecision:
    """The rule is met: a theme emerges and a decision opens on these reports."""

    report_ids: tuple[str, ...]
    figures: Figures
    due_at: datetime


@dataclass(frozen=True, slots=True)
class JoinEvidence:
    """An open decision waits: these reports join it."""

    decision_id: UUID
    report_ids: tuple[str, ...]
    figures: Figures


@dataclass(frozen=True, slots=True)
class LeaveAlone:
    """Nothing to do, and why."""

    reason: Literal["too_few_objections", "too_few_reps", "not_rising", "no_new_report", "awaiting_review"]


SignalDecision = OpenDecision | JoinEvidence | LeaveAlone


def decide_signal(rule: Rule, heard: Collection[Heard], standing: Standing | None, *, now: datetime) -> SignalDecision:
    """What the objections heard in one scope call for at `now`.

    `standing` is the scope's decision unless it is closed; `heard` must cover both windows, and may hold more.
    """
    matching = sorted(
        (one for one in heard if now - rule.window < one.occurred_at <= now), key=lambda one: (one.occurred_at, one.report_id)
    )
    figures = _figures(rule, heard, matching, now=now)
    if standing is not None and standing.is_decided:
        return LeaveAlone("awaiting_review")
    if standing is not None:
        joining = tuple(one.report_id for one in matching if one.report_id not in standing.evidence)
        return JoinEvidence(standing.decision_id, joining, figures) if joining else LeaveAlone("no_new_report")
    if figures.count < rule.objections_min:
        return LeaveAlone("too_few_objections")
    if figures.reps < rule.reps_min:
        return LeaveAlone("too_few_reps")
    if figures.count < rule.growth_min * figures.previous:
        return LeaveAlone("not_rising")
    return OpenDecision(tuple(one.report_id for one in matching), figures, due_at=now + rule.due_in)


def gained(before: Mapping[str, Dossier], after: Mapping[str, Dossier]) -> dict[Scope, set[str]]:
    """The scopes that objections newly belong to, with the contacts they were heard from: new reports, or a specialty learnt late."""
    scopes: dict[Scope, set[str]] = {}
    for contact_id, dossier in after.items():
        known = before.get(contact_id)
        known_scopes = _scopes(known) if known is not None else {}
        for report_id, scope in _scopes(dossier).items():
            if known_scopes.get(report_id) != scope:
                scopes.setdefault(scope, set()).add(contact_id)
    return scopes


def _scopes(dossier: Dossier) -> dict[str, Scope]:
    specialty = dossier.contact.specialty
    if specialty is None:
        return {}
    return {report_id: Scope(one.brand_id, one.topic, specialty) for report_id, one in dossier.objections.items()}


def _figures(rule: Rule, heard: Collection[Heard], matching: list[Heard], *, now: datetime) -> Figures:
    window_start = now - rule.window
    return Figures(
        count=len(matching),
        reps=len({one.rep_id for one in matching}),
        previous=sum(window_start - rule.window < one.occurred_at <= window_start for one in heard),
        first_seen=matching[0].occurred_at if matching else None,
    )
