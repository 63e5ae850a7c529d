"""The guard: cases are opened before anything else is done with a report, in a transaction that no refusal can undo."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, literal_column
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from feedback import queries
from feedback.decisions.cases import aware_since, due_at
from feedback.decisions.triage import Finding, Triage
from feedback.tables import Case, CaseText
from shared import failpoints
from shared.database import Database
from shared.events import Event
from shared.events.cases import CaseOpened
from shared.ids import new_id
from shared.outbox import publish


@dataclass(frozen=True, slots=True)
class Mention:
    """Something said that may be a safety or medical matter. The ids are as claimed; nothing about them is checked here.

    `repetition_key` is what a repetition of the same request is recognised by, None if it can't be.
    """

    report_id: UUID
    repetition_key: str | None
    sub: str
    rep_id: str | None
    lead_id: str | None
    contact_id: str | None
    brand_id: str | None
    occurred_at: datetime | None
    received_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class OpenedCases:
    """The cases of one report, safety first, and the id the report goes by."""

    report_id: UUID
    case_ids: tuple[UUID, ...]


async def open_cases(database: Database, mention: Mention, triage: Triage) -> OpenedCases:
    """Opens a case for each matter found and commits. The same mention again gives the same cases, made certain if it now is."""
    if not triage.findings:
        return OpenedCases(mention.report_id, ())
    async with database.transaction() as session:
        known = await queries.leads(session, [mention.lead_id]) if mention.lead_id else {}
        correlation_id = known[mention.lead_id].correlation_id if mention.lead_id in known else mention.report_id
        opened = await open_cases_within(session, mention, triage, correlation_id=correlation_id, now=mention.received_at)
        failpoints.reach("case.opening")
    failpoints.reach("case.opened")
    return opened


async def open_cases_within(
    session: AsyncSession, mention: Mention, triage: Triage, *, correlation_id: UUID, now: datetime, causation_id: UUID | None = None
) -> OpenedCases:
    """The same in the caller's transaction, which has nothing to do beside that could be refused."""
    report_id, case_ids, told = mention.report_id, list[UUID](), list[CaseOpened]()
    for finding in triage.findings:
        case_id, report_id, fact = await _open_case(session, replace(mention, report_id=report_id), finding)
        case_ids.append(case_id)
        told += [] if fact is None else [fact]
    await publish(session, [_opened(fact, correlation_id=correlation_id, causation_id=causation_id, now=now) for fact in told])
    return OpenedCases(report_id, tuple(case_ids))


def _opened(fact: CaseOpened, *, correlation_id: UUID, causation_id: UUID | None, now: datetime) -> Event:
    return Event.of(fact, occurred_at=fact.awareness_at, recorded_at=now, correlation_id=correlation_id, causation_id=causation_id)


async def _open_case(session: AsyncSession, mention: Mention, finding: Finding) -> tuple[UUID, UUID, CaseOpened | None]:
    """The ids of the case and of its report, which is the one it was first opened for; and what is told of a case that is new."""
    case_id = new_id()
    awareness_at = aware_since(occurred_at=mention.occurred_at, received_at=mention.received_at)
    times = {"awareness_at": awareness_at, "received_at": mention.received_at, "due_at": due_at(awareness_at)}
    claim = insert(Case).values(
        id=case_id,
        kind=finding.kind,
        certainty=finding.certainty,
        state="open",
        report_id=mention.report_id,
        rep_id=mention.rep_id,
        lead_id=mention.lead_id,
        contact_id=mention.contact_id,
        brand_id=mention.brand_id,
        mention=_digest(mention),
        **times,
    )
    # 'certain' sorts before 'possible', so the least of the two is the surer.
    claim = claim.on_conflict_do_update(
        constraint="uq_cases_mention_kind", set_={"certainty": func.least(Case.certainty, claim.excluded.certainty)}
    )
    row: Any = (await session.execute(claim.returning(Case.id, Case.report_id, literal_column("xmax = 0").label("is_new")))).one()
    if not row.is_new:
        return row.id, row.report_id, None
    if mention.text:
        await session.execute(insert(CaseText).values(case_id=case_id, text=mention.text))
    fact = CaseOpened(case_id=str(case_id), report_id=str(mention.report_id), kind=finding.kind, certainty=finding.certainty, **times)
    return row.id, row.report_id, fact


def _digest(mention: Mention) -> bytes:
    key = mention.repetition_key or str(mention.report_id)
    return hashlib.sha256(orjson.dumps([mention.sub, key, mention.text])).digest()
