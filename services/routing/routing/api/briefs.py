"""`/v1/leads/{id}/brief`: why this person, why now; its versions; and what reps do with them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import Field, model_validator

from routing.api.brief_answers import AnsweredAnswer, BriefAnswer, VersionAnswer
from routing.api.leads import MayRead, require_in_scope
from routing.operations.briefs.answering import Answered, AnswerKind, answer_brief
from routing.queries.answered_briefs import answered_page
from routing.queries.briefs import brief_versions, shown_briefs
from routing.queries.scope import in_scope
from shared import problems
from shared.auth import Identity, reading, require
from shared.bodies import Body, Id, Moment, ReasonCode, Uuid
from shared.creations import Again, IdempotencyKey, claim_creation, client_key, told_again
from shared.database import Database
from shared.paging import Listing, Page, PageRequest
from shared.routes import StrictRoute

VERSIONS = Listing("brief versions", int)
ANSWERED = Listing("answered", datetime, UUID)

_VERSION_MAX = 2**31 - 1
_PLAIN: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


class AnsweredBody(Body):
    """What the rep did with which version. Dismissing needs a reason; `occurred_at` is when it happened, by default now."""

    id: Uuid | None = None
    version: Annotated[int, Field(ge=1, le=_VERSION_MAX)]
    kind: AnswerKind
    reason_code: ReasonCode | None = None
    occurred_at: Moment | None = None

    @model_validator(mode="after")
    def _dismissed_for_a_reason(self) -> "AnsweredBody":
        if self.kind == "dismissed" and self.reason_code is None:
            raise ValueError("reason_code: say why the brief is dismissed")
        return self


def routes(database: Database) -> APIRouter:
    """The addresses of briefs."""
    router = APIRouter(prefix="/v1", tags=["briefs"], route_class=StrictRoute)

    @router.get("/leads/{lead_id}/brief", response_model=BriefAnswer, responses=_PLAIN)
    async def get_brief(
        lead_id: UUID, identity: MayRead, request: Request, version: Annotated[int | None, Query(ge=1, le=_VERSION_MAX)] = None
    ) -> Any:
        """The newest version, or an older one. As `text/plain` it is its `text`. A lead that was never given to somebody has none: 404."""
        now = datetime.now(UTC)
        async with database.reading() as session:
            await require_in_scope(session, identity, lead_id)
            shown = (await shown_briefs(session, [lead_id], now=now, version=version)).get(lead_id)
        if shown is None:
            raise problems.not_found("The lead has no brief: nobody owns it." if version is None else "There is no such version.")
        answer = BriefAnswer.of(shown, now=now)
        return PlainTextResponse(answer.text) if _wants_text(request) else answer

    @router.get("/leads/{lead_id}/brief/versions")
    async def list_versions(
        lead_id: UUID, identity: MayRead, page: Annotated[PageRequest, Depends(VERSIONS.request)]
    ) -> Page[VersionAnswer]:
        """Every version there was, newest first."""
        async with database.reading() as session:
            await require_in_scope(session, identity, lead_id)
            rows = await brief_versions(session, lead_id, before=page.after[0] if page.after else None, limit=page.fetch)
        return VERSIONS.page(rows, page, key=lambda row: (row.version,), item=_version)

    @router.post("/leads/{lead_id}/brief/feedback", status_code=201, response_model=AnsweredAnswer, responses=told_again(AnsweredAnswer))
    async def post_feedback(
        lead_id: UUID, body: AnsweredBody, identity: Annotated[Identity, require("rep")], idempotency_key: IdempotencyKey = None
    ) -> Response:
        """That the lead's rep opened a version, acted on it, or dismissed it. The same again is the same: 200 and the first answer."""
        now = datetime.now(UTC)
        async with database.transaction() as session:
            key = client_key(body.id, idempotency_key, identity.sub)
            claim = await claim_creation(session, scope=f"brief:{lead_id}", key=key, sub=identity.sub, content=body)
            if isinstance(claim, Again):
                return JSONResponse(claim.answer, 200)
            answered = Answered(body.version, body.kind, body.reason_code, body.occurred_at or now)
            row, is_new = await answer_brief(session, lead_id, answered, rep_id=identity.rep_id, now=now)
            answer = _answered(row).model_dump(mode="json")
            await claim.keep(session, answer)
        return JSONResponse(answer, 201 if is_new else 200)

    @router.get("/briefs/feedback")
    async def list_feedback(
        identity: Annotated[Identity, reading("sales_ops", "manager")],
        page: Annotated[PageRequest, Depends(ANSWERED.request)],
        *,
        kind: Literal["opened", "acted", "dismissed"] | None = None,
        brand_id: Id | None = None,
    ) -> Page[AnsweredAnswer]:
        """What reps did with briefs, newest first: which ones they dismiss, and why."""
        async with database.reading() as session:
            scope = in_scope(identity)
            rows = await answered_page(session, scope, kind=kind, brand_id=brand_id, before=page.after, limit=page.fetch)
        return ANSWERED.page(rows, page, key=lambda row: (row.answered_at, row.id), item=_answered)

    return router


def _wants_text(request: Request) -> bool:
    """Whether plain text is asked for, and JSON isn't."""
    accepted = {each.partition(";")[0].strip().lower() for each in request.headers.get("accept", "").split(",")}
    return "text/plain" in accepted and not accepted & {"application/json", "application/*", "*/*"}


def _version(row: Any) -> VersionAnswer:
    return VersionAnswer(version=row.version, issued_at=row.issued_at, rep_id=row.rep_id, stage=row.stage, changes=row.changes or [])


def _answered(row: Any) -> AnsweredAnswer:
    return AnsweredAnswer.model_validate(dict(row._mapping))
