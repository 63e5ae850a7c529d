"""Assignments rehearsed on paper: leads nobody has, handed out by the same decisions as real ones, on a copy of turns and counts.

Nothing is locked, and nothing is written: the desks these leads lie on are never cleared.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Any

from routing.decisions.assignment.deciding import AssignTo, decide_assignment
from routing.decisions.assignment.rotation import Rotation, rotation_from_document
from routing.decisions.qualification.deciding import Qualification, Qualified
from routing.operations.assignment.considering import Hand, RotaKey, by_territory
from routing.operations.assignment.owners import Search, find_owner
from routing.operations.desk import Desk
from routing.operations.qualifying import announce
from routing.queries.field_force import FieldForce, Place, rep_of
from routing.queries.policies import Policies
from routing.queries.windows import Person, Window
from routing.tables import Lead
from shared.database import Statement
from shared.ids import new_id

_OPEN_LEADS = "SELECT rep_id, count(*) AS open_leads FROM leads WHERE ended_at IS NULL AND rep_id IS NOT NULL GROUP BY rep_id"
_OPEN_THEN = "rep_id IS NOT NULL AND qualified_at < %(begins_at)s AND (ended_at IS NULL OR ended_at >= %(begins_at)s)"
_OPEN_LEADS_THEN = f"SELECT rep_id, count(*) AS open_leads FROM leads WHERE {_OPEN_THEN} GROUP BY rep_id"  # noqa: S608
_OF_OTHER_BRANDS = """
    rep_id IS NOT NULL AND brand_id <> %(brand_id)s AND qualified_at >= %(begins_at)s AND qualified_at < %(ends_at)s
"""
# Leads of the brand that began in the window are those to be handed out; all others come and go as they did.
_CHANGES = f"""
    SELECT qualified_at AS at, rep_id, 1 AS leads FROM leads WHERE {_OF_OTHER_BRANDS}
    UNION ALL SELECT ended_at, rep_id, -1 FROM leads
        WHERE ended_at >= %(begins_at)s AND ended_at < %(ends_at)s AND (({_OPEN_THEN}) OR ({_OF_OTHER_BRANDS}))
"""  # noqa: S608
_TURNS = """
    SELECT 'territory' AS kind, territory_id AS rota_id, brand_id, document FROM rotations
    UNION ALL SELECT 'pool', pool_id, brand_id, document FROM pool_rotations
"""


@dataclass(slots=True)
class Load:
    """What a rep was given, and how many leads they had open at most at a time."""

    given: int = 0
    open_most: int = 0


Change = tuple[datetime, str, int]
"""When a rep got, or had no more, so many leads."""


@dataclass(slots=True)
class Rehearsal:
    """Leads of one brand handed out in the order of time. One stays open for so long; None: to the end.

    Other leads of the reps come and go by `changes`.
    """

    hand: Hand
    policies: Policies
    brand_id: str
    open_for: timedelta | None = None
    changes: list[Change] = field(default_factory=list)
    loads: dict[str, Load] = field(default_factory=dict)
    waiting: Counter[str] = field(default_factory=Counter)
    """Leads nobody was eligible for, by reason; of those who may not be contacted too."""

    def __post_init__(self) -> None:
        heapify(self.changes)
        reps = self.hand.reps.values()
        self.loads = {rep.rep_id: Load(open_most=rep.open_leads) for rep in reps if self.brand_id in rep.brand_ids}

    def version_for(self, person: Person) -> str:
        """The version that decides about somebody."""
        applicable = self.policies.applicable(self.brand_id, country=person.contact.country)
        if applicable is None:
            raise ValueError("a lead of a brand without a policy")
        return applicable.version

    def give(self, lead: Lead, person: Person, place: Place) -> None:
        """Lets somebody have the lead, who has it from its qualification on. Times never go back."""
        desk = self._lay_out(lead, person)
        policy = desk.policy_of(lead).policy
        decision = decide_assignment(policy.assignment, situation=self.hand.situation(desk, lead, place))
        if isinstance(decision, AssignTo):
            self.hand.give(decision, brand_id=lead.brand_id, taken_from=None)
            self._open(decision.rep_id, lead.qualified_at)
        else:
            self.waiting[decision.reason] += 1

    def give_telling(self, lead: Lead, person: Person, place: Place, qualified: Qualified) -> Desk:
        """The same, with all that is kept of a lead's beginning: the desk it lies on has its records and its clock."""
        desk = self._lay_out(lead, person)
        begin_on_paper(desk, lead, self.hand, place, qualified)
        if lead.rep_id is not None:
            self._open(lead.rep_id, lead.qualified_at)
        else:
            self.waiting[lead.waiting_reason or desk.records[-1]["reason"]] += 1
        return desk

    def _lay_out(self, lead: Lead, person: Person) -> Desk:
        self._change_until(lead.qualified_at)
        return paper_desk(lead.qualified_at, person, brand_id=self.brand_id, policies=self.policies)

    def _open(self, rep_id: str, at: datetime) -> None:
        self.loads.setdefault(rep_id, Load()).given += 1
        self._look_at(rep_id)
        if self.open_for is not None:
            heappush(self.changes, (at + self.open_for, rep_id, -1))

    def _change_until(self, at: datetime) -> None:
        while self.changes and self.changes[0][0] <= at:
            _, rep_id, leads = heappop(self.changes)
            self.hand.count(rep_id, leads)
            self._look_at(rep_id)

    def _look_at(self, rep_id: str) -> None:
        load = self.loads.get(rep_id)
        if load is not None:
            load.open_most = max(load.open_most, self.hand.reps[rep_id].open_leads)


def begin_on_paper(desk: Desk, lead: Lead, hand: Hand, place: Place, verdict: Qualification) -> None:
    """Begins a lead and looks for its owner, on a desk and in a hand that nobody else sees; what doesn't qualify is only given away."""
    desk.add_lead(lead, reading=verdict.score)
    if isinstance(verdict, Qualified):
        announce(desk, lead, verdict, policy=desk.policy_of(lead).policy)
    find_owner(desk, Search(lead, reason="qualified"), hand, place)


def paper_desk(now: datetime, person: Person, *, brand_id: str, policies: Policies) -> Desk:
    """A desk with one contact on it, of whom nothing has been decided yet."""
    contact_id = person.contact.contact_id
    return Desk(
        now=now,
        contacts={contact_id: person.contact},
        primary_accounts={} if person.account is None else {contact_id: person.account},
        targets={} if person.target is None else {(contact_id, brand_id): person.target},
        ledgers={},
        leads={},
        newest_leads={},
        clocks={},
        policies=policies,
        contributions={},
    )


def paper_lead(person: Person, place: Place, *, brand_id: str, version: str, qualified_at: datetime, **known: Any) -> Lead:
    """A lead as it begins: nobody has it."""
    return Lead(
        id=new_id(),
        contact_id=person.contact.contact_id,
        brand_id=brand_id,
        kind=person.kind,
        stage="mql",
        policy_version=version,
        qualified_at=qualified_at,
        reason_at=qualified_at,
        correlation_id=new_id(),
        last_event_id=new_id(),
        territory_id=place.territory_id,
        region=place.region,
        **known,
    )


def hand_on_paper() -> list[Statement[Any]]:
    """What `as_hand` puts together: all reps, whom they have now, and all turns."""
    return _hand(Statement(_OPEN_LEADS, {}, _by_rep))


def hand_then(window: Window) -> list[Statement[Any]]:
    """The same with whom they had when the window began, as far as they have them still or had them last."""
    return _hand(Statement(_OPEN_LEADS_THEN, window.parameters, _by_rep))


def changes(window: Window) -> Statement[list[Change]]:
    """How that changed within the window, but for the brand's leads that began in it."""
    return Statement(_CHANGES, window.parameters, lambda rows: [(row.at, row.rep_id, row.leads) for row in rows])


def _hand(open_leads: Statement[dict[str, int]]) -> list[Statement[Any]]:
    return [Statement("SELECT * FROM reps", {}, list), open_leads, Statement(_TURNS, {}, list)]


def _by_rep(rows: list[Any]) -> dict[str, int]:
    return {row.rep_id: row.open_leads for row in rows}


def as_hand(rows: list[Any], open_leads: Mapping[str, int], turns: list[Any], *, field_force: FieldForce, day: date) -> Hand:
    """Everybody and every turn in hand, as they are on a day; nobody else sees what is given away by it."""
    reps = {row.id: rep_of(row, open_leads=open_leads.get(row.id, 0), day=day, field_force=field_force) for row in rows}
    taken: dict[RotaKey, Rotation] = {(row.kind, row.rota_id, row.brand_id): rotation_from_document(row.document) for row in turns}
    return Hand(
        field_force=field_force,
        turns=taken,
        reps=reps,
        rep_ids_of_territories=by_territory(reps.values(), field_force.territories.keys()),
        keep_hours=any(rep.calendar is not None or rep.absences for rep in reps.values()),
    )
