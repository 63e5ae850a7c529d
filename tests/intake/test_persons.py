"""Recognising persons: by external id, then by e-mail, else somebody new."""

import unicodedata
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.contacts import LEARNT_KEYS_MAX, Contact, taught
from intake.decisions.persons import Meeting, PersonKey, Recognition, contact_key, email_key, external_key, is_npi, person_of, recognise

MAUTIC = PersonKey("id:mautic", "26")
HUBSPOT = PersonKey("id:hs", "123")
NPI = PersonKey("id:npi", "1234567893")
EMAIL = PersonKey("email", "ada@clinic.test")


def recognised(*persons: tuple[PersonKey, ...], owners: dict[PersonKey, str] | None = None) -> Recognition:
    return recognise(persons, owners=owners or {}, fresh_ids=(f"new-{number}" for number, _ in enumerate(persons)))


def test_a_known_external_id_goes_before_a_known_address() -> None:
    found = recognised((MAUTIC, EMAIL), owners={MAUTIC: "c-1", EMAIL: "c-2"})
    assert (found.contact_ids, found.learnt, found.new_contact_ids) == (("c-1",), {}, ())


def test_an_address_recognises_whom_no_id_does_and_teaches_the_id() -> None:
    found = recognised((MAUTIC, EMAIL), owners={EMAIL: "c-2"})
    assert (found.contact_ids, found.learnt) == (("c-2",), {MAUTIC: "c-2"})


def test_somebody_unknown_becomes_one_new_contact_with_all_keys() -> None:
    found = recognised((NPI, MAUTIC, EMAIL))
    assert found.contact_ids == found.new_contact_ids == ("new-0",)
    assert found.learnt == {NPI: "new-0", MAUTIC: "new-0", EMAIL: "new-0"}


def test_the_same_person_in_one_batch_is_one_contact() -> None:
    found = recognised((MAUTIC, EMAIL), (MAUTIC,), (EMAIL,), (HUBSPOT, EMAIL))
    assert set(found.contact_ids) == {"new-0"}
    assert found.new_contact_ids == ("new-0",)
    assert found.learnt[HUBSPOT] == "new-0"


def test_a_shared_mailbox_gives_nobody_anothers_npi() -> None:
    found = recognised((NPI, EMAIL), owners={EMAIL: "c-2"})
    assert (found.contact_ids, found.learnt) == (("c-2",), {})


def test_keys_of_two_contacts_are_a_meeting_unless_one_stands_for_both() -> None:
    owners = {MAUTIC: "c-1", EMAIL: "c-2"}
    [meeting] = recognised((HUBSPOT,), (MAUTIC, EMAIL), owners=owners).meetings
    assert meeting == Meeting("c-1", "c-2", frozenset({"email"}), 1)
    merged = recognise([(MAUTIC, EMAIL)], owners=owners, fresh_ids=["new"], survivors={"c-1": "c-2", "c-2": "c-2"})
    assert (merged.contact_ids, merged.meetings) == (("c-1",), ())


def test_our_own_id_is_taken_at_its_word_known_or_not() -> None:
    found = recognised((contact_key("c-9"),), (contact_key("c-8"),), (contact_key("c-8"),), owners={contact_key("c-9"): "c-9"})
    assert (found.contact_ids, found.new_contact_ids, found.learnt) == (("c-9", "c-8", "c-8"), ("c-8",), {})


keys = st.builds(PersonKey, st.sampled_from(["id:a", "id:b", "email"]), st.sampled_from(["1", "2", "3"]))
people = st.lists(st.lists(keys, min_size=1, max_size=3, unique=True).map(tuple), max_size=8)


@given(people, st.dictionaries(keys, st.sampled_from(["c-1", "c-2"]), max_size=4))
def test_everybody_is_somebody_and_nobodys_key_changes_hands(persons: list[tuple[PersonKey, ...]], owners: dict[PersonKey, str]) -> None:
    found = recognised(*persons, owners=owners)
    assert len(found.contact_ids) == len(persons)
    assert not found.learnt.keys() & owners.keys()
    assert set(found.new_contact_ids) <= set(found.contact_ids) - set(owners.values())
    everyone = owners | dict(found.learnt)
    for person, contact_id in zip(persons, found.contact_ids, strict=True):
        assert contact_id in {everyone.get(key) for key in person}


@given(people)
def test_a_batch_and_one_by_one_find_the_same_people(persons: list[tuple[PersonKey, ...]]) -> None:
    numbers = count()
    owners: dict[PersonKey, str] = {}
    singly: list[str] = []
    for person in persons:
        found = recognise([person], owners=owners, fresh_ids=[f"new-{next(numbers)}"])
        owners |= found.learnt
        singly += found.contact_ids
    assert tuple(singly) == recognised(*persons).contact_ids


def test_addresses_are_one_in_any_writing() -> None:
    composed, decomposed = unicodedata.normalize("NFC", "jürgen@klinik.test"), unicodedata.normalize("NFD", "JÜRGEN@Klinik.test")
    assert email_key(f"  {decomposed} ") == email_key(composed) == PersonKey("email", "jürgen@klinik.test")


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b@c d", "two@x.test, three@x.test", "a" * 300 + "@x.test", "a\u200e\n@x.test", "@x.test"]
)
def test_what_is_no_address_is_no_key(address: str) -> None:
    assert email_key(address) is None


@pytest.mark.parametrize("value", ["", "   ", "a\x00b", "a\tb", "x" * 201, "\u0958" * 200])
def test_what_is_no_id_is_no_key(value: str) -> None:
    assert external_key("mautic", value) is None


@given(st.text(max_size=300))
def test_normal_forms_are_stable(text: str) -> None:
    for key in (email_key(text), external_key("mautic", text)):
        if key is not None:
            again = email_key(key.value) if key.namespace == "email" else external_key("mautic", key.value)
            assert again == key


def test_a_persons_keys_come_strongest_first() -> None:
    person = person_of(external_ids={"mautic": "26", "crm": "9", "npi": "1234567893"}, emails=["b@x.test", "a@x.test", "B@x.test"])
    assert [key.namespace for key in person] == ["id:npi", "id:crm", "id:mautic", "email", "email"]


@pytest.mark.parametrize("npi", ["1234567893", "1245319599", "2000000002"])
def test_an_npi_with_its_check_digit_is_one(npi: str) -> None:
    assert is_npi(npi)


@pytest.mark.parametrize("npi", ["", "123456789", "12345678933", "abcdefghij", "١٢٣٤٥٦٧٨٩٣", "3234567893", "1234567893 "])
def test_what_has_not_the_shape_of_an_npi_is_none(npi: str) -> None:
    assert not is_npi(npi)


@given(st.integers(100_000_000, 299_999_999), st.integers(0, 9), st.integers(0, 8))
def test_one_mistyped_digit_is_found(stem: int, digit: int, place: int) -> None:
    [right] = [candidate for last in range(10) if is_npi(candidate := f"{stem}{last}")]
    mistyped = right[: place + 1] + str(digit) + right[place + 2 :]
    assert is_npi(mistyped) == (mistyped == right)


def test_a_placeholder_sent_for_everybody_teaches_no_more_than_a_person_has() -> None:
    contact = Contact("c-1")
    for number in range(3 * LEARNT_KEYS_MAX):
        contact = taught(contact, keys=[PersonKey("email", f"p{number}@x.test")], acts=[])
    assert len(contact.keys) == LEARNT_KEYS_MAX
    assert contact.version == LEARNT_KEYS_MAX
