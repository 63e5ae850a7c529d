"""Reps as assignment sees them: whether one can take a lead, and who stands in for one who is away.

A rep who is away, or has no working time left before the lead's clock runs out, can't take it. Hours are the rep's own, else those of the
lead's territory; once the clock has run out, any rep is better than none and hours don't matter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from routing.decisions.clocks.business_time import Calendar, DueOutOfReach, due_after_open_seconds

Ineligibility = Literal["unknown", "not_a_rep", "inactive", "other_brand", "excluded", "absent", "not_at_work", "full"]
"""Checked in this order, so what is last is closest to being eligible."""

INELIGIBILITIES: tuple[Ineligibility, ...] = get_args(Ineligibility)

GONE: frozenset[Ineligibility] = frozenset({"unknown", "not_a_rep", "inactive", "other_brand", "excluded"})
"""What no waiting mends: such a rep isn't the lead's any more."""


@dataclass(frozen=True, slots=True)
class Absence:
    """When a rep is away (up to, not including, `ends_at`), and who has by name what would have come to them by name."""

    starts_at: datetime
    ends_at: datetime
    delegate_rep_id: str | None = None


@dataclass(frozen=True, slots=True)
class Rep:
    """A rep (or manager: `role`) with the open leads they have now. Outside of their dates they are not active."""

    rep_id: str
    role: str
    active: bool
    brand_ids: frozenset[str]
    territory_ids: frozenset[str]
    max_open_leads: int
    weight: float
    open_leads: int
    name: str = ""
    team: str | None = None
    calendar: Calendar | None = None
    """Their own hours; None: those of the territory."""
    absences: tuple[Absence, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """From now until a lead's clock runs out, in the hours of the lead's territory. A clock that has run out leaves no time to judge by."""

    now: datetime
    due_at: datetime
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a lead asks of a rep, whichever step considers them."""

    brand_id: str
    window: Window
    excluded_rep_ids: frozenset[str] = frozenset()
    incumbent_rep_id: str | None = None
    """Who has it now: they need no room for it, and being away for a while doesn't take it from them."""
    is_planned: bool = False
    """A call that is on the plan anyway asks for no room and no hours."""


def ineligibility(rep: Rep | None, wanted: Wanted) -> Ineligibility | None:
    """Say why a rep can't take the lead; None if they can."""
    if rep is None:
        return "unknown"
    if rep.role != "rep":
        return "not_a_rep"
    if not rep.active:
        return "inactive"
    if wanted.brand_id not in rep.brand_ids:
        return "other_brand"
    if rep.rep_id in wanted.excluded_rep_ids:
        return "excluded"
    if rep.rep_id == wanted.incumbent_rep_id:
        return None
    if rep.absences and absence_in_the_way(rep, wanted.window) is not None:
        return "absent"
    if wanted.is_planned:
        return None
    if rep.calendar is not None and not _works(rep.calendar, (), wanted.window):
        return "not_at_work"
    return "full" if rep.open_leads >= rep.max_open_leads else None


def absence_in_the_way(rep: Rep, window: Window) -> Absence | None:
    """Return the absence that keeps a rep from the lead: one they are on now, or one that leaves them no working time in the window."""
    now = next((each for each in rep.absences if each.starts_at <= window.now < each.ends_at), None)
    if now is not None or window.due_at <= window.now:
        return now
    calendar = rep.calendar or window.calendar
    ahead = sorted((each for each in rep.absences if window.now < each.starts_at < window.due_at), key=lambda each: each.starts_at)
    if not ahead or not _works(calendar, (), window) or _works(calendar, ahead, window):
        return None
    return ahead[0]


def with_stand_ins(rep_ids: Sequence[str], reps: Mapping[str, Rep], wanted: Wanted) -> dict[str, str | None]:
    """Return reps called by name, in order, each who is away followed by their delegate, and by the delegate's if that one is away too.

    The values say for whom somebody stands in; None for who was called. Nobody is listed twice, so delegates who name each other in a
    circle lead to nobody.
    """
    asked: dict[str, str | None] = {}
    for rep_id in rep_ids:
        next_id: str | None = rep_id
        while next_id is not None and next_id not in asked:
            asked[next_id] = None if next_id == rep_id else rep_id
            rep = reps.get(next_id)
            away = rep is not None and ineligibility(rep, wanted) == "absent"
            absence = absence_in_the_way(rep, wanted.window) if rep is not None and away else None
            next_id = absence.delegate_rep_id if absence else None
    return asked


def possible_stand_ins(rep_ids: Iterable[str], absences: Mapping[str, Sequence[Absence]]) -> set[str]:
    """Return everybody who may come to stand in for these reps, by whatever absence of theirs or of their delegates."""
    found: set[str] = set()
    open_ids = list(rep_ids)
    while open_ids:
        delegates = {absence.delegate_rep_id for absence in absences.get(open_ids.pop(), ()) if absence.delegate_rep_id is not None}
        open_ids += delegates - found
        found |= delegates
    return found


def _works(calendar: Calendar, absences: Sequence[Absence], window: Window) -> bool:
    """Whether a calendar, less some absences, is open at any time in the window; always once the window is over."""
    if window.due_at <= window.now:
        return True
    moment = window.now
    while moment < window.due_at:
        try:
            opening = due_after_open_seconds(moment, seconds=0, calendar=calendar)
        except DueOutOfReach:
            return False
        if opening >= window.due_at:
            return False
        away = next((each for each in absences if each.starts_at <= opening < each.ends_at), None)
        if away is None:
            return True
        moment = away.ends_at
    return False
