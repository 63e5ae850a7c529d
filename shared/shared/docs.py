"""`GET /docs`: the API's documentation as a page, from files that come with the service: it needs no internet and asks no third party.

FastAPI's own page loads its script from a public network, which a closed network can't reach and a strict one shouldn't.
"""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

_KEPT_SECONDS = 3600

# Swagger UI draws with inline styles and images; scripts and requests are ours alone.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

_FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
# Relative addresses, so that the page also works behind a gateway that puts the service under a prefix.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Full Circle {service}: API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; the same is in <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null});\n'


def docs_routes(service: str) -> APIRouter:
    """The page and its files, open to all."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def page() -> HTMLResponse:
        return HTMLResponse(_PAGE.format(service=service), headers=_HEADERS)

    @router.get("/docs/start.js")
    async def start() -> Response:
        return _file(_START.encode(), "text/javascript")

    for name, media_type in _FILES.items():
        router.add_api_route(f"/docs/{name}", _serving(name, media_type))
    return router


def _serving(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    content = (files("fastapi_swagger.resources") / name).read_bytes()

    async def serve() -> Response:
        return _file(content, media_type)

    return serve


def _file(content: bytes, media_type: str) -> Response:
    return Response(content, media_type=media_type, headers={**_HEADERS, "Cache-Control": f"max-age={_KEPT_SECONDS}"})
