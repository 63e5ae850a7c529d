"""History in cycles: when either of two versions would have made a contact an MQL, once in each cycle, seen through a window.

Cycles end as routing recorded it, under both versions: what a rep heard ended the conversation, whichever policy had begun it. Nothing
here depends on the window but which crossings lie in it, so another window tells the same of the time both cover.

Times are those of `replay`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from routing.decisions.facts import Subject
from routing.decisions.qualification.replay import Crossing, Replay, Seen, count_until


class PastLead(NamedTuple):
    """When a real lead began, and when it ended (None if it is open); whose it was, unless they gave it back."""

    began_at: int
    ended_at: int | None
    rep_id: str | None


class Previous(NamedTuple):
    """When the cycle before ended, and the rep one looks for who looks for old acquaintance."""

    ended_at: int
    rep_id: str | None


class InCycle(NamedTuple):
    """When either version would have made an MQL of the contact in one cycle, perhaps before the window."""

    previous: Previous | None
    """None in the first."""
    active: Crossing | None
    candidate: Crossing | None


class Span(NamedTuple):
    """From when on engagements were read, and from when on crossings count."""

    read_from: int
    begins_at: int


def cycles_in(
    span: Span, active: Replay | None, candidate: Replay, subject: Subject, engagements: Sequence[Seen], leads: Sequence[PastLead]
) -> Iterator[InCycle]:
    """Each cycle of a contact in which either version has an MQL in the window.

    The engagements are all that were read, in the order of time and id, to the window's end; the leads are all the contact ever had.
    """
    for previous, of_cycle in _cut(engagements, leads, read_from=span.read_from):
        if of_cycle[-1].at < span.begins_at:
            continue
        reopens = previous is not None
        by_active = None if active is None else active.first_crossing(subject, of_cycle, reopens=reopens)
        by_candidate = candidate.first_crossing(subject, of_cycle, reopens=reopens)
        if any(crossing is not None and crossing.at >= span.begins_at for crossing in (by_active, by_candidate)):
            yield InCycle(previous, by_active, by_candidate)


def _cut(engagements: Sequence[Seen], leads: Sequence[PastLead], *, read_from: int) -> Iterator[tuple[Previous | None, Sequence[Seen]]]:
    """The engagements of each cycle that may have an MQL yet, with the cycle before.

    Where a real lead was open as the reading begins, its cycle has had its MQL.
    """
    first, previous = 0, None
    is_taken = any(lead.began_at < read_from and (lead.ended_at is None or lead.ended_at >= read_from) for lead in leads)
    ends = [Previous(lead.ended_at, lead.rep_id) for lead in leads if lead.ended_at is not None]
    for end in sorted(ends, key=lambda each: each.ended_at):
        until = count_until(engagements, end.ended_at)
        if until > first and not is_taken:
            yield previous, engagements[first:until]
        is_taken &= end.ended_at < read_from
        first, previous = until, end
    if first < len(engagements) and not is_taken:
        yield previous, engagements[first:] if first else engagements
