"""Intake's application with an endpoint that does nothing but read: in its whole stack or, where BENCH_STACK is `none`, without."""

import os

from fastapi import APIRouter, Request, Response

from intake.app import build
from shared import telemetry
from shared.auth import anyone
from shared.routes import StrictRoute
from tests.bench.arms.serving import serve


def _nothing() -> APIRouter:
    router = APIRouter(route_class=StrictRoute)

    @router.post("/v1/nothing", dependencies=[anyone()])
    async def nothing(request: Request) -> Response:
        await request.body()
        return Response(b'{"done":true}', media_type="application/json")

    return router


if __name__ == "__main__":
    service = build()
    telemetry.configure_logging(service.name, "INFO")
    service.routers.append(_nothing())
    app = service.app("api")
    if os.environ.get("BENCH_STACK") == "none":
        app.user_middleware.clear()
    serve(app)
