"""Which territory a contact is aligned to: by list, account or postal code, by priority, on the day, for the brand and its teams."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.assignment.alignments import Aligned, Alignment, AlignmentIndex, Coverage, whereabouts_of
from routing.decisions.assignment.territories import postal_pattern_problem
from routing.decisions.facts import Account, Contact
from tests.routing.linear import LinearScan

DAY = date(2026, 3, 4)
ONE_DAY = timedelta(days=1)
BRANDS_OF_TEAMS = {"cardio": frozenset({"cardivex"}), "diabetes": frozenset({"glucofree"})}


def own(territory_id: str, country: str, *postal_codes: str) -> Alignment:
    return Alignment(territory_id, country, Coverage(postal_codes))


def explicit(alignment_id: str, territory_id: str, *postal_codes: str, priority: int = 1, **changes: Any) -> Alignment:
    include = Coverage(postal_codes, changes.pop("account_ids", frozenset()), changes.pop("contact_ids", frozenset()))
    return Alignment(territory_id, "US", include, alignment_id=alignment_id, priority=priority, **changes)


def find(
    *alignments: Alignment,
    postal_code: str | None = "60614",
    country: str | None = "US",
    account: Account | None = None,
    brand_id: str = "cardivex",
    day: date = DAY,
) -> Aligned | None:
    where = whereabouts_of(Contact("c-1", country=country, postal_code=postal_code), account)
    found = AlignmentIndex(alignments, day, BRANDS_OF_TEAMS).find(where, brand_id=brand_id)
    assert found == LinearScan(alignments, BRANDS_OF_TEAMS).find(where, brand_id=brand_id, day=day)
    return found


def territory_id(aligned: Aligned | None) -> str | None:
    return aligned.territory_id if aligned else None


TERRITORIES = (
    own("illinois", "US", "60*", "61*", "62*"),
    own("chicago", "US", "606*", "60201"),
    own("loop", "us", "60601"),
    own("london", "GB", "SW1A*", "EC*"),
    own("paris", "FR", "75*"),
    own("rest-of-france", "FR", "*"),
)


@pytest.mark.parametrize(
    ("country", "postal_code", "expected"),
    [
        pytest.param("US", "60614", "chicago", id="the longer beginning wins"),
        pytest.param("US", "60714", "illinois", id="the shorter beginning has the rest"),
        pytest.param("US", "60601", "loop", id="a whole code beats every beginning"),
        pytest.param("US", "60601-1234", "loop", id="four more digits are the same place"),
        pytest.param("US", "60201", "chicago", id="a whole code beside beginnings"),
        pytest.param("US", "90210", None, id="a code nobody covers"),
        pytest.param("FR", "60614", "rest-of-france", id="the country must match"),
        pytest.param("FR", "75008", "paris", id="a beginning beats the whole country"),
        pytest.param("DE", "60614", None, id="a country nobody covers"),
        pytest.param("GB", "sw1a 1aa", "london", id="case and spaces don't matter"),
        pytest.param("gb", "EC1-A", "london", id="nor does the case of the country, nor hyphens"),
        pytest.param("US", None, None, id="no postal code"),
        pytest.param("US", "", None, id="an empty postal code"),
        pytest.param(None, "60614", None, id="no country"),
    ],
)
def test_absent_alignments_a_territorys_own_postal_codes_align_it(
    country: str | None, postal_code: str | None, expected: str | None
) -> None:
    assert territory_id(find(*TERRITORIES, country=country, postal_code=postal_code)) == expected


def test_what_is_found_names_the_pattern_that_decided() -> None:
    assert find(*TERRITORIES) == Aligned("chicago", None, None, "606*")


@given(st.permutations(["north", "south", "west"]))
def test_of_two_territories_with_the_same_pattern_it_is_always_the_same_one(order: list[str]) -> None:
    territories = [own(each, "US", "606*", "60701") for each in order]
    assert {territory_id(find(*territories, postal_code=code)) for code in ("60614", "60701")} == {"north"}


def test_the_contacts_own_postal_code_decides_before_the_accounts() -> None:
    account = Account("a-1", postal_code="60714")
    codes = ("60614", None, "90210")
    assert [territory_id(find(*TERRITORIES, postal_code=code, account=account)) for code in codes] == ["chicago", "illinois", None]


def test_an_explicit_alignment_stands_before_every_territorys_own_postal_codes() -> None:
    north_shore = explicit("n", "north-shore", "60*", priority=9)
    assert find(*TERRITORIES, north_shore) == Aligned("north-shore", None, "n", "60*")
    assert territory_id(find(*TERRITORIES, north_shore, postal_code="61701")) == "illinois"


def test_of_overlapping_alignments_the_lowest_priority_number_stands_before_what_is_more_exact() -> None:
    by_name = explicit("name", "north", contact_ids=frozenset({"c-1"}), priority=2)
    first = explicit("first", "south", "6*", priority=1)
    assert territory_id(find(by_name, first)) == "south"


def test_of_equal_priority_the_more_exact_stands() -> None:
    candidates = [
        explicit("e", "beginning", "60*"),
        explicit("d", "longer-beginning", "606*"),
        explicit("c", "whole", "60614"),
        explicit("b", "account", account_ids=frozenset({"a-1"})),
        explicit("a", "contact", contact_ids=frozenset({"c-1"})),
    ]
    account = Account("a-1", postal_code="99999")
    for number, expected in enumerate(["beginning", "longer-beginning", "whole", "account", "contact"], start=1):
        assert territory_id(find(*candidates[:number], account=account)) == expected


def test_what_is_excluded_is_not_included_whichever_way_it_is_named() -> None:
    others = own("illinois", "US", "60*")
    account = Account("a-1", postal_code="60614")
    for excluded in (
        Coverage(("6061*",)),
        Coverage(("60614",)),
        Coverage((), frozenset({"a-1"})),
        Coverage((), frozenset(), frozenset({"c-1"})),
    ):
        chicago = explicit("x", "chicago", "606*", contact_ids=frozenset({"c-1"}), exclude=excluded)
        assert territory_id(find(chicago, others, account=account)) == "illinois"
    # Its own postal codes don't bring back what its alignment excludes.
    excluding = explicit("x", "chicago", "606*", exclude=Coverage(("60614",)))
    assert find(excluding, own("chicago", "US", "606*")) is None


@pytest.mark.parametrize(
    ("day", "expected"),
    [(DAY - ONE_DAY, "chicago"), (DAY, "new"), (DAY + 2 * ONE_DAY, "new"), (DAY + 3 * ONE_DAY, "chicago")],
    ids=["before", "first day", "last day", "after"],
)
def test_an_alignment_counts_on_its_days(day: date, expected: str) -> None:
    dated = explicit("x", "new", "606*", valid_from=DAY, valid_until=DAY + 2 * ONE_DAY)
    assert territory_id(find(*TERRITORIES, dated, day=day)) == expected


def test_an_alignment_of_one_brand_leaves_the_others_to_the_territorys_own_codes() -> None:
    narrow = explicit("x", "chicago", "60601", brand_id="cardivex")
    wide = own("chicago", "US", "606*")
    assert find(narrow, wide) is None
    assert territory_id(find(narrow, wide, brand_id="glucofree")) == "chicago"


def test_each_sales_team_has_its_own_territories_for_the_brands_its_reps_promote() -> None:
    cardio, diabetes = explicit("c", "north", "606*", team="cardio"), explicit("d", "south", "606*", team="diabetes", priority=0)
    assert find(cardio, diabetes) == Aligned("north", "cardio", "c", "606*")
    assert find(cardio, diabetes, brand_id="glucofree") == Aligned("south", "diabetes", "d", "606*")
    assert find(cardio, diabetes, brand_id="nobodys") is None


CODES = st.lists(
    st.one_of(st.text("012", min_size=1, max_size=4), st.text("012", max_size=3).map(lambda text: f"{text}*")), max_size=4
).map(tuple)
COVERAGE = st.builds(Coverage, CODES, st.frozensets(st.sampled_from("ab"), max_size=1), st.frozensets(st.sampled_from("cd"), max_size=1))
DAYS = st.one_of(st.none(), st.sampled_from([DAY - ONE_DAY, DAY, DAY + ONE_DAY]))


@st.composite
def alignment_sets(draw: st.DrawFn) -> Sequence[Alignment]:
    explicit_ones = draw(
        st.lists(
            st.builds(
                Alignment,
                st.sampled_from(["t-1", "t-2", "t-3"]),
                st.sampled_from(["US", "CA"]),
                COVERAGE,
                COVERAGE,
                alignment_id=st.just(""),
                brand_id=st.sampled_from([None, "cardivex", "glucofree"]),
                team=st.sampled_from([None, "cardio", "diabetes"]),
                priority=st.integers(0, 2),
                valid_from=DAYS,
                valid_until=DAYS,
            ),
            max_size=8,
        )
    )
    named = [replace(each, alignment_id=f"al-{number}") for number, each in enumerate(explicit_ones)]
    return [*named, *(own(f"t-{number}", "US", *draw(CODES)) for number in range(1, 5))]


@given(
    alignments=alignment_sets(),
    contact=st.builds(Contact, st.sampled_from("cde"), country=st.sampled_from(["US", "CA"]), postal_code=st.text("012", max_size=4)),
    account=st.one_of(st.none(), st.builds(Account, st.sampled_from("abz"), postal_code=st.text("012", min_size=1, max_size=4))),
    brand_id=st.sampled_from(["cardivex", "glucofree", "third"]),
)
def test_the_index_finds_what_reading_every_alignment_finds(
    alignments: Sequence[Alignment], contact: Contact, account: Account | None, brand_id: str
) -> None:
    where = whereabouts_of(contact, account)
    found = AlignmentIndex(alignments, DAY, BRANDS_OF_TEAMS).find(where, brand_id=brand_id)
    assert found == LinearScan(alignments, BRANDS_OF_TEAMS).find(where, brand_id=brand_id, day=DAY)


@pytest.mark.parametrize("pattern", ["60614", "606*", "*", "SW1A 1AA", "SW1A*", "1234-567"])
def test_a_pattern_is_a_whole_code_or_a_beginning(pattern: str) -> None:
    assert postal_pattern_problem(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("", "empty"), (" ", "empty"), ("6*6", "star"), ("**", "star"), ("606?", "made of"), ("٦٠٦*", "made of"), ("6" * 17, "at most")],
)
def test_what_is_no_pattern_is_said_in_words(pattern: str, said: str) -> None:
    assert said in (postal_pattern_problem(pattern) or "")
