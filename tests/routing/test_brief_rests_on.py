"""Whatever changes in the catalog so that a brief would tell otherwise finds that brief, and most of what wouldn't change it doesn't."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decisions.briefs.changes import changes_between
from routing.decisions.briefs.parts import Brief
from routing.decisions.briefs.resting import Concerned, concerned_by_assets, concerned_by_campaigns, concerned_by_end, rests_on
from routing.decisions.facts import Approval, Asset
from tests.routing.test_brief import CAMPAIGN, NOW, act, asset, brief

COPAY = frozenset({"cost_copay"})
SHOWN = asset("shown", answers=COPAY)
READ = asset("read", topics=frozenset({"launch"}))


def written(*assets: Asset) -> Brief:
    return brief(act(1, asset_id="read"), act(2, asset_id="unknown"), assets=assets, heard_topics=("cost_copay",))


def keys(*assets: Asset) -> frozenset[str]:
    return rests_on(written(*assets), brand_id="cardivex", campaign_id="launch")


def concerned(was: Asset | None, becomes: Asset) -> Concerned:
    return concerned_by_assets({} if was is None else {was.asset_id: was}, {becomes.asset_id: becomes}, now=NOW)


def test_a_brief_rests_on_what_it_shows_tells_of_expects_and_follows() -> None:
    assert keys(SHOWN, READ) == {"shows shown", "tells of read", "tells of unknown", "expects cardivex cost_copay", "follows launch"}
    assert rests_on(brief(), brand_id="cardivex", campaign_id=None) == frozenset()


@pytest.mark.parametrize(
    ("was", "becomes", "soon", "patiently"),
    [
        pytest.param(SHOWN, SHOWN, [], [], id="the same again"),
        pytest.param(SHOWN, replace(SHOWN, version="3"), ["shows shown"], [], id="a new version"),
        pytest.param(
            SHOWN, replace(SHOWN, approval=Approval("withdrawn", frozenset({"US"}), None)), ["shows shown"], [], id="it was withdrawn"
        ),
        pytest.param(
            SHOWN,
            replace(SHOWN, approval=replace(SHOWN.approval, regions=frozenset({"US", "DE"}))),
            ["shows shown"],
            ["expects cardivex cost_copay"],
            id="approved in another country too",
        ),
        pytest.param(SHOWN, replace(SHOWN, title="X"), ["shows shown"], ["tells of shown"], id="another title"),
        pytest.param(None, SHOWN, [], ["expects cardivex cost_copay", "tells of shown"], id="nobody stated it before"),
        pytest.param(None, replace(SHOWN, intent="medical"), [], ["tells of shown"], id="a new one that is medical"),
        pytest.param(
            None,
            replace(SHOWN, approval=replace(SHOWN.approval, expires_on=NOW.date() - timedelta(days=1))),
            [],
            ["tells of shown"],
            id="a new one that has expired",
        ),
    ],
)
def test_an_asset_concerns_those_who_show_it_soon_and_those_who_may_say_more_patiently(
    was: Asset | None, becomes: Asset, soon: list[str], patiently: list[str]
) -> None:
    found = concerned(was, becomes)
    assert (sorted(found.soon), sorted(found.patiently)) == (soon, patiently)
    assert bool(found) is bool(soon or patiently)


def test_a_campaign_concerns_the_leads_that_came_by_it_and_an_end_by_date_those_who_show_it() -> None:
    assert not concerned_by_campaigns({"launch": CAMPAIGN}, {"launch": CAMPAIGN})
    for before in ({}, {"launch": replace(CAMPAIGN, name="Before")}):
        assert concerned_by_campaigns(before, {"launch": CAMPAIGN}) == Concerned(patiently=frozenset({"follows launch"}))
    assert concerned_by_end(["shown"]) == Concerned(soon=frozenset({"shows shown"}))


topics = st.frozensets(st.sampled_from(["cost_copay", "supply", "launch"]))


def stated(asset_id: str) -> st.SearchStrategy[Asset]:
    # An act on what was medical shows no reason to call; if it is commercial one day, its ledger is made anew, which finds the brief.
    return st.builds(
        lambda status, regions, days, brand_id, version, title, answers, about: asset(
            asset_id,
            approval=Approval(status, regions, NOW.date() + timedelta(days=days)),
            brand_id=brand_id,
            version=version,
            title=title,
            answers=answers,
            topics=about,
        ),
        st.sampled_from(["approved", "approved", "withdrawn"]),
        st.sampled_from([frozenset({"US"}), frozenset({"US", "DE"}), frozenset({"DE"})]),
        st.integers(-1, 4),
        st.sampled_from(["cardivex", "cardivex", "other"]),
        st.sampled_from(["2", "3"]),
        st.sampled_from(["A", "B"]),
        topics,
        topics,
    )


NAMES = ("read", "unknown", "third")
FIELDS = ("approval", "brand_id", "version", "title", "answers", "topics")


@st.composite
def catalogs(draw: st.DrawFn) -> tuple[dict[str, Asset], dict[str, Asset]]:
    """What was stated, and what is stated anew: one asset, known or not, otherwise in one thing or in several."""
    before = draw(st.fixed_dictionaries({}, optional={name: stated(name) for name in NAMES}))
    name = draw(st.sampled_from(NAMES))
    anew = draw(stated(name))
    if name in before:
        same = {field: getattr(before[name], field) for field in draw(st.sets(st.sampled_from(FIELDS), min_size=4, max_size=5))}
        anew = replace(anew, **same)
    return before, {name: anew}


def of_brand(catalog: Mapping[str, Asset]) -> list[Asset]:
    return [each for each in catalog.values() if each.brand_id == "cardivex"]


@settings(max_examples=500)
@given(catalogs())
def test_whatever_changes_so_that_the_brief_tells_otherwise_finds_it(catalog: tuple[dict[str, Asset], dict[str, Asset]]) -> None:
    before, changed = catalog
    after = before | changed
    first, second = written(*of_brand(before)), written(*of_brand(after))
    stored: dict[str, Any] = orjson.loads(orjson.dumps(first))
    if changes_between(stored, second, assets={each.asset_id: each for each in of_brand(after)}, brand_id="cardivex", now=NOW):
        found = concerned_by_assets(before, changed, now=NOW)
        assert (found.soon | found.patiently) & rests_on(first, brand_id="cardivex", campaign_id=None)
