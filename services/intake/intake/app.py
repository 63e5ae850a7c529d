"""Intake put together."""

from functools import partial
from pathlib import Path

from intake import figures
from intake.api import (
    candidates,
    catalog,
    engagements,
    erasures,
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
from intake.decisions.erasures.ledger import LedgerKey
from intake.holdings import HELD
from intake.operations.erasures.answering import note_answers
from intake.operations.erasures.certifying import Erasing
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.group_commit import GroupCommit
from intake.operations.importing.importer import Importer
from intake.operations.known_sources import KnownSources
from intake.operations.rate_limiter import RateLimiter
from intake.operations.relabelling import relabel_until_stopped
from intake.operations.telling_again import tell_again_until_stopped
from intake.operations.watching import watch_until_stopped
from intake.settings import Settings
from intake.subscribers import on_feedback
from shared.events import topics
from shared.people import people_routes
from shared.service import Service


def build() -> Service:
    """The service, from its environment."""
    settings = Settings()
    service = Service.of("intake", settings, migrations=Path(__file__).parents[1] / "migrations")
    ledger = ErasureLedger(LedgerKey(settings.erasure_key))
    known, commits = KnownSources(service.database), GroupCommit(service.database, erasures=ledger)
    webhooks = Webhooks(service.database, known, commits, public_url=settings.public_url)
    writing = paced(RateLimiter(), "integration")
    service.direct.append(webhooks.direct)
    service.routers += [
        sources.routes(service.database, known),
        trials.routes(service.database),
        webhooks.routes(),
        engagements.routes(commits, writing),
        judgements.routes(service.database),
        reference.routes(service.database, writing, ledger),
        merging.routes(service.database),
        candidates.routes(service.database),
        catalog.routes(service.database),
        findings.routes(service.database),
        reprocessing.routes(service.database, ledger),
        receipts.routes(service.database),
        imports.routes(service.database, writing),
        source_health.routes(service.database),
        erasures.routes(service.database),
        people_routes("intake", service.database, HELD),
    ]
    service.subscribe(topics.ERASURES, note_answers)
    service.subscribe(topics.FEEDBACK, on_feedback(settings.text_secret, ledger))
    service.loops += [
        Erasing(service.database, ledger, bootstrap=settings.kafka_bootstrap).run,
        partial(tell_again_until_stopped, service.database),
        Importer(service.database, lambda: not commits.is_idle, erasures=ledger).run,
        partial(watch_until_stopped, service.database),
        partial(relabel_until_stopped, service.database),
    ]
    service.samplers += figures.SAMPLERS
    return service
