"""What people typed goes with the item it came in, whatever becomes of that item: one place where items are given their texts."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace

from intake.decisions.acts import Act, Item
from intake.decisions.texts import Texts, Typed, typed_in

AnswersIn = Callable[[str, dict[str, object]], Iterable[Typed]]
"""What people typed in an event of a type the adapter knows, by the name of that type."""

RECORD_ONLY = "record_only"
# What nobody has understood is looked through whole.
_NOT_UNDERSTOOD = frozenset({"unknown_event_type", "unexpected_shape", "mapping_failed", "value_not_mapped"})


def nothing_typed(_name: str, _event: dict[str, object]) -> Iterable[Typed]:
    """For platforms whose known events hold nothing that people typed."""
    return ()


def with_typed(item: Item, event: object, answers_in: AnswersIn, *, but: Iterable[str] = (), whose: str | None = None) -> Item:
    """The item with what was typed in its event. `but` and `whose` as for `with_texts`."""
    if is_understood(item) and isinstance(event, dict):
        return with_texts(item, answers_in(item.vendor_type or "", event), event, but=but, whose=whose)
    return with_texts(item, typed_in(event, reach="event"), event, but=but)


def is_understood(item: Item) -> bool:
    """Whether an adapter knows what the event is, so that it can be known where in it people type."""
    return item.vendor_type is not None and (isinstance(item, Act) or item.reason not in _NOT_UNDERSTOOD)


def with_texts(item: Item, fields: Iterable[Typed], event: object, *, but: Iterable[str] = (), whose: str | None = None) -> Item:
    """The item with these texts. They are told from others by the act's own identity, else by the content of the event.

    `but` are the keys that change when the same event comes again. `whose` names the record an event tells of: it comes again whole with
    each of its changes, and then its texts are told apart by what they say.
    """
    typed = tuple(fields)
    if not typed:
        return item
    if isinstance(item, Act):
        return replace(item, texts=Texts(typed, item.identity))
    if item.reason == RECORD_ONLY and whose is not None:
        return replace(item, texts=Texts(typed, _hash("record", [whose, [[one.field, one.text] for one in typed]])))
    kept = {key: value for key, value in event.items() if key not in but} if isinstance(event, dict) else event
    return replace(item, texts=Texts(typed, _hash("text", kept)))


def _hash(kind: str, value: object) -> str:
    """Of any value that came as JSON, readable by us or not."""
    return f"{kind}:sha256:{hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()}"
