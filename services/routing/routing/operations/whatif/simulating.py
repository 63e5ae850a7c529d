"""Simulates: replays a window of history under two versions, hands out the leads of either on paper, and says what differs.

It reads one snapshot by a connection of its own, contact by contact in sets, and writes nothing but its own record.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.qualification.comparison import MET_STAGES, Afterwards, Difference, Found, Key, Version
from routing.decisions.qualification.replay import microseconds, moment_of
from routing.operations.policies import warnings_about
from routing.operations.whatif.kept_decisions import Explained, explained
from routing.operations.whatif.records import Beginning, Stopped, fail, finish, report
from routing.operations.whatif.rehearsing import Rehearsal, as_hand, changes, hand_then, paper_lead
from routing.operations.whatif.replaying import Progress, replay
from routing.operations.whatif.results import result_document
from routing.operations.whatif.versions import Versions, named_versions
from routing.queries import windows
from routing.queries.field_force import standing
from routing.queries.lead_pages import read_one_moment
from routing.queries.windows import Window
from shared.database import Database, Statement, is_weather, together

_log = structlog.get_logger()

SAMPLED: Mapping[Difference, int] = {"gained": 200, "lost": 200, "earlier": 50, "later": 50, "same": 20}
"""Of how many contacts the decisions are kept in full."""
LEADS_AT_ONCE = 500
ENGAGEMENTS_MAX = 20_000_000
SAID_EVERY = timedelta(seconds=0.5)


@dataclass(slots=True)
class Outcome:
    """What came of a simulation: the result as people are shown it, the decisions kept in full, and how many engagements there were."""

    result: dict[str, Any]
    decisions: list[dict[str, Any]]
    replayed: int


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
        engagements = await _count(database, beginning)
        if engagements > ENGAGEMENTS_MAX:
            words = f"the window, with what counts of the time before, holds more than {ENGAGEMENTS_MAX} engagements"
            await fail(database, beginning, words, now=datetime.now(UTC))
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


async def _count(database: Database, beginning: Beginning) -> int:
    """How many engagements are to be replayed."""
    async with database.reading() as session:
        versions, _ = await _compared(session, beginning)
        window, most = versions.looking_back(beginning.window), ENGAGEMENTS_MAX + 1
        return sum(await together(session, windows.count(window, most=most), windows.count_before(window, most=most)))


async def _compared(session: AsyncSession, beginning: Beginning, *also: Statement[Any]) -> tuple[Versions, Sequence[Any]]:
    return await named_versions(session, beginning.window.brand_id, beginning.candidate_version, beginning.active_version, *also)


async def simulate(session: AsyncSession, beginning: Beginning, progress: Progress) -> Outcome:
    """Simulates within a transaction that was just begun and only reads."""
    await read_one_moment(session)
    await windows.prefer_whole_answers(session)
    asked = beginning.window
    versions, (now, open_for, changed, *force) = await _compared(
        session, beginning, standing(), windows.open_for(asked), changes(asked), *hand_then(asked)
    )
    window = versions.looking_back(asked)
    findings = await replay(session, window, versions, now.field_force, progress)
    sample = await explained(session, window, versions.named, list(_sampled(findings.found)))
    rehearsals: dict[Version, Rehearsal] = {}
    for version, pinned in versions.named.items():
        hand = as_hand(*force, field_force=now.field_force, day=window.day)
        rehearsals[version] = Rehearsal(hand, versions.in_force.with_active(pinned), window.brand_id, open_for, [*changed])
        await _hand_out(session, window, rehearsals[version], version, findings.found, sample)
        await progress(findings.replayed + findings.before)
    lost, gained = await _afterwards(session, window, findings.found)
    result = result_document(
        findings,
        window=window,
        rehearsals=rehearsals,
        lost=lost,
        gained=gained,
        warnings=await warnings_about(session, versions.candidate.policy, now=beginning.requested_at),
        kept=len(sample),
    )
    return Outcome(result, [each.document for each in sample.values()], findings.replayed + findings.before)


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
    sample: Mapping[Key, Explained],
) -> None:
    """Gives each lead of the window under a version to somebody, in the order of time; of the sampled what is decided is kept in full."""
    begins_at = microseconds(window.begins_at)
    crossings = [(crossing, each) for each in found if (crossing := each.within(version, begins_at=begins_at)) is not None]
    crossings.sort(key=lambda each: (each[0].at, each[1].contact_id))
    for begin in range(0, len(crossings), LEADS_AT_ONCE):
        part = crossings[begin : begin + LEADS_AT_ONCE]
        persons = await windows.persons(session, window, {each.contact_id for _, each in part})
        for crossing, each in part:
            person = persons[each.contact_id]
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
                earlier_rep_id=None if each.previous is None else each.previous.rep_id,
            )
            if each.key in sample:
                kept = sample[each.key]
                kept.keep(version, rehearsal.give_telling(lead, person, place, kept.qualified(version)))
            else:
                rehearsal.give(lead, person, place)


async def _afterwards(session: AsyncSession, window: Window, found: Sequence[Found]) -> tuple[Afterwards, Afterwards]:
    """What became of the lost, by the lead of the same cycle, and of the gained, by leads that began after they would have."""
    lost, gained = Afterwards(), Afterwards()
    concerned = [each for each in found if each.difference in {"lost", "gained"}]
    for begin in range(0, len(concerned), LEADS_AT_ONCE):
        part = concerned[begin : begin + LEADS_AT_ONCE]
        [leads] = await together(session, windows.reached(window, {each.contact_id for each in part}, met=MET_STAGES))
        for each in part:
            of_contact, would_have_at = leads.get(each.contact_id, []), moment_of(each.began_at)
            if each.difference == "lost":
                lost.add(_of_cycle(of_contact, at=would_have_at))
            else:
                gained.add([lead for lead in of_contact if lead.qualified_at > would_have_at])
    return lost, gained


def _of_cycle(leads: Sequence[Any], *, at: datetime) -> Sequence[Any]:
    """The lead of the cycle a moment lies in: the first one to end after it, or one that is open."""
    not_over = [lead for lead in leads if lead.ended_at is None or lead.ended_at >= at]
    not_over.sort(key=lambda lead: (lead.ended_at is None, lead.ended_at or lead.qualified_at))
    return not_over[:1]
