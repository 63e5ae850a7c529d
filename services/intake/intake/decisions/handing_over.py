"""Texts as they are handed over: which there are in a delivery, in parts that fit a record, and when one is told again."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from intake.decisions.acts import Item
from intake.decisions.texts import Texts, Typed

# Sealed and in JSON it is a third longer, and Kafka takes records up to a megabyte.
PART_BYTES_MAX = 450_000
# Parts overlap, so that a phrase on their border stands whole in one of them.
_OVERLAP_CHARS = 200
_MARGIN_BYTES = 200

UNTRIAGED_ALARM = timedelta(minutes=15)
"""A text without a verdict for longer is an alarm."""

# Feedback answers within seconds. Each time nothing came the wait doubles: whoever is down for a day isn't buried when it is back.
_TOLD_AGAIN_AFTER = timedelta(minutes=5)
_DOUBLINGS_MAX = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A text, or a part of one that is too long for a record. `plain` is what is sealed."""

    receipt_id: UUID
    source: str
    vendor_type: str | None
    received_at: datetime
    origin: str
    fields: tuple[Typed, ...]
    part: int
    parts: int

    @property
    def plain(self) -> bytes:
        """What feedback reads: where it was typed, and what."""
        return orjson.dumps({"source": self.source, "origin": self.origin, "part": self.part, "fields": _pairs(self.fields)})

    @property
    def content(self) -> bytes:
        """A digest of what it says."""
        return hashlib.sha256(orjson.dumps([self.part, _pairs(self.fields)])).digest()

    @property
    def digest(self) -> bytes:
        """A digest of where it stood and what it says: equal for the same event told again."""
        return hashlib.sha256(self.plain).digest()


def pieces(receipt_id: UUID, source: str, received_at: datetime, item: Item) -> list[Piece]:
    """The texts of an item."""
    if item.texts is None:
        return []
    return pieces_of(receipt_id, source, received_at, item.vendor_type, item.texts)


def pieces_of(receipt_id: UUID, source: str, received_at: datetime, vendor_type: str | None, texts: Texts) -> list[Piece]:
    """These texts, in as many parts as they need."""
    parts = list(_parts(texts.fields))
    return [
        Piece(receipt_id, source, vendor_type, received_at, texts.origin, tuple(fields), number, len(parts))
        for number, fields in enumerate(parts, start=1)
    ]


def tell_again_at(now: datetime, *, times_told: int) -> datetime:
    """When a text that was told so often is told again, unless its verdict comes."""
    return now + _TOLD_AGAIN_AFTER * (1 << min(max(times_told - 1, 0), _DOUBLINGS_MAX))


def _parts(fields: tuple[Typed, ...]) -> Iterator[list[Typed]]:
    part, size = list[Typed](), 0
    for typed in (short for long in fields for short in _cut(long)):
        written = _written_bytes(typed)
        if part and size + written > PART_BYTES_MAX:
            yield part
            part, size = [], 0
        part.append(typed)
        size += written
    if part:
        yield part


def _cut(typed: Typed) -> Iterator[Typed]:
    """A field in pieces that fit a part each."""
    if _written_bytes(typed) <= PART_BYTES_MAX:
        yield typed
        return
    # No character takes more than six bytes in JSON.
    step = PART_BYTES_MAX // 6 - _OVERLAP_CHARS - _MARGIN_BYTES
    for begin in range(0, len(typed.text), step):
        yield Typed(typed.field, typed.text[begin : begin + step + _OVERLAP_CHARS])


def _written_bytes(typed: Typed) -> int:
    return len(orjson.dumps([typed.field, typed.text])) + 1


def _pairs(fields: tuple[Typed, ...]) -> list[list[str]]:
    return [[typed.field, typed.text] for typed in fields]
