"""Leads and their clocks, as the operations load them."""

from collections.abc import Collection, Iterable
from typing import Any, Literal
from uuid import UUID

from routing.decisions.clocks import Clock
from routing.tables import Lead
from shared.database import Statement

# Only one lead of a contact x brand is open, and it is the newest.
_CURRENT = """
    SELECT ranked.*, clocks.kind AS clock_kind, state, started_at, warn_at, due_at, extended_due_at, warned_at, breached_at, met_at
    FROM (
        SELECT *, row_number() OVER (PARTITION BY contact_id, brand_id ORDER BY qualified_at DESC, id DESC) AS rank
        FROM leads WHERE contact_id = ANY(%(contact_ids)s)
    ) AS ranked
    LEFT JOIN clocks ON clocks.lead_id = ranked.id
    WHERE rank = 1 OR ranked.id = ANY(%(lead_ids)s)
"""
_CLOCKS = "SELECT * FROM clocks WHERE lead_id = ANY(%(lead_ids)s)"


def current_leads(contact_ids: Collection[str], *, lead_ids: Collection[UUID] = ()) -> Statement[tuple[list[Lead], dict[UUID, Clock]]]:
    """The newest lead of each brand of these contacts, and the leads of these ids, with the clocks of those that have one."""
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


def lead_columns() -> Iterable[str]:
    """The names of a lead's columns."""
    return _LEAD_COLUMNS


_LEAD_COLUMNS = frozenset(column.name for column in Lead.__table__.columns)
