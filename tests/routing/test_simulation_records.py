"""The record of a simulation: who works on it, what becomes of it when they end, and what cancels it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from routing.api import simulations as simulations_api
from routing.operations.whatif import records as simulations
from routing.operations.whatif.simulating import carry_out
from routing.simulator import carry_out_apart, simulate_in_turn
from tests.polling import until
from tests.routing.what_if import CLICKS, ask, decisions, draft
from tests.routing.world import SALES_OPS, World


async def test_a_large_one_is_answered_at_once_and_carried_out_by_a_process_of_its_own(
    history: World, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(simulations_api, "AT_ONCE_MAX", 3)
    asked = await ask(history, await draft(history, engagement=CLICKS), status=202)
    assert (asked["state"], asked["result"]) == ("queued", None)
    beginning = await simulations.take_up(history.service.database, now=now)
    assert beginning is not None
    assert (await history.get(f"simulations/{asked['id']}"))["state"] == "running"
    await carry_out_apart(history.service.database, beginning, asyncio.Event())
    done = await history.get(f"simulations/{asked['id']}")
    assert (done["state"], done["result"]["mqls"]["gained"]) == ("done", 2)
    assert await simulations.take_up(history.service.database, now=now) is None


async def test_the_worker_takes_up_what_is_queued_until_it_is_stopped(history: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = [await queued(history, monkeypatch) for _ in range(2)]
    stop = asyncio.Event()
    working = asyncio.create_task(simulate_in_turn(history.service.database, stop))

    async def both_done() -> bool:
        return [(await history.get(f"simulations/{each['id']}"))["state"] for each in (first, second)] == ["done", "done"]

    await until(both_done, seconds=60)
    third = await queued(history, monkeypatch)

    async def begun() -> bool:
        return bool((await history.get(f"simulations/{third['id']}"))["state"] != "queued")

    await until(begun, seconds=30)
    stop.set()
    await asyncio.wait_for(working, 10)
    assert (await history.get(f"simulations/{third['id']}"))["state"] in {"queued", "done"}  # whoever comes next begins it anew


async def queued(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(simulations_api, "AT_ONCE_MAX", 0)
    return await ask(world, "2", status=202)


async def test_one_whose_process_ended_is_begun_anew_and_at_last_fails(
    history: World, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    asked = await queued(history, monkeypatch)
    database = history.service.database
    first = await simulations.take_up(database, now=now)
    assert first is not None
    assert await simulations.take_up(database, now=now) is None  # it is worked on
    now += simulations.SILENCE_MAX + timedelta(seconds=1)
    second = await simulations.take_up(database, now=now)
    assert second is not None
    assert (second.id, second.attempt) == (first.id, 2)
    with pytest.raises(simulations.Stopped):  # whoever comes back from the dead has no say
        await simulations.report(database, first, now=now, replayed=1)
    await simulations.let_go(database, second)
    third = await simulations.take_up(database, now=now)
    assert third is not None
    await simulations.let_go(database, third)
    assert await simulations.take_up(database, now=now) is None
    ended = await history.get(f"simulations/{asked['id']}")
    assert (ended["state"], ended["result"]) == ("failed", None)
    assert "process" in ended["failure"]


async def test_one_that_is_cancelled_ends_and_keeps_nothing(history: World, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    asked = await queued(history, monkeypatch)
    beginning = await simulations.take_up(history.service.database, now=now)
    assert beginning is not None
    cancelled = await history.client.post(f"/v1/simulations/{asked['id']}/cancel", headers=SALES_OPS)
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    await carry_out(history.service.database, beginning)
    assert (await history.get(f"simulations/{asked['id']}"))["state"] == "cancelled"
    assert await decisions(history, asked) == {}
    again = await history.client.post(f"/v1/simulations/{asked['id']}/cancel", headers=SALES_OPS)
    assert again.status_code == 409


async def test_no_more_than_a_few_wait_at_a_time(history: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(simulations.UNFINISHED_MAX):
        await queued(history, monkeypatch)
    refused = await ask(history, "2", status=409)
    assert "queued" in refused["detail"]
