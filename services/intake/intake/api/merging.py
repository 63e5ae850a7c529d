"""Merging contacts on somebody's word, and parting them again."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter

from intake.decisions.directory import AlreadyOne, CannotJoin, Join
from intake.operations import merging
from shared import problems
from shared.auth import Identity, require
from shared.bodies import Answer, Body, Id
from shared.database import Database
from shared.problems import FieldError
from shared.routes import StrictRoute
from shared.telemetry import correlation_id


class MergeBody(Body):
    """Into whom."""

    into: Id


class MergeAnswer(Answer):
    """Who stands for both ids now."""

    contact_id: str
    merged_id: str


class UnmergeAnswer(Answer):
    """A contact that stands for itself again, and who stood for it."""

    contact_id: str
    was_merged_into: str


def routes(database: Database) -> APIRouter:
    """`POST /v1/contacts/{id}/merge` and `/unmerge`."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["reference"])

    @router.post("/contacts/{contact_id}/merge")
    async def merge_contact(
        contact_id: Id, body: MergeBody, identity: Annotated[Identity, require("integration", "sales_ops")]
    ) -> MergeAnswer:
        """Makes one person of this contact and another, whose id survives. Said again, it is answered the same."""
        async with database.transaction() as session:
            decided = await merging.merge(
                session, contact_id, body.into, by=identity.sub, correlation_id=correlation_id(), now=datetime.now(UTC)
            )
        if isinstance(decided, CannotJoin) and decided.unknown == body.into:
            raise problems.unprocessable("There is no contact to merge into.", FieldError("/into", "is no contact's id"))
        return merged(decided, contact_id, body.into)

    @router.post("/contacts/{contact_id}/unmerge")
    async def unmerge_contact(
        contact_id: Id, identity: Annotated[Identity, require("integration", "sales_ops", "privacy")]
    ) -> UnmergeAnswer:
        """Makes a merged contact stand for itself again, with the keys, consents and history that came to it, and keeps the two apart."""
        async with database.transaction() as session:
            parted = await merging.unmerge(session, contact_id, by=identity.sub, correlation_id=correlation_id(), now=datetime.now(UTC))
        if parted is None:
            raise problems.conflict("No contact under this id is merged into another.")
        return UnmergeAnswer(contact_id=parted.contact_id, was_merged_into=parted.from_id)

    return router


def merged(decided: Join | AlreadyOne | CannotJoin, *ids: str) -> MergeAnswer:
    """What a merge is answered. Raises a 404 or 409 Problem where the two can't be one person."""
    match decided:
        case Join(old_id, survivor_id):
            return MergeAnswer(contact_id=survivor_id, merged_id=old_id)
        case AlreadyOne(survivor_id):
            return MergeAnswer(contact_id=survivor_id, merged_id=next((each for each in ids if each != survivor_id), survivor_id))
        case CannotJoin(unknown=str()):
            raise problems.not_found("There is no contact with this id.")
        case CannotJoin(reason=reason):
            raise problems.conflict(f"They can't be made one person: {reason}.")
