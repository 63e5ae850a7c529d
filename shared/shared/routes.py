"""How every address of every service begins: who asks, may they, is it JSON, is it good JSON; only then FastAPI's part."""

from collections.abc import Callable, Coroutine, Iterator
from email.message import Message
from functools import lru_cache
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from shared import problems
from shared.auth import Access, open_to_anyone
from shared.strict_json import Malformed, parse


class StrictRoute(APIRoute):
    """The `route_class` of every router.

    Each of its routes names who may call it, by `require`, `reading` or `anyone`, on the endpoint or its router. Answers
    come in this order: 401, 403, 415, 400, then 422 for path, query and body together: someone we don't know learns
    nothing about what a body should look like.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        access = _access_of(self)
        expects_body = self.body_field is not None
        requires_body = self.body_field is not None and self.body_field.field_info.is_required()
        validate_and_run = super().get_route_handler()

        async def answer(request: Request) -> Response:
            if access is not None:
                await access(request)
            _check_address(request)
            if expects_body and (requires_body or _announces_body(request)):
                check_media_type(request)
                request = await _ReadRequest.of(request)
            return await validate_and_run(request)

        return answer


class _ReadRequest(Request):
    """A request whose JSON body was read strictly before FastAPI asks for it."""

    _value: Any

    @classmethod
    async def of(cls, request: Request) -> "_ReadRequest":
        read = cls(request.scope, request.receive)
        try:
            read._value = parse(await read.body())
        except Malformed as error:
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


def _check_address(request: Request) -> None:
    if "\x00" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise problems.malformed("The address holds a NUL character, which no text can.")


def _announces_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


JSON: Final = frozenset({"application/json"})


def check_media_type(request: Request) -> None:
    """Only JSON in UTF-8, as it is: a label we'd ignore may mean another reading of the same bytes to someone else."""
    check_labels(request.headers.get("content-type", ""), request.headers.get("content-encoding", "identity"))


def check_labels(content_type: str, content_encoding: str, *, accepts: frozenset[str] = JSON) -> None:
    """As `check_media_type`, for who has read the headers already, and of other media types too."""
    why = _why_unreadable(content_type, content_encoding, accepts)
    if why is not None:
        named = ", ".join(sorted(accepts))
        raise problems.unsupported_media_type(f"{why}; send {named} in UTF-8.", accepts=named)


@lru_cache(maxsize=1_024)
def _why_unreadable(content_type: str, content_encoding: str, accepts: frozenset[str]) -> str | None:
    if content_encoding.lower() != "identity":
        return "Compressed bodies are not read here"
    label = Message()
    label["content-type"] = content_type or "application/octet-stream"
    if label.get_content_type() not in accepts:
        return "This content type is not read here"
    if str(label.get_param("charset", "utf-8")).lower().replace("-", "") != "utf8":
        return "Bodies are read as UTF-8 only"
    return None
