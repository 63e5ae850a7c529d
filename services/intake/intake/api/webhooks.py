"""The open door: marketing platforms post here, in their own format, signed their own way, and ask first whether they may."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from intake.api.recorded import recorded
from intake.decisions.adapters.handshakes import Reply
from intake.decisions.receipts import Tally
from intake.figures import sources as figures
from intake.operations.group_commit import GroupCommit
from intake.operations.known_sources import KnownSources
from intake.operations.rate_limiter import RateLimiter, TooFast
from intake.operations.receiving import NotSigned, Posted, UnknownSource, answer_to, read_webhook
from intake.operations.sources import keep_told
from intake.platforms import MEDIA_TYPES, ConnectedSource, UnknownPlatform
from shared import failpoints, problems
from shared.auth import anyone
from shared.bodies import Answer, Id
from shared.database import Database
from shared.direct import Direct
from shared.limits import whole_body
from shared.routes import StrictRoute, check_labels

_PREFIX = "/v1/webhooks/"
_COME_AGAIN: Final = (429, 503)
_UNKNOWN = "There is no source of this name."
# What a platform is told beside 202, where it would take that for a failure or has only asked.
_TOLD: Final[dict[int | str, dict[str, object]]] = {
    200: {"description": "On record, for platforms that know no 202; or the answer to a question", "content": {"application/json": {}}},
    201: {"description": "On record, for platforms that know no 202", "content": {"application/json": {}}},
    204: {"description": "On record, for platforms that want no words"},
}


class WebhookAnswer(Answer):
    """What became of a webhook's items, told once they are on record."""

    receipt_id: UUID
    accepted: int
    duplicate: int
    ignored: int
    rejected: int


class Webhooks:
    """`/v1/webhooks/{source}`. `public_url` is our own address as platforms see it."""

    def __init__(self, database: Database, known: KnownSources, commits: GroupCommit, *, public_url: str) -> None:
        self._database = database
        self._known = known
        self._commits = commits
        self._public_url = public_url.rstrip("/")
        self._limiter = RateLimiter()

    def routes(self) -> APIRouter:
        """The address as FastAPI has it."""
        router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["webhooks"])

        @router.post("/webhooks/{source}", status_code=202, response_model=WebhookAnswer, responses=_TOLD, dependencies=[anyone()])
        async def post_webhook(source: Id, request: Request) -> Response:
            """Takes a platform's events. What is in a signed body never makes it fail: unreadable events are kept and counted."""
            return await self._answer(source, request)

        @router.get("/webhooks/{source}", response_class=Response, dependencies=[anyone()])
        async def get_webhook(source: Id, request: Request) -> Response:
            """Tells a platform that asks before it posts that somebody is here."""
            return await self._greet(source, request)

        @router.head("/webhooks/{source}", response_class=Response, dependencies=[anyone()])
        async def head_webhook(source: Id, request: Request) -> Response:
            """As GET."""
            return await self._greet(source, request)

        @router.options("/webhooks/{source}", response_class=Response, dependencies=[anyone()])
        async def options_webhook(source: Id, request: Request) -> Response:
            """Tells a sender of CloudEvents that it may post here. No other platform asks like this: 405."""
            return await self._greet(source, request)

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
        try:
            return await self._take(await self._find(source_name), request)
        except Exception as error:  # noqa: BLE001  what is no anticipated one is raised again
            raise self._worded(problems.of_error(error), source_name) from None

    async def _take(self, source: ConnectedSource | None, request: Request) -> Response:
        accepts = source.adapter.media_types if source is not None else MEDIA_TYPES
        posted = await self._posted(request.scope, request.receive, accepts=accepts)
        failpoints.reach("webhook.arrived")
        now = datetime.now(UTC)
        if source is not None and source.asks_by_posting and (reply := answer_to(posted, source, now=now)) is not None:
            return await self._replied(reply, source)
        try:
            delivery = read_webhook(source, posted, now=now, admit=self._admit)
        except UnknownSource:
            figures.count_request(figures.UNKNOWN, "unknown")
            raise problems.not_found(_UNKNOWN) from None
        except NotSigned:
            figures.count_request(_name_of(source), "unproved")
            raise problems.unauthenticated("The request doesn't carry a proof of this source, or not a recent one.") from None
        failpoints.reach("webhook.parsed")
        tally = await recorded(self._commits, delivery)
        figures.count_taken(_name_of(source), delivery, tally)
        return _told(tally, status=source.adapter.answers.accepted if source is not None else 202)

    def _admit(self, source: ConnectedSource) -> None:
        limit = source.stored.settings.rate_limit
        if limit is None:
            return
        try:
            self._limiter.admit(source.stored.name, limit.limit)
        except TooFast as error:
            figures.count_request(source.stored.name, "too_fast")
            raise problems.too_many_requests(
                "More comes from this source than its rate limit lets pass; send it again.", retry_after_seconds=error.retry_after_seconds
            ) from None

    async def _greet(self, source_name: str, request: Request) -> Response:
        source = await self._find(source_name)
        if source is None:
            raise problems.not_found(_UNKNOWN)
        reply = answer_to(await self._posted(request.scope, request.receive), source, now=datetime.now(UTC))
        if reply is None:
            raise problems.Problem(405, "method-not-allowed", "This platform doesn't ask like this.", headers={"Allow": "GET, HEAD, POST"})
        return await self._replied(reply, source)

    async def _find(self, source_name: str) -> ConnectedSource | None:
        try:
            return await self._known.find(source_name)
        except UnknownPlatform:
            raise problems.unavailable("This source is being moved to a later version of this service; send it again.") from None

    def _worded(self, problem: problems.Problem, source_name: str) -> problems.Problem:
        """The problem under the only status on which the source's platform sends again, if it has one of its own."""
        source = self._known.remembered(source_name) if problem.status in _COME_AGAIN else None
        if source is None or source.adapter.answers.unavailable == 503:
            return problem
        return replace(problem, status=source.adapter.answers.unavailable)

    async def _replied(self, reply: Reply, source: ConnectedSource) -> Response:
        if reply.told:
            async with self._database.transaction() as session:
                await keep_told(session, name=source.stored.name, told=reply.told)
        if reply.body is None:
            return Response(status_code=reply.status, headers=dict(reply.headers))
        return Response(orjson.dumps(reply.body), status_code=reply.status, headers=dict(reply.headers), media_type="application/json")

    async def _posted(self, scope: Scope, receive: Receive, *, accepts: frozenset[str] | None = None) -> Posted:
        """The request as it came, if its body is labelled as something that is accepted."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        if accepts is not None:
            check_labels(headers.get("content-type", [""])[0], headers.get("content-encoding", ["identity"])[0], accepts=accepts)
        path = scope.get("raw_path", b"").decode("latin-1")
        return Posted(
            method=scope["method"],
            default_uri=self._public_url + path,
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=await whole_body(receive),
        )


def _name_of(source: ConnectedSource | None) -> str:
    return source.stored.name if source is not None else figures.UNKNOWN


def _told(tally: Tally, *, status: int) -> Response:
    if status == 204:
        return Response(status_code=204)
    counts = {"receipt_id": tally.receipt_id, **tally.counts}
    return Response(orjson.dumps(counts), status_code=status, media_type="application/json")
