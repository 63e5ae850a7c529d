"""The invariants, one room each: a pure function from evidence to a verdict. I10 waits for what it is about to be built."""

from collections.abc import Callable

from deploy.auditor.evidence import Evidence
from deploy.auditor.invariants import (
    i1_every_item_once,
    i2_refused_leaves_nothing,
    i3_one_decision_per_lead,
    i4_every_mention_a_case,
    i5_no_words_outside,
    i6_order_per_key,
    i7_report_is_the_fold,
    i8_opted_out_left_alone,
    i9_nobody_outside_their_scope,
    i11_told_once_or_visibly_dead,
    i12_bounded,
    i13_backlog_goes,
    i14_forgotten_by_everybody,
)
from deploy.auditor.limits import Limits
from deploy.auditor.verdicts import Verdict

INVARIANTS: tuple[Callable[[Evidence, Limits], Verdict], ...] = (
    i1_every_item_once.decide,
    i2_refused_leaves_nothing.decide,
    i3_one_decision_per_lead.decide,
    i4_every_mention_a_case.decide,
    i5_no_words_outside.decide,
    i6_order_per_key.decide,
    i7_report_is_the_fold.decide,
    i8_opted_out_left_alone.decide,
    i9_nobody_outside_their_scope.decide,
    i11_told_once_or_visibly_dead.decide,
    i12_bounded.decide,
    i13_backlog_goes.decide,
    i14_forgotten_by_everybody.decide,
)
