"""From engagements to leads, in whatever order and company they come."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from routing.operations.assignment.waiting import decide_stale_ledgers
from shared.events import Event
from shared.events.engagements import EngagementRecorded
from tests.routing.world import BRAND, World, account, contact, engagement, opt_out, outcome


async def test_an_engagement_that_reaches_the_thresholds_becomes_a_lead_with_an_owner_a_brief_and_a_clock(world: World) -> None:
    act = engagement("hcp-1")
    await world.hear(contact("hcp-1"), act)

    lead = await world.lead()
    assert lead["stage"] == "assigned"
    assert lead["rep_id"] in {"rep-1", "rep-2"}
    assert lead["score"] == {"fit": 30, "engagement": 30, "grade": "B2"}
    assert (lead["territory_id"], lead["region"], lead["campaign_id"], lead["policy_version"]) == ("chicago", "midwest", "launch", "1")
    types = [kind for kind, key, _ in await world.outbox_of(world.service) if key == lead["id"]]
    assert types == [
        "lead.qualified", "lead.stage_changed", "lead.assigned", "lead.stage_changed", "clock.started", "brief.issued",
    ]  # fmt: skip


async def test_everything_said_of_a_lead_belongs_to_the_journey_of_the_engagement_that_carried_it(world: World) -> None:
    act = engagement("hcp-1")
    await world.hear(contact("hcp-1"), act)

    said = [headers for headers in await world.envelopes() if headers["ce_correlationid"] == str(act.correlation_id)]
    causes = {headers["ce_type"]: headers["ce_causationid"] for headers in said}
    ids = {headers["ce_type"]: headers["ce_id"] for headers in said}
    assert causes["lead.qualified"] == str(act.id)
    assert causes["brief.issued"] == causes["clock.started"] == ids["lead.assigned"]
    by_id = {headers["ce_id"]: headers for headers in said}
    for headers in said:
        assert headers["ce_type"] == "lead.qualified" or headers["ce_causationid"] in by_id


async def test_an_engagement_of_an_unknown_contact_waits_for_the_contact(world: World) -> None:
    await world.hear(engagement("hcp-1"))
    assert await world.leads() == []

    await world.hear(contact("hcp-1"))
    assert (await world.lead())["stage"] == "assigned"


async def test_engagements_before_any_policy_wait_for_one(empty_world: World) -> None:
    await empty_world.hear(contact("hcp-1"), engagement("hcp-1"))
    assert await empty_world.leads() == []

    await empty_world.activate()
    assert await decide_stale_ledgers(empty_world.service.database, now=datetime.now(UTC)) == 1
    assert [lead["stage"] for lead in await empty_world.leads()] == ["mql"]
    assert await decide_stale_ledgers(empty_world.service.database, now=datetime.now(UTC)) == 0


@pytest.mark.parametrize(
    "changes",
    [{"machine": True}, {"flags": ["test"]}, {"context": "medical"}, {"context": "independent_education"}, {"brand_id": None}],
    ids=str,
)
async def test_what_may_not_score_makes_no_lead(world: World, changes: dict[str, Any]) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1", **changes))
    assert await world.leads() == []


async def test_backfilled_engagements_qualify_nobody_until_a_live_one_comes(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1", flags=["backfill"]))
    assert await world.leads() == []

    await world.hear(engagement("hcp-1", "email_clicked"))
    assert (await world.lead())["score"]["engagement"] == 40


async def test_the_same_engagement_told_by_two_events_counts_once(world: World) -> None:
    first = engagement("hcp-1", "email_clicked")
    assert isinstance(first.fact, EngagementRecorded)
    again = Event.of(first.fact, occurred_at=first.occurred_at, recorded_at=first.recorded_at, correlation_id=first.correlation_id)
    await world.hear(contact("hcp-1"), first, again)
    await world.hear(first, again)
    assert await ledger_points(world, "hcp-1") == [Decimal(10)]


async def test_an_older_description_of_a_contact_changes_nothing(world: World) -> None:
    await world.hear(contact("hcp-1", version=3, specialty="oncology"), contact("hcp-1", version=2), engagement("hcp-1"))
    assert await world.leads() == []


async def test_a_contact_described_anew_is_decided_anew(world: World) -> None:
    await world.hear(contact("hcp-1", specialty="oncology"), engagement("hcp-1"))
    assert await world.leads() == []

    await world.hear(contact("hcp-1", version=2))
    assert (await world.lead())["stage"] == "assigned"


async def test_an_account_that_became_important_decides_its_contacts_anew(world: World) -> None:
    await world.activate(thresholds={"fit": 40, "engagement": 20})
    await world.put("accounts", account("mercy", priority="C"))
    await world.hear(contact("hcp-1", account_id="mercy"), engagement("hcp-1"))
    assert await decide_stale_ledgers(world.service.database, now=datetime.now(UTC)) == 0
    assert await world.leads() == []

    await world.put("accounts", account("mercy", priority="A"))
    assert await decide_stale_ledgers(world.service.database, now=datetime.now(UTC)) == 1
    assert (await world.lead())["score"]["fit"] == 40


async def test_any_order_and_any_batches_end_in_the_same_score_and_stage(world: World) -> None:
    chance = random.Random(7)
    contact_ids = [f"hcp-{number}" for number in range(12)]
    told: list[Event] = []
    for contact_id in contact_ids:
        events = [
            contact(contact_id),
            contact(contact_id, version=2, postal_code="60601"),
            engagement(contact_id, "email_clicked", age=timedelta(days=2, minutes=5)),
            engagement(contact_id, "email_clicked", age=timedelta(days=5, minutes=5)),
            engagement(contact_id, "email_clicked", machine=True),
            engagement(contact_id, age=timedelta(days=1, minutes=5)),
            engagement(contact_id, "page_viewed"),
        ]
        told += [*events, *chance.choices(events, k=2)]
    chance.shuffle(told)
    await world.hear(*told)

    leads = [await world.reread(lead) for lead in await world.leads()]
    assert sorted(lead["contact_id"] for lead in leads) == sorted(contact_ids)
    assert {lead["stage"] for lead in leads} == {"assigned"}
    assert len({(lead["score"]["fit"], lead["score"]["engagement"], lead["score"]["grade"]) for lead in leads}) == 1


async def test_the_lines_of_a_lead_sum_to_its_score(world: World) -> None:
    clicks = [engagement("hcp-1", "email_clicked", age=timedelta(days=days)) for days in range(1, 6)]
    await world.hear(contact("hcp-1"), *clicks, engagement("hcp-1"))

    lead = await world.lead()
    lines = lead["ledger"]
    assert sum(Decimal(str(line["points"])) for line in lines if line["kind"] == "fit") == Decimal(str(lead["score"]["fit"]))
    engaged = [Decimal(str(line["points"])) for line in lines if line["kind"] != "fit"]
    assert sum(engaged) == Decimal(str(lead["score"]["engagement"]))
    assert [line["points"] < 0 for line in lines if line["kind"] == "cap"] == [True]


async def test_a_new_policy_makes_every_ledger_of_the_brand_anew(world: World) -> None:
    await world.hear(contact("hcp-1", specialty="oncology"), contact("hcp-2"), engagement("hcp-1"), engagement("hcp-2"))
    dearer = [{"id": "webinar", "kinds": ["webinar_attended"], "points": 44, "half_life_days": 30}]
    version = await world.activate(fit=[], thresholds={"fit": 0, "engagement": 20}, engagement=dearer)

    assert await decide_stale_ledgers(world.service.database, now=datetime.now(UTC)) == 2
    assert await ledger_points(world, "hcp-1") == await ledger_points(world, "hcp-2") == [Decimal(44)]
    by_contact = {lead["contact_id"]: lead for lead in await world.leads()}
    assert by_contact["hcp-1"]["policy_version"] == version
    assert by_contact["hcp-2"]["policy_version"] == "1"  # a lead stays what it was decided to be
    assert by_contact["hcp-2"]["score"]["engagement"] == 44


async def test_a_country_with_a_policy_of_its_own_goes_by_that_one(world: World) -> None:
    strict = await world.activate(country="US", thresholds={"fit": 30, "engagement": 1_000})
    await world.hear(contact("hcp-us"), contact("hcp-ca", country="CA"), engagement("hcp-us"), engagement("hcp-ca"))

    assert [(lead["contact_id"], lead["policy_version"]) for lead in await world.leads()] == [("hcp-ca", "1")]
    active = [policy for policy in (await world.get("policies"))["items"] if policy["state"] == "active"]
    assert [(policy["version"], policy["country"]) for policy in active] == [(strict, "US"), ("1", None)]


async def test_only_one_lead_of_a_contact_and_brand_is_open_however_many_engagements_come_at_once(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1", "page_viewed"))
    await asyncio.gather(*(world.hear(engagement("hcp-1")) for _ in range(8)), world.hear(contact("hcp-1", version=2)))

    assert len(await world.leads()) == 1
    assert len(await world.said("lead.qualified")) == 1
    assert len(await ledger_points(world, "hcp-1")) == 8


async def test_a_contact_and_its_engagement_that_come_at_the_same_time_never_miss_each_other(world: World) -> None:
    contact_ids = [f"hcp-{number}" for number in range(8)]
    for contact_id in contact_ids[4:]:
        await world.hear(contact(contact_id, specialty="oncology"), engagement(contact_id, "page_viewed"))
    for contact_id in contact_ids:
        await asyncio.gather(world.hear(engagement(contact_id)), world.hear(contact(contact_id, version=2)))

    assert sorted(lead["contact_id"] for lead in await world.leads()) == contact_ids


async def test_an_old_score_that_is_still_high_opens_no_new_cycle_but_what_comes_after_the_end_does(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    first = await world.lead()
    await world.hear(outcome(first, "no_need"))
    await world.hear(engagement("hcp-1", "email_clicked", age=timedelta(days=1)))
    assert len(await world.leads()) == 1

    await world.hear(engagement("hcp-1", age=timedelta(seconds=-1)))
    _, second = await world.leads()
    assert second["previous_lead_id"] == first["id"]
    assert second["score"]["engagement"] == 30
    assert (await world.reread(first))["stage"] == "disqualified"


async def test_asking_for_a_rep_opens_a_new_cycle_whatever_the_score(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    first = await world.lead()
    await world.hear(outcome(first, "no_need"))
    asked = engagement("hcp-1", "rep_requested", age=timedelta(seconds=-1))
    await world.hear(asked)

    _, second = await world.leads()
    assert second["previous_lead_id"] == first["id"]
    [_, qualified] = await world.said("lead.qualified")
    assert isinstance(asked.fact, EngagementRecorded)
    assert qualified["engagement_ids"] == [asked.fact.engagement_id]


async def test_who_opted_out_crosses_the_thresholds_and_is_never_assigned(world: World) -> None:
    await world.hear(opt_out("hcp-1"), engagement("hcp-1"))

    lead = await world.lead()
    assert (lead["stage"], lead["rep_id"], lead["clocks"]) == ("disqualified", None, [])
    assert await world.said("lead.assigned", "lead.waiting", "brief.issued", "clock.started") == []
    assert [change["reason"] for change in await world.said("lead.stage_changed")] == ["thresholds_reached", "consent"]


async def test_an_opt_out_withdraws_a_lead_nobody_has_touched(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    objection = opt_out("hcp-1")
    await world.hear(objection)

    lead = await world.lead()
    assert (lead["stage"], lead["clocks"][0]["state"]) == ("disqualified", "ended")
    last = (await world.said("lead.stage_changed"))[-1]
    assert (last["from_stage"], last["to_stage"], last["reason"]) == ("assigned", "disqualified", "consent")
    [withdrawn] = [headers for headers in await world.envelopes() if headers["ce_type"] == "lead.stage_changed"][-1:]
    assert withdrawn["ce_causationid"] == str(objection.id)


async def test_an_opt_out_after_outreach_leaves_the_lead_to_the_rep_in_conversation(world: World) -> None:
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    await world.hear(outcome(await world.lead(), "no_answer"), opt_out("hcp-1"))
    assert (await world.lead())["stage"] == "assigned"


async def test_an_e_mail_opt_out_stops_no_rep(world: World) -> None:
    consents = [{"channel": "email", "purpose": "promotion", "state": "denied"}]
    await world.hear(contact("hcp-1", consents=consents), engagement("hcp-1"))
    lead = await world.lead()
    assert lead["stage"] == "assigned"
    brief = await world.get(f"leads/{lead['id']}/brief")
    assert brief["allowed_channels"] == ["in_person", "phone", "video"]


async def ledger_points(world: World, contact_id: str) -> list[Decimal]:
    async with world.service.database.reading() as session:
        rows = await session.scalars(
            text("SELECT points FROM ledger_rows WHERE contact_id = :contact_id AND brand_id = :brand_id"),
            {"contact_id": contact_id, "brand_id": BRAND},
        )
        return list(rows)
