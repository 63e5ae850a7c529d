"""In any world, whatever single thing is lost or doubled on its way, something is found; and nothing is found where nothing was."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.auditor.conftest import told_world
from tests.auditor.honest import World
from tests.auditor.judging import broken_by

sizes = st.tuples(st.integers(5, 9), st.integers(5, 9))
"""How many contacts and objections a world has."""

anywhere = st.integers(0, 10_000)
"""A position in whatever list it is asked of."""

KEPT: dict[str, Callable[[World], list[Any]]] = {
    "receipts": lambda world: world.receipts,
    "items": lambda world: world.items,
    "engagements": lambda world: world.engagements,
    "engagements in routing": lambda world: world.heard,
    "ledgers": lambda world: world.ledgers,
    "leads": lambda world: world.leads,
    "decision records": lambda world: world.records,
    "cases": lambda world: world.cases,
    "events in the books": lambda world: [telling for telling in world.told if telling.place == "sent"],
    "events in reporting": lambda world: world.journal,
    "objections in reporting": lambda world: world.objections,
    "deliveries": lambda world: world.deliveries,
    "attempts": lambda world: world.attempts,
}
"""What nobody may lose, and nobody may have twice."""


@given(sizes)
@settings(max_examples=20, deadline=None)
def test_nothing_is_found_in_an_honest_world(size: tuple[int, int]) -> None:
    world = told_world(*size)
    assert broken_by(world) == set()


@given(sizes, st.sampled_from(sorted(KEPT)), anywhere)
@settings(max_examples=150, deadline=None)
def test_any_single_loss_is_found(size: tuple[int, int], kept: str, place: int) -> None:
    world = told_world(*size)
    rows = KEPT[kept](world)
    gone = rows[place % len(rows)]
    for of_world in (rows, world.told):
        if gone in of_world:
            of_world.remove(gone)
    assert broken_by(world)


@given(sizes, st.sampled_from(sorted(KEPT)), anywhere)
@settings(max_examples=150, deadline=None)
def test_any_single_double_is_found(size: tuple[int, int], kept: str, place: int) -> None:
    world = told_world(*size)
    rows = KEPT[kept](world)
    doubled = rows[place % len(rows)]
    (world.told if kept == "events in the books" else rows).append(doubled)
    assert broken_by(world)


@given(sizes, anywhere)
@settings(max_examples=60, deadline=None)
def test_any_event_that_a_consumer_skipped_is_found(size: tuple[int, int], place: int) -> None:
    world = told_world(*size)
    skipped = [(consumer, event_id) for consumer, applied in world.inbox.items() for event_id in applied]
    consumer, event_id = skipped[place % len(skipped)]
    del world.inbox[consumer][event_id]
    assert broken_by(world)


@given(sizes, anywhere, st.sampled_from([-1, 1]))
@settings(max_examples=60, deadline=None)
def test_any_count_that_is_off_by_one_is_found(size: tuple[int, int], place: int, off: int) -> None:
    world = told_world(*size)
    counters: list[Counter[Any]] = [world.cells, world.event_counts, world.delivery_counts]
    counts = [(counter, counted) for counter in counters for counted in counter]
    counter, counted = counts[place % len(counts)]
    counter[counted] += off
    assert broken_by(world)
