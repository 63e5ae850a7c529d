"""The watchdog: what stands still with work to do is started again, what merely waits is left alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from sqlalchemy.ext.asyncio import AsyncSession

from shared.consuming import Consumer, Consuming
from shared.database import Database
from shared.events import Event
from shared.events.topics import ENGAGEMENTS
from shared.ids import new_id
from shared.lag import Place
from shared.outbox import publish
from shared.polling import WaitingConsumer
from shared.relay import Relay
from shared.watchdog import (
    STALLED_IN_HAND_SECONDS,
    STALLED_SECONDS,
    UNASSIGNED_SECONDS,
    ConsumerStuckError,
    GiveUp,
    Leave,
    Restart,
    Standing,
    Watchdog,
    judge,
    observe,
)
from tests.polling import until
from tests.shared.conftest import engagement

NOW = datetime(2026, 3, 2, tzinfo=UTC)
BEHIND = Place(kafka_answers=True, lags={TopicPartition("engagements", 0): 7})
LEVEL = Place(kafka_answers=True, lags={TopicPartition("engagements", 0): 0})
NOWHERE = Place(kafka_answers=True)
SILENT = Place(kafka_answers=False)


def _after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_behind_without_moving_calls_for_a_restart_and_after_one_for_giving_up() -> None:
    standing = observe(Standing(), BEHIND, moved_at=None, is_waiting=False, now=NOW)
    assert judge(standing, in_hand=0, now=_after(STALLED_SECONDS - 1)) == Leave()
    assert judge(standing, in_hand=0, now=_after(STALLED_SECONDS)) == Restart("stalled")
    again = observe(Standing(restarts=1), BEHIND, moved_at=None, is_waiting=False, now=NOW)
    assert judge(again, in_hand=0, now=_after(STALLED_SECONDS)) == GiveUp("stalled")


def test_a_batch_in_hand_is_given_longer() -> None:
    standing = observe(Standing(), BEHIND, moved_at=None, is_waiting=False, now=NOW)
    assert judge(standing, in_hand=500, now=_after(STALLED_IN_HAND_SECONDS - 1)) == Leave()
    assert judge(standing, in_hand=500, now=_after(STALLED_IN_HAND_SECONDS)) == Restart("stalled")


def test_no_partitions_although_kafka_answers_calls_for_a_restart() -> None:
    standing = observe(Standing(), NOWHERE, moved_at=None, is_waiting=False, now=NOW)
    assert judge(standing, in_hand=0, now=_after(UNASSIGNED_SECONDS - 1)) == Leave()
    assert judge(standing, in_hand=0, now=_after(UNASSIGNED_SECONDS)) == Restart("unassigned")


@given(seconds=st.floats(0, 10_000), behind=st.booleans())
def test_weather_is_never_a_reason(seconds: float, behind: bool) -> None:
    standing = observe(Standing(), BEHIND if behind else NOWHERE, moved_at=None, is_waiting=False, now=NOW)
    for place, is_waiting in ((SILENT, False), (BEHIND, True)):
        waiting = observe(standing, place, moved_at=None, is_waiting=is_waiting, now=_after(seconds))
        assert judge(waiting, in_hand=0, now=_after(seconds + 10_000)) == Leave()


@given(moves=st.lists(st.floats(1, STALLED_SECONDS - 1), min_size=1, max_size=30))
def test_whoever_moves_is_left_alone_however_far_behind(moves: list[float]) -> None:
    standing, at = Standing(restarts=1), 0.0
    for seconds in moves:
        standing = observe(standing, BEHIND, moved_at=None, is_waiting=False, now=_after(at))
        at += seconds
        standing = observe(standing, BEHIND, moved_at=_after(at), is_waiting=False, now=_after(at))
        assert judge(standing, in_hand=0, now=_after(at)) == Leave()
    assert standing.restarts == 0


def test_a_restart_is_forgiven_only_once_it_is_seen_to_have_helped() -> None:
    restarted = Standing(restarts=1)
    for place in (SILENT, NOWHERE, BEHIND):
        restarted = observe(restarted, place, moved_at=None, is_waiting=False, now=NOW)
        assert restarted.restarts == 1
    assert observe(restarted, LEVEL, moved_at=None, is_waiting=False, now=NOW) == Standing()


class Clock:
    """Time that a test moves on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Listener:
    """A consumer with a group of its own that remembers the keys it applied."""

    def __init__(self, database: Database, kafka: str, *, service: str = "") -> None:
        self.applied: list[str] = []
        self.stop = asyncio.Event()
        self.consuming = Consuming(service=service or f"test-{new_id()}", database=database, bootstrap=kafka)
        self.consuming.subscribe(ENGAGEMENTS, self._apply)
        [self.consumer] = self.consuming.consumers.values()
        self.running = asyncio.create_task(self.consuming.run(self.stop))

    async def _apply(self, session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
        self.applied += [event.fact.key() for event in events]

    async def end(self) -> None:
        self.stop.set()
        await self.running


@pytest.fixture
async def listener(database: Database, kafka: str) -> AsyncIterator[Listener]:
    listener = Listener(database, kafka)
    yield listener
    await listener.end()


async def _send(database: Database, kafka: str, contact: str) -> None:
    async with database.transaction() as session:
        await publish(session, [engagement(1, contact=contact)])
    relay = Relay(database=database, bootstrap=kafka)
    async with database.engine.connect() as connection:
        await relay.run_once(connection)
    await relay.close()


def _partitions(consumer: Consumer) -> set[TopicPartition]:
    client = consumer.subscriber.consumer
    return set() if client is None else set(client.assignment())


async def test_a_client_that_stopped_fetching_is_started_again_and_goes_on(database: Database, kafka: str, listener: Listener) -> None:
    clock = Clock()
    watchdog = Watchdog(listener.consuming, clock=clock)
    await until(lambda: len(_partitions(listener.consumer)) == 3, what="the group is joined")
    await _send(database, kafka, "first")
    await until(lambda: "first" in listener.applied, what="the first event is applied")

    listener.consumer.subscriber.consumer.pause(*_partitions(listener.consumer))  # what a stuck fetcher looks like from outside
    contact = f"second-{new_id()}"
    await _send(database, kafka, contact)
    await watchdog.look()
    assert watchdog.places[listener.consumer.name].lag == 1
    await watchdog.act()
    assert contact not in listener.applied
    clock.ahead = timedelta(seconds=STALLED_SECONDS + 1)
    await watchdog.look()
    assert watchdog.stalled_seconds(listener.consumer) > STALLED_SECONDS
    before = REGISTRY.get_sample_value("fullcircle_consumer_restarts_total", {"topic": "engagements", "reason": "stalled"}) or 0
    await watchdog.act()
    assert REGISTRY.get_sample_value("fullcircle_consumer_restarts_total", {"topic": "engagements", "reason": "stalled"}) == before + 1
    await until(lambda: contact in listener.applied, what="the second event is applied")

    async def is_level() -> bool:
        await watchdog.look()
        return watchdog.places[listener.consumer.name].lag == 0

    await until(is_level, what="nothing is left")


async def test_a_restart_that_did_not_help_ends_the_process(
    database: Database, kafka: str, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    watchdog = Watchdog(listener.consuming, clock=clock)
    await until(lambda: len(_partitions(listener.consumer)) == 3, what="the group is joined")
    is_stuck = asyncio.Event()

    async def fetch_nothing(self: WaitingConsumer, *partitions: TopicPartition, **options: int | None) -> dict[TopicPartition, list[Any]]:
        is_stuck.set()
        await asyncio.sleep(0.01)
        return {}

    monkeypatch.setattr(WaitingConsumer, "getmany", fetch_nothing)  # a client that is stuck however often it is started anew
    await until(is_stuck.is_set, what="no poll is under way that could still bring something")
    await _send(database, kafka, f"never-{new_id()}")

    async def is_behind() -> bool:
        await watchdog.look()
        return watchdog.places[listener.consumer.name].lag > 0

    for turn in range(2):
        await until(is_behind, what="the consumer is behind")
        clock.ahead += timedelta(seconds=STALLED_SECONDS + 1)
        if turn == 0:
            await watchdog.act()
    with pytest.raises(ConsumerStuckError, match="starting it again did not help"):
        await watchdog.act()


async def test_a_member_the_group_has_no_partition_for_is_a_spare_and_left_alone(database: Database, kafka: str) -> None:
    service = f"test-{new_id()}"
    members = [Listener(database, kafka, service=service) for _ in range(4)]
    try:
        await until(lambda: sorted(len(_partitions(each.consumer)) for each in members) == [0, 1, 1, 1], seconds=40, what="all have joined")
        [spare] = [each for each in members if not _partitions(each.consumer)]
        clock = Clock()
        watchdog = Watchdog(spare.consuming, clock=clock)
        await watchdog.look()
        clock.ahead = timedelta(seconds=UNASSIGNED_SECONDS + 1)
        await watchdog.act()
        assert spare.consumer.is_spare
        await members[0].end() if members[0] is not spare else await members[1].end()

        async def has_taken_over() -> bool:
            await watchdog.look()
            return not spare.consumer.is_spare

        await until(has_taken_over, seconds=40, what="the spare takes over")
    finally:
        for each in members:
            await each.end()
