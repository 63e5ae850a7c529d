"""Tokens for tests: an issuer of our own, reached in process, whose keys verify what it signs."""

import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.auth import TokenVerifier

ISSUER = "https://issuer.test"
AUDIENCE = "fullcircle"
KEY = ECKey.generate_key("P-256", {"kid": "tests", "use": "sig", "alg": "ES256"})


def sign(**claims: Any) -> str:
    """A token with these claims over the usual ones; a claim given as None is left out."""
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "someone", "roles": [], "iat": now, "exp": now + 3600}
    wanted = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": "tests"}, wanted, KEY, algorithms=["ES256"])


def authorization(role: str = "", *, rep: str | None = None, sub: str = "someone") -> dict[str, str]:
    """The header of somebody with these roles (comma-separated)."""
    return {"Authorization": f"Bearer {sign(sub=sub, roles=[name for name in role.split(',') if name], rep_id=rep)}"}


def _answer(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/.well-known/openid-configuration":
        return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks.json"})
    return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})


@contextlib.asynccontextmanager
async def verifier() -> AsyncIterator[TokenVerifier]:
    """A verifier that finds this issuer's keys."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(_answer)) as client:
        yield TokenVerifier(issuer=ISSUER, audience=AUDIENCE, client=client)
