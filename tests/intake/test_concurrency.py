"""Many at once: one engagement however many copies, one contact however many first sightings, the last state of consent."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from intake.operations.recording import record
from tests.intake.conftest import Intake, contact, counts, engagement, new_ledger
from tests.intake.platforms import email_opened, mautic_lead, page_hit, subscription_changed
from tests.intake.test_recording import delivery


async def test_two_hundred_copies_of_one_webhook_are_one_engagement(intake: Intake) -> None:
    body = {"mautic.email_on_open": [email_opened()], "mautic.page_on_hit": [page_hit()]}
    answers = await asyncio.gather(*(intake.mautic(body) for _ in range(200)))
    verdicts = Counter(str(counts(answer)) for answer in answers)
    assert verdicts == {"{'accepted': 2}": 1, "{'duplicate': 2}": 199}
    assert len(await intake.published("engagement.recorded")) == 2
    assert len(await intake.published("contact.snapshot")) == 1
    [row] = await intake.rows("SELECT count(*) AS receipts, sum(accepted) AS accepted, sum(duplicate) AS duplicate FROM receipts")
    assert (row.receipts, row.accepted, row.duplicate) == (200, 2, 398)


async def test_a_storm_of_first_sightings_makes_one_contact(intake: Intake) -> None:
    opens = [{"mautic.email_on_open": [email_opened(id=number)]} for number in range(60)]
    posts = [[engagement(f"e-{number}")] for number in range(60)]
    answers = await asyncio.gather(*map(intake.mautic, opens), *map(intake.post_engagements, posts))
    assert all(counts(answer) == {"accepted": 1} for answer in answers)
    assert len({event["contact_id"] for event in await intake.published("engagement.recorded")}) == 1
    assert len(await intake.rows("SELECT id FROM contacts")) == 1


async def test_a_storm_over_many_connections_makes_one_contact(intake: Intake) -> None:
    at_once = asyncio.Semaphore(9)

    async def see(number: int) -> None:
        shown: list[dict[str, Any]] = [{}, {"lead": None}, {"lead": mautic_lead(26, None), "emailAddress": None}]
        async with at_once, intake.service.database.transaction() as session:
            body = {"mautic.email_on_open": [email_opened(id=number, **shown[number % 3])]}
            [tally] = await record(session, [delivery(body)], erasures=new_ledger(), now=datetime.now(UTC))
            assert tally.counts["accepted"] == 1

    await asyncio.gather(*map(see, range(200)))
    people = await intake.rows("SELECT id FROM contacts WHERE id NOT IN (SELECT alias_id FROM contact_aliases)")
    assert len(people) == 1, "whoever is shown by id alone, or by address alone, is joined by who shows both"
    assert len(await intake.published("engagement.recorded")) == 200
    [keys] = await intake.rows("SELECT count(*) AS count, count(DISTINCT (namespace, value)) AS distinct FROM contact_keys")
    assert (keys.count, keys.distinct) == (2, 2)


async def test_a_storm_of_one_unknown_person_over_many_connections_makes_one_row(intake: Intake) -> None:
    at_once = asyncio.Semaphore(9)

    async def see(number: int) -> None:
        async with at_once, intake.service.database.transaction() as session:
            body = {"mautic.email_on_open": [email_opened(id=number)]}
            await record(session, [delivery(body)], erasures=new_ledger(), now=datetime.now(UTC))

    await asyncio.gather(*map(see, range(200)))
    assert len(await intake.rows("SELECT id FROM contacts")) == len(await intake.published("contact.snapshot")) == 1


async def test_merging_naming_and_acting_at_once_neither_block_nor_leave_anybody_between(intake: Intake) -> None:
    ids = [f"hcp-{number}" for number in range(6)]
    rows = [contact(one, external_ids={"crm": one, "mautic": str(number + 1)}, emails=[]) for number, one in enumerate(ids)]
    await intake.put("contacts", rows)
    body = {
        "mautic.email_on_open": [email_opened(id=number, lead=mautic_lead(1 + number % 6, f"p{number % 4}@x.test")) for number in range(24)]
    }

    async def merge(old: str, into: str) -> int:
        answer = await intake.client.post(f"/v1/contacts/{old}/merge", json={"into": into}, headers=intake.token("sales_ops"))
        if answer.status_code == 200:
            answer = await intake.client.post(f"/v1/contacts/{old}/unmerge", headers=intake.token("sales_ops"))
        return answer.status_code

    async def put(turn: int) -> int:
        return (await intake.put("contacts", rows[::-1] if turn % 2 else rows)).status_code

    async def post() -> int:
        return (await intake.mautic(body)).status_code

    pairs = [(old, into) for old in ids for into in ids if old != into]
    done = await asyncio.gather(*(merge(*pair) for pair in pairs), *map(put, range(6)), *(post() for _ in range(6)))
    assert set(done) <= {200, 202, 409}
    chained = "SELECT alias_id FROM contact_aliases WHERE contact_id IN (SELECT alias_id FROM contact_aliases)"
    assert await intake.rows(chained) == []
    assert len(await intake.published("engagement.recorded")) == 24
    newest = {told["contact_id"]: told for told in await intake.published("contact.snapshot")}
    survivors = {row.alias_id: row.contact_id for row in await intake.rows("SELECT alias_id, contact_id FROM contact_aliases")}
    assert {contact_id: told["merged_into"] for contact_id, told in newest.items() if told["merged_into"]} == survivors


async def test_overlapping_batches_in_any_order_neither_block_nor_double(intake: Intake) -> None:
    opens = [email_opened(id=number, lead={"id": 1 + number % 7}, emailAddress=None) for number in range(40)]
    bodies = [opens, opens[::-1], opens[10:] + opens[:10], opens[::2] + opens[1::2]] * 5
    answers = await asyncio.gather(*(intake.mautic({"mautic.email_on_open": body}) for body in bodies))
    total = sum((Counter(counts(answer)) for answer in answers), Counter())
    assert total == {"accepted": 40, "duplicate": 40 * 19}
    assert len(await intake.rows("SELECT id FROM contacts")) == 7


async def test_one_identity_with_two_stories_at_once_is_one_engagement_and_conflicts(intake: Intake) -> None:
    stories = [engagement(kind=kind) for kind in ("webinar_attended", "webinar_registered")] * 20
    answers = await asyncio.gather(*(intake.post_engagements([story]) for story in stories))
    total = sum((Counter(counts(answer)) for answer in answers), Counter())
    assert total == {"accepted": 1, "duplicate": 19, "rejected": 20}


async def test_consent_ends_at_the_latest_act_whatever_order_acts_are_written_in(intake: Intake) -> None:
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    hours = [(begin + timedelta(hours=hour)).isoformat() for hour in range(30)]
    acts = [
        subscription_changed("unsubscribed" if hour % 2 else "contactable", old="manual", timestamp=at) for hour, at in enumerate(hours)
    ]
    known: dict[str, Any] = {"external_ids": {"mautic": "26"}, "emails": ["ada@clinic.test"]}
    await intake.put("contacts", [contact(**known)])
    leaving = [intake.mautic({"mautic.lead_channel_subscription_changed": act}) for act in reversed(acts)]
    restating = [intake.put("contacts", [contact(specialty=f"s-{number}", **known)]) for number in range(10)]
    await asyncio.gather(*leaving, *restating)
    snapshots = await intake.published("contact.snapshot")
    assert [snapshot["version"] for snapshot in snapshots] == list(range(1, len(snapshots) + 1))
    assert snapshots[-1]["consents"][0] | {"state": "denied", "at": "2026-03-02T05:00:00Z"} == snapshots[-1]["consents"][0]


async def test_the_same_new_contacts_put_at_once_are_made_once(intake: Intake) -> None:
    rows = [contact(f"hcp-{number}", external_ids={"crm": f"c-{number}"}, emails=[f"p{number}@x.test"]) for number in range(20)]
    answers = await asyncio.gather(*(intake.put("contacts", rows if turn % 2 else rows[::-1]) for turn in range(8)))
    assert sum(answer.json()["created"] for answer in answers) == 20
    assert len(await intake.published("contact.snapshot")) == 20
