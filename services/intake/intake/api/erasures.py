"""Erasures: one person of the role privacy asks, another approves, and the certificate says what became of it."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import StringConstraints

from intake.decisions.erasures.requests import ErasureState, by_service
from intake.operations.erasures.requesting import Stored, approve_erasure, find_erasure, request_erasure
from shared.auth import Identity, reading, require
from shared.bodies import Answer, Body, Id, Moment, Uuid
from shared.creations import Again, IdempotencyKey, claim_creation, client_key, told_again
from shared.database import Database
from shared.events.facts import ServiceName
from shared.ids import new_id
from shared.routes import StrictRoute


class ErasureBody(Body):
    """Whom to forget, and on what ground. Names and addresses of the person in `reason` are put out of sight with the rest."""

    id: Uuid | None = None
    contact_id: Id
    reason: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class ServiceErasure(Answer):
    """How far a service is: `erased` once it holds nothing more that names the person."""

    state: str
    erased_at: Moment | None


class BusErasure(Answer):
    """How far the bus is: when the tombstone was on it, when an append closed its segment, when no value could be read any more."""

    tombstoned_at: Moment | None
    appended_at: Moment | None
    cleared_at: Moment | None


class ErasureAnswer(Answer):
    """An erasure as it stands. The certificate is null until every service has erased and the bus holds nothing more."""

    id: UUID
    contact_id: str
    reason: str
    state: ErasureState
    requested_by: str
    requested_at: Moment
    approved_by: str | None
    approved_at: Moment | None
    services: dict[ServiceName, ServiceErasure]
    bus: BusErasure
    certificate: dict[str, Any] | None


def routes(database: Database) -> APIRouter:
    """`POST /v1/erasures`, `POST /v1/erasures/{id}/approve`, `GET /v1/erasures/{id}`."""
    router = APIRouter(prefix="/v1/erasures", route_class=StrictRoute, tags=["privacy"])

    @router.post("", status_code=201, responses=told_again(ErasureAnswer))
    async def post_erasure(
        body: ErasureBody, response: Response, identity: Annotated[Identity, require("privacy")], idempotency_key: IdempotencyKey = None
    ) -> ErasureAnswer:
        """Asks for a contact to be erased. Nothing happens before another person approves."""
        key = client_key(body.id, idempotency_key, identity.sub)
        async with database.transaction() as session:
            claim = await claim_creation(session, scope="erasures", key=key, sub=identity.sub, content=body)
            if isinstance(claim, Again):
                response.status_code = 200
                return _answer(await find_erasure(session, UUID(claim.answer["id"])))
            stored = await request_erasure(
                session,
                body.id or new_id(),
                contact_id=body.contact_id,
                reason=body.reason,
                by=identity.sub,
                now=datetime.now(UTC),
            )
            await claim.keep(session, {"id": stored.erasure.id})
        return _answer(stored)

    @router.post("/{erasure_id}/approve")
    async def post_approval(erasure_id: UUID, identity: Annotated[Identity, require("privacy")]) -> ErasureAnswer:
        """Approves an erasure that somebody else asked for. It can't be taken back."""
        async with database.transaction() as session:
            return _answer(await approve_erasure(session, erasure_id, by=identity.sub, now=datetime.now(UTC)))

    @router.get("/{erasure_id}", dependencies=[reading("privacy")])
    async def get_erasure(erasure_id: UUID) -> ErasureAnswer:
        """How far an erasure is, and its certificate."""
        async with database.reading() as session:
            return _answer(await find_erasure(session, erasure_id))

    return router


def _answer(stored: Stored) -> ErasureAnswer:
    erasure = stored.erasure
    return ErasureAnswer.model_validate(
        {
            "id": erasure.id,
            "contact_id": erasure.contact_id,
            "reason": stored.reason,
            "state": erasure.state,
            "requested_by": erasure.requested_by,
            "requested_at": erasure.requested_at,
            "approved_by": erasure.approved_by,
            "approved_at": erasure.approved_at,
            "services": {
                service: ServiceErasure(state="waiting" if moment is None else "erased", erased_at=moment)
                for service, moment in by_service(erasure, stored.answers).items()
            },
            "bus": BusErasure(
                tombstoned_at=erasure.bus.tombstoned_at, appended_at=erasure.bus.appended_at, cleared_at=erasure.bus.cleared_at
            ),
            "certificate": stored.certificate,
        }
    )
