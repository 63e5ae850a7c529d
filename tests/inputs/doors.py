"""A service behind its HTTP door, and every address it answers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from shared.service import Service


@dataclass(frozen=True, slots=True)
class Door:
    """One service's application, and a client that reaches it in process."""

    service: Service
    app: FastAPI
    client: httpx.AsyncClient


@dataclass(slots=True)
class Doors:
    """The four services. `known` are ids of things in their world, by the names `requests.py` and the tests use for them."""

    found: Mapping[str, Door]
    known: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, service: str) -> Door:
        return self.found[service]


def operations(app: FastAPI) -> set[str]:
    """Every `METHOD /path/{template}` the application routes, documented or not."""
    return {f"{method} {path}" for method, path in _routed(app.routes)}


def _routed(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if (included := getattr(route, "original_router", None)) is not None:
            yield from _routed(included.routes)
        else:
            yield from ((method, route.path) for method in route.methods)
