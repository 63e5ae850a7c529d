"""Engagements that come before their asset or campaign is stated: recognised later, to the same end as if they had come after."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from intake.decisions.acts import Act, Mark
from intake.decisions.catalog import Labels
from intake.decisions.relabelling import kept_marks
from intake.operations import relabelling
from intake.operations.relabelling import REACH_BACK, SETTLED_AFTER, relabel_step
from tests.intake.conftest import Intake, asset, campaign, contact, counts
from tests.intake.platforms import form_submitted

NOTHING = Labels(None, None, "cardiozan", (), "promotional", ())
ABOUT = ("asset_id", "campaign_id", "brand_id", "topics", "context", "flags")


def act(**changes: Any) -> Act:
    fields: dict[str, Any] = {"marks": (Mark("form", "guide"), Mark("url", "https://brand.test/a?who=ada@b.test"))}
    return Act("mautic", "x", "1", "form_submitted", "web", datetime(2026, 3, 2, tzinfo=UTC), (), **fields | changes)


def test_what_an_act_may_be_recognised_by_is_kept_as_hashes_while_something_is_missing() -> None:
    kept = kept_marks(act(), NOTHING)
    assert len(kept) == 3, "the form, the address, and the page in it"
    assert not any("ada" in one for one in kept)
    assert kept_marks(act(), Labels("guide", None, "cardiozan", (), "promotional", ())) == kept
    assert kept_marks(act(), Labels("guide", "launch", "cardiozan", (), "promotional", ())) == ()
    assert kept_marks(act(marks=()), NOTHING) == ()
    assert kept_marks(act(brand_id="stated"), NOTHING) == ()


async def put(intake: Intake, collection: str, *rows: Any) -> None:
    answer = await intake.put(collection, list(rows))
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == []


async def submit(intake: Intake, *numbers: int) -> None:
    body = {"mautic.form_on_submit": [form_submitted(id=number) for number in numbers]}
    assert counts(await intake.mautic(body)) == {"accepted": len(numbers)}


async def look_through(intake: Intake, *, after: timedelta = SETTLED_AFTER) -> int:
    """All steps that can be made so long after now; how many there were."""
    steps = 0
    while await relabel_step(intake.service.database, now=datetime.now(UTC) + after):
        steps += 1
    return steps


async def about(intake: Intake) -> list[dict[str, Any]]:
    """What the engagements on record are about, and what was told of each last, which must be the same."""
    rows = await intake.rows("SELECT id, asset_id, campaign_id, brand_id, topics, context, flags, version FROM engagements ORDER BY id")
    told = [*await intake.published("engagement.recorded"), *await intake.published("engagement.restated")]
    last = {fact["engagement_id"]: fact for fact in sorted(told, key=lambda fact: fact.get("version", 1))}
    found = [{name: getattr(row, name) for name in ABOUT} for row in rows]
    assert found == [{name: last[str(row.id)][name] for name in ABOUT} for row in rows]
    return found


ORDERS = [
    ("acts", "assets", "campaigns"),
    ("campaigns", "acts", "assets"),
    ("assets", "acts", "campaigns"),
    ("assets", "campaigns", "acts"),
]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("keys", [[], [{"kind": "utm_campaign", "value": "spring-launch"}]], ids=["by its asset", "by its own key"])
async def test_whether_stated_before_or_after_it_is_recognised_alike(intake: Intake, order: tuple[str, ...], keys: Any) -> None:
    await put(intake, "contacts", contact(country="DE"))
    for what in order:
        if what == "acts":
            await submit(intake, 1)
        elif what == "assets":
            await put(intake, "assets", asset())
        else:
            await put(intake, "campaigns", campaign(keys=keys))
        await look_through(intake)
    assert await about(intake) == [
        {
            "asset_id": "guide",
            "campaign_id": "launch",
            "brand_id": "cardiozan",
            "topics": ["dosing"],
            "context": "educational",
            "flags": ["asset_unapproved"],
        }
    ]


async def test_it_is_told_anew_because_of_the_catalogue_and_only_once(intake: Intake) -> None:
    await submit(intake, 1)
    await put(intake, "assets", asset())
    await look_through(intake)
    [restated] = await intake.published("engagement.restated")
    assert (restated["cause"], restated["version"], restated["asset_id"]) == ("catalog", 2, "guide")
    shown = (await intake.get(f"engagements/{restated['engagement_id']}", role="marketing")).json()
    assert [one["cause"] for one in shown["restatements"]] == ["catalog"]
    await put(intake, "assets", asset(title="Dosing guide, second edition"))
    await put(intake, "assets", asset(keys=[{"kind": "form", "value": "dosingguide"}]))
    await look_through(intake)
    assert len(await intake.published("engagement.restated")) == 1


async def test_an_asset_that_is_recognised_by_the_same_as_before_asks_for_nothing(intake: Intake) -> None:
    await put(intake, "assets", asset())
    await look_through(intake)
    await put(intake, "assets", asset(title="Another title"))
    assert await intake.rows("SELECT id FROM relabellings") == []


async def test_many_are_looked_through_in_short_steps_and_each_once(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relabelling, "STEP_ENGAGEMENTS", 2)
    await submit(intake, 1, 2, 3, 4, 5)
    await put(intake, "assets", asset())
    assert await look_through(intake) == 3
    assert [one["asset_id"] for one in await about(intake)] == ["guide"] * 5
    assert len(await intake.published("engagement.restated")) == 5


async def test_nobody_is_looked_at_before_those_under_way_have_committed(intake: Intake) -> None:
    await submit(intake, 1)
    await put(intake, "assets", asset())
    assert await look_through(intake, after=timedelta()) == 0
    assert await look_through(intake) == 1


async def test_what_is_older_than_the_bus_keeps_stays_as_it_was_told(intake: Intake) -> None:
    await submit(intake, 1)
    await put(intake, "assets", asset())
    later = REACH_BACK + timedelta(days=1)
    async with intake.service.database.transaction() as session:
        await session.execute(text("UPDATE relabellings SET stated_at = stated_at + :later"), {"later": later})
    assert await look_through(intake, after=later + SETTLED_AFTER) == 1
    assert [one["asset_id"] for one in await about(intake)] == [None]


async def test_a_key_declared_for_another_source_recognises_nothing_here(intake: Intake) -> None:
    await submit(intake, 1)
    await put(intake, "assets", asset(url=None, keys=[{"source": "elsewhere", "kind": "form", "value": "dosingguide"}]))
    await look_through(intake)
    assert [one["asset_id"] for one in await about(intake)] == [None]
