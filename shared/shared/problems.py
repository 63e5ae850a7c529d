"""Errors as outsiders see them: RFC 9457 problems, and the handlers that turn every exception into one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.database import WEATHER, is_weather

MEDIA_TYPE: Final = "application/problem+json"
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_ERRORS = 100  # a problem is for reading; a body with ten thousand wrong rows needn't be told so ten thousand times

log = structlog.get_logger()


class FieldError(BaseModel):
    """One thing that is wrong: where, as a JSON pointer (RFC 6901) into the body, "" for the body or a parameter; and what."""

    model_config = ConfigDict(frozen=True)

    pointer: str
    detail: str

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(pointer=pointer, detail=detail)


@dataclass(eq=False)
class Problem(Exception):
    """An anticipated refusal: raise it anywhere below an endpoint.

    `code` names the kind of problem for programs, `extensions` are further members of the document.
    """

    status: int
    code: str
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] | None = None
    extensions: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.code}"

    def document(self) -> dict[str, Any]:
        """The problem's members as JSON values."""
        return {
            **(self.extensions or {}),
            "type": f"urn:fullcircle:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "errors": [{"pointer": error.pointer, "detail": error.detail} for error in self.errors[:MAX_ERRORS]],
        }


_TEXT: Final = {"type": "string"}
_ERROR: Final = {"type": "object", "required": ["pointer", "detail"], "properties": {"pointer": _TEXT, "detail": _TEXT}}
_DOCUMENT: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {"type": "array", "items": _ERROR},
    },
}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "default": {"description": "A problem (RFC 9457)", "content": {MEDIA_TYPE: {"schema": _DOCUMENT}}}
}
"""For `FastAPI(responses=...)`: every error answer of the service, in its OpenAPI document."""


def unauthenticated(detail: str) -> Problem:
    return Problem(401, "unauthenticated", detail, headers={"WWW-Authenticate": "Bearer"})


def forbidden(detail: str) -> Problem:
    return Problem(403, "forbidden", detail)


def not_found(detail: str) -> Problem:
    return Problem(404, "not-found", detail)


def conflict(detail: str, **extensions: Any) -> Problem:
    return Problem(409, "conflict", detail, extensions=extensions)


def unprocessable(detail: str, *errors: FieldError, **extensions: Any) -> Problem:
    return Problem(422, "unprocessable", detail, errors=errors, extensions=extensions)


def malformed(detail: str) -> Problem:
    return Problem(400, "malformed", detail)


def unsupported_media_type(detail: str, *, accepts: str) -> Problem:
    return Problem(415, "unsupported-media-type", detail, headers={"Accept": accepts})


def too_large(detail: str) -> Problem:
    return Problem(413, "too-large", detail, headers={"Connection": "close"})


def request_timeout(detail: str) -> Problem:
    return Problem(408, "request-timeout", detail, headers={"Connection": "close"})


def too_many_requests(detail: str, *, retry_after_seconds: int) -> Problem:
    return Problem(429, "too-many-requests", detail, headers={"Retry-After": str(retry_after_seconds)})


def unavailable(detail: str, *, retry_after_seconds: int = 5) -> Problem:
    return Problem(503, "unavailable", detail, headers={"Retry-After": str(retry_after_seconds)})


def problem_response(problem: Problem) -> Response:
    """The HTTP answer that carries the problem."""
    content = json.dumps(problem.document(), ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status_code=problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def field_errors(error: ValidationError, value: object) -> list[FieldError]:
    """What is wrong with `value`, which failed to validate: pointers into it, and sentences that don't repeat it."""
    found = error.errors(include_url=False, include_input=False)[:MAX_ERRORS]
    return [FieldError(_pointer(item["loc"], value), _sentence(item)) for item in found]


def _pointer(location: Sequence[str | int], value: object) -> str:
    """The part of pydantic's location that leads through the value itself: it also names union members and validators on the way."""
    pointer = ""
    for position, step in enumerate(location):
        match value, step:
            case dict(), str() if step in value or position == len(location) - 1:
                value = value.get(step)
            case list(), int() if 0 <= step < len(value):
                value = value[step]
            case _:
                continue
        pointer += "/" + str(step).replace("~", "~0").replace("/", "~1")
    return pointer


_SENTENCES: Final = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this object",
    "uuid_parsing": "must be a UUID",
    "uuid_type": "must be a UUID in a string",
    "json_invalid": "must be valid JSON",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be an array",
    "string_type": "must be a string",
    "int_type": "must be a whole JSON number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a JSON number",
    "bool_type": "must be true or false",
}
"""Where pydantic's own message would repeat the input or speak of Python."""


def _sentence(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "union_tag_invalid":
            return f"must be one of {error['ctx']['expected_tags']}"
        case "too_short":
            return f"must have at least {error['ctx']['min_length']} items"
        case "too_long":
            return f"must have at most {error['ctx']['max_length']} items"
        case kind if kind in _SENTENCES:
            return _SENTENCES[kind]
        case _:
            return str(error["msg"]).replace("Input should", "should").replace("String should", "should")


def _of_validation(error: RequestValidationError) -> Problem:
    found: list[FieldError] = []
    for item in error.errors()[:MAX_ERRORS]:
        place, *location = item["loc"]
        if place == "body":
            found.append(FieldError(_pointer(location, error.body), _sentence(item)))
        else:
            found.append(FieldError("", f"{place} parameter {'.'.join(map(str, location))}: {_sentence(item)}"))
    return unprocessable("The request has a value or field that can't be; see errors.", *found)


def _of_http_exception(request: Request, error: HTTPException) -> Problem:
    match error.status_code:
        case 404:
            return not_found("There is nothing at this address.")
        case 405:
            allow = {"Allow": ", ".join(_methods_at(request))}
            return Problem(405, "method-not-allowed", "This address doesn't take this method.", headers=allow)
        case status:
            code = HTTPStatus(status).phrase.lower().replace(" ", "-")
            return Problem(status, code, HTTPStatus(status).description or HTTPStatus(status).phrase, headers=error.headers)


def _methods_at(request: Request) -> list[str]:
    """What the address takes. The route that refused knows only its own methods, and several routes may share an address."""
    routes = request.app.routes
    return [method for method in _METHODS if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)]


async def _answer_validation(_: Request, error: RequestValidationError) -> Response:
    return problem_response(_of_validation(error))


async def _answer_http_exception(request: Request, error: HTTPException) -> Response:
    return problem_response(_of_http_exception(request, error))


def of_error(error: Exception) -> Problem:
    """The problem that an anticipated error is to whoever asked. Raises any other again."""
    match error:
        case Problem():
            return error
        case ClientDisconnect():
            return malformed("The connection closed before the whole body had come.")
        case _ if is_weather(error):
            sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None)
            log.warning("database_unavailable", error=type(error).__name__, sqlstate=sqlstate)
            return unavailable("The service can't reach its database just now; send it again, what comes twice is stored once.")
        case _:
            raise error


async def _answer_error(_: Request, error: Exception) -> Response:
    return problem_response(of_error(error))


class UnexpectedErrors:
    """Pure ASGI: what nobody anticipated is logged by type and place, and answered by a 500 without our inside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noting_start(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noting_start)
        except Exception:
            if scope["type"] != "http" or started:
                raise  # too late for another answer: the server cuts the connection
            log.exception("unexpected_error")
            await problem_response(Problem(500, "internal", "Something went wrong on our side."))(scope, receive, send)


def install(app: FastAPI) -> None:
    """Makes every error answer of the app a problem. Call it before adding other middleware, so that those stay outside of it."""
    app.exception_handler(RequestValidationError)(_answer_validation)
    app.exception_handler(HTTPException)(_answer_http_exception)
    for kind in (Problem, ClientDisconnect, *WEATHER, DBAPIError):
        app.exception_handler(kind)(_answer_error)
    app.add_middleware(UnexpectedErrors)
