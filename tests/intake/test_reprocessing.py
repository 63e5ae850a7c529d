"""Receipts read again with their source as it is now: what couldn't be read then is recorded as of then, and nothing twice."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from intake.operations.reprocessing import Bounds, Reprocessing
from intake.queries.receipt_search import ReceiptFilter
from tests.intake.conftest import Intake, counts, engagement, new_ledger
from tests.intake.platforms import SECRET, email_opened
from tests.intake.podium import RENAMED, WITH_COFFEE, connect, post, reprocess, reprocess_one, with_kinds
from tests.intake.test_mappings import PODIUM, batch, entry
from tests.intake.test_mappings_api import everything

COFFEE = {"what": "COFFEE_SERVED"}
UNZONED = [{"path": "um", "format": "written", "pattern": "%Y-%m-%d %H:%M", "zone": "Europe/Berlin"}, *PODIUM["occurred_at"]]


async def engagements(intake: Intake) -> list[str]:
    rows = await intake.rows("SELECT source_event_id FROM engagements ORDER BY source_event_id")
    return [row.source_event_id for row in rows]


async def receipt_of(intake: Intake, answer: httpx.Response) -> dict[str, Any]:
    found = await intake.get(f"receipts/{answer.json()['receipt_id']}", role="marketing")
    body: dict[str, Any] = found.json()
    return body


async def test_what_was_ignored_becomes_an_engagement_as_of_its_receipt(intake: Intake) -> None:
    await connect(intake)
    answer = await post(intake, batch(entry(), entry(**COFFEE, ref="e-2")))
    assert counts(answer) == {"accepted": 1, "ignored": 1}
    before = await receipt_of(intake, answer)
    told = await intake.published("engagement.recorded")
    await connect(intake, WITH_COFFEE)
    again = await reprocess_one(intake, answer)
    assert counts(again) == {"accepted": 2}
    assert (again.json()["times_reprocessed"], before["times_reprocessed"], before["reprocessed_at"]) == (1, 0, None)
    assert again.json()["reprocessed_at"] > before["received_at"]
    assert again.json()["items"][0] == before["items"][0]
    first, coffee = await intake.published("engagement.recorded")
    assert [first] == told
    assert (coffee["kind"], coffee["received_at"], coffee["brand_id"]) == ("event_attended", before["received_at"], "cardiozan")
    assert again.json()["items"][1]["engagement_id"] == coffee["engagement_id"]
    journeys = await intake.rows("SELECT DISTINCT headers ->> 'ce_correlationid' AS id FROM outbox WHERE type = 'engagement.recorded'")
    assert [row.id for row in journeys] == [answer.json()["receipt_id"]]


async def test_what_was_rejected_for_its_time_is_recorded_once_the_mapping_reads_it(intake: Intake) -> None:
    await connect(intake)
    answer = await post(intake, batch(entry(um="2026-03-02 11:15")))
    assert await intake.items(answer) == [("rejected", "time_unreadable")]
    await connect(intake, {**PODIUM, "occurred_at": UNZONED})
    assert counts(await reprocess_one(intake, answer)) == {"accepted": 1}
    [recorded] = await intake.published("engagement.recorded")
    assert recorded["occurred_at"] == "2026-03-02T10:15:00Z"


async def test_an_opt_out_that_could_not_be_read_counts_once_it_is(intake: Intake) -> None:
    await connect(intake)
    answer = await post(intake, batch(entry(what="LEFT")))
    await connect(intake, with_kinds(LEFT={"kind": "unsubscribed"}))
    assert counts(await reprocess_one(intake, answer)) == {"accepted": 1}
    [row] = await intake.rows("SELECT state FROM consents")
    assert row.state == "denied"


async def test_an_engagement_stays_the_one_it_is_when_its_mapping_computes_another_identity(intake: Intake) -> None:
    await connect(intake)
    body = batch(entry(), entry(**COFFEE, ref="e-2"))
    answer = await post(intake, body)
    retried = await post(intake, body)
    await connect(intake, {**WITH_COFFEE, "identity": RENAMED["identity"]})
    report = (await reprocess(intake, source="podium", dry_run=False)).json()
    assert report["becomes"] == {"accepted": 1, "duplicate": 1, "ignored": 0, "rejected": 0}
    assert await engagements(intake) == ["COFFEE_SERVED:e-2:dosing", "SEAT_TAKEN:e-1"]
    assert await intake.items(answer) == [("accepted", None), ("accepted", None)]
    assert await intake.items(retried) == [("duplicate", None), ("duplicate", None)]
    assert counts(await post(intake, body)) == {"duplicate": 2}, "what comes again is known by its new identity too"
    assert len(await intake.published("engagement.recorded")) == 2


async def test_the_same_act_on_an_earlier_receipt_is_not_counted_beside_the_engagement_it_became(intake: Intake) -> None:
    await connect(intake)
    unread = await post(intake, batch(entry(um=None, at="2026-03-02 11:15")))
    read = await post(intake, batch(entry()))
    await connect(intake, {**RENAMED, "occurred_at": [*PODIUM["occurred_at"], {**UNZONED[0], "path": "at"}]})
    await reprocess(intake, source="podium", dry_run=False)
    assert await engagements(intake) == ["SEAT_TAKEN:e-1"]
    assert (await intake.items(unread), await intake.items(read)) == ([("duplicate", None)], [("accepted", None)])


async def test_a_dry_run_says_exactly_what_would_become_of_the_range_and_writes_nothing(intake: Intake) -> None:
    await connect(intake)
    for number in range(3):
        await post(intake, batch(entry(ref=f"e-{number}"), entry(**COFFEE, ref=f"c-{number % 2}"), entry(what="UNHEARD_OF")))
    await connect(intake, WITH_COFFEE)
    before = await everything(intake)
    tried = (await reprocess(intake, source="podium")).json()
    assert await everything(intake) == before
    assert tried == {
        "dry_run": True,
        "receipts": 3,
        "becomes": {"accepted": 2, "duplicate": 1, "ignored": 0, "rejected": 0},
        "unchanged": 6,
        "shifts": [
            {"before": ignored(), "after": {"verdict": "accepted", "reason": None}, "items": 2},
            {"before": ignored(), "after": {"verdict": "duplicate", "reason": None}, "items": 1},
        ],
        "left": 0,
        "left_ids": [],
        "next_cursor": None,
    }
    done = (await reprocess(intake, source="podium", dry_run=False)).json()
    assert done == {**tried, "dry_run": False}


def ignored() -> dict[str, Any]:
    return {"verdict": "ignored", "reason": "unknown_event_type"}


async def test_a_range_read_again_twice_is_as_one_read_again_once(intake: Intake) -> None:
    await connect(intake)
    for number in range(4):
        await post(intake, batch(entry(ref=f"e-{number}"), entry(**COFFEE, ref=f"c-{number}")))
    await connect(intake, {**WITH_COFFEE, "identity": RENAMED["identity"]})
    await reprocess(intake, dry_run=False)
    once = await everything(intake)
    twice = (await reprocess(intake, dry_run=False)).json()
    assert (twice["receipts"], twice["unchanged"], twice["shifts"]) == (4, 8, [])
    after = await everything(intake)
    assert {table: rows for table, rows in after.items() if table != "receipts"} == {
        table: rows for table, rows in once.items() if table != "receipts"
    }
    [row] = await intake.rows("SELECT DISTINCT times_reprocessed AS times FROM receipts")
    assert row.times == 2


async def test_two_who_read_the_same_range_again_at_once_count_nothing_twice(intake: Intake) -> None:
    await connect(intake)
    for number in range(6):
        await post(intake, batch(entry(**COFFEE, ref=f"c-{number}"), entry(**COFFEE, ref="c-of-all")))
    await connect(intake, WITH_COFFEE)
    reports = await asyncio.gather(*(reprocess(intake, dry_run=False) for _ in range(3)))
    assert sum(report.json()["becomes"]["accepted"] for report in reports) == 7
    assert len(await engagements(intake)) == len(await intake.published("engagement.recorded")) == 7


async def test_a_long_range_is_worked_off_call_by_call_in_the_order_of_receipt(intake: Intake) -> None:
    await connect(intake)
    for number in range(7):
        await post(intake, batch(entry(**COFFEE, ref=f"c-{number}")))
    await connect(intake, WITH_COFFEE)
    reprocessing = Reprocessing(intake.service.database, new_ledger(), Bounds(batch_receipts=2, call_seconds=0))
    after, calls = None, 0
    while calls == 0 or after is not None:
        report = await reprocessing.range(ReceiptFilter(source="podium"), after=after, dry_run=False)
        after, calls = report.after, calls + 1
        assert report.receipts <= 2
    assert calls == 5
    recorded = await intake.published("engagement.recorded")
    assert [each["source_event_id"] for each in recorded] == [f"COFFEE_SERVED:c-{number}" for number in range(7)]


async def test_a_range_goes_on_where_the_cursor_says(intake: Intake) -> None:
    await connect(intake)
    for number in range(2):
        await post(intake, batch(entry(ref=f"e-{number}")))
    assert (await reprocess(intake)).json()["next_cursor"] is None
    listed = (await intake.get("receipts?limit=1", role="admin")).json()
    assert (await reprocess(intake, cursor="made-up")).status_code == 422
    assert (await reprocess(intake, cursor=listed["next_cursor"])).status_code == 422, "a cursor is of one list"


async def test_only_what_the_filter_names_is_read_again(intake: Intake) -> None:
    await connect(intake)
    coffee = await post(intake, batch(entry(**COFFEE)))
    untimed = await post(intake, batch(entry(um="soon", ref="e-2")))
    nobody = await post(intake, batch(entry(guest={}, ref="e-3")))
    opened = await intake.mautic({"mautic.email_on_open": [email_opened()]})
    received = {answer.json()["receipt_id"]: (await receipt_of(intake, answer))["received_at"] for answer in (coffee, opened)}

    async def looked_at(**chosen: Any) -> int:
        count: int = (await reprocess(intake, **chosen)).json()["receipts"]
        return count

    assert await looked_at() == 4
    assert await looked_at(source="podium") == 3
    assert await looked_at(verdict="rejected") == 2
    assert await looked_at(stage="mapping") == 1
    assert await looked_at(stage="identity", source="podium") == 1
    assert await looked_at(reason="no_person") == 1
    assert await looked_at(reason="no_person", stage="format") == 0
    assert await looked_at(**{"from": received[opened.json()["receipt_id"]]}) == 1
    assert await looked_at(until=received[opened.json()["receipt_id"]]) == 3
    await connect(intake, {**PODIUM, "occurred_at": []})
    await reprocess(intake, stage="mapping", dry_run=False)
    assert (await receipt_of(intake, untimed))["times_reprocessed"] == 1
    assert (await receipt_of(intake, nobody))["times_reprocessed"] == 0


async def test_a_receipt_whose_engagements_are_not_found_again_stays_as_it_is(intake: Intake) -> None:
    await connect(intake)
    answer = await post(intake, batch(entry(), entry(**COFFEE, ref="e-2")))
    before = await everything(intake)
    await connect(intake, {**WITH_COFFEE, "items": "batch.entries[?what == 'COFFEE_SERVED']"})
    after_change = await everything(intake)
    report = (await reprocess(intake, dry_run=False)).json()
    assert (report["receipts"], report["left"], report["left_ids"]) == (1, 1, [answer.json()["receipt_id"]])
    assert (await reprocess_one(intake, answer)).status_code == 409
    assert await everything(intake) == after_change
    assert after_change["receipts"] == before["receipts"]


async def test_a_body_nobody_could_read_may_hold_many_engagements(intake: Intake) -> None:
    await connect(intake, {**PODIUM, "items": "elsewhere"})
    answer = await post(intake, batch(entry(), entry(ref="e-2")))
    assert await intake.items(answer) == [("rejected", "unexpected_shape")]
    await connect(intake)
    assert counts(await reprocess_one(intake, answer)) == {"accepted": 2}
    assert await intake.items(answer) == [("accepted", None), ("accepted", None)]


async def test_one_receipt_that_can_never_be_recorded_takes_no_other_along(intake: Intake) -> None:
    await connect(intake)
    answers = [await post(intake, batch(entry(**COFFEE, ref=f"c-{number}"))) for number in range(3)]
    await connect(intake, WITH_COFFEE)
    await refuse_engagement(intake, "COFFEE_SERVED:c-1")
    report = (await reprocess(intake, dry_run=False)).json()
    assert (report["becomes"]["accepted"], report["left_ids"]) == (2, [answers[1].json()["receipt_id"]])
    assert await intake.items(answers[1]) == [("ignored", "unknown_event_type")]
    await allow_engagements(intake)
    assert (await reprocess(intake, dry_run=False)).json()["becomes"]["accepted"] == 1


async def refuse_engagement(intake: Intake, identity: str) -> None:
    async with intake.service.database.transaction() as session:
        await session.execute(text(f"ALTER TABLE engagements ADD CONSTRAINT never CHECK (source_event_id <> '{identity}')"))


async def allow_engagements(intake: Intake) -> None:
    async with intake.service.database.transaction() as session:
        await session.execute(text("ALTER TABLE engagements DROP CONSTRAINT never"))


async def test_what_was_kept_as_unrecordable_is_recorded_once_that_is_mended(intake: Intake) -> None:
    await refuse_engagement(intake, "e-1")
    posted = await intake.post_engagements([engagement("e-1"), engagement("e-2")])
    assert await intake.items(posted) == [("rejected", "unrecordable")]
    await allow_engagements(intake)
    assert counts(await reprocess_one(intake, posted)) == {"accepted": 2}
    assert await engagements(intake) == ["e-1", "e-2"]


async def test_every_person_and_key_met_when_reading_again_is_known_as_if_it_had_come_now(intake: Intake) -> None:
    await connect(intake)
    answer = await post(intake, batch(entry(**COFFEE)))
    assert await intake.published("contact.snapshot") == []
    await connect(intake, WITH_COFFEE)
    await reprocess_one(intake, answer)
    [snapshot] = await intake.published("contact.snapshot")
    assert snapshot["external_ids"] == {"npi": "1234567893", "podium": "G-7"}


async def test_what_people_typed_is_handed_over_as_it_is_found_now_of_engagements_too(intake: Intake) -> None:
    await connect(intake)
    answer = await post(intake, batch(entry()))
    before = await intake.rows("SELECT id FROM typed_texts")
    taken = PODIUM["kinds"]["SEAT_TAKEN"]
    live = {name: value for name, value in taken["kinds"]["live"].items() if name != "answers"}
    await connect(intake, with_kinds(SEAT_TAKEN={**taken, "kinds": {"live": live}}))
    for _ in range(2):
        assert counts(await reprocess_one(intake, answer)) == {"accepted": 1}
        told = await intake.rows("SELECT contact_id, received_at FROM typed_texts")
        assert len(told) == len(before) + 1, "an answer that is on no list any longer is text, and told once"
    [row] = await intake.rows("SELECT contact_id, received_at FROM engagements")
    assert {tuple(each) for each in told} == {tuple(row)}


@pytest.mark.parametrize("body", [{"colour": "blue"}, {"stage": "nowhere"}, {"from": "yesterday"}, {"dry_run": "no"}, {"verdict": 1}])
async def test_a_range_that_cannot_be_is_refused(intake: Intake, body: dict[str, Any]) -> None:
    assert (await reprocess(intake, **body)).status_code == 422


async def test_only_an_admin_has_receipts_read_again_and_only_those_there_are(intake: Intake) -> None:
    answer = await intake.mautic({"mautic.email_on_open": [email_opened()]})
    for role in ("marketing", "auditor", "integration"):
        assert (await reprocess(intake, role=role)).status_code == 403
        assert (await reprocess_one(intake, answer, role=role)).status_code == 403
    nobody = "0195e9a0-0000-7000-8000-000000000000"
    assert (await intake.client.post(f"/v1/receipts/{nobody}/reprocess", headers=intake.token("admin"))).status_code == 404


async def test_bodies_of_every_platform_read_the_same_again(intake: Intake) -> None:
    body = {"mautic.email_on_open": [email_opened(), email_opened(id=9, dateRead="2026-03-02", lastOpened=None)]}
    first = await intake.mautic(body)
    before = await receipt_of(intake, first)
    again = await reprocess_one(intake, first)
    assert again.json()["items"] == before["items"]
    assert SECRET not in again.text
