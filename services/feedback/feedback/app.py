"""The composition root: feedback's database, its API, and the topics it reads."""

from functools import partial
from pathlib import Path

from feedback import figures
from feedback.api import cases, feed, reports
from feedback.holdings import HELD
from feedback.operations.erasing import follow_erasures
from feedback.operations.loop import follow_loop
from feedback.operations.surroundings import follow_contacts, follow_field_force, follow_leads
from feedback.operations.text_keys import keep_keys_fresh
from feedback.operations.typed_texts import follow_texts
from shared.events import topics
from shared.people import people_routes
from shared.service import Service
from shared.settings import TextSettings


def build() -> Service:
    """The service, put together from its environment."""
    settings = TextSettings()
    service = Service.of("feedback", settings, migrations=Path(__file__).parents[1] / "migrations")
    service.subscribe(topics.LEADS, follow_leads)
    service.subscribe(topics.CONTACTS, follow_contacts)
    service.subscribe(topics.FIELD_FORCE, follow_field_force)
    service.subscribe(topics.LOOP, follow_loop)
    service.subscribe(topics.ERASURES, follow_erasures)
    service.subscribe(topics.SEALED_TEXTS, follow_texts)
    service.loops.append(partial(keep_keys_fresh, service.database, settings.text_secret))
    service.routers += [reports.routes(service.database), cases.routes(service.database), feed.routes(service.database)]
    service.routers.append(people_routes("feedback", service.database, HELD))
    service.samplers += figures.SAMPLERS
    return service
