"""I12: memory, connections, files and retries stay bounded; overload and trouble are answered with a status that says so."""

from collections import defaultdict
from collections.abc import Sequence
from math import inf
from statistics import median

from deploy.auditor.evidence import Evidence
from deploy.auditor.invariants import fault_times
from deploy.auditor.invariants.lateness import too_many_late
from deploy.auditor.limits import Limits
from deploy.auditor.services import CONNECTIONS_OF_THEIR_OWN
from deploy.auditor.testimony import Sample
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "memory, connections, files and retries are bounded; trouble is answered 429 or 503"
# Webhooks are answered 202, engagements that an integrator posts 200.
_STATUSES = frozenset({200, 202, 401, 404, 413, 415, 429, 503})
# Fewer samples than this show no growth.
_SAMPLES_MIN = 8
# The witness connects too, and a killed process's connections are noticed a moment later.
_CONNECTIONS_BESIDE = 2


def decide(evidence: Evidence, limits: Limits) -> Verdict:
    """Looks at how processes fared, at what senders were answered, and at how often deliveries were tried."""
    examination = Examination("I12", _PROMISE)
    if evidence.witnessed.samples is None:
        examination.leave_untold("nobody sampled the processes")
    else:
        _processes(evidence, evidence.witnessed.samples, limits, examination)
    _connections(evidence, limits, examination)
    _statuses(evidence, examination)
    for delivery in evidence.reporting.deliveries:
        examination.look_at()
        if delivery.attempts > limits.attempts_max:
            examination.find("a delivery tried too often", f"delivery={delivery.position} attempts={delivery.attempts}")
    return examination.verdict()


def _processes(evidence: Evidence, samples: Sequence[Sample], limits: Limits, examination: Examination) -> None:
    of_process: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        of_process[sample.process, sample.pid].append(sample)
    for (process, pid), found in sorted(of_process.items()):
        examination.look_at(len(found))
        in_time = sorted(found, key=lambda sample: sample.at)
        _memory(f"{process} pid={pid}", in_time, limits, examination)
        most = max(sample.open_files for sample in in_time)
        if most > limits.open_files_max:
            examination.find("too many open files", f"{process} pid={pid} most={most}")
    _aliveness(evidence, samples, limits, examination)


def _memory(process: str, samples: Sequence[Sample], limits: Limits, examination: Examination) -> None:
    most = max(sample.resident_bytes for sample in samples)
    if most > limits.memory_max_bytes:
        examination.find("too much memory", f"{process} most={most:,} bytes")
    if len(samples) < _SAMPLES_MIN:
        return
    at_first = median(sample.resident_bytes for sample in samples[: len(samples) // 4])
    bound = limits.memory_growth * at_first + limits.memory_floor_bytes
    if most > bound:
        examination.find("memory that grows", f"{process} first quarter={at_first:,.0f} most={most:,} bound={bound:,.0f} bytes")


def _aliveness(evidence: Evidence, samples: Sequence[Sample], limits: Limits, examination: Examination) -> None:
    """While nothing is broken on purpose, `/livez` answers at once."""
    disturbed = fault_times.disturbed(evidence)
    seconds: dict[str, list[float]] = defaultdict(list)
    for sample in samples:
        if not disturbed(sample.at):
            seconds[sample.process].append(inf if sample.livez_seconds is None else sample.livez_seconds)
    for process, answers in sorted(seconds.items()):
        if late := too_many_late(answers, bound=limits.livez_seconds):
            examination.find("a process that does not answer /livez at once, and nothing was broken", f"{process} {late}")


def _connections(evidence: Evidence, limits: Limits, examination: Examination) -> None:
    """No service holds more connections than its processes' pools, and those they keep beside them."""
    if evidence.witnessed.backlog is None:
        examination.leave_untold("nobody counted database connections")
        return
    names = {sample.process for sample in evidence.witnessed.samples or ()}
    for backlog in evidence.witnessed.backlog:
        examination.look_at()
        processes = max(1, sum(name.startswith(backlog.service) for name in names))
        own = CONNECTIONS_OF_THEIR_OWN.get(backlog.service, 0)
        bound = processes * (limits.connections_per_process + own) + _CONNECTIONS_BESIDE
        if backlog.database_connections > bound:
            examination.find(
                "more database connections than pools", f"{backlog.service} connections={backlog.database_connections} pools={bound}"
            )


def _statuses(evidence: Evidence, examination: Examination) -> None:
    if evidence.witnessed.webhooks is None:
        examination.leave_untold("no sender wrote down what it was answered")
        return
    disturbed = fault_times.disturbed(evidence)
    for tried in evidence.witnessed.webhooks:
        examination.look_at()
        if tried.status is None and not disturbed(tried.at):
            examination.find("a webhook without an answer, and nothing was broken", f"source={tried.source} at={tried.at.isoformat()}")
        if tried.status is not None and tried.status not in _STATUSES:
            examination.find("a webhook answered with another status than may be", f"status={tried.status} at={tried.at.isoformat()}")
