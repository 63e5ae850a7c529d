"""Words where they must not be, broken order, webhooks gone wrong and processes in trouble are found by the invariant they break alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from deploy.auditor.testimony import Arrival
from tests.auditor.honest import CANARY, World, made_event
from tests.auditor.judging import broken_by

Plant = Callable[[World], None]
SHOWN = CANARY.text.encode()


def type_into_an_event(world: World) -> None:
    world.tell("feedback", "insight.recorded", "feedback", "rep-1", {"report_id": "r", "kind": "she said it was all far too much"})


def say_more_of_a_case(world: World) -> None:
    number = next(number for number, telling in enumerate(world.told) if telling.event.type == "case.opened")
    said = world.told[number].event
    more = made_event(said.id, said.service, said.type, said.topic, said.key, {**said.fact, "rep_id": "rep-1"}, at=said.recorded_at)
    world.told[number] = replace(world.told[number], event=more)
    world.on_topics[:] = [replace(one, event=more) if one.event.id == said.id else one for one in world.on_topics]


def name_a_case_in_a_webhook(world: World) -> None:
    body = orjson.loads(world.deliveries[0].body)
    body["data"]["report_id"] = world.cases[0].id
    world.deliveries[0] = replace(world.deliveries[0], body=orjson.dumps(body).decode())


def show_in(place: str) -> Plant:
    def show(world: World) -> None:
        world.searching.look(place, "somewhere", b'{"note": "' + SHOWN + b'"}')

    show.__name__ = f"show_typed_words_in_{place}"
    return show


def swap_events_of_a_lead_on_the_topic(world: World) -> None:
    of_lead = [number for number, one in enumerate(world.on_topics) if one.key == world.leads[0].id]
    first, second = of_lead[1], of_lead[2]
    swapped = world.on_topics[second].event, world.on_topics[first].event
    world.on_topics[first] = replace(world.on_topics[first], event=swapped[0])
    world.on_topics[second] = replace(world.on_topics[second], event=swapped[1])


def apply_events_of_a_lead_out_of_order(world: World) -> None:
    of_lead = [telling.event.id for telling in world.told if telling.event.key == world.leads[0].id and telling.event.topic == "leads"]
    applied = world.inbox["feedback.leads"]
    applied[of_lead[0]] = applied[of_lead[-1]] + timedelta(seconds=1)


def put_an_older_snapshot_behind_a_newer(world: World) -> None:
    [first, second] = [number for number, one in enumerate(world.on_topics) if one.key == "contact-3" and one.event.topic == "contacts"]
    older, newer = world.on_topics[first].event, world.on_topics[second].event
    world.on_topics[first] = replace(world.on_topics[first], event=newer)
    world.on_topics[second] = replace(world.on_topics[second], event=older)


def take_webhooks_out_of_order(world: World) -> None:
    [first, second, *_] = [number for number, one in enumerate(world.arrivals) if world.leads[0].id in one.body]
    early, late = world.arrivals[first].at, world.arrivals[second].at + timedelta(seconds=1)
    world.arrivals[first] = world.arrivals[first].model_copy(update={"at": late})
    world.arrivals[second] = world.arrivals[second].model_copy(update={"at": early})


def decide_back_in_time(world: World) -> None:
    last = max(range(len(world.records)), key=lambda number: (world.records[number].lead_id, world.records[number].position))
    world.records[last] = replace(world.records[last], at=world.records[last].at - timedelta(minutes=10))


def tell_an_endpoint_under_two_ids(world: World) -> None:
    world.arrivals.append(world.arrivals[0].model_copy(update={"webhook_id": world.new_id()}))


def queue_nothing_for_who_asked(world: World) -> None:
    gone = world.deliveries.pop()
    world.attempts.pop()
    world.arrivals.pop()
    world.delivery_counts[gone.subscription, gone.state] -= 1


def deliver_what_never_arrived(world: World) -> None:
    world.arrivals.pop()


def arrive_where_nothing_may_go(world: World) -> None:
    seen: dict[str, Any] = {"webhook_id": world.new_id(), "is_signed_right": True, "body": "{}", "answered": 204}
    world.arrivals.append(Arrival(at=world.now, endpoint="http://169.254.169.254/forbidden", **seen))


def sign_wrongly(world: World) -> None:
    world.arrivals.append(world.arrivals[0].model_copy(update={"is_signed_right": False}))


def _settle(world: World, state: str, *, attempts: int, last: int | None) -> None:
    world.delivery_counts["marketing", world.deliveries[-1].state] -= 1
    world.delivery_counts["marketing", state] += 1
    world.deliveries[-1] = replace(world.deliveries[-1], state=state, attempts=attempts)
    template = world.attempts.pop()
    world.attempts += [replace(template, number=number, status_code=last) for number in range(1, attempts + 1)]
    world.arrivals[-1] = world.arrivals[-1].model_copy(update={"answered": last})


def give_up_too_early(world: World) -> None:
    _settle(world, "dead", attempts=3, last=500)


def try_for_ever(world: World) -> None:
    _settle(world, "dead", attempts=11, last=500)


def forget_an_attempt(world: World) -> None:
    world.attempts.pop()


def keep_a_good_endpoint_waiting(world: World) -> None:
    world.arrivals[:] = [arrival.model_copy(update={"at": arrival.at + timedelta(seconds=5)}) for arrival in world.arrivals]


def grow(world: World) -> None:
    world.samples[-1] = world.samples[-1].model_copy(update={"resident_bytes": 400_000_000})


def stall(world: World) -> None:
    world.samples[-3:] = [sample.model_copy(update={"livez_seconds": 4.0}) for sample in world.samples[-3:]]


def answer_nobody(world: World) -> None:
    world.samples[-3:] = [sample.model_copy(update={"livez_seconds": None}) for sample in world.samples[-3:]]


def open_files_without_end(world: World) -> None:
    world.samples[-1] = world.samples[-1].model_copy(update={"open_files": 5_000})


def connect_without_end(world: World) -> None:
    world.backlog[-1] = world.backlog[-1].model_copy(update={"database_connections": 60})


def collapse(world: World) -> None:
    world.webhooks[-1] = world.webhooks[-1].model_copy(update={"status": 500})


def pile_up_for_ever(world: World) -> None:
    world.backlog[-1] = world.backlog[-1].model_copy(update={"outbox": 40})


def leave_an_event_in_the_outbox(world: World) -> None:
    number = next(number for number, telling in enumerate(world.told) if telling.event.topic == "leads")
    world.told[number] = replace(world.told[number], place="outbox", queued_at=world.now - timedelta(minutes=30))


@pytest.mark.parametrize(
    ("plant", "invariants"),
    [
        (type_into_an_event, {"I5"}),
        (say_more_of_a_case, {"I5"}),
        (name_a_case_in_a_webhook, {"I5"}),
        *((show_in(place), {"I5"}) for place in ("topic.feedback", "routing.briefs", "reporting.journal", "arrival.body", "log.feedback")),
        (swap_events_of_a_lead_on_the_topic, {"I6"}),
        (apply_events_of_a_lead_out_of_order, {"I6"}),
        (put_an_older_snapshot_behind_a_newer, {"I6"}),
        (take_webhooks_out_of_order, {"I6"}),
        (decide_back_in_time, {"I6"}),
        (tell_an_endpoint_under_two_ids, {"I11"}),
        (queue_nothing_for_who_asked, {"I11"}),
        (deliver_what_never_arrived, {"I11"}),
        (arrive_where_nothing_may_go, {"I11"}),
        (sign_wrongly, {"I11"}),
        (give_up_too_early, {"I11"}),
        (forget_an_attempt, {"I11"}),
        (keep_a_good_endpoint_waiting, {"I11"}),
        (try_for_ever, {"I12"}),
        (grow, {"I12"}),
        (stall, {"I12"}),
        (answer_nobody, {"I12"}),
        (open_files_without_end, {"I12"}),
        (connect_without_end, {"I12"}),
        (collapse, {"I12"}),
        (pile_up_for_ever, {"I13"}),
        (leave_an_event_in_the_outbox, {"I13"}),
    ],
    ids=lambda given: given.__name__ if callable(given) else "",
)
def test_it_is_found_by_the_invariant_it_breaks(world: World, plant: Plant, invariants: set[str]) -> None:
    plant(world)
    assert broken_by(world) == invariants


def test_a_hiccup_is_no_stall(world: World) -> None:
    world.samples[-2:] = [sample.model_copy(update={"livez_seconds": 4.0}) for sample in world.samples[-2:]]
    assert broken_by(world) == set()


def test_what_happens_while_something_is_broken_on_purpose_is_no_stall(world: World) -> None:
    began = world.faults[0].at
    world.samples[:] = [sample.model_copy(update={"at": began, "livez_seconds": None}) for sample in world.samples]
    assert broken_by(world) == set()
