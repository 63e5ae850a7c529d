"""What a simulation tells: the figures of either version and of their difference, and what they rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Protocol

from routing.decisions.policies.activation import ActivationWarning
from routing.decisions.qualification.comparison import Afterwards, Comparison, Groups, Version
from routing.decisions.qualification.look_back import BEGINNING
from routing.operations.whatif.rehearsing import Load, Rehearsal
from routing.queries.windows import Window

ONE_DAY = timedelta(days=1)

_COUNTED = ("active", "candidate", "gained", "lost")
_DIFFERENCES = ("gained", "lost", "same", "earlier", "later")

FACTS_OF_TODAY = "Contacts, accounts, targets and the field force are taken as they are today, not as they were in the window."
_BEGINS_WITH = (
    "The window begins with what its contacts had earned before it: {before} engagements from {since} on were replayed first under either"
    " version, and count no MQL. {older}"
)
_OLDER = "What is older is worth nothing by either; of MQLs from before that only real leads that were open then are known."
_NONE_OLDER = "None is left out."
_BEGINS_WITH_NOTHING = "No contact of the window did anything before it that could still count."
CYCLES = (
    "In each cycle a contact becomes an MQL once at most, before the window or in it. Cycles end when the real leads did, under both"
    " versions: after that only what is done later counts, or asking for a rep. A lead without an end stays open."
)
ORDERED = "Each engagement is decided at the moment it happened, in the order in which they happened."
_OPEN_FOR = "On paper a lead stays open for {days:.1f} days, as half of the leads of this brand did that have ended, at most."
_OPEN_TO_THE_END = "On paper every lead stays open to the end of the window: no lead of this brand has ended yet."
_LOAD = (
    "Reps begin with the leads that were open when the window began, as far as these are theirs still or were theirs last, and those end as"
    " they did; other brands' leads come as they did. Turns begin as they are today."
)


class Replayed(Protocol):
    """What the replay found, counted."""

    comparison: Comparison
    replayed: int
    before: int
    contacts: int
    unknown_contacts: int


def result_document(
    findings: Replayed,
    *,
    window: Window,
    rehearsals: Mapping[Version, Rehearsal],
    lost: Afterwards,
    gained: Afterwards,
    warnings: Sequence[ActivationWarning],
    kept: int,
) -> dict[str, Any]:
    """The result as JSON, as it is kept and shown."""
    comparison = findings.comparison
    return {
        "assumptions": [FACTS_OF_TODAY, _begins_with(findings, window), CYCLES, ORDERED, _LOAD, _open_for(rehearsals)],
        "engagements": findings.replayed,
        "engagements_before": findings.before,
        "contacts": findings.contacts,
        "unknown_contacts": findings.unknown_contacts,
        "mqls": {
            **{name: comparison.mqls[name] for name in ("active", "candidate", *_DIFFERENCES)},
            "before_window": {"active": comparison.before_window["active"], "candidate": comparison.before_window["candidate"]},
        },
        "by_segment": _groups(comparison.by_segment),
        "by_territory": _groups(comparison.by_territory),
        "by_campaign": _groups(comparison.by_campaign),
        "by_kind": _groups(comparison.by_kind),
        "lost": asdict(lost),
        # A lead that went nowhere says nothing of the one that never was.
        "gained": {
            **{name: getattr(gained, name) for name in ("mqls", "sql", "meeting", "sql_or_meeting")},
            "unknown": gained.mqls - gained.sql_or_meeting,
        },
        "load": _loads(rehearsals),
        "waiting": {version: dict(sorted(rehearsal.waiting.items())) for version, rehearsal in rehearsals.items()},
        "warnings": [each.document() for each in warnings],
        "decisions": kept,
    }


def _begins_with(findings: Replayed, window: Window) -> str:
    if not findings.before:
        return _BEGINS_WITH_NOTHING
    since, is_all = window.read_from, window.read_from == BEGINNING
    return _BEGINS_WITH.format(
        before=findings.before, since="their first one" if is_all else since.date(), older=_NONE_OLDER if is_all else _OLDER
    )


def _open_for(rehearsals: Mapping[Version, Rehearsal]) -> str:
    open_for = next(iter(rehearsals.values())).open_for
    return _OPEN_TO_THE_END if open_for is None else _OPEN_FOR.format(days=open_for / ONE_DAY)


def _groups(groups: Groups) -> list[dict[str, Any]]:
    """Most changed first."""
    shown: list[dict[str, Any]] = [{"key": key, **{name: counts[name] for name in _COUNTED}} for key, counts in groups.items()]
    return sorted(shown, key=lambda each: (-each["gained"] - each["lost"], -each["candidate"], each["key"] or ""))


def _loads(rehearsals: Mapping[Version, Rehearsal]) -> list[dict[str, Any]]:
    """Every rep who may have leads of the brand, or was given one, by id."""
    shown = []
    for rep_id in sorted({rep_id for rehearsal in rehearsals.values() for rep_id in rehearsal.loads}):
        rep = next(rehearsal.hand.reps[rep_id] for rehearsal in rehearsals.values() if rep_id in rehearsal.loads)
        loads: dict[str, Any] = {version: asdict(rehearsal.loads.get(rep_id, Load())) for version, rehearsal in rehearsals.items()}
        shown.append({"rep_id": rep_id, "max_open_leads": rep.max_open_leads, "active": loads.get("active"), **loads})
    return shown
