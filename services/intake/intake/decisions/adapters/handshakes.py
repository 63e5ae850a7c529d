"""Requests that are no events: a platform asking whether we are there, and whether we mean it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.signatures import SignedRequest


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer that makes a platform go on: a status, a JSON body if it wants one, and headers. Nothing is recorded.

    `told` is what the source's administrator must see to go on at the platform: words by name.
    """

    status: int
    body: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Knock:
    """A request to a source, proved or not, and what it takes to tell."""

    request: SignedRequest
    secrets: Sequence[str] = field(repr=False)
    source: SourceFacts
    now: datetime


Handshake = Callable[[Knock], Reply | None]
"""The answer to a request that is no event; None if it is to be taken as events, or refused for having no proof. Who answers only what is
signed looks for that himself."""


def probe(knock: Knock) -> Reply | None:
    """Most platforms' only question: is anybody there? It is answered, changes nothing and tells nothing."""
    return Reply(200) if knock.request.method in ("GET", "HEAD") else None
