"""Situations for assignment: Chicago with some reps on a Wednesday morning, a lead that is due in an hour."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from routing.decisions.assignment.deciding import Assignment, AssignTo, Queue, decide_assignment
from routing.decisions.assignment.reps import Absence, Rep, Window
from routing.decisions.assignment.rotation import Rotation
from routing.decisions.assignment.steps import AssignableLead, Rota, Situation
from routing.decisions.clocks.business_time import read_calendar
from routing.decisions.facts import Account, Consent, Contact, Licence, Target
from routing.decisions.policies.document import AssignmentStep

ALL_STEPS: tuple[AssignmentStep, ...] = ("named_account", "account_owner", "sticky", "territory", "pool")
BRAND = "cardivex"
NOW = datetime(2026, 3, 4, 16, tzinfo=UTC)
"""Ten in the morning in Chicago, a Wednesday."""
OFFICE = read_calendar({day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}, timezone="America/Chicago")
WINDOW = Window(NOW, NOW + timedelta(hours=1), OFFICE)


def rep(rep_id: str, **changes: Any) -> Rep:
    facts: dict[str, Any] = {
        "role": "rep",
        "active": True,
        "brand_ids": frozenset({BRAND}),
        "territory_ids": frozenset({"chicago"}),
        "max_open_leads": 10,
        "weight": 1,
        "open_leads": 0,
        "name": rep_id.title(),
    }
    return Rep(rep_id, **facts | changes)


def away(*, days: float = 2, delegate: str | None = None, since: datetime = NOW - timedelta(days=1)) -> tuple[Absence, ...]:
    """From yesterday, for so many days from now."""
    return (Absence(since, NOW + timedelta(days=days), delegate),)


def situation(
    *reps: Rep,
    account: Account | None = None,
    target: Target | None = None,
    territory_id: str | None = "chicago",
    pools: Mapping[str, tuple[str, ...]] | None = None,
    consents: tuple[Consent, ...] = (),
    licences: tuple[Licence, ...] = (),
    rotation: Rotation = Rotation(turn=7),  # noqa: B008 - immutable
    window: Window = WINDOW,
    **lead: Any,
) -> Situation:
    in_territory = tuple(sorted(each.rep_id for each in reps if territory_id in each.territory_ids))
    return Situation(
        lead=AssignableLead(BRAND, **lead),
        contact=Contact("c-1", consents=consents, licences=licences),
        window=window,
        reps={each.rep_id: each for each in reps},
        account=account,
        target=target,
        territory=Rota("territory", territory_id, in_territory, rotation, name=territory_id.title()) if territory_id else None,
        pools=tuple(Rota("pool", pool_id, rep_ids) for pool_id, rep_ids in (pools or {}).items()),
    )


def decide(*reps: Rep, steps: tuple[AssignmentStep, ...] = ALL_STEPS, **facts: Any) -> Assignment:
    return decide_assignment(steps, situation=situation(*reps, **facts))


def assigned(decision: Assignment) -> AssignTo:
    assert isinstance(decision, AssignTo)
    return decision


def why_not(decision: Assignment) -> dict[str, str | None]:
    assert isinstance(decision, AssignTo | Queue)
    return {candidate.rep_id: candidate.why_not for candidate in decision.candidates}
