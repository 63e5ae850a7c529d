"""The brief: what a rep is told, and what a rep must not be told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from routing.decisions.brief import Brief, BriefAsset, BriefFacts, LikelyObjection, compose_brief, is_recommendable
from routing.decisions.facts import Account, Approval, Asset, Campaign, Consent, Contact, Engagement, Subject
from routing.decisions.policy import Policy
from routing.decisions.scoring import contributions, score

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
POLICY = Policy.model_validate(
    {
        "brand_id": "cardivex",
        "title": "Launch",
        "fit": [
            {"id": "specialty", "field": "specialty", "op": "eq", "value": "cardiology", "points": 30},
            {"id": "place", "field": "account.institution_type", "op": "in", "value": ["academic_hospital"], "points": 12.5},
            {"id": "kind", "field": "kind", "op": "eq", "value": "nurse", "points": 5},
            {"id": "far", "field": "country", "op": "eq", "value": "US", "points": -2},
        ],
        "engagement": [
            {"id": "click", "kinds": ["email_clicked"], "points": 5, "half_life_days": 30},
            {"id": "download", "kinds": ["content_downloaded"], "points": 20, "half_life_days": 30},
        ],
        "readiness": [{"id": "asked", "kinds": ["rep_requested"]}],
        "thresholds": {"fit": 30, "engagement": 20},
        "clocks": {"first_outreach_seconds": 3600},
    }
)
CONTACT = Contact("c-1", country="US", specialty="cardiology", kind="prescriber", given_name="Ada", family_name="Quill")
SUBJECT = Subject(CONTACT, Account("a-1", name="Lakeside Heart Center", institution_type="academic_hospital"))
CAMPAIGN = Campaign("launch", "Launch", call_guide="dosing in renal impairment", meeting_ask="twenty minutes on initiation")


def asset(asset_id: str, **changes: Any) -> Asset:
    facts: dict[str, Any] = {
        "version": "2",
        "brand_id": "cardivex",
        "title": f"The {asset_id}",
        "journey_stage": "awareness",
        "intent": "promotional",
        "approval": Approval("approved", frozenset({"US"}), date(2026, 12, 31)),
    }
    return Asset(asset_id, **facts | changes)


def act(number: int, kind: str = "email_clicked", *, days: int = 0, **changes: Any) -> Engagement:
    facts: dict[str, Any] = {"context": "promotional", "brand_id": "cardivex", "occurred_at": NOW - timedelta(days=days)}
    return Engagement(f"e-{number}", kind, **facts | changes)


def brief(*engagements: Engagement, assets: tuple[Asset, ...] = (), subject: Subject = SUBJECT, **changes: Any) -> Brief:
    ledger = [row for each in engagements for row in contributions(POLICY, each)]
    facts = BriefFacts(
        policy=POLICY,
        subject=subject,
        score=score(POLICY, subject=subject, ledger=ledger, now=NOW),
        engagements=engagements,
        assets={each.asset_id: each for each in assets},
        **changes,
    )
    return compose_brief(facts, version=3, now=NOW)


GUIDE = asset(
    "guide", journey_stage="consideration", topics=frozenset({"dosing_administration"}), answers=frozenset({"dosing_administration"})
)
MAIL = asset("mail", topics=frozenset({"dosing_administration", "launch"}))


def test_it_says_why_this_person_in_words_a_rep_understands() -> None:
    assert brief().why_this_person == (
        "Specialty cardiology and institution type academic hospital: fit 40.5, where 30 is needed. Works with Lakeside Heart Center."
    )


def test_it_says_so_when_no_rule_speaks_for_the_person() -> None:
    assert brief(subject=Subject(Contact("c-1"))).why_this_person == "No fit rule speaks for them: fit 0, where 30 is needed."


def test_what_weighs_nothing_any_more_is_no_reason_to_call_now() -> None:
    told = brief(act(1), act(2, days=4_000)).why_now
    assert told == "Followed a link in the e-mail today: engagement 5, where 20 is needed."


def test_it_says_why_now_with_what_weighs_most_first() -> None:
    told = brief(act(1, asset_id="mail"), act(2, "content_downloaded", days=1, asset_id="guide"), assets=(GUIDE, MAIL)).why_now
    assert told == (
        'Downloaded "The guide" yesterday and followed a link in the e-mail "The mail" today: engagement 24.5432, where 20 is needed.'
    )


def test_confirmed_intent_comes_before_everything_that_scores() -> None:
    told = brief(act(1), act(2, "content_downloaded", days=4), act(3, "rep_requested", days=2)).why_now
    assert told.startswith("Asked for a rep 2 days ago, downloaded material 4 days ago and followed a link in the e-mail today: engagement")


def test_it_says_so_when_there_is_nothing_recent() -> None:
    assert brief().why_now == "Nothing recent to mention: engagement 0, where 20 is needed."


def test_acts_are_listed_newest_first_with_the_titles_of_what_was_read() -> None:
    shown = brief(act(1, days=3, asset_id="mail"), act(2, "webinar_attended", days=1, asset_id="unknown"), assets=(MAIL,)).engagements
    assert [(each.kind, each.asset_id, each.title) for each in shown] == [
        ("webinar_attended", "unknown", None),
        ("email_clicked", "mail", "The mail"),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(act(1, context="medical"), id="a medical context"),
        pytest.param(act(1, context="independent_education"), id="independent education"),
        pytest.param(act(1, asset_id="trial-data"), id="medical content in a promotional context"),
        pytest.param(act(1, machine=True), id="a machine"),
        pytest.param(act(1, flags=frozenset({"test"})), id="a test"),
        pytest.param(act(1, brand_id="other"), id="another brand"),
        pytest.param(act(1, "email_delivered"), id="a delivery"),
        pytest.param(act(1, "unsubscribed"), id="an unsubscription"),
    ],
)
def test_a_rep_is_not_told_of(hidden: Engagement) -> None:
    secret = asset("trial-data", intent="medical", topics=frozenset({"efficacy"}), journey_stage="sales_engagement")
    told = brief(replace(hidden, topics=frozenset({"secret"})), assets=(secret,))
    assert (told.engagements, told.topics, told.likely_objections, told.journey_stage) == ((), (), (), "awareness")
    assert told.why_now.startswith("Nothing recent")


@pytest.mark.parametrize(
    ("read", "stage"),
    [
        ([], "awareness"),
        (["awareness"], "awareness"),
        (["consideration", "awareness"], "consideration"),
        (["awareness", "sales_engagement", "consideration"], "sales_engagement"),
        (["some_later_stage"], "awareness"),
    ],
    ids=["nothing read", "awareness", "consideration, then awareness", "all three", "a stage not known"],
)
def test_the_journey_stage_is_the_furthest_that_content_was_read_for(read: list[str], stage: str) -> None:
    assets = tuple(asset(f"asset-{number}", journey_stage=each) for number, each in enumerate(read))
    acts = [act(number, asset_id=each.asset_id) for number, each in enumerate(assets)]
    assert brief(*acts, assets=assets).journey_stage == stage
    assert brief(*reversed(acts), assets=assets).journey_stage == stage


def test_topics_come_by_how_often_they_were_read_about() -> None:
    told = brief(act(1, asset_id="mail"), act(2, asset_id="guide"), act(3, topics=frozenset({"access"})), assets=(GUIDE, MAIL))
    assert told.topics == ("dosing_administration", "access", "launch")


def test_likely_objections_are_those_heard_before_then_those_read_about_each_with_its_answers() -> None:
    told = brief(act(1, asset_id="mail"), assets=(GUIDE, MAIL), heard_topics=("cost_copay",))
    assert told.likely_objections == (
        LikelyObjection("cost_copay", ()),
        LikelyObjection("dosing_administration", (BriefAsset("guide", "2", "The guide"),)),
    )


@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        pytest.param({}, True, id="approved, in date, in the country"),
        pytest.param({"approval": Approval("approved", frozenset({"US"}), date(2026, 3, 10))}, True, id="on its last day"),
        pytest.param({"approval": Approval("approved", frozenset({"US"}), date(2026, 3, 9))}, False, id="expired"),
        pytest.param({"approval": Approval("in_review", frozenset({"US"}), date(2026, 12, 31))}, False, id="not approved"),
        pytest.param({"approval": Approval("approved", frozenset({"DE"}), date(2026, 12, 31))}, False, id="approved elsewhere"),
        pytest.param({"intent": "medical"}, False, id="medical"),
        pytest.param({"intent": "independent_education"}, False, id="independent education"),
        pytest.param({"brand_id": "other"}, False, id="another brand"),
    ],
)
def test_an_answer_is_recommended_only_if_a_rep_may_show_it(changes: dict[str, Any], usable: bool) -> None:
    answer = asset("answer", answers=frozenset({"cost_copay"}), **changes)
    assert is_recommendable(answer, brand_id="cardivex", country="US", now=NOW) is usable
    (objection,) = brief(assets=(answer,), heard_topics=("cost_copay",)).likely_objections
    assert bool(objection.assets) is usable


def test_without_a_country_no_material_is_recommended() -> None:
    assert not is_recommendable(GUIDE, brand_id="cardivex", country=None, now=NOW)


def test_who_asked_for_a_rep_is_answered_first() -> None:
    assert brief(act(1, "rep_requested"), campaign=CAMPAIGN).next_step == (
        "Answer first: they asked for a rep. Use the call guide: dosing in renal impairment."
        " Ask for the meeting: twenty minutes on initiation."
    )


@pytest.mark.parametrize(
    ("stage", "campaign", "step"),
    [
        ("awareness", None, "Introduce the topic and find out whether it matters to their patients."),
        ("consideration", None, "Call and answer what they are weighing up."),
        (
            "sales_engagement",
            CAMPAIGN,
            "Propose a meeting: they have read what decides. Use the call guide: dosing in renal impairment."
            " Ask for the meeting: twenty minutes on initiation.",
        ),
    ],
    ids=["awareness", "consideration", "sales engagement, in the campaign's words"],
)
def test_otherwise_the_next_step_follows_from_the_journey_stage(stage: str, campaign: Campaign | None, step: str) -> None:
    assert brief(act(1, asset_id="read"), assets=(asset("read", journey_stage=stage),), campaign=campaign).next_step == step


def test_denied_channels_are_left_out() -> None:
    quiet = replace(CONTACT, consents=(Consent("email", "promotional", "denied", NOW), Consent("video", "promotional", "denied", NOW)))
    assert brief(subject=Subject(quiet)).allowed_channels == ("in_person", "phone")


def test_a_brief_names_the_person_but_not_in_its_repr() -> None:
    told = brief()
    assert (told.version, told.contact.given_name, told.contact.family_name) == (3, "Ada", "Quill")
    assert (told.contact.account_id, told.contact.account_name) == ("a-1", "Lakeside Heart Center")
    assert "Ada" not in repr(told)
    assert "Quill" not in repr(SUBJECT)
