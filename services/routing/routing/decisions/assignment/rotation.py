"""Turns among a territory's reps, by weight, kept from one lead to the next.

Each rep is owed their share of every turn they are there for, and pays one whole turn for a lead. A turn goes, among those who are owed
something, to the one whose next turn is due first (Balinski and Young's quota method), so everybody stays within one turn of their share
after any number of turns, and a bulk of leads is nothing but turns one after another. Who joins is owed nothing yet; who is away is owed
nothing for the time away and finds, coming back, what they left: neither is flooded, neither starves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from typing import Any

COMPARED_DECIMALS = 9
"""Differences below a billionth of a turn are noise of the arithmetic: such reps are equal."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One rep's place: the turns owed to them; negative is ahead of their share."""

    rep_id: str
    turns_owed: float


@dataclass(frozen=True, slots=True)
class Rotation:
    """The state kept per territory; `turn` is the number of turns taken, and the pointer people are shown."""

    turn: int = 0
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it was, and the rotation afterwards."""

    rep_id: str
    rotation: Rotation


def take_turn(rotation: Rotation, *, weights: Mapping[str, float]) -> Turn:
    """Give the next turn to one of the reps who can take it now, named with their weights (positive; else ValueError).

    Where reps are equal a hash of the id decides, always the same and no matter of seniority.
    """
    if not weights or not all(isfinite(weight) and weight > 0 for weight in weights.values()):
        raise ValueError("a turn needs at least one rep, each with a positive weight")
    standings = {standing.rep_id: standing.turns_owed for standing in rotation.standings}
    reps = sorted(weights)
    weight_sum = sum(weights[rep_id] for rep_id in reps)
    share = {rep_id: weights[rep_id] / weight_sum for rep_id in reps}
    owed = {rep_id: standings.get(rep_id, 0.0) for rep_id in reps}
    # Among those present debts and credits cancel out: what a rep takes along when leaving, the others share, and give back on return.
    surplus = sum(owed.values())
    owed = {rep_id: owed[rep_id] + (1 - surplus) * share[rep_id] for rep_id in reps}

    def precedence(rep_id: str) -> tuple[float, bytes]:
        return round((1 - owed[rep_id]) / share[rep_id], COMPARED_DECIMALS), sha256(rep_id.encode()).digest()

    chosen = min((rep_id for rep_id in reps if round(owed[rep_id], COMPARED_DECIMALS) > 0), key=precedence)
    standings |= owed
    standings[chosen] -= 1
    after = tuple(Standing(rep_id, turns_owed) for rep_id, turns_owed in sorted(standings.items()))
    return Turn(chosen, Rotation(rotation.turn + 1, after))


def rotation_to_document(rotation: Rotation) -> dict[str, Any]:
    """Write a rotation as a JSON document: `{turn, turns_owed: {rep_id: number}}`."""
    return {"turn": rotation.turn, "turns_owed": {standing.rep_id: standing.turns_owed for standing in rotation.standings}}


def rotation_from_document(document: Mapping[str, Any]) -> Rotation:
    """Read what `rotation_to_document` wrote; the same rotation comes back, to the last digit."""
    return Rotation(document["turn"], tuple(Standing(rep_id, owed) for rep_id, owed in sorted(document["turns_owed"].items())))
