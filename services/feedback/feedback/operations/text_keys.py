"""The keys that texts are sealed with: a new one every hour, offered to intake; each gone a day after its successor came, or at once.

Intake tells a text again until it has a verdict, with the key offered last, so that no text is lost with a key.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database, ring
from shared.events import Event
from shared.events.texts import TextKeyOffered
from shared.ids import new_id
from shared.loops import repeat, wait_for_bell
from shared.outbox import publish
from shared.sealing import OpeningKey, new_opening_key, offer_of

_NEW_KEY_EVERY = timedelta(hours=1)
# How long a key with a successor stays. Longer than Kafka is ordinarily away: what was sealed meanwhile can still be opened.
SUCCEEDED_FOR = timedelta(hours=24)
_ROUND_SECONDS = 30.0
_BELL = "text keys"

_TAKE_TURNS = text("SELECT pg_advisory_xact_lock(hashtext('text keys'))")
_NEWEST = text("SELECT key_id, private, made_at FROM text_keys ORDER BY made_at DESC, key_id DESC LIMIT 1")
_ADD = text("INSERT INTO text_keys (key_id, private, made_at) VALUES (:key_id, CAST(:private AS jsonb), :made_at)")
_DROP_OLD = text(
    """
    DELETE FROM text_keys
    WHERE EXISTS (SELECT FROM text_keys AS successor WHERE successor.made_at > text_keys.made_at AND successor.made_at < :before)
    """
)
_DROP_ALL = text("DELETE FROM text_keys")


async def keep_keys_fresh(database: Database, secret: str, stop: asyncio.Event) -> None:
    """Offers the newest at once, whatever intake may have missed; then a new key every hour and when all were dropped, until stopped."""
    is_first = True

    async def run_once() -> int:
        nonlocal is_first
        bell = database.bells[_BELL]
        bell.clear()
        async with database.transaction() as session:
            await refresh_keys(session, secret=secret, now=datetime.now(UTC), offer_anyway=is_first)
        is_first = False
        await wait_for_bell(bell, stop, at_most_seconds=_ROUND_SECONDS)
        return 0

    await repeat(run_once, name="text keys", every_seconds=0, stop=stop)


async def refresh_keys(session: AsyncSession, *, secret: str, now: datetime, offer_anyway: bool = False) -> None:
    """A new key where the newest has had its hour; away with those that have had their day."""
    await session.execute(_TAKE_TURNS)
    newest = (await session.execute(_NEWEST)).one_or_none()
    if newest is None or newest.made_at <= now - _NEW_KEY_EVERY:
        await _make_key(session, secret=secret, now=now)
    elif offer_anyway:
        await _offer(session, OpeningKey(newest.key_id, newest.private), newest.made_at, secret=secret, now=now)
    await session.execute(_DROP_OLD, {"before": now - SUCCEEDED_FOR})


async def drop_all_keys(session: AsyncSession) -> None:
    """Makes whatever was sealed until now unreadable for good. A new key is offered at once; what has no verdict comes again under it."""
    await session.execute(_TAKE_TURNS)
    await session.execute(_DROP_ALL)
    ring(session, _BELL)


async def _make_key(session: AsyncSession, *, secret: str, now: datetime) -> None:
    key = new_opening_key()
    await session.execute(_ADD, {"key_id": key.key_id, "private": orjson.dumps(dict(key.private)).decode(), "made_at": now})
    await _offer(session, key, now, secret=secret, now=now)


async def _offer(session: AsyncSession, key: OpeningKey, made_at: datetime, *, secret: str, now: datetime) -> None:
    fact = TextKeyOffered(key_id=key.key_id, offer=offer_of(key, offered_at=made_at, secret=secret), offered_at=made_at)
    await publish(session, [Event.of(fact, occurred_at=made_at, recorded_at=now, correlation_id=new_id())])
