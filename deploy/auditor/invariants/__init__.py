"""The invariants, one room each: a pure function from evidence to a verdict. I10 and I14 wait for what they are about to be built."""

from collections.abc import Callable

from deploy.auditor.evidence import Evidence
from deploy.auditor.invariants import i1_every_item_once, i2_refused_leaves_nothing, i3_one_decision_per_lead
from deploy.auditor.limits import Limits
from deploy.auditor.verdicts import Verdict

INVARIANTS: tuple[Callable[[Evidence, Limits], Verdict], ...] = (
    i1_every_item_once.decide,
    i2_refused_leaves_nothing.decide,
    i3_one_decision_per_lead.decide,
)
