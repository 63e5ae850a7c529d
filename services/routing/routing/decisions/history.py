"""A sentence for everything that was decided about a lead, for who asks why: a rep, a manager, sales operations, an auditor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

_STEP_WORDS = {
    "named_account": "the account names them",
    "account_owner": "they own the account",
    "sticky": "they had this person before",
    "territory": "it was their turn in the territory",
    "pool": "it was their turn in the pool",
    "on_plan": "the person is on their call plan",
    "by_hand": "somebody gave it to them by hand",
    "manager": "their rep let its clock run out",
}
_SEARCH_WORDS = {
    "qualified": "",
    "tried_again": " after waiting in the queue",
    "contact_changed": " after the person was described anew",
    "licence_ended": " after a licence of the person ended",
}
_QUALIFIED_WORDS = {
    "thresholds_reached": "Fit and engagement reached both thresholds",
    "rep_requested": "The person asked for a rep",
    "returned": "The day to take the person up again has come",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a history, as far as its sentence says it. `details` are what its kind keeps besides."""

    kind: str
    from_stage: str | None
    to_stage: str | None
    reason: str
    policy_version: str
    rule: str | None = None
    candidates: Sequence[Mapping[str, Any]] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


def sentence(told: Told) -> str:
    """What happened and why. An entry of a kind this room has no words for is told by its codes."""
    match told.kind:
        case "qualified":
            return _qualified(told)
        case "assigned" | "reassigned":
            return _assigned(told)
        case "waiting":
            return f"Nobody could take the lead: {_words(told.reason)}. It waits in the queue.{_considered(told)}"
        case "stage_changed":
            return f"{_moved(told)}: {_words(told.reason)}.{_reported(told)}"
        case "stage_implied":
            return f"{_moved(told)}, passed on the way: {_words(told.reason)}.{_reported(told)}"
        case "restated":
            return _restated(told)
        case "outcome_refused":
            return f"A report was refused at stage {_words(told.from_stage)}: {_words(told.reason)}.{_reported(told)}"
        case "brief_issued":
            return _brief_issued(told)
        case "brief_answered":
            return _brief_answered(told)
        case _:
            return _cycle(told)


def _cycle(told: Told) -> str:
    """What concerns the cycles of a person, and whatever there are no words for."""
    match told.kind:
        case "meeting_agreed":
            return _meeting(told)
        case "entered_late":
            return f"Had been at {_words(told.to_stage)} before, as a late report told: {_words(told.reason)}.{_reported(told)}"
        case "joined":
            return f"The person was merged with another contact, whose lead {told.details.get('lead_id')} was closed for this one."
        case "returned":
            return f"The day to take the person up again came: lead {told.details.get('lead_id')} was opened."
        case "return_passed":
            return f"The day to take the person up again came, and passed: {_words(told.reason)}."
        case _:
            way = f" {_words(told.from_stage)} to {_words(told.to_stage)}" if told.from_stage and told.to_stage else ""
            return f"{_words(told.kind).capitalize()}{way}: {_words(told.reason)}."


def _qualified(told: Told) -> str:
    why = _QUALIFIED_WORDS.get(told.reason, _words(told.reason).capitalize())
    score = told.details.get("score")
    if score is None:
        return f"{why}, by policy version {told.policy_version}."
    needed = score["thresholds"]
    return (
        f"{why}, by policy version {told.policy_version}: fit {score['fit']:g} (needed {needed['fit']:g}), "
        f"engagement {score['engagement']:g} (needed {needed['engagement']:g}), grade {score['grade']}."
    )


def _assigned(told: Told) -> str:
    chosen = next((each["rep_id"] for each in told.candidates if each["why_not"] is None), None)
    why = _STEP_WORDS.get(told.rule or "", _words(told.rule))
    when = _SEARCH_WORDS.get(told.reason, f" ({_words(told.reason)})")
    return f"Given to {chosen or 'a rep'}{when}, because {why}.{_considered(told)}"


def _considered(told: Told) -> str:
    lost = [f"{each['rep_id']} ({_words(each['why_not'])})" for each in told.candidates if each["why_not"] is not None]
    if not lost:
        return ""
    more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
    return f" Not {', '.join(lost[:3])}{more}."


def _moved(told: Told) -> str:
    return f"From {_words(told.from_stage)} to {_words(told.to_stage)}" if told.from_stage else f"Into {_words(told.to_stage)}"


def _meeting(told: Told) -> str:
    zone = ZoneInfo(told.details["zone"])
    at, was_at = (None if moment is None else _moment(moment, zone) for moment in (told.details["meeting_at"], told.details["was_at"]))
    moved = "" if was_at is None else f", instead of {was_at}"
    return f"A meeting was agreed on for {at}{moved}.{_reported(told)}"


def _moment(moment: str, zone: ZoneInfo) -> str:
    local = datetime.fromisoformat(moment).astimezone(zone)
    return f"{local.day} {local:%B %Y %H:%M %Z}"


def _reported(told: Told) -> str:
    rep_id = told.details.get("rep_id")
    return f" Reported by {rep_id}." if rep_id and told.details.get("report_id") else ""


def _restated(told: Told) -> str:
    before, after = told.details.get("score_before"), told.details.get("score_after")
    figures = f" Engagement {before['engagement']:g} became {after['engagement']:g}." if before and after else ""
    return f"What the person did was told anew; the lead stays {_words(told.from_stage)}: {_words(told.reason)}.{figures}"


def _brief_issued(told: Told) -> str:
    version, changes = told.details["version"], told.details.get("changes", ())
    if not changes:
        return f"Brief version {version} was written."
    return f"Brief version {version} was written: {' '.join(change['text'] for change in changes)}"


def _brief_answered(told: Told) -> str:
    about = f"brief version {told.details['version']}"
    match told.details["answer"]:
        case "dismissed":
            return f"{told.details['rep_id']} dismissed {about}: {_words(told.reason)}."
        case answer:
            return f"{told.details['rep_id']} {_words(answer)} {'' if answer == 'opened' else 'on '}{about}."


def _words(code: str | None) -> str:
    return (code or "none").replace("_", " ")
