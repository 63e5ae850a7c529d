"""What the dashboard says and draws, decided without a database or a browser."""

from datetime import date
from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.decisions.dashboard import Days, Sight, StageCount, circle, sight_of, where_leads_stay
from reporting.decisions.sessions import comes_from_elsewhere
from reporting.page.rendering import percent, share, short, stage_name, words
from reporting.page.ring import NODE_RADIUS, SIZE, drawn

COUNTS = st.integers(min_value=0, max_value=10**9)


def test_the_steps_stand_in_the_order_of_the_loop_and_reports_are_of_three_kinds() -> None:
    counts = {"engagement.recorded": 7, "outcome.recorded": 3, "objection.recorded": 2, "insight.recorded": 1, "case.opened": 9}
    steps = circle(counts, delivered=4)
    assert {step.name: step.count for step in steps} == {
        "engagements": 7, "leads": 0, "reports": 6, "themes": 0, "decisions": 0, "changes": 0, "reps told": 0, "deliveries": 4,
    }  # fmt: skip
    assert [step.name for step in steps][:2] == ["engagements", "leads"]


@pytest.mark.parametrize(
    ("roles", "sight"),
    [
        ({"marketing"}, Sight(decisions=True, owners=None, deliveries=True)),
        ({"auditor"}, Sight(decisions=True, owners=None, deliveries=True)),
        ({"manager"}, Sight(decisions=True, owners=["manager", "sam", "rep-9"], deliveries=False)),
        ({"sales_ops"}, Sight(decisions=False, owners=["manager", "sam", "rep-9"], deliveries=False)),
        ({"manager", "admin"}, Sight(decisions=True, owners=["manager", "sam", "rep-9"], deliveries=True)),
    ],
)
def test_a_page_shows_what_the_api_would(roles: set[str], sight: Sight) -> None:
    assert sight_of(sub="sam", rep_id="rep-9", roles=roles) == sight


@given(st.dates(min_value=date(1971, 1, 1), max_value=date(2100, 1, 1)), st.integers(min_value=1, max_value=365))
def test_the_days_before_end_where_these_begin_and_are_as_many(today: date, length: int) -> None:
    days = Days.until(today, length=length)
    before = days.before()
    assert days.last == today
    assert (days.last - days.first).days + 1 == (before.last - before.first).days + 1 == length
    assert (days.first - before.last).days == 1


@given(st.lists(st.tuples(COUNTS, st.floats(min_value=0, max_value=1)), min_size=2, max_size=8))
def test_leads_stay_where_most_have_not_gone_on_and_never_at_the_end(drawn_stages: list[tuple[int, float]]) -> None:
    stages = [StageCount(str(place), entered, int(entered * part)) for place, (entered, part) in enumerate(drawn_stages)]
    found = where_leads_stay(stages)
    if found is None:
        assert all(stage.behind == 0 for stage in stages[:-1])
    else:
        assert found is not stages[-1]
        assert found.behind == max(stage.behind for stage in stages[:-1]) > 0


def test_the_ring_lies_in_its_drawing_and_no_two_steps_touch() -> None:
    ring = drawn(circle({}, delivered=None))
    for node in ring.nodes:
        assert min(node.x, node.y) > NODE_RADIUS
        assert max(node.x, node.y) < SIZE - NODE_RADIUS
        others = [hypot(node.x - other.x, node.y - other.y) for other in ring.nodes if other is not node]
        assert min(others) > 2 * NODE_RADIUS
    assert len(ring.arrows) == len(ring.nodes) == 8


@given(COUNTS, COUNTS)
def test_a_bar_never_leaves_its_ground_and_shows_what_there_is(part: int, more: int) -> None:
    drawn_share = share(part, part + more)
    assert 0 <= drawn_share <= 100
    assert (drawn_share > 0) == (part > 0)


@given(COUNTS)
def test_a_short_count_fits_a_disc(count: int) -> None:
    assert len(short(count)) <= 7


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0"), (9_999, "9,999"), (10_000, "10k"), (12_345, "12.3k"), (999_999, "999.9k"), (4_650_000, "4.6M")]
)
def test_a_short_count_never_says_more_than_there_is(count: int, shown: str) -> None:
    assert short(count) == shown


def test_codes_become_words() -> None:
    assert words("dosing_administration") == "dosing administration"
    assert (stage_name("mql"), stage_name("meeting booked")) == ("MQL", "Meeting booked")
    assert (percent(1, 3), percent(0, 0)) == ("33%", "–")


@pytest.mark.parametrize(
    ("fetch_site", "origin", "host", "is_elsewhere"),
    [
        ("same-origin", "https://loop.example", "loop.example", False),
        ("none", None, "loop.example", False),
        ("cross-site", None, "loop.example", True),
        ("same-site", "https://other.example", "loop.example", True),
        (None, None, "loop.example", False),
        (None, "https://loop.example", "10.0.0.7:8004", False),
        (None, "http://localhost:8004", "localhost:8004", False),
        (None, "https://evil.example", "loop.example", True),
        (None, "https://loop.example.evil.example", "loop.example", True),
        (None, "null", "loop.example", True),
        (None, "null", None, True),
        (None, "https://evil.example", None, True),
    ],
)
def test_another_site_is_told_from_our_own(fetch_site: str | None, origin: str | None, host: str | None, is_elsewhere: bool) -> None:
    assert (
        comes_from_elsewhere(fetch_site=fetch_site, origin=origin, host=host, public_url="https://loop.example/reporting") == is_elsewhere
    )
