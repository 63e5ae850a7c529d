"""Verdicts: every item ends as exactly one of accepted, duplicate, ignored and rejected."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.acts import Act, Ignored, Item, Rejected
from intake.decisions.moments import AHEAD_MAX
from intake.decisions.persons import PersonKey
from intake.decisions.verdicts import Recorded, Register, Verdict, bounded, judge

AT = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
NAMES = UUID("0195e9a0-0000-7000-8000-000000000000")
EMPTY = Register({}, {})


def act(identity: str = "e:1", *, opens: int = 1, engagement_id: UUID | None = None, source: str = "mautic") -> Act:
    person = (PersonKey("email", "a@x.test"),)
    return Act(source, "t", identity, "email_opened", "email", AT, person, attributes={"open_count": opens}, engagement_id=engagement_id)


def fresh_id(number: int) -> UUID:
    return uuid5(NAMES, str(number))


def judged(*items: Item, register: Register = EMPTY) -> list[Verdict]:
    return judge(items, register=register, fresh_ids=[fresh_id(number) for number in range(len(items))])


def told(one: Act, engagement_id: UUID) -> Register:
    return Register({(one.source, one.identity): Recorded(engagement_id, one.fingerprint)}, {engagement_id: (one.source, one.identity)})


def outcomes(verdicts: list[Verdict]) -> list[tuple[str, str | None]]:
    return [(verdict.outcome, verdict.reason) for verdict in verdicts]


def test_each_item_gets_its_verdict_in_order() -> None:
    verdicts = judged(act(), Ignored("t", "record_only"), Rejected(None, "unreadable", "No."), act("e:2"))
    assert outcomes(verdicts) == [("accepted", None), ("ignored", "record_only"), ("rejected", "unreadable"), ("accepted", None)]
    assert verdicts[3].engagement_id == fresh_id(3)


def test_the_same_again_is_a_duplicate_of_the_first() -> None:
    verdicts = judged(act(), act())
    assert outcomes(verdicts) == [("accepted", None), ("duplicate", None)]
    assert verdicts[1].engagement_id == verdicts[0].engagement_id
    before = fresh_id(99)
    [verdict] = judged(act(), register=told(act(), before))
    assert (verdict.outcome, verdict.engagement_id) == ("duplicate", before)


def test_the_same_identity_as_another_engagement_is_a_conflict() -> None:
    assert outcomes(judged(act(), act(opens=2), act())) == [("accepted", None), ("rejected", "conflict"), ("duplicate", None)]
    assert outcomes(judged(act(opens=2), register=told(act(), fresh_id(99)))) == [("rejected", "conflict")]


def test_sources_do_not_share_identities() -> None:
    assert outcomes(judged(act(), act(source="other"))) == [("accepted", None), ("accepted", None)]


def test_one_id_for_two_engagements_is_a_conflict() -> None:
    given_id = fresh_id(50)
    first, second = act(engagement_id=given_id), act("e:2", engagement_id=given_id)
    assert outcomes(judged(first, second)) == [("accepted", None), ("rejected", "conflict")]
    assert outcomes(judged(second, register=told(first, given_id))) == [("rejected", "conflict")]


@given(
    st.lists(st.builds(act, st.sampled_from(["e:1", "e:2"]), opens=st.integers(1, 2)) | st.just(Ignored("t", "r")), max_size=12),
    st.integers(0, 12),
)
def test_splitting_a_batch_changes_no_verdict(items: list[Item], cut: int) -> None:
    whole = judged(*items)
    first = judged(*items[:cut])
    known = [(verdict.act, verdict.engagement_id) for verdict in first if verdict.act and verdict.engagement_id]
    register = Register(
        {(one.source, one.identity): Recorded(engagement_id, one.fingerprint) for one, engagement_id in known},
        {engagement_id: (one.source, one.identity) for one, engagement_id in known},
    )
    assert outcomes(first) + outcomes(judged(*items[cut:], register=register)) == outcomes(whole)
    assert sum(Counter(verdict.outcome for verdict in whole).values()) == len(items)


@pytest.mark.parametrize(
    "occurred_at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC), AT + AHEAD_MAX + timedelta(seconds=1)]
)
def test_a_time_out_of_bounds_rejects_an_act_but_holds_nobody_who_leaves(occurred_at: datetime) -> None:
    item = bounded(replace(act(), occurred_at=occurred_at), received_at=AT)
    assert isinstance(item, Rejected)
    assert item.reason == "time_out_of_bounds"
    leaving = bounded(replace(act(), kind="unsubscribed", occurred_at=occurred_at), received_at=AT)
    assert isinstance(leaving, Act)
    assert leaving.occurred_at is None


@pytest.mark.parametrize("occurred_at", [datetime(2000, 1, 1, tzinfo=UTC), AT, AT + AHEAD_MAX, None])
def test_a_time_within_bounds_stays(occurred_at: datetime | None) -> None:
    one = replace(act(), occurred_at=occurred_at)
    assert bounded(one, received_at=AT) == one
