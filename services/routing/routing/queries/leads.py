"""Leads and their clocks, as the operations load them."""

from collections.abc import Collection, Iterable
from typing import Any, Literal
from uuid import UUID

from routing.decisions.clocks import Clock
from routing.tables import Lead
from shared.database import Statement

# Of a person (a contact with all who are merged into it) x brand those that are open, else the one that ended last.
_CURRENT = """
    SELECT ranked.*, clocks.kind AS clock_kind, state, started_at, warn_at, due_at, extended_due_at, warned_at, breached_at, met_at
    FROM (
        SELECT leads.*, row_number() OVER (
            PARTITION BY coalesce(contacts.merged_into, leads.contact_id), brand_id
            ORDER BY ended_at DESC NULLS FIRST, qualified_at DESC, id DESC
        ) AS rank
        FROM leads LEFT JOIN contacts ON contacts.contact_id = leads.contact_id
        WHERE leads.contact_id = ANY(
            CAST(%(contact_ids)s AS text[])
            || ARRAY(SELECT contact_id FROM contacts WHERE merged_into = ANY(%(contact_ids)s) AND merged_into IS NOT NULL)
        )
    ) AS ranked
    LEFT JOIN clocks ON clocks.lead_id = ranked.id
    WHERE rank = 1 OR ranked.ended_at IS NULL OR ranked.id = ANY(%(lead_ids)s)
"""
_CLOCKS = "SELECT * FROM clocks WHERE lead_id = ANY(%(lead_ids)s)"


def current_leads(contact_ids: Collection[str], *, lead_ids: Collection[UUID] = ()) -> Statement[tuple[list[Lead], dict[UUID, Clock]]]:
    """The open lead of each brand of these contacts and of those merged into them, else the one that ended last, and the leads of these
    ids, with the clocks of those that have one."""
    return Statement(_CURRENT, {"contact_ids": list(contact_ids), "lead_ids": list(lead_ids)}, _leads_with_clocks)


def clocks(lead_ids: Collection[UUID]) -> Statement[dict[UUID, Clock]]:
    """The first-outreach clocks of the leads that have one."""
    return Statement(_CLOCKS, {"lead_ids": list(lead_ids)}, lambda rows: {row.lead_id: clock_of(row, kind=row.kind) for row in rows})


def _leads_with_clocks(rows: list[Any]) -> tuple[list[Lead], dict[UUID, Clock]]:
    return [lead_of(row) for row in rows], {row.id: clock_of(row, kind=row.clock_kind) for row in rows if row.clock_kind is not None}


def lead_of(row: Any) -> Lead:
    """A lead from its row, belonging to no session: it is written when its desk is cleared."""
    return Lead(**{name: getattr(row, name) for name in _LEAD_COLUMNS})


def clock_of(row: Any, *, kind: Literal["first_outreach"]) -> Clock:
    """A clock of a kind from its row."""
    return Clock(
        kind=kind,
        state=row.state,
        started_at=row.started_at,
        warn_at=row.warn_at,
        due_at=row.due_at,
        extended_due_at=row.extended_due_at,
        warned_at=row.warned_at,
        breached_at=row.breached_at,
        met_at=row.met_at,
    )


def currency(lead: Lead) -> tuple[Any, ...]:
    """Orders leads of one person x brand: by when they ended, open ones last."""
    return lead.ended_at is None, lead.ended_at or lead.qualified_at, lead.qualified_at, lead.id


def lead_columns() -> Iterable[str]:
    """The names of a lead's columns."""
    return _LEAD_COLUMNS


_LEAD_COLUMNS = frozenset(column.name for column in Lead.__table__.columns)
