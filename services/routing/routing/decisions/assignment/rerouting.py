"""Which owned leads are decided again when their rep, or what aligns them, is different from before.

A lead nobody has reached out for is decided by the same rules as a new one, but stays with its rep wherever the step that decides finds
them eligible: nothing moves without need. One in conversation stays with its rep unless they left.
"""

from routing.decisions.assignment.reps import Rep
from routing.decisions.lifecycle.stages import LeadPosition, Stage

BEFORE_CONTACT: frozenset[Stage] = frozenset({"mql", "assigned", "accepted"})


def has_left(rep: Rep | None) -> bool:
    """Whether a rep takes no leads any more: gone, not active, or something else by now."""
    return rep is None or not rep.active or rep.role != "rep"


def stays(lead: LeadPosition, rep: Rep | None, *, attempted: bool) -> bool:
    """Whether a lead isn't decided again. `attempted` tells whether its first-outreach clock is met."""
    if lead.ended_at is not None or lead.rep_id is None:
        return True
    return (attempted or lead.stage not in BEFORE_CONTACT) and not has_left(rep)


def reason_to_reroute(rep: Rep | None) -> str:
    """Why a lead has another owner, or none, after it was decided again."""
    return "rep_left" if has_left(rep) else "realigned"
