"""Laying a desk out and clearing it: contacts come with all that is decided about them, what came of it is written in one go."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.effective import day_of
from routing.decisions.policies.conditions import asks_for_territory
from routing.operations.assignment.queue_rounds import begin_queue_round
from routing.operations.briefs.noticing import Notes, noting
from routing.operations.desk import Desk
from routing.operations.rows import Sets, putting
from routing.queries import facts
from routing.queries.at_once import at_once
from routing.queries.field_force import FieldForce, standing
from routing.queries.leads import clock_row, currency, current_leads, lead_row
from routing.queries.ledgers import holding_ledgers
from routing.queries.people import holding_people
from routing.queries.policies import Policies, policies_of
from shared.database import Statement, together
from shared.outbox import publishing

_HOLD_FREE = text("SELECT contact_id FROM contacts WHERE contact_id = ANY(:contact_ids) ORDER BY contact_id FOR UPDATE SKIP LOCKED")


async def hold_free_contacts(session: AsyncSession, contact_ids: Collection[str]) -> list[str]:
    """Takes those of the contacts that no other transaction holds, and returns their ids: background work waits for nobody."""
    return list(await session.scalars(_HOLD_FREE, {"contact_ids": list(contact_ids)}))


async def lay_out(
    session: AsyncSession,
    contact_ids: Collection[str],
    *,
    now: datetime,
    brand_ids: Collection[str] | None = None,
    lead_ids: Collection[UUID] = (),
    storing: Sequence[Statement[Any]] = (),
    newest_rows: bool = False,
) -> Desk:
    """Puts contacts on a desk, with their ledgers (of some brands only, if named) and leads, after `storing` what was told about them.

    From here on this transaction is the only one that decides about them. What it stored about them, and what others stored and
    committed, is seen here: of an engagement and a snapshot that come at the same time, the second one laid out finds the other.
    With `newest_rows`, only as much of each ledger is read as an engagement usually needs; see `complete_ledgers`.

    A person comes whole: of whoever is merged, who stands for them comes along, which takes another reading.
    """
    *stored, people, ledgers, known = await together(
        session,
        *storing,
        holding_people(contact_ids),
        holding_ledgers(contact_ids),
        at_once(
            current_leads(contact_ids, lead_ids=lead_ids), *_reading_facts(contact_ids, brand_ids, day=day_of(now), newest_rows=newest_rows)
        ),
    )
    (leads, clocks), accounts, targets, policies, contributions = known
    survivors = {row.merged_into for row in people.values() if row.merged_into is not None and row.contact_id in contact_ids}
    if not survivors <= set(contact_ids):
        everybody = {*contact_ids, *survivors}
        desk = await lay_out(session, everybody, now=now, brand_ids=brand_ids, lead_ids=lead_ids, newest_rows=newest_rows)
        desk.stored = stored
        return desk
    desk = Desk(
        now=now,
        contacts={contact_id: facts.contact_of(row) for contact_id, row in people.items()},
        primary_accounts={
            contact_id: accounts[row.primary_account_id] for contact_id, row in people.items() if row.primary_account_id in accounts
        },
        targets=targets,
        ledgers={pair: head for pair, head in ledgers.items() if brand_ids is None or pair[1] in brand_ids},
        leads={lead.id: lead for lead in leads},
        newest_leads={},
        clocks=clocks,
        policies=policies,
        contributions=contributions,
        notes=Notes(owners={lead.id: lead.rep_id for lead in leads}),
        field_force=await _field_force_asked(session, policies),
        partly_read=facts.read_from(contributions) if newest_rows else {},
        stored=stored,
    )
    for lead in sorted(leads, key=currency):
        pair = desk.pair_of(lead)
        desk.newest_leads[pair] = lead
        desk.cycles[pair].append(lead)
        if newest_rows and lead.ended_at is None:
            desk.partly_read[pair] = now
    return desk


async def _field_force_asked(session: AsyncSession, policies: Policies) -> FieldForce | None:
    if not any(asks_for_territory(pinned.policy) for pinned in policies.by_version.values()):
        return None
    [now] = await together(session, standing())
    field_force: FieldForce = now.field_force
    return field_force


def _reading_facts(
    contact_ids: Collection[str], brand_ids: Collection[str] | None, *, day: date, newest_rows: bool
) -> list[Statement[Any]]:
    return [
        facts.primary_accounts(contact_ids, day=day),
        facts.targets(contact_ids, brand_ids, day=day),
        policies_of(contact_ids, brand_ids=brand_ids or ()),
        facts.newest_contributions(contact_ids, brand_ids) if newest_rows else facts.contributions(contact_ids, brand_ids),
    ]


async def clear(session: AsyncSession, desk: Desk) -> None:
    """Writes what was decided and publishes it."""
    decided: Sets = {
        tables.Ledger: [desk.ledgers[pair].row(pair) for pair in desk.touched_ledgers],
        tables.LedgerRow: desk.ledger_rows,
        tables.Lead: [lead_row(desk.leads[lead_id]) for lead_id in desk.touched_leads],
        tables.Clock: [clock_row(desk.leads[key[0]], desk.clocks[key]) for key in desk.touched_clocks],
        tables.DecisionRecord: desk.records,
        tables.Brief: desk.briefs,
        tables.ReportedOutcome: desk.reports,
        **desk.turns,
    }
    touched = {*desk.touched_leads, *(lead_id for lead_id, _ in desk.touched_clocks), *_with_another_score(desk)}
    also = [*noting(desk.notes, desk.leads, touched=touched), *publishing(session, desk.events)]
    await together(session, *putting(decided, also=also))
    if desk.frees_capacity:
        await begin_queue_round(session)


def _with_another_score(desk: Desk) -> set[UUID]:
    """Leads that go on, and whose ledger was written."""
    written = {*desk.touched_ledgers, *((row["contact_id"], row["brand_id"]) for row in desk.ledger_rows)}
    newest = (desk.newest_leads.get(pair) for pair in written)
    return {lead.id for lead in newest if lead is not None and lead.ended_at is None}
