"""Results as a table for people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

_HEAD = ("fault", "what was done", "webhooks acked/tried", "AEs", "engagements", "leads", "verdicts", "drain s", "took s", "result")


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line per run under a head, in Markdown."""
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    written = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [written[0], rule, *written[1:], *_broken(rows)]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    states = Counter(verdict["state"] for verdict in row["verdicts"])
    verdicts = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(states.items()))
    return (
        row["fault"],
        row["what"],
        f"{row['acknowledged']}/{row['tries']}",
        str(row["adverse_events"]),
        str(row["engagements"]),
        str(row["leads"]),
        verdicts,
        f"{row['drain_seconds']:g}",
        f"{row['took_seconds']:g}",
        "pass" if row["passed"] else "FAIL",
    )


def _broken(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    marks = [f"{row['fault']}: {mark['what']}: {mark['found']}" for row in rows for mark in row["marks"] if not mark["held"]]
    findings = [
        f"{row['fault']}: {verdict['invariant']}: {finding['wrong']}: {finding['total']}"
        for row in rows
        for verdict in row["verdicts"]
        for finding in verdict["findings"]
    ]
    return ["", *marks, *findings] if marks or findings else []
