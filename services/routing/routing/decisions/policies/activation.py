"""What speaks against activating a policy: facts worth a second look, none of them an error."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from routing.decisions.assignment.reps import Rep
from routing.decisions.briefs.material import is_recommendable
from routing.decisions.facts import JOURNEY_STAGES, Asset, JourneyStage, Subject
from routing.decisions.policies.attainable import can_earn, most_engagement, most_fit
from routing.decisions.policies.document import Policy
from routing.decisions.policies.value_position import from_its_position, own_next_step
from routing.decisions.qualification.deciding import closed_gate
from routing.decisions.qualification.journey import reachable_stages
from routing.decisions.qualification.scoring import score

WarningCode = Literal[
    "no_assignment_steps",
    "nobody_eligible",
    "fit_out_of_reach",
    "engagement_out_of_reach",
    "grades_out_of_reach",
    "gates_close_to_all",
    "nobody_fits",
    "stage_out_of_reach",
    "rule_out_of_reach",
    "no_readiness",
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
    policy: Policy, *, reps: Collection[Rep], known: Collection[Subject], content_stages: Collection[JourneyStage], now: datetime
) -> tuple[ActivationWarning, ...]:
    """Return what would keep leads from coming about, or from finding an owner, or people from a stage or a grade, under this policy.

    `reps` are those there are now, `known` people it is about, `content_stages` the journey stage of each asset that may be shown now.
    """
    policy = from_its_position(policy)
    return (
        *_warnings_about_owners(policy, reps),
        *_warnings_about_points(policy, content_stages),
        *_warnings_about_people(policy, known, now=now),
        *_warnings_about_stages(policy, content_stages),
    )


def stages_shown(policy: Policy, assets: Iterable[Asset], *, now: datetime) -> list[JourneyStage]:
    """Return the journey stage of each asset that may be shown now, in the policy's country, or in any if it is for all."""
    return [
        stage
        for asset in assets
        for stage in JOURNEY_STAGES
        if asset.journey_stage == stage
        and any(
            is_recommendable(asset, brand_id=policy.brand_id, country=country, now=now)
            for country in ([policy.country] if policy.country else asset.approval.regions)
        )
    ]


def _warnings_about_owners(policy: Policy, reps: Collection[Rep]) -> Iterator[ActivationWarning]:
    if not policy.assignment:
        yield ActivationWarning("no_assignment_steps", "The policy has no assignment steps: every lead would wait in the queue.")
    elif not any(_could_have_leads(rep, brand_id=policy.brand_id) for rep in reps):
        detail = f"No active rep of any territory may have leads of this brand; {len(reps)} are of the brand at all."
        yield ActivationWarning("nobody_eligible", detail, {"reps": len(reps), "eligible": 0})


def _warnings_about_points(policy: Policy, content_stages: Collection[JourneyStage]) -> Iterator[ActivationWarning]:
    """What nobody could earn, whoever they are and whatever they do."""
    fit, engagement = most_fit(policy), most_engagement(policy, content_stages)
    letters = {chr(ord("A") + place): cut_point for place, cut_point in enumerate(sorted(policy.grades.fit, reverse=True))}
    digits = {str(1 + place): cut_point for place, cut_point in enumerate(sorted(policy.grades.engagement, reverse=True))}
    if fit < _exact(policy.thresholds.fit):
        yield _out_of_reach("fit_out_of_reach", "fit", fit, policy.thresholds.fit)
    if engagement is not None and engagement < _exact(policy.thresholds.engagement):
        yield _out_of_reach("engagement_out_of_reach", "engagement", engagement, policy.thresholds.engagement)
    yield from _grades_out_of_reach("fit", fit, letters)
    if engagement is not None:
        yield from _grades_out_of_reach("engagement", engagement, digits)


def _out_of_reach(code: WarningCode, sum_of: str, most: Decimal, threshold: float) -> ActivationWarning:
    detail = f"The most {sum_of} a contact can earn is {_told(most)}, and the threshold is {threshold}: nobody could become an MQL."
    return ActivationWarning(code, detail, {"reachable": float(most), "threshold": float(threshold)})


def _grades_out_of_reach(sum_of: str, most: Decimal, cut_points: Mapping[str, float]) -> Iterator[ActivationWarning]:
    missed = {grade: cut_point for grade, cut_point in cut_points.items() if most < _exact(cut_point)}
    if missed:
        grades = ", ".join(f"grade {grade} needs {cut_point}" for grade, cut_point in missed.items())
        detail = f"The most {sum_of} a contact can earn is {_told(most)}; {grades}."
        figures = {"reachable": float(most), **{grade: float(cut_point) for grade, cut_point in missed.items()}}
        yield ActivationWarning("grades_out_of_reach", detail, figures)


def _warnings_about_stages(policy: Policy, content_stages: Collection[JourneyStage]) -> Iterator[ActivationWarning]:
    """Where nothing is known of content, nothing is said of it, unless the policy asks for content of a stage."""
    assets, reachable = len(content_stages), reachable_stages(content_stages)
    for stage in JOURNEY_STAGES:
        if stage not in reachable and (assets or _names_stage(policy, stage)):
            detail = f"Of {assets} assets that may be shown now none is made for {stage}: nobody can reach that journey stage."
            yield ActivationWarning("stage_out_of_reach", detail, {"assets": assets, "for_the_stage": 0})
    for rule in policy.engagement:
        if rule.points > 0 and not can_earn(rule, content_stages):
            stages = " or ".join(rule.stages)
            detail = f"Of {assets} assets that may be shown now none is made for {stages}: nobody can earn by the rule {rule.id}."
            yield ActivationWarning("rule_out_of_reach", detail, {"assets": assets, "points": float(rule.points)})
    if not policy.readiness:
        yield ActivationWarning("no_readiness", "The policy names no acts that confirm intent: nobody can become an SQL candidate.")


def _names_stage(policy: Policy, stage: JourneyStage) -> bool:
    return own_next_step(policy, stage) is not None or any(stage in rule.stages for rule in policy.engagement)


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
        detail = f"Of {len(known)} people who engaged with the brand nobody has a fit above {_told(best)}: nobody could become an MQL."
        yield ActivationWarning("nobody_fits", detail, {"people": len(known), "fitting": 0, "best_fit": float(best)})


def _could_have_leads(rep: Rep, *, brand_id: str) -> bool:
    return rep.role == "rep" and rep.active and brand_id in rep.brand_ids and rep.max_open_leads > 0


def _exact(number: float) -> Decimal:
    return Decimal(str(number))


def _told(number: Decimal) -> str:
    return f"{number.normalize():f}"
