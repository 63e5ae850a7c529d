"""The audit: evidence is gathered from wherever it lies, and every invariant decided by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from deploy.auditor.evidence import Evidence
from deploy.auditor.evidence.events import Event, Occurrence, Telling
from deploy.auditor.evidence.feedback import Feedback
from deploy.auditor.evidence.intake import Intake
from deploy.auditor.evidence.reporting import Reporting
from deploy.auditor.evidence.routing import Routing
from deploy.auditor.evidence.seams import Parked
from deploy.auditor.evidence.sightings import Searching
from deploy.auditor.invariants import INVARIANTS
from deploy.auditor.limits import Limits
from deploy.auditor.loading import witnesses
from deploy.auditor.loading.databases import Connection, open_databases, read_books, read_inbox, read_parked, read_tables, search_tables
from deploy.auditor.loading.quiet import wait_until_quiet
from deploy.auditor.loading.topics import read_topics
from deploy.auditor.services import TOPICS
from deploy.auditor.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Sources:
    """Where evidence lies. `databases` holds an address per service; `logs` a folder with a `.log` per process.

    Without a broker the services' books stand for what was told.
    """

    databases: Mapping[str, str]
    kafka_bootstrap: str | None = None
    logs: Path | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """The verdicts, and what was still on its way when they were given; None when nothing was."""

    verdicts: list[Verdict]
    on_its_way: str | None


async def audit(
    sources: Sources, *, testimony: Path | None = None, limits: Limits | None = None, quiet_within_seconds: float = 60
) -> list[Verdict]:
    """Decides every invariant by what there is of evidence, after waiting a while for the system to come to rest."""
    return (await audit_when_quiet(sources, testimony=testimony, limits=limits, quiet_within_seconds=quiet_within_seconds)).verdicts


async def audit_when_quiet(
    sources: Sources, *, testimony: Path | None = None, limits: Limits | None = None, quiet_within_seconds: float = 60
) -> Audit:
    """The same, and whether the system had come to rest."""
    settled_at, on_its_way = await wait_until_quiet(sources.databases, sources.kafka_bootstrap, seconds=quiet_within_seconds)
    async with open_databases(sources.databases) as connections:
        evidence = await gather(connections, sources, testimony=testimony, settled_at=settled_at)
    return Audit(decide(evidence, limits or Limits()), on_its_way)


def decide(evidence: Evidence, limits: Limits) -> list[Verdict]:
    """Every invariant's verdict, in their order."""
    return [decided(evidence, limits) for decided in INVARIANTS]


@dataclass(slots=True)
class _Seams:
    told: list[Telling] = field(default_factory=list)
    inbox: dict[str, dict[str, datetime]] = field(default_factory=dict)
    parked: list[Parked] = field(default_factory=list)


def _sharing(occurrence: Occurrence, in_books: Mapping[str, Event]) -> Occurrence:
    """Most of what is on topics stands in the books word for word, and is kept in memory once."""
    same = in_books.get(occurrence.event.id)
    return replace(occurrence, event=same) if same == occurrence.event else occurrence


async def gather(connections: Mapping[str, Connection], sources: Sources, *, testimony: Path | None, settled_at: datetime) -> Evidence:
    """Reads everything over these connections, one per service; they may stand in transactions of their own."""
    searching = Searching(witnesses.read_canaries(testimony))
    witnessed = witnesses.read_testimony(testimony)
    # In the order in which events travel, so that what is read here is not missing there for being younger.
    intake = await read_tables(connections["intake"], Intake)
    routing = await read_tables(connections["routing"], Routing)
    feedback = await read_tables(connections["feedback"], Feedback)
    reporting = await read_tables(connections["reporting"], Reporting)
    seams = _Seams()
    for service, connection in connections.items():
        seams.inbox |= await read_inbox(connection)
        seams.parked += await read_parked(connection)
        seams.told += [telling async for telling in read_books(connection, service, searching)]
        if searching.is_needed:
            await search_tables(connection, service, searching)
    on_topics: list[Occurrence] = []
    if sources.kafka_bootstrap:
        in_books = {telling.event.id: telling.event for telling in seams.told}
        on_topics = [_sharing(each, in_books) async for each in read_topics(sources.kafka_bootstrap, TOPICS, searching)]
    if searching.is_needed:
        witnesses.search_arrivals(witnessed.arrivals or (), searching)
        if sources.logs:
            witnesses.search_logs(sources.logs, searching)
    return Evidence(
        taken_at=datetime.now(UTC),
        settled_at=settled_at,
        intake=intake,
        routing=routing,
        feedback=feedback,
        reporting=reporting,
        told=seams.told,
        on_topics=on_topics,
        inbox=seams.inbox,
        parked=seams.parked,
        search=searching.result() if searching.is_needed else None,
        witnessed=witnessed,
    )
