"""Sources being tried out, and history posted later: what they tell carries its flag, and nothing is counted twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.consents import act_of
from intake.decisions.source_flags import LIVE, SourceFlags
from tests.intake.conftest import Intake, counts, engagement
from tests.intake.platforms import email_opened, subscription_changed

GOING_LIVE = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


async def setting(intake: Intake, **settings: Any) -> None:
    await intake.connect("mautic", "mautic", brand_id="cardiozan", **settings)


async def flags(intake: Intake) -> list[list[str]]:
    """The flags of each engagement told, oldest first; those on record are the same."""
    told = [each["flags"] for each in await intake.published("engagement.recorded")]
    rows = await intake.rows("SELECT flags FROM engagements ORDER BY id")
    assert [row.flags for row in rows] == told
    return told


def opened(number: int, at: datetime) -> dict[str, Any]:
    written = at.isoformat()
    return email_opened(id=number, dateRead=written, lastOpened=written)


async def test_what_a_source_in_test_mode_tells_carries_the_flag(intake: Intake) -> None:
    await setting(intake, mode="test")
    assert counts(await intake.mautic({"mautic.email_on_open": [email_opened()]})) == {"accepted": 1}
    await setting(intake)
    assert counts(await intake.mautic({"mautic.email_on_open": [email_opened(id=9)]})) == {"accepted": 1}
    assert await flags(intake) == [["test"], []], "going live is a change of the setting; what was told before keeps its flag"


async def test_an_act_told_in_test_mode_and_again_live_is_the_same_act(intake: Intake) -> None:
    await setting(intake, mode="test")
    body = {"mautic.email_on_open": [email_opened()]}
    await intake.mautic(body)
    await setting(intake)
    assert counts(await intake.mautic(body)) == {"duplicate": 1}


async def test_a_source_in_test_mode_can_let_nobody_join_but_anybody_leave(intake: Intake) -> None:
    await setting(intake, mode="test")
    changed = "mautic.lead_channel_subscription_changed"
    joined = subscription_changed("contactable", old="unsubscribed", contact={"id": 1})
    left = subscription_changed("unsubscribed", contact={"id": 2})
    assert counts(await intake.mautic({changed: [joined, left]})) == {"accepted": 2}
    kinds = [(each["kind"], each["flags"]) for each in await intake.published("engagement.recorded")]
    assert kinds == [("subscribed", ["test"]), ("unsubscribed", ["test"])]
    assert [row.state for row in await intake.rows("SELECT state FROM consents")] == ["denied"]


async def test_an_integrator_who_posts_a_test_is_taken_at_their_word(intake: Intake) -> None:
    posted = engagement(kind="subscribed", flags=["test"])
    assert counts(await intake.post_engagements(posted)) == {"accepted": 1}
    assert await flags(intake) == [["test"]]
    assert await intake.rows("SELECT state FROM consents") == []


async def test_what_happened_before_the_moment_named_is_history(intake: Intake) -> None:
    await setting(intake, backfill_before=GOING_LIVE.isoformat())
    for days, number in ((-90, 1), (0, 2), (1, 3)):
        await intake.mautic({"mautic.email_on_open": [opened(number, GOING_LIVE + timedelta(days=days))]})
    assert await flags(intake) == [["backfill"], [], []]


async def test_a_backfill_that_overlaps_what_was_told_live_doubles_nothing(intake: Intake) -> None:
    """Live since two days before now; then the platform exports 90 days and posts them through the same door, in batches of ten."""
    days = [GOING_LIVE - timedelta(days=day) for day in range(90)]
    for number in (1, 0):
        assert counts(await intake.mautic({"mautic.email_on_open": [opened(number, days[number])]})) == {"accepted": 1}
    await setting(intake, backfill_before=days[1].isoformat())
    exported = [opened(number, at) for number, at in enumerate(days)]
    found = {"accepted": 0, "duplicate": 0}
    for begin in range(0, 90, 10):
        for verdict, count in counts(await intake.mautic({"mautic.email_on_open": exported[begin : begin + 10]})).items():
            found[verdict] += count
    assert found == {"accepted": 88, "duplicate": 2}
    told = await flags(intake)
    assert (told[:2], {tuple(each) for each in told[2:]}, len(told)) == ([[], []], {("backfill",)}, 90)
    again = await intake.mautic({"mautic.email_on_open": exported})
    assert counts(again) == {"duplicate": 90}


async def test_history_read_again_carries_the_flags_its_source_has_now(intake: Intake) -> None:
    body = {"mautic.email_on_open": [email_opened(dateRead="2026-03-02", lastOpened=None), email_opened(id=9)]}
    answer = await intake.mautic(body)
    await setting(intake, mode="test", backfill_before=GOING_LIVE.isoformat())
    again = await intake.client.post(f"/v1/receipts/{answer.json()['receipt_id']}/reprocess", headers=intake.token("admin"))
    assert counts(again) == {"accepted": 1, "rejected": 1}
    assert await flags(intake) == [[]], "what is on record stays as it is"


async def test_settings_every_platform_has_are_given_back_as_they_were_put(intake: Intake) -> None:
    await setting(intake, mode="test", backfill_before="2026-03-02T13:00:00+01:00")
    shown = (await intake.get("sources/mautic", role="admin")).json()["settings"]
    assert (shown["mode"], shown["backfill_before"]) == ("test", "2026-03-02T12:00:00Z")
    for impossible in ({"mode": "rehearsal"}, {"mode": True}, {"backfill_before": "2026-03-02"}, {"backfill_before": 5}):
        body = {"adapter": "mautic", "secrets": ["hush"], "settings": impossible}
        assert (await intake.put("sources/mautic", body, role="admin")).status_code == 422


@given(MOMENTS, MOMENTS, st.booleans())
def test_flags_follow_from_the_settings_and_the_acts_own_time(occurred_at: datetime, before: datetime, is_test: bool) -> None:
    found = SourceFlags(is_test=is_test, backfill_before=before).of(occurred_at)
    assert ("test" in found) == is_test
    assert ("backfill" in found) == (occurred_at < before)
    assert not LIVE.of(occurred_at)


@pytest.mark.parametrize("kind", ["subscribed", "unsubscribed", "email_complained"])
def test_a_test_can_only_be_an_act_of_leaving(kind: Any) -> None:
    found = act_of(kind, channel="email", occurred_at=GOING_LIVE, machine=False, test=True)
    assert (found is None) == (kind == "subscribed")
