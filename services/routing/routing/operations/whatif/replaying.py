"""One pass over history: for each contact of a window, when they would have become an MQL under either version."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.qualification.comparison import Compared, Comparison, Found
from routing.decisions.qualification.cycles import InCycle, Span, cycles_in
from routing.decisions.qualification.replay import Replay, count_before, microseconds
from routing.operations.whatif.versions import Versions
from routing.queries import facts, windows
from routing.queries.field_force import FieldForce
from routing.queries.windows import Person, Window
from shared.database import together

Progress = Callable[[int], Awaitable[None]]
"""Is told how many engagements were replayed, those before the window included; what it raises ends the simulation."""


@dataclass(slots=True)
class Findings:
    """What the replay found. `replayed` are engagements of the window, `before` those that came before it."""

    comparison: Comparison = field(default_factory=Comparison)
    found: list[Found] = field(default_factory=list)
    replayed: int = 0
    before: int = 0
    contacts: int = 0
    unknown_contacts: int = 0


async def replay(session: AsyncSession, window: Window, versions: Versions, field_force: FieldForce, progress: Progress) -> Findings:
    """Replays the window contact by contact, beginning with what each did before it."""
    stages, looks_back = await together(session, facts.all_content_stages(), windows.is_preceded(window))
    findings, shapes = Findings(), windows.shapes_of(window, stages)
    candidate = Replay(versions.candidate.policy, shapes)
    active = None if versions.active is None else Replay(versions.active.policy, shapes)
    span = Span(microseconds(window.read_from), microseconds(window.begins_at))
    async for contacts in windows.contacts_in_turn(session, window, shapes, looks_back=looks_back):
        persons = await windows.persons(session, window, contacts)
        [leads] = await together(session, windows.past_leads(window, contacts))
        for contact_id, engagements in contacts.items():
            before = count_before(engagements, span.begins_at)
            findings.before += before
            findings.replayed += len(engagements) - before
            person = persons.get(contact_id)
            if person is None:
                findings.unknown_contacts += 1
            elif versions.concern(person.contact):
                findings.contacts += 1
                for cycle in cycles_in(span, active, candidate, person.subject, engagements, leads.get(contact_id, ())):
                    _note(findings, person, cycle, span, window=window, field_force=field_force)
        await progress(findings.replayed + findings.before)
    return findings


def _note(findings: Findings, person: Person, cycle: InCycle, span: Span, *, window: Window, field_force: FieldForce) -> None:
    contact = person.contact
    territory_id = field_force.place_of(contact, person.account, brand_id=window.brand_id, day=window.day).territory_id
    compared = Compared(contact.segments, territory_id, person.kind, cycle.active, cycle.candidate, span.begins_at)
    findings.comparison.add(compared)
    findings.found.append(Found(contact.contact_id, compared.difference, cycle.active, cycle.candidate, cycle.previous))
