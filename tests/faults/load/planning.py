"""What sales operations has decided and planned: the policy, whom to call, whom another territory has, who helps out, who is away."""

import random
from datetime import timedelta
from typing import Any

from deploy.demo.field_force import planned_caller_of
from tests.faults.load.population import Person, Population

_TARGET_ONE_IN = 10
_CYCLE = timedelta(days=90)
# Both territories have the same manager.
_LENDS, _BORROWS = "boston", "detroit"
_HELPERS = ("rep-chicago-1", "rep-san-francisco-1")
# Of the reps whom the call plan names one has somebody who calls instead, one nobody.
_AWAY = {"rep-denver-2": "rep-denver-1", "rep-phoenix-2": None}
# Short enough to be warned of, breached and escalated within a run.
_FOLLOW_UP_SECONDS, _REPORT_SECONDS = 12, 5


def policy(people: Population) -> dict[str, Any]:
    """The launch's policy, with every clock there is, and steps for who was called before and for who belongs to no territory."""
    launched = people.launch.policy()
    clocks = {**launched["clocks"], "follow_up_seconds": _FOLLOW_UP_SECONDS, "report_seconds": _REPORT_SECONDS}
    return {**launched, "clocks": clocks, "assignment": ["account_owner", "sticky", "territory", "pool"]}


def planned_rows(people: Population) -> dict[str, list[dict[str, Any]]]:
    """What routing is told beside the field force, by collection. It follows from the population's seed."""
    return {
        "targets": _targets(people),
        "alignments": [_alignment(people)],
        "pools": [{"id": "helpers", "brand_id": people.launch.brand_id, "rep_ids": list(_HELPERS)}],
        "absences": _absences(people),
    }


def _targets(people: Population) -> list[dict[str, Any]]:
    """One in ten people is to be called: by turns by a rep who is named, and by whoever their territory gives."""
    planned = random.Random(people.seed).sample(people.people, len(people.people) // _TARGET_ONE_IN)
    return [_target(people, person, is_named=place % 2 == 0) for place, person in enumerate(planned)]


def _target(people: Population, person: Person, *, is_named: bool) -> dict[str, Any]:
    target = {
        "id": f"plan-{person.id}",
        "contact_id": person.id,
        "brand_id": people.launch.brand_id,
        "indication": "heart failure",
        "segment": "launch-wave-1",
        "decile": 9,
        "planned_calls": 6,
        "cycle": "launch",
        "cycle_from": people.launch.today.isoformat(),
        "cycle_until": (people.launch.today + _CYCLE).isoformat(),
    }
    return {**target, "rep_id": planned_caller_of(person.territory_id)} if is_named else target


def _alignment(people: Population) -> dict[str, Any]:
    """Every other person of one territory is another's, whatever their postal code says."""
    return {
        "id": f"{_BORROWS}-from-{_LENDS}",
        "territory_id": _BORROWS,
        "brand_id": people.launch.brand_id,
        "priority": 1,
        "include": {"contact_ids": [person.id for person in people.people if person.territory_id == _LENDS][::2]},
    }


def _absences(people: Population) -> list[dict[str, Any]]:
    since, until = people.launch.today - timedelta(days=1), people.launch.today + _CYCLE
    days = {"from": since.isoformat(), "until": until.isoformat()}
    return [
        {"id": f"{rep_id}-is-away", "rep_id": rep_id, **days, **({"delegate_rep_id": delegate} if delegate else {})}
        for rep_id, delegate in _AWAY.items()
    ]
