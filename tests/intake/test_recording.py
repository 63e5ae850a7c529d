"""The one write: several deliveries in one commit, a constant number of statements, and nothing when the database is away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy import event

from intake.decisions.acts import Item
from intake.decisions.adapters import mautic
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.receipts import Delivery
from intake.operations.recording import record
from shared.database import Statement
from shared.ids import new_id
from tests.intake.conftest import Intake, asset, contact, counts, new_ledger
from tests.intake.platforms import email_opened, mautic_headers, mautic_lead, raw, subscription_changed

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def delivery(body: Any) -> Delivery:
    items: list[Item] = mautic.read(body, SourceFacts("mautic"))
    return Delivery(new_id(), "webhook", "mautic", None, raw(body), NOW, items)


@contextmanager
def counting_statements(intake: Intake) -> Iterator[Callable[[], int]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM sources" not in statement and not statement.startswith("SET "):  # read at most once a second, whatever comes
            seen.append(statement)

    database = intake.service.database
    at_once, engine = database.at_once, database.engine.sync_engine

    async def noting(statement: Statement[Any], **named: Any) -> Any:
        seen.append(statement.sql)
        return await at_once(statement, **named)

    event.listen(engine, "before_cursor_execute", note)
    database.at_once = noting  # type: ignore[method-assign]
    try:
        yield lambda: len(seen)
    finally:
        event.remove(engine, "before_cursor_execute", note)
        database.at_once = at_once  # type: ignore[method-assign]


async def test_several_deliveries_share_one_commit_and_keep_their_own_tallies(intake: Intake) -> None:
    first = {"mautic.email_on_open": [email_opened(), email_opened(id=9)]}
    second = {"mautic.email_on_open": [email_opened(id=9), email_opened(id=10)], "mautic.email_on_send": {}}
    deliveries = [delivery(first), delivery({"mautic.email_on_open": []}), delivery(second)]
    async with intake.service.database.transaction() as session:
        tallies = await record(session, deliveries, erasures=new_ledger(), now=NOW)
    assert [[verdict.outcome for verdict in tally.verdicts] for tally in tallies] == [
        ["accepted", "accepted"],
        [],
        ["duplicate", "accepted", "ignored"],
    ]
    told = await intake.rows("SELECT headers ->> 'ce_correlationid' AS id FROM outbox WHERE type = 'engagement.recorded' ORDER BY position")
    assert [row.id for row in told] == [str(deliveries[number].receipt_id) for number in (0, 0, 2)]
    assert len(await intake.published("contact.snapshot")) == 1


async def test_a_webhook_costs_the_same_statements_whatever_it_holds(intake: Intake) -> None:
    await intake.put("contacts", [contact()])
    await intake.put("assets", [asset()])

    def body(begin: int, size: int) -> dict[str, Any]:
        numbers = range(begin, begin + size)
        opened = [email_opened(id=number, lead={"id": number}, emailAddress=None, email={"id": number % 9}) for number in numbers]
        left = [subscription_changed(contact={"id": number}) for number in numbers]
        return {"mautic.email_on_open": opened, "mautic.lead_channel_subscription_changed": left}

    used = []
    for begin, size in ((1, 1), (1_000, 300)):
        with counting_statements(intake) as counted:
            assert counts(await intake.mautic(body(begin, size))) == {"accepted": 2 * size}
            used.append(counted())
    assert used[0] == used[1] <= 11


async def test_known_people_and_strangers_cost_no_more_than_one_look_and_one_write(intake: Intake) -> None:
    await intake.mautic({"mautic.email_on_open": email_opened()})
    strangers = [email_opened(id=number, lead=mautic_lead(number, f"p{number}@x.test"), emailAddress=None) for number in (100, 101)]
    for opened in ([email_opened(id=9)], [email_opened(id=10), *strangers]):
        with counting_statements(intake) as counted:
            assert counts(await intake.mautic({"mautic.email_on_open": opened})) == {"accepted": len(opened)}
            assert counted() == 2
    assert len(await intake.rows("SELECT id FROM contacts")) == len(await intake.published("contact.snapshot")) == 3


async def test_while_the_database_is_away_senders_are_told_to_come_again(make_service: Any, client_of: Any, token: Any) -> None:
    service = await make_service("intake", database_url="postgresql+psycopg://nobody:nothing@127.0.0.1:1/nowhere")
    content = raw({"mautic.email_on_open": email_opened()})
    async with client_of(service) as client:
        webhook = await client.post("/v1/webhooks/mautic", content=content, headers=mautic_headers(content))
        upsert = await client.put("/v1/contacts", json=[contact()], headers=token("integration"))
    for answer in (webhook, upsert):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"


@contextmanager
def overtaken(intake: Intake, body: Any) -> Iterator[None]:
    """Somebody else records that body after the next batch was looked up, and before it is written."""
    database = intake.service.database
    at_once, calls = database.at_once, count(1)

    async def after_another(statement: Statement[Any], **named: Any) -> Any:
        if next(calls) == 2:
            async with database.transaction() as session:
                await record(session, [delivery(body)], erasures=new_ledger(), now=NOW)
        return await at_once(statement, **named)

    database.at_once = after_another  # type: ignore[method-assign]
    try:
        yield
    finally:
        database.at_once = at_once  # type: ignore[method-assign]


async def test_who_is_overtaken_between_look_and_write_is_judged_anew(intake: Intake) -> None:
    stranger, theirs = mautic_lead(7, "eve@x.test"), mautic_lead(8, "zoe@x.test")
    first = email_opened(id=1, lead=stranger, emailAddress=None)
    both = [first, email_opened(id=2, lead=theirs, emailAddress=None)]
    with overtaken(intake, {"mautic.email_on_open": [first]}):
        assert counts(await intake.mautic({"mautic.email_on_open": both})) == {"duplicate": 1, "accepted": 1}
    with overtaken(intake, {"mautic.email_on_open": [email_opened(id=3, lead=mautic_lead(9, "kim@x.test"), emailAddress=None)]}):
        again = email_opened(id=4, lead=mautic_lead(9, "kim@x.test"), emailAddress=None)
        assert counts(await intake.mautic({"mautic.email_on_open": [again]})) == {"accepted": 1}
    assert len(await intake.published("engagement.recorded")) == 4
    assert len(await intake.rows("SELECT id FROM contacts")) == len(await intake.published("contact.snapshot")) == 3
    [row] = await intake.rows("SELECT count(*) AS receipts, sum(accepted) AS accepted, sum(duplicate) AS duplicate FROM receipts")
    assert (row.receipts, row.accepted, row.duplicate) == (4, 4, 1)
