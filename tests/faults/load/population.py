"""Whom the load is about: the demo's field force and launch, with as many contacts as a run needs, spread over its territories."""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from deploy.demo.field_force import TERRITORIES, Account, Hours, Rep, Territory, accounts, clinic_of, hospital_of, managers_and_reps
from deploy.demo.launch import Launch
from deploy.demo.world import npi

MAUTIC, HUBSPOT = "mautic", "hubspot"

_SPECIALTIES = (("cardiology", 6), ("internal_medicine", 3), ("dermatology", 1))
_UNCOVERED_POSTAL_CODE = "99501"
# Clocks run whenever a run happens to be.
_AROUND_THE_CLOCK: Hours = {day: [("00:00", "24:00")] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
# Where people work decides who may get them: the account's owner, whoever's turn it is, or nobody.
_PLACES = (("clinic", 6), ("hospital", 2), ("practice", 1), ("uncovered", 1))


@dataclass(frozen=True, slots=True)
class Person:
    """A contact that directory and platforms know. `number` is their id on either platform."""

    id: str
    number: int
    email: str
    specialty: str
    territory_id: str
    account_id: str | None
    postal_code: str

    @property
    def is_fit(self) -> bool:
        """Whether the launch's policy looks for them, so that what they do can make them a lead."""
        return self.specialty == "cardiology" or (self.specialty == "internal_medicine" and self.account_id is not None)

    def row(self, *, denied_at: str | None = None) -> dict[str, Any]:
        """As a directory states them; `denied_at` is when they asked not to be contacted at all."""
        denial = {"channel": "any", "purpose": "marketing", "state": "denied", "at": denied_at}
        return {
            "id": self.id,
            "external_ids": {"npi": npi(self.number), MAUTIC: str(self.number), HUBSPOT: str(self.number)},
            "emails": [self.email],
            "given_name": "Ada",
            "family_name": f"Byrne-{self.number}",
            "kind": "prescriber",
            "specialty": self.specialty,
            "affiliations": [{"account_id": self.account_id, "primary": True}] if self.account_id else [],
            "postal_code": self.postal_code,
            "country": "US",
            "consents": [denial] if denied_at else [],
        }


@dataclass(frozen=True)
class Population:
    """A brand's launch, its field force, and its contacts. Reps are full at `open_leads_max`."""

    people: tuple[Person, ...]
    launch: Launch
    open_leads_max: int
    seed: int

    @cached_property
    def field_force(self) -> tuple[Rep, ...]:
        """Managers and reps."""
        return tuple(replace(rep, max_open_leads=self.open_leads_max) for rep in managers_and_reps(self.launch.brand_id))

    @property
    def reps(self) -> tuple[Rep, ...]:
        return tuple(rep for rep in self.field_force if rep.role == "rep")

    @property
    def managers(self) -> tuple[Rep, ...]:
        return tuple(rep for rep in self.field_force if rep.role == "manager")

    def reference_rows(self) -> dict[str, list[dict[str, Any]]]:
        """What routing is told of the field force, by collection."""
        collections: dict[str, Sequence[Territory | Rep | Account]] = {
            "territories": [replace(territory, hours=_AROUND_THE_CLOCK) for territory in TERRITORIES],
            "reps": self.field_force,
            "accounts": accounts(),
        }
        return {
            name: [{field: value for field, value in asdict(thing).items() if value is not None} for thing in things]
            for name, things in collections.items()
        }


def population(count: int, *, seed: int, today: date, open_leads_max: int) -> Population:
    """So many people, the same ones for the same seed."""
    launch = Launch("faults", MAUTIC, today)
    return Population(people("hcp", count, seed=seed), launch, open_leads_max, seed)


def people(prefix: str, count: int, *, seed: int, first: int = 1) -> tuple[Person, ...]:
    """People with ids `<prefix>-<number>`, numbered from `first`. Their traits depend on the seed and their place alone."""
    traits = random.Random(seed)
    return tuple(_person(prefix, first + place, traits) for place in range(count))


def _person(prefix: str, number: int, traits: random.Random) -> Person:
    [specialty] = traits.choices([name for name, _ in _SPECIALTIES], [weight for _, weight in _SPECIALTIES])
    [place] = traits.choices([name for name, _ in _PLACES], [weight for _, weight in _PLACES])
    territory = traits.choice(TERRITORIES)
    at_home = {"clinic": clinic_of(territory.id), "hospital": hospital_of(territory.id)}
    return Person(
        id=f"{prefix}-{number:05d}",
        number=number,
        email=f"{prefix}.{number:05d}@clinic.example",
        specialty=specialty,
        territory_id=territory.id,
        account_id=at_home.get(place),
        postal_code=_UNCOVERED_POSTAL_CODE if place == "uncovered" else territory.postal_codes[0].removesuffix("*").ljust(5, "1"),
    )
