"""The reference world of one run: the field force, the launch, and the people it meets, with ids that no other run has."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from deploy.demo.cast import CAST, Part
from deploy.demo.field_force import (
    TERRITORIES,
    Account,
    Rep,
    Territory,
    accounts,
    clinic_of,
    hospital_of,
    managers_and_reps,
    planned_caller_of,
)
from deploy.demo.launch import CAMPAIGN_LASTS, Launch

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_RUNS = 1_000_000  # a second of the clock each, so that two runs differ; as many as an NPI has room for beside the contact's place
_PEOPLE_PER_RUN = 100
_DENIED_LONG_AGO = timedelta(days=30)
# What the check digit of an NPI is computed with: the prefix of health applications in the United States.
_NPI_PREFIX = "80840"


@dataclass(frozen=True, slots=True)
class Person:
    """A contact as the directory and the platforms know it; `platform_id` is the marketing platform's own id of the person."""

    part: Part
    id: str
    npi: str
    email: str
    platform_id: int
    directory_knows_platform_id: bool

    @property
    def account_id(self) -> str | None:
        """The primary account: the owned one for who shall go to its owner, none where there is no territory."""
        match self.part.fate:
            case "owner":
                return hospital_of(self.part.place)
            case "queue":
                return None
            case _:
                return clinic_of(self.part.place)

    @property
    def label(self) -> str:
        return f"{self.part.given_name} {self.part.family_name}"


@dataclass(frozen=True)
class ReferenceWorld:
    """Everything the play is about. `number` is the run's, below a million."""

    number: int
    started_at: datetime

    @cached_property
    def suffix(self) -> str:
        """The run's number, short enough to be read in an id."""
        digits, rest = "", self.number
        while rest:
            rest, digit = divmod(rest, len(_DIGITS))
            digits = _DIGITS[digit] + digits
        return digits.rjust(4, "0")

    @property
    def mautic(self) -> str:
        """The source's name in intake."""
        return f"mautic-{self.suffix}"

    @property
    def hubspot(self) -> str:
        """The source's name in intake."""
        return f"hubspot-{self.suffix}"

    @cached_property
    def launch(self) -> Launch:
        return Launch(self.suffix, self.mautic, self.started_at.date())

    @property
    def territories(self) -> tuple[Territory, ...]:
        return TERRITORIES

    @cached_property
    def field_force(self) -> tuple[Rep, ...]:
        """Managers and reps."""
        return managers_and_reps(self.launch.brand_id)

    @cached_property
    def reps(self) -> tuple[Rep, ...]:
        return tuple(rep for rep in self.field_force if rep.role == "rep")

    @cached_property
    def managers(self) -> tuple[Rep, ...]:
        return tuple(rep for rep in self.field_force if rep.role == "manager")

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        return accounts()

    @cached_property
    def people(self) -> tuple[Person, ...]:
        return tuple(self._person(place, part) for place, part in enumerate(CAST, start=1))

    def call_plan(self) -> list[dict[str, Any]]:
        """The targets of the launch's cycle, as routing takes them."""
        return [
            {
                "id": f"plan-{person.id}",
                "contact_id": person.id,
                "brand_id": self.launch.brand_id,
                "indication": "heart failure",
                "segment": "launch-wave-1",
                "decile": 9,
                "planned_calls": 6,
                "rep_id": planned_caller_of(person.part.place),
                "cycle": "launch",
                "cycle_from": self.launch.today.isoformat(),
                "cycle_until": (self.launch.today + CAMPAIGN_LASTS).isoformat(),
            }
            for person in self.people
            if person.part.fate == "plan"
        ]

    def alignments(self) -> list[dict[str, Any]]:
        """A territory with its postal codes and a list of people, as routing takes it; the other territories are aligned by their codes."""
        return [
            {
                "id": f"{territory.id}-{self.launch.brand_id}",
                "territory_id": territory.id,
                "brand_id": self.launch.brand_id,
                "priority": 1,
                "include": {"postal_codes": list(territory.postal_codes), "contact_ids": listed},
            }
            for territory in self.territories
            if (listed := [person.id for person in self.people if (person.part.fate, person.part.place) == ("list", territory.id)])
        ]

    def contact(self, person: Person, *, denied_now: str | None = None) -> dict[str, Any]:
        """The directory's row of this person; `denied_now` is a channel the person has just denied."""
        platform = {self._source_of(person): str(person.platform_id)} if person.directory_knows_platform_id else {}
        denials = [(channel, self.started_at - _DENIED_LONG_AGO) for channel in person.part.denied_channels]
        denials += [(denied_now, datetime.now(UTC))] if denied_now else []
        return {
            "id": person.id,
            "external_ids": {"npi": person.npi, **platform},
            "emails": [person.email],
            "given_name": person.part.given_name,
            "family_name": person.part.family_name,
            "kind": "prescriber",
            "specialty": person.part.specialty,
            "credentials": "MD",
            "affiliations": [{"account_id": person.account_id, "primary": True}] if person.account_id else [],
            "postal_code": person.part.postal_code,
            "country": "US",
            "segments": ["launch-wave-1"],
            "consents": [{"channel": channel, "purpose": "marketing", "state": "denied", "at": at.isoformat()} for channel, at in denials],
        }

    def _person(self, place: int, part: Part) -> Person:
        number = self.number * _PEOPLE_PER_RUN + place
        return Person(
            part=part,
            id=f"hcp-{self.suffix}-{place:02d}",
            npi=npi(number),
            email=f"{part.given_name}.{part.family_name}.{self.suffix}@example.org".lower(),
            platform_id=number,
            # HubSpot's events carry no address; of Mautic's people the directory knows two in three by id, the others by e-mail alone.
            directory_knows_platform_id=part.platform == "hubspot" or place % 3 != 0,
        )

    def _source_of(self, person: Person) -> str:
        return self.hubspot if person.part.platform == "hubspot" else self.mautic


def reference_world(started_at: datetime) -> ReferenceWorld:
    """The world of a run that starts then."""
    return ReferenceWorld(int(started_at.timestamp()) % _RUNS, started_at)


def npi(number: int) -> str:
    """A National Provider Identifier made of a number below a hundred million, with its check digit (Luhn, prefixed 80840)."""
    digits = f"1{number:08d}"
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(_NPI_PREFIX + digits)))
    total = sum(value - 9 if value > 9 else value for value in doubled)
    return f"{digits}{-total % 10}"
