"""What people were told they had done with a lead by hand: it stands in the lead's history, and each answer to a brief was told once."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.routing import Record
from deploy.auditor.testimony import MoveTry

_GIVEN = ("assigned", "reassigned")
_ANSWERS = frozenset({"opened", "acted", "dismissed"})


def not_kept(evidence: Evidence) -> Iterator[str]:
    """Moves that were accepted and left nothing. Where the lead stands is what its history ends in, whatever came afterwards."""
    records: Mapping[str, list[Record]] = defaultdict(list)
    for record in sorted(evidence.routing.records, key=lambda record: record.position):
        records[record.lead_id].append(record)
    answered = _answers(evidence)
    paused = {(clock.lead_id, clock.kind) for clock in evidence.routing.clocks if clock.state == "paused"}
    for move in accepted(evidence):
        if move.verb in _ANSWERS:
            is_kept = answered[move.lead_id, move.by, move.version, move.verb] == 1
        elif move.verb == "restart":
            is_kept = (move.lead_id, move.clock) not in paused
        else:
            is_kept = _is_recorded(move, records[move.lead_id])
        if not is_kept:
            yield f"lead={move.lead_id} {move.verb} by={move.by} at={move.at.isoformat()}"


def accepted(evidence: Evidence) -> Sequence[MoveTry]:
    """What was answered 2xx and must be everywhere by now."""
    moves = evidence.witnessed.moves or ()
    return [move for move in moves if move.status is not None and 200 <= move.status < 300 and evidence.is_settled(move.at)]


def _is_recorded(move: MoveTry, history: Sequence[Record]) -> bool:
    """Whether a decision from before the answer says so. The same asked for again changes nothing, so an earlier one will do."""
    by_then = [record for record in history if move.answered_at is None or record.at <= move.answered_at]
    match move.verb:
        case "hold":
            return any(record.to_stage == "on_hold" for record in by_then)
        case "resume":
            held = [number for number, record in enumerate(by_then) if record.to_stage == "on_hold"]
            return any(record.to_stage not in (None, "on_hold") for record in by_then[min(held, default=len(by_then)) :])
        case "reassign":
            return any(record.kind in _GIVEN and record.chosen == [move.to] for record in by_then)
        case _:
            return any(record.kind == "clock_paused" for record in by_then)


def _answers(evidence: Evidence) -> Counter[tuple[str, str, int | None, str]]:
    """How often each answer to a brief was told."""
    facts = (event.fact for event in evidence.events.values() if event.type == "brief.answered")
    return Counter((fact["lead_id"], fact["rep_id"], fact["version"], fact["kind"]) for fact in facts)
