"""Finding receipts: every filter alone and beside others, page by page, and at the same cost however long the history."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.queries.receipt_search import ReceiptFilter, page_of_ids
from tests.intake.conftest import Intake, engagement
from tests.intake.platforms import email_opened, hubspot_event, page_hit, subscription_changed

PAGE = 51


async def listed(intake: Intake, query: str = "") -> list[str]:
    """The ids of all pages, walked two at a time."""
    found: list[str] = []
    cursor = ""
    while True:
        page = (await intake.get(f"receipts?limit=2{query}{cursor}", role="marketing")).json()
        found += [row["id"] for row in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


@pytest.fixture
async def told(intake: Intake) -> dict[str, str]:
    """One receipt of each sort, by a name, oldest first."""
    opened = email_opened()
    unzoned = email_opened(id=9, dateRead="2026-03-02", lastOpened=None)
    answers = {
        "accepted": await intake.mautic({"mautic.email_on_open": [opened]}),
        "duplicate": await intake.mautic({"mautic.email_on_open": [opened]}),
        "ignored": await intake.hubspot([hubspot_event(subscriptionType="contact.creation")]),
        "unreadable": await intake.mautic(b"{"),
        "untimed": await intake.mautic({"mautic.email_on_open": [unzoned, unzoned]}),
        "nobody": await intake.mautic({"mautic.page_on_hit": [page_hit(lead=None), page_hit()]}),
        "conflict": await intake.mautic({"mautic.email_on_open": [email_opened(lead={"id": 27}, emailAddress=None)]}),
        "posted": await intake.post_engagements([engagement(), engagement("e-2", source="other")]),
    }
    return {name: answer.json()["receipt_id"] for name, answer in answers.items()}


FOUND: dict[str, list[str]] = {
    "&source=hs": ["ignored"],
    "&verdict=accepted": ["posted", "nobody", "accepted"],
    "&verdict=duplicate": ["duplicate"],
    "&verdict=ignored": ["ignored"],
    "&verdict=rejected": ["conflict", "nobody", "untimed", "unreadable"],
    "&verdict=conflict": ["conflict"],
    "&stage=format": ["unreadable"],
    "&stage=mapping": ["untimed"],
    "&stage=identity": ["conflict", "nobody"],
    "&stage=authenticity": [],
    "&reason=no_person": ["nobody"],
    "&reason=time_without_zone&stage=mapping": ["untimed"],
    "&reason=time_without_zone&stage=format": [],
    "&stage=identity&source=hs": [],
    "&stage=identity&source=mautic&verdict=accepted": ["nobody"],
}


@pytest.mark.parametrize("query", FOUND)
async def test_receipts_are_found_by_what_became_of_their_items(intake: Intake, told: dict[str, str], query: str) -> None:
    assert await listed(intake, query) == [told[name] for name in FOUND[query]]


async def test_receipts_are_found_by_when_they_came(intake: Intake, told: dict[str, str]) -> None:
    rows = await intake.rows("SELECT id, received_at FROM receipts")
    received = {str(row.id): row.received_at.isoformat().replace("+00:00", "Z") for row in rows}
    newest_first = list(reversed(told.values()))
    since, until = received[told["duplicate"]], received[told["nobody"]]
    between = [told[name] for name in ("untimed", "unreadable", "ignored", "duplicate")]
    assert await listed(intake, f"&from={since}&until={until}") == between
    assert await listed(intake, f"&from={since}&until={until}&stage=mapping") == [told["untimed"]]
    assert await listed(intake, f"&until={received[told['accepted']]}") == []
    assert await listed(intake) == newest_first


async def test_receipts_are_found_by_the_contact_they_are_about(intake: Intake, told: dict[str, str]) -> None:
    left = await intake.mautic({"mautic.lead_channel_subscription_changed": [subscription_changed(contact={"id": 77})]})
    rows = await intake.rows("SELECT contact_id, receipt_id FROM engagements")
    whose = {str(row.receipt_id): row.contact_id for row in rows}
    somebody_else = whose[left.json()["receipt_id"]]
    ada = whose[told["accepted"]]
    assert await listed(intake, f"&contact_id={somebody_else}") == [left.json()["receipt_id"]]
    assert await listed(intake, f"&contact_id={ada}") == [told["posted"], told["nobody"], told["accepted"]]
    assert await listed(intake, f"&contact_id={ada}&source=mautic") == [told["nobody"], told["accepted"]]
    assert await listed(intake, f"&contact_id={ada}&stage=identity") == [told["nobody"]]
    assert await listed(intake, "&contact_id=nobody") == []


async def test_each_rejected_item_says_at_which_stage_it_stands(intake: Intake, told: dict[str, str]) -> None:
    for name, stages in {"unreadable": ["format"], "untimed": ["mapping", "mapping"], "nobody": ["identity", None]}.items():
        receipt = (await intake.get(f"receipts/{told[name]}", role="marketing")).json()
        assert [item["stage"] for item in receipt["items"]] == stages


@pytest.mark.parametrize(
    "query", ["stage=nowhere", "from=yesterday", "until=2026-03-01", "reason=No%20Code", "contact_id=", "from=2026-03-01T09:30:00"]
)
async def test_a_question_that_cannot_be_is_refused(intake: Intake, query: str) -> None:
    assert (await intake.get(f"receipts?{query}", role="marketing")).status_code == 422


# A history of 120,000 receipts in a year, of three platforms: one in a thousand holds something nobody could read.
_HISTORY = """
    INSERT INTO receipts (id, door, source, body, received_at, accepted, duplicate, ignored, rejected, has_conflict)
    SELECT CAST(lpad(to_hex(number), 12, '0') || '70008000000000000000' AS uuid), 'webhook', 'platform-' || number % 3, '',
        CAST(:begin AS timestamptz) + number * interval '4 minutes', CAST(number % 1000 <> 0 AS int), 0, 0, CAST(number % 1000 = 0 AS int),
        number % 40000 = 0
    FROM generate_series(1, 120000) AS number
"""
_ITEMS = """
    INSERT INTO receipt_items (receipt_id, position, outcome, reason, engagement_id)
    SELECT id, 0, CASE rejected WHEN 1 THEN 'rejected' ELSE 'accepted' END, CASE rejected WHEN 1 THEN 'no_person' END,
        CASE rejected WHEN 0 THEN id END
    FROM receipts
"""
_ENGAGEMENTS = """
    INSERT INTO engagements (
        id, receipt_id, source, source_event_id, fingerprint, contact_id, kind, channel, context, topics, occurred_at, received_at, machine,
        attributes, flags
    )
    SELECT id, id, source, CAST(id AS text), sha256('x'), 'hcp-' || CAST(extract(epoch FROM received_at) AS bigint) / 240 % 2000,
        'email_opened', 'email',
        'promotional', '[]', received_at, received_at, false, '{}', '[]'
    FROM receipts WHERE accepted > 0
"""
_CONTACTS = """
    INSERT INTO contacts (id, version, provisional, affiliations, segments, licences, updated_at)
    SELECT 'hcp-' || number, 1, true, '[]', '[]', '[]', now() FROM generate_series(0, 1999) AS number
"""
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)

QUESTIONS: dict[str, ReceiptFilter] = {
    "everything": ReceiptFilter(),
    "a source": ReceiptFilter(source="platform-1"),
    "an old time": ReceiptFilter(until=BEGIN + timedelta(days=20)),
    "a verdict that is rare": ReceiptFilter(verdict="conflict"),
    "a verdict that is there": ReceiptFilter(verdict="rejected"),
    "a verdict that is nowhere": ReceiptFilter(verdict="duplicate"),
    "a stage": ReceiptFilter(stage="identity"),
    "a stage where nothing stands": ReceiptFilter(stage="mapping"),
    "a reason": ReceiptFilter(reason="no_person"),
    "a contact": ReceiptFilter(contact_id="hcp-3"),
    "nobody": ReceiptFilter(contact_id="hcp-9999"),
}


async def test_a_page_costs_the_same_however_long_the_history(intake: Intake) -> None:
    async with intake.service.database.transaction() as session:
        for statement in (_HISTORY, _CONTACTS, _ITEMS, _ENGAGEMENTS):
            await session.execute(text(statement), {"begin": BEGIN} if ":begin" in statement else {})
    async with intake.service.database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("ANALYZE"))
        for newest_first in (True, False):
            for name, chosen in QUESTIONS.items():
                assert await pages_read(connection, chosen, newest_first=newest_first) < 10 * PAGE, (name, newest_first)


async def pages_read(connection: AsyncConnection, chosen: ReceiptFilter, *, newest_first: bool) -> int:
    """How many of its pages PostgreSQL touches to find a page of receipts."""
    query = page_of_ids(chosen, after=None, limit=PAGE, newest_first=newest_first)
    sql = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    [(plan,)] = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
    top = plan[0]["Plan"]
    return int(top["Shared Hit Blocks"]) + int(top["Shared Read Blocks"])
