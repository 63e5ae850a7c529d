"""A brief at a glance: what can be read in twenty seconds, between two calls. Everything else is beside it, for who has more time.

Days and times are told in the zone of `now`, which is to be the reader's.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from routing.decisions.briefs.parts import BriefEngagement
from routing.decisions.briefs.sentences import act_words, moment_words
from routing.decisions.clocks.clock import Clock
from routing.decisions.clocks.rules import ClockKind

WORDS_MAX = 80
"""Twenty seconds at 240 words a minute, which is how fast people read plain text in silence."""

_ASKED_FOR: Mapping[ClockKind, str] = {"first_outreach": "Reach out by", "follow_up": "Follow up by", "report": "Report by"}

OBJECTIONS_SHOWN = 2
FACTS_SHOWN = 3
FACT_WORDS_MAX = 3
CANDIDATE_TAKES = 2
"""Facts of which an SQL candidate takes the place: it is told in four words."""
STEP_WORDS_MAX = 14


def headline(document: Mapping[str, Any], *, now: datetime) -> str:
    """Who it is, what they did last that tells most, and how that changed, in one line."""
    contact = document["contact"]
    name = _few(f"{contact['given_name']} {contact['family_name']}".strip(), 3) or "This person"
    specialty = _few((contact["specialty"] or "").replace("_", " "), 2)
    place = _few(contact["account_name"] or "", 4)
    who = ", ".join(filter(None, [name, " at ".join(filter(None, [specialty, place]))]))
    reasons = document.get("reasons") or ()
    did = _act(reasons[0], now=now) if reasons else "nothing recent to mention"
    return f"{who}: {did}; engagement {document.get('urgency', 'steady')}."


def glance(document: Mapping[str, Any], *, clock: Clock | None, channels: Sequence[str], now: datetime) -> str:
    """The brief in at most `WORDS_MAX` words, a line per question; titles and names are cut where they must be."""
    return "\n".join([headline(document, now=now), *_lines(document, clock=clock, channels=channels, now=now)])


def _lines(document: Mapping[str, Any], *, clock: Clock | None, channels: Sequence[str], now: datetime) -> Iterator[str]:
    facts = list(_facts(document))
    if facts:
        yield f"Why them: {', '.join(facts)}."
    expected = [_expected(likely) for likely in document["likely_objections"][:OBJECTIONS_SHOWN]]
    if expected:
        yield f"Expect: {', '.join(expected)}."
    yield f"Next: {_first_sentences(document['next_step'], STEP_WORDS_MAX)}"
    open_channels = ", ".join(channel.replace("_", " ") for channel in channels)
    yield f"{_when(clock, now=now)} {f'Channels: {open_channels}.' if open_channels else 'No channel is open to you.'}"


def _facts(document: Mapping[str, Any]) -> Iterator[str]:
    shown = FACTS_SHOWN
    if document.get("sql_candidate"):
        yield f"SQL candidate ({_few(document['readiness'].replace('_', ' '), 2)})"
        shown -= CANDIDATE_TAKES
    yield from (_few(words, FACT_WORDS_MAX) for words in document.get("fit", ())[:shown])


def _expected(likely: Mapping[str, Any]) -> str:
    topic = _few(likely["topic"].replace("_", " "), 2)
    answer = f'show "{_few(likely["assets"][0]["title"], 4)}"' if likely["assets"] else "no approved answer"
    return f"{topic} ({answer})"


def _act(reason: Mapping[str, Any], *, now: datetime) -> str:
    at = datetime.fromisoformat(reason["occurred_at"])
    act = BriefEngagement(reason["kind"], reason["asset_id"], _few(reason["title"], 4) if reason["title"] else None, at)
    days = max(0, (now.date() - at.astimezone(now.tzinfo).date()).days)
    return act_words(act, when={0: "today", 1: "yesterday"}.get(days, f"{days} days ago"))


def _when(clock: Clock | None, *, now: datetime) -> str:
    if clock is None or clock.state == "ended":
        return "No clock runs."
    due = clock.due_at.astimezone(now.tzinfo)
    match clock.state:
        case "met":
            return "First outreach is made." if clock.kind == "first_outreach" else "The next step is made."
        case "paused":
            return "The clock is paused."
        case _:
            asked = "Overdue since" if due < now else _ASKED_FOR[clock.kind]
            return f"{asked} {moment_words(due)}."


def _first_sentences(text: str, words: int) -> str:
    """As many whole sentences as so many words hold; of a first one that is longer, its beginning."""
    told: list[str] = []
    for sentence in text.replace(". ", ".\n").splitlines():
        if len(f"{' '.join(told)} {sentence}".split()) > words:
            break
        told.append(sentence)
    return " ".join(told) if told else _few(text, words)


def _few(text: str, words: int) -> str:
    """At most so many words of a text, which says so where it was cut."""
    split = text.split()
    return " ".join(split) if len(split) <= words else f"{' '.join(split[:words])}…"
