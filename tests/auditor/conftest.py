"""The honest world that tests spoil."""

import pytest

from tests.auditor import story
from tests.auditor.honest import CANARY, World


@pytest.fixture
def world() -> World:
    return told_world(6)


def _handle(world: World, leads: list[str]) -> None:
    """What people do with leads by hand."""
    story.hold(world, leads[0])
    story.hold(world, leads[1])
    story.resume(world, leads[1])
    story.pause(world, leads[1])
    story.pause(world, leads[2])
    story.restart(world, leads[2])
    story.answer_brief(world, leads[2], "opened")
    story.answer_brief(world, leads[2], "acted")
    story.reassign(world, leads[-1], "rep-1")


def told_world(contacts: int, objections: int = 5) -> World:
    """Contacts who click, five of whom have a lead that a rep owns; one waits, one opts out; objections rise; one is flagged."""
    world = World()
    for rep_id in ("rep-1", "rep-2", "rep-3"):
        story.employ(world, rep_id)
    story.subscribe(world)
    world.searching.look("feedback.case_texts", "row 1", CANARY.text.encode())
    names = [f"contact-{number}" for number in range(contacts)]
    for name in names:
        story.meet(world, name)
    story.post(world, {f"act-{name}": name for name in names})
    story.type_something(world, names[0], verdict="clear")
    story.type_something(world, names[1], verdict="possible")
    story.break_intake(world)
    story.post(world, {"unheard": names[0]}, status=None)
    story.post(world, {"unheard": names[0]})
    story.post(world, {"refused": names[0]}, status=401, is_kept=False)
    leads = [story.qualify(world, name, rep_id=f"rep-{1 + number % 3}") for number, name in enumerate(names[:-1])]
    story.qualify(world, names[-1], rep_id=None)
    heard = [story.object_to(world, leads[number % len(leads)]) for number in range(objections)]
    heard.append(story.object_to(world, leads[0], mention="in_words"))
    story.object_to(world, leads[1], mention="flagged")
    story.decide_on(world, heard)
    story.enter(world, leads[2], "accepted", "stage_changed", "accepted")
    _handle(world, leads)
    story.opt_out(world, names[-1])
    story.opt_out(world, names[3])
    story.witness(world)
    return world
