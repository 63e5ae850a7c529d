"""Who asks, and what they may."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from shared.auth import ALGORITHMS, Identity, TokenVerifier, anyone, reading, require
from shared.problems import Problem
from tests import tokens
from tests.shared.small_app import router, serving

api = router()


@api.get("/leads")
async def get_leads(identity: Annotated[Identity, reading("rep", "manager")]) -> dict[str, Any]:
    return {"sub": identity.sub, "rep_id": identity.rep_id, "manager": identity.has("manager")}


@api.post("/leads", dependencies=[require("sales_ops")])
async def post_leads() -> dict[str, str]:
    return {}


@api.get("/public", dependencies=[anyone()])
async def get_public() -> dict[str, str]:
    return {}


class Issuer:
    """An issuer in process whose keys can be turned and whose answers can fail."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [tokens.KEY.as_dict(private=False)]
        self.named = tokens.ISSUER
        self.is_up = True
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self.is_up:
            raise httpx.ConnectError("refused")
        if request.url.path == "/.well-known/openid-configuration":
            self.asked += 1
            return httpx.Response(200, json={"issuer": self.named, "jwks_uri": f"{tokens.ISSUER}/jwks.json"})
        assert request.url.path == "/jwks.json"
        return httpx.Response(200, json={"keys": self.keys})


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def verifier_of(issuer: Issuer, clock: Callable[[], float] = time.monotonic) -> TokenVerifier:
    client = httpx.AsyncClient(transport=httpx.MockTransport(issuer))
    return TokenVerifier(issuer=tokens.ISSUER, audience=tokens.AUDIENCE, client=client, monotonic=clock)


async def status_of(verifier: TokenVerifier, token: str) -> int:
    """200, or the status of the problem the token meets."""
    try:
        await verifier.verify(token)
    except Problem as problem:
        return problem.status
    return 200


async def test_a_good_token_gives_sub_roles_and_rep() -> None:
    token = tokens.sign(sub="alice", roles=["rep", "a_role_of_another_system"], rep_id="rep-017")
    assert await verifier_of(Issuer()).verify(token) == Identity("alice", frozenset({"rep"}), "rep-017")


async def test_an_empty_rep_id_is_none() -> None:
    assert (await verifier_of(Issuer()).verify(tokens.sign(rep_id=""))).rep_id is None


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.test"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": ["a", "b"]},
        {"exp": -1},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": 3_600},
        {"iat": 3_600},
        {"iat": True},
        {"iat": "now"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a" * 256},
        {"roles": "rep"},
        {"rep_id": 17},
    ],
    ids=str,
)
async def test_a_token_with_other_claims_is_401(claims: dict[str, Any]) -> None:
    """Times are told as seconds from now."""
    now = int(time.time())
    times = {name: now + claims[name] for name in ("exp", "nbf", "iat") if type(claims.get(name)) is int}
    assert await status_of(verifier_of(Issuer()), tokens.sign(**claims | times)) == 401


async def test_an_issuer_whose_clock_is_a_little_ahead_issues_good_tokens() -> None:
    assert await status_of(verifier_of(Issuer()), tokens.sign(iat=int(time.time()) + 20)) == 200


async def test_one_of_several_audiences_is_enough() -> None:
    assert await status_of(verifier_of(Issuer()), tokens.sign(aud=["other", tokens.AUDIENCE])) == 200


def signed(header: dict[str, Any], key: Any, algorithm: str) -> str:
    now = int(time.time())
    claims = {"iss": tokens.ISSUER, "aud": tokens.AUDIENCE, "sub": "mallory", "roles": ["admin"], "exp": now + 60}
    return jwt.encode({"alg": algorithm, **header}, claims, key, algorithms=[algorithm])


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned() -> str:
    _, claims, _ = tokens.sign(roles=["admin"]).split(".")
    return f"{unpadded(json.dumps({'alg': 'none', 'kid': 'tests'}).encode())}.{claims}."


def signed_with_the_public_key() -> str:
    _, claims, _ = tokens.sign(roles=["admin"]).split(".")
    text = f"{unpadded(json.dumps({'alg': 'HS256', 'kid': 'tests'}).encode())}.{claims}"
    return f"{text}.{unpadded(hmac.digest(tokens.KEY.as_pem(private=False), text.encode(), 'sha256'))}"


FORGED: dict[str, Callable[[], str]] = {
    "alg none": unsigned,
    "alg HS256 with the public key as secret": signed_with_the_public_key,
    "another key under a known id": lambda: signed({"kid": "tests"}, ECKey.generate_key("P-256"), "ES256"),
    "another key under an unknown id": lambda: signed({"kid": "other"}, ECKey.generate_key("P-256"), "ES256"),
    "a path as key id": lambda: signed({"kid": "../../../../dev/null"}, ECKey.generate_key("P-256"), "ES256"),
    "an RSA signature under an EC key's id": lambda: signed({"kid": "tests"}, RSAKey.generate_key(2048), "RS256"),
    "a key of its own in the header": lambda: signed(
        {"kid": "mine", "jwk": tokens.KEY.as_dict(private=False)}, ECKey.generate_key("P-256"), "ES256"
    ),
    "a megabyte": lambda: "a" * 1_000_000,
    "a token over 8 kB": lambda: tokens.sign(padding="x" * 8_192),
    "nothing": str,
    "not a token": lambda: "a.b",
    "brackets": lambda: unpadded(b"[" * 5_000) + ".e30.e30",
    "letters of other scripts": lambda: "жжж.жжж.жжж",
    "an encrypted token's five parts": lambda: "a.b.c.d.e",
    "its last letter changed": lambda: (token := tokens.sign())[:-2] + ("AA" if token[-2:] != "AA" else "BA"),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_token_is_401(forge: Callable[[], str]) -> None:
    assert await status_of(verifier_of(Issuer()), forge()) == 401


async def test_rs256_is_taken_too() -> None:
    key = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
    issuer = Issuer()
    issuer.keys = [{"kty": "oct", "k": "c2VjcmV0", "kid": "tests"}, {"kty": "unheard-of"}, key.as_dict(private=False)]
    assert "RS256" in ALGORITHMS
    assert await status_of(verifier_of(issuer), signed({"kid": "rsa"}, key, "RS256")) == 200


async def test_a_new_key_of_the_issuer_is_found_but_invented_ones_do_not_make_us_ask_often() -> None:
    issuer, clock = Issuer(), Clock()
    verifier = verifier_of(issuer, clock)
    turned = ECKey.generate_key("P-256", {"kid": "turned"})
    assert await status_of(verifier, tokens.sign()) == 200
    for _ in range(20):
        assert await status_of(verifier, signed({"kid": "invented"}, turned, "ES256")) == 401
    assert issuer.asked == 1

    issuer.keys.append(turned.as_dict(private=False))
    clock.seconds += 11
    assert await status_of(verifier, signed({"kid": "turned"}, turned, "ES256")) == 200
    assert issuer.asked == 2


async def test_a_key_the_issuer_withdrew_is_not_believed_for_ever() -> None:
    issuer, clock = Issuer(), Clock()
    verifier = verifier_of(issuer, clock)
    assert await status_of(verifier, tokens.sign()) == 200
    issuer.keys = [ECKey.generate_key("P-256", {"kid": "next"}).as_dict(private=False)]
    clock.seconds += 901
    assert await status_of(verifier, tokens.sign()) == 401


async def test_an_issuer_that_is_away_is_503_until_its_keys_were_had_once() -> None:
    issuer, clock = Issuer(), Clock()
    verifier = verifier_of(issuer, clock)
    issuer.is_up = False
    assert await status_of(verifier, tokens.sign()) == 503
    issuer.is_up = True
    assert await status_of(verifier, tokens.sign()) == 503, "it is not asked again at once"
    clock.seconds += 1.1
    assert await status_of(verifier, tokens.sign()) == 200
    issuer.is_up = False
    clock.seconds += 1_000
    assert await status_of(verifier, tokens.sign()) == 200
    assert await status_of(verifier, signed({"kid": "perhaps new"}, tokens.KEY, "ES256")) == 503


async def test_an_issuer_that_calls_itself_otherwise_is_not_believed() -> None:
    issuer = Issuer()
    issuer.named = "https://other.test"
    assert await status_of(verifier_of(issuer), tokens.sign()) == 503


async def test_who_are_you_and_you_may_not() -> None:
    async with serving(api) as client:
        for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"Authorization": "Bearer nonsense"}):
            refused = await client.get("/v1/leads", headers=headers)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            assert refused.headers["content-type"] == "application/problem+json"
        assert (await client.get("/v1/leads", headers=tokens.authorization("marketing"))).status_code == 403
        assert (await client.get("/v1/leads", headers=tokens.authorization())).status_code == 403
        answer = await client.get("/v1/leads", headers=tokens.authorization("rep,manager", rep="rep-1", sub="bob"))
        assert answer.json() == {"sub": "bob", "rep_id": "rep-1", "manager": True}


async def test_two_authorization_headers_are_401() -> None:
    good = tokens.authorization("rep")["Authorization"]
    async with serving(api) as client:
        assert (await client.get("/v1/leads", headers=[("authorization", good), ("authorization", good)])).status_code == 401


async def test_the_auditor_reads_everything_and_changes_nothing() -> None:
    async with serving(api) as client:
        assert (await client.get("/v1/leads", headers=tokens.authorization("auditor"))).status_code == 200
        assert (await client.post("/v1/leads", headers=tokens.authorization("auditor"))).status_code == 403
        assert (await client.post("/v1/leads", headers=tokens.authorization("sales_ops"))).status_code == 200


async def test_the_openapi_document_says_where_a_token_is_needed() -> None:
    async with serving(api) as client:
        document = (await client.get("/openapi.json")).json()
    assert document["components"]["securitySchemes"] == {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    assert document["paths"]["/v1/leads"]["get"]["security"] == [{"bearer": []}]
    assert "security" not in document["paths"]["/v1/public"]["get"]
