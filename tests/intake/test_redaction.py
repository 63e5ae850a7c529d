"""Cutting somebody out of a kept body: nothing of them stays, everybody else reads as before, and what can't be proved is not kept."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.acts import Act, Ignored, Item
from intake.decisions.adapters import ADAPTERS, SourceFacts, items_in
from intake.decisions.erasures.redaction import Read, Traces, items_of, without_items
from intake.decisions.persons import PersonKey
from intake.posted import items_posted
from tests.intake.conftest import engagement
from tests.intake.platforms import email_opened, form_submitted, hubspot_event, mautic_lead, raw
from tests.intake.test_mappings import PODIUM, batch, entry, podium

ADA, BO, CY = "ada@clinic.test", "bo@clinic.test", "cy@clinic.test"


def traces_of(*emails: str, ids: Sequence[str] = ()) -> Traces:
    return Traces.of([*(PersonKey("email", email) for email in emails), *(PersonKey("id:hs", one) for one in ids)])


def reader(adapter: str) -> Read:
    return partial(items_in, headers={}, adapter=ADAPTERS[adapter], source=SourceFacts(adapter, {"webinar_attended": "webinar_attended"}))


def opened(number: int, email: str) -> dict[str, Any]:
    return email_opened(id=number, emailAddress=email, lead=mautic_lead(100 + number, email))


def mautic_body(*emails: str) -> bytes:
    """Two lists of events in one object, as Mautic queues them."""
    opens = [opened(number, email) for number, email in enumerate(emails)]
    forms = [form_submitted(id=number, lead=mautic_lead(100 + number, email), results={}) for number, email in enumerate(emails)]
    return raw({"mautic.email_on_open": opens, "mautic.form_on_submit": forms})


def sendgrid_body(*emails: str) -> bytes:
    return raw([{"email": one, "event": "open", "timestamp": 1_772_446_500, "sg_event_id": f"e{at}"} for at, one in enumerate(emails)])


def podium_body(*emails: str) -> bytes:
    """Events deep inside, found by a mapping."""
    return batch(*(entry(ref=f"e-{at}", guest={"no": f"G-{at}", "mail": one}, asked=[]) for at, one in enumerate(emails)))


def mapped(items: str = PODIUM["items"]) -> Read:
    return partial(items_in, headers={}, adapter=podium(items=items), source=SourceFacts("podium"))


def posted_body(*emails: str) -> bytes:
    return raw([engagement(f"e-{at}", contact={"email": one}) for at, one in enumerate(emails)])


BODIES: dict[str, tuple[Any, Read]] = {
    "mautic": (mautic_body, reader("mautic")),
    "sendgrid": (sendgrid_body, reader("sendgrid")),
    "podium": (podium_body, mapped()),
    "a path that passes over nulls": (podium_body, mapped("batch.entries[]")),
    "posted": (posted_body, items_posted),
}
bodies = pytest.mark.parametrize(("body_of", "read"), BODIES.values(), ids=BODIES)


def of(items: Sequence[Item], email: str) -> set[int]:
    return {at for at, item in enumerate(items) if isinstance(item, Act) and PersonKey("email", email) in item.person}


@bodies
def test_one_persons_items_go_and_the_others_read_as_before(body_of: Any, read: Read) -> None:
    body = body_of(ADA, BO, CY)
    items = read(body)
    theirs = of(items, ADA)
    assert theirs
    shortened = without_items(body, theirs, items=items, read=read, traces=traces_of(ADA))
    assert b"ada@" not in shortened
    again = read(shortened)
    assert [again[at] for at in range(len(items)) if at not in theirs] == [items[at] for at in range(len(items)) if at not in theirs]
    assert not any(isinstance(again[at], Act) for at in theirs)


@bodies
def test_two_people_one_after_the_other_go_too(body_of: Any, read: Read) -> None:
    body = body_of(ADA, BO, CY)
    for email in (ADA, CY):
        items = read(body)
        body = without_items(body, of(items, email), items=items, read=read, traces=traces_of(email))
    assert of(read(body), BO)
    assert [one for one in (ADA, CY) if one.encode() in body] == []


@bodies
def test_a_body_that_is_theirs_alone_goes_whole(body_of: Any, read: Read) -> None:
    body = body_of(ADA)
    items = read(body)
    assert without_items(body, range(len(items)), items=items, read=read, traces=traces_of(ADA)) == b""


@bodies
def test_their_items_are_found_by_their_address_alone(body_of: Any, read: Read) -> None:
    body = body_of(BO, ADA.upper(), CY)
    items = read(body)
    assert items_of(body, items=items, traces=traces_of(ADA)) == of(items, ADA)
    assert items_of(body, items=items, traces=traces_of("nobody@clinic.test")) == set()


def test_a_word_of_them_outside_of_their_items_takes_the_whole_body_along() -> None:
    body = raw({**json.loads(podium_body(ADA, BO)), "sent": {"for": f"the office of {ADA}"}})
    items = mapped()(body)
    assert without_items(body, of(items, ADA), items=items, read=mapped(), traces=traces_of(ADA)) == b""
    assert items_of(body, items=items, traces=traces_of(ADA)) == {0, 1}


def test_where_items_stand_is_never_guessed_wrongly() -> None:
    """Two lists of the same length, one of them not the events: what reads alike without the item is it, the other never."""
    body = raw({"tags": ["x", "y"], **json.loads(podium_body(ADA, BO))})
    items = mapped()(body)
    shortened = json.loads(without_items(body, of(items, ADA), items=items, read=mapped(), traces=traces_of(ADA)))
    assert shortened["tags"] == ["x", "y"]
    assert shortened["batch"]["entries"][0] is None


def test_what_a_platform_told_of_their_record_is_found_by_their_id_there() -> None:
    told = [
        hubspot_event(objectId=987654, propertyName="firstname", propertyValue="Ada"),
        hubspot_event(objectId=123456, propertyName="firstname", propertyValue="Bo"),
        hubspot_event(objectId=123456, eventId=987654),
    ]
    read = reader("hubspot")
    items = read(raw(told))
    assert [type(item) for item in items] == [Ignored, Ignored, Act]
    assert items_of(raw(told), items=items, traces=traces_of(ids=["987654"])) == {0}, "an act's number is not an id of the person"
    shortened = without_items(raw(told), {0}, items=items, read=read, traces=traces_of(ids=["987654"]))
    assert b"Ada" not in shortened
    assert b"Bo" in shortened


@pytest.mark.parametrize("body", [b"email=ada%40clinic.test", b'{"email": "ADA@clinic.test"', b'["ada@clinic.test"]', b'"ada@clinic.test"'])
def test_what_is_no_batch_is_theirs_or_it_is_not(body: bytes) -> None:
    item = [Ignored("x", "record_only")]
    assert items_of(body, items=item, traces=traces_of(ADA)) == {0}
    assert items_of(body, items=item, traces=traces_of(BO)) == set()
    assert without_items(body, {0}, items=item, read=lambda _: item, traces=traces_of(ADA)) == b""


@given(st.lists(st.sampled_from([ADA, BO, CY]), min_size=1, max_size=6), st.sampled_from(sorted(BODIES)))
def test_whoever_comes_in_whatever_order_nothing_of_one_stays_and_all_of_the_others_does(emails: list[str], kind: str) -> None:
    body_of, read = BODIES[kind]
    body = body_of(*emails)
    items = read(body)
    theirs = of(items, ADA)
    shortened = without_items(body, theirs, items=items, read=read, traces=traces_of(ADA)) if theirs else body
    assert ADA.encode() not in shortened
    again = read(shortened) if shortened else []
    left = [item for at, item in enumerate(items) if at not in theirs]
    assert [item for item in again if isinstance(item, Act)] == [item for item in left if isinstance(item, Act)]
