"""Reads: the facts decisions are taken on, the feed, and the cases."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Row, and_, func, literal, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.decisions.feed import FeedFacts, Segment
from feedback.decisions.reach import KnownLead, PostedAs, Reach
from feedback.decisions.reports import Report, Surroundings, TermClaim
from feedback.tables import Account, Case, CaseText, Contact, Lead, Rep, TaxonomyTerm
from shared.events.cases import CaseKind

_LEAD_COLUMNS = (Lead.lead_id, Lead.contact_id, Lead.brand_id, Lead.correlation_id, Lead.rep_id, Lead.territory_id, Lead.owner_since)

_FEED = text(
    """
    SELECT feed.id, feed.at, feed.kind, feed.report_ids, feed.decision_id, feed.change_id, feed.codes, segment.topic, segment.specialty,
           ARRAY(
               SELECT DISTINCT coalesce(report.codes ->> 'topic', report.codes ->> 'kind') FROM reports AS report
               WHERE report.id = ANY (feed.report_ids) AND report.kind <> 'outcome' ORDER BY 1
           ) AS own_topics
    FROM feed_items AS feed
    LEFT JOIN LATERAL (SELECT topic, specialty FROM loop_scopes WHERE id = ANY (feed.scope_ids) ORDER BY id LIMIT 1) AS segment ON true
    WHERE feed.rep_id = :rep_id
      AND (CAST(:at AS timestamptz) IS NULL OR (feed.at, feed.id) < (CAST(:at AS timestamptz), CAST(:id AS uuid)))
    ORDER BY feed.at DESC, feed.id DESC
    LIMIT :limit
    """
)


def known_lead(row: Any) -> KnownLead:
    """A lead from a row of its columns."""
    return KnownLead(
        lead_id=row.lead_id,
        contact_id=row.contact_id,
        brand_id=row.brand_id,
        correlation_id=row.correlation_id,
        rep_id=row.rep_id,
        territory_id=row.territory_id,
        owner_since=row.owner_since,
    )


async def leads(session: AsyncSession, lead_ids: Collection[str]) -> dict[str, KnownLead]:
    """The leads of these ids that were heard of."""
    rows = await session.execute(select(*_LEAD_COLUMNS).where(Lead.lead_id.in_(lead_ids)))
    return {row.lead_id: known_lead(row) for row in rows}


async def known_terms(session: AsyncSession, claims: Iterable[TermClaim]) -> set[tuple[str, str]]:
    """Those of the claimed (taxonomy, code) that the taxonomies in force know."""
    claimed = {(claim.taxonomy, claim.code) for claim in claims}
    in_force = select(TaxonomyTerm.taxonomy, func.max(TaxonomyTerm.version)).group_by(TaxonomyTerm.taxonomy)
    rows = await session.execute(
        select(TaxonomyTerm.taxonomy, TaxonomyTerm.code).where(
            tuple_(TaxonomyTerm.taxonomy, TaxonomyTerm.code).in_(claimed),
            tuple_(TaxonomyTerm.taxonomy, TaxonomyTerm.version).in_(in_force),
        )
    )
    return {(row.taxonomy, row.code) for row in rows}


async def reach_of(session: AsyncSession, *, rep_id: str, posted_as: PostedAs) -> Reach:
    """How far this rep's or manager's scope goes by what the field force looks like now."""
    if posted_as == "rep":
        return Reach(rep_id, posted_as)
    territory_ids = await session.scalar(select(Rep.territory_ids).where(Rep.rep_id == rep_id))
    team = await session.scalars(select(Rep.rep_id).where(Rep.manager_id == rep_id))
    return Reach(rep_id, posted_as, frozenset(territory_ids or ()), frozenset(team))


async def surroundings_of(session: AsyncSession, report: Report) -> Surroundings:
    """The facts `report` is judged by."""
    reach = await reach_of(session, rep_id=report.rep_id, posted_as=report.posted_as)
    lead = None
    contact_leads: tuple[KnownLead, ...] = ()
    if report.lead_id is not None:
        lead = (await leads(session, [report.lead_id])).get(report.lead_id)
    elif report.contact_id is not None:
        rows = await session.execute(select(*_LEAD_COLUMNS).where(Lead.contact_id.in_(_same_person(report.contact_id)), _in_reach(reach)))
        contact_leads = tuple(known_lead(row) for row in rows)
    accounts = await _accounts_in_reach(session, reach, report.account_ids) if report.account_ids else frozenset()
    return Surroundings(reach=reach, lead=lead, contact_leads=contact_leads, accounts_in_reach=accounts)


def _same_person(contact_id: str) -> CompoundSelect[str]:
    """The id itself, and every other id of the person."""
    survivor = func.coalesce(select(Contact.merged_into).where(Contact.contact_id == contact_id).scalar_subquery(), contact_id)
    return select(literal(contact_id)).union(select(survivor), select(Contact.contact_id).where(Contact.merged_into == survivor))


async def _accounts_in_reach(session: AsyncSession, reach: Reach, account_ids: frozenset[str]) -> frozenset[str]:
    """Those of the accounts that somebody in reach owns, or where a contact with a lead in reach works."""
    owners = await session.execute(select(Account.account_id, Account.owner_rep_id).where(Account.account_id.in_(account_ids)))
    owned = {row.account_id for row in owners if reach.covers_rep(row.owner_rep_id)}
    works_at = Contact.account_ids.overlap(sorted(account_ids))
    known = and_(Contact.contact_id == Lead.contact_id, works_at)
    places = await session.scalars(select(func.unnest(Contact.account_ids)).select_from(Lead).join(Contact, known).where(_in_reach(reach)))
    return frozenset(owned | (account_ids & set(places)))


def _in_reach(reach: Reach) -> ColumnElement[bool]:
    """`Reach.covers_lead`, as a condition on leads."""
    if reach.posted_as == "rep":
        return Lead.rep_id == reach.rep_id
    return or_(Lead.rep_id.in_({reach.rep_id, *reach.team_rep_ids}), Lead.territory_id.in_(reach.territory_ids))


async def feed(session: AsyncSession, *, rep_id: str, after: tuple[Any, UUID] | None, limit: int) -> Sequence[Row[Any]]:
    """A rep's feed, newest first, from below the given (at, id)."""
    at, item_id = after or (None, None)
    return (await session.execute(_FEED, {"rep_id": rep_id, "at": at, "id": item_id, "limit": limit})).all()


def feed_facts(row: Any) -> FeedFacts:
    """What the sentence of a feed row is made of."""
    segment = None if row.topic is None else Segment(row.topic, row.specialty)
    return FeedFacts(kind=row.kind, codes=row.codes, segment=segment, own_topics=tuple(row.own_topics))


async def cases(
    session: AsyncSession,
    *,
    kinds: Collection[CaseKind],
    state: str | None = None,
    case_id: UUID | None = None,
    after: tuple[Any, UUID] | None = None,
    limit: int = 1,
) -> Sequence[Any]:
    """Cases of these kinds with their texts, the soonest due first, from above the given (due_at, id)."""
    query = select(*Case.__table__.columns, CaseText.text).outerjoin(CaseText, CaseText.case_id == Case.id).where(Case.kind.in_(kinds))
    if state is not None:
        query = query.where(Case.state == state)
    if case_id is not None:
        query = query.where(Case.id == case_id)
    if after is not None:
        query = query.where(tuple_(Case.due_at, Case.id) > after)
    return (await session.execute(query.order_by(Case.due_at, Case.id).limit(limit))).all()
