"""Where the services and marketing's endpoint are, and how to get a token: all that the play knows of its deployment."""

import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from deploy.demo.checks import CannotGoOn
from deploy.launcher.servers import SERVICES

TOKEN_COMMAND = "docker compose exec -T issuer python -m deploy.issuer token"  # noqa: S105 - it asks for one, and is none
"""How a deployment by compose with the development issuer is asked for a token."""

_LOOPBACK = "127.0.0.1"
_TOKEN_TIMEOUT_SECONDS = 30.0


class TokenSource(Protocol):
    """Gives a bearer token for a role (several separated by commas), a rep id and a subject; the last two may be empty."""

    def __call__(self, *, role: str, rep: str, sub: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Deployment:
    """`addresses` holds each service's base address, with a path where a gateway puts all of them under one origin.

    Marketing's endpoint listens on the address `endpoint_listens`, and the deployment calls it by the name `endpoint_host`.
    """

    addresses: Mapping[str, str]
    token: TokenSource
    endpoint_listens: str = _LOOPBACK
    endpoint_host: str = _LOOPBACK


def deployment_behind(origin: str, *, token_command: str, endpoint_listens: str = _LOOPBACK, endpoint_host: str = _LOOPBACK) -> Deployment:
    """The deployment whose gateway is at this origin. `token_command` is run with --role, --rep and --sub and prints a token."""

    def token(*, role: str, rep: str, sub: str) -> str:
        command = [*shlex.split(token_command), f"--role={role}", f"--rep={rep}", f"--sub={sub}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TOKEN_TIMEOUT_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as failure:
            raise CannotGoOn(f"The token command could not be run: {failure}") from failure
        if done.returncode or not done.stdout.strip():
            raise CannotGoOn(f"The token command ended with status {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    addresses = {name: f"{origin.rstrip('/')}/{name}" for name in SERVICES}
    return Deployment(addresses, token, endpoint_listens=endpoint_listens, endpoint_host=endpoint_host)
