"""I13: after a fault has ended, what piled up goes away by itself within the stated time."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from deploy.auditor.evidence import Evidence
from deploy.auditor.limits import Limits
from deploy.auditor.testimony import Backlog, Fault
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "after a fault the backlog is gone in the stated time, by itself"
# Under load there is always something on its way: how much is normal is what there was in this time before the fault.
_BEFORE = timedelta(seconds=30)


def decide(evidence: Evidence, limits: Limits) -> Verdict:
    """Looks for the moment at which each service's backlog was back to nothing, or to what it was before the fault."""
    examination = Examination("I13", _PROMISE)
    _nothing_is_stuck(evidence, limits, examination)
    levels: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for backlog in sorted(evidence.witnessed.backlog or (), key=lambda each: each.at):
        levels[backlog.service].append((backlog.at, _level(backlog)))
    if not evidence.witnessed.faults:
        examination.leave_untold("nothing was broken on purpose")
    for fault in evidence.witnessed.faults:
        if not levels:
            examination.leave_untold(f"nobody measured the backlog after {fault.fault}")
        for service, measured in sorted(levels.items()):
            _recovers(fault, service, measured, examination)
    return examination.verdict()


def _level(backlog: Backlog) -> int:
    return backlog.outbox + backlog.lag + backlog.deliveries_pending


def _recovers(fault: Fault, service: str, measured: Sequence[tuple[datetime, int]], examination: Examination) -> None:
    normal = max((level for at, level in measured if fault.at - _BEFORE <= at < fault.at), default=0)
    until = fault.ended_at + timedelta(seconds=fault.recovery_seconds_max)
    after = [level for at, level in measured if fault.ended_at <= at <= until]
    where = f"fault={fault.fault} ({fault.what}) service={service}"
    if not after:
        examination.leave_untold(f"nobody measured {service}'s backlog in the time after {fault.fault}")
        return
    examination.look_at()
    if min(after) > normal:
        examination.find("a backlog that stays", f"{where} least={min(after)} before={normal} within={fault.recovery_seconds_max:g} s")


def _nothing_is_stuck(evidence: Evidence, limits: Limits, examination: Examination) -> None:
    """Fault or none: an event that has waited in an outbox for minutes is not on its way."""
    longest = timedelta(seconds=limits.stuck_seconds)
    for telling in evidence.told:
        if telling.queued_at is not None:
            examination.look_at()
            waited = evidence.taken_at - telling.queued_at
            if waited > longest:
                examination.find("an event stuck in an outbox", f"service={telling.service} event={telling.event.id} waited={waited}")
