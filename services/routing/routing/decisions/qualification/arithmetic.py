"""The arithmetic of a score as a history keeps it: every line that counted, and what was needed."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from routing.decisions.policies.document import Policy
from routing.decisions.qualification.scoring import Score, ScoreLine

LINES_MAX = 50
"""Of the heaviest; what lighter ones add up to is one line more, so that the lines still sum to the score."""


def kept_score(policy: Policy, reading: Score) -> dict[str, Any]:
    """The score as JSON, with its lines and the thresholds it was held against."""
    heaviest = sorted(reading.lines, key=lambda line: -abs(line.points))
    shown, rest = heaviest[:LINES_MAX], heaviest[LINES_MAX:]
    return {
        **kept_sums(reading),
        "thresholds": {"fit": policy.thresholds.fit, "engagement": policy.thresholds.engagement},
        "lines": [*(_kept_line(line) for line in shown), *_kept_rest(rest)],
    }


def kept_sums(reading: Score) -> dict[str, Any]:
    """The score as JSON, without its lines."""
    return {"fit": float(reading.fit), "engagement": float(reading.engagement), "grade": reading.grade}


def _kept_line(line: ScoreLine) -> dict[str, Any]:
    occurred_at = None if line.occurred_at is None else line.occurred_at.isoformat()
    return {
        "kind": line.kind,
        "rule": line.rule_id,
        "points": float(line.points),
        "engagement_id": line.engagement_id,
        "occurred_at": occurred_at,
    }


def _kept_rest(lines: Sequence[ScoreLine]) -> list[dict[str, Any]]:
    """What was left out, apart for fit and engagement, since each is a sum of its own."""
    rests = {
        "fit": [line for line in lines if line.kind == "fit"],
        "engagement": [line for line in lines if line.kind != "fit"],
    }
    return [
        {
            "kind": kind,
            "rule": f"{len(rest)} more",
            "points": float(sum((line.points for line in rest), Decimal(0))),
            "engagement_id": None,
            "occurred_at": None,
        }
        for kind, rest in rests.items()
        if rest
    ]
