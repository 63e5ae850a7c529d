"""What speaks against activating a policy: facts worth a second look, none of them an error."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from routing.decisions.policy import Policy
from routing.decisions.reps import Rep

WarningCode = Literal["no_assignment_steps", "nobody_eligible", "fit_out_of_reach", "engagement_out_of_reach"]


@dataclass(frozen=True, slots=True)
class ActivationWarning:
    """One of the facts, as a code and a sentence."""

    code: WarningCode
    detail: str


def activation_warnings(policy: Policy, *, reps: Collection[Rep]) -> tuple[ActivationWarning, ...]:
    """Return what would keep leads from coming about, or from finding an owner, under this policy with these reps."""
    warnings: list[ActivationWarning] = []
    if not policy.assignment:
        warnings.append(ActivationWarning("no_assignment_steps", "The policy has no assignment steps: every lead would wait in the queue."))
    elif not any(_could_have_leads(rep, brand_id=policy.brand_id) for rep in reps):
        warnings.append(ActivationWarning("nobody_eligible", "No active rep of any territory may have leads of this brand."))
    fit_max = sum((_exact(rule.points) for rule in policy.fit if rule.points > 0), Decimal(0))
    if fit_max < _exact(policy.thresholds.fit):
        detail = f"All fit rules together give {fit_max}, which is below the threshold: nobody could become an MQL."
        warnings.append(ActivationWarning("fit_out_of_reach", detail))
    engagement_max = _engagement_max(policy)
    if engagement_max is not None and engagement_max < _exact(policy.thresholds.engagement):
        detail = f"The caps allow an engagement of {engagement_max}, which is below the threshold: nobody could become an MQL."
        warnings.append(ActivationWarning("engagement_out_of_reach", detail))
    return tuple(warnings)


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
