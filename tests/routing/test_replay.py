"""History replayed in one pass says what `decide_qualification` would have said after each engagement."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decisions.facts import Contact, Engagement, Subject
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.deciding import Cycle, Qualified, asks_for_rep, decide_qualification
from routing.decisions.qualification.replay import EPOCH, Replay, Seen, Shapes, Standing, in_order, microseconds, moment_of
from routing.decisions.qualification.scoring import contributions

BEGAN = datetime(2026, 1, 30, 22, tzinfo=UTC)
BRAND = "cardiolex"
KINDS = ("email_clicked", "webinar_attended", "page_viewed", "unsubscribed")
CARDIOLOGIST = Subject(Contact("c-1", specialty="cardiology"))

points = st.sampled_from([0.5, 3.3333, 5, 10, 12.5, 20, 40, -7, -20])
half_lives = st.sampled_from([0.01, 0.25, 1, 7, 14.5, 365])
caps = st.sampled_from([None, 0, 10, 15, 24.99995, 25, 60])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    rules = [
        {
            "id": f"rule-{place}",
            "kinds": draw(st.lists(st.sampled_from(KINDS[:3]), min_size=1, max_size=3, unique=True)),
            "topics": draw(st.sampled_from([[], [], ["dosing"]])),
            "points": draw(points),
            "half_life_days": draw(half_lives),
            "cap": draw(caps),
            "max_per_day": draw(st.sampled_from([None, None, 1, 2])),
        }
        for place in range(draw(st.integers(1, 4)))
    ]
    grouped = [rule["id"] for rule in rules if draw(st.booleans())]
    return Policy.model_validate(
        {
            "brand_id": BRAND,
            "title": "Drawn",
            "fit": [{"id": "specialty", "field": "specialty", "op": "eq", "value": "cardiology", "points": 30}],
            "engagement": rules,
            "groups": [{"id": "together", "rule_ids": grouped, "cap": draw(st.sampled_from([5, 20, 30]))}] if grouped else [],
            "thresholds": {"fit": 30, "engagement": draw(st.sampled_from([-5, 0, 5, 9.99995, 10, 20, 25, 40]))},
            "clocks": {"first_outreach_seconds": 3600},
        }
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Engagement]:
    at, told = BEGAN, []
    for number in range(draw(st.integers(1, 25))):
        at += draw(
            st.sampled_from([timedelta(), timedelta(microseconds=1), timedelta(minutes=7), timedelta(hours=1), timedelta(hours=23)])
            | st.timedeltas(min_value=timedelta(), max_value=timedelta(days=40))
        )
        flags = draw(st.sampled_from([(), (), (), (), ("backfill",), ("test",), ("asset_expired",)]))
        told.append(
            Engagement(
                engagement_id=f"e-{draw(st.integers(0, 9))}{number:03}",
                kind=draw(st.sampled_from([*KINDS, "rep_requested"])),
                context=draw(st.sampled_from(["promotional", "promotional", "medical"])),
                occurred_at=at,
                brand_id=BRAND,
                campaign_id=draw(st.sampled_from([None, "spring", "launch"])),
                topics=frozenset(draw(st.sampled_from([(), ("dosing",)]))),
                machine=draw(st.sampled_from([False, False, False, True])),
                flags=frozenset(flags),
            )
        )
    return told


def seen_by(shapes: Shapes, engagements: Sequence[Engagement]) -> list[Seen]:
    def shape(each: Engagement) -> Engagement:
        return replace(each, engagement_id="", campaign_id=None, occurred_at=EPOCH)

    return in_order(Seen(microseconds(each.occurred_at), each.engagement_id, each.campaign_id, shapes[shape(each)]) for each in engagements)


def no_shapes() -> Shapes:
    return Shapes(lambda shape: shape)


def asked_each_time(policy: Policy, engagements: Sequence[Engagement], **changes: Any) -> list[bool]:
    """What `decide_qualification` says after each, with all that came until then."""
    verdicts = []
    in_time = sorted(engagements, key=lambda each: (each.occurred_at, each.engagement_id))
    for count, newest in enumerate(in_time, start=1):
        ledger = [row for each in in_time[:count] for row in contributions(policy, each)]
        decision = decide_qualification(policy, subject=CARDIOLOGIST, ledger=ledger, now=newest.occurred_at, cycle=Cycle(**changes))
        verdicts.append(isinstance(decision, Qualified))
    return verdicts


@settings(max_examples=400, deadline=None)
@given(policies(), histories())
def test_every_verdict_is_the_one_a_reading_of_the_whole_ledger_gives(policy: Policy, engagements: list[Engagement]) -> None:
    shapes = no_shapes()
    in_time = seen_by(shapes, engagements)
    replay = Replay(policy, shapes)
    replay.know_shapes()
    standing = Standing(replay)
    verdicts = []
    for seen in in_time:
        standing.take(seen)
        verdicts.append(standing.is_reached(seen.at))
    assert verdicts == asked_each_time(policy, engagements)


@settings(max_examples=200, deadline=None)
@given(policies(), histories())
def test_the_first_crossing_is_where_the_first_verdict_turns(policy: Policy, engagements: list[Engagement]) -> None:
    shapes = no_shapes()
    in_time = seen_by(shapes, engagements)
    crossing = Replay(policy, shapes).first_crossing(CARDIOLOGIST, in_time)
    verdicts = asked_each_time(policy, engagements)
    if True not in verdicts:
        assert crossing is None
        return
    first = in_time[verdicts.index(True)]
    assert crossing is not None
    assert (crossing.at, crossing.engagement_id) == (first.at, first.engagement_id)
    until_then = {seen.engagement_id for seen in in_time[: verdicts.index(True) + 1]}
    asked = any(asks_for_rep(each, brand_id=BRAND) for each in engagements if each.engagement_id in until_then)
    assert crossing.rep_requested == asked


def plain(**changes: Any) -> Policy:
    document: dict[str, Any] = {
        "brand_id": BRAND,
        "title": "Plain",
        "fit": [{"id": "specialty", "field": "specialty", "op": "eq", "value": "cardiology", "points": 30}],
        "engagement": [{"id": "click", "kinds": ["email_clicked"], "points": 10, "half_life_days": 10}],
        "thresholds": {"fit": 30, "engagement": 20},
        "clocks": {"first_outreach_seconds": 3600},
    }
    return Policy.model_validate(document | changes)


def click(hours: float, *, campaign_id: str | None = None, **changes: Any) -> Engagement:
    at = BEGAN + timedelta(hours=hours)
    facts: dict[str, Any] = {"kind": "email_clicked", "context": "promotional", "brand_id": BRAND}
    return Engagement(f"e-{hours:06.2f}", occurred_at=at, campaign_id=campaign_id, **facts | changes)


def crossing_of(policy: Policy, *engagements: Engagement, subject: Subject = CARDIOLOGIST) -> tuple[datetime, str | None] | None:
    shapes = no_shapes()
    crossing = Replay(policy, shapes).first_crossing(subject, seen_by(shapes, engagements))
    return None if crossing is None else (moment_of(crossing.at), crossing.campaign_id)


def test_the_newest_campaign_among_those_that_carried_it_is_named() -> None:
    told = click(0, campaign_id="spring"), click(0.25, campaign_id="launch", context="medical"), click(0.5)
    assert crossing_of(plain(), *told) == (BEGAN + timedelta(minutes=30), "spring")


def test_what_faded_counts_no_more() -> None:
    assert crossing_of(plain(), click(0), click(2)) is None
    assert crossing_of(plain(), click(0), click(2), click(3)) is not None


def test_nobody_crosses_whose_fit_is_too_low_or_for_whom_a_gate_is_closed() -> None:
    told = click(0), click(0.5)
    assert crossing_of(plain(), *told, subject=Subject(Contact("c-2", specialty="oncology"))) is None
    gate = {"id": "payers", "field": "kind", "op": "eq", "value": "payer", "reason": "payers aren't called"}
    payer = Subject(Contact("c-3", specialty="cardiology", kind="payer"))
    assert crossing_of(plain(gates=[gate]), *told, subject=payer) is None
    assert crossing_of(plain(gates=[gate]), *told) is not None


def test_a_contact_with_ten_thousand_engagements_is_read_in_one_pass() -> None:
    policy = plain(
        engagement=[{"id": "click", "kinds": ["email_clicked"], "points": 10, "half_life_days": 10, "cap": 15}],
        thresholds={"fit": 30, "engagement": 20},
    )
    shapes = no_shapes()
    history = seen_by(shapes, [click(hour / 60) for hour in range(10_000)])
    replay = Replay(policy, shapes)
    replay.know_shapes()
    standing = Standing(replay)
    for seen in history:
        standing.take(seen)
        assert not standing.is_reached(seen.at)
    # The ledger is never read: what a row is worth after how long was never asked.
    assert not replay.rules[0].worths
