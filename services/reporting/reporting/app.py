"""The composition root: settings in, reporting put together out."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from reporting import api, figures
from reporting.dispatching import Dispatcher
from reporting.holdings import HELD
from reporting.operations.signalling import close_reviewed
from reporting.settings import Settings
from reporting.subscribers import CONSUMED, on_events
from shared.database import Database
from shared.loops import repeat
from shared.people import people_routes
from shared.service import Service

# Reviews pass by the day; this only says how soon after midnight (UTC) it shows.
_REVIEW_ROUND_SECONDS = 60


def build() -> Service:
    """Reporting as one process runs it."""
    settings = Settings()
    service = Service.of("reporting", settings, migrations=Path(__file__).parents[1] / "migrations")
    for topic in CONSUMED:
        service.subscribe(topic, on_events)
    service.routers += [*api.routers(service.database, settings), people_routes("reporting", service.database, HELD)]
    service.loops += [
        Dispatcher(database=service.database, listed=settings.webhook_allow).run,
        partial(_close_reviewed_decisions, service.database),
    ]
    service.samplers += figures.SAMPLERS
    return service


async def _close_reviewed_decisions(database: Database, stop: asyncio.Event) -> None:
    async def run_once() -> int:
        async with database.transaction() as session:
            await close_reviewed(session, today=datetime.now(UTC).date())
        return 0

    await repeat(run_once, name="reviews", every_seconds=_REVIEW_ROUND_SECONDS, stop=stop)
