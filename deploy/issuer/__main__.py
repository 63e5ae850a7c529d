"""Starts the issuer, or prints a token of it; in development mode and in no other."""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.issuer.app import build_app
from deploy.issuer.keys import load_or_make_key
from deploy.issuer.tokens import TokenRequest, claims, sign


class IssuerSettings(BaseSettings):
    """Read from `FULLCIRCLE_*` variables; what has no default must be set."""

    model_config = SettingsConfigDict(env_prefix="FULLCIRCLE_", frozen=True, extra="ignore")

    oidc_issuer: str
    oidc_audience: str
    host: str = "127.0.0.1"
    port: int
    issuer_key_file: Path


def main() -> None:
    # Unset means production, as it does for the services.
    if os.environ.get("FULLCIRCLE_MODE", "production") != "development":
        sys.exit(
            "The development issuer hands a token to whoever asks, so it starts with FULLCIRCLE_MODE=development only, never in production."
        )
    arguments = _parser().parse_args()
    settings = IssuerSettings()
    key = load_or_make_key(settings.issuer_key_file)
    if arguments.command == "token":
        wanted = TokenRequest(role=arguments.role, rep_id=arguments.rep, sub=arguments.sub)
        content = claims(wanted, issuer=settings.oidc_issuer, audience=settings.oidc_audience, now=datetime.now(UTC))
        print(sign(content, key))
        return
    app = build_app(issuer=settings.oidc_issuer, audience=settings.oidc_audience, key=key)
    uvicorn.run(app, host=settings.host, port=settings.port, access_log=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.issuer", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    token = commands.add_parser("token", help="print a bearer token")
    token.add_argument("--role", default="", help="one role or several, separated by commas")
    token.add_argument("--rep", default="", help="the rep_id claim")
    token.add_argument("--sub", default="", help="the sub claim")
    return parser


if __name__ == "__main__":
    main()
