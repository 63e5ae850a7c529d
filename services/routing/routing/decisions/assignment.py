"""Who gets a lead: the policy's steps in order, each considered rep with the reason they lost, and the queue when nobody is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never, get_args

from routing.decisions.consent import is_do_not_contact
from routing.decisions.facts import Account, Contact
from routing.decisions.policy import AssignmentStep
from routing.decisions.rotation import Rotation, take_turn

Ineligibility = Literal["unknown", "not_a_rep", "inactive", "other_brand", "excluded", "full"]
"""Checked in this order, so what is last is closest to being eligible."""

WhyNot = Ineligibility | Literal["not_their_turn", "named_later"]

FallThrough = Literal[
    "all_full",
    "all_excluded",
    "nobody_for_brand",
    "nobody_active",
    "no_rep_in_territory",
    "no_territory",
    "no_owner",
    "no_named_rep",
    "no_earlier_rep",
    "no_account",
    "no_pool",
]
"""Why a step found nobody, the most telling first: the queue shows the first of these that occurred."""

QueueReason = FallThrough | Literal["no_steps"]

INELIGIBILITIES: tuple[Ineligibility, ...] = get_args(Ineligibility)
FALL_THROUGHS: tuple[FallThrough, ...] = get_args(FallThrough)


@dataclass(frozen=True, slots=True)
class Rep:
    """A rep (or manager: `role`) with the open leads they have now."""

    rep_id: str
    role: str
    active: bool
    brand_ids: frozenset[str]
    territory_ids: frozenset[str]
    max_open_leads: int
    weight: float
    open_leads: int


@dataclass(frozen=True, slots=True)
class AssignableLead:
    """What a lead says about who may have it."""

    brand_id: str
    excluded_rep_ids: frozenset[str] = frozenset()
    """Reps who rejected it or let its clock run out."""
    earlier_rep_id: str | None = None
    """The rep who last had this contact for this brand."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rep who was considered. `why_not` is None only for the chosen one; an eligible rep may lose for the turn."""

    rep_id: str
    eligible: bool
    why_not: WhyNot | None


@dataclass(frozen=True, slots=True)
class PassedStep:
    """A step that found nobody."""

    step: AssignmentStep
    reason: FallThrough


@dataclass(frozen=True, slots=True)
class AssignTo:
    """The lead is this rep's. `rotation` is the territory's afterwards; only a turn moves it and its pointer."""

    rep_id: str
    step: AssignmentStep
    candidates: tuple[Candidate, ...]
    passed_steps: tuple[PassedStep, ...]
    rotation: Rotation
    pointer_before: int
    pointer_after: int


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


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the steps look at. `reps` are at least those the account names and owns, the earlier rep and the territory's."""

    lead: AssignableLead
    contact: Contact
    account: Account | None
    territory_id: str | None
    reps: Mapping[str, Rep]
    rotation: Rotation


def decide_assignment(steps: Sequence[AssignmentStep], *, situation: Situation) -> Assignment:
    """Decide who gets the lead. Do-not-contact comes before anything; the first step with an eligible rep decides."""
    if is_do_not_contact(situation.contact.consents):
        return Withhold("consent")
    considered: dict[str, Candidate] = {}
    passed: list[PassedStep] = []
    for step in steps:
        found = _reps_of(step, situation)
        if isinstance(found, str):
            passed.append(PassedStep(step, found))
            continue
        verdicts = {rep_id: _ineligibility(rep_id, situation) for rep_id in found}
        eligible = [rep_id for rep_id, why_not in verdicts.items() if why_not is None]
        # A rep two steps consider is listed once: being eligible doesn't depend on the step.
        considered |= {rep_id: Candidate(rep_id, eligible=False, why_not=why_not) for rep_id, why_not in verdicts.items() if why_not}
        if not eligible:
            passed.append(PassedStep(step, _why_nobody([why_not for why_not in verdicts.values() if why_not])))
            continue
        return _assign(step, eligible, considered=considered, passed=passed, situation=situation)
    reasons = {each.reason for each in passed}
    reason: QueueReason = next((reason for reason in FALL_THROUGHS if reason in reasons), "no_steps")
    return Queue(reason, tuple(considered.values()), tuple(passed))


def _assign(
    step: AssignmentStep,
    eligible: Sequence[str],
    *,
    considered: Mapping[str, Candidate],
    passed: Sequence[PassedStep],
    situation: Situation,
) -> AssignTo:
    rotation = situation.rotation
    chosen = eligible[0]
    why_not: WhyNot = "named_later"
    if step == "territory":
        turn = take_turn(rotation, weights={rep_id: situation.reps[rep_id].weight for rep_id in eligible})
        chosen, why_not, rotation = turn.rep_id, "not_their_turn", turn.rotation
    winners_and_losers = (Candidate(rep_id, True, None if rep_id == chosen else why_not) for rep_id in eligible)
    return AssignTo(
        rep_id=chosen,
        step=step,
        candidates=(*considered.values(), *winners_and_losers),
        passed_steps=tuple(passed),
        rotation=rotation,
        pointer_before=situation.rotation.turn,
        pointer_after=rotation.turn,
    )


def _reps_of(step: AssignmentStep, situation: Situation) -> tuple[str, ...] | FallThrough:
    """Return the reps a step considers, the account's named reps in its own order, or why there are none."""
    account, earlier_rep_id = situation.account, situation.lead.earlier_rep_id
    match step:
        case "named_account":
            return "no_account" if account is None else account.named_rep_ids or "no_named_rep"
        case "account_owner":
            if account is None:
                return "no_account"
            return (account.owner_rep_id,) if account.owner_rep_id else "no_owner"
        case "sticky":
            return (earlier_rep_id,) if earlier_rep_id else "no_earlier_rep"
        case "territory":
            if situation.territory_id is None:
                return "no_territory"
            reps = tuple(sorted(rep.rep_id for rep in situation.reps.values() if situation.territory_id in rep.territory_ids))
            return reps or "no_rep_in_territory"
        case "pool":
            return "no_pool"
        case _:
            assert_never(step)


def _ineligibility(rep_id: str, situation: Situation) -> Ineligibility | None:
    rep = situation.reps.get(rep_id)
    if rep is None:
        return "unknown"
    checks: dict[Ineligibility, bool] = {
        "not_a_rep": rep.role != "rep",
        "inactive": not rep.active,
        "other_brand": situation.lead.brand_id not in rep.brand_ids,
        "excluded": rep_id in situation.lead.excluded_rep_ids,
        "full": rep.open_leads >= rep.max_open_leads,
    }
    return next((why_not for why_not, holds in checks.items() if holds), None)


def _why_nobody(why_nots: Sequence[Ineligibility]) -> FallThrough:
    """Say what keeps the reps out who were closest to being eligible."""
    closest = max(why_nots, key=INELIGIBILITIES.index)
    match closest:
        case "full":
            return "all_full"
        case "excluded":
            return "all_excluded"
        case "other_brand":
            return "nobody_for_brand"
        case "inactive" | "not_a_rep" | "unknown":
            return "nobody_active"
        case _:
            assert_never(closest)
