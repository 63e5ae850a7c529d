"""A window of history as a simulation reads it: engagements contact by contact, with those before it that still count, who they are, and
what came of their real leads."""

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
from routing.decisions.qualification.cycles import PastLead
from routing.decisions.qualification.replay import EPOCH, Seen, Shapes
from routing.queries import facts
from routing.queries.field_force import standing
from shared.database import Statement, stream, together

ROWS_AT_ONCE = 5_000
CONTACTS_AT_ONCE = 500
ENGAGEMENTS_AT_ONCE = 200_000
"""However long their histories are."""

_SETTINGS = "SELECT set_config('work_mem', '64MB', true), set_config('cursor_tuple_fraction', '1', true)"

_WINDOW = "engagements WHERE brand_id = %(brand_id)s AND occurred_at >= %(begins_at)s AND occurred_at < %(ends_at)s"
_BEFORE = "engagements WHERE brand_id = %(brand_id)s AND occurred_at >= %(looks_back_to)s AND occurred_at < %(begins_at)s"
_SEEN = """
    contact_id, CAST(extract(epoch FROM occurred_at) * 1000000 AS bigint), engagement_id, campaign_id,
    kind, context, asset_id, machine, CAST(to_json(topics) AS text), CAST(to_json(flags) AS text)
"""
_IN_WINDOW = f"SELECT {_SEEN} FROM {_WINDOW} ORDER BY contact_id, occurred_at, engagement_id"  # noqa: S608
_WITH_BEFORE = f"""
    SELECT {_SEEN} FROM engagements WHERE brand_id = %(brand_id)s AND occurred_at >= %(looks_back_to)s AND occurred_at < %(ends_at)s
        AND contact_id IN (SELECT contact_id FROM {_WINDOW})
    ORDER BY contact_id, occurred_at, engagement_id
"""  # noqa: S608
_COUNT = f"SELECT count(*) FROM (SELECT FROM {_WINDOW} LIMIT %(most)s) AS counted"  # noqa: S608
_IS_PRECEDED = f"SELECT EXISTS (SELECT FROM {_BEFORE}) AS found"  # noqa: S608
# Where nothing lies before the window, nobody needs to know whose engagements it has.
_COUNT_BEFORE = f"""
    SELECT count(*) FROM (
        SELECT FROM {_BEFORE} AND ({_IS_PRECEDED}) AND contact_id IN (SELECT contact_id FROM {_WINDOW}) LIMIT %(most)s
    ) AS counted
"""  # noqa: S608
_CONTACTS = "SELECT * FROM contacts WHERE contact_id = ANY(%(contact_ids)s) AND version IS NOT NULL AND merged_into IS NULL"
_OPEN_FOR = """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - qualified_at)) AS seconds
    FROM leads WHERE brand_id = %(brand_id)s AND ended_at IS NOT NULL
"""
# A person's leads go on under whichever of their ids they began; one that closed as merged goes on in another.
_LEADS = """
    leads LEFT JOIN contacts ON contacts.contact_id = leads.contact_id
    WHERE brand_id = %(brand_id)s AND merged_into_lead_id IS NULL AND leads.contact_id = ANY(
        CAST(%(contact_ids)s AS text[])
        || ARRAY(SELECT contact_id FROM contacts WHERE merged_into = ANY(%(contact_ids)s) AND merged_into IS NOT NULL)
    )
"""
_PERSON = "coalesce(contacts.merged_into, leads.contact_id) AS person_id"
_PAST_LEADS = f"""
    SELECT {_PERSON}, CAST(extract(epoch FROM qualified_at) * 1000000 AS bigint) AS began_at,
        CAST(extract(epoch FROM ended_at) * 1000000 AS bigint) AS ended_at,
        CASE WHEN stage <> 'recycled' THEN rep_id END AS rep_id
    FROM {_LEADS}
"""  # noqa: S608
# A report that was refused after all counts for nothing.
_ENTERED = """
    EXISTS (
        SELECT FROM decision_records AS entered WHERE entered.lead_id = leads.id AND to_stage = ANY({stages}) AND NOT EXISTS (
            SELECT FROM decision_records AS refused
            WHERE refused.lead_id = leads.id AND refused.kind = 'outcome_refused'
                AND refused.details->>'report_id' = entered.details->>'report_id'
        )
    )
"""
_REACHED = f"""
    SELECT {_PERSON}, qualified_at, ended_at, ended_at IS NOT NULL AS ended,
        {_ENTERED.format(stages="ARRAY['sql']")} AS sql, {_ENTERED.format(stages="%(met)s")} AS met
    FROM {_LEADS}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Window:
    """Engagements of one brand that happened from a moment until before another; whatever else there is, is taken as of `day`."""

    brand_id: str
    begins_at: datetime
    ends_at: datetime
    day: date
    looks_back_to: datetime | None = None
    """From when on engagements before the window count in it; None: none do."""

    @property
    def read_from(self) -> datetime:
        """Where the reading begins."""
        return self.looks_back_to or self.begins_at

    @property
    def parameters(self) -> dict[str, Any]:
        return {"brand_id": self.brand_id, "begins_at": self.begins_at, "ends_at": self.ends_at, "looks_back_to": self.read_from}


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


async def contacts_in_turn(
    session: AsyncSession, window: Window, shapes: Shapes, *, looks_back: bool
) -> AsyncIterator[dict[str, list[Seen]]]:
    """The window's engagements in sets of whole contacts, by contact id, with those before them if one `looks_back`; each contact's in the
    order of time and id."""
    contacts: dict[str, list[Seen]] = {}
    last_id, held = None, 0
    seen: list[Seen] = []
    async for rows in stream(session, _WITH_BEFORE if looks_back else _IN_WINDOW, window.parameters, rows_at_once=ROWS_AT_ONCE):
        for row in rows:
            contact_id = row[0]
            if contact_id != last_id:
                held += len(seen)
                if len(contacts) >= CONTACTS_AT_ONCE or held >= ENGAGEMENTS_AT_ONCE:
                    yield contacts
                    contacts, held = {}, 0
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


def count_before(window: Window, *, most: int) -> Statement[int]:
    """How many engagements its contacts have before it that may count in it, counted no further than that."""
    return Statement(_COUNT_BEFORE, {**window.parameters, "most": most}, lambda rows: int(rows[0].count))


def is_preceded(window: Window) -> Statement[bool]:
    """Whether the brand has engagements before the window that may count in it."""
    return Statement(_IS_PRECEDED, window.parameters, lambda rows: bool(rows[0].found))


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


def past_leads(window: Window, contact_ids: Collection[str]) -> Statement[dict[str, list[PastLead]]]:
    """By contact, when their real leads began and ended."""
    return Statement(_PAST_LEADS, {**window.parameters, "contact_ids": list(contact_ids)}, _past_leads)


def reached(window: Window, contact_ids: Collection[str], *, met: Collection[str]) -> Statement[dict[str, list[Any]]]:
    """By contact, their real leads, with how far each came (`sql`, `met`, `ended`)."""
    wanted = {**window.parameters, "contact_ids": list(contact_ids), "met": list(met)}
    return Statement(_REACHED, wanted, _by_person)


def _by_person(rows: list[Any]) -> dict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.person_id].append(row)
    return found


def _past_leads(rows: list[Any]) -> dict[str, list[PastLead]]:
    return {id_: [PastLead(row.began_at, row.ended_at, row.rep_id) for row in of_person] for id_, of_person in _by_person(rows).items()}


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
