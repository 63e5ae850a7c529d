"""What feedback tells of texts: the key to seal the next ones with, and what came of those it has opened."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import as_recordset
from shared.events import Event
from shared.events.texts import TextKeyOffered, TextTriaged
from shared.sealing import SealingKey, offered_in

_log = structlog.get_logger()

_TAKE_KEY = text(
    """
    INSERT INTO sealing_keys (key_id, public, offered_at) VALUES (:key_id, CAST(:public AS jsonb), :offered_at)
    ON CONFLICT (only_one) DO UPDATE SET key_id = excluded.key_id, public = excluded.public, offered_at = excluded.offered_at
    WHERE sealing_keys.offered_at < excluded.offered_at
    """
)
_TRIAGED = text(
    """
    UPDATE typed_texts SET verdict = r.verdict, triaged_at = r.triaged_at
    FROM json_to_recordset(CAST(:rows AS json)) AS r(id uuid, verdict text, triaged_at timestamptz)
    WHERE typed_texts.id = r.id AND typed_texts.verdict IS NULL
    """
)


class FollowTexts:
    """What intake does with what feedback tells of texts. `secret` is the one feedback signs its offers with."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    async def __call__(self, session: AsyncSession, events: Sequence[Event], _now: datetime) -> None:
        """Takes the key offered last and notes verdicts, whatever their order."""
        offers = [event.fact for event in events if isinstance(event.fact, TextKeyOffered)]
        keys = [key for fact in offers if (key := self._believed(fact)) is not None]
        if keys:
            newest = max(keys, key=lambda key: key.offered_at)
            public = orjson.dumps(dict(newest.public)).decode()
            await session.execute(_TAKE_KEY, {"key_id": newest.key_id, "public": public, "offered_at": newest.offered_at})
        verdicts = {fact.text_id: fact for event in events if isinstance(fact := event.fact, TextTriaged) and _is_id(fact.text_id)}
        if verdicts:
            rows = [{"id": fact.text_id, "verdict": fact.verdict, "triaged_at": fact.triaged_at} for fact in verdicts.values()]
            await session.execute(_TRIAGED, {"rows": as_recordset(sorted(rows, key=lambda row: str(row["id"])))})

    def _believed(self, fact: TextKeyOffered) -> SealingKey | None:
        key = offered_in(fact.offer, secret=self._secret)
        if key is None:
            _log.error("a key for texts is not signed with the secret shared with feedback, and is not used", key_id=fact.key_id)
        return key


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
