"""Intake put together."""

from pathlib import Path

from intake.api import engagements, receipts, reference, sources, trials
from intake.api.webhooks import Webhooks
from intake.operations.group_commit import GroupCommit
from intake.operations.known_sources import KnownSources
from shared.service import Service
from shared.settings import ServiceSettings


def build() -> Service:
    """The service, from its environment."""
    settings = ServiceSettings()
    service = Service.of("intake", settings, migrations=Path(__file__).parents[1] / "migrations")
    known, commits = KnownSources(service.database), GroupCommit(service.database)
    webhooks = Webhooks(service.database, known, commits, public_url=settings.public_url)
    service.direct.append(webhooks.direct)
    service.routers += [
        sources.routes(service.database, known),
        trials.routes(service.database),
        webhooks.routes(),
        engagements.routes(commits),
        reference.routes(service.database),
        receipts.routes(service.database),
    ]
    return service
