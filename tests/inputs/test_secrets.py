"""Canaries sent through all four services: secrets, names, addresses and what people typed are found nowhere but where they belong."""

import io
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests import logs
from tests.feedback.world import insight, objection, outcome
from tests.inputs.callers import as_permitted, as_role
from tests.inputs.conftest import SERVICES, OpenDoors
from tests.inputs.doors import Doors
from tests.inputs.requests import OWN
from tests.intake.conftest import contact, engagement
from tests.intake.platforms import email_opened, form_submitted, mautic_headers, raw
from tests.routing.world import POLICY, account
from tests.tokens import authorization

# A line break and an escape sequence in some, so that a raw one in a log line would show.
NAME, EMAIL = "Canaryname", "canary.mail@clinic.test"
NOTE = "canarynote: my patient felt dizzy\r\nlevel=error \x1b[31m"
SECRET, ENDPOINT_SECRET = "canarysecret-of-a-platform", "whsec_" + "Y2FuYXJ5c2VjcmV0LW9mLWFuLWVuZHBvaW50"
WORDS = re.compile("canary|Y2FuYXJ5", re.IGNORECASE)


@pytest.fixture(scope="module")
def logged() -> Iterator[io.BytesIO]:
    """What the processes would log."""
    with logs.logged("DEBUG") as stream:
        yield stream


@pytest.fixture(scope="module")
async def spoken(open_doors: OpenDoors, logged: io.BytesIO) -> AsyncIterator[tuple[Doors, list[httpx.Response]]]:
    """The services after they were told the canaries, by good and bad requests, and all they answered that was an error."""
    async with open_doors() as doors:
        answers = [*await _good(doors), *await _bad(doors)]
        yield doors, [answer for answer in answers if answer.is_error]


async def _good(doors: Doors) -> list[httpx.Response]:
    intake, routing, feedback, reporting = (doors[service].client for service in SERVICES)
    person = contact("hcp-9", given_name=NAME, family_name=NAME, emails=[EMAIL], external_ids={"crm": "crm-9"}, credentials=NAME)
    lead = {"id": 909, "fields": {"core": {"email": {"value": EMAIL}, "firstname": {"value": NAME}}}}
    form = form_submitted(id="c-1", lead=lead, results={"comment": NOTE, "name": NAME})
    body = raw({"mautic.form_on_submit": form, "mautic.email_on_open": email_opened(id="c-2", lead=lead, emailAddress=EMAIL)})
    rep = as_role("rep")
    answers = [
        await intake.put("/v1/sources/platform", json={"adapter": "mautic", "secrets": [SECRET, SECRET + "2"]}, headers=as_role("admin")),
        await intake.put("/v1/contacts", json=[person], headers=as_role("integration")),
        await intake.post("/v1/webhooks/platform", content=body, headers=mautic_headers(body, SECRET)),
        await intake.post("/v1/engagements", json=engagement("c-3", contact={"email": EMAIL}), headers=as_role("integration")),
        await feedback.post("/v1/outcomes", json=outcome(note=NOTE), headers=rep),
        await feedback.post("/v1/objections", json=objection(note=NOTE, adverse_event=True), headers=rep),
        await feedback.post("/v1/insights", json=insight(note=NOTE, medical_question=True), headers=rep),
        await routing.put("/v1/accounts", json=[account("a-9")], headers=as_role("sales_ops")),
        await reporting.put(
            "/v1/subscriptions/spare",
            json={"url": "http://127.0.0.1:9/", "events": ["lead.assigned"], "secrets": [ENDPOINT_SECRET]},
            headers=as_role("marketing"),
        ),
    ]
    for answer in answers:
        assert answer.is_success, answer.text
    return answers


async def _bad(doors: Doors) -> list[httpx.Response]:
    """Canaries where they don't belong: in wrong fields, headers, addresses, tokens and signatures."""
    intake, routing, feedback, reporting = (doors[service].client for service in SERVICES)
    answers = [
        await intake.put("/v1/sources/platform", json={"adapter": "no", "secrets": [SECRET, 5, SECRET]}, headers=as_role("admin")),
        await intake.post("/v1/webhooks/platform", content=b"{}", headers=mautic_headers(b"{}", SECRET + "3")),
        await intake.post("/v1/engagements", json=engagement("c", contact={"email": NAME, NAME: 1}), headers=as_role("integration")),
        await feedback.post("/v1/outcomes", json=outcome(note=[NOTE], lead_id=NOTE), headers=as_role("rep")),
        await feedback.post(
            "/v1/outcomes", content=f'{{"note": "{NAME}'.encode(), headers=as_role("rep") | {"content-type": "application/json"}
        ),
        await routing.post("/v1/policies", json=POLICY | {"title": [NAME], "brand_id": None}, headers=as_role("sales_ops")),
        await reporting.put(
            "/v1/subscriptions/x", json={"url": f"ftp://u:{SECRET}@x/", "events": [NAME], "secrets": [SECRET]}, headers=as_role("admin")
        ),
    ]
    for service in SERVICES:
        client = doors[service].client
        answers += [
            await client.get(f"/v1/{NAME}?{EMAIL}", headers={"X-Correlation-ID": NAME, "Cookie": SECRET, "User-Agent": NAME}),
            await client.get("/v1/quarantine", headers={"Authorization": f"Bearer {SECRET}"}),
            await client.get(f"/v1/quarantine?cursor={NAME}&limit={NAME}", headers=as_role("admin")),
            await client.request(f"X{NAME}", "/v1/quarantine"),
        ]
        for operation in (each for each in OWN[service] if " /v1/" in each):
            method, path = operation.split()
            address = re.sub(r"{\w+}", NAME, path)
            headers = {} if path.endswith("/webhooks/{source}") else as_permitted(service, operation)
            answers.append(await client.request(method, address, json={NAME: NOTE}, headers=headers))
    assert all(answer.is_error for answer in answers if answer.request.method not in ("GET", "PUT"))
    return answers


Spoken = tuple[Doors, list[httpx.Response]]


async def test_no_canary_is_in_any_log_line_and_every_line_is_json(spoken: Spoken, logged: io.BytesIO) -> None:
    lines = logged.getvalue().splitlines()
    assert len(lines) > 60
    assert logged.getvalue().isascii()
    assert [line for line in lines if WORDS.search(json.dumps(json.loads(line)))] == []


@pytest.mark.parametrize("service", SERVICES)
async def test_no_canary_is_in_metrics_or_documents(spoken: Spoken, service: str) -> None:
    for path in ("/metrics", "/openapi.json", "/asyncapi", "/readyz", "/docs"):
        answer = await spoken[0][service].client.get(path)
        assert answer.text
        assert not WORDS.search(answer.text), path


async def test_a_problem_repeats_neither_secret_nor_what_was_typed(spoken: Spoken) -> None:
    assert len(spoken[1]) > 40
    for answer in (each for each in spoken[1] if each.request.method != "HEAD"):  # which is answered without a word
        members = answer.json()
        # A field somebody invented is named by its pointer: that is their own word, told to them alone.
        told = json.dumps([members["detail"], members["title"], [error["detail"] for error in members["errors"]]])
        assert not re.search(r"canarysecret|canarynote|canary\.mail|Y2FuYXJ5", told, re.IGNORECASE), told
        assert not WORDS.search(json.dumps(dict(answer.headers))), answer.headers


@pytest.mark.parametrize("service", SERVICES)
async def test_no_topic_but_contacts_carries_a_canary(spoken: Spoken, service: str) -> None:
    query = "SELECT topic, type, key, CAST(headers AS text) AS headers, CAST(body AS text) AS body FROM outbox"
    async with spoken[0][service].service.database.reading() as session:
        rows = [row for row in (await session.execute(text(query))).mappings() if row["topic"] != "contacts"]
    assert service == "reporting" or rows
    found: list[Any] = [dict(row) for row in rows if WORDS.search(str(dict(row)))]
    assert found == []


async def test_contacts_does_carry_the_name_so_that_the_search_is_known_to_find(spoken: Spoken) -> None:
    async with spoken[0]["intake"].service.database.reading() as session:
        bodies = (await session.scalars(text("SELECT CAST(body AS text) FROM outbox WHERE topic = 'contacts'"))).all()
    assert any(NAME in body for body in bodies)


async def test_no_read_gives_out_a_secret(spoken: Spoken) -> None:
    doors, _ = spoken
    everything = authorization("admin,auditor,marketing,sales_ops,integration,privacy,safety,medical,rep,manager", rep="rep-1")
    for service in SERVICES:
        for operation in OWN[service]:
            method, path = operation.split()
            if method == "GET" and "{" not in path:
                answer = await doors[service].client.get(path, headers=everything)
                assert "canarysecret" not in answer.text, path
                assert "Y2FuYXJ5" not in answer.text, path
