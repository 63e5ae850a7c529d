"""Simulates: replays a window of history under two versions, hands out the leads of either on paper, and says what differs.

It reads one snapshot by a connection of its own, contact by contact in sets, and writes nothing but its own record.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.facts import Contact
from routing.decisions.qualification.comparison import MET_STAGES, Afterwards, Compared, Comparison, Difference, Found, Version
from routing.decisions.qualification.replay import Crossing, Replay, moment_of
from routing.operations.policies import warnings_about
from routing.operations.whatif.kept_decisions import Explained, explained
from routing.operations.whatif.records import Beginning, Stopped, fail, finish, report
from routing.operations.whatif.rehearsing import Rehearsal, as_hand, hand_on_paper, paper_lead
from routing.operations.whatif.results import result_document
from routing.queries import facts, windows
from routing.queries.field_force import FieldForce, standing
from routing.queries.lead_pages import read_one_moment
from routing.queries.policies import PinnedPolicy, Policies, policies
from routing.queries.windows import Person, Window
from shared.database import Database, is_weather, together

_log = structlog.get_logger()

SAMPLED: Mapping[Difference, int] = {"gained": 200, "lost": 200, "earlier": 50, "later": 50, "same": 20}
"""Of how many contacts the decisions are kept in full."""
LEADS_AT_ONCE = 500
ENGAGEMENTS_MAX = 20_000_000
SAID_EVERY = timedelta(seconds=0.5)

Progress = Callable[[int], Awaitable[None]]
"""Is told how many engagements were replayed; what it raises ends the simulation."""


@dataclass(slots=True)
class Outcome:
    """What came of a simulation: the result as people are shown it, the decisions kept in full, and how many engagements there were."""

    result: dict[str, Any]
    decisions: list[dict[str, Any]]
    replayed: int


@dataclass(slots=True)
class Findings:
    """What the replay found."""

    comparison: Comparison = field(default_factory=Comparison)
    found: list[Found] = field(default_factory=list)
    replayed: int = 0
    contacts: int = 0
    unknown_contacts: int = 0


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions that are compared, and all that are in force besides."""

    candidate: PinnedPolicy
    active: PinnedPolicy | None
    in_force: Policies

    @property
    def named(self) -> dict[Version, PinnedPolicy]:
        """Those there are, by which of the two they are."""
        return {"candidate": self.candidate} if self.active is None else {"active": self.active, "candidate": self.candidate}

    def concern(self, contact: Contact) -> bool:
        """Whether the candidate would decide about this contact: it is their country's, or theirs has none of its own."""
        policy = self.candidate.policy
        if policy.country is not None:
            return contact.country == policy.country
        return (policy.brand_id, contact.country) not in self.in_force.active or contact.country is None


async def carry_out(database: Database, beginning: Beginning) -> None:
    """Simulates and keeps what came of it, or why nothing did; says at times how far it is. Whoever cancels it ends it."""
    said_at = datetime.now(UTC)
    engagements: int | None = None

    async def say(replayed: int) -> None:
        nonlocal said_at
        now = datetime.now(UTC)
        if now - said_at >= SAID_EVERY:
            said_at = now
            await report(database, beginning, now=now, replayed=replayed)

    try:
        async with database.reading() as session:
            [engagements] = await together(session, windows.count(beginning.window, most=ENGAGEMENTS_MAX + 1))
        if engagements > ENGAGEMENTS_MAX:
            await fail(database, beginning, f"the window holds more than {ENGAGEMENTS_MAX} engagements", now=datetime.now(UTC))
            return
        await report(database, beginning, now=said_at, engagements=engagements, replayed=0)
        async with database.reading() as session:
            outcome = await simulate(session, beginning, say)
        await finish(
            database,
            beginning,
            result=outcome.result,
            decisions=outcome.decisions,
            replayed=outcome.replayed,
            now=datetime.now(UTC),
        )
    except Stopped:
        _log.info("simulation stopped", simulation_id=str(beginning.id))
    except Exception as error:
        if not is_weather(error):
            await fail(database, beginning, f"it failed with {type(error).__name__}", now=datetime.now(UTC))
        raise


async def simulate(session: AsyncSession, beginning: Beginning, progress: Progress) -> Outcome:
    """Simulates within a transaction that was just begun and only reads."""
    await read_one_moment(session)
    await windows.prefer_whole_answers(session)
    window = beginning.window
    named = [version for version in (beginning.candidate_version, beginning.active_version) if version is not None]
    in_force, now, open_for, *force = await together(
        session, policies([window.brand_id], versions=named), standing(), windows.open_for(window), *hand_on_paper(window)
    )
    active = None if beginning.active_version is None else in_force.by_version[beginning.active_version]
    versions = Versions(in_force.by_version[beginning.candidate_version], active, in_force)
    findings = await _replay(session, window, versions, now.field_force, progress)
    sample = await explained(session, window, versions.named, list(_sampled(findings.found)))
    rehearsals: dict[Version, Rehearsal] = {}
    for version, pinned in versions.named.items():
        hand = as_hand(*force, field_force=now.field_force, day=window.day)
        rehearsals[version] = Rehearsal(hand, in_force.with_active(pinned), window.brand_id, open_for)
        await _hand_out(session, window, rehearsals[version], version, findings.found, sample)
        await progress(findings.replayed)
    lost, gained = await _afterwards(session, window, findings.found)
    result = result_document(
        findings,
        rehearsals=rehearsals,
        lost=lost,
        gained=gained,
        warnings=await warnings_about(session, versions.candidate.policy, now=beginning.requested_at),
        kept=len(sample),
    )
    return Outcome(result, [each.document for each in sample.values()], findings.replayed)


async def _replay(session: AsyncSession, window: Window, versions: Versions, field_force: FieldForce, progress: Progress) -> Findings:
    """One pass over the window: for each contact, when they would have become an MQL under either version."""
    [stages] = await together(session, facts.all_content_stages())
    findings, shapes = Findings(), windows.shapes_of(window, stages)
    candidate = Replay(versions.candidate.policy, shapes)
    active = None if versions.active is None else Replay(versions.active.policy, shapes)
    async for contacts in windows.contacts_in_turn(session, window, shapes):
        persons = await windows.persons(session, window, contacts)
        for contact_id, engagements in contacts.items():
            findings.replayed += len(engagements)
            person = persons.get(contact_id)
            if person is None:
                findings.unknown_contacts += 1
            elif versions.concern(person.contact):
                findings.contacts += 1
                before = None if active is None else active.first_crossing(person.subject, engagements)
                _note(
                    findings, person, before, candidate.first_crossing(person.subject, engagements), window=window, field_force=field_force
                )
        await progress(findings.replayed)
    return findings


def _note(
    findings: Findings,
    person: Person,
    active: Crossing | None,
    candidate: Crossing | None,
    *,
    window: Window,
    field_force: FieldForce,
) -> None:
    if active is None and candidate is None:
        return
    contact = person.contact
    territory_id = field_force.place_of(contact, person.account, brand_id=window.brand_id, day=window.day).territory_id
    compared = Compared(contact.segments, territory_id, person.kind, active, candidate)
    findings.comparison.add(compared)
    findings.found.append(Found(contact.contact_id, compared.difference, active, candidate))


def _sampled(found: Sequence[Found]) -> Iterator[Found]:
    """Of each difference so many, always the same ones, in the order of time; which ones is no matter of when or who."""
    for difference, most in SAMPLED.items():
        alike = [each for each in found if each.difference == difference]
        alike.sort(key=lambda each: blake2b(each.contact_id.encode(), digest_size=8).digest())
        yield from sorted(alike[:most], key=lambda each: (each.began_at, each.contact_id))


async def _hand_out(
    session: AsyncSession,
    window: Window,
    rehearsal: Rehearsal,
    version: Version,
    found: Sequence[Found],
    sample: Mapping[str, Explained],
) -> None:
    """Gives each lead of a version to somebody, in the order of time; of the sampled contacts what is decided is kept in full."""
    crossings = [(crossing, each.contact_id) for each in found if (crossing := getattr(each, version)) is not None]
    crossings.sort(key=lambda each: (each[0].at, each[1]))
    for begin in range(0, len(crossings), LEADS_AT_ONCE):
        part = crossings[begin : begin + LEADS_AT_ONCE]
        persons = await windows.persons(session, window, [contact_id for _, contact_id in part])
        for crossing, contact_id in part:
            person = persons[contact_id]
            place = rehearsal.hand.field_force.place_of(person.contact, person.account, brand_id=window.brand_id, day=window.day)
            lead = paper_lead(
                person,
                place,
                brand_id=window.brand_id,
                version=rehearsal.version_for(person),
                qualified_at=moment_of(crossing.at),
                rep_requested=crossing.rep_requested,
                campaign_id=crossing.campaign_id,
                engagement_ids=[crossing.engagement_id],
            )
            if contact_id in sample:
                sample[contact_id].keep(version, rehearsal.give_telling(lead, person, place, sample[contact_id].qualified(version)))
            else:
                rehearsal.give(lead, person, place)


async def _afterwards(session: AsyncSession, window: Window, found: Sequence[Found]) -> tuple[Afterwards, Afterwards]:
    """What became of the lost and of the gained, of the latter by leads that began after they would have."""
    lost, gained = Afterwards(), Afterwards()
    concerned = [each for each in found if each.difference in {"lost", "gained"}]
    for begin in range(0, len(concerned), LEADS_AT_ONCE):
        part = concerned[begin : begin + LEADS_AT_ONCE]
        [leads] = await together(session, windows.reached(window, [each.contact_id for each in part], met=MET_STAGES))
        for each in part:
            of_contact = leads.get(each.contact_id, ())
            if each.candidate is None:
                lost.add(of_contact)
            else:
                would_have_at = moment_of(each.candidate.at)
                gained.add([lead for lead in of_contact if lead.qualified_at > would_have_at])
    return lost, gained
