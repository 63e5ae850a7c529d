"""The brief: what a rep is told, and what a rep must not be told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from routing.decisions.briefs.material import is_recommendable
from routing.decisions.briefs.parts import (
    ActiveSpecialty,
    Brief,
    BriefAsset,
    BriefFacts,
    HeardTopic,
    LikelyObjection,
)
from routing.decisions.briefs.writing import compose_brief
from routing.decisions.facts import (
    JOURNEY_STAGES,
    Account,
    Approval,
    Asset,
    Campaign,
    Consent,
    Contact,
    Engagement,
    JourneyStage,
    Subject,
    Target,
)
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.journey import stage_after
from routing.decisions.qualification.scoring import contributions, score

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
    read = [each for each in assets if each.intent == "promotional" and each.journey_stage in JOURNEY_STAGES]
    stages = {each.asset_id: cast("JourneyStage", each.journey_stage) for each in read}
    acts = [replace(each, content_stage=stages.get(each.asset_id or "")) for each in engagements]
    reached = stage_after(None, acts, brand_id="cardivex")
    facts = BriefFacts(
        journey_stage=reached.stage if reached else "awareness",
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
        "Specialty cardiology and institution type academic hospital; against them: country US. Works with Lakeside Heart Center."
    )
    assert brief().fit == ("specialty cardiology", "institution type academic hospital")


def test_it_says_so_when_no_rule_speaks_for_the_person() -> None:
    assert brief(subject=Subject(Contact("c-1"))).why_this_person == "No fit rule speaks for them."


def test_what_weighs_nothing_any_more_is_no_reason_to_call_now() -> None:
    told = brief(act(1), act(2, days=4_000)).why_now
    assert told == "Followed a link in the e-mail on 10 March. Rising: one act in the last two weeks, no act in the two before."


def test_it_says_why_now_with_what_weighs_most_first() -> None:
    told = brief(act(1, asset_id="mail"), act(2, "content_downloaded", days=1, asset_id="guide"), assets=(GUIDE, MAIL)).why_now
    assert told == (
        'Downloaded "The guide" on 9 March and followed a link in the e-mail "The mail" on 10 March.'
        " Rising: 2 acts in the last two weeks, no act in the two before."
    )


def test_confirmed_intent_comes_before_everything_that_scores() -> None:
    told = brief(act(1), act(2, "content_downloaded", days=4), act(3, "rep_requested", days=2)).why_now
    assert told.startswith("Asked for a rep on 8 March, downloaded material on 6 March and followed a link in the e-mail on 10 March.")


def test_it_says_so_when_there_is_nothing_recent() -> None:
    assert brief().why_now == "Nothing recent to mention. Steady: no act in the last two weeks, no act in the two before."


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


def test_likely_objections_are_those_of_the_specialty_then_their_own_then_what_they_read_about_each_with_its_answers() -> None:
    heard = {
        "awareness": [HeardTopic("switching", 7), HeardTopic("other", 6), HeardTopic("supply", 1)],
        "consideration": [HeardTopic("x", 9)],
    }
    told = brief(act(1, asset_id="mail"), assets=(GUIDE, MAIL), heard_topics=("cost_copay",), heard_in_specialty=heard)
    assert told.likely_objections == (
        LikelyObjection("switching", "heard 7 times in cardiology at awareness", ()),
        LikelyObjection("cost_copay", "they raised it before", ()),
        LikelyObjection(
            "dosing_administration", "they read about it", (BriefAsset("guide", "2", "The guide", valid_until=date(2026, 12, 31)),)
        ),
    )


def test_what_a_specialty_objects_on_leaves_room_for_what_the_person_said() -> None:
    heard = {"awareness": [HeardTopic(f"topic_{number}", 9) for number in range(9)]}
    told = brief(heard_topics=("cost_copay",), heard_in_specialty=heard).likely_objections
    assert [each.topic for each in told] == ["topic_0", "topic_1", "cost_copay"]


def test_a_topic_is_answered_by_few_assets_those_that_are_valid_longest() -> None:
    answers = [
        asset(f"a-{day}", answers=frozenset({"supply"}), approval=Approval("approved", frozenset({"US"}), date(2026, 4, day)))
        for day in range(1, 6)
    ]
    (objection,) = brief(assets=tuple(answers), heard_topics=("supply",)).likely_objections
    assert [each.asset_id for each in objection.assets] == ["a-5", "a-4", "a-3"]


def test_others_of_the_account_are_counted_and_never_named() -> None:
    others = (ActiveSpecialty("nephrology", 1), ActiveSpecialty("cardiology", 3))
    account = brief(others_at_account=others).account
    assert account is not None
    assert (account.name, account.institution_type, account.others) == ("Lakeside Heart Center", "academic_hospital", others[::-1])
    assert brief(subject=Subject(CONTACT)).account is None


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


@pytest.mark.parametrize(
    ("stage", "step"),
    [
        ("contacted", "Follow up on what you agreed. Ask for the meeting: twenty minutes on initiation."),
        ("meeting_booked", "Prepare the meeting with the answers below."),
        ("on_hold", "Wait until the lead is resumed."),
    ],
)
def test_once_a_conversation_goes_on_the_next_step_follows_from_how_far_it_is(stage: str, step: str) -> None:
    assert brief(act(1, "rep_requested"), campaign=CAMPAIGN, stage=stage).next_step == step


def test_who_is_on_the_call_plan_is_met_there() -> None:
    planned = replace(SUBJECT, target=Target(segment="A", decile=9, planned_calls=4))
    told = brief(act(1, "rep_requested"), subject=planned, kind="on_plan")
    assert told.why_this_person.endswith(" On your call plan: segment A, decile 9, 4 planned calls.")
    assert told.next_step == "In your next planned call: Answer first: they asked for a rep."
    assert "planned" not in brief(act(1, "rep_requested"), subject=planned).why_this_person


def test_denied_channels_are_left_out() -> None:
    quiet = replace(CONTACT, consents=(Consent("email", "promotional", "denied", NOW), Consent("video", "promotional", "denied", NOW)))
    assert brief(subject=Subject(quiet)).allowed_channels == ("in_person", "phone")


def test_a_brief_names_the_person_but_not_in_its_repr() -> None:
    told = brief()
    assert (told.version, told.contact.given_name, told.contact.family_name) == (3, "Ada", "Quill")
    assert (told.contact.account_id, told.contact.account_name) == ("a-1", "Lakeside Heart Center")
    assert "Ada" not in repr(told)
    assert "Quill" not in repr(SUBJECT)
