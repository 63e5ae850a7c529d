"""Who gets a lead: the call plan, else the policy's steps in order, each considered rep with the reason they lost, else the queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never, get_args

from routing.decisions.assignment.reps import INELIGIBILITIES, Ineligibility, ineligibility
from routing.decisions.assignment.rotation import take_turn
from routing.decisions.assignment.steps import Asked, NobodyAsked, Rota, Situation, Step, asked_by
from routing.decisions.consent import is_do_not_contact
from routing.decisions.effective import day_of
from routing.decisions.facts import Contact
from routing.decisions.policies.document import AssignmentStep

WhyNot = Ineligibility | Literal["not_their_turn", "named_later", "planned_for_another", "of_another_rep"]

NobodyEligible = Literal["all_full", "nobody_at_work", "all_absent", "all_excluded", "nobody_for_brand", "nobody_active"]
FallThrough = NobodyEligible | NobodyAsked
"""Why a step found nobody."""

QueueReason = FallThrough | Literal["no_steps", "no_licence"]

FALL_THROUGHS: tuple[FallThrough, ...] = (*get_args(NobodyEligible), *get_args(NobodyAsked))
"""The most telling first: the queue shows the first of these that occurred."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rep who was considered. `why_not` is None only for the chosen one; an eligible rep may lose for the turn."""

    rep_id: str
    eligible: bool
    why_not: WhyNot | None


@dataclass(frozen=True, slots=True)
class PassedStep:
    """A step that found nobody."""

    step: Step
    reason: FallThrough


@dataclass(frozen=True, slots=True)
class AssignTo:
    """The lead is this rep's. `rota` is that of which a turn was taken, as it is afterwards; None where none was.

    The pointers are that rota's; without a turn the territory's, unmoved.
    """

    rep_id: str
    step: Step
    candidates: tuple[Candidate, ...]
    passed_steps: tuple[PassedStep, ...]
    rota: Rota | None
    pointer_before: int
    pointer_after: int
    in_place_of: str | None = None
    """The rep by name who is away, and for whom this one stands in."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Nobody is eligible; the lead waits, visibly."""

    reason: QueueReason
    candidates: tuple[Candidate, ...]
    passed_steps: tuple[PassedStep, ...]


@dataclass(frozen=True, slots=True)
class Withhold:
    """No rep may contact this person, so nobody was considered."""

    reason: Literal["consent"]


Assignment = AssignTo | Queue | Withhold


def decide_assignment(steps: Sequence[AssignmentStep], *, situation: Situation) -> Assignment:
    """Decide who gets the lead. Consent and licence come before anything, then the call plan.

    A planned call goes to the plan's rep or waits; any other lead goes by the first step that finds an eligible rep.
    """
    if is_do_not_contact(situation.contact.consents):
        return Withhold("consent")
    if not may_practise(situation.contact, day=day_of(situation.window.now)):
        return Queue("no_licence", (), ())
    wanted = situation.wanted
    considered: dict[str, Candidate] = {}
    passed: list[PassedStep] = []
    on_plan: tuple[Step, ...] = ("on_plan",)
    for step in on_plan if situation.lead.kind == "on_plan" else steps:
        found = asked_by(step, situation, wanted)
        if isinstance(found, str):
            passed.append(PassedStep(step, found))
            continue
        for asked in found:
            verdicts = {rep_id: ineligibility(situation.reps.get(rep_id), wanted) for rep_id in asked.reps}
            eligible = [rep_id for rep_id, why_not in verdicts.items() if why_not is None]
            # A rep two steps consider is listed once: being eligible doesn't depend on the step.
            considered |= {rep_id: Candidate(rep_id, eligible=False, why_not=why_not) for rep_id, why_not in verdicts.items() if why_not}
            if eligible:
                return _assign(step, asked, eligible, considered=considered, passed=passed, situation=situation)
            passed.append(PassedStep(step, _why_nobody([why_not for why_not in verdicts.values() if why_not], asked.rota)))
    reasons = {each.reason for each in passed}
    reason: QueueReason = next((reason for reason in FALL_THROUGHS if reason in reasons), "no_steps")
    return Queue(reason, tuple(considered.values()), tuple(passed))


def may_practise(contact: Contact, *, day: date) -> bool:
    """Whether a contact holds a licence in force; of one whose licences nobody told, it is assumed."""
    return not contact.licences or any(licence.valid_until >= day for licence in contact.licences)


def _assign(
    step: Step,
    asked: Asked,
    eligible: Sequence[str],
    *,
    considered: Mapping[str, Candidate],
    passed: Sequence[PassedStep],
    situation: Situation,
) -> AssignTo:
    incumbent, rota, turned = situation.lead.incumbent_rep_id, asked.rota, None
    why_not: WhyNot = "planned_for_another" if step == "on_plan" else "named_later"
    if incumbent is not None and incumbent in eligible:
        chosen, why_not = incumbent, "of_another_rep"
    elif rota is None:
        chosen = eligible[0]
    else:
        turn = take_turn(rota.rotation, weights={rep_id: situation.reps[rep_id].weight for rep_id in eligible})
        chosen, why_not, turned = turn.rep_id, "not_their_turn", replace(rota, rotation=turn.rotation)
    shown = rota or situation.territory
    pointer_before = shown.rotation.turn if shown else 0
    winners_and_losers = (Candidate(rep_id, True, None if rep_id == chosen else why_not) for rep_id in eligible)
    return AssignTo(
        rep_id=chosen,
        step=step,
        candidates=(*considered.values(), *winners_and_losers),
        passed_steps=tuple(passed),
        rota=turned,
        pointer_before=pointer_before,
        pointer_after=turned.rotation.turn if turned else pointer_before,
        in_place_of=asked.reps[chosen],
    )


def _why_nobody(why_nots: Sequence[Ineligibility], rota: Rota | None) -> FallThrough:
    """Say what keeps the reps out who were closest to being eligible."""
    if not why_nots:
        return "no_rep_in_pool" if rota is not None and rota.kind == "pool" else "no_rep_in_territory"
    closest = max(why_nots, key=INELIGIBILITIES.index)
    match closest:
        case "full":
            return "all_full"
        case "not_at_work":
            return "nobody_at_work"
        case "absent":
            return "all_absent"
        case "excluded":
            return "all_excluded"
        case "other_brand":
            return "nobody_for_brand"
        case "inactive" | "not_a_rep" | "unknown":
            return "nobody_active"
        case _:
            assert_never(closest)
