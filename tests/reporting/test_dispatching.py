"""Webhooks over a real connection: the same id whatever the attempt, in order per key, and nobody waits for another's endpoint."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import WebhookVerificationError

from reporting.dispatching import Dispatcher
from shared.bodies import utc_text
from shared.service import Service
from tests.conftest import ClientOf
from tests.polling import until
from tests.reporting import happened
from tests.reporting.conftest import Tell
from tests.reporting.endpoint import Endpoint, status

SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()
NEXT_SECRET = base64.b64encode(b"b" * 24).decode()
Token = Callable[..., dict[str, str]]


class Clock:
    """Time that a test moves on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
async def client(reporting: Service, client_of: ClientOf, token: Token) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(reporting) as client:
        client.headers.update(token("marketing"))
        yield client


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dispatcher(reporting: Service, clock: Clock) -> Dispatcher:
    return Dispatcher(database=reporting.database, listed=frozenset({"127.0.0.1"}), clock=clock)


async def subscribe(client: httpx.AsyncClient, url: str, *, name: str = "mautic", **more: Any) -> None:
    body = {"url": url, "events": ["lead.stage_changed", "lead.assigned"], "secrets": [SECRET], **more}
    answer = await client.put(f"/v1/subscriptions/{name}", json=body)
    assert answer.status_code in (200, 201), answer.text


async def delivered(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/deliveries?{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_refused_webhook_comes_again_with_the_same_id_and_a_new_signature(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, clock: Clock, tell: Tell, now: datetime
) -> None:
    await subscribe(client, endpoint.url, source="mautic-us")
    await tell(happened.contact("c1", external_ids={"mautic-us": "4711"}))
    [moved] = await tell(happened.entered("l1", "c1", "contacted", now))
    endpoint.will_answer(500)
    assert await dispatcher.run_once() == 1
    assert await dispatcher.run_once() == 0
    clock.ahead = timedelta(seconds=6)
    assert await dispatcher.run_once() == 1
    first, second = endpoint.received
    assert first.webhook_id == second.webhook_id == str(moved.id)
    assert first.body == second.body
    assert first.verified(SECRET) == second.verified(SECRET)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert (second.data["to_stage"], second.data["contact_id"], second.data["external_id"]) == ("contacted", "c1", "4711")
    [delivery] = await delivered(client)
    assert (delivery["id"], delivery["state"]) == (str(moved.id), "delivered")
    assert [attempt["status_code"] for attempt in delivery["attempts"]] == [500, 204]


async def test_a_platform_is_told_to_hold_and_to_go_on_by_the_id_it_knows_the_contact_by(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, tell: Tell, now: datetime
) -> None:
    await subscribe(client, endpoint.url, source="mautic-us", events=["nurture.held", "nurture.resumed"])
    await tell(happened.contact("c1", external_ids={"mautic-us": "4711"}))
    await tell(happened.entered("l1", "c1", "contacted", now), happened.held("l1", "c1", now))
    await tell(happened.resumed("l1", "c1", now + timedelta(seconds=1)))
    while await dispatcher.run_once():
        pass
    held, resumed = (received.verified(SECRET) for received in endpoint.received)
    about = {"lead_id": "l1", "contact_id": "c1", "external_id": "4711", "brand_id": "cardiox", "campaign_id": "launch"}
    assert held["type"] == "nurture.held"
    assert held["data"] == about | {"scope": "promotional", "reason": "rep_in_conversation", "held_at": utc_text(now)}
    assert resumed["type"] == "nurture.resumed"
    assert {name: resumed["data"][name] for name in ("reason", "track")} == {"reason": "lead_recycled", "track": "stay_in_touch"}


async def test_both_secrets_sign_while_one_replaces_the_other(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, tell: Tell, now: datetime
) -> None:
    await subscribe(client, endpoint.url, secrets=[SECRET, NEXT_SECRET])
    await tell(happened.entered("l1", "c1", "contacted", now))
    await dispatcher.run_once()
    [received] = endpoint.received
    assert received.verified(SECRET) == received.verified(NEXT_SECRET)
    with pytest.raises(WebhookVerificationError):
        received.verified(base64.b64encode(b"c" * 32).decode())


async def test_a_failed_delivery_parks_those_behind_it_but_not_other_leads(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, clock: Clock, tell: Tell, now: datetime
) -> None:
    await subscribe(client, endpoint.url)
    await tell(happened.assigned("l1", "c1", now), happened.entered("l1", "c1", "accepted", now), happened.entered("l1", "c1", "sql", now))
    endpoint.will_answer(503)
    await dispatcher.run_once()
    await tell(happened.entered("l2", "c2", "contacted", now), happened.entered("l1", "c1", "meeting_booked", now))
    while await dispatcher.run_once():
        pass
    assert [received.data["lead_id"] for received in endpoint.received] == ["l1", "l2"]
    clock.ahead = timedelta(seconds=6)
    while await dispatcher.run_once():
        pass
    of_l1 = [received.data.get("to_stage") for received in endpoint.received if received.data["lead_id"] == "l1"]
    assert of_l1 == [None, None, "accepted", "sql", "meeting_booked"]


async def test_a_dead_delivery_lets_those_behind_it_go(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, clock: Clock, tell: Tell, now: datetime
) -> None:
    await subscribe(client, endpoint.url)
    await tell(happened.entered("l1", "c1", "accepted", now), happened.entered("l1", "c1", "sql", now))
    endpoint.will_answer(*[500] * 10)
    for _ in range(10):
        assert await dispatcher.run_once() == 1
        clock.ahead += timedelta(days=2)
    assert await dispatcher.run_once() == 1
    assert [(one["state"], len(one["attempts"])) for one in await delivered(client)] == [("delivered", 1), ("dead", 10)]


async def test_gone_disables_until_saved_again_and_loses_nothing_that_happens_meanwhile(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, tell: Tell, now: datetime
) -> None:
    await subscribe(client, endpoint.url)
    await tell(happened.entered("l1", "c1", "accepted", now))
    endpoint.will_answer(410)
    await dispatcher.run_once()
    await tell(happened.entered("l1", "c1", "sql", now))
    assert await dispatcher.run_once() == 0
    await subscribe(client, endpoint.url)
    assert await dispatcher.run_once() == 1
    assert [one["state"] for one in await delivered(client)] == ["delivered", "dead"]


@pytest.mark.parametrize(
    ("answer", "status_code"),
    [
        (status(301, location="http://127.0.0.1:1/elsewhere"), 301),
        (status(429, retry_after="3600"), 429),
        (b"HTTP/1.1 200 Fine\r\ncontent-length: 9999999999\r\n\r\n" + b"x" * 100_000, 200),
        (b"HTTP/1.1 200 Fine\r\ntransfer-encoding: chunked\r\n\r\nnonsense", 200),
        (b"nonsense\r\n\r\n", None),
        (b"", None),
    ],
)
async def test_whatever_an_endpoint_answers_is_recorded_and_never_followed(
    client: httpx.AsyncClient,
    endpoint: Endpoint,
    dispatcher: Dispatcher,
    clock: Clock,
    tell: Tell,
    now: datetime,
    answer: bytes,
    status_code: int | None,
) -> None:
    await subscribe(client, endpoint.url)
    await tell(happened.entered("l1", "c1", "accepted", now))
    endpoint.will_answer(answer or b"\r\n")
    await dispatcher.run_once()
    [delivery] = await delivered(client)
    [attempt] = delivery["attempts"]
    assert attempt["status_code"] == status_code
    assert attempt["failure"] == (None if status_code else "broken_answer")
    assert len(endpoint.received) == 1
    if status_code == 429:
        clock.ahead = timedelta(minutes=59)
        assert await dispatcher.run_once() == 0


async def test_nobody_listening_is_a_failed_attempt(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, tell: Tell, now: datetime
) -> None:
    await subscribe(client, "http://127.0.0.1:1/")
    await tell(happened.entered("l1", "c1", "accepted", now))
    await dispatcher.run_once()
    [delivery] = await delivered(client)
    assert [attempt["failure"] for attempt in delivery["attempts"]] == ["no_connection"]


async def test_a_host_that_is_no_longer_listed_is_refused_when_sending(
    client: httpx.AsyncClient, endpoint: Endpoint, reporting: Service, tell: Tell, now: datetime
) -> None:
    await subscribe(client, endpoint.url)
    await tell(happened.entered("l1", "c1", "accepted", now))
    await Dispatcher(database=reporting.database, listed=frozenset()).run_once()
    [delivery] = await delivered(client)
    assert [attempt["failure"] for attempt in delivery["attempts"]] == ["address_refused"]
    assert endpoint.received == []


async def test_one_endpoint_of_ten_that_hangs_delays_none_of_the_others(
    client: httpx.AsyncClient, dispatcher: Dispatcher, tell: Tell, now: datetime
) -> None:
    """An attempt at the hanging one lasts ten seconds; twenty of them are under way while the nine others get theirs."""
    stop = asyncio.Event()
    async with Endpoint() as hanging, contextlib.AsyncExitStack() as opened:
        hanging.will_answer(*[None] * 100)
        await subscribe(client, hanging.url, name="hanging")
        healthy = [await opened.enter_async_context(Endpoint()) for _ in range(9)]
        for number, endpoint in enumerate(healthy):
            await subscribe(client, endpoint.url, name=f"healthy-{number}")
        running = asyncio.create_task(dispatcher.run(stop))
        try:
            await tell(*(happened.entered(f"hung-{number}", f"hung-{number}", "accepted", now) for number in range(20)))
            await until(lambda: len(hanging.received) == 20, what="the hanging endpoint being tried")
            await tell(*(happened.entered(f"l{number}", f"c{number}", "accepted", now) for number in range(5)))
            await until(lambda: all(len(each.received) == 25 for each in healthy), seconds=8, what="the nine others' webhooks")
            assert len(hanging.received) == 20
        finally:
            stop.set()
            await running


async def test_what_is_queued_in_this_process_leaves_at_once_and_all_of_it_is_recorded(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, tell: Tell, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporting.dispatching._POLL_SECONDS", 3600)
    await subscribe(client, endpoint.url)
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    try:
        for batch in range(3):
            await tell(*(happened.entered(f"l{batch}-{number}", f"c{number}", "accepted", now) for number in range(25)))
            await until(lambda: len(endpoint.received) == 25 * (batch + 1), what="the webhooks of the batch")  # noqa: B023
    finally:
        stop.set()
        await running
    recorded = await delivered(client, "limit=100")
    assert len({one["id"] for one in recorded}) == 75
    assert {(one["state"], len(one["attempts"])) for one in recorded} == {("delivered", 1)}


async def test_an_attempt_cut_off_before_it_was_recorded_comes_again_under_the_same_id(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, tell: Tell, now: datetime
) -> None:
    await subscribe(client, endpoint.url)
    [moved] = await tell(happened.entered("l1", "c1", "accepted", now))
    endpoint.will_answer(None)
    attempt = asyncio.create_task(dispatcher.run_once())
    await until(lambda: len(endpoint.received) == 1, what="the first attempt")
    attempt.cancel()
    await asyncio.gather(attempt, return_exceptions=True)
    await dispatcher.run_once()
    assert [received.webhook_id for received in endpoint.received] == [str(moved.id)] * 2
    assert [len(one["attempts"]) for one in await delivered(client)] == [1]


@pytest.mark.parametrize("late", [None, 500, 204])
async def test_an_attempt_that_ends_after_another_took_its_office_over_changes_nothing_any_more(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, tell: Tell, now: datetime, late: int | None
) -> None:
    await subscribe(client, endpoint.url)
    await tell(happened.entered("l1", "c1", "accepted", now), happened.entered("l1", "c1", "contacted", now))
    endpoint.will_answer(None, 204)
    overtaken = asyncio.create_task(dispatcher.run_once())
    await until(lambda: len(endpoint.received) == 1, what="the attempt of who is overtaken")
    await dispatcher.run_once()
    endpoint.hang_up(late)
    await overtaken
    [first] = [one for one in await delivered(client) if one["state"] == "delivered"]
    assert [attempt["status_code"] for attempt in first["attempts"]] == [204]
    await dispatcher.run_once()
    assert [one["state"] for one in await delivered(client)] == ["delivered", "delivered"], "nor is who stands behind it held up"


async def test_filters_choose_and_events_nobody_asked_for_go_nowhere(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, tell: Tell, now: datetime
) -> None:
    await subscribe(client, endpoint.url, filter={"to_stage": "sql"}, events=["lead.stage_changed"])
    await tell(happened.entered("l1", "c1", "accepted", now), happened.entered("l1", "c1", "sql", now), happened.assigned("l1", "c1", now))
    while await dispatcher.run_once():
        pass
    assert [received.data["to_stage"] for received in endpoint.received] == ["sql"]


async def test_the_loops_own_events_are_told_too(
    client: httpx.AsyncClient, endpoint: Endpoint, dispatcher: Dispatcher, tell: Tell, now: datetime
) -> None:
    events = ["theme.emerged", "decision.opened", "decision.decided", "change.published", "clock.breached"]
    await subscribe(client, endpoint.url, events=events, filter={})
    await tell(*(happened.contact(f"c{number}") for number in range(5)))
    await tell(*(happened.objection(f"r{number}", f"c{number}", now, rep_id=f"rep-{number}") for number in range(5)))
    await tell(happened.breached("l1", "c1", now))
    [decision] = (await client.get("/v1/decisions")).json()["items"]
    review_on = str((now + timedelta(days=30)).date())
    await client.post(
        f"/v1/decisions/{decision['id']}/decide", json={"choice": "change", "reason_code": "asset_gap", "review_on": review_on}
    )
    change = {"decision_id": decision["id"], "kind": "asset_updated", "published_at": now.isoformat()}
    await client.post("/v1/changes", json=change)
    while await dispatcher.run_once():
        pass
    assert sorted(received.verified(SECRET)["type"] for received in endpoint.received) == sorted(events)
    assert {received.data["decision_id"] for received in endpoint.received if "decision_id" in received.data} == {decision["id"]}
