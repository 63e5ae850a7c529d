"""The open door: marketing platforms post here, in their own format, signed their own way."""

from datetime import UTC, datetime
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from intake.api.recorded import recorded
from intake.decisions.receipts import Tally
from intake.operations.group_commit import GroupCommit
from intake.operations.known_sources import KnownSources
from intake.operations.receiving import NotSigned, Posted, UnknownSource, read_webhook
from shared import failpoints, problems
from shared.auth import anyone
from shared.bodies import Answer, Id
from shared.direct import Direct
from shared.limits import whole_body
from shared.routes import StrictRoute, check_labels

_PREFIX = "/v1/webhooks/"


class WebhookAnswer(Answer):
    """What became of a webhook's items, told once they are on record."""

    receipt_id: UUID
    accepted: int
    duplicate: int
    ignored: int
    rejected: int


class Webhooks:
    """`POST /v1/webhooks/{source}`. `public_url` is our own address as platforms see it."""

    def __init__(self, known: KnownSources, commits: GroupCommit, *, public_url: str) -> None:
        self._known = known
        self._commits = commits
        self._public_url = public_url.rstrip("/")

    def routes(self) -> APIRouter:
        """The address as FastAPI has it."""
        router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["webhooks"])

        @router.post("/webhooks/{source}", status_code=202, response_model=WebhookAnswer, dependencies=[anyone()])
        async def post_webhook(source: Id, request: Request) -> Response:
            """Takes a platform's events. What is in a signed body never makes it fail: unreadable events are kept and counted."""
            return await self._answer(source, request)

        return router

    @property
    def direct(self) -> Direct:
        """The same address, answered before FastAPI is asked."""
        return Direct("POST", _PREFIX, "source", self._answer_directly)

    async def _answer_directly(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(scope["path_params"]["source"], Request(scope, receive))
        await answer(scope, receive, send)
        failpoints.reach("webhook.answered")

    async def _answer(self, source_name: str, request: Request) -> Response:
        posted = await self._posted(request.scope, request.receive)
        failpoints.reach("webhook.arrived")
        try:
            delivery = read_webhook(await self._known.find(source_name), posted, now=datetime.now(UTC))
        except UnknownSource:
            raise problems.not_found("There is no source of this name.") from None
        except NotSigned:
            raise problems.unauthenticated("The request doesn't carry a signature of this source, or not a recent one.") from None
        failpoints.reach("webhook.parsed")
        return _told(await recorded(self._commits, delivery))

    async def _posted(self, scope: Scope, receive: Receive) -> Posted:
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        check_labels(headers.get("content-type", [""])[0], headers.get("content-encoding", ["identity"])[0])
        path = scope.get("raw_path", b"").decode("latin-1")
        return Posted(
            method=scope["method"],
            default_uri=self._public_url + path,
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=await whole_body(receive),
        )


def _told(tally: Tally) -> Response:
    counts = {"receipt_id": tally.receipt_id, **tally.counts}
    return Response(orjson.dumps(counts), status_code=202, media_type="application/json")
