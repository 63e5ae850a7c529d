"""The field force as assignment sees it: where a contact belongs, when it is open there, who is away, and who could call.

All of it but what rep rows say is compiled once per version, and read again only when the version has changed: it changes with every
change to the field force, in the same commit, and no two databases ever have the same one for different rows.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from routing.decisions.assignment.alignments import Aligned, Alignment, AlignmentIndex, Coverage, whereabouts_of
from routing.decisions.assignment.reps import Absence, Rep
from routing.decisions.clocks.business_time import CALENDAR_WITHOUT_TERRITORY, Calendar
from routing.decisions.clocks.escalation import Superior
from routing.decisions.effective import holds_on
from routing.decisions.facts import Account, Contact, Covered
from routing.queries.calendars import calendar_of, holidays_of, read_hours
from shared.database import Statement

VERSIONS_KEPT = 4
"""A process has one database; an answer that is on its way may still be of the version before."""

# The condition is looked at first: while the version is a known one nothing else is read.
_FIELD_FORCE = """
    SELECT round, field_force AS version, CASE WHEN field_force <> ALL(CAST(%(known)s AS uuid[])) THEN jsonb_build_object(
        'territories', (SELECT coalesce(jsonb_agg(territories), '[]') FROM territories),
        'alignments', (SELECT coalesce(jsonb_agg(alignments), '[]') FROM alignments),
        'reps', (SELECT coalesce(jsonb_agg(jsonb_build_array(id, territory_ids, team, brand_ids)), '[]') FROM reps WHERE active),
        'absences', (SELECT coalesce(jsonb_agg(absences ORDER BY starts_at), '[]') FROM absences WHERE ends_at > now()),
        'pools', (SELECT coalesce(jsonb_agg(pools ORDER BY id), '[]') FROM pools)
    ) END AS rows
    FROM queue_rounds
"""
_CONCERNED = "id = ANY(%(rep_ids)s) OR territory_ids && CAST(%(territory_ids)s AS text[])"
_HOLD_REPS = f"SELECT * FROM reps WHERE {_CONCERNED} ORDER BY id FOR UPDATE"  # noqa: S608
_MANAGERS = """
    SELECT reps.id AS owner_rep_id, managers.id, managers.active, managers.valid_from, managers.valid_until
    FROM reps JOIN reps AS managers ON managers.id = reps.manager_id
    WHERE reps.id = ANY(%(rep_ids)s) AND managers.id <> reps.id
"""
_OPEN_LEADS = f"""
    SELECT rep_id, count(*) AS open_leads FROM leads
    WHERE ended_at IS NULL AND rep_id IN (SELECT id FROM reps WHERE {_CONCERNED}) AND id <> ALL(CAST(%(besides)s AS uuid[]))
    GROUP BY rep_id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Place:
    """Where a lead belongs: its territory (and sales team), if its contact is aligned to any, and the hours that count there."""

    territory_id: str | None
    region: str | None
    calendar: Calendar
    name: str = ""
    team: str | None = None


NOWHERE = Place(None, None, CALENDAR_WITHOUT_TERRITORY)


@dataclass(frozen=True, slots=True)
class Pool:
    """Reps who take a brand's leads that no earlier step gave to anybody."""

    pool_id: str
    rep_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldForce:
    """Territories, alignments, absences and pools of one version, ready to be asked."""

    territories: Mapping[str, Any]
    alignments: Sequence[Alignment]
    brands_of_teams: Mapping[str, frozenset[str]]
    rep_ids_of_territories: Mapping[str, frozenset[str]]
    absences: Mapping[str, tuple[Absence, ...]]
    """By rep, in the order in which they begin."""
    pools: Mapping[str, tuple[Pool, ...]]
    """By brand, in the order in which they are asked."""
    indexes: dict[date, AlignmentIndex] = field(default_factory=dict)

    def aligned(self, contact: Contact, account: Account | None, *, brand_id: str, day: date) -> Aligned | None:
        """What a contact is aligned to for a brand on a day; None if nobody has them."""
        if day not in self.indexes:
            self.indexes.clear()  # days go by; yesterday's isn't asked for again
            self.indexes[day] = AlignmentIndex(self.alignments, day, self.brands_of_teams)
        return self.indexes[day].find(whereabouts_of(contact, account), brand_id=brand_id)

    def covered(self, contact: Contact, account: Account | None, *, brand_id: str, day: date) -> Covered | None:
        """The territory a contact lies in for a brand on a day; None if in none."""
        aligned = self.aligned(contact, account, brand_id=brand_id, day=day)
        return None if aligned is None else Covered(aligned.territory_id, self.territories[aligned.territory_id].region)

    def place_of(self, contact: Contact, account: Account | None, *, brand_id: str, day: date) -> Place:
        """Where a contact's leads of a brand belong on a day."""
        aligned = self.aligned(contact, account, brand_id=brand_id, day=day)
        if aligned is None:
            return NOWHERE
        row = self.territories[aligned.territory_id]
        return Place(row.id, row.region, calendar_of(row), row.name, aligned.team)


@dataclass(frozen=True, slots=True)
class Standing:
    """The queue's round, and the field force at that moment: whatever changes later begins another round."""

    round_number: int
    field_force: FieldForce


_known: OrderedDict[UUID, FieldForce] = OrderedDict()


def standing() -> Statement[Standing]:
    """The queue's round and the field force as they stand now. Read it before the facts an attempt to find owners rests on."""
    known = dict(_known)

    def read(rows: list[Any]) -> Standing:
        [row] = rows
        found = known.get(row.version) or _known.get(row.version)
        if found is None:
            found = _known[row.version] = _field_force(row.rows)
            while len(_known) > VERSIONS_KEPT:
                _known.popitem(last=False)
        return Standing(row.round, found)

    return Statement(_FIELD_FORCE, {"known": list(known)}, read)


def _field_force(rows: Mapping[str, Any]) -> FieldForce:
    territories = {row["id"]: SimpleNamespace(**row) for row in rows["territories"]}
    own = [Alignment(row.id, row.country, Coverage(tuple(row.postal_codes))) for row in territories.values()]
    # Until its territory is known nothing can be aligned to it: there are no hours, and no country to read postal codes in.
    explicit = [
        _alignment(row, territories[row["territory_id"]].country) for row in rows["alignments"] if row["territory_id"] in territories
    ]
    brands_of_teams: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    rep_ids_of_territories: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for rep_id, territory_ids, team, brand_ids in rows["reps"]:
        if team is not None:
            brands_of_teams[team] |= frozenset(brand_ids)
        for territory_id in territory_ids:
            rep_ids_of_territories[territory_id] |= {rep_id}
    absences: defaultdict[str, tuple[Absence, ...]] = defaultdict(tuple)
    for row in rows["absences"]:
        absence = Absence(datetime.fromisoformat(row["starts_at"]), datetime.fromisoformat(row["ends_at"]), row["delegate_rep_id"])
        absences[row["rep_id"]] += (absence,)
    pools: defaultdict[str, tuple[Pool, ...]] = defaultdict(tuple)
    for row in rows["pools"]:
        pools[row["brand_id"]] += (Pool(row["id"], tuple(row["rep_ids"])),)
    return FieldForce(territories, [*explicit, *own], brands_of_teams, rep_ids_of_territories, absences, pools)


def _alignment(row: Mapping[str, Any], country: str) -> Alignment:
    return Alignment(
        territory_id=row["territory_id"],
        country=country,
        include=_coverage(row["include"]),
        exclude=_coverage(row["exclude"]),
        alignment_id=row["id"],
        brand_id=row["brand_id"],
        team=row["team"],
        priority=row["priority"],
        valid_from=_date(row["valid_from"]),
        valid_until=_date(row["valid_until"]),
    )


def _coverage(listed: Mapping[str, Sequence[str]]) -> Coverage:
    return Coverage(
        tuple(listed.get("postal_codes") or ()), frozenset(listed.get("account_ids") or ()), frozenset(listed.get("contact_ids") or ())
    )


def _date(text_or_none: str | None) -> date | None:
    return None if text_or_none is None else date.fromisoformat(text_or_none)


def holding_reps(*, rep_ids: Collection[str], territory_ids: Collection[str]) -> Statement[list[Any]]:
    """The rows of the reps named and of those of the territories, locked in id order until the transaction ends."""
    return Statement(_HOLD_REPS, {"rep_ids": list(rep_ids), "territory_ids": list(territory_ids)}, list)


def open_leads(*, rep_ids: Collection[str], territory_ids: Collection[str], besides: Collection[UUID]) -> Statement[dict[str, int]]:
    """How many open leads each of those reps has, besides some. Whoever gives a lead to a rep holds the rep: the count is exact."""
    wanted = {"rep_ids": list(rep_ids), "territory_ids": list(territory_ids), "besides": list(besides)}
    return Statement(_OPEN_LEADS, wanted, lambda rows: {row.rep_id: row.open_leads for row in rows})


def managers_of(rep_ids: Collection[str], *, day: date) -> Statement[dict[str | None, Superior]]:
    """Whom these reps report to, as they are on a day, by the rep; those who report to nobody known are left out."""
    return Statement(_MANAGERS, {"rep_ids": list(rep_ids)}, lambda rows: {row.owner_rep_id: _superior(row, day) for row in rows})


def _superior(row: Any, day: date) -> Superior:
    return Superior(row.id, row.active and holds_on(day, valid_from=row.valid_from, valid_until=row.valid_until))


def rep_of(row: Any, *, open_leads: int, day: date, field_force: FieldForce | None = None) -> Rep:
    """A rep from their row, as they are on a day: outside of their dates they are not active.

    Hours of their own and absences are told only where the field force is.
    """
    return Rep(
        rep_id=row.id,
        role=row.role,
        active=row.active and holds_on(day, valid_from=row.valid_from, valid_until=row.valid_until),
        brand_ids=frozenset(row.brand_ids),
        territory_ids=frozenset(row.territory_ids),
        max_open_leads=row.max_open_leads,
        weight=row.weight,
        open_leads=open_leads,
        name=row.name,
        team=row.team,
        calendar=_own_hours(row, field_force) if field_force else None,
        absences=field_force.absences.get(row.id, ()) if field_force else (),
    )


def _own_hours(row: Any, field_force: FieldForce) -> Calendar | None:
    """The hours of a rep who keeps hours of their own, in their zone, else in that of their first territory, whose holidays are theirs."""
    if not row.hours:
        return None
    first = next((field_force.territories[each] for each in row.territory_ids if each in field_force.territories), None)
    return read_hours(row.hours, row.timezone or (first.timezone if first else "UTC"), holidays_of(first) if first else None)
