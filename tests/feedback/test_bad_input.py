"""Whatever is sent, the answer says what to mend and is never a failure of ours."""

from typing import Any

import pytest

from shared.ids import new_id
from tests.feedback.conftest import Feedback
from tests.feedback.world import VISIT, insight, objection, outcome


async def _post_raw(feedback: Feedback, raw: bytes, content_type: str = "application/json") -> Any:
    headers = feedback.token("rep", rep="rep-1") | {"Content-Type": content_type}
    return await feedback.client.post("/v1/outcomes", content=raw, headers=headers)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"note": NaN}', 400),
        (b'{"note": 1e999}', 400),
        (b'{"note": "\\u0000"}', 400),
        (b'{"note": "\\ud800"}', 400),
        (b'{"note": "a", "note": "b"}', 400),
        (b"[" * 40 + b"]" * 40, 400),
        (b"[" * 200_000, 400),
        (b'{"note": ' + b"9" * 30 + b"}", 400),
        (b"\xff\xfe", 400),
        (b"", 400),
        (b"{", 400),
        (b" " * (6 * 1024 * 1024), 413),
        (b"null", 422),
        (b"7", 422),
        (b'"words"', 422),
        (b"[]", 422),
        (b"{}", 422),
    ],
    ids=lambda value: repr(value)[:24],
)
async def test_a_body_that_cannot_be_read_is_said_to_be_so(feedback: Feedback, raw: bytes, status: int) -> None:
    answer = await _post_raw(feedback, raw)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_only_json_is_read(feedback: Feedback) -> None:
    assert (await _post_raw(feedback, b"code=contacted", "application/x-www-form-urlencoded")).status_code == 415
    assert (await _post_raw(feedback, b"{}", "text/csv")).status_code == 415


FIELDS = [
    ("outcomes", outcome(id="7"), "/id"),
    ("outcomes", outcome(id=7), "/id"),
    ("outcomes", outcome(lead_id=7), "/lead_id"),
    ("outcomes", outcome(lead_id=""), "/lead_id"),
    ("outcomes", outcome(lead_id="x" * 201), "/lead_id"),
    ("outcomes", outcome(lead_id="line\nbreak"), "/lead_id"),
    ("outcomes", outcome(lead_id=None), "/lead_id"),
    ("outcomes", outcome(channel="In Person"), "/channel"),
    ("outcomes", outcome(reason_code="with-dash"), "/reason_code"),
    ("outcomes", outcome(reason_code="x" * 41), "/reason_code"),
    ("outcomes", outcome(assets_shown="asset-1"), "/assets_shown"),
    ("outcomes", outcome(assets_shown=["a"] * 51), "/assets_shown"),
    ("outcomes", outcome(assets_shown=["asset-1", 2]), "/assets_shown/1"),
    ("outcomes", outcome(opportunity={"type": "tender"}), "/opportunity/account_id"),
    ("outcomes", outcome(opportunity={"account_id": "account-1", "type": "tender", "value": 1}), "/opportunity/value"),
    ("outcomes", outcome(occurred_at="2026-03-01"), "/occurred_at"),
    ("outcomes", outcome(occurred_at="2026-03-01T09:30:00"), "/occurred_at"),
    ("outcomes", outcome(occurred_at="2026-03-01T23:59:60Z"), "/occurred_at"),
    ("outcomes", outcome(occurred_at="1970-01-01T00:00:00Z"), "/occurred_at"),
    ("outcomes", outcome(occurred_at="2100-01-01T00:00:00Z"), "/occurred_at"),
    ("outcomes", outcome(occurred_at="9999-12-31T23:59:59Z"), "/occurred_at"),
    ("outcomes", outcome(rep_id="rep-3"), "/rep_id"),
    ("objections", objection(adverse_event="no"), "/adverse_event"),
    ("objections", objection(medical_question=0), "/medical_question"),
    ("objections", {name: value for name, value in objection().items() if name != "adverse_event"}, "/adverse_event"),
    ("objections", objection(awareness_at=VISIT), "/awareness_at"),
    ("insights", {name: value for name, value in insight().items() if name != "note"}, "/note"),
    ("insights", insight(note=None), "/note"),
    ("insights", insight(topics=["supply"] * 21), "/topics"),
    ("insights", insight(kind=["access"]), "/kind"),
]


@pytest.mark.parametrize(("path", "body", "pointer"), FIELDS, ids=[f"{path}{pointer}-{n}" for n, (path, _, pointer) in enumerate(FIELDS)])
async def test_a_field_that_cannot_be_is_named(feedback: Feedback, path: str, body: dict[str, Any], pointer: str) -> None:
    answer = await feedback.post(path, body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
    assert await feedback.published() == []
    assert await feedback.rows("select 1 from reports") == []


@pytest.mark.parametrize(
    "text", ["'; drop table reports; --", "100%_\\", "<script>", "\u202eright to left", "e\u0301" * 500, "🙂", "=cmd()"], ids=range(7)
)
async def test_strange_text_is_kept_as_it_is(feedback: Feedback, text: str) -> None:
    assert (await feedback.post("insights", insight(note=f"{text} fainted"))).status_code == 201
    assert [case["text"] for case in await feedback.cases()] == [f"{text} fainted"]


@pytest.mark.parametrize(
    "path",
    [
        "cases?limit=0",
        "cases?limit=-1",
        "cases?limit=501",
        "cases?limit=x",
        "cases?cursor=tampered",
        "cases/not-a-uuid",
        "cases?state=A%20b",
    ],
)
async def test_a_read_that_cannot_be_is_said_to_be_so(feedback: Feedback, path: str) -> None:
    assert (await feedback.get(path, role="safety")).status_code == 422


async def test_what_is_not_there_is_not_found(feedback: Feedback) -> None:
    assert (await feedback.get(f"cases/{new_id()}", role="safety")).status_code == 404
    assert (await feedback.get("taxonomies/objection_topic", role="rep")).status_code == 404
    assert (await feedback.get("me/feed?cursor=AAAA", role="rep", rep="rep-1")).status_code == 422
