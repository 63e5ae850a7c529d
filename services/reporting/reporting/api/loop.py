"""Decisions and changes: what was asked of marketing, what it decided, and what it altered."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.loop import State, owners_seen_by, owns
from reporting.operations.changing import Change, UnknownAnswer, UnknownDecision, publish_change
from reporting.operations.deciding import Deciding, DecidingRefused, decide
from reporting.queries.loop import DecisionFound, decision_by_id, decisions
from shared import problems
from shared.auth import Identity, reading, require
from shared.bodies import Answer, Body, Day, Id, Moment, ReasonCode, Uuid
from shared.creations import Again, IdempotencyKey, claim_creation, client_key, told_again
from shared.database import Database
from shared.events.loop import ChangeKind, Choice
from shared.ids import new_id
from shared.paging import Listing, Page, PageRequest
from shared.problems import FieldError, Problem
from shared.routes import StrictRoute

_DECISIONS = Listing("decisions", UUID)
_ANSWERS_MAX = 100

Owner = Annotated[Id, Field(max_length=120)]


class ScopeAnswer(Answer):
    """The segment a decision is about."""

    brand_id: str
    topic: str
    specialty: str


class FiguresAnswer(Answer):
    """How it stood when the latest report joined: in the window, from how many reps, in the window before, and the first of them."""

    count: int
    reps: int
    previous: int
    first_seen: Moment


class EvidenceAnswer(Answer):
    """What a decision rests on."""

    report_ids: list[str]
    figures: FiguresAnswer


class ChangeOfDecision(Answer):
    """A change that names the decision."""

    id: UUID
    kind: ChangeKind
    asset_id: str | None
    campaign_id: str | None
    published_at: Moment


class DecisionAnswer(Answer):
    """A decision as it stands. What is decided is null while it is open."""

    id: UUID
    theme_id: UUID
    signal: str
    scope: ScopeAnswer
    evidence: EvidenceAnswer
    recommended: str
    owner: str
    opened_at: Moment
    due_at: Moment
    state: State
    choice: Choice | None
    reason_code: str | None
    review_on: Day | None
    decided_at: Moment | None
    changes: list[ChangeOfDecision]


class DecideBody(Body):
    """What is decided, why, whose it is from now on, and when it is looked at again."""

    choice: Choice
    reason_code: ReasonCode
    owner: Owner | None = None
    review_on: Day


class ChangeBody(Body):
    """What was altered, and because of what."""

    id: Uuid | None = None
    decision_id: Uuid | None = None
    answers: Annotated[list[Id], Field(max_length=_ANSWERS_MAX)] = []
    kind: ChangeKind
    asset_id: Id | None = None
    campaign_id: Id | None = None
    published_at: Moment


class ChangeAnswer(Answer):
    """A published change, with the reports it rests on: their reps are told."""

    id: UUID
    decision_id: UUID | None
    answers: list[str]
    report_ids: list[str]
    kind: ChangeKind
    asset_id: str | None
    campaign_id: str | None
    published_at: Moment


def routes(database: Database) -> APIRouter:
    """Decisions and changes."""
    router = APIRouter(prefix="/v1", tags=["loop"], route_class=StrictRoute)

    @router.get("/decisions")
    async def list_decisions(
        identity: Annotated[Identity, reading("marketing", "manager")],
        page: Annotated[PageRequest, Depends(_DECISIONS.request)],
        state: State | None = None,
    ) -> Page[DecisionAnswer]:
        async with database.reading() as session:
            after = page.after[0] if page.after else None
            found = await decisions(
                session,
                state=state,
                owners=owners_seen_by(sub=identity.sub, rep_id=identity.rep_id, roles=identity.roles),
                after=after,
                limit=page.fetch,
            )
        return _DECISIONS.page(found, page, key=lambda decision: (decision.decision_id,), item=_decision)

    @router.get("/decisions/{id}")
    async def get_decision(
        id: UUID,  # noqa: A002  the contract's name
        identity: Annotated[Identity, reading("marketing", "manager")],
    ) -> DecisionAnswer:
        async with database.reading() as session:
            return _decision(_in_scope(await decision_by_id(session, id), identity))

    @router.post("/decisions/{id}/decide")
    async def decide_decision(
        id: UUID,  # noqa: A002  the contract's name
        body: DecideBody,
        identity: Annotated[Identity, require("marketing", "manager")],
    ) -> DecisionAnswer:
        async with database.transaction() as session:
            decision = _in_scope(await decision_by_id(session, id, for_update=True), identity)
            deciding = Deciding(body.choice, body.reason_code, body.owner, body.review_on, decided_by=identity.sub)
            try:
                await decide(session, decision, deciding, now=datetime.now(UTC))
            except DecidingRefused as refused:
                raise _why_not(refused, decision) from None
            return _decision(_in_scope(await decision_by_id(session, id), None))

    @router.post("/changes", status_code=201, response_model=ChangeAnswer, responses=told_again(ChangeAnswer))
    async def post_change(
        body: ChangeBody, identity: Annotated[Identity, require("marketing")], idempotency_key: IdempotencyKey = None
    ) -> ChangeAnswer | JSONResponse:
        if body.decision_id is None and not body.answers:
            detail = "name at least one theme, insight or objection, or a decision_id"
            raise problems.unprocessable("A change answers something.", FieldError("/answers", detail))
        async with database.transaction() as session:
            key = client_key(body.id, idempotency_key, identity.sub)
            claim = await claim_creation(session, scope="changes", key=key, sub=identity.sub, content=body)
            if isinstance(claim, Again):
                return JSONResponse(claim.answer, status_code=200)
            answer = await _publish(session, body, identity)
            await claim.keep(session, answer.model_dump(mode="json"))
        return answer

    return router


async def _publish(session: AsyncSession, body: ChangeBody, identity: Identity) -> ChangeAnswer:
    change = Change(
        change_id=body.id or new_id(),
        decision_id=body.decision_id,
        answers=body.answers,
        kind=body.kind,
        asset_id=body.asset_id,
        campaign_id=body.campaign_id,
        published_at=body.published_at,
        published_by=identity.sub,
    )
    try:
        report_ids = await publish_change(session, change, now=datetime.now(UTC))
    except UnknownDecision:
        error = FieldError("/decision_id", f"{body.decision_id} is no decision we know")
        raise problems.unprocessable("The change names an unknown decision.", error) from None
    except UnknownAnswer as unknown:
        errors = [
            FieldError(f"/answers/{place}", f"{body.answers[place]} is no theme, insight or objection we know")
            for place in unknown.positions
        ]
        raise problems.unprocessable("The change answers something unknown.", *errors) from None
    return ChangeAnswer(
        id=change.change_id,
        decision_id=change.decision_id,
        answers=change.answers,
        report_ids=list(report_ids),
        kind=change.kind,
        asset_id=change.asset_id,
        campaign_id=change.campaign_id,
        published_at=change.published_at,
    )


def _in_scope(decision: DecisionFound | None, identity: Identity | None) -> DecisionFound:
    """The decision, if there is one and it is in this person's scope; nobody asks about the scope of what they just decided."""
    is_seen = decision is not None and (
        identity is None or identity.has("auditor") or owns(decision.owner, sub=identity.sub, rep_id=identity.rep_id, roles=identity.roles)
    )
    if decision is None or not is_seen:
        raise problems.not_found("There is no such decision in your scope.")
    return decision


def _why_not(refused: DecidingRefused, decision: DecisionFound) -> Problem:
    match refused.reason:
        case "not_open":
            return problems.conflict(f"The decision is {decision.state}, not open.")
        case "review_in_the_past":
            return problems.unprocessable("The review must still come.", FieldError("/review_on", "must not be in the past (UTC)"))


def _decision(found: DecisionFound) -> DecisionAnswer:
    return DecisionAnswer(
        id=found.decision_id,
        theme_id=found.theme_id,
        signal=found.signal,
        scope=ScopeAnswer(brand_id=found.brand_id, topic=found.topic, specialty=found.specialty),
        evidence=EvidenceAnswer(report_ids=list(found.report_ids), figures=FiguresAnswer.model_validate(found.figures)),
        recommended=found.recommended,
        owner=found.owner,
        opened_at=found.opened_at,
        due_at=found.due_at,
        state=found.state,
        choice=found.choice,
        reason_code=found.reason_code,
        review_on=found.review_on,
        decided_at=found.decided_at,
        changes=[ChangeOfDecision.model_validate(change) for change in found.changes],
    )
