"""P12: assignments decided in this process: 200 rules with 40,000 postal codes and 500 reps, compiled / read from first to last."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import cycle

from routing.decisions.assignment.alignments import Aligned, Alignment, AlignmentIndex, Coverage, Whereabouts, whereabouts_of
from routing.decisions.assignment.deciding import AssignTo, decide_assignment
from routing.decisions.assignment.reps import Rep, Window
from routing.decisions.assignment.rotation import Rotation
from routing.decisions.assignment.steps import NO_TURNS_YET, AssignableLead, Rota, Situation
from routing.decisions.clocks.business_time import CALENDAR_WITHOUT_TERRITORY
from routing.decisions.facts import Contact
from routing.decisions.policies.document import AssignmentStep
from tests.bench.ground import Ground
from tests.bench.protocol import Goal, Measured, Plan, Sample, Say, compare
from tests.routing.linear import LinearScan

GOAL = Goal(">=", 10)

_RULES, _CODES_PER_RULE, _REPS, _TERRITORIES = 200, 200, 500, 100
_CONTACTS = 2_000
_STEPS: tuple[AssignmentStep, ...] = ("named_account", "account_owner", "sticky", "territory")
_BRAND = "cardiolex"
_NOW = datetime(2026, 3, 4, 16, tzinfo=UTC)
_DAY: date = _NOW.date()
_WINDOW = Window(_NOW, _NOW + timedelta(hours=1), CALENDAR_WITHOUT_TERRITORY)

Find = Callable[[Whereabouts], tuple[Aligned | None, tuple[str, ...]]]
"""What a contact is aligned to, and the territory's reps."""


def take(_ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """Both arms decide the same contacts by the same rules, turns included; only how territory and reps are found differs."""
    say("P12: the compiled index / a linear scan; decisions per second of CPU, in process")
    alignments, reps, contacts = _alignments(), _reps(), _contacts()
    index, scan = AlignmentIndex(alignments, _DAY, {}), LinearScan(alignments, {})
    by_territory = {territory_id: _of_territory(reps.values(), territory_id) for territory_id in {each.territory_id for each in alignments}}

    def compiled(where: Whereabouts) -> tuple[Aligned | None, tuple[str, ...]]:
        aligned = index.find(where, brand_id=_BRAND)
        return aligned, by_territory[aligned.territory_id] if aligned else ()

    def scanned(where: Whereabouts) -> tuple[Aligned | None, tuple[str, ...]]:
        aligned = scan.find(where, brand_id=_BRAND, day=_DAY)
        return aligned, _of_territory(reps.values(), aligned.territory_id) if aligned else ()

    arms = {name: partial(_run, find, reps, contacts) for name, find in (("compiled", compiled), ("scanned", scanned))}
    yield compare("P12", ours=arms["compiled"], theirs=arms["scanned"], goal=GOAL, plan=plan, say=say)


def _run(find: Find, reps: dict[str, Rep], contacts: Sequence[Contact], plan: Plan) -> Sample:
    turns: dict[str, Rotation] = {}
    everybody = cycle(contacts)
    # By the CPU's clock: nothing is waited for, so what else runs here has no say in it.
    decided, started = 0, time.process_time() + plan.warm_up_seconds
    ends = started + plan.seconds
    while (moment := time.process_time()) < ends:
        _decide(next(everybody), find, reps, turns)
        decided += moment >= started
    return Sample(decided / plan.seconds)


def _decide(contact: Contact, find: Find, reps: dict[str, Rep], turns: dict[str, Rotation]) -> None:
    aligned, rep_ids = find(whereabouts_of(contact, None))
    rota = Rota("territory", aligned.territory_id, rep_ids, turns.get(aligned.territory_id, NO_TURNS_YET)) if aligned else None
    situation = Situation(AssignableLead(_BRAND), contact, _WINDOW, reps, territory=rota)
    decision = decide_assignment(_STEPS, situation=situation)
    if isinstance(decision, AssignTo) and decision.rota is not None:
        turns[decision.rota.rota_id] = decision.rota.rotation


def _of_territory(reps: Iterable[Rep], territory_id: str) -> tuple[str, ...]:
    return tuple(sorted(rep.rep_id for rep in reps if territory_id in rep.territory_ids))


def _alignments() -> list[Alignment]:
    """Each rule covers codes of its own; every tenth has some of another's too, with a priority of its own, and leaves some out."""
    codes = [f"{number:05}" for number in range(10_000, 10_000 + _RULES * _CODES_PER_RULE)]
    rules = []
    for number in range(_RULES):
        own = codes[number * _CODES_PER_RULE : (number + 1) * _CODES_PER_RULE]
        others = codes[(number - 1) * _CODES_PER_RULE :][:5] if number % 10 == 9 else []
        rules.append(
            Alignment(
                territory_id=f"territory-{number % _TERRITORIES}",
                country="US",
                include=Coverage((*own, *others), frozenset({f"account-{number}"}), frozenset({f"named-{number}"})),
                exclude=Coverage(tuple(own[:2])),
                alignment_id=f"rule-{number}",
                priority=number % 3,
            )
        )
    return rules


def _reps() -> dict[str, Rep]:
    return {
        f"rep-{number}": Rep(
            f"rep-{number}", "rep", True, frozenset({_BRAND}), frozenset({f"territory-{number % _TERRITORIES}"}), 1_000, 1.0 + number % 3, 0
        )
        for number in range(_REPS)
    }


def _contacts() -> list[Contact]:
    draw = random.Random(12)
    return [
        Contact(f"hcp-{number}", country="US", postal_code=f"{draw.randrange(10_000, 10_000 + _RULES * _CODES_PER_RULE):05}")
        for number in range(_CONTACTS)
    ]
