"""The field types of JSON bodies."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.bodies import Answer, Body, Code, Country, Day, Email, Flag, Id, Int, Label, Link, Moment, Note, Number, Uuid, Zone, utc_text


class Part(Body):
    weight: Int


class Visit(Body):
    at: Moment
    parts: list[Part] = []
    flag: Flag = False


class Seen(Answer):
    at: Moment


def read(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


@given(st.integers(86_400, 4_133_894_400), st.integers(0, 999_999), st.integers(-1_439, 1_439))
def test_a_moment_goes_in_with_any_zone_and_comes_out_in_utc(seconds: int, microseconds: int, offset_minutes: int) -> None:
    zone = timezone(timedelta(minutes=offset_minutes))
    moment = datetime.fromtimestamp(seconds, zone).replace(microsecond=microseconds)
    read_back = read(Moment, moment.isoformat())
    assert read_back == moment
    assert read_back.tzinfo is UTC
    assert read(Moment, utc_text(read_back)) == read_back


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-03-01T09:30:00", "zone"),
        ("2026-03-01", "zone"),
        ("2026-03-01T24:00:00Z", "24:00"),
        ("2026-06-30T23:59:60Z", "leap second"),
        ("1969-12-31T23:59:59Z", "1970"),
        ("2101-01-01T00:00:00Z", "2100"),
        ("2026-02-29T00:00:00Z", "calendar"),
        ("2026-03-01T09:61:00Z", "calendar"),
        ("0001-01-01T00:00:00+23:59", "calendar"),
        ("2026-03-01T09:30:00+25:00", "calendar"),
        ("2026-W09-7T09:30:00Z", "RFC 3339"),
        ("20260301T093000Z", "RFC 3339"),
        ("٢٠٢٦-03-01T09:30:00Z", "RFC 3339"),
        ("yesterday", "RFC 3339"),
        (1_772_357_400, "RFC 3339"),
        (1_772_357_400.5, "RFC 3339"),
        (True, "RFC 3339"),
        (None, "RFC 3339"),
    ],
)
def test_a_moment_that_is_not_one_is_refused_and_told_why(text: object, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        read(Moment, text)


def test_answers_speak_utc_whatever_zone_they_were_given() -> None:
    seen = Seen(at=datetime(2026, 3, 1, 10, 30, tzinfo=timezone(timedelta(hours=1))))
    assert seen.model_dump_json() == '{"at":"2026-03-01T09:30:00Z"}'


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Int, 2**63 - 1),
        (Number, 3),
        (Number, -0.5),
        (Flag, True),
        (Id, "contact/7 ü"),
        (Code, "webinar_2"),
        (Label, "Brief zur Dosierung"),
        (Note, "two\nlines\t"),
        (Note, ""),
        (Email, "ada.lovelace+x@example.co.uk"),
        (Country, "US"),
        (Zone, "America/Chicago"),
        (Link, "https://example.com/a?b=1"),
    ],
)
def test_good_values_stay_as_they_are(kind: Any, value: object) -> None:
    assert read(kind, value) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Int, "5"),
        (Int, True),
        (Int, 5.0),
        (Int, 2**63),
        (Number, "5"),
        (Number, True),
        (Number, float("nan")),
        (Number, float("inf")),
        (Flag, 1),
        (Flag, "true"),
        (Id, ""),
        (Id, " a"),
        (Id, "a\n"),
        (Id, "a\x00b"),
        (Id, "a\u2028b"),
        (Id, "a" * 201),
        (Id, 7),
        (Code, "Webinar"),
        (Code, "webinar\n"),
        (Code, "a" * 41),
        (Label, "two\nlines"),
        (Label, "red \x1b[31m"),
        (Note, "a" * 10_001),
        (Email, "ada"),
        (Email, "ada@b@c"),
        (Email, "a\nb@example.com"),
        (Country, "usa"),
        (Zone, "Mars/Base"),
        (Zone, "../etc/passwd"),
        (Link, "javascript:alert(1)"),
        (Link, "https://user:pw@example.com"),
        (Link, "https://[broken"),
        (Day, 20260301),
        (Day, "2026-03-01T00:00:00Z"),
        (Day, "2026-02-30"),
        (Uuid, 7),
        (Uuid, "7"),
    ],
)
def test_other_values_are_refused_not_converted(kind: Any, value: object) -> None:
    with pytest.raises(ValidationError):
        read(kind, value)


def test_days_and_uuids_come_as_strings() -> None:
    assert read(Day, "2026-03-01") == date(2026, 3, 1)
    assert read(Uuid, "0198c0de-0000-7000-8000-000000000001") == UUID("0198c0de-0000-7000-8000-000000000001")


def test_identifiers_that_look_alike_in_other_normal_forms_are_one() -> None:
    assert read(Id, "Mu\u0308ller") == read(Id, "M\u00fcller")


def test_a_very_long_run_of_combining_marks_is_refused_before_it_is_normalised() -> None:
    with pytest.raises(ValidationError, match="at most 200"):
        read(Id, "a" + "\u0316\u0301" * 1_000_000)


def test_a_body_refuses_fields_it_does_not_know_and_conversions_inside_it() -> None:
    moment = "2026-03-01T09:30:00Z"
    assert read(Visit, {"at": moment, "parts": [{"weight": 2}]}).parts[0].weight == 2
    for wrong in ({"at": moment, "score": 1}, {"at": moment, "parts": [{"weight": "2"}]}, {"at": moment, "flag": 0}, {}):
        with pytest.raises(ValidationError):
            read(Visit, wrong)


def test_an_id_that_outgrows_its_bound_in_its_normal_form_is_refused() -> None:
    """U+0958 normalises to two characters: what is kept, and sent on in events, is the normal form."""
    with pytest.raises(ValidationError, match="normal form"):
        TypeAdapter(Id).validate_python("\u0958" * 200)
