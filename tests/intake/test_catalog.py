"""Which asset and campaign an act is about, and what that makes of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from intake.decisions.acts import Act, Mark
from intake.decisions.catalog import Approval, AssetFacts, CampaignFacts, Catalog, Labels, asset_findings, label
from intake.decisions.persons import PersonKey

AT = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
APPROVED = Approval(AT, "approved", frozenset({"US"}), date(2026, 12, 31))
GUIDE = AssetFacts("guide", "cardiozan", ("dosing",), "educational", (APPROVED,))
LAUNCH = CampaignFacts("launch", "cardiozan", frozenset({"guide"}), date(2026, 1, 1), date(2026, 6, 30))
FORM, EMAIL, UTM = Mark("form", "guide"), Mark("email", "5"), Mark("utm_campaign", "spring")
ACT = Act(
    "mautic", "mautic.form_on_submit", "f:1", "form_submitted", "web", AT, (PersonKey("email", "a@x.test"),), marks=(FORM, EMAIL, UTM)
)


def labelled(act: Act = ACT, *, country: str | None = "US", catalog: Catalog | None = None, brand: str | None = None) -> Labels:
    return label(act, occurred_at=AT, country=country, catalog=catalog or Catalog(), source_brand_id=brand)


def catalog(**marks: Any) -> Catalog:
    return replace(Catalog(assets={"guide": GUIDE}, campaigns={"launch": LAUNCH}), **marks)


def test_the_asset_gives_brand_topics_and_context_and_its_campaign() -> None:
    found = labelled(catalog=catalog(asset_marks={(None, FORM): {"guide"}}))
    assert found == Labels("guide", "launch", "cardiozan", ("dosing",), "educational", ())


def test_nothing_recognised_is_promotional_and_the_sources_brand() -> None:
    assert labelled(brand="cardiozan") == Labels(None, None, "cardiozan", (), "promotional", ())
    assert labelled().brand_id is None


def test_the_most_telling_mark_decides_and_a_sources_own_declaration_goes_first() -> None:
    other, own = replace(GUIDE, id="other"), replace(GUIDE, id="own")
    known = Catalog(
        assets={"guide": GUIDE, "other": other, "own": own},
        asset_marks={(None, FORM): {"guide"}, ("mautic", FORM): {"own"}, (None, EMAIL): {"other"}},
    )
    assert labelled(catalog=known).asset_id == "own"
    assert labelled(replace(ACT, source="elsewhere"), catalog=known).asset_id == "guide"
    assert labelled(replace(ACT, marks=(EMAIL, FORM)), catalog=known).asset_id == "other"


def test_two_assets_with_the_same_key_are_told_apart_the_same_way_every_time() -> None:
    known = Catalog(assets={"b": replace(GUIDE, id="b"), "a": replace(GUIDE, id="a")}, asset_marks={(None, FORM): {"b", "a"}})
    assert labelled(catalog=known).asset_id == "a"


def test_a_campaign_is_recognised_by_its_own_keys_before_its_assets() -> None:
    autumn = replace(LAUNCH, id="autumn", brand_id="other", asset_ids=frozenset())
    known = Catalog(
        assets={"guide": GUIDE},
        campaigns={"launch": LAUNCH, "autumn": autumn},
        asset_marks={(None, FORM): {"guide"}},
        campaign_marks={(None, UTM): {"autumn"}},
    )
    found = labelled(catalog=known)
    assert (found.campaign_id, found.brand_id) == ("autumn", "cardiozan")
    assert labelled(replace(ACT, marks=(UTM,)), catalog=known).brand_id == "other"


def test_an_asset_of_several_running_campaigns_names_none_of_them() -> None:
    two = {"launch": LAUNCH, "autumn": replace(LAUNCH, id="autumn")}
    known = Catalog(assets={"guide": GUIDE}, campaigns=two, asset_marks={(None, FORM): {"guide"}})
    assert labelled(catalog=known).campaign_id is None
    over = {"launch": LAUNCH, "autumn": replace(LAUNCH, id="autumn", ends_on=date(2026, 2, 1))}
    assert labelled(catalog=replace(known, campaigns=over)).campaign_id == "launch"


def test_what_a_poster_states_stands() -> None:
    stated = replace(ACT, asset_id="unheard-of", campaign_id="c", brand_id="b", topics=("t",), context="support", flags=("test",))
    assert labelled(stated, catalog=catalog(asset_marks={(None, FORM): {"guide"}})) == Labels(
        "unheard-of", "c", "b", ("t",), "support", ("test",)
    )


@pytest.mark.parametrize(
    ("approval", "country", "day", "findings"),
    [
        (APPROVED, "US", date(2026, 12, 31), []),
        (APPROVED, "US", date(2027, 1, 1), ["asset_expired"]),
        (APPROVED, "DE", date(2026, 3, 2), ["asset_unapproved"]),
        (APPROVED, None, date(2026, 3, 2), []),
        (replace(APPROVED, regions=frozenset()), "DE", date(2026, 3, 2), []),
        (replace(APPROVED, status="draft"), "US", date(2026, 3, 2), ["asset_unapproved"]),
        (replace(APPROVED, status="withdrawn"), "DE", date(2027, 3, 2), ["asset_unapproved", "asset_expired"]),
    ],
)
def test_using_an_asset_outside_of_its_approval_is_a_finding(
    approval: Approval, country: str | None, day: date, findings: list[str]
) -> None:
    assert asset_findings(approval, occurred_on=day, country=country) == findings


@pytest.mark.parametrize(
    ("hours", "findings"),
    [(-5, ("asset_unapproved",)), (-2, ("asset_unapproved",)), (-1, ()), (0, ()), (1, ("asset_unapproved",)), (9, ("asset_unapproved",))],
)
def test_an_act_is_held_against_the_approval_that_stood_when_it_happened(hours: int, findings: tuple[str, ...]) -> None:
    hour = timedelta(hours=1)
    draft, withdrawn = (
        replace(APPROVED, status="draft", stated_at=AT - 3 * hour),
        replace(APPROVED, status="withdrawn", stated_at=AT + hour),
    )
    guide = replace(GUIDE, approvals=(draft, replace(APPROVED, stated_at=AT - hour), withdrawn))
    known = Catalog(assets={"guide": guide}, asset_marks={(None, FORM): {"guide"}})
    found = label(ACT, occurred_at=AT + hours * hour, country="US", catalog=known, source_brand_id=None)
    assert found.flags == findings


def test_a_page_is_recognised_by_the_path_in_an_address() -> None:
    known = catalog(asset_marks={(None, Mark("page", "/dosing/guide")): {"guide"}})
    assert labelled(replace(ACT, marks=(Mark("url", "https://brand.test/dosing/guide?x=1"),)), catalog=known).asset_id == "guide"
    assert labelled(replace(ACT, marks=(Mark("url", "https://brand.test/"),)), catalog=known).asset_id is None


def test_a_finding_joins_the_flags_of_the_act() -> None:
    known = catalog(asset_marks={(None, FORM): {"guide"}})
    assert labelled(replace(ACT, flags=("backfill",)), country="DE", catalog=known).flags == ("backfill", "asset_unapproved")
