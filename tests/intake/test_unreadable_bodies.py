"""Authenticated bodies nobody can read: each kept as it came, counted with its reason, answered 202, never 500."""

import base64
from typing import Any

import pytest

from tests.intake.conftest import Intake, counts
from tests.intake.platforms import email_opened, hubspot_event, page_hit, raw

UNREADABLE: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b"  \n ",
    "cut short": raw({"mautic.email_on_open": email_opened()})[:-5],
    "text after it": b'{"mautic.email_on_open": []} and more',
    "not a number": b'{"mautic.page_on_hit": {"hit": {"code": NaN}}}',
    "infinite": b'{"mautic.page_on_hit": {"hit": {"code": Infinity}}}',
    "overflowing": b'{"mautic.page_on_hit": {"hit": {"code": 1e999}}}',
    "NUL in a value": b'{"mautic.email_on_open": {"stat": {"id": "a\\u0000b"}}}',
    "NUL in a key": b'{"mautic.\\u0000": []}',
    "NUL byte": b'{"mautic.email_on_open": "\x00"}',
    "lone surrogate": b'{"mautic.email_on_open": {"stat": {"id": "\\ud800"}}}',
    "an integer beyond 64 bit": b'{"mautic.email_on_open": {"stat": {"id": ' + b"9" * 4_000 + b"}}}",
    "nested deeper than we look": b"[" * 190 + b"]" * 190,
    "nested absurdly": b"[" * 200_000 + b"]" * 200_000,
    "a key twice": b'{"mautic.email_on_open": [], "mautic.email_on_open": []}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "Latin-1": b'{"mautic.email_on_open": "caf\xe9"}',
    "overlong UTF-8": b'{"mautic.email_on_open": "\xc0\xaf"}',
}


@pytest.mark.parametrize("platform", ["mautic", "hubspot"])
async def test_an_unreadable_body_is_kept_and_counted_with_its_reason(intake: Intake, platform: str) -> None:
    for name, body in UNREADABLE.items():
        answer = await getattr(intake, platform)(body)
        assert counts(answer) == {"rejected": 1}, name
        receipt = (await intake.get(f"receipts/{answer.json()['receipt_id']}", role="auditor")).json()
        assert base64.b64decode(receipt["body_base64"]) == body, name
        [item] = receipt["items"]
        assert (item["verdict"], item["reason"]) == ("rejected", "unreadable"), name
        assert item["detail"], name
    assert await intake.outbox_of(intake.service) == []


@pytest.mark.parametrize("body", [None, 5, "text", True, ["text"], [None, 5]], ids=repr)
async def test_json_that_is_no_object_is_rejected_value_by_value(intake: Intake, body: Any) -> None:
    expected = len(body) if isinstance(body, list) else 1
    for answer in (await intake.mautic(body), await intake.hubspot(body)):
        assert counts(answer) == {"rejected": expected}
        assert {reason for _, reason in await intake.items(answer)} == {"unexpected_shape"}


STRINGS = [
    "'; DROP TABLE receipts; --",
    "%_%",
    "<script>alert(1)</script>",
    "\u202egnp.exe",
    "a\u200bb",
    "👩‍⚕️",
    "e" + "\u0301" * 10_000,
    "line\nbreak\x1b[31m",
    "${jndi:ldap://x}",
    "=cmd|' /C calc'!A0",
    "x" * 100_000,
    "\u0958" * 200,  # twice as long once normalised
]


async def test_no_string_in_any_field_breaks_anything(intake: Intake) -> None:
    for text in STRINGS:
        event = page_hit(trackingId=text, url=f"https://brand.test/{text}?utm_content={text}", page={"alias": text}, source=text)
        lead = {"id": text, "fields": {"core": {"email": {"value": text}}}}
        answer = await intake.mautic({"mautic.page_on_hit": event, "mautic.email_on_open": email_opened(id=text, lead=lead), text: []})
        assert answer.status_code == 202, text[:20]
        assert counts(answer).get("accepted", 0) >= 1
        hubspot = await intake.hubspot([hubspot_event(objectId=text, eventId=text, propertyName=text, subscriptionType=text)])
        assert hubspot.status_code == 202, text[:20]


async def test_wrong_types_in_every_field_are_verdicts_not_errors(intake: Intake) -> None:
    wrong: list[Any] = [None, True, 5, -1.5, "text", [], [[]], {}, {"id": {"id": []}}]
    hits = [page_hit(**{field: value}) for field in page_hit()["hit"] for value in wrong]
    stats = [email_opened(**{field: value}) for field in email_opened()["stat"] for value in wrong]
    answer = await intake.mautic({"mautic.page_on_hit": hits, "mautic.email_on_open": stats})
    assert sum(counts(answer).values()) == len(hits) + len(stats)
    events = [hubspot_event(**{field: value}) for field in hubspot_event() for value in wrong]
    assert sum(counts(await intake.hubspot(events)).values()) == len(events)
