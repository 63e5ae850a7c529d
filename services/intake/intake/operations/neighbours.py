"""The acts on record that may be evidence about those of a batch, or they about them: on the same e-mails to the same persons."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from intake.decisions.acts import Act
from intake.decisions.machines import REACH, TRACED, MachineEvidence, Trace, sending_of
from intake.decisions.persons import PersonKey
from shared.database import as_recordset

# However much somebody's gateway does within a minute: the evidence is in by then.
_PER_VISIT_MAX = 1_000
_KINDS = ", ".join(f"'{kind}'" for kind in sorted(TRACED))

# `owners` is whose the keys of the batch are. The inner query stays one look into the index of a person's acts, whatever is planned.
NEIGHBOURS = f"""
    SELECT DISTINCT n.id, n.contact_id, n.source, n.sending, n.kind, n.link, n.occurred_at, n.machine_evidence
    FROM json_to_recordset(CAST({{visits}} AS json)) AS v(
        namespace text, value text, source text, sending text, earliest timestamptz, latest timestamptz
    )
    JOIN owners ON owners.namespace = v.namespace AND owners.value = v.value
    CROSS JOIN LATERAL (
        SELECT e.id, e.contact_id, e.source, e.sending, e.kind, e.link, e.occurred_at, e.machine_evidence
        FROM engagements e
        WHERE e.contact_id = owners.contact_id AND e.occurred_at BETWEEN v.earliest AND v.latest
            AND e.kind IN ({_KINDS}) AND e.source = v.source AND e.sending IS NOT DISTINCT FROM v.sending
        ORDER BY e.occurred_at
        LIMIT {_PER_VISIT_MAX}
    ) AS n
"""  # noqa: S608  (ours)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Acts on record, and the evidence known about each."""

    traces: Sequence[Trace]
    evidence: Mapping[UUID, Sequence[MachineEvidence]]


def wanted(acts: Iterable[tuple[Act, datetime]]) -> str:
    """The visits as `NEIGHBOURS` takes them: where, and from when to when, to look for neighbours of acts at those times."""
    times: dict[tuple[PersonKey, str, str | None], list[datetime]] = defaultdict(list)
    for act, at in acts:
        if act.kind in TRACED:
            sending = sending_of(act)
            for key in act.person:
                times[key, act.source, sending].append(at)
    return as_recordset(
        [
            {
                "namespace": key.namespace,
                "value": key.value,
                "source": source,
                "sending": sending,
                "earliest": earliest,
                "latest": latest,
            }
            for (key, source, sending), moments in times.items()
            for earliest, latest in _spans(moments)
        ]
    )


def _spans(moments: Iterable[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """The times within reach of one of these moments, without overlaps, so that a crowd of acts is looked at once."""
    first, *rest = sorted(moments)
    earliest, latest = first - REACH, first + REACH
    for moment in rest:
        if moment - REACH > latest:
            yield earliest, latest
            earliest = moment - REACH
        latest = moment + REACH
    yield earliest, latest


def neighbours_in(rows: Iterable[Mapping[str, Any]]) -> Neighbours:
    """The neighbours those rows, as JSON has them, are."""
    known = list(rows)
    traces = [
        Trace(
            engagement_id=UUID(row["id"]),
            contact_id=row["contact_id"],
            source=row["source"],
            sending=row["sending"],
            kind=row["kind"],
            at=datetime.fromisoformat(row["occurred_at"]),
            link=row["link"],
        )
        for row in known
    ]
    return Neighbours(traces, {UUID(row["id"]): tuple(row["machine_evidence"]) for row in known})
