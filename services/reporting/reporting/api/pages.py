"""`GET /`: the dashboard, for whoever holds a bearer token or a session; and the files it is made of."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import structlog
from fastapi import APIRouter
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import Response

from reporting.decisions.dashboard import FUNNEL_DAYS, OBJECTION_DAYS, Days, circle, sight_of, where_leads_stay
from reporting.page.rendering import ASSETS, page
from reporting.page.ring import NODE_RADIUS, SIZE, drawn
from reporting.queries import dashboard
from shared import problems
from shared.auth import Identity, anyone, reading
from shared.database import WEATHER, Database, is_weather
from shared.problems import Problem
from shared.routes import StrictRoute

SESSION_COOKIE = "fullcircle_session"

_HEADINGS = {HTTPStatus.FORBIDDEN: "Not for your role", HTTPStatus.SERVICE_UNAVAILABLE: "Not available just now"}

_log = structlog.get_logger()


class PageRoute(StrictRoute):
    """A page: a session's cookie may stand in for the Authorization header, and refusals are pages too.

    Only pages take the cookie. They are read with GET and change nothing, so nothing another site could have a browser
    send acts in somebody's name.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_with_a_page(request: Request) -> Response:
            try:
                return await answer(_with_session(request))
            except Problem as problem:
                return _refusal(request, problem)
            except (*WEATHER, DBAPIError) as error:
                if not is_weather(error):
                    raise
                _log.warning("database_unavailable", error=type(error).__name__)
                return _refusal(request, problems.unavailable("The figures can't be read just now; load the page again in a moment."))

        return answer_with_a_page


def routes(database: Database) -> APIRouter:
    """The dashboard."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get("/")
    async def get_dashboard(identity: Annotated[Identity, reading("marketing", "sales_ops", "manager")]) -> Response:
        return page("dashboard.html", **await _shown_to(identity, database, now=datetime.now(UTC)))

    return router


def asset_routes() -> APIRouter:
    """The files pages are made of, which a browser needs before anybody is known."""
    router = APIRouter(route_class=StrictRoute, include_in_schema=False)

    @router.get("/page/{name}", dependencies=[anyone()])
    async def get_asset(name: str) -> Response:
        if name not in ASSETS:
            raise problems.not_found("There is nothing at this address.")
        return ASSETS[name].response()

    return router


def sign_in_page(*, status: int, trouble: str | None, headers: Mapping[str, str]) -> Response:
    """The form that begins a session; `trouble` says why the last try did not."""
    return page("sign_in.html", status=status, headers=headers, trouble=trouble)


def without_session(response: Response) -> Response:
    """The answer, having the browser forget its session."""
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
    return response


async def _shown_to(identity: Identity, database: Database, *, now: datetime) -> dict[str, Any]:
    """What the page shows this person, read in one look at the database."""
    sight = sight_of(sub=identity.sub, rep_id=identity.rep_id, roles=identity.roles)
    funnel_days = Days.until(now.date(), length=FUNNEL_DAYS)
    objection_days = Days.until(now.date(), length=OBJECTION_DAYS)
    async with database.reading() as session:
        delivered = await dashboard.delivered_count(session) if sight.deliveries else None
        steps = circle(await dashboard.event_counts(session), delivered=delivered)
        stages = await dashboard.stage_counts(session, funnel_days)
        objections = await dashboard.objection_counts(session, objection_days)
        decisions = await dashboard.open_decisions(session, owners=sight.owners) if sight.decisions else []
        subscriptions = await dashboard.subscription_counts(session) if sight.deliveries else []
    return {
        "now": now,
        "identity": identity,
        "sight": sight,
        "ring": drawn(steps),
        "ring_size": SIZE,
        "node_radius": NODE_RADIUS,
        "stages": stages,
        "widest": max(stage.entered for stage in stages),
        "stay": where_leads_stay(stages),
        "funnel_days": FUNNEL_DAYS,
        "objections": objections,
        "most_heard": max((max(one.heard, one.previous) for one in objections), default=0),
        "objection_days": OBJECTION_DAYS,
        "decisions": decisions,
        "subscriptions": subscriptions,
        "rows_max": dashboard.ROWS_MAX,
    }


def _with_session(request: Request) -> Request:
    """The request as if its session's token had come in the header, where none did."""
    token = request.cookies.get(SESSION_COOKIE)
    if token is None or "authorization" in request.headers:
        return request
    headers = [*request.scope["headers"], (b"authorization", f"Bearer {token}".encode("latin-1"))]
    return Request({**request.scope, "headers": headers}, request.receive)


def _refusal(request: Request, problem: Problem) -> Response:
    """The problem in words for people; someone we don't know gets the form instead."""
    headers = problem.headers or {}
    has_session = SESSION_COOKIE in request.cookies
    if problem.status != HTTPStatus.UNAUTHORIZED:
        status = HTTPStatus(problem.status)
        heading = _HEADINGS.get(status, status.phrase)
        return page("refused.html", status=status, headers=headers, heading=heading, detail=problem.detail, has_session=has_session)
    if has_session:
        return without_session(sign_in_page(status=401, trouble=f"Your session has ended. {problem.detail}", headers=headers))
    return sign_in_page(status=401, trouble=None, headers=headers)
