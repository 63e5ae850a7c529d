"""From a body to its items, for every platform alike. Nothing in a body makes it fail: its sender would get an error to give up on."""

from dataclasses import replace

from intake.decisions.acts import Item, Rejected
from intake.decisions.adapters.bodies import ITEMS_MAX, Headers
from intake.decisions.adapters.interface import Adapter
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.texts import texts_of_body
from shared.strict_json import Malformed


def items_in(body: bytes, headers: Headers, adapter: Adapter, source: SourceFacts) -> list[Item]:
    """One item per event, in order. A body nobody can read, or with too many events, is one rejected item that holds all of its text."""
    try:
        value = adapter.value(body, headers)
    except Malformed as unreadable:
        return [Rejected(None, "unreadable", unreadable.reason, texts_of_body(body))]
    items = adapter.read(value, source)
    if len(items) > ITEMS_MAX:
        items = [too_many_items()]
    return [_unread(item, body) for item in items] if len(items) == 1 else items


def _unread(item: Item, body: bytes) -> Item:
    """The only item of a body, with all of the body as its text if nothing of it was told apart."""
    if isinstance(item, Rejected) and item.vendor_type is None and item.texts is None:
        return replace(item, texts=texts_of_body(body))
    return item


def too_many_items() -> Rejected:
    """What a body with more events than any platform sends comes to."""
    return Rejected(None, "too_many_items", f"The body has more than {ITEMS_MAX} events.")
