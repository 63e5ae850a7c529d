"""Cutting a person's items out of a body that was kept as it came, so that it can still be read again for everybody else.

Nothing here knows a platform. Where the items stand is guessed from the body's lists, and the guess is proved: read again, the body
must say of everybody else what it said before. What can't be proved is not kept at all.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any
from urllib.parse import quote

import orjson

from intake.decisions.acts import Act, Item
from intake.decisions.persons import PersonKey
from shared.strict_json import Malformed, parse

# A short number may be anything: only longer ids are taken for the person's where nothing else tells.
_ID_CHARS_MIN = 5
_DEPTH_MAX = 4
# What stands where an item was: paths that pass over nulls would count the others anew.
_NOTHINGS: tuple[object, ...] = (None, {})

Read = Callable[[bytes], Sequence[Item]]
"""A body as one item per event."""

Slot = tuple[Any, int]
"""A list inside of a value, and a place in it."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What a person leaves in what others wrote: `words` are found anywhere, `ids` only as a whole value."""

    words: frozenset[str]
    ids: frozenset[str]

    @classmethod
    def of(cls, keys: Iterable[PersonKey]) -> "Traces":
        """The traces of somebody with these keys."""
        known = list(keys)
        words = {form for key in known if key.namespace == "email" for form in _forms(key.value)}
        ids = {key.value for key in known if key.namespace.startswith("id:") and len(key.value) >= _ID_CHARS_MIN}
        return cls(frozenset(words), frozenset(ids))

    def found_in(self, body: bytes) -> bool:
        """Whether a body holds one of the words."""
        text = body.decode("utf-8", "replace").casefold()
        return any(word in text for word in self.words)

    def found_in_value(self, value: object, *, ids: bool) -> bool:
        """Whether a JSON value holds a word or, if those are to count, an id."""
        if isinstance(value, dict):
            return any(self.found_in_value(one, ids=ids) for one in (*value.keys(), *value.values()))
        if isinstance(value, list):
            return any(self.found_in_value(one, ids=ids) for one in value)
        if isinstance(value, bool) or value is None:
            return False
        text = str(value)
        return (ids and text in self.ids) or any(word in text.casefold() for word in self.words)


def without_items(body: bytes, positions: Collection[int], *, items: Sequence[Item], read: Read, traces: Traces) -> bytes:
    """The body with nothing in the place of each of those items; empty where that can't be, or where all are to go."""
    if len(set(positions)) >= len(items):
        return b""
    try:
        guesses = len(list(_places(parse(body), len(items))))
    except Malformed:
        return b""
    for number, nothing in product(range(guesses), _NOTHINGS):
        shortened = _with_nothing(body, len(items), number, positions, nothing)
        if not traces.found_in(shortened) and _reads_alike(read(shortened), items, but=positions):
            return shortened
    return b""


def items_of(body: bytes, *, items: Sequence[Item], traces: Traces) -> set[int]:
    """Which items hold a trace of the person, as far as their places can be told; all of them where only the body can.

    An id alone tells it of what is no act: of an act its keys tell whose it is.
    """
    try:
        value = parse(body)
    except Malformed:
        return set(range(len(items))) if traces.found_in(body) else set()
    if len(items) > 1:
        for number, slots in enumerate(_places(value, len(items))):
            found = {
                at for at, (holder, index) in enumerate(slots) if traces.found_in_value(holder[index], ids=not isinstance(items[at], Act))
            }
            if not traces.found_in(_with_nothing(body, len(items), number, found, None)):
                return found
    holds = traces.found_in_value(value, ids=not any(isinstance(item, Act) for item in items))
    return set(range(len(items))) if holds else set()


def _with_nothing(body: bytes, count: int, number: int, positions: Collection[int], nothing: object) -> bytes:
    """The body with nothing at these positions, by the guess of that number where they stand."""
    value = parse(body)
    slots = next(islice(_places(value, count), number, None))
    for position in positions:
        holder, index = slots[position]
        holder[index] = nothing
    return orjson.dumps(value)


def _reads_alike(again: Sequence[Item], items: Sequence[Item], *, but: Collection[int]) -> bool:
    return len(again) == len(items) and all(
        not isinstance(after, Act) if position in but else after == before
        for position, (before, after) in enumerate(zip(items, again, strict=True))
    )


def _places(value: object, count: int) -> Iterator[list[Slot]]:
    """Where `count` items may stand: the body's own list; the lists of its fields, one behind the other; one list further inside."""
    if isinstance(value, list):
        if len(value) == count:
            yield [(value, index) for index in range(count)]
        return
    if not isinstance(value, dict):
        return
    lists = [one for one in value.values() if isinstance(one, list)]
    joined = [(one, index) for one in lists for index in range(len(one))]
    if len(joined) == count:
        yield joined
    for one in _lists(value, depth=0):
        if len(one) == count:
            yield [(one, index) for index in range(count)]


def _lists(value: object, *, depth: int) -> Iterator[list[Any]]:
    if depth > _DEPTH_MAX:
        return
    inside: Iterable[object] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inside:
        if isinstance(one, list):
            yield one
        yield from _lists(one, depth=depth + 1)


def _forms(address: str) -> set[str]:
    """How an address may be written in a body, in small letters."""
    small = address.casefold()
    return {small, quote(small).casefold(), quote(small, safe="").casefold(), small.replace("@", "\\u0040")}
