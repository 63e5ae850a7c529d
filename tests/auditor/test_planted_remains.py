"""Whatever is left of somebody whose erasure is certified is found, wherever it is left: I14 is broken."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from deploy.auditor.evidence import feedback, intake, reporting, routing
from deploy.auditor.services import ERASED_VERSION
from tests.auditor.honest import GONE, World
from tests.auditor.judging import broken_by

Plant = Callable[[World], None]


def keep_a_name(world: World) -> None:
    world.people[:] = [intake.KnownPerson(GONE, is_named=True)]


def keep_an_address(world: World) -> None:
    world.keys.append(intake.KeyOfPerson(GONE))


def keep_a_consent(world: World) -> None:
    world.consents.append(intake.Consent(GONE, "email", "marketing", "granted"))


def keep_a_name_in_routing(world: World) -> None:
    world.contacts[:] = [replace(one, is_named=True) if one.contact_id == GONE else one for one in world.contacts]


def keep_a_brief(world: World) -> None:
    world.briefs.append(routing.Brief(world.leads[0].id))
    world.erasure = replace(world.erasure, contact_ids=(world.leads[0].contact_id,))
    _forget_all_but_the_brief(world, world.leads[0].contact_id)


def _forget_all_but_the_brief(world: World, contact_id: str) -> None:
    world.told[:] = [one for one in world.told if (one.event.topic, one.event.key) != ("contacts", contact_id)]
    world.on_topics[:] = [one for one in world.on_topics if (one.event.topic, one.key) != ("contacts", contact_id)]
    world.contacts[:] = [replace(one, version=ERASED_VERSION) if one.contact_id == contact_id else one for one in world.contacts]
    from_reporting = reporting.CountedContact(contact_id, ERASED_VERSION, "cardiology")
    world.counted_contacts.append(from_reporting)


def keep_a_note(world: World) -> None:
    report = replace(world.reports[0], contact_id=GONE)
    world.reports[0] = report
    world.notes.append(feedback.Note(report.id))


def keep_an_id_in_reporting(world: World) -> None:
    world.counted_contacts[:] = [replace(one, has_ids=True) for one in world.counted_contacts]


def say_it_again(world: World) -> None:
    snapshot = next(one for one in world.told if one.event.type == "contact.snapshot")
    world.erasure = replace(world.erasure, contact_ids=(snapshot.event.key,))


def believe_what_comes_late(world: World) -> None:
    world.contacts[:] = [replace(one, version=7) if one.contact_id == GONE else one for one in world.contacts]


@pytest.mark.parametrize(
    "plant",
    [
        keep_a_name,
        keep_an_address,
        keep_a_consent,
        keep_a_name_in_routing,
        keep_a_brief,
        keep_a_note,
        keep_an_id_in_reporting,
        say_it_again,
        believe_what_comes_late,
    ],
)
def test_what_is_left_of_somebody_erased_is_found(world: World, plant: Plant) -> None:
    plant(world)
    assert "I14" in broken_by(world)


def test_an_erasure_under_way_is_not_judged(world: World) -> None:
    keep_a_name(world)
    world.erasure = replace(world.erasure, certified_at=None)
    assert broken_by(world) == set()
