"""Who asks, and what they may: bearer tokens of an OIDC issuer, and the roles an address is open to."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

import httpx
from fastapi import Depends
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey
from joserfc.jwt import JWTClaimsRegistry
from starlette.requests import Request

from shared import problems
from shared.strict_json import Malformed, parse

Role = Literal["integration", "marketing", "sales_ops", "rep", "manager", "medical", "safety", "privacy", "auditor", "admin"]
ROLES: Final[frozenset[Role]] = frozenset(get_args(Role))

ALGORITHMS: Final = ("RS256", "ES256")  # asymmetric only: a shared secret could be confused with a public key
MAX_TOKEN_CHARS = 8_192
MAX_SUB_CHARS = 255  # OpenID Connect Core, section 2
LEEWAY_SECONDS = 0  # an expired token is expired; issuers set `nbf` and `exp` for clocks that differ a little
ISSUED_AHEAD_SECONDS_MAX = 60  # but `iat` is what the issuer's own clock says, which may be a little ahead of ours

_KEYS_MAX_AGE_SECONDS = 900  # a key the issuer withdrew is believed no longer than this
_UNKNOWN_KEY_REFRESH_SECONDS = 10  # invented key ids can't make us ask the issuer more often than this
_FAILED_REFRESH_SECONDS = 1  # and neither can a crowd of requests while it is down
_ISSUER_TIMEOUT_SECONDS = 3

_SCOPE_KEY = "fullcircle.identity"


@dataclass(frozen=True, slots=True)
class Identity:
    """Someone a token speaks for. `rep_id` is their rep row, for reps and managers."""

    sub: str
    roles: frozenset[Role]
    rep_id: str | None = None

    def has(self, role: Role) -> bool:
        """Whether the identity holds the role."""
        return role in self.roles


class IssuerUnreachableError(Exception):
    """The issuer's keys are needed and can't be had just now."""


class IssuerKeys:
    """The issuer's signing keys, found by OIDC discovery, kept, and asked for again when they are old or a key is unknown."""

    def __init__(self, *, issuer: str, client: httpx.AsyncClient, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._client = client
        self._monotonic = monotonic
        self._keys: dict[str | None, RSAKey | ECKey] = {}
        self._fetched_at = self._failed_at = float("-inf")
        self._refreshing = asyncio.Lock()

    @property
    def is_empty(self) -> bool:
        """Whether no key is here yet."""
        return not self._keys

    async def find(self, kid: str | None) -> RSAKey | ECKey | None:
        """The key of that id, or the only one when a token names none; None when the issuer has no such key.

        Raises IssuerUnreachableError when that can't be known just now.
        """
        if self._age() > _KEYS_MAX_AGE_SECONDS:
            await self._refresh(older_than_seconds=_KEYS_MAX_AGE_SECONDS)
        key = self._pick(kid)
        if key is None:
            await self._refresh(older_than_seconds=_UNKNOWN_KEY_REFRESH_SECONDS)
            key = self._pick(kid)
            if key is None and self._age() > _UNKNOWN_KEY_REFRESH_SECONDS:
                raise IssuerUnreachableError  # it may know the key; we couldn't ask
        return key

    def _age(self) -> float:
        return self._monotonic() - self._fetched_at

    def _pick(self, kid: str | None) -> RSAKey | ECKey | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    async def _refresh(self, *, older_than_seconds: float) -> None:
        """Asks the issuer once, however many callers wait. Keys we already have outlive a failure."""
        async with self._refreshing:
            if self._age() <= older_than_seconds:
                return
            if self._monotonic() - self._failed_at < _FAILED_REFRESH_SECONDS:
                if not self._keys:
                    raise IssuerUnreachableError
                return
            try:
                self._keys = await self._fetch()
            except IssuerUnreachableError:
                self._failed_at = self._monotonic()
                if not self._keys:
                    raise
            else:
                self._fetched_at = self._monotonic()

    async def _fetch(self) -> dict[str | None, RSAKey | ECKey]:
        configuration = await self._get(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        address = configuration.get("jwks_uri")
        if configuration.get("issuer") != self._issuer or not isinstance(address, str):
            raise IssuerUnreachableError
        if self._issuer.startswith("https:") and not address.startswith("https:"):
            raise IssuerUnreachableError
        listed = (await self._get(address)).get("keys")
        if not isinstance(listed, list):
            raise IssuerUnreachableError
        return {key.kid: key for entry in listed if (key := _signing_key(entry)) is not None}

    async def _get(self, address: str) -> dict[str, Any]:
        try:
            response = await self._client.get(address, timeout=_ISSUER_TIMEOUT_SECONDS, follow_redirects=False)
            response.raise_for_status()
            answer = parse(response.content)
        except (httpx.HTTPError, httpx.InvalidURL, Malformed) as error:
            raise IssuerUnreachableError from error
        if not isinstance(answer, dict):
            raise IssuerUnreachableError
        return answer


def _signing_key(entry: object) -> RSAKey | ECKey | None:
    """A public key for signatures from a JWKS entry; None for any other kind of entry, which RFC 7517 says to ignore."""
    if not isinstance(entry, dict) or entry.get("kty") not in {"RSA", "EC"} or entry.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key(entry)
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    return key if isinstance(key, RSAKey | ECKey) else None


class _Claims(JWTClaimsRegistry):
    def validate_iat(self, value: object) -> None:
        super().validate_iat(value - ISSUED_AHEAD_SECONDS_MAX if isinstance(value, int | float) and not isinstance(value, bool) else value)


class TokenVerifier:
    """Reads bearer tokens of one issuer meant for one audience."""

    def __init__(self, *, issuer: str, audience: str, client: httpx.AsyncClient, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.keys = IssuerKeys(issuer=issuer, client=client, monotonic=monotonic)
        self._claims = _Claims(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        # Issuers add header fields of their own; what we must understand they mark `crit`, which is always checked.
        self._registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)

    async def verify(self, token: str) -> Identity:
        """Whom the token speaks for.

        Raises a 401 Problem for any token that isn't good now, a 503 one when the issuer's keys can't be had.
        """
        if len(token) > MAX_TOKEN_CHARS:
            raise problems.unauthenticated("The token is too long.")
        try:
            signed = jws.extract_compact(token.encode(), registry=self._registry)
            kid = signed.headers().get("kid")
            if signed.headers().get("alg") not in ALGORITHMS or not isinstance(kid, str | None):
                raise problems.unauthenticated(f"The token must be signed with one of {', '.join(ALGORITHMS)}.")
            key = await self.keys.find(kid)
            if key is None or not jws.validate_compact(signed, key, ALGORITHMS, self._registry):
                raise problems.unauthenticated("The token's signature is not one of the issuer's.")
            claims = parse(signed.payload)
            if not isinstance(claims, dict):
                raise problems.unauthenticated("The token can't be read.")
            self._claims.validate(claims)
        except IssuerUnreachableError as error:
            raise problems.unavailable("The token issuer can't be reached, so nobody's token can be checked just now.") from error
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise problems.unauthenticated(_why(error)) from error
        return _identity(claims)

    def expiry_seconds(self, token: str) -> int:
        """When a token that `verify` found good ends, as Unix time."""
        return int(parse(jws.extract_compact(token.encode(), registry=self._registry).payload)["exp"])


def _why(error: Exception) -> str:
    """A sentence that helps an honest caller; nothing of the token is repeated."""
    match getattr(error, "error", None):
        case "expired_token":
            return "The token has expired."
        case "invalid_claim" | "missing_claim":
            return "The token is not for this service: its iss, aud, exp, nbf, iat or sub is missing or wrong."
        case _:
            return "The token can't be read or its signature is wrong."


def _identity(claims: Mapping[str, Any]) -> Identity:
    sub, roles, rep_id = claims.get("sub"), claims.get("roles", []), claims.get("rep_id")
    if not isinstance(sub, str) or not 0 < len(sub) <= MAX_SUB_CHARS:
        raise problems.unauthenticated("The token's sub must be a text that is not empty.")
    if not isinstance(roles, list) or not isinstance(rep_id, str | None):
        raise problems.unauthenticated("The token's roles must be an array and its rep_id a text.")
    known = frozenset(role for role in roles if isinstance(role, str) and role in ROLES)
    return Identity(sub=sub, roles=known, rep_id=rep_id or None)


class Access(SecurityBase):
    """A FastAPI dependency: the identity behind the request, if it holds one of the roles; 401 or 403 otherwise."""

    def __init__(self, roles: frozenset[Role]) -> None:
        self.roles = roles
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "bearer"

    async def __call__(self, request: Request) -> Identity:
        if (identity := request.scope.get(_SCOPE_KEY)) is None:
            identity = request.scope[_SCOPE_KEY] = await _identity_behind(request)
        if not identity.roles & self.roles:
            raise problems.forbidden(f"This needs one of the roles {', '.join(sorted(self.roles))}.")
        return cast("Identity", identity)


async def _identity_behind(request: Request) -> Identity:
    token = bearer_token(request)
    verifier: TokenVerifier = request.app.state.token_verifier
    return await verifier.verify(token)


def bearer_token(request: Request) -> str:
    """The token in the request's Authorization header, not yet verified. Raises a 401 Problem when there is no such thing."""
    given = request.headers.getlist("authorization")
    scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise problems.unauthenticated("Send one Authorization header: Bearer and an access token.")
    return token.strip()


async def open_to_anyone() -> None:
    """The dependency of an address that needs no token; `anyone()` makes it."""


def require(*roles: Role) -> Any:
    """`identity: Annotated[Identity, require("sales_ops")]`: whoever asks must hold one of the roles."""
    if not roles:
        raise ValueError("name the roles this is open to")
    return Depends(Access(frozenset(roles)))


def reading(*roles: Role) -> Any:
    """As `require`, for a read: the auditor, who may read everything, may do it too."""
    return require(*roles, "auditor")


def anyone() -> Any:
    """`dependencies=[anyone()]`: this needs no token, because it is public or verified another way."""
    return Depends(open_to_anyone)
