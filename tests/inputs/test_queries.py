"""Questions that can't be: limits, ranges, filters and cursors beyond all bounds."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from feedback.api.cases import _CASES
from feedback.api.feed import _FEED
from intake.api.catalog import _ASSETS, _CAMPAIGNS
from intake.api.findings import _FINDINGS
from intake.api.receipts import _RECEIPTS
from intake.api.sources import _SOURCES
from reporting.api.loop import _DECISIONS
from reporting.api.subscriptions import _DELIVERIES
from routing.api.briefs import ANSWERED, VERSIONS
from routing.api.leads import HISTORY, LEADS, QUEUE
from routing.api.policies import LISTING as POLICIES
from routing.api.reference import LISTINGS as REFERENCE
from shared.paging import Listing, PageRequest
from tests.inputs.callers import as_permitted, problem
from tests.inputs.doors import Doors
from tests.inputs.requests import good_requests

LISTS: Mapping[tuple[str, str], Listing] = {
    ("intake", "GET /v1/receipts"): _RECEIPTS,
    ("intake", "GET /v1/assets"): _ASSETS,
    ("intake", "GET /v1/campaigns"): _CAMPAIGNS,
    ("intake", "GET /v1/findings"): _FINDINGS,
    ("intake", "GET /v1/sources"): _SOURCES,
    **{("routing", f"GET /v1/{name}"): listing for name, listing in REFERENCE.items()},
    ("routing", "GET /v1/policies"): POLICIES,
    ("routing", "GET /v1/leads"): LEADS,
    ("routing", "GET /v1/leads/{lead_id}/history"): HISTORY,
    ("routing", "GET /v1/leads/{lead_id}/brief/versions"): VERSIONS,
    ("routing", "GET /v1/briefs/feedback"): ANSWERED,
    ("routing", "GET /v1/queue"): QUEUE,
    ("feedback", "GET /v1/cases"): _CASES,
    ("feedback", "GET /v1/me/feed"): _FEED,
    ("reporting", "GET /v1/decisions"): _DECISIONS,
    ("reporting", "GET /v1/deliveries"): _DELIVERIES,
}
every_list = pytest.mark.parametrize(("service", "operation"), LISTS, ids=[" ".join(each) for each in LISTS])

# The checksum of a cursor is no secret, so anybody can make one that looks right and says anything its columns can.
EXTREMES: Mapping[type, list[Any]] = {
    datetime: [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone(-timedelta(hours=14))),
        datetime(2026, 3, 1),  # noqa: DTZ001 - a cursor may lack its zone
        datetime(2026, 3, 1, tzinfo=UTC),
    ],
    UUID: [UUID(int=0), UUID(int=2**128 - 1)],
    int: [0, -1, 2**63 - 1, 2**64 - 1, -(2**63)],
    str: ["", "x" * 500],
}


def forged(listing: Listing, key: tuple[Any, ...]) -> str:
    page = listing.page([key, key], PageRequest(limit=1, after=None), key=lambda row: row, item=str)
    assert page.next_cursor is not None
    return page.next_cursor


@every_list
async def test_a_forged_cursor_is_read_from_or_refused(doors: Doors, service: str, operation: str) -> None:
    listing, ask = LISTS[service, operation], _asking(doors, service, operation)
    for number in range(max(map(len, EXTREMES.values()))):
        key = tuple(EXTREMES[kind][number % len(EXTREMES[kind])] for kind in listing.key_types)
        answer = await ask(f"cursor={forged(listing, key)}")
        assert answer.status_code in (200, 422), (key, answer.text)
    wrong: list[Any] = ["x", 5, None, True, []]
    for part in wrong:
        if type(part) not in listing.key_types:
            problem(await ask(f"cursor={forged(listing, (part,) * len(listing.key_types))}"), 422)
    problem(await ask(f"cursor={forged(listing, ())}"), 422)


@every_list
@pytest.mark.parametrize(
    "query",
    [
        *("limit=-1", "limit=0", "limit=501", "limit=1e9", "limit=9" * 50, "limit=", "limit=١", "limit=5&limit=x"),
        *("cursor=", "cursor=AAAA", "cursor=%F0%9F%92%A9", "cursor=" + "A" * 1_001, "cursor=%ff%fe", "cursor=../../etc/passwd"),
    ],
    ids=lambda query: query[:24],
)
async def test_a_page_that_cannot_be_is_refused(doors: Doors, service: str, operation: str, query: str) -> None:
    assert problem(await _asking(doors, service, operation)(query), 422)["errors"]


@every_list
async def test_a_nul_in_the_address_is_refused(doors: Doors, service: str, operation: str) -> None:
    for query in ("cursor=%00", "%00=1", "brand_id=a%00b"):
        problem(await _asking(doors, service, operation)(query), 400)


@every_list
async def test_no_list_is_sorted_or_narrowed_by_what_it_does_not_offer(doors: Doors, service: str, operation: str) -> None:
    """A question we don't understand changes nothing: no column is reached by its name."""
    ask = _asking(doors, service, operation)
    plain = (await ask("")).json()
    assert (await ask("sort=secrets&order_by=1;--&fields=*&text=x&offset=-1")).json() == plain


@pytest.mark.parametrize("operation", ["GET /v1/funnel", "GET /v1/objections"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=1970-01-01&until=2100-12-31", 200),
        ("from=1970-01-01T00:00:00Z&until=2100-12-31T23:59:59Z", 200),
        ("from=1969-12-31", 422),
        ("until=2101-01-01", 422),
        ("from=0001-01-01T00:00:00%2B14:00", 422),
        ("until=9999-12-31T23:59:59-14:00", 422),
        ("from=2026-02-30", 422),
        ("from=2026-03-01T00:00:00", 422),
        ("from=2026-03-02&until=2026-03-01", 422),
        ("from=" + "9" * 5_000, 422),
        ("group_by=" + ",".join(["topic"] * 50), 422),
        ("group_by=secrets", 422),
        ("group_by=", 422),
        ("brand_id=" + "x" * 201, 422),
        ("brand_id=" + quote("'; DROP TABLE facts; --"), 200),
        ("brand_id=%25", 200),
    ],
    ids=lambda part: str(part)[:40],
)
async def test_a_report_over_a_range_is_bounded_or_refused(doors: Doors, operation: str, query: str, status: int) -> None:
    answer = await _asking(doors, "reporting", operation)(query)
    assert answer.status_code == status, answer.text
    assert status == 200 or problem(answer, 422)["errors"]


@pytest.mark.parametrize(
    "identifier", ["0", "-1", "1", "9" * 400, "%2e%2e%2fetc", "%ff", "{lead_id}", "null", "01998f7e5a107c3e9a516a1d0c9be001x"]
)
async def test_an_id_that_cannot_be_is_refused_and_one_that_is_nobodys_is_not_found(doors: Doors, identifier: str) -> None:
    for service, operation, path in (
        ("intake", "GET /v1/receipts/{receipt_id}", "/v1/receipts/"),
        ("intake", "GET /v1/contacts/{contact_id}", "/v1/contacts/"),
        ("routing", "GET /v1/leads/{lead_id}", "/v1/leads/"),
        ("routing", "GET /v1/policies/{version}", "/v1/policies/"),
        ("feedback", "GET /v1/cases/{case_id}", "/v1/cases/"),
        ("reporting", "GET /v1/decisions/{id}", "/v1/decisions/"),
        ("reporting", "GET /v1/trace/{id}", "/v1/trace/"),
    ):
        answer = await doors[service].client.get(path + identifier, headers=as_permitted(service, operation))
        if (service, identifier) != ("routing", "1"):
            assert answer.status_code in (404, 422), (path, answer.text)
            problem(answer, answer.status_code)


def _asking(doors: Doors, service: str, operation: str) -> Callable[[str], Any]:
    path = good_requests(service)[operation].path.format_map(doors.known)
    return lambda query: doors[service].client.get(f"{path}?{query}", headers=as_permitted(service, operation))
