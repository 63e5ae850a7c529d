"""What must come out, computed from the reference world alone: every count that the play checks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from deploy.demo.cast import THEME_SPECIALTY, THEME_TOPIC, Part
from deploy.demo.world import Person, ReferenceWorld

STAGES = ("mql", "assigned", "accepted", "contacted", "sql", "meeting_booked", "meeting_held", "opportunity")
"""The funnel, in order."""

_STAGE_OF_OUTCOME: Mapping[str, str] = {
    "contacted": "contacted",
    "qualified": "sql",
    "meeting_booked": "meeting_booked",
    "meeting_held": "meeting_held",
}
"""Outcomes that move a lead forward in the funnel; no_answer, left_message and no_need do not."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many leads entered each stage, and how many of them the next."""

    entered: Mapping[str, int]
    converted: Mapping[str, int]


def people_with(world: ReferenceWorld, *fates: str) -> list[Person]:
    """The people of these fates, in the world's order."""
    return [person for person in world.people if person.part.fate in fates]


def qualified(world: ReferenceWorld) -> set[str]:
    """The contact ids of all MQLs, whoever may call them."""
    return {person.id for person in people_with(world, "owner", "plan", "turn", "list", "queue", "do_not_contact")}


def qualified_in(world: ReferenceWorld, *territory_ids: str) -> set[str]:
    """The contact ids of the MQLs in these territories."""
    mqls = qualified(world)
    return {person.id for person in world.people if person.id in mqls and person.part.place in territory_ids}


def assigned(world: ReferenceWorld) -> set[str]:
    """The contact ids of the leads that a rep gets."""
    return {person.id for person in world.people if person.part.is_assigned}


def by_owner(world: ReferenceWorld) -> dict[str, str]:
    """Contact id to rep id of the leads that go to their account's owner."""
    owners = {account.id: account.owner_rep_id for account in world.accounts}
    found = {person.id: owners[person.account_id] for person in people_with(world, "owner") if person.account_id}
    return {contact_id: rep_id for contact_id, rep_id in found.items() if rep_id}


def by_plan(world: ReferenceWorld) -> dict[str, str]:
    """Contact id to rep id of the leads that go to whom the call plan names."""
    return {target["contact_id"]: target["rep_id"] for target in world.call_plan()}


def by_turn(world: ReferenceWorld) -> dict[str, str]:
    """Contact id to territory id of the leads that reps take turns on."""
    return {person.id: person.part.place for person in people_with(world, "turn", "list")}


def stages_entered(part: Part) -> tuple[str, ...]:
    """The stages a contact's lead enters, those that are skipped included."""
    if not part.is_assigned:
        return STAGES[:1] if part.fate in ("queue", "do_not_contact") else ()
    reached = [STAGES.index(_STAGE_OF_OUTCOME[code]) for code in part.outcomes if code in _STAGE_OF_OUTCOME]
    return STAGES[: max([STAGES.index("assigned"), *reached]) + 1]


def funnel(people: Sequence[Person]) -> Funnel:
    """The funnel of these people's leads."""
    entered = Counter(stage for person in people for stage in stages_entered(person.part))
    following = dict(pairwise(STAGES))
    return Funnel(
        entered={stage: entered[stage] for stage in STAGES},
        converted={stage: entered[following[stage]] if stage in following else 0 for stage in STAGES},
    )


def people_by_region(world: ReferenceWorld) -> dict[str | None, list[Person]]:
    """The people in each territory's region; under None those whom no territory covers."""
    regions = {territory.id: territory.region for territory in world.territories}
    grouped: dict[str | None, list[Person]] = {}
    for person in world.people:
        grouped.setdefault(regions.get(person.part.place), []).append(person)
    return grouped


def counted_objections(world: ReferenceWorld) -> Counter[tuple[str, str]]:
    """Objections by topic and specialty, without what left the commercial path."""
    heard = [(person.part.objection, person.part.specialty) for person in world.people if person.part.objection]
    return Counter((objection.topic, specialty) for objection, specialty in heard if objection.counts)


def evidence(world: ReferenceWorld) -> list[Person]:
    """The people whose objections are what the theme rests on."""
    return [
        person
        for person in world.people
        if person.part.specialty == THEME_SPECIALTY
        and person.part.objection
        and person.part.objection.topic == THEME_TOPIC
        and person.part.objection.counts
    ]
