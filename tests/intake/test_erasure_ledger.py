"""Recognising who was forgotten: what comes late is ignored, whoever lives is not, and without the key nothing can be tried out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.acts import Act, Ignored, Rejected
from intake.decisions.consents import ConsentAct
from intake.decisions.erasures.ledger import LedgerKey, Remembered, addresses_in, denial_in, settled, suppressions
from intake.decisions.persons import PersonKey, contact_key, email_key

KEY = LedgerKey(b"a key of the tests, long enough to be one")
ERASED_AT = datetime(2026, 3, 5, 9, tzinfo=UTC)
BEFORE, AFTER = ERASED_AT - timedelta(days=1), ERASED_AT + timedelta(days=1)
ADA = PersonKey("email", "ada@clinic.test")
SUBJECT = KEY.of_person(contact_key("hcp-1"))
GONE = Remembered(SUBJECT, ERASED_AT, None)

texts = st.text(max_size=20)
person_keys = st.builds(PersonKey, st.sampled_from(["email", "id:npi", "id:mautic", "contact"]), texts)


def act(**changes: Any) -> Act:
    made: dict[str, Any] = {
        "source": "mautic",
        "vendor_type": "email_on_open",
        "identity": "open:1",
        "kind": "email_opened",
        "channel": "email",
        "occurred_at": AFTER,
        "person": (ADA,),
    }
    return Act(**{**made, **changes})


def judged(item: Any, hits: dict[bytes, Remembered], *owned: PersonKey) -> Any:
    return settled(item, hits=hits, key=KEY, owned=set(owned), received_at=AFTER)


def test_an_act_of_nobody_forgotten_is_left_as_it_is() -> None:
    assert judged(act(), {KEY.of_person(PersonKey("email", "bo@clinic.test")): GONE}) == act()


def test_a_late_act_is_ignored_and_says_why() -> None:
    assert judged(act(), {KEY.of_person(ADA): GONE}) == Ignored("email_on_open", "erased")


def test_what_was_on_record_is_ignored_whoever_it_is_by_now() -> None:
    assert judged(act(), {KEY.of_act("mautic", "open:1"): GONE}, ADA) == Ignored("email_on_open", "erased")
    assert judged(act(source="hs"), {KEY.of_act("mautic", "open:1"): GONE}, ADA) == act(source="hs")


def test_who_came_back_lives_from_then_on_and_not_before() -> None:
    hits = {KEY.of_person(ADA): GONE}
    assert judged(act(occurred_at=AFTER), hits, ADA) == act(occurred_at=AFTER)
    assert judged(act(occurred_at=BEFORE), hits, ADA) == Ignored("email_on_open", "erased")
    assert judged(act(occurred_at=None), hits, ADA) == act(occurred_at=None), "its receipt's time stands"


def test_the_id_a_directory_knows_somebody_by_leads_to_who_they_are_now() -> None:
    named = act(person=(contact_key("hcp-1"),))
    assert judged(named, {SUBJECT: GONE}) == Ignored("email_on_open", "erased")
    assert judged(named, {SUBJECT: replace(GONE, successor_id="new-1")}) == replace(named, person=(contact_key("new-1"),))
    assert judged(replace(named, occurred_at=BEFORE), {SUBJECT: replace(GONE, successor_id="new-1")}) == Ignored("email_on_open", "erased")


@pytest.mark.parametrize("item", [Ignored("x", "record_only"), Rejected("x", "no_person", "Nobody.")])
def test_what_is_no_act_stays_what_it_is(item: Any) -> None:
    assert judged(item, {KEY.of_person(ADA): GONE}) == item


def test_leaving_is_heard_of_whoever_it_comes_from() -> None:
    left = act(kind="unsubscribed", occurred_at=BEFORE)
    assert denial_in(left, received_at=AFTER) == ConsentAct("email", "marketing", "denied", BEFORE)
    assert denial_in(replace(left, occurred_at=None), received_at=AFTER) == ConsentAct("email", "marketing", "denied", AFTER)
    assert denial_in(act(), received_at=AFTER) is None
    assert denial_in(act(kind="subscribed"), received_at=AFTER) is None


def test_only_denials_outlive_somebody_and_not_where_their_proof_lies() -> None:
    acts = [
        ConsentAct("email", "marketing", "denied", BEFORE, "letter of Ada Example", "consent"),
        ConsentAct("phone", "marketing", "granted", BEFORE),
    ]
    assert suppressions(acts) == [ConsentAct("email", "marketing", "denied", BEFORE)]


@given(person_keys, person_keys)
def test_two_keys_have_one_hash_only_if_they_are_one(one: PersonKey, other: PersonKey) -> None:
    assert (KEY.of_person(one) == KEY.of_person(other)) is (one == other)
    assert KEY.of_person(one) != LedgerKey(b"another key").of_person(one)


@given(texts, texts, person_keys)
def test_an_acts_hash_is_never_a_persons(source: str, identity: str, person: PersonKey) -> None:
    assert KEY.of_act(source, identity) != KEY.of_person(person)
    assert len(KEY.of_act(source, identity)) == 32


@given(st.lists(person_keys, max_size=4), texts)
def test_all_that_an_act_could_be_recognised_by_is_asked_for(person: list[PersonKey], identity: str) -> None:
    asked = KEY.of_items([act(person=tuple(person), identity=identity), Ignored("x", "record_only")])
    assert set(asked) == {KEY.of_act("mautic", identity), *map(KEY.of_person, person)}


def test_nothing_shows_the_key() -> None:
    assert "tests" not in repr(KEY)


@pytest.mark.parametrize(
    ("body", "written"),
    [
        (b'{"email": "Ada@Clinic.TEST"}', "Ada@Clinic.TEST"),
        (b'{"email":"ada\\u0040clinic.test"}', "ada\\u0040clinic.test"),
        (b"email=ada%40clinic.test&x=1", "ada%40clinic.test"),
        (b"<mailto:ada@clinic.test>, or so", "ada@clinic.test"),
        (b'"to":["ada@clinic.test."]', "ada@clinic.test"),
    ],
)
def test_an_address_is_found_however_it_is_written(body: bytes, written: str) -> None:
    assert addresses_in(body) == {ADA: {written}}


@given(st.binary(max_size=200))
def test_no_body_is_too_strange_to_be_looked_through(body: bytes) -> None:
    assert all(email_key(key.value) == key for key in addresses_in(body))
