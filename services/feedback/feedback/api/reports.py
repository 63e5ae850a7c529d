"""`POST /v1/outcomes`, `/v1/objections`, `/v1/insights`: the guard first, then the commercial part."""

import asyncio
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Header
from pydantic import TypeAdapter, ValidationError
from starlette.responses import JSONResponse

from feedback.api.bodies import (
    InsightAnswer,
    InsightBody,
    ObjectionAnswer,
    ObjectionBody,
    OutcomeAnswer,
    OutcomeBody,
    ReportAnswer,
    ReportBody,
    report_answer,
)
from feedback.decisions.cases import wording_of
from feedback.decisions.reports import Report
from feedback.decisions.triage import Triage, triage
from feedback.operations.guard import Mention, OpenedCases, open_cases
from feedback.operations.reports import record_report
from shared import problems
from shared.auth import Identity, require
from shared.bodies import Id, Moment
from shared.creations import Again, First, claim_creation, client_key, told_again
from shared.database import Database
from shared.ids import new_id
from shared.problems import Problem
from shared.routes import StrictRoute

Reporter = Annotated[Identity, require("rep", "manager")]
# Read unvalidated: a header that can't be must not stop the guard.
GivenKey = Annotated[str | None, Header(alias="Idempotency-Key")]

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
_ID: TypeAdapter[str] = TypeAdapter(Id)
_UUID: TypeAdapter[UUID] = TypeAdapter(UUID)


@dataclass(frozen=True, slots=True)
class Received:
    """One posted report, as JSON, before anything about it is checked but who sent it."""

    body: Any
    identity: Identity
    idempotency_key: str | None
    received_at: datetime

    def field(self, name: str, of: TypeAdapter[Any]) -> Any:
        """A field's value if it is of its type; None otherwise."""
        try:
            return of.validate_python(self.body[name])
        except (ValidationError, KeyError, TypeError):
            return None

    def flag(self, name: str) -> bool:
        """Whether the rep raised this flag."""
        return isinstance(self.body, dict) and self.body.get(name) is True


def routes(database: Database) -> APIRouter:
    """The three addresses reps report to."""
    router = APIRouter(prefix="/v1", tags=["reports"], route_class=StrictRoute)

    @router.post("/outcomes", **_documented(OutcomeBody, OutcomeAnswer))
    async def post_outcome(body: Annotated[Any, Body()], identity: Reporter, idempotency_key: GivenKey = None) -> JSONResponse:
        """Records what came of a contact attempt on a lead."""
        return await _receive(database, OutcomeBody, Received(body, identity, idempotency_key, datetime.now(UTC)))

    @router.post("/objections", **_documented(ObjectionBody, ObjectionAnswer))
    async def post_objection(body: Annotated[Any, Body()], identity: Reporter, idempotency_key: GivenKey = None) -> JSONResponse:
        """Records what an HCP objected to."""
        return await _receive(database, ObjectionBody, Received(body, identity, idempotency_key, datetime.now(UTC)))

    @router.post("/insights", **_documented(InsightBody, InsightAnswer))
    async def post_insight(body: Annotated[Any, Body()], identity: Reporter, idempotency_key: GivenKey = None) -> JSONResponse:
        """Records something a rep learned that is no objection."""
        return await _receive(database, InsightBody, Received(body, identity, idempotency_key, datetime.now(UTC)))

    return router


def _documented(body: type[ReportBody], answer: type[ReportAnswer]) -> dict[str, Any]:
    """The body is read by hand, after the guard; this is how the OpenAPI document still shows it."""
    schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
    return {
        "status_code": 201,
        "responses": {**told_again(answer), 201: {"model": answer}},
        "openapi_extra": {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}},
    }


async def _receive(database: Database, model: type[ReportBody], received: Received) -> JSONResponse:
    wording, found = await asyncio.to_thread(_examine, received)
    opened = await open_cases(database, _mention(received, wording), found)
    try:
        return await _record(database, model, received, found, opened)
    except Problem as refusal:
        raise replace(refusal, extensions={**(refusal.extensions or {}), **_case_members(opened)}) from refusal


def _examine(received: Received) -> tuple[str, Triage]:
    """In a thread of its own, so that a very long text keeps nobody else waiting."""
    wording = wording_of(received.body)
    flags = {"adverse_event": received.flag("adverse_event"), "medical_question": received.flag("medical_question")}
    return wording, triage(**flags, text=wording)


def _mention(received: Received, wording: str) -> Mention:
    client_id = received.field("id", _UUID)
    return Mention(
        report_id=client_id or new_id(),
        repetition_key=client_key(client_id, received.idempotency_key, received.identity.sub),
        sub=received.identity.sub,
        rep_id=received.identity.rep_id,
        lead_id=received.field("lead_id", _ID),
        contact_id=received.field("contact_id", _ID),
        brand_id=received.field("brand_id", _ID),
        occurred_at=received.field("occurred_at", _MOMENT),
        received_at=received.received_at,
        text=wording,
    )


async def _record(database: Database, model: type[ReportBody], received: Received, found: Triage, opened: OpenedCases) -> JSONResponse:
    """The commercial part. Raises the problem that refuses it; by then the cases are safe."""
    identity = received.identity
    body = _valid(model, received)
    if identity.rep_id is None:
        raise problems.forbidden("The token names no rep (claim rep_id), so nothing can be reported in anybody's name.")
    report = _report(body, received, rep_id=identity.rep_id, report_id=opened.report_id)
    async with database.transaction() as session:
        key = client_key(body.id, received.idempotency_key, identity.sub)
        claim = await claim_creation(session, scope=f"{report.kind}s", key=key, sub=identity.sub, content=body)
        match claim:
            case Again(answer=answer):
                return JSONResponse(answer, 200)
            case First() as first:
                note = None if opened.case_ids else body.note
                recorded = await record_report(session, report, note=note, leaves_commercial_path=found.leaves_commercial_path)
                answer = report_answer(recorded.report, state=recorded.state, case_ids=opened.case_ids).model_dump(mode="json")
                await first.keep(session, answer)
    return JSONResponse(answer, 201)


def _valid(model: type[ReportBody], received: Received) -> ReportBody:
    key = received.idempotency_key
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise problems.unprocessable("The Idempotency-Key must be 1 to 200 visible ASCII characters.")
    try:
        return model.model_validate(received.body)
    except ValidationError as error:
        errors = problems.field_errors(error, received.body)
        raise problems.unprocessable("The report has a value or field that can't be; see errors.", *errors) from None


def _report(body: ReportBody, received: Received, *, rep_id: str, report_id: UUID) -> Report:
    subject = {name: getattr(body, name, None) for name in ("lead_id", "contact_id", "account_id", "brand_id")}
    return Report(
        id=report_id,
        kind=body.kind_of_report,
        rep_id=rep_id,
        posted_as="manager" if received.identity.has("manager") else "rep",
        occurred_at=body.occurred_at,
        received_at=received.received_at,
        codes=body.codes(),
        correlation_id=report_id,
        **subject,
    )


def _case_members(opened: OpenedCases) -> dict[str, Any]:
    """What a problem says of the cases that were opened all the same."""
    if not opened.case_ids:
        return {}
    return {"case_id": str(opened.case_ids[0]), "case_ids": [str(case_id) for case_id in opened.case_ids]}
