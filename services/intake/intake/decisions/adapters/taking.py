"""From a body to its items, for every platform alike. Nothing in a body makes it fail: its sender would get an error to give up on."""

from intake.decisions.acts import Item, Rejected
from intake.decisions.adapters.bodies import ITEMS_MAX, Headers
from intake.decisions.adapters.interface import Adapter
from intake.decisions.adapters.settings import SourceFacts
from shared.strict_json import Malformed


def items_in(body: bytes, headers: Headers, adapter: Adapter, source: SourceFacts) -> list[Item]:
    """One item per event, in order. A body nobody can read, or with too many events, is one rejected item."""
    try:
        value = adapter.value(body, headers)
    except Malformed as unreadable:
        return [Rejected(None, "unreadable", unreadable.reason)]
    items = adapter.read(value, source)
    return items if len(items) <= ITEMS_MAX else [too_many_items()]


def too_many_items() -> Rejected:
    """What a body with more events than any platform sends comes to."""
    return Rejected(None, "too_many_items", f"The body has more than {ITEMS_MAX} events.")
