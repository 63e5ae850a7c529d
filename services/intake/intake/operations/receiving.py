"""Receiving a platform's webhook: is it signed, and what is in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.decisions.acts import Item, Rejected
from intake.decisions.adapters import ADAPTERS, Adapter, SourceFacts
from intake.decisions.receipts import Delivery
from intake.decisions.signatures import UNKNOWN_SOURCE, SignedRequest, is_signed
from intake.queries import StoredSource
from shared.ids import new_id
from shared.strict_json import Malformed, parse

# Far beyond any platform's batch. One body's items share one transaction, which must end before its sender gives up.
ITEMS_MAX = 5_000


class UnknownSource(Exception):
    """There is no source of that name."""


class NotSigned(Exception):
    """The request wasn't signed by who holds the source's secret, or not lately."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A webhook request as it came. `default_uri` is our own address for it, `query` what followed the question mark."""

    method: str
    default_uri: str
    query: str
    headers: Mapping[str, Sequence[str]]
    body: bytes


def read_webhook(source: StoredSource | None, posted: Posted, *, now: datetime) -> Delivery:
    """A signed webhook and what is in it. Raises `NotSigned` or `UnknownSource`, after equal work."""
    adapter = ADAPTERS[source.adapter] if source is not None else None
    signed = is_signed(
        _as_signed(posted, source),
        recipe=adapter.recipe if adapter is not None else UNKNOWN_SOURCE,
        secrets=source.secrets if source is not None else (),
        now=now,
    )
    if source is None or adapter is None:
        raise UnknownSource
    if not signed:
        raise NotSigned
    return Delivery(
        receipt_id=new_id(),
        door="webhook",
        source=source.name,
        brand_id=source.settings.brand_id,
        body=posted.body,
        received_at=now,
        items=_items(posted.body, adapter, source),
    )


def _as_signed(posted: Posted, source: StoredSource | None) -> SignedRequest:
    """The request under the address its platform knows: the configured one, never what a `Host` header claims."""
    address = (source.settings.public_url if source is not None else None) or posted.default_uri
    if posted.query and "?" not in address:
        address = f"{address}?{posted.query}"
    return SignedRequest(method=posted.method, uri=address, body=posted.body, headers=posted.headers)


def _items(body: bytes, adapter: Adapter, source: StoredSource) -> list[Item]:
    """What the platform said. A body nobody can read is one rejected item: it is kept, and its sender gets no error to give up on."""
    try:
        value = parse(body)
    except Malformed as unreadable:
        return [Rejected(None, "unreadable", unreadable.reason)]
    items = adapter.read(value, SourceFacts(source.name, source.settings.property_kinds))
    if len(items) > ITEMS_MAX:
        return [Rejected(None, "too_many_items", f"The body has more than {ITEMS_MAX} events.")]
    return items
