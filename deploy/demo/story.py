"""What is told at the end: one lead's way from the click to full circle, its brief, its rep's feed, and the funnel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import fill
from typing import Any

from deploy.demo import expectations
from deploy.demo.assignments import Leads
from deploy.demo.checks import wait_for
from deploy.demo.expectations import STAGES
from deploy.demo.field_app import Briefs, ObjectionIds, app_of
from deploy.demo.figures import Groups
from deploy.demo.stage import Stage

_LAST = "rep.told"
_WAY = (
    "engagement.recorded",
    "lead.qualified",
    "lead.assigned",
    "brief.issued",
    "clock.started",
    "outcome.recorded",
    "lead.stage_changed",
    "clock.met",
    "objection.recorded",
    "theme.emerged",
    "decision.opened",
    "decision.decided",
    "change.published",
    _LAST,
)
"""What every full circle goes through."""

_LINE_CHARS = 110
_LABEL_CHARS = 14

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Played:
    """What the acts leave behind for the story."""

    leads: Leads
    briefs: Briefs
    objection_ids: ObjectionIds
    funnel: Groups


def tell_the_story(stage: Stage, played: Played) -> list[str]:
    """The lines of the closing pictures; the trace is checked on the way."""
    person = expectations.evidence(stage.world)[0]
    lead = played.leads[person.id]
    entries = _await_trace(stage, lead["id"])
    return [
        f"One lead's story, from click to full circle: {person.label}, {person.part.specialty}, lead {lead['id']}",
        *_trace_lines(entries),
        "",
        f"The brief that {lead['rep_id']} read before the call",
        *_brief_lines(played.briefs[person.id]),
        "",
        f"What {lead['rep_id']} was told of the objection",
        *_feed_lines(stage, lead["rep_id"], played.objection_ids[person.id]),
        "",
        f"The funnel of {stage.world.launch.brand_id}, leads that entered each stage",
        *_funnel_lines(stage, played.funnel),
    ]


def _await_trace(stage: Stage, lead_id: str) -> list[Entry]:
    def trace() -> list[Entry]:
        entries: list[Entry] = stage.company.marketing.get("reporting", f"/v1/trace/{lead_id}")["entries"]
        return entries

    entries = wait_for(trace, lambda entries: {entry["type"] for entry in entries} >= set(_WAY))
    types = [entry["type"] for entry in entries]
    stage.checks.equal("what the lead's trace lacks", expected=set(), found=set(_WAY) - set(types))
    stage.checks.equal("the trace's last entry", expected=[_LAST], found=types[-1:])
    stage.checks.equal(
        "the trace's times in order", expected=sorted(_at(entry) for entry in entries), found=[_at(entry) for entry in entries]
    )
    stage.checks.equal("cases in a trace that marketing reads", expected=[], found=[one for one in types if one.startswith("case.")])
    return entries


def _trace_lines(entries: Sequence[Entry]) -> list[str]:
    start = _at(entries[0]) if entries else None
    return [
        f"  {_offset(_at(entry) - start):>9}  {entry['service']:<10} {entry['type']:<20} {entry['summary']}" for entry in entries if start
    ]


def _brief_lines(brief: dict[str, Any]) -> list[str]:
    objections = ", ".join(
        f"{likely['topic']} (answer: {', '.join(asset['title'] for asset in likely['assets']) or 'none yet'})"
        for likely in brief["likely_objections"]
    )
    clock = brief["clock"]
    told = {
        "why this person": brief["why_this_person"],
        "why now": brief["why_now"],
        "next step": brief["next_step"],
        "objections": objections or "none expected",
        "channels": ", ".join(brief["allowed_channels"]),
        "first outreach": f"{clock['state']}, due {clock['due_at']}" if clock else "no clock",
    }
    indent = " " * 20
    glance = [fill(line, _LINE_CHARS, initial_indent="    ", subsequent_indent="      ") for line in brief["text"].splitlines()]
    whole = [fill(text, _LINE_CHARS, initial_indent=f"  {name:<16}  ", subsequent_indent=indent) for name, text in told.items()]
    return ["  At a glance:", *glance, "  and more:", *whole]


def _feed_lines(stage: Stage, rep_id: str, objection_id: str) -> list[str]:
    told = [item for item in app_of(stage, rep_id).feed() if objection_id in item["report_ids"]]
    return [f"  {item['kind']:<16}  {item['text']}" for item in sorted(told, key=lambda item: datetime.fromisoformat(item["at"]))]


def _funnel_lines(stage: Stage, groups: Groups) -> list[str]:
    regions = [territory.region for territory in stage.world.territories]
    by_region = {group["key"]: {one["stage"]: one for one in group["stages"]} for group in groups}
    shown = [(region or "no territory", by_region[region]) for region in (*regions, None) if region in by_region]
    entered = {name: sum(stages[name]["entered"] for _, stages in shown) for name in STAGES}
    converted = {name: sum(stages[name]["converted"] for _, stages in shown) for name in STAGES}
    rows = [(region, [str(stages[name]["entered"] or "·") for name in STAGES]) for region, stages in shown]
    rows.append(("all", [str(entered[name]) for name in STAGES]))
    rows.append(("went on", [f"{converted[name] / entered[name]:.0%}" if entered[name] else "·" for name in STAGES]))
    widths = [len(name) + 3 for name in STAGES]
    table = [("", list(STAGES)), *rows]
    return [
        f"  {label:<{_LABEL_CHARS}}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        for label, cells in table
    ]


def _at(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry["at"])


def _offset(passed: timedelta) -> str:
    minutes, seconds = divmod(passed.total_seconds(), 60)
    return f"+{int(minutes)}:{seconds:04.1f}"
