"""What a token request may say, and the signed token it is answered with."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import BaseModel, ConfigDict, Field

from deploy.issuer.keys import ALGORITHM

_DAY_SECONDS = 24 * 60 * 60
_WORKING_DAY_SECONDS = 8 * 60 * 60


class TokenRequest(BaseModel):
    """Who the token shall speak for. `role` holds one role or several, separated by commas; all of it may be empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str = ""
    rep_id: str = ""
    sub: str = ""
    # Below zero the token has expired already, which is what a test of expiry needs.
    ttl_seconds: Annotated[int, Field(ge=-_DAY_SECONDS, le=30 * _DAY_SECONDS)] = _WORKING_DAY_SECONDS

    @property
    def roles(self) -> list[str]:
        return [role.strip() for role in self.role.split(",") if role.strip()]

    @property
    def subject(self) -> str:
        """The given subject, else one that is the same for the same rep or role: a token needs one."""
        return self.sub or self.rep_id or (self.roles[0] if self.roles else "developer")


def claims(request: TokenRequest, *, issuer: str, audience: str, now: datetime) -> dict[str, Any]:
    """The token's content. `rep_id` is there only when the request names one."""
    rep = {"rep_id": request.rep_id} if request.rep_id else {}
    return {
        "iss": issuer,
        "aud": audience,
        "sub": request.subject,
        "roles": request.roles,
        **rep,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=request.ttl_seconds)).timestamp()),
    }


def sign(content: dict[str, Any], key: ECKey) -> str:
    """The content as a JWT that names the key it is signed with."""
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, content, key)
