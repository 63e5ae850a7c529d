"""Decides owned leads again when their rep, or what aligns them, changed: in the background, some at a time, the oldest decisions first.

Every lead knows the queue's round in which it was last decided. A change says from which round on decisions know of it, so what was decided
before, and what another transaction was about to decide meanwhile, is found by its round, and nothing is found twice.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.effective import day_of
from routing.operations.assignment.owners import Search
from routing.operations.assignment.queue_rounds import begin_new_field_force
from routing.operations.laying_out import clear, hold_free_contacts, lay_out
from routing.operations.ledgers.keeping import keep_ledgers
from routing.operations.qualifying import decide_pairs
from routing.queries import facts
from routing.queries.field_force import Standing, standing
from shared.database import Database, Statement, together

LEADS_AT_ONCE = 100
CHECKED_AT_ONCE = 1_000
"""Most leads stand as they stood, which costs next to nothing to find out."""

_ASK = text(
    """
    INSERT INTO reroutes (scope, rep_id, round, asked_at)
    SELECT 'rep', rep_id, :round, now() FROM unnest(CAST(:rep_ids AS text[])) AS rep_id
    UNION ALL SELECT 'territories', '', :round, now() WHERE :of_territories
    ORDER BY 1, 2
    ON CONFLICT (scope, rep_id) DO UPDATE SET round = excluded.round, asked_at = excluded.asked_at
    """
)
_ASKED = "SELECT scope FROM reroutes LIMIT 1"
# Right is a rep who is still there, for the brand and in the territory; of one with a team, or any other, the desk says it.
_OF_REPS = """
    SELECT leads.id, leads.contact_id, coalesce(
        active AND role = 'rep' AND coalesce(valid_from <= %(day)s, true) AND coalesce(valid_until >= %(day)s, true)
        AND leads.brand_id = ANY(brand_ids) AND leads.territory_id = ANY(territory_ids) AND team IS NULL, false
    ) AS is_right
    FROM reroutes JOIN leads ON leads.rep_id = reroutes.rep_id LEFT JOIN reps ON reps.id = leads.rep_id
    WHERE scope = 'rep' AND leads.ended_at IS NULL AND tried_in_round < round
    LIMIT %(at_once)s
"""
_OF_TERRITORIES = """
    SELECT leads.id, contact_id, leads.brand_id, territory_id, team
    FROM leads LEFT JOIN reps ON reps.id = leads.rep_id
    WHERE ended_at IS NULL AND stage IN ('assigned', 'accepted')
        AND tried_in_round < (SELECT round FROM reroutes WHERE scope = 'territories')
    ORDER BY tried_in_round LIMIT %(at_once)s
"""
_CONTACTS = "SELECT * FROM contacts WHERE contact_id = ANY(%(contact_ids)s) AND version IS NOT NULL"
# What another transaction is deciding just now is looked at next time.
_LEAVE = text(
    """
    UPDATE leads SET tried_in_round = :round
    WHERE id IN (SELECT id FROM leads WHERE id = ANY(:lead_ids) AND tried_in_round < :round ORDER BY id FOR UPDATE SKIP LOCKED)
    """
)
# No transaction lasts that long: nothing is about to be decided any more that doesn't know of the change.
_FORGET = text("DELETE FROM reroutes WHERE asked_at < now() - interval '10 minutes'")


async def reroute_open_leads(session: AsyncSession, *, rep_ids: Collection[str] = (), territory_ids: Collection[str] = ()) -> None:
    """The field force changed: has open leads of these reps decided again, in the background, and if any territory is aligned otherwise
    every lead nobody has reached yet that lies elsewhere now. Waiting leads are tried again. Call it last: it makes others wait.
    """
    round_number = await begin_new_field_force(session)
    if rep_ids or territory_ids:
        asked = {"round": round_number, "rep_ids": sorted(set(rep_ids)), "of_territories": bool(territory_ids)}
        await session.execute(_ASK, asked)


async def reroute_leads(database: Database, *, now: datetime) -> int:
    """Decides some of the leads again whose rep, or what aligns them, changed since they were decided, and returns how many."""
    async with database.transaction() as session:
        [asked] = await together(session, Statement(_ASKED, {}, list))
        if not asked:
            return 0
        known, of_reps, of_territories = await together(
            session,
            standing(),
            Statement(_OF_REPS, {"at_once": CHECKED_AT_ONCE, "day": day_of(now)}, list),
            Statement(_OF_TERRITORIES, {"at_once": CHECKED_AT_ONCE}, list),
        )
        if not of_reps and not of_territories:
            await session.execute(_FORGET)
            return 0
        concerned = [row for row in of_reps if not row.is_right] + await _lying_elsewhere(session, of_territories, known, now=now)
        decided = await _decide_again(session, concerned[:LEADS_AT_ONCE], known, now=now)
        as_they_were = {row.id for row in [*of_reps, *of_territories]} - {row.id for row in concerned}
        # Last: whoever has leads waits for nobody any more.
        left = await session.execute(_LEAVE, {"lead_ids": list(as_they_were), "round": known.round_number})
    return decided + cast("CursorResult[Any]", left).rowcount


async def _lying_elsewhere(session: AsyncSession, rows: Sequence[Any], known: Standing, *, now: datetime) -> list[Any]:
    """Those of the leads that are aligned to another territory than theirs, or to a sales team that isn't their rep's."""
    if not rows:
        return []
    day, contact_ids = day_of(now), list({row.contact_id for row in rows})
    people, accounts = await together(
        session, Statement(_CONTACTS, {"contact_ids": contact_ids}, list), facts.primary_accounts(contact_ids, day=day)
    )
    described = {row.contact_id: row for row in people}
    elsewhere = []
    for row in rows:
        person = described.get(row.contact_id)
        if person is None:
            continue  # they were forgotten: nothing says any more where they are
        account = accounts.get(person.primary_account_id)
        place = known.field_force.place_of(facts.contact_of(person), account, brand_id=row.brand_id, day=day)
        if place.territory_id != row.territory_id or place.team not in (None, row.team):
            elsewhere.append(row)
    return elsewhere


async def _decide_again(session: AsyncSession, rows: Sequence[Any], known: Standing, *, now: datetime) -> int:
    """Decides those of the leads whose contacts nobody else decides about just now; the others come another time."""
    contact_ids = await hold_free_contacts(session, {row.contact_id for row in rows}) if rows else []
    if not contact_ids:
        return 0
    desk = await lay_out(session, contact_ids, now=now, lead_ids=[row.id for row in rows])
    await keep_ledgers(session, desk, fresh={})
    named = {row.id for row in rows}
    decided = [lead for lead in desk.leads.values() if lead.id in named and lead.tried_in_round < known.round_number]
    for lead in decided:
        lead.tried_in_round = known.round_number
        desk.touched_leads.add(lead.id)
    reviewed = [lead for lead in decided if lead.rep_id is not None and desk.person_of(lead.contact_id) in desk.contacts]
    reviewed.sort(key=lambda lead: (lead.qualified_at, lead.id))
    await decide_pairs(session, desk, [], searches=[Search(lead, reason="realigned", is_review=True) for lead in reviewed])
    await clear(session, desk)
    return len(decided)
