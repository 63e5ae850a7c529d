"""The development issuer: its tokens can be verified with what it publishes, and production never has one."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.issuer.app import build_app
from deploy.issuer.keys import load_or_make_key

ISSUER = "http://127.0.0.1:8005"


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(issuer=ISSUER, audience="fullcircle", key=load_or_make_key(tmp_path / "key.json"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER) as client:
        yield client


async def verified(issuer: httpx.AsyncClient, answer: httpx.Response) -> dict[str, Any]:
    discovery = (await issuer.get("/.well-known/openid-configuration")).json()
    keys = KeySet.import_key_set((await issuer.get(discovery["jwks_uri"])).json())
    token = jwt.decode(answer.json()["access_token"], keys, algorithms=discovery["id_token_signing_alg_values_supported"])
    assert token.header["kid"] in {key.kid for key in keys}
    return token.claims


async def test_a_token_is_verified_by_the_published_key_and_says_what_was_asked_for(issuer: httpx.AsyncClient) -> None:
    wanted = {"role": "rep, manager", "rep_id": "rep-017", "sub": "alice", "ttl_seconds": 60}
    claims = await verified(issuer, await issuer.post("/token", json=wanted))
    assert claims["exp"] - claims["iat"] == 60
    assert {name: claims[name] for name in ("iss", "aud", "sub", "roles", "rep_id")} == {
        "iss": ISSUER,
        "aud": "fullcircle",
        "sub": "alice",
        "roles": ["rep", "manager"],
        "rep_id": "rep-017",
    }


async def test_a_form_is_answered_like_json(issuer: httpx.AsyncClient) -> None:
    form = {"role": ["sales_ops", "admin"], "sub": "bo", "rep_id": ""}
    claims = await verified(issuer, await issuer.post("/token", data=form))
    assert claims["roles"] == ["sales_ops", "admin"]
    assert "rep_id" not in claims


async def test_a_token_always_has_a_subject(issuer: httpx.AsyncClient) -> None:
    subjects = [
        (await verified(issuer, await issuer.post("/token", json=wanted)))["sub"]
        for wanted in ({"role": "rep", "rep_id": "rep-017"}, {"role": "marketing"}, {})
    ]
    assert subjects == ["rep-017", "marketing", "developer"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b'{"roles": ["rep"]}'),
        ("application/json", b'{"role": "rep", "ttl_seconds": 1e99}'),
        ("application/json", b"\xff"),
        ("application/x-www-form-urlencoded", b"ttl_seconds=soon"),
        ("application/x-www-form-urlencoded", b"\xff"),
    ],
)
async def test_a_request_that_can_not_be_read_is_refused_with_the_reason(issuer: httpx.AsyncClient, content_type: str, body: bytes) -> None:
    answer = await issuer.post("/token", content=body, headers={"content-type": content_type})
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["error_description"]


def test_the_key_outlives_a_restart_and_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    made = load_or_make_key(tmp_path / "key.json")
    assert load_or_make_key(tmp_path / "key.json").as_dict(private=True) == made.as_dict(private=True)
    assert (tmp_path / "key.json").stat().st_mode & 0o777 == 0o600


async def test_the_private_key_is_not_published(issuer: httpx.AsyncClient) -> None:
    (published,) = (await issuer.get("/jwks.json")).json()["keys"]
    assert "d" not in published
    assert published["kid"]


@pytest.mark.parametrize("mode", ["production", None])
def test_the_issuer_refuses_to_start_in_production_and_where_the_mode_is_not_said(mode: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "FULLCIRCLE_MODE"}
    if mode:
        environment["FULLCIRCLE_MODE"] = mode
    refused = subprocess.run([sys.executable, "-m", "deploy.issuer"], env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "never in production" in refused.stderr
    assert refused.stderr.count("\n") == 1


async def test_the_command_prints_a_token_that_the_published_key_verifies(issuer: httpx.AsyncClient, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "FULLCIRCLE_MODE": "development",
        "FULLCIRCLE_OIDC_ISSUER": ISSUER,
        "FULLCIRCLE_OIDC_AUDIENCE": "fullcircle",
        "FULLCIRCLE_PORT": "8005",
        "FULLCIRCLE_ISSUER_KEY_FILE": str(tmp_path / "key.json"),
    }
    command = [sys.executable, "-m", "deploy.issuer", "token", "--role=rep", "--rep=rep-017", "--sub="]
    printed = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, check=True)
    keys = KeySet.import_key_set((await issuer.get("/jwks.json")).json())
    claims = jwt.decode(printed.stdout.strip(), keys, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["roles"], claims["rep_id"], claims["sub"]) == (ISSUER, ["rep"], "rep-017", "rep-017")
