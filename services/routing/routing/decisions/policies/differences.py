"""What differs between two policies, in sentences that marketing and sales both understand.

Rules are told apart by their ids, and what is a set is compared as one: moving a rule changes nothing, so it is no difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.decisions.policies.document import Policy
from routing.decisions.policies.in_words import CONDITION, PLAIN, VOCABULARIES, Part, Vocabulary, clock_phrase, field_of

ORDERED = frozenset({"assignment"})
"""The lists whose order says something."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `pointer` leads to it in the second document, or in the first where it is only there."""

    pointer: str
    before: Any
    after: Any
    sentence: str


def differences(before: Policy, after: Policy) -> tuple[Difference, ...]:
    """Return every difference: first what is said once, then list by list, each in the order of its document."""
    earlier, later = (policy.model_dump(mode="json", exclude_defaults=True) for policy in (before, after))
    return (*_plain(earlier, later), *_clocks(earlier["clocks"], later["clocks"]), *_lists(earlier, later))


def _plain(before: Part, after: Part) -> Iterator[Difference]:
    for place, phrase in PLAIN.items():
        was, now = (_at(document, place) for document in (before, after))
        if not _same(was, now, ordered=place in ORDERED):
            sentence = f"{phrase.verb} {phrase.of(now)} instead of {phrase.of(was)}."
            yield Difference(f"/{place}", was, now, sentence)


def _clocks(before: Part, after: Part) -> Iterator[Difference]:
    for field in dict.fromkeys([*after, *before]):
        was, now = before.get(field), after.get(field)
        if was != now:
            phrase = clock_phrase(field)
            yield Difference(f"/clocks/{field}", was, now, f"{phrase.verb} {phrase.of(now)} instead of {phrase.of(was)}.")


def _lists(before: Part, after: Part) -> Iterator[Difference]:
    for name, words in VOCABULARIES.items():
        yield from _keyed(name, words, before.get(name, []), after.get(name, []))


def _keyed(name: str, words: Vocabulary, before: Sequence[Part], after: Sequence[Part]) -> Iterator[Difference]:
    earlier = {part[words.key]: part for part in before}
    later = {part[words.key]: part for part in after}
    for index, part in enumerate(after):
        key = part[words.key]
        if key not in earlier:
            yield Difference(f"/{name}/{index}", None, part, f"{_named(words, key)} is new: it {words.whole(part)}.")
        else:
            yield from _changed(f"/{name}/{index}", words, earlier[key], part)
    for index, part in enumerate(before):
        if part[words.key] not in later:
            yield Difference(f"/{name}/{index}", part, None, f"{_named(words, part[words.key])} is gone; until now it {words.whole(part)}.")


def _changed(pointer: str, words: Vocabulary, before: Part, after: Part) -> Iterator[Difference]:
    for field, phrase in words.phrases.items():
        was, now = field_of(before, field), field_of(after, field)
        if _same(was, now):
            continue
        sentence = f"{_named(words, after[words.key])} {phrase.verb} {phrase.of(now)} instead of {phrase.of(was)}."
        if field != CONDITION:
            yield Difference(f"{pointer}/{field}", was, now, sentence)
            continue
        only = [name for name in dict.fromkeys([*now, *was]) if not _same(was.get(name), now.get(name))]
        if len(only) == 1:
            yield Difference(f"{pointer}/{only[0]}", was.get(only[0]), now.get(only[0]), sentence)
        else:
            yield Difference(pointer, was, now, sentence)


def _named(words: Vocabulary, key: str) -> str:
    return f"{words.noun[0].upper()}{words.noun[1:]} {key!r}"


def _same(was: Any, now: Any, *, ordered: bool = False) -> bool:
    """Whether two values say the same: a list is a set unless its order counts, and of condition parts each is compared so."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        return was.keys() == now.keys() and all(_same(was[name], now[name]) for name in was)
    if isinstance(was, list) and isinstance(now, list) and not ordered:
        return sorted(map(repr, was)) == sorted(map(repr, now))
    return bool(was == now)


def _at(document: Part, place: str) -> Any:
    value: Any = document
    for step in place.split("/"):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
