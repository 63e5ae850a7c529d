"""What the API shows of leads: pages of them, one of them, their scores, and the queue."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.clocks.clock import Clock
from routing.decisions.effective import day_of
from routing.decisions.facts import Contact, Subject
from routing.decisions.policies.conditions import asks_for_territory
from routing.decisions.qualification.journey import ReachedStage
from routing.decisions.qualification.readiness import SqlCandidate, sql_candidate
from routing.decisions.qualification.scoring import Score, score
from routing.queries import facts
from routing.queries.facts import Pair
from routing.queries.field_force import standing
from routing.queries.leads import clocks, lead_of
from routing.queries.ledgers import head_of
from routing.queries.policies import policies
from routing.tables import Lead
from shared.database import together


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """What a list of leads is narrowed to; None means no matter which."""

    rep_id: str | None = None
    stage: str | None = None
    territory_id: str | None = None
    brand_id: str | None = None
    overdue: bool | None = None


@dataclass(frozen=True, slots=True)
class ShownLead:
    """A lead with its score and clocks as they stand at the reading."""

    lead: Lead
    score: Score
    clocks: Sequence[Clock]
    reached: ReachedStage | None
    candidate: SqlCandidate | None


async def read_one_moment(session: AsyncSession) -> None:
    """Lets every statement that follows see the same moment, so that a ledger is never read by another version than it was made by."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


async def lead_page(
    session: AsyncSession,
    scope: ColumnElement[bool],
    *,
    narrowed: LeadFilter,
    before: tuple[datetime, UUID] | None,
    limit: int,
    now: datetime,
    by_reason: bool = False,
) -> list[ShownLead]:
    """Leads, newest first, or those with the newest reason to look at them first."""
    wanted = [scope, *_conditions(narrowed, now=now)]
    moment = Lead.reason_at if by_reason else Lead.qualified_at
    if before is not None:
        wanted.append(tuple_(moment, Lead.id) < before)
    ordered = select(Lead.__table__).where(*wanted).order_by(moment.desc(), Lead.id.desc()).limit(limit)
    return await _shown(session, [lead_of(row) for row in await session.execute(ordered)], now=now)


async def leads_shown(session: AsyncSession, lead_ids: Collection[UUID], *, now: datetime) -> dict[UUID, ShownLead]:
    """The leads of these ids, whosever they are."""
    rows = await session.execute(select(Lead.__table__).where(Lead.id.in_(lead_ids)))
    return {shown.lead.id: shown for shown in await _shown(session, [lead_of(row) for row in rows], now=now)}


async def one_lead(session: AsyncSession, scope: ColumnElement[bool], lead_id: UUID, *, now: datetime) -> ShownLead | None:
    """The lead, if it is in scope."""
    rows = await session.execute(select(Lead.__table__).where(scope, Lead.id == lead_id))
    shown = await _shown(session, [lead_of(row) for row in rows], now=now)
    return shown[0] if shown else None


async def is_in_scope(session: AsyncSession, scope: ColumnElement[bool], lead_id: UUID) -> bool:
    """Whether there is such a lead in scope."""
    return bool(await session.scalar(select(exists().where(scope, Lead.id == lead_id))))


async def pair_in_scope(session: AsyncSession, scope: ColumnElement[bool], lead_id: UUID) -> Pair | None:
    """The contact and the brand of a lead; None unless it is in scope."""
    row = (await session.execute(select(Lead.contact_id, Lead.brand_id).where(scope, Lead.id == lead_id))).one_or_none()
    return None if row is None else (row.contact_id, row.brand_id)


async def queue_page(
    session: AsyncSession, scope: ColumnElement[bool], *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Any]:
    """Leads nobody is eligible for, oldest first."""
    wanted = [scope, Lead.waiting_since.is_not(None)]
    if after is not None:
        wanted.append(tuple_(Lead.waiting_since, Lead.id) > after)
    columns = select(Lead.id, Lead.waiting_since, Lead.waiting_reason)
    return (await session.execute(columns.where(*wanted).order_by(Lead.waiting_since, Lead.id).limit(limit))).all()


def _conditions(narrowed: LeadFilter, *, now: datetime) -> list[ColumnElement[bool]]:
    exact = {
        Lead.rep_id: narrowed.rep_id,
        Lead.stage: narrowed.stage,
        Lead.territory_id: narrowed.territory_id,
        Lead.brand_id: narrowed.brand_id,
    }
    conditions = [column == wanted for column, wanted in exact.items() if wanted is not None]
    if narrowed.overdue is not None:
        clock = tables.Clock
        late = exists().where(clock.lead_id == Lead.id, clock.state.in_(("running", "warned", "breached")), clock.due_at < now)
        conditions.append(late if narrowed.overdue else ~late)
    return conditions


async def _shown(session: AsyncSession, leads: Sequence[Lead], *, now: datetime) -> list[ShownLead]:
    """Leads with what is read of them now, in the same number of statements for one and for many."""
    if not leads:
        return []
    subjects = await _subjects(session, leads, day=day_of(now))
    # What a merged contact did lies with who stands for them.
    stands_for = {contact_id: subject.contact.merged_into or contact_id for (contact_id, _), subject in subjects.items()}
    contact_ids = {stands_for.get(lead.contact_id, lead.contact_id) for lead in leads}
    ledger = tables.Ledger
    heads = await session.execute(select(ledger.__table__).where(ledger.contact_id.in_(contact_ids)))
    known = {(row.contact_id, row.brand_id): head_of(row) for row in heads}
    versions = {pair: head.policy_version for pair, head in known.items() if head.policy_version is not None}
    in_force, contributions, running = await together(
        session,
        policies((), versions={*versions.values(), *(lead.policy_version for lead in leads)}),
        facts.contributions(contact_ids, {lead.brand_id for lead in leads}),
        clocks([lead.id for lead in leads]),
    )
    if any(asks_for_territory(pinned.policy) for pinned in in_force.by_version.values()):
        subjects = await _with_territories(session, subjects, day=day_of(now))
    shown: list[ShownLead] = []
    for lead in leads:
        pair = stands_for.get(lead.contact_id, lead.contact_id), lead.brand_id
        pinned = in_force.by_version[versions.get(pair, lead.policy_version)]
        in_cycle = [row for row in contributions.get(pair, []) if lead.ended_at is None or row.occurred_at <= lead.ended_at]
        subject = subjects.get(pair) or subjects.get((lead.contact_id, lead.brand_id)) or Subject(Contact(lead.contact_id))
        reading = score(pinned.policy, subject=subject, ledger=in_cycle, now=now, counting_after=lead.counting_after)
        head = known.get(pair)
        ready = sql_candidate(head.confirmed, counting_after=lead.counting_after) if head else None
        of_cycle = ready if ready and (lead.ended_at is None or ready.act.at <= lead.ended_at) else None
        shown.append(ShownLead(lead, reading, running.get(lead.id, ()), head.reached if head else None, of_cycle))
    return shown


async def _with_territories(session: AsyncSession, subjects: Mapping[Pair, Subject], *, day: date) -> Mapping[Pair, Subject]:
    [now] = await together(session, standing())
    return {
        pair: replace(subject, territory=now.field_force.covered(subject.contact, subject.account, brand_id=pair[1], day=day))
        for pair, subject in subjects.items()
    }


async def _subjects(session: AsyncSession, leads: Sequence[Lead], *, day: date) -> Mapping[Pair, Subject]:
    contact = tables.Contact
    contact_ids = {lead.contact_id for lead in leads}
    survivors = select(contact.merged_into).where(contact.contact_id.in_(contact_ids))
    wanted = or_(contact.contact_id.in_(contact_ids), contact.contact_id.in_(survivors))
    rows = (await session.execute(select(contact.__table__).where(wanted, contact.version.is_not(None)))).all()
    accounts, targets = await together(
        session,
        facts.accounts({row.primary_account_id for row in rows if row.primary_account_id}, day=day),
        facts.targets({row.contact_id for row in rows}, {lead.brand_id for lead in leads}, day=day),
    )
    described = {row.contact_id: Subject(facts.contact_of(row), accounts.get(row.primary_account_id)) for row in rows}
    survivor_ids = {contact_id: subject.contact.merged_into or contact_id for contact_id, subject in described.items()}
    pairs = ((each, lead.brand_id) for lead in leads for each in (lead.contact_id, survivor_ids.get(lead.contact_id, lead.contact_id)))
    return {
        (each, brand_id): replace(described[each], target=targets.get((each, brand_id))) for each, brand_id in pairs if each in described
    }
