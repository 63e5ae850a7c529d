"""Attempts: what came of them, recorded in sets. What ends while others are being recorded is recorded with the next set."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.retries import Answered, Dead, Delivered, TryAgain, Unanswered, Verdict
from shared.database import Database, as_recordset

# Who loses the office in mid-write may have written after all: whoever takes it over then makes an attempt under a number that stands
# already. The first to be noted stands, and what was settled stays so.
_NOTE = text(
    """
    INSERT INTO delivery_attempts (position, number, at, status_code, failure, duration_ms)
    SELECT position, attempts, began_at, status_code, failure, duration_ms
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(position bigint, attempts integer, began_at timestamptz, status_code integer, failure text, duration_ms integer)
    ON CONFLICT DO NOTHING
    """
)
_SETTLE = text(
    """
    UPDATE deliveries AS known SET state = r.state, attempts = r.attempts, next_attempt_at = NULL, settled_at = r.ended_at
    FROM json_to_recordset(CAST(:rows AS json)) AS r(position bigint, attempts integer, state text, ended_at timestamptz)
    WHERE known.position = r.position AND known.state = 'pending'
    """
)
_RELEASE = text(
    """
    UPDATE deliveries AS behind SET next_attempt_at = r.ended_at
    FROM json_to_recordset(CAST(:rows AS json)) AS r(subscription text, key text, ended_at timestamptz)
    WHERE behind.subscription = r.subscription AND behind.key = r.key AND behind.state = 'pending' AND behind.next_attempt_at > r.ended_at
    """
)
_PARK = text(
    """
    UPDATE deliveries AS known
    SET next_attempt_at = r.again_at, attempts = CASE WHEN known.position = r.position THEN r.attempts ELSE known.attempts END
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(position bigint, attempts integer, subscription text, key text, again_at timestamptz)
    WHERE known.subscription = r.subscription AND known.key = r.key AND known.state = 'pending'
        AND EXISTS (SELECT FROM deliveries own WHERE own.position = r.position AND own.state = 'pending')
    """
)
_DISABLE = text("UPDATE subscriptions SET state = 'disabled', updated_at = :at WHERE name = ANY (CAST(:names AS text[]))")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver, ended. Of one subscription and key there is one at a time."""

    position: int
    subscription: str
    key: str
    number: int
    began_at: datetime
    ended_at: datetime
    duration_ms: int
    outcome: Answered | Unanswered
    verdict: Verdict


class AttemptBook:
    """Where attempts are recorded: whoever finds nobody writing writes down all that have ended, the others' too."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writing = asyncio.Lock()
        self._ended: list[tuple[Attempt, asyncio.Future[None]]] = []

    async def record(self, attempt: Attempt) -> None:
        """Returns when the attempt, and what follows from it, is committed; raises what kept it from being."""
        recorded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended.append((attempt, recorded))
        async with self._writing:
            if not recorded.done():
                await self._write()
        await recorded

    async def _write(self) -> None:
        ended, self._ended = self._ended, []
        try:
            async with self._database.transaction() as session:
                await record_attempts(session, [attempt for attempt, _ in ended])
        except Exception as error:  # noqa: BLE001  told to each who waits
            for _, recorded in ended:
                recorded.set_exception(error)
        except BaseException:
            for _, recorded in ended:
                recorded.cancel()
            raise
        else:
            for _, recorded in ended:
                recorded.set_result(None)


async def record_attempts(session: AsyncSession, attempts: Sequence[Attempt]) -> None:
    """Notes the attempts and makes their verdicts true."""
    rows = [_row(attempt) for attempt in attempts]
    parked = [row for row in rows if row["again_at"] is not None]
    settled = [row for row in rows if row["again_at"] is None]
    # Only a delivery that had failed parked others behind it.
    released = [row for row in settled if row["attempts"] != 1]
    for statement, given in ((_NOTE, rows), (_SETTLE, settled), (_RELEASE, released), (_PARK, parked)):
        if given:
            await session.execute(statement, {"rows": as_recordset(given)})
    gone = [attempt for attempt in attempts if isinstance(attempt.verdict, Dead) and attempt.verdict.endpoint_gone]
    if gone:
        names = sorted({attempt.subscription for attempt in gone})
        await session.execute(_DISABLE, {"names": names, "at": max(attempt.ended_at for attempt in gone)})


def _row(attempt: Attempt) -> dict[str, object]:
    state, again_at = _consequence(attempt.verdict)
    return {
        "position": attempt.position,
        "subscription": attempt.subscription,
        "key": attempt.key,
        "attempts": attempt.number,
        "began_at": attempt.began_at,
        "ended_at": attempt.ended_at,
        "status_code": attempt.outcome.status_code if isinstance(attempt.outcome, Answered) else None,
        "failure": attempt.outcome.failure if isinstance(attempt.outcome, Unanswered) else None,
        "duration_ms": attempt.duration_ms,
        "state": state,
        "again_at": again_at,
    }


def _consequence(verdict: Verdict) -> tuple[str, datetime | None]:
    """The delivery's state from now on, and when it comes again."""
    match verdict:
        case Delivered():
            return "delivered", None
        case Dead():
            return "dead", None
        case TryAgain(at=again_at):
            return "pending", again_at
        case _:
            assert_never(verdict)
