"""A manager is told what is wrong in the territories of their reps, and nothing else."""

from typing import Any

import pytest

from tests.routing.test_coverage import counted, found
from tests.routing.world import BRAND, World, absence, account, alignment, contact, pool, rep, target, territory
from tests.tokens import authorization

BOSS = authorization("manager", rep="boss", sub="boss")


@pytest.fixture
async def divided(world: World) -> World:
    """Chicago is its manager's, the loop a rep's whom they manage, Boston and Salem somebody else's."""
    await world.put("territories", territory("loop", "607*"), territory("boston", "021*"), territory("salem", "021*"))
    await world.put(
        "reps",
        rep("boss", "chicago", role="manager"),
        rep("rep-9", "loop", brand_ids=["other"], manager_id="boss"),
        rep("rep-5", "boston", max_open_leads=0),
    )
    await world.hear(
        contact("of-loop", postal_code="60701"), contact("of-boston", postal_code="02115"), contact("of-nobody", postal_code="99501")
    )
    return world


async def told(world: World, code: str) -> tuple[int, int]:
    """How much of it sales operations are told, and how much the manager of Chicago is."""
    for_boss = await found(world, code, brand_id=BRAND, headers=BOSS)
    return await counted(world, code, brand_id=BRAND), 0 if for_boss is None else int(for_boss["count"])


async def test_a_manager_is_told_of_the_territories_of_their_reps(divided: World) -> None:
    coverage = await divided.get("coverage", headers=BOSS, brand_id=BRAND)
    assert coverage["territory_ids"] == ["chicago", "loop"]
    [finding] = coverage["findings"]
    assert (finding["code"], finding["examples"]) == ("territories_without_rep", [{"territory_id": "loop", "brand_id": BRAND}])
    everything = await divided.get("coverage", headers=authorization("manager,auditor", rep="boss"), brand_id=BRAND)
    assert everything["territory_ids"] is None
    assert {each["code"]: each["count"] for each in everything["findings"]} == {
        "territories_without_rep": 3, "postal_codes_claimed_twice": 1, "postal_codes_uncovered": 1,
    }  # fmt: skip


ELSEWHERE = {"include": {"account_ids": ["mercy"]}}


@pytest.mark.parametrize(
    ("collection", "rows", "code", "counts"),
    [
        ("territories", [territory("edge", "607*")], "postal_codes_claimed_twice", (2, 1)),
        ("targets", [target("t-1", "of-loop"), target("t-2", "of-boston"), target("t-3", "of-nobody")], "targets_without_owner", (3, 1)),
        ("absences", [absence("a-1", "rep-1"), absence("a-5", "rep-5")], "absences_without_delegate", (2, 1)),
        (
            "absences",
            [absence("a-1", "rep-1", delegate_rep_id="boss"), absence("a-5", "rep-5", delegate_rep_id="boss")],
            "delegates_inactive",
            (2, 1),
        ),
        (
            "absences",
            [absence("a-1", "rep-1", delegate_rep_id="rep-5"), absence("a-5", "rep-5", delegate_rep_id="rep-1")],
            "delegates_away",
            (2, 1),
        ),
        ("absences", [absence("a-1", "rep-1", delegate_rep_id="nobody"), absence("a-5", "no-one")], "absences_name_unknown", (2, 1)),
        ("reps", [rep("rep-1", "chicago", "nowhere"), rep("rep-5", "boston", manager_id="nobody")], "reps_name_unknown", (2, 1)),
        ("alignments", [alignment("one", "loop", **ELSEWHERE), alignment("two", "boston", **ELSEWHERE)], "alignments_name_unknown", (2, 1)),
        ("alignments", [alignment("one", "loop", **ELSEWHERE), alignment("two", "boston", **ELSEWHERE)], "alignments_overlap", (1, 1)),
        ("alignments", [alignment("one", "salem", **ELSEWHERE), alignment("two", "boston", **ELSEWHERE)], "alignments_overlap", (1, 0)),
        ("accounts", [account("mercy", owner_rep_id="nobody")], "accounts_name_unknown", (1, 0)),
        ("targets", [target("t-1", "nobody")], "targets_name_unknown", (1, 0)),
        ("pools", [pool("x", "nobody")], "pools_name_unknown", (1, 0)),
        ("pools", [pool("x")], "pools_without_rep", (1, 0)),
    ],
)
async def test_what_belongs_to_no_territory_or_anothers_stays_out_of_a_managers_answer(
    divided: World, collection: str, rows: list[Any], code: str, counts: tuple[int, int]
) -> None:
    await divided.put(collection, *rows)
    assert await told(divided, code) == counts


async def test_a_manager_without_a_rep_row_is_told_nothing(divided: World) -> None:
    for headers in (authorization("manager", rep="unknown"), authorization("manager")):
        coverage = await divided.get("coverage", headers=headers)
        assert (coverage["territory_ids"], coverage["findings"]) == ([], [])
