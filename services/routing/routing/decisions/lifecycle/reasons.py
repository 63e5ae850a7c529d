"""Why leads are rejected, held, recycled or disqualified, in words: what we know a reason code to mean, and what follows from it.

Any code is taken; one we don't know means no more than its kind does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Literal

ReasonKind = Literal["rejection", "hold", "recycling", "disqualification"]
Effect = Literal["another_rep", "recycled", "on_hold", "disqualified"]


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason code, for what it may be given, and what follows. A lead that is recycled goes to `track`, and may come back after days."""

    code: str
    kinds: frozenset[ReasonKind]
    words: str
    another_rep: bool = False
    track: str | None = None
    return_after_days: int | None = None

    def effect(self, kind: ReasonKind) -> Effect:
        """What becomes of a lead for this reason."""
        match kind:
            case "rejection":
                return "another_rep" if self.another_rep else "recycled"
            case "hold":
                return "on_hold"
            case "recycling":
                return "recycled"
            case "disqualification":
                return "disqualified"


def _reason(code: str, *kinds: ReasonKind, words: str, track: str | None = None, return_after_days: int | None = None) -> Reason:
    return Reason(code, frozenset(kinds), words, track=track, return_after_days=return_after_days)


def _of_the_rep(code: str, words: str) -> Reason:
    return Reason(code, frozenset({"rejection"}), words, another_rep=True)


GENERAL_TRACK = "general"
"""Where marketing goes on with somebody when the reason says nothing more."""

_KNOWN = (
    _of_the_rep("wrong_territory", "The person works in another rep's territory."),
    _of_the_rep("wrong_rep", "The account or the relationship is a colleague's."),
    _of_the_rep("no_capacity", "The rep can't take on more now."),
    _of_the_rep("absent", "The rep is away."),
    _of_the_rep("conflict_of_interest", "The rep must not call on this person."),
    _reason("bad_data", "rejection", "recycling", words="The description of the person is wrong.", track="data_check"),
    _reason("outside_definition", "rejection", "recycling", words="The person is not whom the policy means.", track="definition_review"),
    _reason("duplicate", "rejection", "recycling", words="The same person is known under another name.", track="data_check"),
    _reason("wrong_timing", "rejection", "recycling", words="Interested, but not now.", track="stay_in_touch", return_after_days=90),
    _reason("recently_seen", "rejection", "recycling", words="Called on a short while ago.", track="stay_in_touch", return_after_days=30),
    _reason("too_early", "rejection", "recycling", words="Still learning; not ready to talk.", track="education"),
    _reason("formulary_pending", "hold", "recycling", words="A formulary decision is awaited.", track="access", return_after_days=90),
    _reason("budget_cycle", "hold", "recycling", words="The budget is decided later.", track="stay_in_touch", return_after_days=180),
    _reason("no_access", "recycling", words="The office sees no reps.", track="digital_only"),
    _reason("asked_to_wait", "hold", words="The person asked to be called later."),
    _reason("person_away", "hold", words="The person is away."),
    _reason("account_review", "hold", words="The account is being looked at first."),
    _reason("supply_shortage", "hold", words="The product can't be had just now."),
    _reason("not_interested", "disqualification", words="Heard of it and does not want it."),
    _reason("no_need", "disqualification", words="Has no patients, or no use, for it."),
    _reason("unreachable", "disqualification", words="Could not be reached in the time agreed on."),
    _reason("left_practice", "disqualification", words="No longer practises there."),
    _reason("wrong_contact", "disqualification", words="Is not who was meant."),
    _reason("declined_consent", "disqualification", words="Does not want to be contacted."),
    _reason("consent", "disqualification", words="Opted out of being called; withdrawn before anybody reached out."),
    _reason("restated", "disqualification", words="What qualified the lead turned out to be something else; withdrawn before outreach."),
    _reason("merged", "disqualification", words="Another lead of the same person, found to be the same, goes on instead."),
)
REASONS: Mapping[str, Reason] = MappingProxyType({reason.code: reason for reason in _KNOWN})
"""The codes we know, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Recycling:
    """Where a person goes when their lead is recycled, and the day (UTC) on which a new lead opens by itself, if any does."""

    track: str
    return_on: date | None


def sends_to_another_rep(reason_code: str | None) -> bool:
    """Tell whether a rejection speaks of the rep, not of the person. Every other, or one without a reason, recycles the lead."""
    known = REASONS.get(reason_code or "")
    return known is not None and known.another_rep


def recycling_for(reason_code: str | None, *, today: date, track: str | None = None, return_on: date | None = None) -> Recycling:
    """Decide where a recycled lead's person goes: as somebody says, else as the reason says."""
    known = REASONS.get(reason_code or "")
    if return_on is None and known is not None and known.return_after_days is not None:
        return_on = today + timedelta(days=known.return_after_days)
    return Recycling(track or (known.track if known else None) or GENERAL_TRACK, return_on)
