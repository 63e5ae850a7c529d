"""What every service keeps beside its own tables: which events it applied, and which records it set aside."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from deploy.auditor.evidence.rows import Row


@dataclass(frozen=True, slots=True)
class Applied(Row):
    """A consumer applied an event, in the commit that held its effect."""

    table: ClassVar[str] = "inbox"

    consumer: str
    event_id: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Parked(Row):
    """A record that a consumer could not read or apply, kept until somebody replays or discards it."""

    table: ClassVar[str] = "quarantine"

    consumer: str
    topic: str
    type: str | None
    event_id: str | None
    step: str
    reason: str
