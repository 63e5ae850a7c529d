"""Pairs of contacts that may be one person, and what somebody decided about them."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from intake.api.merging import MergeAnswer, merged
from intake.operations import candidates, merging
from intake.queries.people import CandidateState, find_candidate, list_candidates
from intake.tables import ContactCandidate
from shared import problems
from shared.auth import Identity, reading, require
from shared.bodies import Answer, Body, Id, Moment
from shared.database import Database
from shared.paging import Listing, Page, PageRequest
from shared.problems import FieldError
from shared.routes import StrictRoute
from shared.telemetry import correlation_id

_CANDIDATES = Listing("candidates", datetime, UUID)


class CandidateAnswer(Answer):
    """Two contacts that may be one person. `kinds` are of the keys that say so: email, npi, crm or a platform's name."""

    id: UUID
    contact_ids: list[str]
    kinds: list[str]
    state: CandidateState
    since: Moment
    decided_at: Moment | None
    decided_by: str | None


class CandidateMergeBody(Body):
    """Which of the two ids survives; without it, whom a directory named before whom none did, then who was seen first."""

    survivor: Id | None = None


def routes(database: Database) -> APIRouter:
    """`GET /v1/candidates`, `POST /v1/candidates/{id}/merge` and `/dismiss`."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["candidates"])

    @router.get("/candidates", dependencies=[reading("integration", "sales_ops", "privacy")])
    async def get_candidates(
        page: Annotated[PageRequest, Depends(_CANDIDATES.request)], state: CandidateState | None = None
    ) -> Page[CandidateAnswer]:
        """Pairs of contacts that may be one person, newest first."""
        async with database.reading() as session:
            rows = await list_candidates(session, state=state, after=page.after, limit=page.fetch)
        return _CANDIDATES.page(rows, page, key=lambda row: (row.since, row.id), item=_candidate_answer)

    @router.post("/candidates/{candidate_id}/merge")
    async def merge_candidate(
        candidate_id: UUID, identity: Annotated[Identity, require("integration", "sales_ops")], body: CandidateMergeBody | None = None
    ) -> MergeAnswer:
        """Makes the two one person. Said again, it is answered the same."""
        async with database.transaction() as session:
            found = await find_candidate(session, candidate_id)
            if found is None:
                raise _no_candidate()
            ids, survivor_id = (found.contact_id, found.other_id), None if body is None else body.survivor
            if survivor_id is not None and survivor_id not in ids:
                raise problems.unprocessable("The survivor must be one of the two.", FieldError("/survivor", "is neither of the two"))
            decided = await merging.merge_pair(
                session, *ids, survivor_id=survivor_id, by=identity.sub, correlation_id=correlation_id(), now=datetime.now(UTC)
            )
        return merged(decided, *ids)

    @router.post("/candidates/{candidate_id}/dismiss")
    async def post_dismissal(candidate_id: UUID, identity: Annotated[Identity, require("integration", "sales_ops")]) -> CandidateAnswer:
        """They are two people: the pair isn't proposed again."""
        async with database.transaction() as session:
            found = await candidates.dismiss(session, candidate_id, by=identity.sub, now=datetime.now(UTC))
        if found is None:
            raise _no_candidate()
        if found.state == "merged":
            raise problems.conflict("The two are merged; unmerge one of them.", contact_ids=[found.contact_id, found.other_id])
        return _candidate_answer(found)

    return router


def _no_candidate() -> problems.Problem:
    return problems.not_found("There is no candidate with this id.")


def _candidate_answer(row: ContactCandidate) -> CandidateAnswer:
    return CandidateAnswer.model_validate(
        {
            "id": row.id,
            "contact_ids": [row.contact_id, row.other_id],
            "kinds": row.kinds,
            "state": row.state,
            "since": row.since,
            "decided_at": row.decided_at,
            "decided_by": row.decided_by,
        }
    )
