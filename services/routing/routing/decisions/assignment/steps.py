"""Whom each step of an assignment asks, in which order, before anything is said of whether they can take the lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import log
from typing import Literal, assert_never

from routing.decisions.assignment.reps import GONE, Rep, Wanted, Window, ineligibility, with_stand_ins
from routing.decisions.assignment.rotation import Rotation
from routing.decisions.facts import Account, Contact, Target
from routing.decisions.policies.document import AssignmentStep

Step = AssignmentStep | Literal["on_plan"]
LeadKind = Literal["on_plan", "off_plan"]
RotaKind = Literal["territory", "pool"]

NobodyAsked = Literal[
    "no_rep_in_territory", "no_rep_in_pool", "no_territory", "no_owner", "no_named_rep", "no_earlier_rep", "no_account", "no_pool"
]
"""Why a step has nobody to ask, the most telling first."""

NO_TURNS_YET = Rotation()


@dataclass(frozen=True, slots=True)
class Rota:
    """Reps who take turns for a brand: those of a territory (of one sales team, where the alignment names one), or of a pool."""

    kind: RotaKind
    rota_id: str
    rep_ids: tuple[str, ...]
    rotation: Rotation = NO_TURNS_YET
    name: str = ""


@dataclass(frozen=True, slots=True)
class AssignableLead:
    """What a lead says about who may have it."""

    brand_id: str
    kind: LeadKind = "off_plan"
    excluded_rep_ids: frozenset[str] = frozenset()
    """Reps who rejected it or let its clock run out."""
    earlier_rep_id: str | None = None
    """The rep who last had this contact for this brand."""
    incumbent_rep_id: str | None = None
    """The rep who has it now, if it is decided again: it stays theirs wherever the step that decides finds them eligible."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is looked at. `reps` are at least those anybody names here, their delegates included, and those of the rotas."""

    lead: AssignableLead
    contact: Contact
    window: Window
    reps: Mapping[str, Rep]
    account: Account | None = None
    target: Target | None = None
    territory: Rota | None = None
    pools: tuple[Rota, ...] = ()
    """The brand's, in the order in which they are asked."""

    @property
    def wanted(self) -> Wanted:
        """What the lead asks of any rep."""
        lead = self.lead
        return Wanted(lead.brand_id, self.window, lead.excluded_rep_ids, lead.incumbent_rep_id, is_planned=lead.kind == "on_plan")


@dataclass(frozen=True, slots=True)
class Asked:
    """The reps a step asks, in order, each with whom they stand in for, if anybody; the rota, if they take turns."""

    reps: Mapping[str, str | None]
    rota: Rota | None = None


def asked_by(step: Step, situation: Situation, wanted: Wanted) -> Sequence[Asked] | NobodyAsked:
    """Return whom a step asks, one group after the other, or why there is nobody. Only who is called by name has a stand-in."""
    match step:
        case "territory":
            if situation.territory is None:
                return "no_territory"
            return _by_turns(situation.territory)
        case "pool":
            if not situation.pools:
                return "no_pool"
            return _by_turns(*situation.pools)
        case "on_plan" | "named_account" | "account_owner" | "sticky":
            named = _planned(situation, wanted) if step == "on_plan" else _named(step, situation)
            if isinstance(named, str):
                return named
            return [Asked(with_stand_ins(named, situation.reps, wanted))]
        case _:
            assert_never(step)


def _named(step: Literal["named_account", "account_owner", "sticky"], situation: Situation) -> tuple[str, ...] | NobodyAsked:
    """Return the reps a step calls by name, an account's named reps in its own order."""
    if step == "sticky":
        earlier_rep_id = situation.lead.earlier_rep_id
        return "no_earlier_rep" if earlier_rep_id is None else (earlier_rep_id,)
    account = situation.account
    if account is None:
        return "no_account"
    if step == "named_account":
        return account.named_rep_ids or "no_named_rep"
    return "no_owner" if account.owner_rep_id is None else (account.owner_rep_id,)


def _planned(situation: Situation, wanted: Wanted) -> tuple[str, ...] | NobodyAsked:
    """Return the target's rep or, if the plan names none who is still there, the alignment's, who is there before who is not.

    Which of an alignment's reps has a target is no turn but always the same: who had the contact before, else the account's owner, else
    by a hash of both, so that by weight each has a share, and few contacts change hands when a rep comes or goes.
    """
    planned = situation.target.rep_id if situation.target else None
    first = () if planned is None else (planned,)
    if first and ineligibility(situation.reps.get(first[0]), wanted) not in GONE:
        return first
    if situation.territory is None:
        return first or "no_territory"
    owner_rep_id = situation.account.owner_rep_id if situation.account else None

    def precedence(rep_id: str) -> tuple[bool, bool, bool, float]:
        rep = situation.reps.get(rep_id)
        draw = int.from_bytes(sha256(f"{situation.contact.contact_id} {rep_id}".encode()).digest()[:8]) + 1
        by_share = -log(draw / 2**64) / rep.weight if rep else 0.0
        return ineligibility(rep, wanted) is not None, rep_id != situation.lead.earlier_rep_id, rep_id != owner_rep_id, by_share

    return (*first, *sorted(situation.territory.rep_ids, key=precedence)) or "no_rep_in_territory"


def _by_turns(*rotas: Rota) -> list[Asked]:
    return [Asked(dict.fromkeys(rota.rep_ids), rota) for rota in rotas]
