"""I5: what people typed stays with those who may read it: planted strings, prose where codes belong, and any hint of a case."""

from collections.abc import Iterator

import orjson

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.reporting import Delivery
from deploy.auditor.limits import Limits
from deploy.auditor.verdicts import Examination, Verdict

_PROMISE = "no free text on topics, in routing, reporting, webhooks or logs; persons on one topic"
# What a stage may not be said to have changed for: it would tell of a case.
_TELLING_REASONS = frozenset({"referred_to_medical", "adverse_event", "medical_question", "safety"})


def decide(evidence: Evidence, _limits: Limits) -> Verdict:
    """Canaries tell of leaks with certainty; the shape of what events carry tells of those nobody planted a canary for."""
    examination = Examination("I5", _PROMISE)
    if evidence.search is None:
        examination.leave_untold("no canaries were planted")
    else:
        examination.look_at(evidence.search.texts)
        for sighting in evidence.search.sightings:
            examination.find(f"planted {sighting.kind.replace('_', ' ')} in {sighting.place}", f"canary={sighting.canary} {sighting.where}")
    for event in evidence.events.values():
        examination.look_at()
        for name in event.oddities:
            examination.find("a field of an event that looks typed", f"event={event.id} type={event.type} field={name}")
    _deliveries(evidence, examination)
    return examination.verdict()


def _deliveries(evidence: Evidence, examination: Examination) -> None:
    """Nothing that leaves the company tells of a case: not its type, its ids, or the report it came of."""
    matters = {case.id for case in evidence.feedback.cases}
    matters |= {report.id for report in evidence.feedback.reports if report.state == "case_only"}
    for delivery in evidence.reporting.deliveries:
        examination.look_at()
        if delivery.event_type.startswith("case."):
            examination.find("a webhook about a case", f"delivery={delivery.position} type={delivery.event_type}")
            continue
        said = set(_strings(_data(delivery)))
        if said & matters:
            examination.find("a webhook that names a case or its report", f"delivery={delivery.position} ids={sorted(said & matters)}")
        if said & _TELLING_REASONS:
            examination.find("a webhook whose reason tells of a case", f"delivery={delivery.position}")


def _data(delivery: Delivery) -> object:
    try:
        return orjson.loads(delivery.body)
    except ValueError:
        return delivery.body


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from _strings(one)
        case dict():
            for one in value.values():
                yield from _strings(one)
        case _:
            return
