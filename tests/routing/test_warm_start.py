"""A simulation starts where its window starts: with what was earned, and with the leads that began, before it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routing.decisions.facts import Contact, Engagement, Subject
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.comparison import Compared, Comparison, Difference, Version
from routing.decisions.qualification.cycles import InCycle, PastLead, Previous, Span, cycles_in
from routing.decisions.qualification.deciding import Cycle, Qualified, asks_for_rep, decide_qualification
from routing.decisions.qualification.look_back import BEGINNING, looks_back_to, reach_of
from routing.decisions.qualification.replay import Crossing, Replay, microseconds, moment_of
from routing.decisions.qualification.scoring import contributions, decay_step, worth_of
from tests.routing.test_replay import BEGAN, BRAND, CARDIOLOGIST, asked_each_time, click, histories, no_shapes, plain, policies, seen_by

EVERYTHING = microseconds(BEGINNING)

moments = st.timedeltas(min_value=timedelta(days=-30), max_value=timedelta(days=700)).map(lambda after: microseconds(BEGAN + after))
three_moments = st.lists(moments, min_size=3, max_size=3).map(sorted)
four_moments = st.lists(moments, min_size=4, max_size=4).map(sorted)


@st.composite
def past_leads(draw: st.DrawFn) -> list[PastLead]:
    """One after the other; the last one may be open."""
    told = sorted(draw(st.lists(moments, max_size=6, unique=True)))
    closed = [PastLead(began_at, ended_at, None) for began_at, ended_at in zip(told[::2], told[1::2], strict=False)]
    return closed if len(told) % 2 == 0 else [*closed, PastLead(told[-1], None, None)]


class Asked(NamedTuple):
    """What is simulated for one contact."""

    active: Policy
    candidate: Policy
    engagements: Sequence[Engagement]
    leads: Sequence[PastLead]

    def between(self, begins_at: int, ends_at: int, *, read_from: int = EVERYTHING, subject: Subject = CARDIOLOGIST) -> list[InCycle]:
        shapes = no_shapes()
        seen = [each for each in seen_by(shapes, self.engagements) if read_from <= each.at < ends_at]
        span = Span(read_from, begins_at)
        return list(cycles_in(span, Replay(self.active, shapes), Replay(self.candidate, shapes), subject, seen, self.leads))

    def mqls(self, begins_at: int, ends_at: int) -> set[tuple[str, Crossing]]:
        return {
            (version, crossing)
            for cycle in self.between(begins_at, ends_at)
            for version, crossing in (("active", cycle.active), ("candidate", cycle.candidate))
            if crossing is not None and crossing.at >= begins_at
        }


asked = st.builds(Asked, policies(), policies(), histories(), past_leads())


@settings(max_examples=300, deadline=None)
@given(asked, three_moments)
def test_a_window_has_the_mqls_that_a_longer_one_has_there(asked: Asked, moments: list[int]) -> None:
    a, b, c = moments
    assert {each for each in asked.mqls(a, c) if each[1].at >= b} == asked.mqls(b, c)


@settings(max_examples=300, deadline=None)
@given(asked, four_moments)
def test_widening_a_window_changes_nothing_inside_the_narrower_one(asked: Asked, moments: list[int]) -> None:
    a, b, c, d = moments
    assert {each for each in asked.mqls(a, d) if b <= each[1].at < c} == asked.mqls(b, c)


@settings(max_examples=200, deadline=None)
@given(policies(), histories(), past_leads(), st.lists(moments, min_size=2, max_size=2).map(sorted), st.booleans())
def test_a_version_against_itself_gains_and_loses_nothing(
    policy: Policy, engagements: list[Engagement], leads: list[PastLead], window: list[int], is_all_read: bool
) -> None:
    begins_at, ends_at = window
    read_from = EVERYTHING if is_all_read else microseconds(looks_back_to([policy], moment_of(begins_at)))
    comparison = Comparison()
    for cycle in Asked(policy, policy, engagements, leads).between(begins_at, ends_at, read_from=read_from):
        comparison.add(Compared(frozenset(), None, "off_plan", cycle.active, cycle.candidate, begins_at))
    assert comparison.mqls.keys() <= {"same", "active", "candidate"}
    assert comparison.mqls["active"] == comparison.mqls["candidate"] == comparison.mqls["same"]


@settings(max_examples=300, deadline=None)
@given(policies(), histories(), past_leads())
def test_cycles_follow_each_other_as_they_do_for_real(policy: Policy, engagements: list[Engagement], leads: list[PastLead]) -> None:
    found = [cycle.active for cycle in Asked(policy, policy, engagements, leads).between(EVERYTHING + 1, microseconds(BEGAN) * 2)]
    assert [(each.at, each.engagement_id, each.rep_requested) for each in found if each is not None] == one_by_one(
        policy, engagements, [lead.ended_at for lead in leads if lead.ended_at is not None]
    )


def one_by_one(policy: Policy, engagements: Sequence[Engagement], ends: list[int]) -> list[tuple[int, str, bool]]:
    """The MQLs by the rules of cycles, asking `decide_qualification` after every engagement."""
    found: list[tuple[int, str, bool]] = []
    told = sorted(engagements, key=lambda each: (each.occurred_at, each.engagement_id))
    open_since: int | None = None
    ended_at: datetime | None = None
    for count, newest in enumerate(told, start=1):
        at = microseconds(newest.occurred_at)
        past = [end for end in ends if end < at]
        if past:
            ended_at = moment_of(max(past))
            if open_since is not None and open_since <= max(past):
                open_since = None
        if open_since is not None:
            continue
        requests = [each.occurred_at for each in told[:count] if asks_for_rep(each, brand_id=BRAND)]
        ledger = [row for each in told[:count] for row in contributions(policy, each)]
        cycle = Cycle(previous_ended_at=ended_at, rep_requested_at=max(requests, default=None))
        verdict = decide_qualification(policy, subject=CARDIOLOGIST, ledger=ledger, now=newest.occurred_at, cycle=cycle)
        if isinstance(verdict, Qualified):
            open_since = at
            found.append((at, newest.engagement_id, verdict.rep_requested))
    return found


@settings(max_examples=300, deadline=None)
@given(policies(), histories(), moments)
def test_what_lies_before_the_look_back_is_worth_nothing(policy: Policy, engagements: list[Engagement], begins_at: int) -> None:
    since = looks_back_to([policy], moment_of(begins_at))
    in_time = sorted(engagements, key=lambda each: (each.occurred_at, each.engagement_id))
    read = [each for each in in_time if each.occurred_at >= since]
    in_window = [each for each in read if microseconds(each.occurred_at) >= begins_at]
    assume(in_window)
    whole, of_what_was_read = asked_each_time(policy, in_time), asked_each_time(policy, read)
    assert whole[len(in_time) - len(in_window) :] == of_what_was_read[len(read) - len(in_window) :]


@settings(max_examples=200, deadline=None)
@given(asked, st.lists(moments, min_size=2, max_size=2).map(sorted))
def test_looking_back_as_far_as_anything_counts_is_looking_back_to_the_beginning(asked: Asked, window: list[int]) -> None:
    begins_at, ends_at = window
    since = microseconds(looks_back_to([asked.active, asked.candidate], moment_of(begins_at)))
    history = asked._replace(leads=())
    assume(not any(crossing.at < since for _, crossing in history.mqls(EVERYTHING + 1, ends_at)))
    near, far = history.between(begins_at, ends_at, read_from=since), history.between(begins_at, ends_at)
    for one, other in zip(near, far, strict=True):
        for version in ("active", "candidate"):
            by_near, by_far = getattr(one, version), getattr(other, version)
            assert (by_near and by_near[:3]) == (by_far and by_far[:3])


@settings(deadline=None)
@given(policies())
def test_a_policy_reaches_as_far_as_its_slowest_points(policy: Policy) -> None:
    reach = reach_of(policy)
    assert all(worth_of(rule, occurred_at=BEGAN, now=BEGAN + reach) == 0 for rule in policy.engagement)
    assert any(worth_of(rule, occurred_at=BEGAN, now=BEGAN + reach - decay_step(rule)) != 0 for rule in policy.engagement)


def test_ten_points_that_halve_in_ten_days_are_looked_back_on_for_half_a_year() -> None:
    assert timedelta(days=176) < reach_of(plain()) < timedelta(days=177)
    assert looks_back_to([plain()], datetime(2026, 7, 1, 12, tzinfo=UTC)) == datetime(2026, 1, 6, tzinfo=UTC)


def test_what_never_fades_is_looked_back_on_for_ever() -> None:
    century = plain(engagement=[{"id": "click", "kinds": ["email_clicked"], "points": 10, "half_life_days": 36_500}])
    assert looks_back_to([plain(), century], BEGAN) == BEGINNING


def hours(number: float) -> int:
    return microseconds(BEGAN + timedelta(hours=number))


def test_who_is_warm_needs_less_and_who_was_an_mql_is_none_again() -> None:
    warm = Asked(plain(), plain(), [click(0), click(24), click(25)], ())
    [found] = warm.between(hours(25), hours(30))
    assert found.active is not None
    assert found.active.at == hours(25)
    taken = warm._replace(engagements=[click(0), click(0.5), click(25), click(25.5)])
    assert taken.between(hours(25), hours(30)) == []


def test_where_one_version_was_first_it_is_earlier_and_nobody_is_gained_or_lost() -> None:
    eager = plain(thresholds={"fit": 30, "engagement": 10})
    told = [click(0), click(25), click(25.5)]
    cases: list[tuple[Policy, Policy, Difference, Version]] = [
        (plain(), eager, "earlier", "active"),
        (eager, plain(), "later", "candidate"),
    ]
    for active, candidate, difference, version in cases:
        comparison = Comparison()
        for cycle in Asked(active, candidate, told, ()).between(hours(24), hours(30)):
            comparison.add(Compared(frozenset(), "t", "off_plan", cycle.active, cycle.candidate, hours(24)))
        assert comparison.mqls == {difference: 1, version: 1}
        assert sum(comparison.before_window.values()) == 1
        assert comparison.before_window[version] == 0  # it is the other that was first
        assert comparison.by_territory["t"][version] == 1


def test_a_lead_that_was_open_when_the_look_back_began_keeps_its_contact_until_it_ends() -> None:
    told = [click(10), click(10.5), click(50), click(50.5)]
    still_open = Asked(plain(), plain(), told, [PastLead(hours(-5), None, None)])
    assert still_open.between(hours(20), hours(60), read_from=hours(0)) == []
    ended = still_open._replace(leads=[PastLead(hours(-5), hours(30), None)])
    [found] = ended.between(hours(20), hours(60), read_from=hours(0))
    assert found.previous == Previous(hours(30), None)
    assert found.active is not None
    assert found.active.at == hours(50.5)


def test_after_the_end_of_a_cycle_asking_for_a_rep_is_enough_but_a_gate_stays_closed() -> None:
    asks = click(40, kind="rep_requested", campaign_id="launch")
    again = Asked(plain(), plain(), [asks], [PastLead(hours(1), hours(2), None)])
    oncologist = Subject(Contact("c-2", specialty="oncology"))
    [found] = again.between(hours(20), hours(60), subject=oncologist)
    assert found.active == Crossing(hours(40), asks.engagement_id, "launch", rep_requested=True)
    gated = plain(gates=[{"id": "closed", "field": "specialty", "op": "eq", "value": "oncology", "reason": "not_called"}])
    assert Asked(gated, gated, [asks], again.leads).between(hours(20), hours(60), subject=oncologist) == []
    assert again._replace(leads=()).between(hours(20), hours(60), subject=oncologist) == []


def test_what_happens_at_the_very_end_of_a_cycle_belongs_to_it() -> None:
    told = [click(10), click(10.5), click(11)]
    [only] = Asked(plain(), plain(), told, [PastLead(hours(1), hours(10.5), None)]).between(hours(0), hours(60))
    assert (only.previous, only.active and only.active.at) == (None, hours(10.5))
