"""Lists in pages."""

import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import Depends
from hypothesis import given
from hypothesis import strategies as st

from shared.auth import anyone
from shared.paging import Listing, Page, PageRequest
from shared.problems import Problem
from tests.shared.small_app import router, serving

LEADS = Listing("leads", datetime, UUID)
START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Lead:
    at: datetime
    id: UUID


ROWS = [Lead(START + timedelta(seconds=number // 3), UUID(int=number)) for number in range(20)]
api = router()


@api.get("/leads", dependencies=[anyone()])
async def list_leads(page: Annotated[PageRequest, Depends(LEADS.request)]) -> Page[UUID]:
    rows = [row for row in ROWS if page.after is None or (row.at, row.id) > page.after]
    return LEADS.page(rows[: page.fetch], page, key=lambda row: (row.at, row.id), item=lambda row: row.id)


@pytest.mark.parametrize("limit", [1, 7, 19, 20, 21])
async def test_pages_follow_each_other_without_gap_or_repetition(limit: int) -> None:
    seen: list[str] = []
    parameters: dict[str, Any] = {"limit": limit}
    async with serving(api) as client:
        while True:
            page = (await client.get("/v1/leads", params=parameters)).json()
            assert len(page["items"]) <= limit
            seen += page["items"]
            if page["next_cursor"] is None:
                break
            parameters["cursor"] = page["next_cursor"]
    assert seen == [str(row.id) for row in ROWS]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=501", "limit=many", "cursor=", "cursor=x", "cursor=%C3%A9", "cursor=" + "A" * 5_000]
)
async def test_limits_and_cursors_that_can_not_be_are_422(query: str) -> None:
    async with serving(api) as client:
        response = await client.get(f"/v1/leads?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["detail"].startswith("query parameter")


async def cursor_of(listing: Listing, *key: Any) -> str:
    request = PageRequest(limit=1, after=None)
    cursor = listing.page([key, key], request, key=lambda row: row, item=lambda _: 0).next_cursor
    assert cursor is not None
    return cursor


@given(st.data())
async def test_no_altered_cursor_is_believed(data: st.DataObject) -> None:
    listing = Listing("words", str)
    cursor = await cursor_of(listing, data.draw(st.text("ab", max_size=4)))
    place = data.draw(st.integers(0, len(cursor) - 1) | st.just(len(cursor) - 1))
    letter = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_"))
    altered = cursor[:place] + letter + cursor[place + 1 :]
    if altered != cursor:
        with pytest.raises(Problem):
            await listing.request(cursor=altered)


@given(st.text(max_size=20), st.integers(-(2**63), 2**63 - 1), st.uuids(), st.datetimes(timezones=st.just(UTC)))
async def test_a_cursor_gives_back_the_key_it_was_made_of(text: str, number: int, identifier: UUID, at: datetime) -> None:
    listing = Listing("all kinds", str, int, UUID, datetime)
    try:
        text.encode()
    except UnicodeEncodeError:
        return  # no database holds such a text
    if "\x00" in text:
        return  # nor such a one
    key = (text, number, identifier, at)
    assert (await listing.request(cursor=await cursor_of(listing, *key))).after == key


@pytest.mark.parametrize("key", [2**63, 2**64 - 1, "a\x00b"])
async def test_a_cursor_somebody_made_that_no_column_can_hold_is_refused(key: Any) -> None:
    listing = Listing("made", type(key))
    with pytest.raises(Problem):
        await listing.request(cursor=await cursor_of(listing, key))


async def test_a_cursor_of_another_list_is_refused() -> None:
    cursor = await cursor_of(Listing("reps", datetime, UUID), START, UUID(int=7))
    with pytest.raises(Problem):
        await LEADS.request(cursor=cursor)
