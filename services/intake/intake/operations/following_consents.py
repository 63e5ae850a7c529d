"""What feedback tells of consent: a person told a rep what they do not allow."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.consents import ConsentAct
from intake.decisions.persons import contact_key
from intake.operations.erasures.ledger import ErasureLedger, add_denials, as_of
from intake.operations.recognising import owners_of
from intake.operations.teaching import Lesson, teach
from shared.events import Event
from shared.events.feedback import ConsentReported
from shared.outbox import publish

Told = tuple[str, ConsentAct, UUID]
"""Whom it is about, what they do not allow, and the journey in which it was said."""


async def follow_consents(session: AsyncSession, events: Sequence[Event], *, erasures: ErasureLedger, now: datetime) -> None:
    """Honours what people told reps as any other act of theirs: whoever the id leads to, one nobody has stated yet included.

    Of somebody forgotten the denial alone is kept, by the ledger; it is their own again if a directory made somebody new of them.
    Raises `ForgottenMeanwhile` for who is being forgotten at this very moment.
    """
    reported = [(event, event.fact) for event in events if isinstance(event.fact, ConsentReported)]
    if not reported:
        return
    since = await as_of(session)
    hits = await erasures.hits(session, {contact_key(fact.contact_id) for _, fact in reported})
    living: list[Told] = []
    late: list[tuple[bytes, ConsentAct]] = []
    for event, fact in reported:
        forgotten = hits.get(contact_key(fact.contact_id))
        contact_id = fact.contact_id if forgotten is None else forgotten.successor_id
        if contact_id is not None:
            living.append((contact_id, act_told(fact), event.correlation_id))
        elif forgotten is not None:
            late.append((forgotten.subject, act_told(fact)))
    await add_denials(session, late)
    await _teach(session, living, since=since, now=now)


def act_told(fact: ConsentReported) -> ConsentAct:
    """The act, with the report that proves it. A denial rests on no legal basis."""
    return ConsentAct(fact.channel, fact.purpose, fact.state, fact.at, evidence=f"{fact.evidence}:{fact.report_id}")


async def _teach(session: AsyncSession, told: Sequence[Told], *, since: datetime | None, now: datetime) -> None:
    owners = await owners_of(session, {contact_key(named) for named, _, _ in told}, since=since)
    acts: defaultdict[str, list[ConsentAct]] = defaultdict(list)
    journeys: dict[str, UUID] = {}
    for named, act, journey in told:
        contact_id = owners.contact_ids.get(contact_key(named), named)
        acts[contact_id].append(act)
        journeys[contact_id] = journey
    lesson = Lesson(contact_ids=acts.keys(), keys={}, acts=acts, pairs=(), meetings=(), journeys=journeys)
    await publish(session, await teach(session, lesson, now=now))
