"""The open door: marketing platforms post here, in their own format, signed their own way."""

from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect

from intake.operations.receiving import NotSigned, Posted, UnknownSource, receive_webhook
from shared import problems
from shared.auth import anyone
from shared.bodies import Answer, Id
from shared.database import Database
from shared.routes import StrictRoute, check_media_type


class WebhookAnswer(Answer):
    """What became of a webhook's items, told once they are on record."""

    receipt_id: UUID
    accepted: int
    duplicate: int
    ignored: int
    rejected: int


def routes(database: Database, *, public_url: str) -> APIRouter:
    """`POST /v1/webhooks/{source}`. `public_url` is our own address as platforms see it."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["webhooks"])

    @router.post("/webhooks/{source}", status_code=202, dependencies=[anyone()])
    async def post_webhook(source: Id, request: Request) -> WebhookAnswer:
        """Takes a platform's events. What is in a signed body never makes it fail: unreadable events are kept and counted."""
        check_media_type(request)
        posted = await _posted(request, public_url)
        try:
            tally = await receive_webhook(database, source, posted, now=datetime.now(UTC))
        except UnknownSource:
            raise problems.not_found("There is no source of this name.") from None
        except NotSigned:
            raise problems.unauthenticated("The request doesn't carry a signature of this source, or not a recent one.") from None
        return WebhookAnswer(
            receipt_id=tally.receipt_id,
            accepted=tally.count("accepted"),
            duplicate=tally.count("duplicate"),
            ignored=tally.count("ignored"),
            rejected=tally.count("rejected"),
        )

    return router


async def _posted(request: Request, public_url: str) -> Posted:
    headers: dict[str, list[str]] = defaultdict(list)
    for name, value in request.headers.items():
        headers[name].append(value)
    try:
        body = await request.body()
    except ClientDisconnect:
        raise problems.malformed("The connection closed before the whole body had come.") from None
    path = request.scope.get("raw_path", b"").decode("latin-1")
    return Posted(
        method=request.method,
        default_uri=public_url.rstrip("/") + path,
        query=request.scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
    )
