"""Nobody is flooded, nobody starves: what every rep got against their share by weight of the turns they could have taken.

Arrivals, absences, joiners, leavers and weights are drawn by a seed. Shares are summed from the decision records: of each turn, everybody
who was eligible for it has a share by weight, and one has the lead.
"""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routing.decisions.assignment.rotation import Rotation, take_turn
from tests.routing.world import World, absence, contact, engagement, rep

TODAY = datetime.now(UTC).date()
STRAYED_MAX = 4
"""Leads, whatever the number of turns: what somebody is owed, or owes, when they go away is theirs when they are back."""
PAST = {"from": str(TODAY - timedelta(days=9)), "until": str(TODAY - timedelta(days=8))}


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that was taken: by whom, among whom, by which weights."""

    taken_by: str
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """How far anybody strayed from their share, in leads: at the end, and at any moment."""

    turns: int
    at_the_end: float
    at_any_moment: float

    @classmethod
    def of(cls, turns: Iterable[Turn]) -> "Figures":
        counts: Counter[str] = Counter()
        shares: Counter[str] = Counter()
        worst = taken = 0.0
        for turn in turns:
            taken += 1
            counts[turn.taken_by] += 1
            total = sum(turn.weights.values())
            for rep_id, weight in turn.weights.items():
                shares[rep_id] += weight / total  # type: ignore[assignment]
            worst = max(worst, *(abs(counts[rep_id] - shares[rep_id]) for rep_id in turn.weights))
        return cls(int(taken), max(abs(counts[rep_id] - shares[rep_id]) for rep_id in shares), worst)

    def __str__(self) -> str:
        strayed = f"{self.at_any_moment:.2f} leads from their share at any moment, {self.at_the_end:.2f} at the end"
        return f"{self.turns} turns: nobody more than {strayed}"


def tell(capsys: pytest.CaptureFixture[str], name: str, figures: Figures) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n  fairness, {name}: {figures}\n")


@pytest.mark.parametrize("seed", [7, 11, 2026])
def test_ten_thousand_arrivals_with_absences_joiners_and_leavers(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    draw = random.Random(seed)
    weights = {f"rep-{number}": draw.choice([0.5, 1.0, 1.0, 2.0]) for number in range(12)}
    there, rotation, turns = set(weights), Rotation(), []
    for number in range(10_000):
        if number % 40 == 0:
            there = {rep_id for rep_id in weights if draw.random() > 0.15} or set(weights)
        if number % 1_500 == 1_499:
            weights[f"joiner-{number}"] = 1.0
            del weights[draw.choice(sorted(weights))]
            there &= set(weights)
        present = {rep_id: weights[rep_id] for rep_id in there}
        taken = take_turn(rotation, weights=present)
        rotation = taken.rotation
        turns.append(Turn(taken.rep_id, present))
    figures = Figures.of(turns)
    tell(capsys, f"in memory, seed {seed}", figures)
    assert figures.at_any_moment < STRAYED_MAX


PHASES = 8
LEADS_A_PHASE = 40


@pytest.mark.parametrize("seed", [7, 2026])
async def test_concurrent_batches_with_absences_joiners_and_leavers(world: World, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    draw = random.Random(seed)
    weights = {f"rep-{number}": draw.choice([0.5, 1.0, 2.0]) for number in range(1, 8)}
    away: set[str] = set()
    await world.put("reps", *(rep(rep_id, "chicago", weight=weight) for rep_id, weight in weights.items()))
    contact_ids = [f"hcp-{number}" for number in range(PHASES * LEADS_A_PHASE)]
    await world.hear(*(contact(contact_id) for contact_id in contact_ids))
    in_force: dict[str, dict[str, float]] = {}
    for phase in range(PHASES):
        await _change_the_field_force(world, draw, weights, away, phase)
        arriving = contact_ids[phase * LEADS_A_PHASE : (phase + 1) * LEADS_A_PHASE]
        in_force |= {contact_id: dict(weights) for contact_id in arriving}
        await asyncio.gather(*(world.hear(*(engagement(each) for each in batch)) for batch in _batches(draw, arriving)))

    leads = {lead["id"]: lead for lead in await world.leads()}
    assert len(leads) == len(contact_ids)
    records = [(in_force[leads[lead_id]["contact_id"]], await _assigned(world, lead_id)) for lead_id in leads]
    records.sort(key=lambda each: each[1]["pointer_after"])
    assert [record["pointer_after"] for _, record in records] == list(range(1, len(contact_ids) + 1))
    figures = Figures.of(_turn(record, by_rep) for by_rep, record in records)
    tell(capsys, f"in PostgreSQL, concurrent batches, seed {seed}", figures)
    assert figures.at_any_moment < STRAYED_MAX


async def _change_the_field_force(world: World, draw: random.Random, weights: dict[str, float], away: set[str], phase: int) -> None:
    """Somebody goes away, somebody is back, and now and then somebody joins or leaves."""
    for rep_id in draw.sample(sorted(away), len(away) // 2):
        await world.put("absences", absence(f"away-{rep_id}", rep_id, **PAST))
        away.discard(rep_id)
    gone = draw.choice(sorted(set(weights) - away))
    await world.put("absences", absence(f"away-{gone}", gone))
    away.add(gone)
    if phase % 3 == 1:
        weights[f"joiner-{phase}"] = 1.0
        await world.put("reps", rep(f"joiner-{phase}", "chicago"))
    if phase % 3 == 2:
        leaver = draw.choice(sorted(set(weights) - away))
        await world.put("reps", rep(leaver, "chicago", weight=weights.pop(leaver), active=False))


def _batches(draw: random.Random, contact_ids: Collection[str]) -> list[list[str]]:
    """One after the other, a few, or all at once."""
    rest, batches = list(contact_ids), []
    while rest:
        size = draw.choice([1, 1, 3, 12])
        batches.append(rest[:size])
        rest = rest[size:]
    return batches


async def _assigned(world: World, lead_id: str) -> dict[str, Any]:
    [record] = [each for each in await world.get(f"leads/{lead_id}/history") if each["kind"] == "assigned"]
    return dict(record)


def _turn(record: Mapping[str, Any], weights: Mapping[str, float]) -> Turn:
    eligible = {each["rep_id"]: weights[each["rep_id"]] for each in record["candidates"] if each["eligible"]}
    [taken_by] = [each["rep_id"] for each in record["candidates"] if each["why_not"] is None]
    return Turn(taken_by, eligible)
