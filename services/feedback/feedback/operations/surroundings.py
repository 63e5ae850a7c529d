"""Keeps what other services say of leads, contacts and the field force, as far as scope needs it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from feedback import queries
from feedback.decisions.leads import after_lead_event
from feedback.decisions.reach import KnownLead
from feedback.operations.feed import FeedItem, put_in_feed, report_id_of
from feedback.operations.reports import lock_leads, settle_pending
from shared.database import as_recordset
from shared.events import Event
from shared.events.contacts import ContactSnapshot
from shared.events.field_force import AccountSnapshot, RepSnapshot
from shared.events.leads import LeadAssigned, LeadFact, OutcomeRefused

_PUT_LEADS = text(
    """
    INSERT INTO leads (lead_id, contact_id, brand_id, correlation_id, rep_id, territory_id, owner_since)
    SELECT lead_id, contact_id, brand_id, correlation_id, rep_id, territory_id, owner_since
    FROM json_to_recordset(CAST(:rows AS json)) AS lead(
        lead_id text, contact_id text, brand_id text, correlation_id uuid, rep_id text, territory_id text, owner_since timestamptz
    )
    ON CONFLICT ON CONSTRAINT pk_leads DO UPDATE
    SET rep_id = excluded.rep_id, territory_id = excluded.territory_id, owner_since = excluded.owner_since
    """
)
_PUT_CONTACTS = text(
    """
    INSERT INTO contacts (contact_id, version, account_ids, merged_into)
    SELECT contact_id, version, account_ids, merged_into
    FROM json_to_recordset(CAST(:rows AS json)) AS contact(contact_id text, version integer, account_ids text[], merged_into text)
    ON CONFLICT ON CONSTRAINT pk_contacts DO UPDATE
    SET version = excluded.version, account_ids = excluded.account_ids, merged_into = excluded.merged_into
    WHERE contacts.version < excluded.version
    """
)
_PUT_ACCOUNTS = text(
    """
    INSERT INTO accounts (account_id, owner_rep_id, stated_at)
    SELECT account_id, owner_rep_id, stated_at
    FROM json_to_recordset(CAST(:rows AS json)) AS account(account_id text, owner_rep_id text, stated_at timestamptz)
    ON CONFLICT ON CONSTRAINT pk_accounts DO UPDATE
    SET owner_rep_id = excluded.owner_rep_id, stated_at = excluded.stated_at WHERE accounts.stated_at < excluded.stated_at
    """
)
_PUT_REPS = text(
    """
    INSERT INTO reps (rep_id, manager_id, territory_ids, stated_at)
    SELECT rep_id, manager_id, territory_ids, stated_at
    FROM json_to_recordset(CAST(:rows AS json)) AS rep(rep_id text, manager_id text, territory_ids text[], stated_at timestamptz)
    ON CONFLICT ON CONSTRAINT pk_reps DO UPDATE
    SET manager_id = excluded.manager_id, territory_ids = excluded.territory_ids, stated_at = excluded.stated_at
    WHERE reps.stated_at < excluded.stated_at
    """
)


async def follow_leads(session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """Follows whose each lead is, settles reports that waited for theirs, and passes on outcomes the lifecycle refused."""
    lead_events = [(event, event.fact) for event in events if isinstance(event.fact, LeadFact)]
    lead_ids = sorted({fact.lead_id for _, fact in lead_events})
    await lock_leads(session, lead_ids)
    known = await queries.leads(session, lead_ids)
    assigned: list[KnownLead] = []
    for event, fact in lead_events:
        lead = after_lead_event(known.get(fact.lead_id), fact, correlation_id=event.correlation_id)
        known[fact.lead_id] = lead
        if isinstance(fact, LeadAssigned):
            assigned.append(lead)
    if known:
        await session.execute(_PUT_LEADS, {"rows": as_recordset([_lead_row(known[lead_id]) for lead_id in lead_ids])})
    if assigned:
        await settle_pending(session, assigned, now=now)
    refusals = [event.fact for event in events if isinstance(event.fact, OutcomeRefused)]
    await put_in_feed(session, [_refusal(fact) for fact in refusals])


def _refusal(fact: OutcomeRefused) -> FeedItem:
    codes = {"report_kind": "outcome", "about": fact.code, "reason": f"{fact.reason} (stage {fact.stage})"}
    report_id = report_id_of(fact.report_id)
    return FeedItem(fact.rep_id, fact.refused_at, "refused", fact.report_id, [] if report_id is None else [report_id], codes)


def _lead_row(lead: KnownLead) -> dict[str, Any]:
    return {
        "lead_id": lead.lead_id,
        "contact_id": lead.contact_id,
        "brand_id": lead.brand_id,
        "correlation_id": str(lead.correlation_id),
        "rep_id": lead.rep_id,
        "territory_id": lead.territory_id,
        "owner_since": lead.owner_since,
    }


async def follow_contacts(session: AsyncSession, events: Sequence[Event], _: datetime) -> None:
    """Keeps that a contact exists, where they work, and who stands for them; nothing else of the person."""
    newest: dict[str, ContactSnapshot] = {}
    for event in events:
        match event.fact:
            case ContactSnapshot() as contact if contact.contact_id not in newest or contact.version > newest[contact.contact_id].version:
                newest[contact.contact_id] = contact
    rows = [
        {
            "contact_id": contact_id,
            "version": contact.version,
            "account_ids": sorted({affiliation.account_id for affiliation in contact.affiliations}),
            "merged_into": contact.merged_into,
        }
        for contact_id, contact in sorted(newest.items())
    ]
    await session.execute(_PUT_CONTACTS, {"rows": as_recordset(rows)})


async def follow_field_force(session: AsyncSession, events: Sequence[Event], _: datetime) -> None:
    """Keeps who owns which account, who reports to whom, and which territories are whose."""
    accounts: dict[str, dict[str, Any]] = {}
    reps: dict[str, dict[str, Any]] = {}
    for event in sorted(events, key=lambda event: event.recorded_at):
        match event.fact:
            case AccountSnapshot() as account:
                accounts[account.account_id] = {
                    "account_id": account.account_id,
                    "owner_rep_id": account.owner_rep_id,
                    "stated_at": event.recorded_at,
                }
            case RepSnapshot() as rep:
                reps[rep.rep_id] = {
                    "rep_id": rep.rep_id,
                    "manager_id": rep.manager_id,
                    "territory_ids": rep.territory_ids,
                    "stated_at": event.recorded_at,
                }
            case _:
                continue  # territories: whose they are stands with the reps
    await session.execute(_PUT_ACCOUNTS, {"rows": as_recordset([accounts[key] for key in sorted(accounts)])})
    await session.execute(_PUT_REPS, {"rows": as_recordset([reps[key] for key in sorted(reps)])})
