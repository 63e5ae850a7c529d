"""Where the contact of a lead stands with its brand, by what lies on the desk."""

from routing.decisions.qualification.journey import ReachedStage
from routing.decisions.qualification.readiness import SqlCandidate, sql_candidate
from routing.operations.desk import Desk
from routing.tables import Lead


def reached_stage(desk: Desk, lead: Lead) -> ReachedStage | None:
    """The furthest content they took in; None if none."""
    head = desk.ledgers.get(desk.pair_of(lead))
    return head.reached if head else None


def sql_candidate_of(desk: Desk, lead: Lead) -> SqlCandidate | None:
    """Why the lead is an SQL candidate; None if nothing confirmed intent in its cycle."""
    head = desk.ledgers.get(desk.pair_of(lead))
    return sql_candidate(head.confirmed, counting_after=lead.counting_after) if head else None
