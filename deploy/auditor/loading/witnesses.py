"""Reads what witnesses wrote down, and the logs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from deploy.auditor.evidence import Witnessed
from deploy.auditor.evidence.sightings import Searching
from deploy.auditor.testimony import (
    Arrival,
    Backlog,
    Canary,
    Fault,
    Injected,
    MoveTry,
    Probe,
    ReportTry,
    Sample,
    Testimony,
    WebhookTry,
    heard,
)

_Kind = TypeVar("_Kind", bound=Testimony)


def read_testimony(folder: Path | None) -> Witnessed:
    """Everything in the folder; a kind nobody told of is None."""
    if folder is None:
        return Witnessed()
    return Witnessed(
        webhooks=_read(folder, WebhookTry),
        reports=_read(folder, ReportTry),
        arrivals=_read(folder, Arrival),
        probes=_read(folder, Probe),
        samples=_read(folder, Sample),
        backlog=_read(folder, Backlog),
        faults=_read(folder, Fault) or (),
        injected=_read(folder, Injected) or (),
        moves=_read(folder, MoveTry),
    )


def read_canaries(folder: Path | None) -> Sequence[Canary]:
    """What was planted."""
    return [] if folder is None else list(heard(folder, Canary))


def search_arrivals(arrivals: Sequence[Arrival], searching: Searching) -> None:
    """Shows the search what endpoints were sent."""
    for arrival in arrivals:
        searching.look("arrival.body", f"{arrival.endpoint} {arrival.webhook_id}", arrival.body.encode())


def search_logs(folder: Path, searching: Searching) -> None:
    """Shows the search every line of every log in the folder."""
    for file in sorted(folder.glob("*.log")):
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                searching.look(f"log.{file.stem}", f"line {number}", line)


def _read(folder: Path, kind: type[_Kind]) -> Sequence[_Kind] | None:
    return list(heard(folder, kind)) if (folder / kind.file_name).exists() else None
