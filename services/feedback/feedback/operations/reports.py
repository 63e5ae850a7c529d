"""Records what reps report, publishes it as codes, and settles what waited for its lead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from feedback import queries
from feedback.decisions.publication import consent_in, fact_of
from feedback.decisions.reach import KnownLead
from feedback.decisions.reports import (
    AwaitLead,
    Contradiction,
    OutOfReach,
    Publish,
    Report,
    claimed_terms,
    decide_report,
    refused_fields,
)
from feedback.operations.feed import heard, put_in_feed, refused
from feedback.tables import Report as ReportRow
from shared import problems
from shared.events import Event
from shared.events.contacts import ERASED_VERSION
from shared.outbox import publish
from shared.problems import FieldError

ReportState = Literal["recorded", "pending", "refused", "case_only"]

_STORED = [column.name for column in ReportRow.__table__.columns if column.name != "state"]

# A report that finds no lead and the event that brings the lead must not pass each other unseen: both take the lead's lock.
_LOCK_LEADS = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended(lead_id, 0))
    FROM (SELECT DISTINCT unnest(CAST(:lead_ids AS text[])) AS lead_id ORDER BY 1) AS leads
    """
)
# What is typed about somebody who was forgotten is not kept: codes are.
_FORGOTTEN = f"SELECT FROM contacts WHERE contact_id = CAST(:contact_id AS text) AND version = {ERASED_VERSION}"
_KEEP_NOTE = text(f"INSERT INTO report_notes (report_id, note) SELECT :report_id, :note WHERE NOT EXISTS ({_FORGOTTEN})")
_DROP_NOTE = text(f"DELETE FROM report_notes WHERE report_id = :report_id AND EXISTS ({_FORGOTTEN})")  # noqa: S608 (ours)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A report as it was stored: completed by what its lead says, and its state."""

    report: Report
    state: ReportState


async def lock_leads(session: AsyncSession, lead_ids: Sequence[str]) -> None:
    """Holds, until the transaction ends, what reports on these leads and events about them take turns by."""
    await session.execute(_LOCK_LEADS, {"lead_ids": list(lead_ids)})


async def record_report(session: AsyncSession, report: Report, *, note: str | None, leaves_commercial_path: bool) -> Recorded:
    """Records a report. `note` is what the rep typed, None when a case has taken it.

    A report that leaves the commercial path is judged as any other, then left to its case: nothing of it is published. Raises the
    problem that says what can't be, and then nothing is stored.
    """
    terms = await queries.known_terms(session, claimed_terms(report.kind, report.codes))
    if refusals := refused_fields(report, known_terms=terms):
        errors = [FieldError(refusal.pointer, refusal.detail) for refusal in refusals]
        raise problems.unprocessable("The report has a value that can't be; see errors.", *errors)
    if report.lead_id is not None:
        await lock_leads(session, [report.lead_id])
    verdict = decide_report(report, await queries.surroundings_of(session, report))
    match verdict:
        case Publish(complete):
            recorded = Recorded(complete, "case_only" if leaves_commercial_path else "recorded")
        case AwaitLead():
            recorded = Recorded(report, "case_only" if leaves_commercial_path else "pending")
        case OutOfReach(subject):
            raise problems.not_found(f"No such {subject} in your scope.")
        case Contradiction(field, detail):
            raise problems.unprocessable("The report contradicts its lead; see errors.", FieldError(f"/{field}", detail))
        case _:
            assert_never(verdict)
    await _store(session, recorded, note=note)
    if recorded.state == "recorded":
        await _publish(session, [recorded.report], now=report.received_at)
    return recorded


async def settle_pending(session: AsyncSession, leads: Sequence[KnownLead], *, now: datetime) -> None:
    """Decides again what waited for these leads: published if the lead is that rep's, else refused in their feed.

    `leads` are states in the order they came about; a report is settled by the first in which its lead has an owner.
    """
    waiting = await _pending(session, {lead.lead_id for lead in leads})
    published, refusals = [], []
    for lead in leads:
        for report in waiting.pop(lead.lead_id, []):
            surroundings = replace(await queries.surroundings_of(session, report), lead=lead)
            verdict = decide_report(report, surroundings)
            match verdict:
                case Publish(complete):
                    published.append(complete)
                case AwaitLead():
                    waiting.setdefault(lead.lead_id, []).append(report)
                case OutOfReach(subject):
                    refusals.append((report, f"the {subject} is not yours"))
                case Contradiction(field, detail):
                    refusals.append((report, f"{field} {detail}"))
                case _:
                    assert_never(verdict)
    for report in published:
        await _set_state(session, report, "recorded")
        await session.execute(_DROP_NOTE, {"report_id": report.id, "contact_id": report.contact_id})
    for report, _ in refusals:
        await _set_state(session, report, "refused")
    await _publish(session, published, now=now)
    await put_in_feed(session, [refused(report, reason=reason, now=now) for report, reason in refusals])


async def _store(session: AsyncSession, recorded: Recorded, *, note: str | None) -> None:
    report = recorded.report
    row = {column: getattr(report, column) for column in _STORED}
    stored = await session.scalar(insert(ReportRow).values(**row, state=recorded.state).on_conflict_do_nothing().returning(ReportRow.id))
    if stored is None:
        raise problems.conflict("This id was used for a report of another kind.")
    if note:
        await session.execute(_KEEP_NOTE, {"report_id": report.id, "note": note, "contact_id": report.contact_id})


async def _set_state(session: AsyncSession, report: Report, state: ReportState) -> None:
    completed = {"contact_id": report.contact_id, "brand_id": report.brand_id, "correlation_id": report.correlation_id}
    await session.execute(update(ReportRow).where(ReportRow.id == report.id).values(state=state, **completed))


async def _publish(session: AsyncSession, reports: Sequence[Report], *, now: datetime) -> None:
    """States the reports as events, and tells each rep they were heard."""
    await publish(session, [event for report in reports for event in _events(report, now=now)])
    await put_in_feed(session, [heard(report, now=now) for report in reports])


def _events(report: Report, *, now: datetime) -> Iterator[Event]:
    said = Event.of(fact_of(report), occurred_at=report.occurred_at, recorded_at=now, correlation_id=report.correlation_id)
    yield said
    if (consent := consent_in(report)) is not None:
        yield Event.of(consent, occurred_at=consent.at, recorded_at=now, correlation_id=report.correlation_id, causation_id=said.id)


async def _pending(session: AsyncSession, lead_ids: set[str]) -> dict[str, list[Report]]:
    """What waits for these leads, in the order it came."""
    waits = select(ReportRow).where(ReportRow.lead_id.in_(lead_ids), ReportRow.state == "pending").with_for_update()
    waiting: dict[str, list[Report]] = {}
    for row in await session.scalars(waits.order_by(ReportRow.received_at, ReportRow.id)):
        report = Report(**{column: getattr(row, column) for column in _STORED})
        waiting.setdefault(str(row.lead_id), []).append(report)
    return waiting
