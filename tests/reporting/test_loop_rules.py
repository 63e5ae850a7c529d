"""Deciding and changing, as rules."""

from datetime import UTC, date, datetime, timedelta

import pytest

from reporting.decisions.loop import Decide, Known, RefuseDeciding, RestsOn, State, UnknownAnswers, decide_deciding, owns, resolve_answers
from reporting.decisions.ranges import Span
from reporting.signing import secret_problem

TODAY = date(2026, 11, 22)
KNOWN = Known(themes={"t1": ("r1", "r2")}, reports=frozenset({"r2", "r3"}))


def test_an_open_decision_can_be_decided_with_a_review_today_or_later() -> None:
    assert decide_deciding("open", TODAY, today=TODAY) == Decide()
    assert decide_deciding("open", TODAY - timedelta(days=1), today=TODAY) == RefuseDeciding("review_in_the_past")


@pytest.mark.parametrize("state", ["decided", "closed"])
def test_nothing_is_decided_twice(state: State) -> None:
    assert decide_deciding(state, TODAY, today=TODAY) == RefuseDeciding("not_open")


def test_a_manager_owns_what_names_them_or_managers() -> None:
    assert owns("rep-9", sub="ada", rep_id="rep-9", roles={"manager"})
    assert owns("ada", sub="ada", rep_id="rep-9", roles={"manager"})
    assert owns("manager", sub="ada", rep_id="rep-9", roles={"manager"})
    assert not owns("marketing", sub="ada", rep_id="rep-9", roles={"manager"})
    assert owns("rep-9", sub="bob", rep_id=None, roles={"marketing"})


def test_a_change_rests_on_the_evidence_and_on_what_it_answers_each_report_once() -> None:
    assert resolve_answers(["r3", "t1"], KNOWN, decision_theme=None, evidence=("r9", "r1")) == RestsOn(("r9", "r1", "r3", "r2"), "t1")
    assert resolve_answers([], KNOWN, decision_theme="t7", evidence=("r9",)) == RestsOn(("r9",), "t7")
    assert resolve_answers(["r2"], KNOWN, decision_theme=None, evidence=()) == RestsOn(("r2",), None)


def test_unknown_answers_are_named_by_their_places() -> None:
    assert resolve_answers(["r2", "what", "t1", "ever"], KNOWN, decision_theme=None, evidence=()) == UnknownAnswers((1, 3))


class TestSpans:
    def test_whole_days_lie_between_ragged_ends(self) -> None:
        span = Span(datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 11, 4, 18, tzinfo=UTC))
        assert (span.first_whole_day, span.end_of_whole_days) == (date(2026, 11, 2), date(2026, 11, 4))

    def test_midnights_belong_whole(self) -> None:
        span = Span(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC))
        assert (span.first_whole_day, span.end_of_whole_days) == (date(2026, 11, 1), date(2026, 11, 4))

    def test_a_part_of_a_day_holds_no_whole_one(self) -> None:
        span = Span(datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 11, 1, 7, tzinfo=UTC))
        assert span.first_whole_day > span.end_of_whole_days

    def test_the_span_before_is_as_long(self) -> None:
        span = Span(datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC))
        assert span.before() == Span(datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    ("secret", "is_good"),
    [
        ("whsec_" + "QUJD" * 8, True),
        ("QUJD" * 8, True),
        ("QUJD" * 21 + "QQ==", True),
        ("QUJD" * 21 + "QQ", True),
        ("QUJD" * 21 + "QUI=", False),
        ("QUJD" * 7, False),
        ("whsec_", False),
        ("", False),
        ("not base64 at all, but long enough", False),
        ("QUJD" * 7 + "ü" * 8, False),
        ("A" * 33, False),
    ],
)
def test_secrets_are_24_to_64_bytes_in_base64(secret: str, is_good: bool) -> None:
    assert (secret_problem(secret) is None) == is_good
