"""Gates, labels, licences, consents and expressions: what they ask of a contact on a day, and what they may not be."""

import time
from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from routing.decisions.facts import Account, Consent, Contact, Covered, Licence, Subject, Target
from routing.decisions.policies.conditions import condition_matches, gate_closes, indications_for
from routing.decisions.policies.document import IndicationLabel
from routing.decisions.policies.expressions import EXPRESSION_CHARS_MAX, Expression
from routing.decisions.policies.gates import Gate
from routing.decisions.policies.parts import Condition

TODAY = date(2027, 3, 1)
ADA = Contact(
    "c-1",
    country="US",
    region="IL",
    kind="prescriber",
    specialty="cardiology",
    segments=frozenset({"early", "urban"}),
    consents=(Consent("email", "promotion", "granted"), Consent("phone", "promotion", "denied")),
    licences=(Licence("IDFPR", "IL", TODAY), Licence("NYSED", "NY", date(2027, 2, 28))),
)
SUBJECT = Subject(
    ADA, Account("a-1", institution_type="academic", priority="2"), Target(decile=8, indication="gout"), Covered("chicago", "midwest")
)
NOBODY = Subject(Contact("c-2"))
LABELS = (
    IndicationLabel(indication="gout", specialties=("cardiology", "rheumatology"), kinds=("prescriber",)),
    IndicationLabel(indication="lupus", specialties=("rheumatology",)),
    IndicationLabel(indication="any"),
)


def gate(**asked: Any) -> Gate:
    return Gate.model_validate({"id": "gate", "reason": "not_allowed"} | asked)


@pytest.mark.parametrize(
    ("field", "op", "value", "holds"),
    [
        ("indications", "eq", "gout", True),
        ("indications", "in", ["lupus"], False),
        ("licensed_in", "eq", "IL", True),
        ("licensed_in", "eq", "NY", False),
        ("territory.id", "exists", None, True),
        ("territory.region", "eq", "midwest", True),
        ("account.id", "eq", "a-1", True),
        ("target.indication", "eq", "gout", True),
    ],
)
def test_a_field_may_be_derived(field: str, op: str, value: Any, holds: bool) -> None:
    condition = Condition.model_validate({"field": field, "op": op, "value": value})
    assert condition_matches(condition, SUBJECT, day=TODAY, labels=LABELS) is holds


def test_a_label_allows_by_specialty_and_by_kind() -> None:
    assert indications_for(ADA, LABELS) == {"gout", "any"}
    assert indications_for(Contact("c-3", specialty="rheumatology", kind="nurse"), LABELS) == {"lupus", "any"}


@pytest.mark.parametrize(
    ("consent", "closes"),
    [
        ({"channel": "email", "state": "granted"}, False),
        ({"channel": "email", "purpose": "promotion", "state": "granted"}, False),
        ({"channel": "email", "purpose": "research", "state": "granted"}, True),
        ({"channel": "video", "state": "granted"}, True),
        ({"channel": "video", "state": "not_denied"}, False),
        ({"channel": "phone", "state": "not_denied"}, True),
        ({"channel": "phone", "purpose": "research", "state": "not_denied"}, False),
    ],
)
def test_a_gate_may_ask_for_a_consent(consent: dict[str, str], closes: bool) -> None:
    assert gate_closes(gate(consent=consent), SUBJECT, day=TODAY) is closes


def test_what_was_said_of_any_channel_holds_for_each() -> None:
    said = Subject(Contact("c-1", consents=(Consent("email", "promotion", "granted"), Consent("any", "promotion", "denied"))))
    assert gate_closes(gate(consent={"channel": "email", "state": "granted"}), said, day=TODAY)


@pytest.mark.parametrize(
    ("licence", "closes"),
    [
        pytest.param({}, False, id="licensed in the own state"),
        pytest.param({"states": ["il"]}, False, id="whatever the case"),
        pytest.param({"states": ["NY"]}, False, id="asked in other states only"),
        pytest.param({"authority": "NYSED"}, True, id="another authority"),
    ],
)
def test_a_gate_may_ask_for_a_licence(licence: dict[str, Any], closes: bool) -> None:
    assert gate_closes(gate(licence=licence), SUBJECT, day=TODAY) is closes


def test_a_licence_ends_with_its_last_day_and_what_is_not_known_is_not_there() -> None:
    assert gate_closes(gate(licence={"states": ["IL"]}), SUBJECT, day=date(2027, 3, 2))
    assert gate_closes(gate(licence={"states": ["IL"]}), NOBODY, day=TODAY), "nobody knows their state"


@pytest.mark.parametrize(
    ("day", "closes"), [(date(2027, 1, 31), False), (date(2027, 2, 1), True), (TODAY, True), (date(2027, 3, 2), False)]
)
def test_a_gate_stands_from_its_first_day_through_its_last(day: date, closes: bool) -> None:
    dated = gate(field="region", op="in", value=["IL", "VT"], valid_from="2027-02-01", valid_until="2027-03-01")
    assert gate_closes(dated, SUBJECT, day=day) is closes


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("specialty == 'cardiology' && target.decile >= 8", True),
        ("specialty == 'oncology' || account.institution_type in ['academic', 'community']", True),
        ("'urban' in segments && !('rural' in segments)", True),
        ("size(segments) > 2", False),
        ("specialty.startsWith('cardio')", True),
        ("'gout' in indications && 'IL' in licensed_in", True),
        ("'email:promotion' in consents.granted", True),
        ("'phone:promotion' in consents.denied ? false : true", False),
        ("today >= '2027-03-01'", True),
        ("territory.region == 'midwest'", True),
        ("'credentials' in known", False),
        ("credentials == 'MD'", False),
        ("!(credentials == 'MD')", False),
        ("credentials == 'MD' || target.decile == 8", True),
    ],
)
def test_an_expression_holds_or_not_and_asks_nothing_of_what_is_not_known(text: str, holds: bool) -> None:
    assert condition_matches(Condition(expression=text), SUBJECT, day=TODAY, labels=LABELS) is holds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "at least 1 character", id="nothing"),
        pytest.param("specialty ==", "Syntax error", id="no sentence"),
        pytest.param("fit > 3", "undeclared reference to 'fit'", id="an unknown fact"),
        pytest.param("family_name == 'Example'", "undeclared reference to 'family_name'", id="a name is no fact"),
        pytest.param("specialty > 3", "no matching overload", id="text against a number"),
        pytest.param("specialty", "must answer true or false", id="no answer"),
        pytest.param("segments.exists(s, s == 'a')", "undeclared reference", id="a loop"),
        pytest.param("[1, 2].all(x, x > 0)", "undeclared reference", id="a loop over what it wrote itself"),
        pytest.param("specialty.matches('(a+)+$')", "undeclared reference to 'matches'", id="a regular expression"),
        pytest.param("target.decile * 2 > 3", "undeclared reference to '_*_'", id="arithmetic"),
        pytest.param("specialty + specialty == 'a'", "undeclared reference to '_+_'", id="growing text"),
        pytest.param("(" * 200 + "true" + ")" * 200, "recursion limit", id="a hole without a bottom"),
        pytest.param(" || ".join(["target.decile > 1"] * 60), f"at most {EXPRESSION_CHARS_MAX} characters", id="a novel"),
    ],
)
def test_an_expression_that_could_run_long_or_can_mean_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Expression).validate_python(text)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "!" * 995 + "true",
        "true" + "&&true" * 160,
        "size(" + "[" * 12 + "segments" + "]" * 12 + ") > 0",
        f"specialty in [{', '.join(repr(str(number)) for number in range(100, 220))}]",
        "specialty.contains('" + "a" * 900 + "b')",
    ],
    ids=lambda text: text[:12],
)
def test_the_longest_expressions_take_no_time_over_the_largest_facts(text: str) -> None:
    TypeAdapter(Expression).validate_python(text)
    large = Subject(Contact("c-1", specialty="a" * 200, segments=frozenset(f"segment {number}" for number in range(500))))
    condition_matches(Condition(expression=text), large, day=TODAY)  # compiled
    begun = time.perf_counter()
    for _ in range(10):
        condition_matches(Condition(expression=text), large, day=TODAY)
    assert (time.perf_counter() - begun) / 10 < 0.05
