"""Starts the issuer on loopback, in development mode and in no other."""

import os
import sys
from pathlib import Path

import uvicorn
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.issuer.app import build_app
from deploy.issuer.keys import load_or_make_key

_LOOPBACK = "127.0.0.1"


class IssuerSettings(BaseSettings):
    """Read from `FULLCIRCLE_*` variables; what has no default must be set."""

    model_config = SettingsConfigDict(env_prefix="FULLCIRCLE_", frozen=True, extra="ignore")

    oidc_issuer: str
    oidc_audience: str
    port: int
    issuer_key_file: Path


def main() -> None:
    # Unset means production, as it does for the services.
    if os.environ.get("FULLCIRCLE_MODE", "production") != "development":
        sys.exit(
            "The development issuer hands a token to whoever asks, so it starts with FULLCIRCLE_MODE=development only, never in production."
        )
    settings = IssuerSettings()
    key = load_or_make_key(settings.issuer_key_file)
    app = build_app(issuer=settings.oidc_issuer, audience=settings.oidc_audience, key=key)
    uvicorn.run(app, host=_LOOPBACK, port=settings.port, access_log=False)


if __name__ == "__main__":
    main()
