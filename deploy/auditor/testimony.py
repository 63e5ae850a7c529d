"""Testimony: what those outside the services saw and wrote down themselves. One file of JSON lines per kind, appended as it happens.

Senders, reps, endpoints and whoever causes faults write it; the auditor holds it against databases and topics. It is the only
evidence that the services had no hand in. Times are UTC; a try that got no answer has no status.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Testimony(BaseModel):
    """One line of a file named after what it tells of. `at` is when the witness began what it tells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file_name: ClassVar[str]

    at: AwareDatetime


Verb = Literal["hold", "resume", "reassign", "pause", "restart", "opened", "acted", "dismissed"]
"""What somebody does with a lead by hand: with itself, with one of its clocks, with its brief."""

_Kind = TypeVar("_Kind", bound=Testimony)


class WebhookTry(Testimony):
    """A sender posted a webhook. Retries of the same body are tries of their own, with the same `items`.

    `items` are the sender's own names of the events in the body, in order: the same name is the same event, however often sent.
    """

    file_name: ClassVar[str] = "webhooks.jsonl"

    answered_at: AwareDatetime | None
    source: str
    body_sha256: str
    items: list[str]
    status: int | None
    receipt_id: str | None
    counts: dict[Literal["accepted", "duplicate", "ignored", "rejected"], int]


class ReportTry(Testimony):
    """A field app posted a report. `mention`: it tells of an adverse event, by the rep's flag or only in words.

    `case_id` is the case that the answer named, a refusal's too.
    """

    file_name: ClassVar[str] = "reports.jsonl"

    answered_at: AwareDatetime | None
    kind: Literal["outcome", "objection", "insight"]
    report_id: str
    rep_id: str
    lead_id: str | None
    contact_id: str | None
    mention: Literal["flagged", "in_words"] | None
    status: int | None
    case_id: str | None = None


class MoveTry(Testimony):
    """Somebody, named by their rep or role, did something with a lead by hand.

    `to` is the rep whom a `reassign` names, `clock` what `pause` and `restart` are about, `version` the brief that was answered.
    """

    file_name: ClassVar[str] = "moves.jsonl"

    answered_at: AwareDatetime | None
    verb: Verb
    lead_id: str
    by: str
    to: str | None = None
    clock: str | None = None
    version: int | None = None
    status: int | None


class Arrival(Testimony):
    """An endpoint, named by its address, was sent a webhook. `answered` is the status it gave, None when it gave none on purpose."""

    file_name: ClassVar[str] = "arrivals.jsonl"

    endpoint: str
    webhook_id: str
    is_signed_right: bool
    body: str
    answered: int | None


class Probe(Testimony):
    """Somebody asked for what is outside their scope. `wanted` are the statuses that refuse it."""

    file_name: ClassVar[str] = "probes.jsonl"

    who: str
    method: str
    path: str
    status: int | None
    wanted: list[int]


class Sample(Testimony):
    """How one process fared. `livez_seconds`: how long `/livez` took; None when it did not answer in time."""

    file_name: ClassVar[str] = "samples.jsonl"

    process: str
    pid: int
    resident_bytes: int
    open_files: int
    threads: int
    cpu_seconds: float
    livez_seconds: float | None


class Backlog(Testimony):
    """What was still on its way, per service: events in the outbox, events behind on its topics, deliveries pending."""

    file_name: ClassVar[str] = "backlog.jsonl"

    service: str
    outbox: int
    lag: int
    deliveries_pending: int
    database_connections: int


class Fault(Testimony):
    """Something was broken from `at` until `ended_at`; after that everything was to be caught up within `recovery_seconds_max`."""

    file_name: ClassVar[str] = "faults.jsonl"

    fault: str
    what: str
    ended_at: AwareDatetime
    recovery_seconds_max: float


class Injected(Testimony):
    """Somebody put a record on a topic themselves, past the services' books. `event_id` is what it claimed; None if it was no event."""

    file_name: ClassVar[str] = "injected.jsonl"

    topic: str
    event_id: str | None
    what: str


class Canary(Testimony):
    """A string that was planted where people type or secrets go, and may stand nowhere but in `allowed_in` (`service.table`)."""

    file_name: ClassVar[str] = "canaries.jsonl"

    text: str
    kind: Literal["free_text", "secret", "person"]
    allowed_in: list[str]


class Witness:
    """Writes testimony into a folder. Lines are whole even if the writer is killed between two of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def tell(self, testimony: Testimony) -> None:
        """Appends one line, on its way to the disk when this returns."""
        with (self._folder / testimony.file_name).open("a") as file:
            file.write(testimony.model_dump_json() + "\n")


def heard(folder: Path, kind: type[_Kind]) -> Iterator[_Kind]:
    """Everything of that kind in the folder, in the order it was written; nothing when nobody told any."""
    file = folder / kind.file_name
    if file.exists():
        with file.open() as lines:
            for line in lines:
                yield kind.model_validate_json(line)
