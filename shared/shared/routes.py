"""How every address of every service begins: who asks, may they, is it JSON (or rows), is it good; only then FastAPI's part."""

from collections.abc import Callable, Coroutine, Iterator
from email.message import Message
from functools import lru_cache
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from shared import problems
from shared.auth import Access, open_to_anyone
from shared.strict_json import Malformed, parse
from shared.tabular import UnreadableFile, read_rows
from shared.upserts import FORMATS, RowsOf


class StrictRoute(APIRoute):
    """The `route_class` of every router.

    Each of its routes names who may call it, by `require`, `reading` or `anyone`, on the endpoint or its router. Answers
    come in this order: 401, 403, 415, 400, then 422 for path, query and body together: someone we don't know learns
    nothing about what a body should look like.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if _rows_of(self) is not None:
            self.openapi_extra = {"requestBody": {"content": {form: {"schema": {"type": "string"}} for form in sorted(FORMATS)}}}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        access = _access_of(self)
        expects_body = self.body_field is not None
        rows = _rows_of(self)
        requires_body = self.body_field is not None and self.body_field.field_info.is_required()
        validate_and_run = super().get_route_handler()

        async def answer(request: Request) -> Response:
            if access is not None:
                await access(request)
            _check_address(request)
            if expects_body and (requires_body or _announces_body(request)):
                request = await _ReadRequest.of(request, rows)
            return await validate_and_run(request)

        return answer


class _ReadRequest(Request):
    """A request whose body was read strictly before FastAPI asks for it."""

    _value: Any

    @classmethod
    async def of(cls, request: Request, rows: RowsOf | None) -> "_ReadRequest":
        """`rows`: what a row of it is, where it may also be NDJSON or CSV."""
        check_media_type(request, accepts=JSON if rows is None else _JSON_OR_ROWS)
        form = FORMATS.get(_media_type(request.headers["content-type"]))
        read = cls(request.scope if form is None else _as_json(request.scope), request.receive)
        try:
            body = await read.body()
            read._value = parse(body) if rows is None or form is None else read_rows(body, form, rows.model)
        except (Malformed, UnreadableFile) as error:
            raise problems.malformed(error.reason) from error
        return read

    async def json(self) -> Any:
        return self._value


def _access_of(route: APIRoute) -> Access | None:
    """The route's one rule about who may call it; None for anyone. A route that says nothing is a mistake found at import."""
    rules = [call for call in _calls(route.dependant) if isinstance(call, Access) or call is open_to_anyone]
    if len(rules) != 1:
        raise RuntimeError(f"{route.path}: name who may call it, once: require(...), reading(...) or anyone()")
    return rules[0] if isinstance(rules[0], Access) else None


def _calls(dependant: Dependant) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)


def _as_json(scope: Scope) -> Scope:
    """The scope as FastAPI must see it to ask for a value, not for bytes: what it gets is read already."""
    others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    return {**scope, "headers": [*others, (b"content-type", b"application/json")]}


def _rows_of(route: APIRoute) -> RowsOf | None:
    body = route.body_field.field_info.metadata if route.body_field is not None else []
    return next((found for found in body if isinstance(found, RowsOf)), None)


def _check_address(request: Request) -> None:
    if "\x00" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise problems.malformed("The address holds a NUL character, which no text can.")


def _announces_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


JSON: Final = frozenset({"application/json"})
_JSON_OR_ROWS: Final = JSON | frozenset(FORMATS)


def check_media_type(request: Request, *, accepts: frozenset[str] = JSON) -> None:
    """As `check_labels`, of a whole request."""
    check_labels(request.headers.get("content-type", ""), request.headers.get("content-encoding", "identity"), accepts=accepts)


def check_labels(content_type: str, content_encoding: str, *, accepts: frozenset[str] = JSON) -> None:
    """Only what is accepted, in UTF-8, as it is: a label we'd ignore may mean another reading of the same bytes to someone else."""
    why = _why_unreadable(content_type, content_encoding, accepts)
    if why is not None:
        named = ", ".join(sorted(accepts))
        raise problems.unsupported_media_type(f"{why}; send {named} in UTF-8.", accepts=named)


def _label(content_type: str) -> Message:
    label = Message()
    label["content-type"] = content_type or "application/octet-stream"
    return label


@lru_cache(maxsize=1_024)
def _media_type(content_type: str) -> str:
    return _label(content_type).get_content_type()


@lru_cache(maxsize=1_024)
def _why_unreadable(content_type: str, content_encoding: str, accepts: frozenset[str]) -> str | None:
    if content_encoding.lower() != "identity":
        return "Compressed bodies are not read here"
    label = _label(content_type)
    if label.get_content_type() not in accepts:
        return "This content type is not read here"
    if str(label.get_param("charset", "utf-8")).lower().replace("-", "") != "utf8":
        return "Bodies are read as UTF-8 only"
    return None
