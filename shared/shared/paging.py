"""Lists in pages: `?limit=&cursor=` in, `{"items": [...], "next_cursor": ...}` out.

By keyset, so that a page costs the same however deep it lies and none is shifted by rows that came meanwhile.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Query

from shared import problems
from shared.bodies import Answer
from shared.strict_json import parse

MAX_LIMIT: Final = 500
DEFAULT_LIMIT: Final = 50
CURSOR_CHARS_MAX = 1_000
# Finds a cursor that was cut, altered or made for another list. No secret is needed: it only says where to read on.
_CHECKSUM_BYTES = 6

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=CURSOR_CHARS_MAX)]

T = TypeVar("T")
R = TypeVar("R")


class Page(Answer, Generic[T]):
    """One page of a list. `next_cursor` asks for the one after it; null on the last."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a client asked for. `after` are the keyset columns of the last row it has, None at the beginning."""

    limit: int
    after: tuple[Any, ...] | None

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than the page holds, which tells whether there is another."""
        return self.limit + 1


class Listing:
    """One list of the API: its name, and the types of the columns that order it: str, int, datetime or UUID.

    Together the columns must be unique, or rows get lost between pages.
    """

    def __init__(self, name: str, *key_types: type) -> None:
        self.name = name
        self.key_types = key_types

    async def request(
        self,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> PageRequest:
        """The FastAPI dependency that reads `limit` and `cursor`; an endpoint that knows only then which list is meant calls it."""
        return PageRequest(limit=limit, after=None if cursor is None else self.key_in(cursor))

    def page(self, rows: Sequence[R], request: PageRequest, *, key: Callable[[R], tuple[Any, ...]], item: Callable[[R], T]) -> Page[T]:
        """The page of rows that were read with `request.fetch`."""
        shown = rows[: request.limit]
        next_cursor = self.cursor_of(key(shown[-1])) if len(rows) > request.limit else None
        return Page(items=[item(row) for row in shown], next_cursor=next_cursor)

    def cursor_of(self, key: tuple[Any, ...]) -> str:
        """The cursor that asks for what follows a row."""
        text = orjson.dumps([str(part) if isinstance(part, UUID) else part for part in key])
        return _encoded(self._checksum(text) + text)

    def key_in(self, cursor: str) -> tuple[Any, ...]:
        """The key of the row a cursor follows. Raises a 422 Problem for one this list didn't give out."""
        try:
            parts = parse(self._checked_text(cursor))  # anybody can make a cursor: what it holds is checked like a body
            return tuple(_key_part(kind, part) for kind, part in zip(self.key_types, parts, strict=True))
        except (ValueError, TypeError) as error:
            detail = "query parameter cursor: is not one this list gave out; begin again without it"
            raise problems.unprocessable("The cursor can't be read.", problems.FieldError("", detail)) from error

    def _checked_text(self, cursor: str) -> bytes:
        decoded = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        checksum, text = decoded[:_CHECKSUM_BYTES], decoded[_CHECKSUM_BYTES:]
        if checksum != self._checksum(text) or cursor != _encoded(decoded):
            raise ValueError("the cursor was altered or is another list's")
        return text

    def _checksum(self, text: bytes) -> bytes:
        return hashlib.blake2b(text, digest_size=_CHECKSUM_BYTES, person=self.name.encode()[:16]).digest()


def _encoded(decoded: bytes) -> str:
    return base64.urlsafe_b64encode(decoded).decode().rstrip("=")


def _key_part(kind: type, part: Any) -> Any:
    if kind is datetime:
        return datetime.fromisoformat(part)
    if type(part) is not (str if kind is UUID else kind):
        raise TypeError(kind)
    return UUID(str(part)) if kind is UUID else part
