"""`/v1/policies`: what both teams agreed makes an MQL. Drafted by one, activated by another."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.policies.activation import ActivationWarning
from routing.decisions.policies.differences import differences
from routing.decisions.policies.document import Policy
from routing.operations.policies import approve_policy, draft_policy, take_back, warnings_about
from routing.queries.policies import policy_page, policy_row
from shared import problems
from shared.auth import Identity, reading, require
from shared.bodies import Answer, Body, Country, Flag, Id, Moment, Uuid
from shared.creations import Again, IdempotencyKey, claim_creation, client_key, told_again
from shared.database import Database
from shared.paging import Listing, Page, PageRequest
from shared.problems import FieldError
from shared.routes import StrictRoute

LISTING = Listing("policies", int)
AHEAD_MAX = timedelta(days=731)

State = Literal["draft", "scheduled", "active", "superseded"]


class PolicyBody(Policy):
    """A policy as posted; the client may give it an id, by which a repetition is recognised."""

    id: Uuid | None = None
    brand_id: Id


class ActivationBody(Body):
    """`at` may lie ahead: the policy then waits for it. `strict` turns warnings into a refusal."""

    at: Moment | None = None
    strict: Flag = False


class WarningAnswer(Answer):
    """What is worth a second look, in words and in the numbers they rest on."""

    code: str
    detail: str
    figures: dict[str, float]


class PolicySummary(Answer):
    """A version without what it says."""

    version: str
    state: State
    brand_id: str
    country: Country | None
    title: str
    author: str
    created_at: Moment
    scheduled_for: Moment | None
    scheduled_by: str | None
    activated_by: str | None
    activated_at: Moment | None


class ActivationAnswer(PolicySummary):
    """The version as it is now, and what is worth a second look."""

    warnings: list[WarningAnswer]


class PolicyAnswer(Policy):
    """A version, with all it says."""

    version: str
    state: State
    author: str
    created_at: Moment
    scheduled_for: Moment | None
    scheduled_by: str | None
    activated_by: str | None
    activated_at: Moment | None
    warnings: list[WarningAnswer]


class DifferenceAnswer(Answer):
    """One difference: where, what stood there in either version (null: nothing), and what it means."""

    pointer: str
    before: Any
    after: Any
    sentence: str


class DifferencesAnswer(Answer):
    """Every difference of what two versions say; none if they say the same. Rules are compared by their ids, wherever they stand."""

    before: str
    after: str
    differences: list[DifferenceAnswer]


def routes(database: Database) -> APIRouter:
    """The addresses of policies."""
    router = APIRouter(prefix="/v1/policies", tags=["policies"], route_class=StrictRoute)

    @router.post("", status_code=201, response_model=PolicySummary, responses=told_again(PolicySummary))
    async def post_policy(
        body: PolicyBody, identity: Annotated[Identity, require("sales_ops")], idempotency_key: IdempotencyKey = None
    ) -> Any:
        async with database.transaction() as session:
            key = client_key(body.id, idempotency_key, identity.sub)
            claim = await claim_creation(session, scope="policies", key=key, sub=identity.sub, content=body)
            if isinstance(claim, Again):
                return JSONResponse(claim.answer, 200)
            policy = Policy.model_validate(body.model_dump(exclude={"id"}, exclude_unset=True))
            version = await draft_policy(session, policy, author=identity.sub, now=datetime.now(UTC))
            answer = _summary(await policy_row(session, version))
            await claim.keep(session, answer.model_dump(mode="json"))
        return answer

    @router.get("", dependencies=[reading("sales_ops")])
    async def list_policies(page: Annotated[PageRequest, Depends(LISTING.request)]) -> Page[PolicySummary]:
        async with database.reading() as session:
            rows = await policy_page(session, before=page.after[0] if page.after else None, limit=page.fetch)
        return LISTING.page(rows, page, key=lambda row: (row.version,), item=_summary)

    @router.get("/{version}", dependencies=[reading("sales_ops")], response_model_exclude_unset=True)
    async def get_policy(version: Id) -> PolicyAnswer:
        async with database.reading() as session:
            row = await _known(session, version)
            warnings = await warnings_about(session, Policy.model_validate(row.document), now=datetime.now(UTC))
        stated = _summary(row).model_dump(exclude={"brand_id", "country", "title"})
        return PolicyAnswer.model_validate({**row.document, **stated, "warnings": _answers(warnings)})

    @router.post("/{version}/activate")
    async def post_activation(
        version: Id, identity: Annotated[Identity, require("sales_ops")], body: ActivationBody | None = None
    ) -> ActivationAnswer:
        now = datetime.now(UTC)
        wanted = body or ActivationBody()
        if wanted.at is not None and wanted.at > now + AHEAD_MAX:
            raise problems.unprocessable("A policy waits no longer than two years.", FieldError("/at", "lies more than two years ahead"))
        async with database.transaction() as session:
            warnings = await approve_policy(session, version, by=identity.sub, strict=wanted.strict, now=now, at=wanted.at)
            summary = _summary(await policy_row(session, version))
        return ActivationAnswer(**summary.model_dump(), warnings=_answers(warnings))

    @router.delete("/{version}/activation", dependencies=[require("sales_ops")])
    async def delete_activation(version: Id) -> PolicySummary:
        """Takes back an activation that is still to come: the version is a draft again."""
        async with database.transaction() as session:
            await take_back(session, version)
            return _summary(await policy_row(session, version))

    @router.get("/{before}/diff/{after}", dependencies=[reading("sales_ops")])
    async def get_differences(before: Id, after: Id) -> DifferencesAnswer:
        async with database.reading() as session:
            rows = [await _known(session, version) for version in (before, after)]
        earlier, later = (Policy.model_validate(row.document) for row in rows)
        found = [DifferenceAnswer(**asdict(each)) for each in differences(earlier, later)]
        return DifferencesAnswer(before=str(rows[0].version), after=str(rows[1].version), differences=found)

    return router


async def _known(session: AsyncSession, version: str) -> Any:
    row = await policy_row(session, version)
    if row is None:
        raise problems.not_found("There is no such policy version.")
    return row


def _summary(row: Any) -> PolicySummary:
    return PolicySummary(
        version=str(row.version),
        state=row.state,
        brand_id=row.brand_id,
        country=row.country,
        title=row.title,
        author=row.author,
        created_at=row.created_at,
        scheduled_for=row.scheduled_for,
        scheduled_by=row.scheduled_by,
        activated_by=row.activated_by,
        activated_at=row.activated_at,
    )


def _answers(warnings: tuple[ActivationWarning, ...]) -> list[WarningAnswer]:
    return [WarningAnswer(**each.document()) for each in warnings]
