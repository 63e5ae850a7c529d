"""What speaks against activating a policy: facts worth a second look, none of them an error."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from routing.decisions.assignment.reps import Rep
from routing.decisions.facts import Subject
from routing.decisions.policies.document import Policy
from routing.decisions.policies.value_position import from_its_position
from routing.decisions.qualification.deciding import closed_gate
from routing.decisions.qualification.scoring import score

WarningCode = Literal[
    "no_assignment_steps", "nobody_eligible", "fit_out_of_reach", "engagement_out_of_reach", "gates_close_to_all", "nobody_fits"
]


@dataclass(frozen=True, slots=True)
class ActivationWarning:
    """One of the facts, as a code, a sentence, and the numbers it rests on."""

    code: WarningCode
    detail: str
    figures: Mapping[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The warning as JSON."""
        return {"code": self.code, "detail": self.detail, "figures": dict(self.figures)}


def activation_warnings(
    policy: Policy, *, reps: Collection[Rep], known: Collection[Subject], now: datetime
) -> tuple[ActivationWarning, ...]:
    """Return what would keep leads from coming about, or from finding an owner, under this policy with these reps and people `known`."""
    policy = from_its_position(policy)
    warnings: list[ActivationWarning] = []
    if not policy.assignment:
        warnings.append(ActivationWarning("no_assignment_steps", "The policy has no assignment steps: every lead would wait in the queue."))
    elif not any(_could_have_leads(rep, brand_id=policy.brand_id) for rep in reps):
        detail = f"No active rep of any territory may have leads of this brand; {len(reps)} are of the brand at all."
        warnings.append(ActivationWarning("nobody_eligible", detail, {"reps": len(reps), "eligible": 0}))
    fit_max = sum((_exact(rule.points) for rule in policy.fit if rule.points > 0), Decimal(0))
    if fit_max < _exact(policy.thresholds.fit):
        detail = f"All fit rules together give {fit_max}, which is below the threshold: nobody could become an MQL."
        figures = {"reachable": float(fit_max), "threshold": float(policy.thresholds.fit)}
        warnings.append(ActivationWarning("fit_out_of_reach", detail, figures))
    engagement_max = _engagement_max(policy)
    if engagement_max is not None and engagement_max < _exact(policy.thresholds.engagement):
        detail = f"The caps allow an engagement of {engagement_max}, which is below the threshold: nobody could become an MQL."
        figures = {"reachable": float(engagement_max), "threshold": float(policy.thresholds.engagement)}
        warnings.append(ActivationWarning("engagement_out_of_reach", detail, figures))
    return (*warnings, *_warnings_about_people(policy, known, now=now))


def _warnings_about_people(policy: Policy, known: Collection[Subject], *, now: datetime) -> Iterator[ActivationWarning]:
    if not known:
        return
    closed = Counter(gate.id for subject in known if (gate := closed_gate(policy, subject, now=now)) is not None)
    if closed.total() == len(known):
        gates = ", ".join(f"{gate_id} for {number}" for gate_id, number in closed.most_common(3))
        detail = f"Of {len(known)} people who engaged with the brand the gates let nobody pass: {gates}."
        yield ActivationWarning("gates_close_to_all", detail, {"people": len(known), "passing": 0, **closed})
    fits = [score(policy, subject=subject, ledger=(), now=now).fit for subject in known]
    best = max(fits)
    if best < _exact(policy.thresholds.fit):
        detail = f"Of {len(known)} people who engaged with the brand nobody has a fit above {best:f}: nobody could become an MQL."
        yield ActivationWarning("nobody_fits", detail, {"people": len(known), "fitting": 0, "best_fit": float(best)})


def _could_have_leads(rep: Rep, *, brand_id: str) -> bool:
    return rep.role == "rep" and rep.active and brand_id in rep.brand_ids and rep.max_open_leads > 0


def _engagement_max(policy: Policy) -> Decimal | None:
    """The most that engagement rules can give; None if nothing limits it."""
    earning = {rule.id: rule for rule in policy.engagement if rule.points > 0}
    grouped = {rule_id for group in policy.groups for rule_id in group.rule_ids}
    limits = [
        _smaller(_exact(group.cap), _sum_of_caps([earning[rule_id].cap for rule_id in group.rule_ids if rule_id in earning]))
        for group in policy.groups
    ]
    ungrouped = _sum_of_caps([rule.cap for rule in earning.values() if rule.id not in grouped])
    return None if ungrouped is None else ungrouped + sum(limits, Decimal(0))


def _sum_of_caps(caps: Collection[float | None]) -> Decimal | None:
    known = [_exact(cap) for cap in caps if cap is not None]
    return sum(known, Decimal(0)) if len(known) == len(caps) else None


def _smaller(cap: Decimal, limit: Decimal | None) -> Decimal:
    return cap if limit is None else min(cap, limit)


def _exact(number: float) -> Decimal:
    return Decimal(str(number))
