"""Wrong owners, cases, assignments and reports are found by the invariant they break, and by no other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.auditor.evidence.routing import Clock
from deploy.auditor.evidence.seams import Parked
from tests.auditor import story
from tests.auditor.honest import World
from tests.auditor.judging import broken_by

Plant = Callable[[World], None]


def give_a_lead_two_owners(world: World) -> None:
    """Routing's row names one, everybody was told of another."""
    story.change(world, world.leads[0].id, rep_id="rep-9")


def let_feedback_know_another_owner(world: World) -> None:
    world.owned[0] = replace(world.owned[0], rep_id="rep-9")


def give_a_rep_too_many(world: World) -> None:
    world.reps[:] = [replace(rep, max_open_leads=1) for rep in world.reps]


def open_two_leads_for_one_contact(world: World) -> None:
    story.qualify(world, "contact-0", rep_id="rep-2")


def forget_a_lead_without_a_reason(world: World) -> None:
    waiting = story.qualify(world, "contact-5", rep_id=None)
    story.change(world, waiting, waiting_since=None, waiting_reason=None)
    meet_anew(world, "contact-5")


def meet_anew(world: World, contact_id: str) -> None:
    """They want to be called again."""
    world.consents[:] = [consent for consent in world.consents if consent.contact_id != contact_id]
    story.meet(world, contact_id, version=3)


def lose_a_decision_record(world: World) -> None:
    world.records.pop(0)


def decide_two_at_once(world: World) -> None:
    number = next(number for number, record in enumerate(world.records) if record.kind == "assigned")
    world.records[number] = replace(world.records[number], chosen=["rep-1", "rep-2"])


def give_points_for_what_a_machine_did(world: World) -> None:
    scored = world.points[0].engagement_id
    world.heard[:] = [replace(each, machine=True) if each.engagement_id == scored else each for each in world.heard]
    world.engagements[:] = [replace(each, machine=True) if each.id == scored else each for each in world.engagements]


def leave_an_engagement_without_a_verdict(world: World) -> None:
    pair = world.ledgers.pop(0)
    world.points[:] = [points for points in world.points if points.contact_id != pair.contact_id]


def tell_twice_that_a_lead_qualified(world: World) -> None:
    told = next(telling.event for telling in world.told if telling.event.type == "lead.qualified")
    world.tell("routing", told.type, told.topic, told.key, dict(told.fact))


def forget_a_reassignment(world: World) -> None:
    """It was answered, and the lead is where it was."""
    move = next(move for move in world.moves if move.verb == "reassign")
    world.moves.append(move.model_copy(update={"to": "rep-3"}))


def forget_a_hold(world: World) -> None:
    move = next(move for move in world.moves if move.verb == "hold")
    world.moves.append(move.model_copy(update={"lead_id": world.leads[2].id}))


def forget_that_it_was_resumed(world: World) -> None:
    """It rests still."""
    move = next(move for move in world.moves if move.verb == "resume")
    world.moves.append(move.model_copy(update={"lead_id": world.leads[0].id}))


def forget_a_pause(world: World) -> None:
    move = next(move for move in world.moves if move.verb == "pause")
    world.moves.append(move.model_copy(update={"lead_id": world.leads[4].id}))


def leave_a_clock_standing(world: World) -> None:
    move = next(move for move in world.moves if move.verb == "restart")
    world.moves.append(move.model_copy(update={"lead_id": world.leads[1].id}))


def forget_an_answer_to_a_brief(world: World) -> None:
    move = next(move for move in world.moves if move.verb == "acted")
    world.moves.append(move.model_copy(update={"verb": "dismissed"}))


def tell_an_answer_to_a_brief_twice(world: World) -> None:
    told = next(telling.event for telling in world.told if telling.event.type == "brief.answered")
    world.tell("routing", told.type, told.topic, told.key, dict(told.fact))


def let_a_lead_rest_with_who_opted_out(world: World) -> None:
    resting = next(lead for lead in world.leads if lead.stage == "on_hold")
    story.meet(world, resting.contact_id, version=2, denied=("any",))


def take_a_report_clock_for_a_conversation(world: World) -> None:
    lead = world.leads[0]
    world.clocks.append(Clock(lead.id, world.now, "report", "met"))
    story.meet(world, lead.contact_id, version=2, denied=("any",))


def lose_a_case(world: World) -> None:
    world.cases.pop()


def open_a_second_case(world: World) -> None:
    first = world.cases[0]
    story.raise_case(world, first.report_id, "in_words")


def set_a_wrong_due_time(world: World) -> None:
    world.cases[0] = replace(world.cases[0], due_at=world.cases[0].due_at + timedelta(hours=1))


def lose_the_words_of_a_case(world: World) -> None:
    number = next(number for number, case in enumerate(world.cases) if case.certainty == "possible")
    world.cases[number] = replace(world.cases[number], has_text=False)


def become_aware_after_answering(world: World) -> None:
    case = world.cases[0]
    later = timedelta(hours=1)
    world.cases[0] = replace(case, awareness_at=case.awareness_at + later, received_at=case.received_at + later, due_at=case.due_at + later)


def set_a_case_aside(world: World) -> None:
    event_id = next(telling.event.id for telling in world.told if telling.event.type == "case.opened")
    world.parked.append(Parked("reporting.cases", "cases", "case.opened", event_id, "applying", "failed"))


def tell_of_a_flagged_report(world: World) -> None:
    flagged = next(report for report in world.reports if report.state == "case_only")
    world.tell("feedback", "insight.recorded", "feedback", flagged.rep_id, {"report_id": flagged.id, "rep_id": flagged.rep_id})


def leave_a_text_unread(world: World) -> None:
    world.texts[1] = replace(world.texts[1], verdict=None)


def note_another_verdict(world: World) -> None:
    world.texts[1] = replace(world.texts[1], verdict="clear")


def leave_a_lead_with_who_opted_out(world: World) -> None:
    story.meet(world, "contact-0", version=2, denied=("in_person", "phone", "video", "email"))


def assign_after_the_opt_out(world: World) -> None:
    """Their lead ended; a new one is opened and given away all the same, and ends by something else."""
    world.now += timedelta(minutes=1)
    lead_id = story.qualify(world, "contact-3", rep_id="rep-1")
    story.change(world, lead_id, ended_at=world.now)
    story.enter(world, lead_id, "recycled", "stage_changed", "rejected")


def withdraw_without_a_word_of_why(world: World) -> None:
    for number, telling in enumerate(world.told):
        if telling.event.fact.get("reason") == "consent":
            world.told[number] = replace(telling, event=replace(telling.event, fact={**telling.event.fact, "reason": "other"}))


def forget_what_a_rep_was_told(world: World) -> None:
    story.decline(world, "contact-2")
    meet_anew(world, "contact-2")


def keep_an_opt_out_from_routing(world: World) -> None:
    known = world.contacts[:]
    story.meet(world, "contact-2", version=2, denied=("any",))
    world.contacts[:] = known
    story.change(world, world.leads[2].id, stage="contacted")
    world.records.append(
        replace(world.records[-1], lead_id=world.leads[2].id, position=world.leads[2].record_count + 1, to_stage="contacted")
    )
    story.change(world, world.leads[2].id, record_count=world.leads[2].record_count + 1)


def let_a_probe_in(world: World) -> None:
    world.probes[0] = world.probes[0].model_copy(update={"status": 200})


def report_on_a_lead_of_another(world: World) -> None:
    number = next(number for number, report in enumerate(world.reports) if report.state == "recorded")
    world.reports[number] = replace(world.reports[number], rep_id="rep-9")


@pytest.mark.parametrize(
    ("plant", "invariants"),
    [
        (give_a_lead_two_owners, {"I3"}),
        (let_feedback_know_another_owner, {"I3"}),
        (give_a_rep_too_many, {"I3"}),
        (open_two_leads_for_one_contact, {"I3"}),
        (forget_a_lead_without_a_reason, {"I3"}),
        (lose_a_decision_record, {"I3"}),
        (decide_two_at_once, {"I3"}),
        (leave_an_engagement_without_a_verdict, {"I3"}),
        (give_points_for_what_a_machine_did, {"I3"}),
        (tell_twice_that_a_lead_qualified, {"I3"}),
        (forget_a_reassignment, {"I3"}),
        (forget_a_hold, {"I3"}),
        (forget_that_it_was_resumed, {"I3"}),
        (forget_a_pause, {"I3"}),
        (leave_a_clock_standing, {"I3"}),
        (forget_an_answer_to_a_brief, {"I3"}),
        (tell_an_answer_to_a_brief_twice, {"I3"}),
        (lose_a_case, {"I4"}),
        (open_a_second_case, {"I4"}),
        (set_a_wrong_due_time, {"I4"}),
        (lose_the_words_of_a_case, {"I4"}),
        (become_aware_after_answering, {"I4"}),
        (set_a_case_aside, {"I4"}),
        (tell_of_a_flagged_report, {"I4"}),
        (leave_a_text_unread, {"I4"}),
        (note_another_verdict, {"I4"}),
        (leave_a_lead_with_who_opted_out, {"I8"}),
        (let_a_lead_rest_with_who_opted_out, {"I8"}),
        (take_a_report_clock_for_a_conversation, {"I8"}),
        (assign_after_the_opt_out, {"I8"}),
        (withdraw_without_a_word_of_why, {"I8"}),
        (keep_an_opt_out_from_routing, {"I8"}),
        (forget_what_a_rep_was_told, {"I8"}),
        (let_a_probe_in, {"I9"}),
        (report_on_a_lead_of_another, {"I9"}),
    ],
    ids=lambda given: given.__name__ if callable(given) else "",
)
def test_it_is_found_by_the_invariant_it_breaks(world: World, plant: Plant, invariants: set[str]) -> None:
    plant(world)
    assert broken_by(world) == invariants
