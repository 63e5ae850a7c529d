"""Where the services are and how to get a token: all that the play knows of the deployment it plays against."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class TokenSource(Protocol):
    """Gives a bearer token for a role (several separated by commas), a rep id and a subject; the last two may be empty."""

    def __call__(self, *, role: str, rep: str, sub: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Deployment:
    """`addresses` holds each service's base address, with a path where a gateway puts all of them under one origin."""

    addresses: Mapping[str, str]
    token: TokenSource
