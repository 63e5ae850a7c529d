"""Intake put together."""

from functools import partial
from pathlib import Path

from intake import figures, figures_findings
from intake.api import (
    candidates,
    catalog,
    engagements,
    findings,
    imports,
    judgements,
    merging,
    receipts,
    reference,
    reprocessing,
    source_health,
    sources,
    trials,
)
from intake.api.paced import paced
from intake.api.webhooks import Webhooks
from intake.operations.following_texts import FollowTexts
from intake.operations.group_commit import GroupCommit
from intake.operations.importing.importer import Importer
from intake.operations.known_sources import KnownSources
from intake.operations.rate_limiter import RateLimiter
from intake.operations.relabelling import relabel_until_stopped
from intake.operations.telling_again import tell_again_until_stopped
from intake.operations.watching import watch_until_stopped
from shared.events import topics
from shared.service import Service
from shared.settings import TextSettings


def build() -> Service:
    """The service, from its environment."""
    settings = TextSettings()
    service = Service.of("intake", settings, migrations=Path(__file__).parents[1] / "migrations")
    known, commits = KnownSources(service.database), GroupCommit(service.database)
    webhooks = Webhooks(service.database, known, commits, public_url=settings.public_url)
    writing = paced(RateLimiter(), "integration")
    service.direct.append(webhooks.direct)
    service.routers += [
        sources.routes(service.database, known),
        trials.routes(service.database),
        webhooks.routes(),
        engagements.routes(commits, writing),
        judgements.routes(service.database),
        reference.routes(service.database, writing),
        merging.routes(service.database),
        candidates.routes(service.database),
        catalog.routes(service.database),
        findings.routes(service.database),
        reprocessing.routes(service.database),
        receipts.routes(service.database),
        imports.routes(service.database, writing),
        source_health.routes(service.database),
    ]
    service.subscribe(topics.FEEDBACK, FollowTexts(settings.text_secret))
    service.loops += [
        partial(tell_again_until_stopped, service.database),
        Importer(service.database, lambda: not commits.is_idle).run,
        partial(watch_until_stopped, service.database),
        partial(relabel_until_stopped, service.database),
    ]
    service.samplers += [*figures.SAMPLERS, *figures_findings.SAMPLERS]
    return service
