"""What was lost, doubled or told wrongly on the way from a sender to the report is found by the invariant it breaks, and by no other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.auditor.auditing import decide
from deploy.auditor.evidence import intake, reporting
from deploy.auditor.evidence.events import Occurrence, Telling
from deploy.auditor.evidence.seams import Parked
from deploy.auditor.limits import Limits
from tests.auditor import story
from tests.auditor.honest import BEGIN, World, made_event
from tests.auditor.judging import broken_by

Plant = Callable[[World], None]


def lose_an_item(world: World) -> None:
    world.items.pop(0)


def lose_an_acknowledged_receipt(world: World) -> None:
    gone = world.receipts.pop(0)
    world.items[:] = [item for item in world.items if item.receipt_id != gone.id]
    world.engagements[:] = [engagement for engagement in world.engagements if engagement.receipt_id != gone.id]


def lose_the_receipt_of_an_answer_that_broke_off(world: World) -> None:
    broke_off = world.webhooks[0] = world.webhooks[0].model_copy(update={"receipt_id": None, "counts": {}})
    gone = next(receipt for receipt in world.receipts if receipt.body_sha256 == broke_off.body_sha256)
    world.receipts.remove(gone)
    world.items[:] = [item for item in world.items if item.receipt_id != gone.id]
    world.engagements[:] = [engagement for engagement in world.engagements if engagement.receipt_id != gone.id]


def lose_an_engagement_on_its_way_to_routing(world: World) -> None:
    gone = world.heard.pop(0)
    world.points[:] = [points for points in world.points if points.engagement_id != gone.engagement_id]


def keep_from_routing_that_a_machine_did_it(world: World) -> None:
    world.engagements[0] = replace(world.engagements[0], machine=True)


def let_routing_skip_an_event(world: World) -> None:
    world.inbox["routing.engagements"].popitem()


def tell_an_engagement_to_nobody(world: World) -> None:
    told = next(telling.event for telling in world.told if telling.event.type == "engagement.recorded")
    world.told[:] = [telling for telling in world.told if telling.event.id != told.id]
    world.on_topics[:] = [occurrence for occurrence in world.on_topics if occurrence.event.id != told.id]


def tell_an_engagement_under_a_second_id(world: World) -> None:
    told = next(telling.event for telling in world.told if telling.event.type == "engagement.recorded")
    world.tell("intake", told.type, told.topic, told.key, dict(told.fact))


def record_an_act_twice(world: World) -> None:
    """The second time the same name of the sender's is posted it becomes another engagement."""
    known = world.engagements[:]
    world.engagements.clear()
    story.post(world, {"act-contact-0": "contact-0"})
    world.engagements[:0] = known


def tell_a_sender_wrong_counts(world: World) -> None:
    world.webhooks[0] = world.webhooks[0].model_copy(update={"counts": {**world.webhooks[0].counts, "accepted": 1, "ignored": 5}})


def count_items_wrongly_in_a_receipt(world: World) -> None:
    refused = next(number for number, receipt in enumerate(world.receipts) if receipt.accepted == 1)
    world.receipts[refused] = replace(world.receipts[refused], accepted=0)


def repeat_what_is_not_there(world: World) -> None:
    number = next(number for number, item in enumerate(world.items) if item.outcome == "duplicate")
    world.items[number] = replace(world.items[number], engagement_id=world.new_id())


def count_an_event_twice(world: World) -> None:
    world.event_counts["engagement.recorded"] += 1


def lose_an_event_in_reporting(world: World) -> None:
    number = next(number for number, noted in enumerate(world.journal) if noted.event_type == "engagement.recorded")
    world.event_counts[world.journal.pop(number).event_type] -= 1


def count_what_nobody_told(world: World) -> None:
    world.journal.append(reporting.Noted(world.new_id(), "engagement.recorded", world.now))
    world.event_counts["engagement.recorded"] += 1


def put_an_event_on_a_topic_past_the_books(world: World) -> None:
    fact = {"lead_id": world.leads[0].id, "kind": "first_outreach"}
    event = made_event(world.new_id(), "routing", "clock.warned", "leads", world.leads[0].id, fact, at=world.now)
    world.on_topics.append(Occurrence(0, len(world.on_topics), event.key, event))


def leave_a_receipt_of_a_refused_webhook(world: World) -> None:
    refused = next(tried for tried in world.webhooks if tried.status == 401)
    nothing = {"accepted": 0, "duplicate": 0, "ignored": 0, "rejected": 0}
    world.receipts.append(intake.Receipt(world.new_id(), "webhook", "mautic", refused.body_sha256, world.now, **nothing))


def make_a_second_engagement_on_the_retry(world: World) -> None:
    """The retry is recognised by nothing: its item is accepted once more, under another identity."""
    known = world.engagements[:]
    world.engagements.clear()
    story.post(world, {"unheard": "contact-0"}, status=None)
    world.engagements[-1] = replace(world.engagements[-1], source_event_id="unheard (again)")
    world.engagements[:0] = known
    world.webhooks[-1] = world.webhooks[-1].model_copy(update={"at": world.faults[0].at})


def count_one_too_many(world: World) -> None:
    world.cells["entered", "mql"] += 1


def count_one_too_few(world: World) -> None:
    world.cells["objected", "dosing"] -= 1


def lose_an_objection_in_reporting(world: World) -> None:
    world.objections.pop()


def enter_a_stage_at_another_time(world: World) -> None:
    world.entered[world.leads[0].id]["mql"] += timedelta(seconds=1)


def leave_a_report_out_of_an_open_decision(world: World) -> None:
    world.decision_evidence.pop()


def rest_a_decision_on_what_is_not_about_it(world: World) -> None:
    world.decision_evidence[0] = replace(world.decision_evidence[0], report_id=world.new_id())


def ask_for_a_decision_twice(world: World) -> None:
    story.decide_on(world, [one.report_id for one in world.decision_evidence])


def ask_nobody_to_decide(world: World) -> None:
    world.decisions.clear()
    world.decision_evidence.clear()


def count_deliveries_wrongly(world: World) -> None:
    world.delivery_counts["marketing", "delivered"] -= 1


def say_two_things_under_one_id(world: World) -> None:
    number = next(number for number, one in enumerate(world.on_topics) if one.event.type == "objection.recorded")
    one = world.on_topics[number]
    world.on_topics.append(replace(one, offset=len(world.on_topics), event=replace(one.event, digest=one.event.digest + 1)))


@pytest.mark.parametrize(
    ("plant", "invariants"),
    [
        (lose_an_item, {"I1"}),
        (lose_an_acknowledged_receipt, {"I1"}),
        (lose_the_receipt_of_an_answer_that_broke_off, {"I1"}),
        (lose_an_engagement_on_its_way_to_routing, {"I1"}),
        (let_routing_skip_an_event, {"I1"}),
        (keep_from_routing_that_a_machine_did_it, {"I1"}),
        (tell_an_engagement_to_nobody, {"I1"}),
        (tell_an_engagement_under_a_second_id, {"I1"}),
        (record_an_act_twice, {"I1"}),
        (tell_a_sender_wrong_counts, {"I1"}),
        (count_items_wrongly_in_a_receipt, {"I1"}),
        (repeat_what_is_not_there, {"I1", "I2"}),
        (count_an_event_twice, {"I1"}),
        (lose_an_event_in_reporting, {"I1"}),
        (count_what_nobody_told, {"I1"}),
        (put_an_event_on_a_topic_past_the_books, {"I1"}),
        (leave_a_receipt_of_a_refused_webhook, {"I2"}),
        (make_a_second_engagement_on_the_retry, {"I2"}),
        (count_one_too_many, {"I7"}),
        (count_one_too_few, {"I7"}),
        (lose_an_objection_in_reporting, {"I7"}),
        (enter_a_stage_at_another_time, {"I7"}),
        (leave_a_report_out_of_an_open_decision, {"I7"}),
        (rest_a_decision_on_what_is_not_about_it, {"I7"}),
        (ask_for_a_decision_twice, {"I7"}),
        (ask_nobody_to_decide, {"I7"}),
        (count_deliveries_wrongly, {"I7"}),
        (say_two_things_under_one_id, {"I7"}),
    ],
    ids=lambda given: given.__name__ if callable(given) else "",
)
def test_it_is_found_by_the_invariant_it_breaks(world: World, plant: Plant, invariants: set[str]) -> None:
    plant(world)
    assert broken_by(world) == invariants


def test_what_was_set_aside_is_accounted_for(world: World) -> None:
    let_routing_skip_an_event(world)
    lost = {telling.event.id for telling in world.told if telling.event.topic == "engagements"} - world.inbox["routing.engagements"].keys()
    [event_id] = lost
    world.parked.append(Parked("routing.engagements", "engagements", "engagement.recorded", event_id, "applying", "failed"))
    assert broken_by(world) == set()


def test_repetitions_on_a_topic_are_no_events(world: World) -> None:
    first = world.on_topics[:]
    world.on_topics += [replace(one, offset=len(first) + number) for number, one in enumerate(first)]
    assert broken_by(world) == set()


def test_a_broker_that_lost_its_log_leaves_the_books(world: World) -> None:
    world.on_topics.clear()
    assert broken_by(world) == set()


def test_a_broker_that_lost_its_log_and_was_filled_again_is_judged_by_what_was_sent_again(world: World) -> None:
    """What was new when it came back stands first; then everything, in the order in which it was told."""
    before = world.on_topics[:]
    newest = [one for one in before if one.event.topic == "leads"][-3:]
    world.on_topics[:] = [replace(one, offset=offset) for offset, one in enumerate([*newest, *before])]
    assert broken_by(world) == set()
    of_lead = [number for number, one in enumerate(world.on_topics) if one.key == world.leads[0].id]
    world.on_topics.append(replace(world.on_topics[of_lead[0]], offset=len(world.on_topics)))
    assert broken_by(world) == {"I6"}


def test_what_lies_further_back_than_the_books_is_not_judged_by_them(world: World) -> None:
    """After 30 days only effects are left of what was told."""
    evidence = world.evidence()
    later = replace(evidence, taken_at=BEGIN + timedelta(days=90), settled_at=BEGIN + timedelta(days=90), told=(), on_topics=())
    verdicts = {verdict.invariant: verdict for verdict in decide(later, Limits())}
    assert not [finding for name in ("I1", "I3", "I4", "I8") for finding in verdicts[name].findings]
    assert "no longer on record" in " ".join(verdicts["I7"].untold)


def test_an_event_in_two_books_is_found(world: World) -> None:
    told = next(telling for telling in reversed(world.told) if telling.event.topic == "leads")
    world.told.append(Telling("routing", "outbox", len(world.told), told.event, queued_at=world.now))
    assert broken_by(world) == {"I1"}
