"""Intake put together."""

from functools import partial
from pathlib import Path

from intake import figures
from intake.api import engagements, receipts, reference, sources, trials
from intake.api.webhooks import Webhooks
from intake.operations.following_texts import FollowTexts
from intake.operations.group_commit import GroupCommit
from intake.operations.known_sources import KnownSources
from intake.operations.telling_again import tell_again_until_stopped
from shared.events import topics
from shared.service import Service
from shared.settings import TextSettings


def build() -> Service:
    """The service, from its environment."""
    settings = TextSettings()
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
    service.subscribe(topics.FEEDBACK, FollowTexts(settings.text_secret))
    service.loops.append(partial(tell_again_until_stopped, service.database))
    service.samplers += figures.SAMPLERS
    return service
