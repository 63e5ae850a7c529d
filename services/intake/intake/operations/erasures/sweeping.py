"""Searching all receipts for somebody who was forgotten, a few at a time, and making their engagements anonymous.

It begins once no transaction can still be under way that looked before the ledger knew them: whatever comes later is ignored at the door.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.acts import Act
from intake.decisions.erasures.ledger import ANONYMOUS_PREFIX, LedgerKey
from intake.decisions.erasures.redaction import Traces, items_of, without_items
from intake.decisions.persons import PersonKey, contact_key
from intake.operations.erasures.answering import keep_answers
from intake.operations.erasures.erasing import counted, keys_in
from intake.operations.erasures.late import keep_originals
from intake.operations.erasures.ledger import ErasureLedger, add_hashes
from intake.operations.texts import forget_texts
from intake.platforms import ConnectedSource, UnknownPlatform
from intake.queries.received import all_sources
from intake.rereading import reader_of
from intake.tables import ErasureRow
from shared.database import Database, as_recordset
from shared.events import Event
from shared.events.erasures import ContactErased
from shared.outbox import publish

SETTLE_SECONDS = 15.0
"""Longer than a transaction that records deliveries may take."""

_RECEIPTS_AT_ONCE = 2_000
_CUT_AT_ONCE = 100

_DUE = (
    select(ErasureRow)
    .where(ErasureRow.ordered_at.is_not(None), ErasureRow.swept_at.is_(None))
    .order_by(ErasureRow.ordered_at, ErasureRow.id)
    .limit(1)
    .with_for_update(skip_locked=True, key_share=True)
)
_NAMED_ENGAGEMENTS = text(
    f"""
    SELECT id, source, source_event_id, fingerprint FROM engagements
    WHERE contact_id = ANY (CAST(:ids AS text[])) AND NOT starts_with(source_event_id, '{ANONYMOUS_PREFIX}')
    ORDER BY id FOR UPDATE
    """  # noqa: S608  (ours)
)
_ANONYMISE = text(
    """
    UPDATE engagements e SET source_event_id = r.identity, fingerprint = decode(r.fingerprint, 'hex')
    FROM json_to_recordset(CAST(:rows AS json)) AS r(id uuid, identity text, fingerprint text) WHERE e.id = r.id
    """
)
_DROP_ALIASES = text(
    """
    DELETE FROM engagement_aliases a USING engagements e
    WHERE e.id = a.engagement_id AND e.contact_id = ANY (CAST(:ids AS text[])) RETURNING a.source, a.source_event_id
    """
)
# The next receipts by id, and of those the ones that may hold something: an item that led to the person, or one of their traces.
_NEXT = text(
    """
    WITH looked_at AS (
        SELECT id, door, source, body, headers FROM receipts
        WHERE CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid) ORDER BY id LIMIT :limit
    ), linked AS (
        SELECT i.receipt_id, array_agg(i.position) AS positions
        FROM looked_at r JOIN receipt_items i ON i.receipt_id = r.id JOIN engagements e ON e.id = i.engagement_id
        WHERE e.contact_id = ANY (CAST(:ids AS text[]))
        GROUP BY i.receipt_id
    )
    SELECT r.id, r.door, r.source, r.body, r.headers, coalesce(l.positions, '{}') AS positions
    FROM looked_at r LEFT JOIN linked l ON l.receipt_id = r.id
    WHERE octet_length(r.body) > 0 AND (
        l.receipt_id IS NOT NULL
        OR EXISTS (SELECT FROM unnest(CAST(:traces AS text[])) AS trace WHERE strpos(lower(encode(r.body, 'escape')), trace) > 0)
    )
    ORDER BY r.id
    """
)
_LAST = text(
    """
    SELECT id FROM (
        SELECT id FROM receipts WHERE CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid) ORDER BY id LIMIT :limit
    ) AS next ORDER BY id DESC LIMIT 1
    """
)
_SET_BODY = text("UPDATE receipts SET body = :body, headers = CASE WHEN octet_length(:body) = 0 THEN NULL ELSE headers END WHERE id = :id")


_TRIAGED = text(
    """
    WITH triaged AS (
        DELETE FROM receipts_to_cut WHERE receipt_id IN (
            SELECT receipt_id FROM receipts_to_cut c
            WHERE NOT EXISTS (SELECT FROM typed_texts t WHERE t.receipt_id = c.receipt_id AND t.verdict IS NULL)
            ORDER BY receipt_id LIMIT :limit FOR UPDATE SKIP LOCKED
        ) RETURNING receipt_id, positions
    )
    SELECT r.id, r.door, r.source, r.body, r.headers, t.positions FROM triaged t JOIN receipts r ON r.id = t.receipt_id
    """
)
_UNTRIAGED = text("SELECT EXISTS (SELECT FROM typed_texts WHERE receipt_id = ANY (CAST(:ids AS uuid[])) AND verdict IS NULL)")


async def sweep(database: Database, erasures: ErasureLedger, *, now: datetime, settle_seconds: float = SETTLE_SECONDS) -> int:
    """Searches the next receipts for the one who was forgotten first; gives how many steps that were, one or none."""
    async with database.transaction() as session:
        row = await session.scalar(_DUE)
        if row is None or row.ordered_at is None or now < row.ordered_at + timedelta(seconds=settle_seconds):
            return 0
        if row.swept_to is None:
            row.erased = counted(row.erased, engagement_identities=await _anonymise(session, row.contact_ids, erasures.key))
        return int(await _search(session, row, now=now))


async def cut_triaged(database: Database, *, now: datetime) -> int:
    """Cuts receipts that came late and waited for a verdict on what was typed in them; gives how many."""
    async with database.transaction() as session:
        found = (await session.execute(_TRIAGED, {"limit": _CUT_AT_ONCE})).all()
        sources = await _sources(session) if found else {}
        for receipt in found:
            read = reader_of(receipt.door, sources.get(receipt.source or ""), receipt.headers)
            body = b""
            if read is not None:
                items = read(receipt.body)
                theirs = [item for at, item in enumerate(items) if at in receipt.positions and isinstance(item, Act)]
                traces = Traces.of([person for item in theirs for person in item.person])
                body = without_items(receipt.body, receipt.positions, items=items, read=read, traces=traces)
            await keep_originals(session, {receipt.id: hashlib.sha256(receipt.body).digest()}, now=now)
            await session.execute(_SET_BODY, {"id": receipt.id, "body": body})
    return len(found)


async def _anonymise(session: AsyncSession, contact_ids: Sequence[str], key: LedgerKey) -> int:
    """Puts keyed hashes in the place of what a platform called the acts, which the ledger then knows; gives how many."""
    rows = (await session.execute(_NAMED_ENGAGEMENTS, {"ids": list(contact_ids)})).all()
    aliases = (await session.execute(_DROP_ALIASES, {"ids": list(contact_ids)})).all()
    if not rows and not aliases:
        return 0
    subject = key.of_person(contact_key(contact_ids[0]))
    hashes = {row.id: key.of_act(row.source, row.source_event_id) for row in rows}
    known_by = [*hashes.values(), *(key.of_act(alias.source, alias.source_event_id) for alias in aliases)]
    await add_hashes(session, dict.fromkeys(known_by, subject))
    changed = [
        {
            "id": row.id,
            "identity": f"{ANONYMOUS_PREFIX}{hashes[row.id].hex()}",
            "fingerprint": key.of_content(bytes(row.fingerprint)).hex(),
        }
        for row in rows
    ]
    await session.execute(_ANONYMISE, {"rows": as_recordset(changed)})
    return len(rows)


async def _search(session: AsyncSession, row: ErasureRow, *, now: datetime) -> bool:
    """Whether it went on: what somebody typed in a receipt must have its verdict before anything is cut out of it."""
    at = {"after": row.swept_to, "limit": _RECEIPTS_AT_ONCE}
    last: UUID | None = await session.scalar(_LAST, at)
    keys = keys_in(row.traces or [])
    if last is not None:
        wanted = _escaped(Traces.of(keys))
        found = (await session.execute(_NEXT, {**at, "ids": list(row.contact_ids), "traces": wanted})).all()
        if found and await session.scalar(_UNTRIAGED, {"ids": [receipt.id for receipt in found]}):
            return False
        everybody = frozenset([*keys, *map(contact_key, row.contact_ids)])
        redacted = await _cut(session, found, keys=everybody, now=now) if found else 0
        row.erased = counted(row.erased, receipt_bodies=redacted)
        row.swept_to = last
        return True
    await forget_texts(session, row.contact_ids)
    row.swept_at, row.traces = now, None
    answers = [
        ContactErased(
            erasure_id=str(row.id),
            contact_id=contact_id,
            service="intake",
            erased=row.erased["erased"] if number == 0 else {},
            kept=row.erased["kept"] if number == 0 else {},
            erased_at=now,
        )
        for number, contact_id in enumerate(sorted(row.contact_ids))
    ]
    await session.flush()
    await keep_answers(session, answers)
    await publish(session, [Event.of(fact, occurred_at=now, recorded_at=now, correlation_id=row.id) for fact in answers])
    return True


async def _cut(session: AsyncSession, found: Sequence[Row[Any]], *, keys: frozenset[PersonKey], now: datetime) -> int:
    sources = await _sources(session)
    cut, originals = [], {}
    for receipt in found:
        body = _without(receipt, sources.get(receipt.source or ""), keys)
        if body is not None:
            originals[receipt.id] = hashlib.sha256(receipt.body).digest()
            cut.append((receipt.id, body))
    await keep_originals(session, originals, now=now)
    for receipt_id, body in cut:
        await session.execute(_SET_BODY, {"id": receipt_id, "body": body})
    return len(cut)


def _without(receipt: Row[Any], source: ConnectedSource | None, keys: frozenset[PersonKey]) -> bytes | None:
    """The receipt's body without the person's items; None where nothing in it is theirs."""
    own = frozenset(key for key in keys if key.namespace in {"email", "id:npi", "id:crm", f"id:{receipt.source}"})
    traces = Traces.of(own)
    read = reader_of(receipt.door, source, receipt.headers)
    if read is None:
        return b"" if receipt.positions or traces.found_in(receipt.body) else None
    items = read(receipt.body)
    theirs = {at for at, item in enumerate(items) if isinstance(item, Act) and keys.intersection(item.person)}
    positions = theirs | {at for at in receipt.positions if at < len(items)} | items_of(receipt.body, items=items, traces=traces)
    return without_items(receipt.body, positions, items=items, read=read, traces=traces) if positions else None


async def _sources(session: AsyncSession) -> Mapping[str, ConnectedSource]:
    found = {}
    for name, stored in (await all_sources(session)).items():
        try:
            found[name] = ConnectedSource.of(stored)
        except UnknownPlatform:
            continue  # a later version's: what can't be read again is not kept
    return found


def _escaped(traces: Traces) -> list[str]:
    """The traces as PostgreSQL writes bytes out: what is no ASCII as octal numbers."""
    return sorted({"".join(_octal(byte) for byte in trace.casefold().encode()) for trace in traces.words | traces.ids})


def _octal(byte: int) -> str:
    if byte == ord("\\"):
        return "\\\\"
    return chr(byte) if 0 < byte < 0x80 else f"\\{byte:03o}"
