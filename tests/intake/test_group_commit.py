"""Group commit: what shares a commit, in which order, what one bad delivery does to the others, and what is told when nothing is stored."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from intake.decisions.acts import Act, Rejected
from intake.decisions.persons import PersonKey
from intake.decisions.receipts import Delivery, Tally
from intake.operations import group_commit
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.group_commit import Bounds, GroupCommit, NotCommitted, Overloaded
from intake.operations.recording import record_at_once
from shared.ids import new_id
from shared.service import Service
from tests.intake.conftest import new_ledger
from tests.polling import until

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def delivery(number: int, *, channel: str = "web", body: bytes = b"{}") -> Delivery:
    """One act of its own. A channel that is no code can't be an event: recording it fails, though nobody foresaw that."""
    act = Act("mautic", "test", f"act-{number}", "page_viewed", channel, NOW, (PersonKey("id:mautic", "26"),))
    return Delivery(new_id(), "webhook", "mautic", None, body, NOW, [act])


def bad(number: int) -> Delivery:
    return delivery(number, channel="NO CODE")


class Commits:
    """Group commit on a database, whose transactions can be held back, counted and broken."""

    def __init__(self, service: Service, monkeypatch: pytest.MonkeyPatch, **bounds: Any) -> None:
        self.service = service
        self.together: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken: Exception | None = None
        self.group = GroupCommit(service.database, replace(Bounds(), **bounds), erasures=new_ledger())

        async def watched(database: Any, deliveries: Sequence[Delivery], *, erasures: ErasureLedger, now: datetime) -> list[Tally] | None:
            self.together.append(len(deliveries))
            await self.open.wait()
            if self.broken is not None:
                raise self.broken
            return await record_at_once(database, deliveries, erasures=erasures, now=now)

        monkeypatch.setattr(group_commit, "record_at_once", watched)

    def post(self, *deliveries: Delivery) -> list["asyncio.Task[Tally]"]:
        return [asyncio.create_task(self.group.record(each)) for each in deliveries]

    async def held(self, *deliveries: Delivery) -> list["asyncio.Task[Tally]"]:
        """Posts one, waits until its transaction is under way and held, then posts the others behind it."""
        self.open.clear()
        first = self.post(deliveries[0])
        await until(lambda: len(self.together) == 1, what="the first transaction")
        rest = self.post(*deliveries[1:])
        await asyncio.sleep(0)
        return first + rest

    async def recorded(self) -> list[str]:
        """The acts on record, in the order in which other services are told of them."""
        async with self.service.database.reading() as session:
            query = "SELECT CAST(body AS json) ->> 'source_event_id' FROM outbox WHERE type = 'engagement.recorded' ORDER BY position"
            return list((await session.scalars(text(query))).all())

    async def receipts(self) -> dict[str, int]:
        async with self.service.database.reading() as session:
            rows = await session.execute(text("SELECT count(*) AS receipts, coalesce(sum(rejected), 0) AS rejected FROM receipts"))
            return dict(rows.one()._mapping)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What is logged, instead of printing it: with the pictures structlog draws of exceptions, a test takes minutes."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
async def commits(make_service: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    service = await make_service("intake")
    return lambda **bounds: Commits(service, monkeypatch, **bounds)


async def test_an_idle_process_commits_what_comes_at_once_and_alone(commits: Any) -> None:
    made: Commits = commits()
    for number in range(3):
        tally = await made.group.record(delivery(number))
        assert tally.counts["accepted"] == 1
    assert made.together == [1, 1, 1]


async def test_what_arrives_while_a_transaction_is_under_way_shares_the_next_one_in_its_order(commits: Any) -> None:
    made: Commits = commits(batch_deliveries=4)
    tasks = await made.held(*(delivery(number) for number in range(8)))
    made.open.set()
    tallies = await asyncio.gather(*tasks)
    assert made.together == [1, 4, 3]
    assert all(tally.counts["accepted"] == 1 for tally in tallies)
    assert await made.recorded() == [f"act-{number}" for number in range(8)]


async def test_a_batch_is_bounded_by_items_and_bytes_and_a_large_body_goes_alone(commits: Any) -> None:
    made: Commits = commits(batch_items=2, batch_bytes=1_000)
    bodies = [b"", b"", b"", b"x" * 2_000, b"", b"y" * 600, b"z" * 600]
    tasks = await made.held(*(delivery(number, body=body) for number, body in enumerate(bodies)))
    made.open.set()
    await asyncio.gather(*tasks)
    assert made.together == [1, 2, 1, 2, 1]
    assert await made.recorded() == [f"act-{number}" for number in range(7)]


async def test_one_bad_delivery_of_a_hundred_takes_no_other_along_and_is_kept(commits: Any) -> None:
    made: Commits = commits()
    posted = [bad(number) if number == 57 else delivery(number) for number in range(100)]
    tasks = await made.held(*posted)
    made.open.set()
    tallies = await asyncio.gather(*tasks)
    assert [tally.counts["accepted"] for tally in tallies] == [int(number != 57) for number in range(100)]
    assert [verdict.reason for verdict in tallies[57].verdicts] == ["unrecordable"]
    assert await made.recorded() == [f"act-{number}" for number in range(100) if number != 57]
    assert await made.receipts() == {"receipts": 100, "rejected": 1}


async def test_what_must_leave_nothing_when_refused_fails_alone_and_leaves_nothing(commits: Any) -> None:
    made: Commits = commits()
    refused = replace(bad(1), kept_if_refused=False)
    tasks = await made.held(delivery(0), refused, delivery(2))
    made.open.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[1], ValueError)
    assert await made.recorded() == ["act-0", "act-2"]
    assert await made.receipts() == {"receipts": 2, "rejected": 0}
    contradiction = replace(delivery(0, channel="email"), kept_if_refused=False)
    assert (await made.group.record(contradiction)).is_refused
    assert (await made.receipts())["receipts"] == 2


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spoilt=st.lists(st.booleans(), min_size=1, max_size=12), batch=st.integers(1, 9))
async def test_whatever_is_bad_the_others_are_recorded_in_the_order_they_came(commits: Any, spoilt: list[bool], batch: int) -> None:
    made: Commits = commits(batch_deliveries=batch)
    before = await made.recorded()
    begin = 1_000_000 + len(before) * 100
    posted = [bad(begin + number) if is_bad else delivery(begin + number) for number, is_bad in enumerate(spoilt)]
    tasks = await made.held(*posted)
    made.open.set()
    tallies = await asyncio.gather(*tasks)
    assert [tally.counts["rejected"] for tally in tallies] == [int(is_bad) for is_bad in spoilt]
    fresh = [f"act-{begin + number}" for number, is_bad in enumerate(spoilt) if not is_bad]
    assert await made.recorded() == before + fresh


async def test_weather_is_told_to_everybody_who_shared_the_commit_and_to_nobody_else(commits: Any) -> None:
    made: Commits = commits()
    made.broken = OperationalError("insert", {}, Exception("gone"))
    tasks = await made.held(*(delivery(number) for number in range(3)))
    made.open.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [NotCommitted] * 3
    assert made.together == [1, 2], "not tried apart: there is nothing wrong with any of them"
    made.broken = None
    assert (await made.group.record(delivery(4))).counts["accepted"] == 1
    assert await made.recorded() == ["act-4"]


async def test_more_than_may_wait_is_turned_away_at_once_and_what_waits_is_not(commits: Any) -> None:
    made: Commits = commits(queue_deliveries=3)
    tasks = await made.held(*(delivery(number) for number in range(4)))
    with pytest.raises(Overloaded):
        await made.group.record(delivery(5))
    made.open.set()
    assert all(tally.counts["accepted"] == 1 for tally in await asyncio.gather(*tasks))


async def test_what_waits_is_bounded_in_bytes_too(commits: Any) -> None:
    made: Commits = commits(queue_bytes=1_000)
    tasks = await made.held(delivery(0), delivery(1, body=b"x" * 5_000))
    with pytest.raises(Overloaded):
        await made.group.record(delivery(2))
    made.open.set()
    assert all(tally.counts["accepted"] == 1 for tally in await asyncio.gather(*tasks)), "a single body may be as large as bodies may"


async def test_nobody_waits_longer_than_promised_and_what_was_given_up_unbegun_is_not_recorded(commits: Any) -> None:
    made: Commits = commits(wait_seconds=0.2)
    tasks = await made.held(delivery(0), delivery(1))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [NotCommitted] * 2
    made.open.set()
    await until(lambda: made.group.is_idle, what="the first transaction's end")
    assert await made.recorded() == ["act-0"], "the first was under way, the other had not begun"
    patient = GroupCommit(made.service.database, erasures=new_ledger())
    assert (await patient.record(delivery(0))).counts["duplicate"] == 1, "whoever sends it again learns that it is stored"
    assert (await patient.record(delivery(1))).counts["accepted"] == 1


async def test_a_transaction_that_never_ends_does_not_hold_up_the_next(commits: Any) -> None:
    made: Commits = commits(commit_seconds=0.2)
    tasks = await made.held(delivery(0))
    [result] = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(result, NotCommitted)
    made.open.set()
    assert made.group.is_idle, "the stuck one was left behind"
    assert (await GroupCommit(made.service.database, erasures=new_ledger()).record(delivery(1))).counts["accepted"] == 1


async def test_a_client_that_leaves_takes_no_other_along(commits: Any) -> None:
    made: Commits = commits()
    tasks = await made.held(*(delivery(number) for number in range(4)))
    tasks[0].cancel()
    tasks[2].cancel()
    made.open.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, Tally) for result in results] == [False, True, False, True]
    assert {"act-1", "act-3"} <= set(await made.recorded())


async def test_what_is_queued_when_the_last_request_has_come_is_still_committed(commits: Any) -> None:
    """Leaving waits for requests, and each request for its commit: nothing beside them needs flushing."""
    made: Commits = commits(batch_deliveries=2)
    tasks = await made.held(*(delivery(number) for number in range(7)))
    made.open.set()
    await asyncio.gather(*tasks)
    assert made.group.is_idle
    assert len(await made.recorded()) == 7


def test_what_cannot_be_recorded_is_kept_whole_as_one_rejected_item() -> None:
    kept = bad(1).unrecordable()
    assert [type(item) for item in kept.items] == [Rejected]
    assert kept.unrecordable() == kept
