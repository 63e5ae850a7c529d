"""What subscribers are told: listed codes and ids, and nothing that tells of a case or a person."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from reporting.decisions.journal import noted
from reporting.decisions.webhooks import FILTER_FIELDS, Subscription, webhook_data, webhooks_for
from shared.events import Event, Fact, loop
from shared.events.loop import DecisionDecided, ThemeEmerged
from tests.reporting import happened

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SCOPE = loop.Scope(brand_id="cardiox", topic="efficacy", specialty="cardiology")


def subscription(*events: str, source: str | None = "mautic-us", **filters: Any) -> Subscription:
    return Subscription("marketing", source, frozenset(events), filters)


def sent(event: Event, *subscriptions: Subscription, external_ids: dict[str, str] | None = None) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in webhooks_for(event, list(subscriptions), external_ids or {})]


def test_a_lead_event_carries_the_contact_by_the_id_of_the_subscribers_platform() -> None:
    moved = happened.event(happened.entered("l1", "c1", "contacted", NOON, rep_id="rep-1"), NOON)
    [body] = sent(moved, subscription("lead.stage_changed"), external_ids={"mautic-us": "4711", "npi": "99"})
    assert body == {
        "type": "lead.stage_changed",
        "timestamp": "2026-11-22T12:00:00Z",
        "data": {
            "lead_id": "l1",
            "contact_id": "c1",
            "external_id": "4711",
            "brand_id": "cardiox",
            "campaign_id": "launch",
            "rep_id": "rep-1",
            "from_stage": "assigned",
            "to_stage": "contacted",
            "implied": False,
            "late": False,
            "reason": "contacted",
            "changed_at": "2026-11-22T12:00:00Z",
        },
    }


@pytest.mark.parametrize("reason", ["referred_to_medical", "adverse_event", "had_a_rash"])
def test_a_reason_that_may_tell_of_a_case_stays_inside(reason: str) -> None:
    data = webhook_data(happened.entered("l1", "c1", "contacted", NOON, reason=reason, report_id="r1"), None)
    assert data["reason"] is None
    assert reason not in json.dumps(data)


def test_a_theme_says_its_scope_flat_and_no_report() -> None:
    theme = ThemeEmerged(
        theme_id="t1",
        signal="objection_rising",
        scope=SCOPE,
        report_ids=["r1"],
        count=5,
        reps=3,
        previous=1,
        first_seen=NOON,
        emerged_at=NOON,
    )
    data = webhook_data(theme, None)
    assert (data["brand_id"], data["topic"], data["specialty"], data["count"]) == ("cardiox", "efficacy", "cardiology", 5)
    assert "r1" not in json.dumps(data)


def test_a_decision_does_not_say_whom_it_was_given_to() -> None:
    decided = DecisionDecided(
        decision_id="d1",
        theme_id="t1",
        scope=SCOPE,
        report_ids=["r1"],
        choice="change",
        reason_code="asset_gap",
        owner="ada.byron@example.org",
        review_on=NOON.date(),
        decided_at=NOON,
    )
    assert "ada" not in json.dumps(webhook_data(decided, None))


@pytest.mark.parametrize(
    "fact",
    [
        happened.contact("c1"),
        happened.case("k1", "r1", NOON),
        happened.objection("r1", "c1", NOON),
        happened.outcome("r1", "l1", "c1", NOON),
    ],
)
def test_what_is_on_no_list_is_told_to_nobody(fact: Fact) -> None:
    event = happened.event(fact, NOON)
    assert sent(event, subscription(fact.contract.event_type)) == []


@pytest.mark.parametrize(
    ("filters", "is_told"),
    [
        ({}, True),
        ({"to_stage": "contacted"}, True),
        ({"to_stage": "sql"}, False),
        ({"to_stage": "contacted", "implied": False}, True),
        ({"implied": 0}, False),
        ({"topic": "efficacy"}, False),
    ],
)
def test_filters_compare_fields_of_the_data(filters: dict[str, Any], is_told: bool) -> None:
    moved = happened.event(happened.entered("l1", "c1", "contacted", NOON), NOON)
    assert bool(sent(moved, subscription("lead.stage_changed", **filters))) == is_told


def test_every_field_of_every_webhook_can_be_filtered_by() -> None:
    for fact in (happened.entered("l", "c", "sql", NOON), happened.assigned("l", "c", NOON), happened.breached("l", "c", NOON)):
        assert set(webhook_data(fact, None)) <= FILTER_FIELDS


def test_a_trace_says_when_automation_was_told_to_hold_and_to_go_on() -> None:
    told = [noted(fact) for fact in (happened.held("l1", "c1", NOON), happened.resumed("l1", "c1", NOON))]
    assert [each.summary for each in told] == [
        "promotional automation holds: rep_in_conversation",
        "promotional automation may go on: lead_recycled, track stay_in_touch",
    ]
    assert {each.subjects for each in told} == {("l1", "c1")}
