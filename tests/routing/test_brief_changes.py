"""What a new version of a brief tells of itself, and what of an old one may still be read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.briefs.changes import changes_between
from routing.decisions.briefs.material import is_recommendable
from routing.decisions.briefs.parts import Brief
from routing.decisions.briefs.validity import as_valid_now
from routing.decisions.facts import Approval, Asset, Campaign, Consent, Subject
from tests.routing.test_brief import CAMPAIGN, CONTACT, MAIL, NOW, SUBJECT, act, asset, brief

ANSWER = asset("answer", answers=frozenset({"cost_copay"}))
WITHDRAWN = replace(ANSWER, approval=replace(ANSWER.approval, status="withdrawn"))
EXPIRED = replace(ANSWER, approval=replace(ANSWER.approval, expires_on=date(2026, 3, 9)))
ELSEWHERE = replace(ANSWER, approval=Approval("approved", frozenset({"DE"}), date(2026, 12, 31)))


def written(**changes: Any) -> Brief:
    return brief(act(1), **{"heard_topics": ("cost_copay",), "assets": (ANSWER,), "rep_id": "rep-1", **changes})


def document(of: Brief) -> Mapping[str, Any]:
    stored: dict[str, Any] = orjson.loads(orjson.dumps(of))
    return stored


def told(before: Mapping[str, Any], after: Brief, *assets: Asset) -> list[tuple[str, str]]:
    found = changes_between(before, after, assets={each.asset_id: each for each in assets or (ANSWER,)}, brand_id="cardivex", now=NOW)
    assert all(each.text for each in found)
    return [(each.code, each.text) for each in found]


def codes(before: Mapping[str, Any], after: Brief, *assets: Asset) -> list[str]:
    return [code for code, _ in told(before, after, *assets)]


def test_the_same_facts_make_no_change() -> None:
    assert codes(document(written()), written()) == []


def test_a_version_from_before_what_is_told_today_is_compared_by_what_it_told() -> None:
    old = {name: value for name, value in document(written()).items() if name not in {"rep_id", "stage", "urgency", "fit", "account"}}
    assert codes(old, written(stage="contacted", rep_id="rep-2")) == ["next_step_changed"]


@pytest.mark.parametrize(
    ("now_is", "found"),
    [
        pytest.param({"rep_id": "rep-2"}, ["owner_changed"], id="another owner"),
        pytest.param({"meeting_at": NOW + timedelta(days=3)}, ["meeting_changed", "next_step_changed"], id="a meeting"),
        pytest.param({"stage": "sql"}, ["stage_changed", "next_step_changed"], id="another stage"),
        pytest.param({"heard_topics": ("cost_copay", "supply")}, ["objections_changed"], id="another objection"),
        pytest.param(
            {"subject": Subject(replace(CONTACT, consents=(Consent("email", "p", "denied", NOW),)), SUBJECT.account)},
            ["channels_changed"],
            id="a channel was denied",
        ),
        pytest.param({"subject": Subject(replace(CONTACT, family_name="Quince"), SUBJECT.account)}, ["contact_changed"], id="another name"),
        pytest.param({"subject": Subject(CONTACT)}, ["account_changed", "fit_changed"], id="no account any more"),
        pytest.param(
            {"subject": Subject(CONTACT, replace(SUBJECT.account, priority="B"))},  # type: ignore[type-var]  # there is one
            ["account_changed"],
            id="an account of another priority",
        ),
    ],
)
def test_each_fact_that_changed_is_told_by_its_code(now_is: dict[str, Any], found: list[str]) -> None:
    assert codes(document(written()), written(**now_is)) == found


def test_new_acts_are_told_and_those_that_were_not_theirs_too() -> None:
    before = document(brief(act(1, days=3), act(2, days=2)))
    assert codes(before, brief(act(1, days=3), act(2, days=2), act(3))) == ["engaged"]
    assert codes(before, brief(act(1, days=3))) == ["restated"]
    assert "restated" in codes(before, brief())


def test_acts_that_leave_a_full_list_are_no_change() -> None:
    acts = [act(number, days=25 - number) for number in range(24)]
    assert codes(document(brief(*acts)), brief(*acts, act(99))) == ["engaged"]


@pytest.mark.parametrize(
    ("becomes", "code"),
    [(WITHDRAWN, "asset_withdrawn"), (EXPIRED, "asset_expired"), (ELSEWHERE, "asset_not_allowed_here")],
    ids=["withdrawn", "expired", "not allowed in the country any more"],
)
def test_an_asset_that_may_not_be_shown_any_more_is_gone_with_the_reason(becomes: Asset, code: str) -> None:
    before = document(written())
    after = written(assets=(becomes,))
    assert codes(before, after, becomes) == [code]
    readable = as_valid_now(before, assets={"answer": becomes}, brand_id="cardivex", country="US", now=NOW)
    assert readable.document["likely_objections"] == document(after)["likely_objections"]
    assert [f"asset_{each.reason}" for each in readable.withdrawn] == [code]


def test_an_asset_nobody_knows_any_more_is_withdrawn() -> None:
    readable = as_valid_now(document(written()), assets={}, brand_id="cardivex", country="US", now=NOW)
    assert [(each.asset_id, each.reason) for each in readable.withdrawn] == [("answer", "withdrawn")]


def test_a_new_version_of_an_asset_stands_in_for_the_old_one_where_it_answers_the_same() -> None:
    before = document(written())
    newer = replace(ANSWER, version="3", title="Newer")
    assert codes(before, written(assets=(newer,)), newer) == ["asset_replaced"]
    readable = as_valid_now(before, assets={"answer": newer}, brand_id="cardivex", country="US", now=NOW)
    assert [(each["version"], each["title"]) for each in readable.document["likely_objections"][0]["assets"]] == [("3", "Newer")]
    assert [(each.version, each.reason) for each in readable.withdrawn] == [("2", "replaced")]
    other = replace(newer, answers=frozenset({"supply"}))
    readable = as_valid_now(before, assets={"answer": other}, brand_id="cardivex", country="US", now=NOW)
    assert readable.document["likely_objections"][0]["assets"] == []


LATER = replace(ANSWER, approval=replace(ANSWER.approval, expires_on=date(2027, 5, 3)))
OTHERS = tuple(asset(f"other-{number}", answers=frozenset({"cost_copay"}), approval=LATER.approval) for number in range(4))


@pytest.mark.parametrize(
    ("becomes", "code", "words"),
    [
        pytest.param((replace(ANSWER, title="Costs"),), "asset_retitled", '"The answer" is called "Costs" now.', id="another title"),
        pytest.param((LATER,), "asset_dates_changed", '"The answer" may be shown through 3 May 2027 now.', id="valid longer"),
        pytest.param(
            (replace(ANSWER, answers=frozenset({"supply"})),),
            "asset_no_answer",
            '"The answer" is no answer to cost copay any more.',
            id="an answer to something else",
        ),
        pytest.param((ANSWER, OTHERS[0]), "asset_added", 'A new answer to cost copay: "The other-0".', id="another answer"),
        pytest.param((ANSWER, *OTHERS), "asset_added", 'A new answer to cost copay: "The other-0", and 2 more.', id="more than are shown"),
    ],
)
def test_what_changed_of_an_answer_is_told_in_words(becomes: tuple[Asset, ...], code: str, words: str) -> None:
    assert told(document(written()), written(assets=becomes), *becomes) == [(code, words)]


def test_the_first_answer_to_an_objection_is_told_and_what_made_room_is_not() -> None:
    assert codes(document(written(assets=())), written()) == ["asset_added"]
    before = document(written(assets=(ANSWER, *OTHERS[:2])))
    assert codes(before, written(assets=(ANSWER, *OTHERS)), ANSWER, *OTHERS) == ["asset_added"]
    assert codes(document(written(assets=OTHERS)), written(assets=(ANSWER, *OTHERS)), ANSWER, *OTHERS) == []


def test_what_was_read_is_called_by_its_new_name() -> None:
    before = document(brief(act(1, asset_id="mail"), assets=(MAIL,)))
    renamed = brief(act(1, asset_id="mail"), assets=(replace(MAIL, title="News"),))
    assert told(before, renamed) == [("asset_retitled", 'What they took in as "The mail" is called "News" now.')]
    unknown = document(brief(act(1, asset_id="mail")))
    assert told(unknown, brief(act(1, asset_id="mail"), assets=(MAIL,)))[0] == (
        "asset_retitled",
        'What they took in is known now: "The mail".',
    )


def test_what_a_campaign_asks_for_now_is_told() -> None:
    before = document(written(campaign=CAMPAIGN))
    assert told(before, written(campaign=replace(CAMPAIGN, call_guide=None)))[0] == (
        "campaign_changed",
        'The campaign "Launch" asks for: meeting twenty minutes on initiation.',
    )
    assert codes(before, written())[0] == "campaign_changed"
    assert told(document(written()), written(campaign=Campaign("launch", "Launch"))) == [
        ("campaign_changed", 'The campaign "Launch" asks for: nothing of its own.')
    ]


def test_who_confirmed_intent_is_an_sql_candidate_and_may_be_none_again() -> None:
    assert told(document(written()), written(readiness="rep_requested")) == [
        ("sql_candidate", "They are an SQL candidate now: rep requested.")
    ]
    assert codes(document(written(readiness="asked")), written()) == ["no_sql_candidate"]


def test_approval_ends_by_itself_with_its_last_day() -> None:
    before, last_day = document(written()), datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    for now, shown in ((last_day, 1), (last_day + timedelta(minutes=1), 0)):
        readable = as_valid_now(before, assets={"answer": ANSWER}, brand_id="cardivex", country="US", now=now)
        assert len(readable.document["likely_objections"][0]["assets"]) == shown


states = st.builds(
    lambda status, regions, days, intent, version, answers: replace(
        ANSWER,
        approval=Approval(status, regions, NOW.date() + timedelta(days=days)),
        intent=intent,
        version=version,
        answers=answers,
    ),
    st.sampled_from(["approved", "withdrawn", "expired", "in_review"]),
    st.frozensets(st.sampled_from(["US", "DE"])),
    st.integers(-2, 2),
    st.sampled_from(["promotional", "educational", "medical", "independent_education", "not_known_yet"]),
    st.sampled_from(["2", "3"]),
    st.frozensets(st.sampled_from(["cost_copay", "supply"])),
)


@given(then=states, now_is=st.none() | states, country=st.sampled_from(["US", "DE", None]))
def test_whatever_became_of_an_asset_nothing_invalid_is_recommended(then: Asset, now_is: Asset | None, country: str | None) -> None:
    before = document(written(assets=(then,)))
    assets = {} if now_is is None else {"answer": now_is}
    readable = as_valid_now(before, assets=assets, brand_id="cardivex", country=country, now=NOW)
    for likely in readable.document["likely_objections"]:
        for shown in likely["assets"]:
            assert now_is is not None
            assert is_recommendable(now_is, brand_id="cardivex", country=country, now=NOW)
            assert shown["version"] == now_is.version
            assert likely["topic"] in now_is.answers
