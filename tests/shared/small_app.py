"""The smallest app wired as every service is, for tests of what services share."""

import contextlib
from collections.abc import AsyncIterator

import httpx
from fastapi import APIRouter, FastAPI

from shared import problems, telemetry
from shared.limits import BodyLimits
from shared.request_log import RequestLog
from shared.routes import StrictRoute
from tests import tokens


def router() -> APIRouter:
    """A router as services make theirs."""
    return APIRouter(prefix="/v1", route_class=StrictRoute)


@contextlib.asynccontextmanager
async def serving(*routers: APIRouter, max_bytes: int = 2_000) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app with these routers; tokens of `tests.tokens` are believed."""
    app = FastAPI(title="small", redirect_slashes=False, responses=problems.RESPONSES)
    problems.install(app)
    for each in routers:
        app.include_router(each)
    app.get("/metrics", include_in_schema=False)(telemetry.metrics_endpoint)
    app.add_middleware(BodyLimits, max_bytes=max_bytes)
    app.add_middleware(RequestLog)
    async with tokens.verifier() as app.state.token_verifier:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            yield client
