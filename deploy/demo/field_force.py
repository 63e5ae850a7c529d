"""The field force of the reference world: six regions with a territory each, their reps, managers and accounts.

It is the same in every run, as a company's is from one launch to the next; only the brand the reps work for is new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

Hours = Mapping[str, Sequence[tuple[str, str]]]

# More than a rep could ever have: a world that is played in again and again keeps its old leads open.
_OPEN_LEADS_MAX = 500

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
_NINE_TO_FIVE: Hours = {day: [("09:00", "17:00")] for day in _WEEKDAYS}
_WITH_A_LUNCH_BREAK: Hours = {day: [("08:00", "12:00"), ("13:00", "17:00")] for day in _WEEKDAYS}
_ON_SATURDAYS_TOO: Hours = {**{day: [("09:00", "18:00")] for day in _WEEKDAYS}, "sat": [("10:00", "13:00")]}


@dataclass(frozen=True, slots=True)
class Territory:
    """A territory as routing takes it; `hours` are local."""

    id: str
    name: str
    region: str
    timezone: str
    country: str
    postal_codes: tuple[str, ...]
    hours: Hours

    def is_open_at(self, moment: datetime) -> bool:
        """Whether the moment lies within the territory's hours, opening and closing time included."""
        local = moment.astimezone(ZoneInfo(self.timezone))
        spans = self.hours.get(f"{local:%a}".lower(), ())
        return any(time.fromisoformat(opens) <= local.time() <= time.fromisoformat(closes) for opens, closes in spans)

    def covers(self, postal_code: str) -> bool:
        """Whether one of its postal codes or beginnings fits."""
        return any(postal_code == code or (code.endswith("*") and postal_code.startswith(code[:-1])) for code in self.postal_codes)


@dataclass(frozen=True, slots=True)
class Rep:
    """A rep or a manager as routing takes them."""

    id: str
    name: str
    role: Literal["rep", "manager"]
    manager_id: str | None
    territory_ids: tuple[str, ...]
    brand_ids: tuple[str, ...]
    max_open_leads: int = _OPEN_LEADS_MAX
    weight: float = 1.0
    active: bool = True


@dataclass(frozen=True, slots=True)
class Account:
    """An account as routing takes it; without an owner its contacts' leads go by turns."""

    id: str
    name: str
    institution_type: str
    postal_code: str
    owner_rep_id: str | None
    priority: str


TERRITORIES = (
    Territory("boston", "Boston", "new-england", "America/New_York", "US", ("021*", "022*"), _NINE_TO_FIVE),
    Territory("detroit", "Detroit", "great-lakes", "America/Detroit", "US", ("482*",), _WITH_A_LUNCH_BREAK),
    Territory("chicago", "Chicago", "midwest", "America/Chicago", "US", ("606*", "60201"), _NINE_TO_FIVE),
    Territory("denver", "Denver", "mountain", "America/Denver", "US", ("802*",), _ON_SATURDAYS_TOO),
    Territory("phoenix", "Phoenix", "southwest", "America/Phoenix", "US", ("850*",), _WITH_A_LUNCH_BREAK),
    Territory("san-francisco", "San Francisco", "pacific", "America/Los_Angeles", "US", ("941*",), _NINE_TO_FIVE),
)

_MANAGERS = {
    "manager-east": ("Grace Holloway", ("boston", "detroit")),
    "manager-central": ("Ivan Petrov", ("chicago", "denver")),
    "manager-west": ("Naomi Clarke", ("phoenix", "san-francisco")),
}
_REP_NAMES = {
    "boston": ("Alice Moreau", "Ben Carter"),
    "detroit": ("Chloe Dubois", "Daniel Reyes"),
    "chicago": ("Elena Rossi", "Farid Rahimi"),
    "denver": ("Gina Lopez", "Henry Wolfe"),
    "phoenix": ("Iris Kovac", "Jonas Meyer"),
    "san-francisco": ("Karen Ito", "Liam Byrne"),
}


def managers_and_reps(brand_id: str) -> tuple[Rep, ...]:
    """Three managers, then the two reps of each territory, all working for the brand."""
    managers = [
        Rep(manager_id, name, "manager", None, territory_ids, (brand_id,)) for manager_id, (name, territory_ids) in _MANAGERS.items()
    ]
    reps = [
        Rep(f"rep-{territory_id}-{place}", name, "rep", _manager_of(territory_id), (territory_id,), (brand_id,))
        for territory_id, names in _REP_NAMES.items()
        for place, name in enumerate(names, start=1)
    ]
    return (*managers, *reps)


def accounts() -> tuple[Account, ...]:
    """Two per territory: a hospital that its first rep owns, and a clinic that nobody does."""
    return tuple(account for territory in TERRITORIES for account in (_hospital(territory), _clinic(territory)))


def hospital_of(territory_id: str) -> str:
    """The id of the territory's owned account."""
    return f"{territory_id}-heart-institute"


def clinic_of(territory_id: str) -> str:
    """The id of the territory's account without an owner."""
    return f"{territory_id}-medical-group"


def planned_caller_of(territory_id: str) -> str:
    """The id of the rep whom call plans name in the territory."""
    return f"rep-{territory_id}-2"


def _hospital(territory: Territory) -> Account:
    name, postal_code = f"{territory.name} Heart Institute", _postal_code_in(territory)
    return Account(hospital_of(territory.id), name, "hospital", postal_code, f"rep-{territory.id}-1", "A")


def _clinic(territory: Territory) -> Account:
    return Account(clinic_of(territory.id), f"{territory.name} Medical Group", "clinic", _postal_code_in(territory), None, "B")


def _postal_code_in(territory: Territory) -> str:
    return territory.postal_codes[0].removesuffix("*").ljust(5, "1")


def _manager_of(territory_id: str) -> str:
    return next(manager_id for manager_id, (_, territory_ids) in _MANAGERS.items() if territory_id in territory_ids)
