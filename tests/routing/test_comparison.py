"""What differs between two versions, counted; and what became of those it is about, as far as anybody knows."""

from dataclasses import dataclass

import pytest

from routing.decisions.qualification.comparison import Afterwards, Compared, Comparison, Difference
from routing.decisions.qualification.replay import Crossing


@dataclass
class Came:
    sql: bool = False
    met: bool = False
    ended: bool = False


def at(moment: int, campaign_id: str | None = None) -> Crossing:
    return Crossing(moment, "e-1", campaign_id, rep_requested=False)


@pytest.mark.parametrize(
    ("active", "candidate", "difference"),
    [
        (None, at(1), "gained"),
        (at(1), None, "lost"),
        (at(1), at(1), "same"),
        (at(2), at(1), "earlier"),
        (at(1), at(2), "later"),
    ],
)
def test_each_contact_differs_in_one_way(active: Crossing | None, candidate: Crossing | None, difference: Difference) -> None:
    assert Compared(frozenset(), None, "off_plan", active, candidate, 0).difference == difference


def test_an_mql_counts_once_by_territory_and_in_every_segment_of_its_contact() -> None:
    comparison = Comparison()
    comparison.add(Compared(frozenset({"a", "b"}), "t", "on_plan", None, at(1, "spring"), 0))
    comparison.add(Compared(frozenset(), None, "off_plan", at(1, "spring"), None, 0))
    assert comparison.mqls == {"gained": 1, "candidate": 1, "lost": 1, "active": 1}
    assert {key: dict(counts) for key, counts in comparison.by_segment.items()} == {
        "a": {"gained": 1, "candidate": 1},
        "b": {"gained": 1, "candidate": 1},
        None: {"lost": 1, "active": 1},
    }
    assert comparison.by_territory["t"] == {"gained": 1, "candidate": 1}
    assert comparison.by_campaign == {"spring": {"gained": 1, "candidate": 1, "lost": 1, "active": 1}}
    assert comparison.by_kind.keys() == {"on_plan", "off_plan"}


def test_at_another_moment_it_may_be_another_campaigns_merit() -> None:
    comparison = Comparison()
    comparison.add(Compared(frozenset(), None, "off_plan", at(2, "launch"), at(1, "spring"), 0))
    assert comparison.by_campaign == {"launch": {"active": 1}, "spring": {"candidate": 1}}
    assert comparison.mqls == {"earlier": 1, "active": 1, "candidate": 1}


def test_of_whom_no_lead_tells_anything_nothing_is_claimed() -> None:
    known = Afterwards()
    for leads in (
        [],
        [Came(ended=True)],
        [Came()],
        [Came(ended=True), Came(sql=True)],
        [Came(sql=True, met=True)],
        [Came(ended=True), Came()],
    ):
        known.add(leads)
    assert known == Afterwards(mqls=6, sql=2, meeting=1, sql_or_meeting=2, ended=1, open=2, unknown=1)
    assert known.sql_or_meeting + known.ended + known.open + known.unknown == known.mqls
