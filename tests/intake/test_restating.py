"""Machines behind real doors: evidence that comes late restates what was told, whatever comes first; a person's word stands over it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from intake.operations.neighbours import NEIGHBOURS
from tests.intake.conftest import Intake, counts, engagement
from tests.intake.platforms import SECRET, raw

DELIVERED = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
AGENT = "Mozilla/5.0 (compatible; BarracudaCentral 4.1)"


def brevo(event: str, after: float, *, person: str = "ada@clinic.test", **changes: Any) -> dict[str, Any]:
    at = DELIVERED + timedelta(seconds=after)
    return {"event": event, "email": person, "ts_epoch": int(at.timestamp() * 1000), "message-id": "<m-1@relay.test>", **changes}


def scanned(person: str) -> list[dict[str, Any]]:
    """What a gateway does with an e-mail on three links, and what its reader does an hour later."""
    links = [brevo("click", 3 + number, person=person, link=f"https://brand.test/{number}") for number in range(3)]
    return [
        brevo("delivered", 0, person=person),
        brevo("opened", 2, person=person),
        *links,
        brevo("click", 3_600, person=person, link="https://brand.test/1"),
    ]


@pytest.fixture
async def platform(intake: Intake) -> Intake:
    """Intake with Brevo connected."""
    await intake.connect("brevo", "brevo", brand_id="cardiozan")
    return intake


async def post(intake: Intake, event: Any) -> httpx.Response:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
    return await intake.client.post("/v1/webhooks/brevo", content=raw(event), headers=headers)


async def on_record(intake: Intake) -> dict[tuple[str, datetime], tuple[bool, tuple[str, ...]]]:
    """Verdict and evidence by kind and time."""
    rows = await intake.rows("SELECT kind, occurred_at, machine, machine_evidence FROM engagements ORDER BY id")
    return {(row.kind, row.occurred_at): (row.machine, tuple(row.machine_evidence)) for row in rows}


async def last_told(intake: Intake) -> dict[tuple[str, str], bool]:
    """The verdict by kind and time, of the highest version that was told of each engagement."""
    told = [*await intake.published("engagement.recorded"), *await intake.published("engagement.restated")]
    newest: dict[str, dict[str, Any]] = {}
    for fact in sorted(told, key=lambda fact: fact.get("version", 1)):
        newest[fact["engagement_id"]] = fact
    assert len(newest) == len(await intake.published("engagement.recorded"))
    return {(fact["kind"], fact["occurred_at"]): fact["machine"] for fact in newest.values()}


def machines(record: dict[tuple[str, datetime], tuple[bool, tuple[str, ...]]]) -> Iterable[float]:
    return sorted((at - DELIVERED).total_seconds() for (kind, at), (machine, _) in record.items() if machine)


ORDERS = [
    [0, 1, 2, 3, 4, 5],
    [5, 4, 3, 2, 1, 0],
    [2, 3, 4, 0, 5, 1],
    [1, 5, 2, 0, 4, 3],
    [3, 0, 5, 4, 1, 2],
]


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("together", [1, 2, 6])
async def test_in_whatever_order_they_come_the_same_is_known_and_told(platform: Intake, order: list[int], together: int) -> None:
    events = scanned("ada@clinic.test")
    for numbers in batched(order, together):
        assert counts(await post(platform, [events[number] for number in numbers])) == {"accepted": len(numbers)}
    record = await on_record(platform)
    assert machines(record) == [2, 3, 4, 5]
    both = (True, ("soon_after_delivery", "every_link_burst"))
    assert [value for (kind, _), value in record.items() if kind != "email_delivered" and value[0]] == [both] * 4
    assert sorted((await last_told(platform)).values()) == [False, False, True, True, True, True]


def batched(numbers: list[int], size: int) -> Iterable[list[int]]:
    return (numbers[begin : begin + size] for begin in range(0, len(numbers), size))


async def test_a_delivery_told_after_its_click_restates_the_click_in_its_own_journey(platform: Intake) -> None:
    click = brevo("click", 4, link="https://brand.test/a")
    receipt_id = (await post(platform, click)).json()["receipt_id"]
    [recorded] = await platform.published("engagement.recorded")
    assert (recorded["machine"], recorded["machine_evidence"]) == (False, [])

    await post(platform, brevo("delivered", 0))
    [restated] = await platform.published("engagement.restated")
    same = {name: value for name, value in recorded.items() if not name.startswith("machine")}
    assert {name: restated[name] for name in same} == same
    assert (restated["machine"], restated["machine_evidence"]) == (True, ["soon_after_delivery"])
    assert (restated["version"], restated["cause"]) == (2, "evidence")
    journeys = await platform.rows("SELECT headers ->> 'ce_correlationid' AS id FROM outbox WHERE type = 'engagement.restated'")
    assert [row.id for row in journeys] == [receipt_id]

    shown = (await platform.get(f"engagements/{recorded['engagement_id']}", role="marketing")).json()
    assert (shown["machine"], shown["machine_evidence"], shown["version"], shown["machine_word"]) == (
        True,
        ["soon_after_delivery"],
        2,
        None,
    )
    assert [(one["version"], one["cause"], one["machine"], one["said_by"]) for one in shown["restatements"]] == [
        (2, "evidence", True, None)
    ]


async def test_evidence_that_changes_no_verdict_is_kept_and_not_told(platform: Intake) -> None:
    for number in range(3):
        await post(platform, brevo("click", 600 + number, link=f"https://brand.test/{number}"))
    assert len(await platform.published("engagement.restated")) == 2
    await post(platform, brevo("delivered", 595))
    assert len(await platform.published("engagement.restated")) == 2
    assert {value for (kind, _), value in (await on_record(platform)).items() if kind == "email_clicked"} == {
        (True, ("soon_after_delivery", "every_link_burst"))
    }


async def test_a_retry_of_a_click_restates_nothing_and_another_persons_delivery_neither(platform: Intake) -> None:
    click = brevo("click", 4, link="https://brand.test/a")
    await post(platform, click)
    assert counts(await post(platform, click)) == {"duplicate": 1}
    await post(platform, brevo("delivered", 0, person="bob@clinic.test"))
    await post(platform, brevo("delivered", 0, **{"message-id": "<m-2@relay.test>"}))
    assert await platform.published("engagement.restated") == []


async def test_a_program_that_names_itself_is_evidence_and_its_name_stays_on_the_receipt(platform: Intake) -> None:
    await post(platform, brevo("click", 900, link="https://brand.test/a", user_agent=AGENT))
    [told] = await platform.published("engagement.recorded")
    assert (told["machine"], told["machine_evidence"]) == (True, ["agent"])
    for table in ("engagements", "outbox", "receipt_items", "contacts", "contact_keys"):
        [[written]] = await platform.rows(f"SELECT count(*) FROM {table} AS t WHERE t::text ILIKE '%barracuda%'")
        assert written == 0, table


async def test_engagements_posted_by_integrators_are_judged_alike(intake: Intake) -> None:
    about = {"asset_id": "letter", "source": "import"}
    acts = [
        engagement("d", kind="email_delivered", occurred_at="2026-03-02T10:00:00Z", **about),
        engagement("c", kind="email_clicked", occurred_at="2026-03-02T10:00:05Z", **about),
        engagement("o", kind="email_opened", occurred_at="2026-03-02T10:05:00Z", machine=True, **about),
    ]
    assert counts(await intake.post_engagements(list(reversed(acts)))) == {"accepted": 3}
    told = {fact["source_event_id"]: fact["machine_evidence"] for fact in await intake.published("engagement.recorded")}
    assert told == {"d": [], "c": ["soon_after_delivery"], "o": ["vendor_flag"]}


async def say(intake: Intake, engagement_id: str, *, machine: bool, role: str = "integration") -> httpx.Response:
    body = {"machine": machine, "reason_code": "reader_answered"}
    return await intake.client.post(f"/v1/engagements/{engagement_id}/restate", json=body, headers=intake.token(role, sub="ines"))


async def test_the_word_of_somebody_who_looked_stands_over_evidence_that_comes_later_too(platform: Intake) -> None:
    await post(platform, brevo("click", 4, link="https://brand.test/a"))
    [recorded] = await platform.published("engagement.recorded")
    await post(platform, brevo("delivered", 0))

    answer = (await say(platform, recorded["engagement_id"], machine=False)).json()
    assert (answer["machine"], answer["machine_word"], answer["machine_evidence"]) == (False, False, ["soon_after_delivery"])
    assert [(one["cause"], one["machine"], one["reason_code"], one["said_by"]) for one in answer["restatements"]] == [
        ("evidence", True, None, None),
        ("word", False, "reader_answered", "ines"),
    ]
    assert (await say(platform, recorded["engagement_id"], machine=False)).json() == answer
    for number in range(3):
        await post(platform, brevo("click", 5 + number, link=f"https://brand.test/{number}"))
    told = [fact for fact in await platform.published("engagement.restated") if fact["engagement_id"] == recorded["engagement_id"]]
    assert [(fact["version"], fact["cause"], fact["machine"]) for fact in told] == [(2, "evidence", True), (3, "word", False)]
    shown = (await platform.get(f"engagements/{recorded['engagement_id']}", role="integration")).json()
    assert (shown["machine"], shown["version"]) == (False, 3)
    assert shown["machine_evidence"] == ["soon_after_delivery", "every_link_burst"]


async def test_only_what_was_opened_or_clicked_can_be_said_to_be_a_machines(intake: Intake) -> None:
    await intake.post_engagements(engagement("f", kind="form_submitted"))
    [recorded] = await intake.published("engagement.recorded")
    assert (await say(intake, recorded["engagement_id"], machine=True)).status_code == 422
    assert (await say(intake, "00000000-0000-7000-8000-000000000000", machine=True)).status_code == 404
    assert (await say(intake, recorded["engagement_id"], machine=True, role="marketing")).status_code == 403


async def test_neighbours_are_found_by_the_index_of_a_persons_acts_in_time(intake: Intake) -> None:
    owners = "WITH owners AS MATERIALIZED (SELECT namespace, value, contact_id FROM contact_keys)"
    visit = '[{"namespace": "email", "value": "a", "source": "s", "earliest": "2026-03-01T00:00:00Z", "latest": "2026-03-02T00:00:00Z"}]'
    async with intake.service.database.reading() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await session.scalars(text(f"EXPLAIN {owners} {NEIGHBOURS.format(visits=':visit')}"), {"visit": visit})
        [used] = [line for line in plan if "engagements" in line]
    assert "ix_engagements_contact_id_occurred_at" in used
