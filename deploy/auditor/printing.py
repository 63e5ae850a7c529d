"""Verdicts as people read them, a line each and then what is wrong, and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import orjson

from deploy.auditor.verdicts import Verdict

_STATES = {"kept": "kept", "broken": "BROKEN", "not_told": "not told"}


def as_table(verdicts: Sequence[Verdict]) -> str:
    """A line per invariant, then the findings with their first places, then what nobody told."""
    width = max(len(verdict.promise) for verdict in verdicts)
    lines = [f"{'':<4} {'promise':<{width}}  {'verdict':<8}  {'examined':>9}  {'wrong':>6}"]
    lines += [
        f"{each.invariant:<4} {each.promise:<{width}}  {_STATES[each.state]:<8}  {each.examined:>9}  {each.wrongs:>6}" for each in verdicts
    ]
    lines += [line for verdict in verdicts for line in _findings(verdict)]
    untold = [f"{verdict.invariant}: {part}" for verdict in verdicts for part in verdict.untold]
    return "\n".join([*lines, *(["", "Not told:"] if untold else []), *(f"  {part}" for part in untold)])


def as_json(verdicts: Sequence[Verdict], *, on_its_way: str | None) -> str:
    """The same for programs: `verdicts` and `on_its_way`."""
    told = {"verdicts": [{**asdict(verdict), "wrongs": verdict.wrongs} for verdict in verdicts], "on_its_way": on_its_way}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()


def _findings(verdict: Verdict) -> Iterable[str]:
    for finding in verdict.findings:
        yield f"\n{verdict.invariant}: {finding.wrong}: {finding.total}"
        yield from (f"    {example}" for example in finding.examples)
        if finding.total > len(finding.examples):
            yield f"    ... and {finding.total - len(finding.examples)} more"
