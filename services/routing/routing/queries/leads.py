"""Leads and their clocks, as the operations load them."""

from collections.abc import Collection
from dataclasses import fields
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy.orm.attributes import instance_dict
from sqlalchemy.orm.instrumentation import manager_of_class

from routing.decisions.clocks.clock import Clock, next_moment
from routing.decisions.clocks.rules import CLOCK_KINDS, ClockKind
from routing.tables import Lead
from shared.database import Statement

ClockKey = tuple[UUID, ClockKind]
"""A lead's id and the kind of its clock."""

_CLOCK_FIELDS = tuple(field.name for field in fields(Clock))
_clock_values = attrgetter(*_CLOCK_FIELDS)
_joined_clock_values = attrgetter(*(f"clock_{name}" for name in _CLOCK_FIELDS))

# Of a person (a contact with all who are merged into it) x brand those that are open, else the one that ended last.
# A row for each clock of a lead, one for a lead without any.
_CURRENT = f"""
    SELECT ranked.*, {", ".join(f"clocks.{name} AS clock_{name}" for name in _CLOCK_FIELDS)}
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
"""  # noqa: S608
_CLOCKS = "SELECT * FROM clocks WHERE lead_id = ANY(%(lead_ids)s)"


def current_leads(contact_ids: Collection[str], *, lead_ids: Collection[UUID] = ()) -> Statement[tuple[list[Lead], dict[ClockKey, Clock]]]:
    """The open lead of each brand of these contacts and of those merged into them, else the one that ended last, and the leads of these
    ids, with all their clocks."""
    return Statement(_CURRENT, {"contact_ids": list(contact_ids), "lead_ids": list(lead_ids)}, _leads_with_clocks)


def clocks(lead_ids: Collection[UUID]) -> Statement[dict[UUID, list[Clock]]]:
    """The clocks of the leads that have any, each lead's in the order in which they press."""
    return Statement(_CLOCKS, {"lead_ids": list(lead_ids)}, _clocks_by_lead)


def _leads_with_clocks(rows: list[Any]) -> tuple[list[Lead], dict[ClockKey, Clock]]:
    leads = {row.id: lead_of(row) for row in rows}
    return list(leads.values()), {(row.id, row.clock_kind): Clock(*_joined_clock_values(row)) for row in rows if row.clock_kind is not None}


def _clocks_by_lead(rows: list[Any]) -> dict[UUID, list[Clock]]:
    by_lead: dict[UUID, list[Clock]] = {}
    for row in sorted(rows, key=lambda row: CLOCK_KINDS.index(row.kind)):
        by_lead.setdefault(row.lead_id, []).append(Clock(*_clock_values(row)))
    return by_lead


def lead_of(row: Any) -> Lead:
    """A lead from its row, belonging to no session: it is written when its desk is cleared."""
    lead: Lead = _blank()  # its constructor costs ten times as much, and they are read by the hundred
    instance_dict(lead).update(zip(_LEAD_COLUMNS, _lead_values(row), strict=True))
    return lead


def clock_row(lead: Lead, clock: Clock) -> dict[str, Any]:
    """A lead's clock as it is stored, with the moment at which it needs attention."""
    next_at = next_moment(clock, is_owned=lead.rep_id is not None)
    return {"lead_id": lead.id, "next_at": next_at, **{name: getattr(clock, name) for name in _CLOCK_FIELDS}}


def currency(lead: Lead) -> tuple[Any, ...]:
    """Orders leads of one person x brand: by when they ended, open ones last."""
    return lead.ended_at is None, lead.ended_at or lead.qualified_at, lead.qualified_at, lead.id


def lead_row(lead: Lead) -> dict[str, Any]:
    """A lead as it is stored."""
    return {name: getattr(lead, name) for name in _LEAD_COLUMNS}


_LEAD_COLUMNS = tuple(column.name for column in Lead.__table__.columns)
_lead_values = attrgetter(*_LEAD_COLUMNS)
_blank = manager_of_class(Lead).new_instance
