"""Who is who, whatever order people are met, named, merged and parted in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from intake.decisions.consents import ConsentAct, Consents, merged, strictest
from intake.decisions.directory import AlreadyOne, CannotJoin, Join, Taken
from intake.decisions.people import Pair
from intake.decisions.persons import PersonKey, external_key
from tests.intake.people_in_memory import BEGIN, World

A, B, C = (PersonKey("id:mautic", value) for value in "123")
EMAIL, OTHER = (PersonKey("email", f"{name}@clinic.test") for name in ("ada", "eve"))
NPI, OTHER_NPI = (PersonKey("id:npi", value) for value in ("1234567893", "1245319599"))


def denied(at: datetime | None = None, channel: str = "email") -> ConsentAct:
    return ConsentAct(channel, "marketing", "denied", at)


def granted(at: datetime | None = None, channel: str = "email") -> ConsentAct:
    return ConsentAct(channel, "marketing", "granted", at)


def test_a_directory_names_whom_acts_showed_and_the_first_id_survives() -> None:
    world = World()
    first = world.act(A, EMAIL)
    taken = world.row("hcp-1", NPI, EMAIL)
    assert isinstance(taken, Taken)
    assert world.people.survivor_of("hcp-1") == first
    assert not world.people.contacts[first].provisional
    assert set(world.people.told(first).keys) == {A, EMAIL, NPI}
    assert world.people.told(first).version == 2
    assert world.row("hcp-1", NPI, EMAIL) == replace(taken, before=taken.after)


def test_a_row_with_keys_of_several_provisional_contacts_joins_them_into_the_oldest() -> None:
    world = World()
    first, second, third = world.act(A), world.act(B), world.act(EMAIL)
    world.row("hcp-1", A, EMAIL, B)
    assert {world.people.survivor_of(contact_id) for contact_id in (first, second, third, "hcp-1")} == {first}
    assert world.people.told(second).merged_into == first
    assert world.waiting == set()


def test_whom_a_directory_named_survives_whoever_was_seen_first() -> None:
    world = World()
    first = world.act(A)
    world.row("hcp-1", EMAIL)
    assert world.act(A, EMAIL) == "hcp-1"
    assert world.people.told(first).merged_into == "hcp-1"
    assert set(world.people.told("hcp-1").keys) == {A, EMAIL}


def test_two_whom_a_directory_named_wait_and_the_row_is_taken_without_the_key() -> None:
    world = World()
    world.row("hcp-1", NPI, EMAIL)
    taken = world.row("hcp-2", A, EMAIL)
    assert isinstance(taken, Taken)
    assert taken.left_out == [("/1", "leads to contact hcp-1, so it was left out; the candidate says whether that waits to be decided")]
    assert set(world.people.contacts["hcp-2"].keys) == {A}
    assert world.act(A, EMAIL) == "hcp-2"
    assert world.waiting == {Pair("hcp-1", "hcp-2", frozenset({"email"}))}


def test_somebody_with_another_npi_is_somebody_else() -> None:
    world = World()
    first = world.act(OTHER_NPI, EMAIL)
    world.row("hcp-1", NPI, EMAIL)
    assert world.people.survivor_of(first) == first
    assert world.people.contacts[first].provisional
    assert world.waiting == {Pair.of(first, "hcp-1", {"email"})}


def test_an_act_that_meets_two_npis_joins_nobody() -> None:
    world = World()
    first, second = world.act(NPI, EMAIL), world.act(OTHER_NPI, A)
    assert world.act(A, EMAIL) == second
    assert world.people.aliases == {}
    assert world.waiting == {Pair.of(first, second, {"email"})}


def test_a_key_stays_where_a_directory_stated_it_and_one_that_acts_showed_goes_where_it_does() -> None:
    world = World()
    world.row("hcp-1", NPI)
    world.row("hcp-2", EMAIL, merged_into="hcp-1")
    shown = world.act(A, OTHER)
    world.row("hcp-1", NPI, EMAIL, OTHER)
    keys = {contact_id: set(contact.keys) for contact_id, contact in world.people.contacts.items()}
    assert keys == {"hcp-1": {NPI, OTHER}, "hcp-2": {EMAIL}, shown: {A}}
    assert set(world.people.told("hcp-1").keys) == {NPI, EMAIL, OTHER, A}


def test_acts_join_those_that_nobody_named_and_whoever_they_met_before() -> None:
    world = World()
    first, second = world.act(A), world.act(EMAIL)
    assert world.act(A, EMAIL) == first
    assert world.people.told(second).merged_into == first
    assert world.act(EMAIL) == first


def test_a_customer_master_merges_in_one_request_and_later_rows_describe_the_part() -> None:
    world = World()
    world.row("hcp-1", NPI)
    world.row("hcp-2", EMAIL, merged_into="hcp-1")
    assert world.people.told("hcp-2").merged_into == "hcp-1"
    assert set(world.people.told("hcp-1").keys) == {NPI, EMAIL}
    world.row("hcp-2", OTHER)
    assert set(world.people.told("hcp-1").keys) == {NPI, OTHER}
    assert set(world.people.contacts["hcp-1"].keys) == {NPI}


def test_what_cannot_be_joined() -> None:
    world = World()
    for number in "123":
        world.row(f"hcp-{number}")
    provisional = world.act(A)
    world.merge("hcp-1", "hcp-2")
    assert world.merge("hcp-1", "hcp-2") == AlreadyOne("hcp-2")
    assert world.merge("hcp-2", "hcp-1") == AlreadyOne("hcp-2")
    assert world.merge("hcp-1", "hcp-3") == CannotJoin("contact hcp-1 is merged into hcp-2 already")
    assert isinstance(world.merge("hcp-2", provisional), CannotJoin)
    assert world.merge("hcp-2", "nobody") == CannotJoin("there is no contact nobody", unknown="nobody")
    assert world.merge("hcp-2", "hcp-3") == Join("hcp-2", "hcp-3")
    assert world.people.survivor_of("hcp-1") == "hcp-3"
    world.unmerge("hcp-2")
    assert [world.people.survivor_of(f"hcp-{number}") for number in "123"] == ["hcp-2", "hcp-2", "hcp-3"]


def test_whoever_was_parted_is_not_joined_again() -> None:
    world = World()
    world.row("hcp-1", EMAIL)
    first = world.act(A)
    world.act(A, EMAIL)
    world.unmerge(first)
    assert world.act(A, EMAIL) == first
    assert world.people.survivor_of(first) == first
    world.row("hcp-1", EMAIL, A)
    assert world.people.survivor_of(first) == first


def test_a_merged_person_allows_what_the_strictest_part_does_until_they_say_otherwise() -> None:
    world = World()
    world.row("hcp-1", NPI, acts=[granted(BEGIN - timedelta(days=1))])
    world.row("hcp-2", EMAIL, acts=[denied(BEGIN - timedelta(days=9))])
    world.merge("hcp-2", "hcp-1")
    for contact_id in ("hcp-1", "hcp-2"):
        assert world.people.told(contact_id).consents["email", "marketing"].state == "denied"
    world.act(NPI, acts=[granted(BEGIN + timedelta(days=1))])
    assert world.people.told("hcp-2").consents["email", "marketing"].state == "granted"
    world.act(EMAIL, acts=[denied(BEGIN + timedelta(days=2))])
    assert world.people.told("hcp-1").consents["email", "marketing"].state == "denied"
    world.unmerge("hcp-2")
    assert world.people.told("hcp-1").consents["email", "marketing"].state == "granted"


moments = st.none() | st.integers(-5, 5).map(lambda day: BEGIN + timedelta(days=day))
consent_acts = st.builds(
    ConsentAct, st.sampled_from(["email", "any"]), st.just("marketing"), st.sampled_from(["granted", "denied"]), moments
)
several_consents = st.lists(st.lists(consent_acts, max_size=4).map(lambda acts: merged({}, acts)), min_size=1, max_size=4)


@given(several_consents, st.randoms())
def test_joined_consents_know_no_order_and_never_open_what_a_part_had_closed(parts: list[Consents], random: Random) -> None:
    joint = strictest(parts, since=BEGIN)
    shuffled = list(parts)
    random.shuffle(shuffled)
    assert strictest(shuffled, since=BEGIN) == joint
    for place, act in joint.items():
        if act.state == "granted" and any(place in part and part[place].state == "denied" for part in parts):
            assert act.rank[0] == 1, "it is dated"
            assert act.rank[1] >= BEGIN, "only the whole person's own later act opens what a part had closed"


keys = st.sampled_from([A, B, C, EMAIL, OTHER, *(external_key("hs", value) or A for value in "12")])
register_keys = st.sampled_from([A, B, EMAIL, OTHER, NPI, OTHER_NPI])
sets_of_keys = st.lists(keys, min_size=1, max_size=3, unique=True)
Step = Callable[[World], object]


def acting(shown: Sequence[PersonKey]) -> Step:
    return lambda world: world.act(*shown)


def naming(directory_id: str, shown: Sequence[PersonKey]) -> Step:
    return lambda world: world.row(directory_id, *shown)


ids = st.sampled_from(["hcp-1", "hcp-2", "hcp-3"])
one_per_register = st.lists(register_keys, min_size=1, max_size=3, unique_by=lambda key: key.namespace)
steps_without_word = st.lists(st.one_of(one_per_register.map(acting), st.builds(naming, ids, one_per_register)), max_size=10)
any_contact = st.integers(0, 9)
words = st.one_of(
    st.builds(lambda old, into: lambda world: world.merge(_pick(world, old), _pick(world, into)), any_contact, any_contact),
    st.builds(lambda old: lambda world: world.unmerge(_pick(world, old)), any_contact),
)


def _pick(world: World, number: int) -> str:
    known = sorted(world.people.contacts)
    return known[number % len(known)] if known else "nobody"


def _hold(world: World) -> None:
    """What is true of any world."""
    owned = [key for contact in world.people.contacts.values() for key in contact.keys]
    assert len(owned) == len(set(owned)), "a key belongs to one contact"
    assert world.people.owners == {key: contact.id for contact in world.people.contacts.values() for key in contact.keys}
    for survivor_id, parts in world.persons().items():
        named = [part for part in parts if not part.provisional]
        assert not named or not world.people.contacts[survivor_id].provisional, "who is named is never hidden behind who isn't"
        assert len(named) < 2 or world.merged_by_word, "nobody joined two whom a directory named"
        assert set(world.people.told(survivor_id).keys) == {key for part in parts for key in part.keys}
    for alias in world.people.aliases.values():
        assert alias.contact_id not in world.people.aliases, "an alias leads to who stands for themselves"


@given(steps_without_word)
def test_without_anybodys_word_no_two_whom_a_directory_named_become_one(steps: list[Step]) -> None:
    world = World()
    for step in steps:
        step(world)
        _hold(world)


@given(st.lists(st.one_of(one_per_register.map(acting), st.builds(naming, ids, one_per_register), words), max_size=12))
def test_whatever_happens_a_key_is_one_contacts_and_an_alias_leads_to_a_survivor(steps: list[Step]) -> None:
    world = World()
    for step in steps:
        step(world)
        _hold(world)


@given(steps_without_word, any_contact, any_contact, st.lists(any_contact, max_size=3))
def test_a_merge_taken_back_leaves_everybody_as_they_were(steps: list[Step], old: int, into: int, more: list[int]) -> None:
    world = World()
    for step in steps:
        step(world)
    before, survivors = world.told(), {contact_id: world.people.survivor_of(contact_id) for contact_id in world.people.contacts}
    decided = world.merge(_pick(world, old), _pick(world, into))
    assume(isinstance(decided, Join))
    assert isinstance(decided, Join)
    joined = [world.merge(decided.into_id, _pick(world, number)) for number in more]
    for later in reversed([each for each in joined if isinstance(each, Join)]):
        world.unmerge(later.old_id)
    world.unmerge(decided.old_id)
    assert world.told() == before
    assert {contact_id: world.people.survivor_of(contact_id) for contact_id in world.people.contacts} == survivors


@given(st.lists(sets_of_keys, max_size=7), st.lists(sets_of_keys, max_size=2), st.randoms())
def test_any_order_of_acts_and_rows_makes_the_same_people(
    shown: list[list[PersonKey]], stated: list[list[PersonKey]], random: Random
) -> None:
    components = _components([*shown, *stated])
    named = [next(component for component in components if row[0] in component) for row in stated]
    assume(len(named) == len({frozenset(component) for component in named}))  # two rows of one person wait for somebody's word
    steps = [*map(acting, shown), *(naming(f"hcp-{number}", row) for number, row in enumerate(stated))]
    random.shuffle(steps)
    world = World()
    for step in steps:
        step(world)
    assert world.partition() == {frozenset(component) for component in components}
    assert world.waiting == set()


def _components(sets: Iterable[Sequence[PersonKey]]) -> list[set[PersonKey]]:
    """The sets joined where they overlap: who is one person if every key is believed."""
    components: list[set[PersonKey]] = []
    for one in sets:
        joined = {*one}
        apart = []
        for component in components:
            if component & joined:
                joined |= component
            else:
                apart.append(component)
        components = [*apart, joined]
    return components


@pytest.mark.parametrize("seed", range(3))
def test_versions_grow_with_whatever_is_told(seed: int) -> None:
    world = World()
    world.row("hcp-1", NPI)
    world.row("hcp-2", EMAIL)
    versions = [world.people.contacts[f"hcp-{number}"].version for number in "12"]
    for _ in range(seed + 1):
        world.merge("hcp-2", "hcp-1")
        world.unmerge("hcp-2")
    assert [world.people.contacts[f"hcp-{number}"].version for number in "12"] == [version + 2 * (seed + 1) for version in versions]
