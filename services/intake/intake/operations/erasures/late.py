"""What still comes about somebody who was forgotten: it is ignored, and cut out of its body before that is kept."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.acts import Act, Item
from intake.decisions.consents import ConsentAct
from intake.decisions.erasures.ledger import Hits, LedgerKey, addresses_in, denial_in, settled
from intake.decisions.erasures.redaction import Traces, items_of, without_items
from intake.decisions.persons import PersonKey
from intake.decisions.receipts import Delivery
from intake.operations.erasures.ledger import ErasureLedger, add_denials
from intake.operations.recognising import Owners
from shared.database import as_recordset

REDACTED = text(
    """
    INSERT INTO receipt_redactions (receipt_id, original_sha256, redacted_at)
    SELECT receipt_id, decode(original_sha256, 'hex'), :now
    FROM json_to_recordset(CAST(:rows AS json)) AS r(receipt_id uuid, original_sha256 text)
    ON CONFLICT (receipt_id) DO NOTHING
    """
)
"""The first cut counts: it knew the body as it came."""

# What was typed is told again from its receipt until it has a verdict: until then that is kept whole.
_TO_CUT = text(
    """
    INSERT INTO receipts_to_cut (receipt_id, positions)
    SELECT receipt_id, positions FROM json_to_recordset(CAST(:rows AS json)) AS r(receipt_id uuid, positions integer[])
    ON CONFLICT DO NOTHING
    """
)


@dataclass(slots=True)
class SetAside:
    """A batch without those who were forgotten: deliveries and items to be recorded, and what else is to be kept."""

    deliveries: list[Delivery] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    denials: list[tuple[bytes, ConsentAct]] = field(default_factory=list)
    originals: dict[UUID, bytes] = field(default_factory=dict)
    to_cut: dict[UUID, list[int]] = field(default_factory=dict)

    async def keep(self, session: AsyncSession, *, now: datetime) -> None:
        """Keeps what was denied, and which bodies were cut."""
        await add_denials(session, self.denials)
        await keep_originals(session, self.originals, now=now)
        rows = [{"receipt_id": receipt_id, "positions": positions} for receipt_id, positions in self.to_cut.items()]
        if rows:
            await session.execute(_TO_CUT, {"rows": as_recordset(rows)})


async def keep_originals(session: AsyncSession, originals: dict[UUID, bytes], *, now: datetime) -> None:
    """Marks receipts as redacted: `originals` are the SHA-256 of their bodies as they came."""
    rows = [{"receipt_id": receipt_id, "original_sha256": digest.hex()} for receipt_id, digest in originals.items()]
    if rows:
        await session.execute(REDACTED, {"rows": as_recordset(rows), "now": now})


def mentioned(deliveries: Sequence[Delivery], erasures: ErasureLedger) -> dict[PersonKey, set[str]]:
    """The addresses in bodies that hold more than acts, where anybody was ever erased: of what is no act nobody read whose it is."""
    found: dict[PersonKey, set[str]] = {}
    for delivery in deliveries:
        if erasures.is_in_use and not delivery.on_record and not all(isinstance(item, Act) for item in delivery.items):
            for key, written in addresses_in(delivery.body).items():
                found.setdefault(key, set()).update(written)
    return found


def set_aside(deliveries: Sequence[Delivery], items: Sequence[Item], *, hits: Hits, erasures: ErasureLedger, owners: Owners) -> SetAside:
    """The batch as it may be recorded. `items` are those of all deliveries, in order."""
    result, key = SetAside(), erasures.key
    named = mentioned(deliveries, erasures)
    forgotten = {one for one in named if key.of_person(one) in hits and one not in owners.contact_ids}
    for delivery, of_it in _by_delivery(deliveries, items):
        judged = [settled(item, hits=hits, key=key, owned=owners.contact_ids, received_at=delivery.received_at) for item in of_it]
        late = {
            at for at, (item, after) in enumerate(zip(of_it, judged, strict=True)) if isinstance(item, Act) and not isinstance(after, Act)
        }
        traces = Traces.of([person for at in late for person in _person_of(of_it[at])])
        words = frozenset(written.casefold() for one in forgotten for written in named[one])
        traces = Traces(traces.words | words, frozenset())
        for at in late:
            result.denials += _denials(of_it[at], hits=hits, key=key, received_at=delivery.received_at)
        silent = (
            {at for at in items_of(delivery.body, items=of_it, traces=traces) if not isinstance(judged[at], Act)}
            if traces.words and not delivery.on_record
            else set()
        )
        result.items += judged
        if delivery.on_record:  # of which the items aren't all: the search of all receipts cuts it
            result.deliveries.append(delivery)
        elif any(judged[at].texts is not None for at in late | silent):
            result.to_cut[delivery.receipt_id] = sorted(late | silent)
            result.deliveries.append(delivery)
        else:
            result.deliveries.append(_cut(delivery, late | silent, traces=traces, result=result))
    return result


def _cut(delivery: Delivery, positions: set[int], *, traces: Traces, result: SetAside) -> Delivery:
    if not positions:
        return delivery
    result.originals[delivery.receipt_id] = hashlib.sha256(delivery.body).digest()
    body = b""
    if delivery.read is not None:
        body = without_items(delivery.body, positions, items=delivery.read(delivery.body), read=delivery.read, traces=traces)
    return replace(delivery, body=body, headers=delivery.headers if body else None)


def _by_delivery(deliveries: Sequence[Delivery], items: Sequence[Item]) -> Iterator[tuple[Delivery, Sequence[Item]]]:
    begin = 0
    for delivery in deliveries:
        end = begin + len(delivery.items)
        yield delivery, items[begin:end]
        begin = end


def _person_of(item: Item) -> tuple[PersonKey, ...]:
    return item.person if isinstance(item, Act) else ()


def _denials(item: Item, *, hits: Hits, key: LedgerKey, received_at: datetime) -> list[tuple[bytes, ConsentAct]]:
    denial = denial_in(item, received_at=received_at)
    if denial is None:
        return []
    subjects = {hits[hashed].subject for person in _person_of(item) if (hashed := key.of_person(person)) in hits}
    return [(subject, denial) for subject in sorted(subjects)]
