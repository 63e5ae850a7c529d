"""Intake put together."""

from pathlib import Path

from intake.api import engagements, receipts, reference, sources, webhooks
from shared.service import Service
from shared.settings import ServiceSettings


def build() -> Service:
    """The service, from its environment."""
    settings = ServiceSettings()
    service = Service.of("intake", settings, migrations=Path(__file__).parents[1] / "migrations")
    service.routers += [
        sources.routes(service.database),
        webhooks.routes(service.database, public_url=settings.public_url),
        engagements.routes(service.database),
        reference.routes(service.database),
        receipts.routes(service.database),
    ]
    return service
