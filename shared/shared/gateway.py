"""Behind a gateway: the part of our path that it takes away is named again wherever we name our own addresses."""

from starlette.types import ASGIApp, Receive, Scope, Send


class BehindGateway:
    """Pure ASGI: says under which path the world finds the app (`/openapi.json` names its server, which /docs then asks).

    Requests arrive without that path, and are found with or without it.
    """

    def __init__(self, app: ASGIApp, *, path: str) -> None:
        self.app = app
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["root_path"] = self.path
        await self.app(scope, receive, send)
