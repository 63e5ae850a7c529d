"""Which territory a postal code lies in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.facts import Account, Contact
from routing.decisions.territories import TerritoryMatch, TerritoryPatterns, index_territories, postal_pattern_problem, territory_of

INDEX = index_territories(
    [
        TerritoryPatterns("illinois", "US", ("60*", "61*", "62*")),
        TerritoryPatterns("chicago", "US", ("606*", "60201")),
        TerritoryPatterns("loop", "us", ("60601",)),
        TerritoryPatterns("london", "GB", ("SW1A*", "EC*")),
        TerritoryPatterns("paris", "FR", ("75*",)),
        TerritoryPatterns("rest-of-france", "FR", ("*",)),
    ]
)


@pytest.mark.parametrize(
    ("country", "postal_code", "territory_id"),
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
def test_a_postal_code_lies_in(country: str | None, postal_code: str | None, territory_id: str | None) -> None:
    match = INDEX.find(country=country, postal_code=postal_code)
    assert (match.territory_id if match else None) == territory_id


def test_a_match_names_the_pattern_that_decided() -> None:
    assert INDEX.find(country="US", postal_code="60614") == TerritoryMatch("chicago", "606*")


@given(st.permutations(["north", "south", "west"]))
def test_of_two_territories_with_the_same_pattern_it_is_always_the_same_one(order: list[str]) -> None:
    index = index_territories(TerritoryPatterns(territory_id, "US", ("606*", "60701")) for territory_id in order)
    assert {match.territory_id for code in ("60614", "60701") if (match := index.find(country="US", postal_code=code))} == {"north"}


@given(
    st.dictionaries(st.text("012", max_size=4), st.booleans(), min_size=1, max_size=12),
    st.text("012", min_size=1, max_size=5),
)
def test_the_index_finds_what_reading_every_pattern_would_find(patterns: dict[str, bool], postal_code: str) -> None:
    texts = [f"{beginning}*" if is_open else beginning for beginning, is_open in patterns.items() if is_open or beginning]
    found = index_territories([TerritoryPatterns("t", "XX", tuple(texts))]).find(country="XX", postal_code=postal_code)
    matching = [text for text in texts if text == postal_code or (text.endswith("*") and postal_code.startswith(text[:-1]))]
    best = max(matching, key=lambda text: (text == postal_code, len(text)), default=None)
    assert (found.pattern if found else None) == best


def test_the_contacts_own_postal_code_decides_before_the_accounts() -> None:
    account = Account("a-1", postal_code="60714")
    own = territory_of(INDEX, contact=Contact("c-1", country="US", postal_code="60614"), account=account)
    accounts = territory_of(INDEX, contact=Contact("c-1", country="US"), account=account)
    elsewhere = territory_of(INDEX, contact=Contact("c-1", country="US", postal_code="90210"), account=account)
    nowhere = territory_of(INDEX, contact=Contact("c-1", country="US"), account=None)
    assert [match.territory_id if match else None for match in (own, accounts, elsewhere, nowhere)] == ["chicago", "illinois", None, None]


@pytest.mark.parametrize("pattern", ["60614", "606*", "*", "SW1A 1AA", "SW1A*", "1234-567"])
def test_a_pattern_is_a_whole_code_or_a_beginning(pattern: str) -> None:
    assert postal_pattern_problem(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("", "empty"), (" ", "empty"), ("6*6", "star"), ("**", "star"), ("606?", "made of"), ("٦٠٦*", "made of"), ("6" * 17, "at most")],
)
def test_what_is_no_pattern_is_said_in_words(pattern: str, said: str) -> None:
    assert said in (postal_pattern_problem(pattern) or "")
