"""HTTP in: parse, call one operation or query, answer; what can be anticipated becomes a problem that says what to fix."""

from fastapi import APIRouter

from reporting.api import loop, pages, reports, sessions, subscriptions, tracing
from reporting.settings import Settings
from shared.database import Database


def routers(database: Database, settings: Settings) -> list[APIRouter]:
    """All of reporting's own addresses."""
    return [
        reports.routes(database),
        loop.routes(database),
        tracing.routes(database),
        subscriptions.routes(database, listed=settings.webhook_allow),
        pages.routes(database),
        pages.asset_routes(),
        sessions.routes(public_url=settings.public_url),
    ]
