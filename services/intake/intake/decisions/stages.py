"""Quarantine by stage: how far a rejected item came, which says who mends it. It follows from the reason and nothing else."""

from collections.abc import Mapping, Sequence
from typing import Literal

Stage = Literal["authenticity", "format", "mapping", "identity"]

STAGES: Mapping[str, Stage] = {
    # Not read at all: the sender's to mend, or, of a platform we should know, ours.
    "unreadable": "format",
    "unexpected_shape": "format",
    "too_many_items": "format",
    "invalid": "format",
    # Read, but not to be said in our words: a path, a time's format, its zone or its unit in the mapping or adapter.
    "mapping_failed": "mapping",
    "time_missing": "mapping",
    "time_unreadable": "mapping",
    "time_without_zone": "mapping",
    "time_out_of_bounds": "mapping",
    # Said in our words, but whose act it is, or which, can't be told: the person's keys, or what makes the act this one and no other.
    "no_person": "identity",
    "conflict": "identity",
    "unrecordable": "identity",
}
"""Whoever can't prove whose they are leaves nothing, so no item ever stands at `authenticity`: such requests are only counted."""


def stage_of(reason: str | None) -> Stage | None:
    """Where an item that was rejected for this reason stands; None for a reason only a later version knows."""
    return STAGES.get(reason or "")


def reasons_of(stage: Stage) -> Sequence[str]:
    """The reasons an item stands there for."""
    return [reason for reason, stands_at in STAGES.items() if stands_at == stage]
