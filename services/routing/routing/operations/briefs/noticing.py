"""Notes which leads changed for those who follow them, and which briefs may not say what is true any more."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from routing.tables import Lead
from shared.database import Statement, as_recordset

SETTLES = timedelta(seconds=5)
"""A brief is written anew this long after a fact changed: a burst of changes gives one version."""
BETWEEN_VERSIONS = timedelta(minutes=5)
"""Nobody reads more versions than that because somebody goes on reading; what must not wait doesn't wait for this."""

# Whoever changes a lead holds its contact, so nobody else writes these rows meanwhile.
_NOTE_CHANGED = """
    INSERT INTO lead_changes (rep_id, lead_id, changed_in)
    SELECT rep_id, lead_id, CAST(CAST(pg_current_xact_id() AS text) AS bigint)
    FROM json_to_recordset(CAST(%(changed)s AS json)) AS change (rep_id text, lead_id uuid) ORDER BY rep_id, lead_id
    ON CONFLICT (rep_id, lead_id) DO UPDATE SET changed_in = excluded.changed_in
"""
_NOTE_OUTDATED = """
    INSERT INTO brief_revisions (lead_id, due_at)
    SELECT lead_id, due_at
    FROM json_to_recordset(CAST(%(outdated)s AS json)) AS outdated (lead_id uuid, due_at timestamptz) ORDER BY lead_id
    ON CONFLICT (lead_id) DO UPDATE SET due_at = excluded.due_at WHERE excluded.due_at < brief_revisions.due_at
"""


@dataclass(slots=True)
class Notes:
    """What is noted while a desk is worked at. `owners` are the leads' owners as they were when it was laid out."""

    owners: dict[UUID, str | None] = field(default_factory=dict)
    changed: set[UUID] = field(default_factory=set)
    outdated: dict[UUID, datetime] = field(default_factory=dict)

    def outdate(self, lead: Lead, *, now: datetime, patiently: bool = False) -> None:
        """The lead's brief, if it has an owner who reads it, is to be looked at; `patiently` where one more version too many is noise."""
        if lead.brief_version == 0 or lead.rep_id is None or lead.ended_at is not None:
            return
        due_at = now + SETTLES
        if patiently and lead.brief_issued_at is not None:
            due_at = max(due_at, lead.brief_issued_at + BETWEEN_VERSIONS)
        self.outdated[lead.id] = min(due_at, self.outdated.get(lead.id, due_at))

    def outdate_when_met(self, lead: Lead, *, now: datetime) -> None:
        """From the time of its meeting on, if that lies ahead, the lead's brief asks for something else."""
        if lead.meeting_at is not None and lead.meeting_at > now:
            self.outdated[lead.id] = min(lead.meeting_at, self.outdated.get(lead.id, lead.meeting_at))


def give_reason(notes: Notes, lead: Lead, reason: str, *, at: datetime) -> bool:
    """There is a reason to look at the lead; returns whether it is the newest, and so stands with the lead."""
    notes.changed.add(lead.id)
    if at < lead.reason_at:
        return False
    lead.reason, lead.reason_at = reason, at
    return True


def noting(notes: Notes, leads: Mapping[UUID, Lead], *, touched: Collection[UUID]) -> list[Statement[Any]]:
    """Writes down what was noted of these leads; none for nothing. A lead that left somebody changed for them too."""
    changed = {(rep_id, lead_id) for lead_id in {*touched, *notes.changed} for rep_id in _followers(notes, leads[lead_id])}
    if not changed and not notes.outdated:
        return []
    changes = as_recordset([{"rep_id": rep_id, "lead_id": lead_id} for rep_id, lead_id in changed])
    outdated = as_recordset([{"lead_id": lead_id, "due_at": due_at} for lead_id, due_at in notes.outdated.items()])
    return [Statement(_NOTE_CHANGED, {"changed": changes}, list), Statement(_NOTE_OUTDATED, {"outdated": outdated}, list)]


def _followers(notes: Notes, lead: Lead) -> set[str]:
    return {rep_id for rep_id in (lead.rep_id, notes.owners.get(lead.id)) if rep_id is not None}
