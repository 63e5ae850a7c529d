"""Starting: a process works only once its database answers, keeps what it commits, and is at the revision this version was made for.

Until then it stays up, answers 503, and says under `/readyz` and in its log what it waits for.
"""

import asyncio
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import problems
from shared.database import Database, NotDurableError, is_weather, weather_reason
from shared.loops import backoff_seconds, sleep_unless
from shared.migrations import Revisions, known_revisions

_log = structlog.get_logger()

_TRY_SECONDS = 10
# What says how the process fares, and how to use it, is answered from the first moment.
_ALWAYS_OPEN: Final = ("/livez", "/readyz", "/metrics", "/docs", "/openapi.json", "/asyncapi")

_HAS_REVISION = text("SELECT to_regclass('alembic_version') IS NOT NULL")
_REVISION = text("SELECT version_num FROM alembic_version")


class Startup:
    """What one process waits for before it works: `waiting_for` says it in words, and is None once nothing is missing."""

    def __init__(self, *, service: str, database: Database, migrations: Path, must_be_durable: bool) -> None:
        self._service = service
        self._database = database
        self._migrations = migrations
        self._must_be_durable = must_be_durable
        self.waiting_for: str | None = None

    async def wait(self, stop: asyncio.Event) -> None:
        """Returns once the process may work, or is stopped. Raises `NotDurableError` where a commit could still be lost."""
        self._say("the database has not been asked yet")
        known = await asyncio.to_thread(known_revisions, self._migrations)
        tries = 0
        while not stop.is_set():
            self._say(await self._missing(known))
            if self.waiting_for is None:
                _log.info("started", service=self._service)
                return
            tries += 1
            await sleep_unless(stop, backoff_seconds(tries))

    def _say(self, reason: str | None) -> None:
        if reason != self.waiting_for and reason is not None:
            _log.warning("waiting to start", service=self._service, waiting_for=reason)
        self.waiting_for = reason

    async def _missing(self, known: Revisions) -> str | None:
        try:
            async with asyncio.timeout(_TRY_SECONDS):
                await self._require_durable_commits()
                async with self._database.engine.connect() as connection:
                    return unfit(await _revision(connection), known=known, service=self._service)
        except Exception as error:
            if not is_weather(error) and not isinstance(error, TimeoutError):
                raise
            return weather_reason(error)

    async def _require_durable_commits(self) -> None:
        try:
            await self._database.require_durable_commits()
        except NotDurableError as fault:
            if self._must_be_durable:
                raise
            if self.waiting_for is not None:
                _log.warning("commits are not durable", reason=str(fault))


async def _revision(connection: AsyncConnection) -> str | None:
    if not await connection.scalar(_HAS_REVISION):
        return None
    revision: str | None = await connection.scalar(_REVISION)
    return revision


def unfit(revision: str | None, *, known: Revisions, service: str) -> str | None:
    """Why a database at that revision (None: never migrated) can't be worked with, in words; None when it can."""
    if revision == known.newest:
        return None
    if revision is None:
        return f"the database has not been migrated: run `python -m {service} migrate`"
    if revision in known.all:
        return f"the database is at revision {revision} and must be at {known.newest}: run `python -m {service} migrate`"
    return f"the database is at a revision this version does not know (it knows up to {known.newest}): run a newer version"


class StartGate:
    """Pure ASGI: answers 503 to whatever needs the database, for as long as the process waits to start."""

    def __init__(self, app: ASGIApp, startup: Startup) -> None:
        self.app = app
        self.startup = startup

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.startup.waiting_for is None or scope["type"] != "http" or scope["path"].startswith(_ALWAYS_OPEN):
            await self.app(scope, receive, send)
            return
        problem = problems.unavailable("The service has not started yet; its /readyz says what it waits for.")
        await problems.problem_response(problem)(scope, receive, send)
