"""What is wrong with the field force and its plans as a whole is found and told, with how much of it there is."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from routing.decisions.coverage import FINDING_CODES, SENTENCES
from routing.decisions.effective import holds_on
from tests.routing.test_erasing import order
from tests.routing.test_sets import counting
from tests.routing.world import BRAND, SALES_OPS, World, absence, account, alignment, contact, pool, rep, target, territory
from tests.tokens import authorization

TODAY = datetime.now(UTC).date()


def day(days_on: int) -> str:
    return str(TODAY + timedelta(days=days_on))


async def found(world: World, code: str, **query: Any) -> dict[str, Any] | None:
    """The finding of that code; None if there is nothing to find."""
    coverage = await world.get("coverage", **query)
    return next((finding for finding in coverage["findings"] if finding["code"] == code), None)


async def counted(world: World, code: str, **query: Any) -> int:
    finding = await found(world, code, **query)
    return 0 if finding is None else int(finding["count"])


async def test_nothing_wrong_is_an_empty_list(world: World) -> None:
    await world.hear(contact("hcp-1"))
    coverage = await world.get("coverage", headers=authorization("auditor"))
    assert (coverage["brand_id"], coverage["findings"]) == (None, [])


async def test_postal_codes_nobody_covers_are_told_with_their_contacts_most_first(world: World) -> None:
    await world.put("accounts", account("far", postal_code="02115"), account("mercy"), account("alone", postal_code="99501"))
    await world.hear(
        *(contact(f"here-{number}", postal_code="60601-1234") for number in range(3)),
        *(contact(f"boston-{number}", postal_code="02115") for number in range(4)),
        contact("works-in-boston", postal_code=None, account_id="far"),
        contact("abroad", postal_code="60601", country="DE"),
        contact("nowhere", postal_code=None),
        contact("merged", postal_code="99999", merged_into="here-1"),
    )
    assert await found(world, "postal_codes_uncovered") == {
        "code": "postal_codes_uncovered",
        "detail": SENTENCES["postal_codes_uncovered"],
        "count": 3,
        "contacts": 6,
        "examples": [
            {"country": "US", "postal_code": "02115", "contacts": 5, "accounts": 1},
            {"country": "DE", "postal_code": "60601", "contacts": 1, "accounts": 0},
            {"country": "", "postal_code": "99501", "contacts": 0, "accounts": 1},
        ],
    }
    assert await counted(world, "contacts_without_postal_code") == 1
    verdict = await world.put("territories", territory("boston", "021*"))
    assert {"code": "postal_codes_uncovered", "count": 2} in verdict["findings"]


async def test_territories_without_a_rep_for_the_brand_are_told(world: World) -> None:
    await world.put("territories", territory("boston", "021*"), territory("empty"))
    await world.put(
        "reps",
        rep("other-brand", "boston", brand_ids=["other"]),
        rep("inactive", "boston", active=False),
        rep("gone", "boston", valid_until=day(-1)),
        rep("boss", "boston", role="manager"),
        rep("full-stop", "boston", max_open_leads=0),
    )
    finding = await found(world, "territories_without_rep", brand_id=BRAND)
    assert finding is not None
    assert finding["examples"] == [{"territory_id": "boston", "brand_id": BRAND}]
    assert await counted(world, "territories_without_rep", brand_id="other") == 1, "Chicago"
    assert await counted(world, "territories_without_rep") == 2
    await world.put("reps", rep("new", "boston"))
    assert await counted(world, "territories_without_rep", brand_id=BRAND) == 0


HEART = alignment("heart", "chicago", "606*", "60714", include={"postal_codes": ["606*", "60714"], "account_ids": ["mercy"]})


@pytest.mark.parametrize(
    ("changes", "things"),
    [
        ({}, 3),
        ({"include": {"postal_codes": ["60-6 *"]}}, 1),
        ({"include": {"postal_codes": ["60714-0001"]}}, 1),
        ({"include": {"postal_codes": ["6061*"]}}, 0),
        ({"include": {"contact_ids": ["mercy"]}}, 0),
        ({"include": {"account_ids": ["mercy"]}}, 1),
        ({"brand_id": "cardiolex"}, 0),
        ({"team": "hospital"}, 0),
        ({"exclude": {"postal_codes": ["606*"], "account_ids": ["mercy"]}}, 1),
        ({"priority": 2}, 0),
        ({"territory_id": "chicago"}, 0),
        ({"territory_id": "munich"}, 1),
        ({"valid_from": day(10)}, 3),
        ({"valid_until": day(-1)}, 0),
    ],
)
async def test_alignments_that_include_the_same_things_are_told(world: World, changes: dict[str, Any], things: int) -> None:
    await world.put("territories", territory("loop"), territory("munich", country="DE"))
    verdict = await world.put("alignments", HEART, {**HEART, "id": "twin", "territory_id": "loop", **changes})
    finding = await found(world, "alignments_overlap")
    assert ({"code": "alignments_overlap", "count": 1} in verdict["findings"]) is (things > 0)
    if things == 0:
        assert finding is None
        return
    assert finding is not None
    [example] = finding["examples"]
    assert (example["alignment_id"], example["other_alignment_id"], example["things"]) == ("heart", "twin", things)


async def test_alignments_of_two_brands_or_times_do_not_overlap(world: World) -> None:
    await world.put("territories", territory("loop"))
    one, other = HEART | {"brand_id": "a"}, {**HEART, "id": "twin", "territory_id": "loop", "brand_id": "b"}
    await world.put("alignments", one, other)
    assert await counted(world, "alignments_overlap") == 0
    await world.put("alignments", one | {"valid_until": day(3)}, other | {"brand_id": "a", "valid_from": day(4)})
    assert await counted(world, "alignments_overlap") == 0
    await world.put("alignments", one | {"valid_until": day(4)})
    assert await counted(world, "alignments_overlap", brand_id="a") == 1
    assert await counted(world, "alignments_overlap", brand_id="b") == 0


DAYS = st.none() | st.integers(-3, 3).map(lambda days_on: TODAY + timedelta(days=days_on))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(periods=st.tuples(DAYS, DAYS, DAYS, DAYS))
async def test_alignments_overlap_if_there_is_a_day_to_come_on_which_both_count(world: World, periods: tuple[date | None, ...]) -> None:
    pairs = [periods[:2], periods[2:]]
    assume(all(first is None or last is None or first <= last for first, last in pairs))
    rows = [
        {**HEART, "id": f"a-{number}", "territory_id": f"t-{number}", "valid_from": first and str(first), "valid_until": last and str(last)}
        for number, (first, last) in enumerate(pairs)
    ]
    await world.put("territories", territory("t-0"), territory("t-1"))
    await world.put("alignments", *rows)
    days = [TODAY + timedelta(days=days_on) for days_on in range(5)]
    both = any(all(holds_on(each, valid_from=first, valid_until=last) for first, last in pairs) for each in days)
    assert await counted(world, "alignments_overlap") == both


async def test_postal_codes_two_territories_name_are_told(world: World) -> None:
    await world.put("territories", territory("loop", "606*", "60601"), territory("munich", "606*", country="DE"))
    assert await found(world, "postal_codes_claimed_twice") == {
        "code": "postal_codes_claimed_twice",
        "detail": SENTENCES["postal_codes_claimed_twice"],
        "count": 1,
        "contacts": None,
        "examples": [{"country": "US", "postal_code": "606*", "territory_ids": ["chicago", "loop"]}],
    }


async def test_targets_nobody_calls_are_told(world: World) -> None:
    await world.hear(contact("here"), contact("there", postal_code="02115"), contact("old", merged_into="there"))
    await world.put(
        "targets",
        target("owned-by-territory", "here"),
        target("owned-by-name", "there", rep_id="rep-1"),
        target("named-unknown", "there", rep_id="nobody"),
        target("of-nobody", "there"),
        target("of-merged", "old"),
        target("over", "there", cycle_until=day(-1)),
        target("other-brand", "here", brand_id="other"),
    )
    finding = await found(world, "targets_without_owner", brand_id=BRAND)
    assert finding is not None
    assert (finding["count"], finding["examples"]) == (
        3, [{"target_id": "named-unknown", "brand_id": BRAND, "country": "US", "postal_code": "02115", "targets": 3}],
    )  # fmt: skip
    assert await counted(world, "targets_without_owner") == 4


async def test_who_is_away_without_anybody_to_stand_in_is_told(world: World) -> None:
    await world.put("reps", rep("gone", "chicago", active=False), rep("boss", "chicago", role="manager"))
    verdict = await world.put(
        "absences",
        absence("alone", "rep-1"),
        absence("later", "rep-1", **{"from": day(20), "until": day(30)}),
        absence("over", "rep-2", **{"from": day(-20), "until": day(-10)}),
        absence("gone-too", "gone"),
        absence("covered", "rep-2", delegate_rep_id="rep-1"),
        absence("by-gone", "rep-2", **{"from": day(40), "until": day(50)}, delegate_rep_id="gone"),
        absence("by-boss", "rep-2", **{"from": day(60), "until": day(70)}, delegate_rep_id="boss"),
    )
    assert [(each["code"], each["count"]) for each in verdict["findings"]] == [
        ("absences_without_delegate", 1), ("delegates_inactive", 2), ("delegates_away", 1),
    ]  # fmt: skip
    alone = await found(world, "absences_without_delegate", brand_id=BRAND)
    assert alone is not None
    assert alone["examples"] == [{"absence_id": "alone", "rep_id": "rep-1"}]
    away = await found(world, "delegates_away")
    assert away is not None
    assert away["examples"] == [{"absence_id": "covered", "rep_id": "rep-2", "delegate_rep_id": "rep-1"}]
    assert await found(world, "absences_without_delegate", brand_id="other") is None


@pytest.mark.parametrize(
    ("collection", "row", "named"),
    [
        ("accounts", account("x", owner_rep_id="nobody", named_rep_ids=["rep-1", "no-one"]), [("rep", "no-one"), ("rep", "nobody")]),
        ("reps", rep("x", "nowhere", manager_id="nobody"), [("rep", "nobody"), ("territory", "nowhere")]),
        ("absences", absence("x", "nobody", delegate_rep_id="rep-1"), [("rep", "nobody")]),
        ("targets", target("x", "nobody", rep_id="no-one"), [("contact", "nobody"), ("rep", "no-one")]),
        (
            "alignments",
            alignment("x", "nowhere", include={"account_ids": ["mercy", "none"]}, exclude={"contact_ids": ["hcp-1", "nobody"]}),
            [("account", "none"), ("contact", "nobody"), ("territory", "nowhere")],
        ),
        ("pools", pool("x", "rep-1", "nobody"), [("rep", "nobody")]),
    ],
)
async def test_what_is_named_and_not_known_is_taken_and_told(
    world: World, collection: str, row: dict[str, Any], named: list[tuple[str, str]]
) -> None:
    await world.put("accounts", account("mercy"))
    await world.hear(contact("hcp-1"))
    verdict = await world.put(collection, row)
    code = f"{collection}_name_unknown"
    assert (verdict["created"], {"code": code, "count": len(named)} in verdict["findings"]) == (1, True)
    finding = await found(world, code)
    assert finding is not None
    assert [(each["kind"], each["unknown"]) for each in finding["examples"]] == named
    assert {each[f"{collection.removesuffix('s')}_id"] for each in finding["examples"]} == {"x"}


async def test_pools_nobody_of_whom_may_have_the_brand_are_told(world: World) -> None:
    await world.put("pools", pool("good", "rep-1"), pool("empty"), pool("other", "rep-1", brand_id="other"))
    finding = await found(world, "pools_without_rep")
    assert finding is not None
    assert [each["pool_id"] for each in finding["examples"]] == ["empty", "other"]


async def test_many_are_counted_and_twenty_shown_in_the_same_number_of_statements(world: World) -> None:
    await world.hear(contact("one", postal_code="02115"))
    with counting() as one:
        await world.get("coverage")
    await world.hear(*(contact(f"hcp-{number}", postal_code=f"9{number:04}") for number in range(300)))
    await world.put("targets", *(target(f"t-{number}", f"hcp-{number}") for number in range(300)))
    with counting() as many:
        coverage = await world.get("coverage")
    assert len(many) == len(one)
    counts = {finding["code"]: (finding["count"], len(finding["examples"])) for finding in coverage["findings"]}
    assert counts == {"postal_codes_uncovered": (301, 20), "targets_without_owner": (300, 20)}


async def test_somebody_who_was_erased_lies_nowhere(world: World) -> None:
    await world.hear(contact("hcp-1", postal_code="02115"), order("hcp-1"))
    assert (await world.get("coverage"))["findings"] == []


async def test_every_finding_has_a_sentence() -> None:
    assert set(SENTENCES) == set(FINDING_CODES)


@pytest.mark.parametrize("role", ["marketing", "rep", "integration", "admin"])
async def test_nobody_but_sales_operations_auditors_and_managers_is_told(empty_world: World, role: str) -> None:
    assert (await empty_world.client.get("/v1/coverage", headers=authorization(role))).status_code == 403
    assert (await empty_world.client.get("/v1/coverage", headers=SALES_OPS)).status_code == 200
