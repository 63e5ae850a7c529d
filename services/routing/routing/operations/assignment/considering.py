"""Takes turns and reps in hand for a set of leads, and says of each lead in which situation it is decided.

Turns and reps stay locked until the transaction ends, and what is given away is counted at once, so that n leads at once are n leads one
after another, here and elsewhere.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.assignment.deciding import AssignTo
from routing.decisions.assignment.reps import Rep, Window, possible_stand_ins
from routing.decisions.assignment.rotation import Rotation, rotation_from_document, rotation_to_document
from routing.decisions.assignment.steps import NO_TURNS_YET, AssignableLead, Rota, RotaKind, Situation
from routing.decisions.effective import day_of
from routing.operations.clocks.timekeeping import outreach_due_at
from routing.operations.desk import Desk
from routing.operations.rows import Row, holding
from routing.queries.at_once import at_once
from routing.queries.field_force import FieldForce, Place, holding_reps, open_leads, rep_of
from routing.tables import Lead
from shared.database import Statement, together

RotaKey = tuple[RotaKind, str, str]
"""Kind, id, and the brand."""

_TABLES: Mapping[RotaKind, tuple[type[tables.Rotation] | type[tables.PoolRotation], str]] = {
    "territory": (tables.Rotation, "territory_id"),
    "pool": (tables.PoolRotation, "pool_id"),
}
"""Where the turns of each kind of rota stand, and the column with its id, in the order in which they are locked."""


@dataclass(slots=True)
class Hand:
    """The turns and reps held, as they are after what was given away so far."""

    field_force: FieldForce
    turns: dict[RotaKey, Rotation]
    reps: dict[str, Rep]
    rep_ids_of_territories: Mapping[str, tuple[str, ...]]
    keep_hours: bool
    """Whether any of them has hours of their own, or an absence: only then it matters when a clock runs out."""
    turns_taken: set[RotaKey] = field(default_factory=set)

    def situation(
        self, desk: Desk, lead: Lead, place: Place, *, incumbent_rep_id: str | None = None, starts_afresh: bool = False
    ) -> Situation:
        """All that is looked at to find the lead an owner. `starts_afresh`: whoever gets it has a clock of their own."""
        due_at = outreach_due_at(desk, lead, place.calendar, afresh=starts_afresh) if self.keep_hours else desk.now
        return Situation(
            lead=AssignableLead(
                lead.brand_id,
                "on_plan" if lead.kind == "on_plan" else "off_plan",
                frozenset(lead.excluded_rep_ids),
                lead.earlier_rep_id,
                incumbent_rep_id,
            ),
            contact=desk.contacts[desk.person_of(lead.contact_id)],
            window=Window(desk.now, due_at, place.calendar),
            reps=self.reps,
            account=desk.primary_accounts.get(desk.person_of(lead.contact_id)),
            target=desk.targets.get(desk.pair_of(lead)),
            territory=self._rota_of(place, brand_id=lead.brand_id),
            pools=tuple(
                Rota("pool", pool.pool_id, pool.rep_ids, self.turns.get(("pool", pool.pool_id, lead.brand_id), NO_TURNS_YET))
                for pool in self.field_force.pools.get(lead.brand_id, ())
            ),
        )

    def _rota_of(self, place: Place, *, brand_id: str) -> Rota | None:
        if place.territory_id is None:
            return None
        rep_ids = self.rep_ids_of_territories.get(place.territory_id, ())
        if place.team is not None:
            rep_ids = tuple(rep_id for rep_id in rep_ids if self.reps[rep_id].team == place.team)
        rotation = self.turns.get(("territory", place.territory_id, brand_id), NO_TURNS_YET)
        return Rota("territory", place.territory_id, rep_ids, rotation, place.name)

    def give(self, decision: AssignTo, *, brand_id: str, taken_from: str | None) -> None:
        """Counts a lead that goes to a rep, and the turn it may have taken."""
        if decision.rota is not None:
            key = decision.rota.kind, decision.rota.rota_id, brand_id
            self.turns[key] = decision.rota.rotation
            self.turns_taken.add(key)
        self.count(decision.rep_id, 1)
        self.count(taken_from, -1)

    def count(self, rep_id: str | None, leads: int) -> None:
        """Counts leads a rep has got, or has no more."""
        if rep_id in self.reps:
            self.reps[rep_id] = replace(self.reps[rep_id], open_leads=self.reps[rep_id].open_leads + leads)

    def turn_rows(self) -> dict[type[tables.Tables], list[Row]]:
        """The turns that were taken, as they are stored."""
        return {
            table: [_turn_row(key, self.turns[key]) for key in self.turns_taken if key[0] == kind] for kind, (table, _) in _TABLES.items()
        }


async def take_in_hand(session: AsyncSession, desk: Desk, located: Sequence[tuple[Lead, Place]], field_force: FieldForce) -> Hand:
    """Locks the turns these leads may take and the reps who may get them, and counts what those have."""
    territory_ids = {place.territory_id for _, place in located if place.territory_id is not None}
    asking_pools = {lead.brand_id for lead, _ in located if "pool" in desk.policy_of(lead).policy.assignment}
    pools = [(pool, brand_id) for brand_id in asking_pools for pool in field_force.pools.get(brand_id, ())]
    keys: set[RotaKey] = {("territory", place.territory_id, lead.brand_id) for lead, place in located if place.territory_id is not None}
    keys |= {("pool", pool.pool_id, brand_id) for pool, brand_id in pools}
    named = _named(desk, located, field_force)
    named |= possible_stand_ins(named, field_force.absences) | {rep_id for pool, _ in pools for rep_id in pool.rep_ids}
    turns = [_holding_turns(kind, [key for key in keys if key[0] == kind]) for kind in _TABLES if pools or kind == "territory"]
    (*held, rows), counts = await together(
        session,
        at_once(*turns, holding_reps(rep_ids=named, territory_ids=territory_ids)),
        open_leads(rep_ids=named, territory_ids=territory_ids, besides=list(desk.leads)),
    )
    day = day_of(desk.now)
    reps = {row.id: rep_of(row, open_leads=counts.get(row.id, 0), day=day, field_force=field_force) for row in rows}
    hand = Hand(
        field_force=field_force,
        turns={key: rotation for of_kind in held for key, rotation in of_kind.items()},
        reps=reps,
        rep_ids_of_territories=by_territory(reps.values(), territory_ids),
        keep_hours=any(rep.calendar is not None or rep.absences for rep in reps.values()),
    )
    # Of the leads on the desk the database knows how they were; how they are now is known here.
    for lead in desk.leads.values():
        if lead.ended_at is None:
            hand.count(lead.rep_id, 1)
    return hand


def _named(desk: Desk, located: Sequence[tuple[Lead, Place]], field_force: FieldForce) -> set[str]:
    """Everybody whom some lead may call by name (one that is planned, the reps of its territory), and who has it."""
    named: set[str | None] = set()
    for lead, place in located:
        account, target = desk.primary_accounts.get(desk.person_of(lead.contact_id)), desk.targets.get(desk.pair_of(lead))
        named |= {lead.earlier_rep_id, lead.rep_id, target.rep_id if target else None}
        if account is not None:
            named |= {*account.named_rep_ids, account.owner_rep_id}
        if lead.kind == "on_plan":
            named |= field_force.rep_ids_of_territories.get(place.territory_id or "", frozenset())
    return {rep_id for rep_id in named if rep_id is not None}


def by_territory(reps: Iterable[Rep], territory_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The ids of the reps of each of these territories, sorted."""
    found: dict[str, list[str]] = {}
    wanted = frozenset(territory_ids)
    for rep in sorted(reps, key=lambda rep: rep.rep_id):
        for territory_id in rep.territory_ids & wanted:
            found.setdefault(territory_id, []).append(rep.rep_id)
    return {territory_id: tuple(rep_ids) for territory_id, rep_ids in found.items()}


def _holding_turns(kind: RotaKind, keys: Collection[RotaKey]) -> Statement[dict[RotaKey, Rotation]]:
    """The turns of these rotas, of one kind, locked in id order; of one nobody took a turn of yet, none."""
    table, id_column = _TABLES[kind]
    held = holding(table, [_turn_row(key, NO_TURNS_YET) for key in keys])
    return Statement(
        held.sql,
        held.parameters,
        lambda rows: {(kind, getattr(row, id_column), row.brand_id): rotation_from_document(row.document) for row in rows},
    )


def _turn_row(key: RotaKey, rotation: Rotation) -> Row:
    kind, rota_id, brand_id = key
    return {_TABLES[kind][1]: rota_id, "brand_id": brand_id, "document": rotation_to_document(rotation)}
