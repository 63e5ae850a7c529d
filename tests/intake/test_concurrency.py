"""Many at once: one engagement however many copies, one contact however many first sightings, the last state of consent."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.intake.conftest import Intake, contact, counts, engagement
from tests.intake.platforms import email_opened, page_hit, subscription_changed


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
