"""Consent: the latest deliberate act stands, whatever the order in which acts arrive."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.consents import ConsentAct, Consents, ConsentState, act_of, merged
from shared.events.engagements import EngagementKind

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


def act(
    state: ConsentState, at: datetime | None, *, channel: str = "email", purpose: str = "marketing", evidence: str | None = None
) -> ConsentAct:
    return ConsentAct(channel, purpose, state, at, evidence)


def state_after(*acts: ConsentAct) -> str:
    return merged({}, acts)["email", "marketing"].state


def test_the_later_act_stands() -> None:
    assert state_after(act("denied", MONDAY), act("granted", TUESDAY)) == "granted"
    assert state_after(act("denied", TUESDAY), act("granted", MONDAY)) == "denied"


def test_of_two_acts_of_the_same_moment_the_stricter_stands() -> None:
    assert state_after(act("granted", MONDAY), act("denied", MONDAY)) == "denied"


def test_an_undated_denial_stands_and_an_undated_grant_yields() -> None:
    assert state_after(act("denied", None), act("granted", TUESDAY)) == "denied"
    assert state_after(act("granted", None), act("denied", MONDAY)) == "denied"
    assert state_after(act("granted", None), act("denied", None)) == "denied"


def test_channels_and_purposes_are_apart() -> None:
    standing = merged({}, [act("denied", MONDAY), act("granted", MONDAY, channel="phone"), act("granted", MONDAY, purpose="research")])
    assert {key: one.state for key, one in standing.items()} == {
        ("email", "marketing"): "denied",
        ("phone", "marketing"): "granted",
        ("email", "research"): "granted",
    }


acts = st.builds(
    act,
    st.sampled_from(get_args(ConsentState)),
    st.none() | st.integers(0, 5).map(lambda hours: MONDAY + timedelta(hours=hours)),
    channel=st.sampled_from(["email", "any"]),
    evidence=st.sampled_from([None, "double opt-in", "paper"]),
)


@given(
    st.lists(acts, max_size=8).flatmap(
        lambda one: st.tuples(st.just(one), st.permutations(one), st.lists(st.sampled_from(one or [act("granted", None)]), max_size=3))
    )
)
def test_order_and_repetition_change_nothing(orders: tuple[list[ConsentAct], list[ConsentAct], list[ConsentAct]]) -> None:
    told, shuffled, repeated = orders
    assert merged({}, told) == merged({}, [*shuffled, *(one for one in repeated if one in told)])


@given(st.lists(acts, max_size=6), st.lists(acts, max_size=6))
def test_one_batch_and_two_end_the_same(first: list[ConsentAct], second: list[ConsentAct]) -> None:
    in_two: Consents = merged(merged({}, first), second)
    assert in_two == merged({}, [*second, *first])


@pytest.mark.parametrize(
    "kind", [kind for kind in get_args(EngagementKind) if kind not in ("subscribed", "unsubscribed", "email_complained")]
)
def test_no_other_act_changes_consent_clicks_least_of_all(kind: EngagementKind) -> None:
    assert act_of(kind, channel="email", occurred_at=MONDAY, machine=False) is None


@pytest.mark.parametrize(("kind", "state"), [("subscribed", "granted"), ("unsubscribed", "denied"), ("email_complained", "denied")])
def test_subscribing_and_leaving_change_it(kind: EngagementKind, state: str) -> None:
    found = act_of(kind, channel="email", occurred_at=MONDAY, machine=False)
    assert found == ConsentAct("email", "marketing", state, MONDAY)  # type: ignore[arg-type]


def test_a_machine_can_leave_for_somebody_but_never_join() -> None:
    assert act_of("unsubscribed", channel="email", occurred_at=MONDAY, machine=True) is not None
    assert act_of("subscribed", channel="email", occurred_at=MONDAY, machine=True) is None
