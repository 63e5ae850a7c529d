"""Whose a lead becomes when its clock ran out again after a re-route, or while its owner is in conversation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Superior:
    """The row of whom the owner reports to."""

    rep_id: str
    active: bool


@dataclass(frozen=True, slots=True)
class HandUp:
    """The lead is the manager's now: to call, or to give to somebody."""

    manager_rep_id: str


@dataclass(frozen=True, slots=True)
class StayWithOwner:
    """The lead stays whose it is, and the manager, if there is one at work, is told."""

    manager_rep_id: str | None
    reason: str


Escalation = HandUp | StayWithOwner


def decide_escalation(manager: Superior | None, *, may_lose_it: bool) -> Escalation:
    """Decide who sees to the lead. `may_lose_it` until its owner made contact: a conversation isn't taken away.

    How many leads managers have, and for which brands, doesn't matter: somebody must answer for this one.
    """
    if manager is None:
        return StayWithOwner(None, "no_manager")
    if not manager.active:
        return StayWithOwner(None, "manager_inactive")
    return HandUp(manager.rep_id) if may_lose_it else StayWithOwner(manager.rep_id, "in_conversation")
