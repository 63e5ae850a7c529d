"""Receiving a platform's webhook: is it a question, is it signed, and what is in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from intake.decisions.adapters import items_in
from intake.decisions.adapters.bodies import Headers
from intake.decisions.adapters.handshakes import Knock, Reply
from intake.decisions.receipts import Delivery
from intake.decisions.signatures import UNKNOWN_SOURCE, SignedRequest, trust_of
from intake.platforms import ConnectedSource
from shared.ids import new_id


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


def answer_to(posted: Posted, source: ConnectedSource, *, now: datetime) -> Reply | None:
    """What a platform is answered that only asks; None if it doesn't."""
    return source.adapter.handshake(Knock(_as_signed(posted, source), source.stored.secrets, source.facts, now))


def read_webhook(
    source: ConnectedSource | None, posted: Posted, *, now: datetime, admit: Callable[[ConnectedSource], None] = lambda _: None
) -> Delivery:
    """A proved webhook and what is in it. Raises `NotSigned` or `UnknownSource`, after equal work, and what `admit` raises of a source
    that is proved: nobody else is charged for."""
    proof = trust_of(
        _as_signed(posted, source),
        recipe=source.adapter.recipe if source is not None else UNKNOWN_SOURCE,
        secrets=source.stored.secrets if source is not None else (),
        now=now,
    )
    if source is None:
        raise UnknownSource
    if proof is None:
        raise NotSigned
    admit(source)
    return Delivery(
        receipt_id=new_id(),
        door="webhook",
        source=source.stored.name,
        brand_id=source.stored.settings.brand_id,
        body=posted.body,
        received_at=now,
        items=items_in(posted.body, posted.headers, source.adapter, source.facts),
        proof=proof,
        headers=_kept(posted.headers, source.adapter.kept_headers),
        flags=source.stored.settings.flags,
        read=partial(items_in, headers=posted.headers, adapter=source.adapter, source=source.facts),
    )


def _as_signed(posted: Posted, source: ConnectedSource | None) -> SignedRequest:
    """The request under the address its platform knows: the configured one, never what a `Host` header claims."""
    address = (source.stored.settings.public_url if source is not None else None) or posted.default_uri
    if posted.query and "?" not in address:
        address = f"{address}?{posted.query}"
    return SignedRequest(method=posted.method, uri=address, body=posted.body, headers=posted.headers, query=posted.query)


def _kept(headers: Headers, beginnings: tuple[str, ...]) -> Headers | None:
    """The headers without which the body can't be read again."""
    return {name: values for name, values in headers.items() if name.startswith(beginnings)} if beginnings else None
