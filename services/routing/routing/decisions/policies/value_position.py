"""Where a brand competes, between making it for less and selling it for more, and what its policy says is different there.

A salesforce can't be a premium service in the morning and a cost hawk in the afternoon: the position is the brand's, said once, and changes
whom it fits, how soon a call is due and what a rep is told to do next. Everything else reads the policy as it is from that position.
"""

from routing.decisions.facts import JourneyStage
from routing.decisions.policies.document import Policy, PositionRules


def from_its_position(policy: Policy) -> Policy:
    """Return the policy with the points and clocks of its position in their place."""
    rules = _rules(policy)
    if rules is None:
        return policy
    points = {replaced.rule_id: replaced.points for replaced in rules.fit}
    fit = tuple(rule.model_copy(update={"points": points.get(rule.id, rule.points)}) for rule in policy.fit)
    return policy.model_copy(update={"fit": fit, "clocks": rules.clocks or policy.clocks})


def own_next_step(policy: Policy, journey_stage: JourneyStage) -> str | None:
    """Return what the brand tells its reps to do next at a stage, in its own words; None if it has none."""
    rules = _rules(policy)
    words: str | None = getattr(rules.next_steps, journey_stage) if rules else None
    return words


def _rules(policy: Policy) -> PositionRules | None:
    return next((rules for rules in policy.positions if rules.position == policy.value_position), None)
