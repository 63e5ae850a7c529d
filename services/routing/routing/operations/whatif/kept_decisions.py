"""The decisions of a simulation that are kept in full: what would have been decided about a contact under either version, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.facts import Engagement
from routing.decisions.qualification.comparison import Found, Key, Version
from routing.decisions.qualification.deciding import (
    Cycle,
    Gated,
    NotYet,
    Qualification,
    Qualified,
    Withheld,
    asks_for_rep,
    decide_qualification,
)
from routing.decisions.qualification.replay import moment_of
from routing.decisions.qualification.scoring import contributions
from routing.operations.desk import Desk
from routing.queries import facts, windows
from routing.queries.policies import PinnedPolicy
from routing.queries.windows import Person, Window
from shared.bodies import utc_text
from shared.database import together

CONTACTS_AT_ONCE = 100


@dataclass(slots=True)
class Explained:
    """A contact's document, `{contact_id, difference, active, candidate}`, and the verdicts it was written from."""

    document: dict[str, Any]
    verdicts: dict[Version, Qualification]

    def qualified(self, version: Version) -> Qualified:
        """The verdict that makes the contact an MQL under this version."""
        verdict = self.verdicts[version]
        if not isinstance(verdict, Qualified):
            raise TypeError(f"the replay and the whole reading of the ledger disagree: {type(verdict).__name__}")
        return verdict

    def keep(self, version: Version, desk: Desk) -> None:
        """Adds what became of the lead: its records, its clock, and where it belongs."""
        [lead] = desk.leads.values()
        self.document[version] |= {"territory_id": lead.territory_id, "history": records_document(desk)}


async def explained(
    session: AsyncSession, window: Window, versions: Mapping[Version, PinnedPolicy], sample: Sequence[Found]
) -> dict[Key, Explained]:
    """By contact and cycle, in the order of the sample, what each version says of them, by the decision itself."""
    found: dict[Key, Explained] = {}
    for begin in range(0, len(sample), CONTACTS_AT_ONCE):
        part = sample[begin : begin + CONTACTS_AT_ONCE]
        contact_ids = list({each.contact_id for each in part})
        persons = await windows.persons(session, window, contact_ids)
        [engagements] = await together(session, facts.engagements([(contact_id, window.brand_id) for contact_id in contact_ids]))
        for each in part:
            of_contact = engagements.get((each.contact_id, window.brand_id), [])
            counting = [one for one in of_contact if window.read_from <= one.occurred_at < window.ends_at]
            found[each.key] = _explain(each, persons[each.contact_id], counting, versions)
    return found


def _explain(found: Found, person: Person, engagements: Sequence[Engagement], versions: Mapping[Version, PinnedPolicy]) -> Explained:
    document: dict[str, Any] = {"contact_id": found.contact_id, "difference": found.difference, "active": None}
    explained = Explained(document, {})
    for version, pinned in versions.items():
        # Where a version makes no MQL of them it is asked when the other does.
        crossing = (found.active if version == "active" else found.candidate) or found.active or found.candidate
        if crossing is None:
            raise ValueError("a contact neither version makes an MQL of")
        at = moment_of(crossing.at)
        until_then = [each for each in engagements if (each.occurred_at, each.engagement_id) <= (at, crossing.engagement_id)]
        ended_at = None if found.previous is None else moment_of(found.previous.ended_at)
        verdict = explained.verdicts[version] = judged(pinned, person, until_then, at=at, previous_ended_at=ended_at)
        document[version] = {
            "policy_version": pinned.version,
            **qualification_document(verdict, at=at),
            "territory_id": None,
            "history": [],
        }
    return explained


def judged(
    pinned: PinnedPolicy, person: Person, engagements: Sequence[Engagement], *, at: datetime, previous_ended_at: datetime | None = None
) -> Qualification:
    """What a version says of somebody at a moment, on these engagements."""
    asked = [each.occurred_at for each in engagements if asks_for_rep(each, brand_id=pinned.policy.brand_id)]
    return decide_qualification(
        pinned.policy,
        subject=person.subject,
        ledger=[row for each in engagements for row in contributions(pinned.policy, each)],
        now=at,
        cycle=Cycle(previous_ended_at=previous_ended_at, rep_requested_at=max(asked, default=None)),
    )


def qualification_document(decision: Qualification, *, at: datetime) -> dict[str, Any]:
    """A verdict with the score it rests on, line by line, and what is missing."""
    score = decision.score
    verdict, reason, missing = _told(decision)
    return {
        "at": utc_text(at),
        "verdict": verdict,
        "reason": reason,
        "missing": missing,
        "score": {"fit": float(score.fit), "engagement": float(score.engagement), "grade": score.grade},
        "ledger": [
            {
                "kind": line.kind,
                "rule": line.rule_id,
                "points": float(line.points),
                "engagement_id": line.engagement_id,
                "occurred_at": None if line.occurred_at is None else utc_text(line.occurred_at),
            }
            for line in score.lines
        ],
    }


def records_document(desk: Desk) -> list[dict[str, Any]]:
    """The decision records on a desk as JSON, as a lead's history shows them."""
    hidden = {"lead_id", "position"}
    shown = [{name: value for name, value in record.items() if name not in hidden} for record in desk.records]
    return list(orjson.loads(orjson.dumps(shown)))


def _told(decision: Qualification) -> tuple[str, str | None, dict[str, float] | None]:
    match decision:
        case Qualified():
            return "qualified", decision.reason, None
        case NotYet():
            return "not_yet", None, {"fit": float(decision.fit_missing), "engagement": float(decision.engagement_missing)}
        case Gated():
            return "gated", decision.reason, None
        case Withheld():
            return "withheld", decision.reason, None
