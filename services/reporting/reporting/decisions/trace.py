"""How one id walks the whole circle: which journal entries belong to its trace.

Journeys are followed by correlation, but only as far as they concern the same people, since one receipt may carry many. Where the
loop joins journeys, `rests_on` is followed: from a journey up to the themes, decisions and changes its reports led to and to the
reps who were told of those reports; from a theme, decision or change down to the journeys of all reports it rests on.
"""

from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

LOOP_TYPES = frozenset({"theme.emerged", "decision.opened", "decision.decided", "change.published", "rep.told"})
"""Events that rest on the reports of several journeys."""

GOES_ON_BY_ITSELF = frozenset(
    {"brief.issued", "clock.started", "clock.warned", "clock.breached", "clock.escalated", "clock.resumed", "clock.ended"}
)
"""What nobody does, and what follows a lead for as long as it is open: after a circle's end it is none of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal entry."""

    event_id: UUID
    event_type: str
    service: str
    correlation_id: UUID
    causation_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    contact_id: str | None
    subjects: tuple[str, ...]
    rests_on: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """Asks for every entry of these correlations, about these subjects, or resting on these reports.

    With `people`, only for those that concern one of these contacts or no contact.
    """

    correlation_ids: frozenset[UUID] = frozenset()
    subjects: frozenset[str] = frozenset()
    rests_on: frozenset[str] = frozenset()
    people: frozenset[str] | None = None


Found = Generator[Lookup, Collection[Entry], list[Entry]]


def trace(sought: str) -> Found:
    """The entries of the circle that `sought` is part of, in time order; none when nothing is known of it.

    A generator: it yields what it needs to know next and is sent the journal's answer.
    """
    first = yield Lookup(_as_correlation(sought), frozenset({sought}), frozenset({sought}))
    own = [entry for entry in first if sought in entry.subjects or sought == str(entry.correlation_id)] or list(first)
    if not own:
        return []
    if all(entry.event_type in LOOP_TYPES for entry in own):
        found = yield from _from_the_loop_down(own)
    else:
        found = yield from _from_a_journey_up(own)
    return until_the_end(in_time_order(found))


def until_the_end(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, in time order, without what only went on by itself after the rep had been told."""
    told = [place for place, entry in enumerate(entries) if entry.event_type == "rep.told"]
    return [entry for place, entry in enumerate(entries) if not told or place < told[-1] or entry.event_type not in GOES_ON_BY_ITSELF]


def in_time_order(entries: Iterable[Entry]) -> list[Entry]:
    """Each entry once, by when it happened; where that is the same, by when it was written down."""
    once = {entry.event_id: entry for entry in entries}
    return sorted(once.values(), key=lambda entry: (entry.occurred_at, entry.recorded_at, entry.event_id))


def _from_the_loop_down(own: Collection[Entry]) -> Found:
    joined = yield Lookup(correlation_ids=_correlations(own))
    loop = [*own, *joined]
    rested_on = frozenset(report_id for entry in loop for report_id in entry.rests_on)
    about = yield Lookup(subjects=rested_on | _subjects(loop))
    told = [entry for entry in about if entry.event_type in LOOP_TYPES]
    journeys = yield from _journeys([entry for entry in about if entry.event_type not in LOOP_TYPES])
    return [*loop, *told, *journeys]


def _from_a_journey_up(own: Collection[Entry]) -> Found:
    journeys = yield from _journeys([entry for entry in own if entry.event_type not in LOOP_TYPES])
    resting = yield Lookup(rests_on=_subjects(journeys))
    led_to = [entry for entry in resting if entry.event_type in LOOP_TYPES]
    if not led_to:
        return journeys
    joined = yield Lookup(correlation_ids=_correlations(led_to))
    # Other reps were told of their own reports: that is another trace's end.
    return [*journeys, *led_to, *(entry for entry in joined if entry.event_type != "rep.told")]


def _journeys(own: Collection[Entry]) -> Found:
    """Everything of these entries' journeys that concerns their people, and the journeys of what a lead's qualification rests on."""
    people = frozenset(entry.contact_id for entry in own if entry.contact_id is not None)
    known = {entry.event_id: entry for entry in own}
    fresh: Collection[Entry] = own
    while fresh:
        rested_on = frozenset(one for entry in fresh for one in entry.rests_on)
        answer = yield Lookup(_correlations(fresh), rested_on, _subjects(fresh), people)
        fresh = [entry for entry in answer if entry.event_id not in known and entry.event_type not in LOOP_TYPES]
        known |= {entry.event_id: entry for entry in fresh}
    return list(known.values())


def _correlations(entries: Iterable[Entry]) -> frozenset[UUID]:
    return frozenset(entry.correlation_id for entry in entries)


def _subjects(entries: Iterable[Entry]) -> frozenset[str]:
    return frozenset(subject for entry in entries for subject in entry.subjects)


def _as_correlation(sought: str) -> frozenset[UUID]:
    try:
        return frozenset({UUID(sought)})
    except ValueError:
        return frozenset()
