"""Decision records as they are stored: what was decided about a lead, by which rule, and who else was considered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.decisions.assignment.deciding import AssignTo, Candidate, PassedStep, Queue
from routing.operations.rows import Row
from routing.tables import Lead


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rule by which a rep was chosen, or nobody; who was considered, and which steps found nobody; whose turn it was and is."""

    rule: str | None = None
    candidates: Sequence[Candidate] = ()
    passed_steps: Sequence[PassedStep] = ()
    pointer_before: int | None = None
    pointer_after: int | None = None


def chosen_by(decided: AssignTo | Queue) -> Chosen:
    """How the policy's steps chose."""
    if isinstance(decided, Queue):
        return Chosen(None, decided.candidates, decided.passed_steps)
    return Chosen(decided.step, decided.candidates, decided.passed_steps, decided.pointer_before, decided.pointer_after)


def record_row(
    lead: Lead,
    kind: str,
    *,
    at: datetime,
    reason: str,
    chosen: Chosen,
    sentence: str | None,
    details: Mapping[str, Any] | None,
) -> Row:
    """The row of the lead's newest record, but for its stages."""
    return {
        "lead_id": lead.id,
        "position": lead.record_count,
        "at": at,
        "kind": kind,
        "reason": reason,
        "policy_version": lead.policy_version,
        "rule": chosen.rule,
        "candidates": list(chosen.candidates),
        "passed_steps": list(chosen.passed_steps),
        "pointer_before": chosen.pointer_before,
        "pointer_after": chosen.pointer_after,
        "sentence": sentence,
        "details": details,
    }
