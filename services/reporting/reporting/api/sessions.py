"""Sessions for browsers: `POST /session` swaps a token for a cookie that no script can read, `POST /session/end` forgets it."""

import time
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from reporting.api.pages import SESSION_COOKIE, sign_in_page, without_session
from reporting.decisions.sessions import comes_from_elsewhere
from shared import problems
from shared.auth import TokenVerifier, anyone, bearer_token
from shared.bodies import Body
from shared.problems import Problem
from shared.routes import StrictRoute, check_media_type
from shared.strict_json import Malformed, parse

# A browser drops a cookie whose name and value are longer (RFC 6265bis, section 5.6): better said than found out.
_COOKIE_BYTES_MAX = 4_096
# And keeps none for longer (section 5.5), so a larger figure would say nothing more.
_COOKIE_AGE_SECONDS_MAX = 400 * 24 * 60 * 60

_FORM = "application/x-www-form-urlencoded"


class SessionBody(Body):
    """The token that the session is to speak with."""

    token: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class _Session:
    sub: str
    roles: list[str]
    token: str
    age_seconds: int


def routes(*, public_url: str) -> APIRouter:
    """Beginning and ending a session. Both answer a form with a page, anything else like the rest of the API."""
    router = APIRouter(route_class=StrictRoute, include_in_schema=False)
    is_secure = public_url.startswith("https:")

    @router.post("/session", dependencies=[anyone()])
    async def post_session(request: Request) -> Response:
        _require_own_site(request, public_url)
        is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM
        try:
            begun = await _begin(request.app.state.token_verifier, await _token_in(request, is_form=is_form))
        except Problem as problem:
            if not is_form:
                raise
            return sign_in_page(status=problem.status, trouble=problem.detail, headers=problem.headers or {})
        answer: Response = RedirectResponse("./", 303) if is_form else JSONResponse({"sub": begun.sub, "roles": begun.roles})
        answer.headers["Cache-Control"] = "no-store"
        answer.set_cookie(
            SESSION_COOKIE, begun.token, max_age=begun.age_seconds, path="/", httponly=True, samesite="strict", secure=is_secure
        )
        return answer

    @router.post("/session/end", dependencies=[anyone()])
    async def end_session(request: Request) -> Response:
        _require_own_site(request, public_url)
        return without_session(RedirectResponse("../", 303))

    return router


def _require_own_site(request: Request, public_url: str) -> None:
    """Refuses what another site had a browser send: it could sign somebody in as somebody else, or out."""
    given = request.headers
    if comes_from_elsewhere(
        fetch_site=given.get("sec-fetch-site"), origin=given.get("origin"), host=given.get("host"), public_url=public_url
    ):
        raise problems.forbidden("A session can't be begun or ended from another site.")


async def _token_in(request: Request, *, is_form: bool) -> str:
    if "content-type" not in request.headers:
        return bearer_token(request)
    try:
        if is_form:
            fields = parse_qs((await request.body()).decode(), keep_blank_values=True, errors="strict", max_num_fields=1)
            value: object = {name: values[0].strip() for name, values in fields.items()}
        else:
            check_media_type(request)
            value = parse(await request.body())
        return SessionBody.model_validate(value).token
    except Malformed as error:
        raise problems.malformed(error.reason) from error
    except ValidationError as error:
        raise problems.unprocessable("Give the access token.", *problems.field_errors(error, value)) from error
    except ValueError as error:
        raise problems.malformed("The form can't be read.") from error


async def _begin(verifier: TokenVerifier, token: str) -> _Session:
    identity = await verifier.verify(token)
    if len(SESSION_COOKIE) + len(token) > _COOKIE_BYTES_MAX:
        raise problems.unprocessable("This token is longer than a browser keeps in a cookie; ask for one with fewer claims.")
    age_seconds = min(verifier.expiry_seconds(token) - int(time.time()), _COOKIE_AGE_SECONDS_MAX)
    return _Session(identity.sub, sorted(identity.roles), token, age_seconds)
