"""What deciding and changing ask of the people who do it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Literal

State = Literal["open", "decided", "closed"]
Refusal = Literal["not_open", "review_in_the_past"]


@dataclass(frozen=True, slots=True)
class Decide:
    """The decision can be taken."""


@dataclass(frozen=True, slots=True)
class RefuseDeciding:
    """It can't, and why."""

    reason: Refusal


def decide_deciding(state: State, review_on: date, *, today: date) -> Decide | RefuseDeciding:
    """Whether a decision in this state may be decided with a review on that day (UTC)."""
    if state != "open":
        return RefuseDeciding("not_open")
    if review_on < today:
        return RefuseDeciding("review_in_the_past")
    return Decide()


def owns(owner: str, *, sub: str, rep_id: str | None, roles: Collection[str]) -> bool:
    """Whether a decision's owner, a role or a person, is this one. Marketing owns what belongs to no manager by name."""
    return "marketing" in roles or owner in (sub, rep_id) or owner in roles


def owners_seen_by(*, sub: str, rep_id: str | None, roles: Collection[str]) -> list[str] | None:
    """Whose decisions somebody who may read decisions sees; None for everybody's."""
    if "marketing" in roles or "auditor" in roles:
        return None
    return ["manager", sub, *([rep_id] if rep_id else [])]


@dataclass(frozen=True, slots=True)
class Known:
    """What the ids a change answers to stand for: report ids by theme, and reports by themselves."""

    themes: dict[str, tuple[str, ...]]
    reports: frozenset[str]


@dataclass(frozen=True, slots=True)
class RestsOn:
    """The reports a change rests on, each once, in the order given; `theme_id` is the theme whose journey it continues."""

    report_ids: tuple[str, ...]
    theme_id: str | None


@dataclass(frozen=True, slots=True)
class UnknownAnswers:
    """Positions of the ids that name nothing."""

    positions: tuple[int, ...]


def resolve_answers(answers: list[str], known: Known, *, decision_theme: str | None, evidence: tuple[str, ...]) -> RestsOn | UnknownAnswers:
    """What a change rests on: the evidence of its decision and of the themes it answers, and the reports it names."""
    unknown = tuple(place for place, one in enumerate(answers) if one not in known.themes and one not in known.reports)
    if unknown:
        return UnknownAnswers(unknown)
    reports = dict.fromkeys(evidence)
    for one in answers:
        reports |= dict.fromkeys(known.themes.get(one, (one,)))
    theme_id = decision_theme or next((one for one in answers if one in known.themes), None)
    return RestsOn(tuple(reports), theme_id)
