"""A window of history as a simulation reads it: engagements contact by contact, who they are, and what came of their real leads."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.assignment.steps import LeadKind
from routing.decisions.facts import Account, Contact, Covered, Engagement, JourneyStage, Subject, Target
from routing.decisions.qualification.replay import EPOCH, Seen, Shapes
from routing.queries import facts
from routing.queries.field_force import standing
from shared.database import Statement, stream, together

ROWS_AT_ONCE = 5_000
CONTACTS_AT_ONCE = 500

_SETTINGS = "SELECT set_config('work_mem', '64MB', true), set_config('cursor_tuple_fraction', '1', true)"

_WINDOW = "engagements WHERE brand_id = %(brand_id)s AND occurred_at >= %(begins_at)s AND occurred_at < %(ends_at)s"
_IN_WINDOW = f"""
    SELECT contact_id, CAST(extract(epoch FROM occurred_at) * 1000000 AS bigint), engagement_id, campaign_id,
        kind, context, asset_id, machine, CAST(to_json(topics) AS text), CAST(to_json(flags) AS text)
    FROM {_WINDOW} ORDER BY contact_id, occurred_at, engagement_id
"""  # noqa: S608
_COUNT = f"SELECT count(*) FROM (SELECT FROM {_WINDOW} LIMIT %(most)s) AS counted"  # noqa: S608
_CONTACTS = "SELECT * FROM contacts WHERE contact_id = ANY(%(contact_ids)s) AND version IS NOT NULL AND merged_into IS NULL"
_OPEN_FOR = """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - qualified_at)) AS seconds
    FROM leads WHERE brand_id = %(brand_id)s AND ended_at IS NOT NULL
"""
_REACHED = """
    SELECT contact_id, qualified_at, ended_at IS NOT NULL AS ended,
        EXISTS (SELECT FROM decision_records WHERE lead_id = leads.id AND to_stage = 'sql') AS sql,
        EXISTS (SELECT FROM decision_records WHERE lead_id = leads.id AND to_stage = ANY(%(met)s)) AS met
    FROM leads WHERE brand_id = %(brand_id)s AND contact_id = ANY(%(contact_ids)s) AND qualified_at >= %(begins_at)s
"""


@dataclass(frozen=True, slots=True)
class Window:
    """Engagements of one brand that happened from a moment until before another; whatever else there is, is taken as of `day`."""

    brand_id: str
    begins_at: datetime
    ends_at: datetime
    day: date

    @property
    def parameters(self) -> dict[str, Any]:
        return {"brand_id": self.brand_id, "begins_at": self.begins_at, "ends_at": self.ends_at}


@dataclass(slots=True)
class Person:
    """A contact with their primary account and their target, as they are today."""

    contact: Contact
    account: Account | None
    target: Target | None
    territory: Covered | None = None

    @property
    def subject(self) -> Subject:
        """What a policy's conditions may ask about them."""
        return Subject(self.contact, self.account, self.target, self.territory)

    @property
    def kind(self) -> LeadKind:
        """Whether a lead of theirs would be on the call plan."""
        return "off_plan" if self.target is None else "on_plan"


async def contacts_in_turn(session: AsyncSession, window: Window, shapes: Shapes) -> AsyncIterator[dict[str, list[Seen]]]:
    """The window's engagements in sets of whole contacts, by contact id; each contact's in the order of time and id."""
    contacts: dict[str, list[Seen]] = {}
    last_id = None
    seen: list[Seen] = []
    async for rows in stream(session, _IN_WINDOW, window.parameters, rows_at_once=ROWS_AT_ONCE):
        for row in rows:
            contact_id = row[0]
            if contact_id != last_id:
                if len(contacts) >= CONTACTS_AT_ONCE:
                    yield contacts
                    contacts = {}
                seen = contacts[contact_id] = []
                last_id = contact_id
            seen.append(Seen(row[1], row[2], row[3], shapes[row[4:]]))
    if contacts:
        yield contacts


def shapes_of(window: Window, stages: Mapping[str, JourneyStage]) -> Shapes:
    """The shapes of the window's engagements, none known yet; `stages` are what content is made for, by asset."""
    return Shapes(partial(_engagement, window.brand_id, stages))


async def prefer_whole_answers(session: AsyncSession) -> None:
    """Has a transaction plan for all rows of what is streamed, not for the first ones, and sort in memory what fits."""
    await session.execute(text(_SETTINGS))


def count(window: Window, *, most: int) -> Statement[int]:
    """How many engagements the window has, counted no further than that."""
    return Statement(_COUNT, {**window.parameters, "most": most}, lambda rows: int(rows[0].count))


async def persons(session: AsyncSession, window: Window, contact_ids: Collection[str]) -> dict[str, Person]:
    """By contact id, those somebody described and nobody else stands for, as they are on the window's day."""
    rows, accounts, targets, now = await together(
        session,
        Statement(_CONTACTS, {"contact_ids": list(contact_ids)}, list),
        facts.primary_accounts(contact_ids, day=window.day),
        facts.targets(contact_ids, [window.brand_id], day=window.day),
        standing(),
    )
    found = {}
    for row in rows:
        contact, account = facts.contact_of(row), accounts.get(row.primary_account_id)
        covered = now.field_force.covered(contact, account, brand_id=window.brand_id, day=window.day)
        found[row.contact_id] = Person(contact, account, targets.get((row.contact_id, window.brand_id)), covered)
    return found


def open_for(window: Window) -> Statement[timedelta | None]:
    """How long leads of the brand stay open, in the median of those that ended; None if none did."""
    return Statement(
        _OPEN_FOR,
        {"brand_id": window.brand_id},
        lambda rows: None if rows[0].seconds is None else timedelta(seconds=float(rows[0].seconds)),
    )


def reached(window: Window, contact_ids: Collection[str], *, met: Collection[str]) -> Statement[dict[str, list[Any]]]:
    """By contact, the real leads that began with the window or later, and how far each came (`sql`, `met`, `ended`)."""
    wanted = {**window.parameters, "contact_ids": list(contact_ids), "met": list(met)}
    return Statement(_REACHED, wanted, _by_contact)


def _by_contact(rows: list[Any]) -> dict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.contact_id].append(row)
    return found


def _engagement(brand_id: str, stages: Mapping[str, JourneyStage], shape: tuple[str, str, str | None, bool, str, str]) -> Engagement:
    kind, context, asset_id, machine, topics, flags = shape
    return Engagement(
        engagement_id="",
        kind=kind,
        context=context,
        occurred_at=EPOCH,
        brand_id=brand_id,
        asset_id=asset_id,
        topics=frozenset(orjson.loads(topics)),
        machine=machine,
        flags=frozenset(orjson.loads(flags)),
        content_stage=stages.get(asset_id or ""),
    )
