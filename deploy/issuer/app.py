"""The issuer over HTTP: OIDC discovery, its public key, and a token endpoint that asks no questions."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse
from joserfc.jwk import ECKey
from pydantic import ValidationError
from starlette.requests import Request

from deploy.issuer.keys import ALGORITHM
from deploy.issuer.tokens import TokenRequest, claims, sign


class UnusableTokenRequest(Exception):
    """The request's body does not say for whom the token shall speak; the message says why."""


async def _token_request(request: Request) -> TokenRequest:
    """The request's body, JSON or the form that OAuth clients send. Raises UnusableTokenRequest."""
    body = await request.body()
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return TokenRequest.model_validate_json(body)
        # A role given several times is several roles, as if separated by commas.
        form = parse_qs(body.decode(), keep_blank_values=True)
        return TokenRequest.model_validate({name: ",".join(values) for name, values in form.items()})
    except ValidationError as failure:
        explained = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in failure.errors())
        raise UnusableTokenRequest(explained) from failure
    except UnicodeDecodeError as failure:
        raise UnusableTokenRequest("The form is not UTF-8.") from failure


def build_app(*, issuer: str, audience: str, key: ECKey) -> FastAPI:
    """The issuer of that name, signing with that key."""
    app = FastAPI(title="Development OIDC issuer", description=__doc__)

    @app.exception_handler(UnusableTokenRequest)
    async def refuse(_: Request, failure: UnusableTokenRequest) -> JSONResponse:
        return JSONResponse({"error": "invalid_request", "error_description": str(failure)}, status_code=400)

    @app.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwks.json",
            "token_endpoint": f"{issuer}/token",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }

    @app.get("/jwks.json")
    async def jwks() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False)]}

    @app.post("/token")
    async def token(wanted: Annotated[TokenRequest, Depends(_token_request)]) -> dict[str, Any]:
        content = claims(wanted, issuer=issuer, audience=audience, now=datetime.now(UTC))
        return {"access_token": sign(content, key), "token_type": "Bearer", "expires_in": wanted.ttl_seconds}

    return app
