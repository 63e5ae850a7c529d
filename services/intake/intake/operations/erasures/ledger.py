"""The ledger of who was forgotten: asked in the statement that looks everything else up, written when somebody is forgotten."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.acts import Act
from intake.decisions.consents import ConsentAct
from intake.decisions.erasures.ledger import Hits, LedgerKey, Remembered
from intake.decisions.persons import PersonKey, contact_key
from shared.database import as_recordset

# One row each, for `looking_up`: what is known of the hashes asked for, and whether there is anything to ask for at all.
HITS = """
    SELECT encode(h.hash, 'hex'), encode(s.subject, 'hex'), s.erased_at, s.successor_id
    FROM erased_hashes h JOIN erased_subjects s ON s.subject = h.subject
    WHERE h.hash = ANY (CAST({hashes} AS bytea[]))
"""
AS_OF = "(SELECT max(erased_at) FROM erased_subjects)"
_AS_OF = text(f"SELECT {AS_OF}")
_HITS = text(HITS.format(hashes=":hashes"))
_DENIALS = text("SELECT subject, channel, purpose, at FROM erased_denials WHERE subject = ANY (CAST(:subjects AS bytea[]))")
# Whoever had become one of these contacts is nobody again.
_FORGET_SUCCESSORS = text(
    """
    UPDATE erased_subjects SET successor_id = NULL, erased_at = :now
    WHERE successor_id = ANY (CAST(:contact_ids AS text[])) RETURNING subject
    """
)
_ADD_SUBJECTS = text(
    """
    INSERT INTO erased_subjects (subject, erased_at) SELECT unnest(CAST(:subjects AS bytea[])), :now
    ON CONFLICT (subject) DO UPDATE SET erased_at = excluded.erased_at
    """
)
_ADD_HASHES = text(
    """
    INSERT INTO erased_hashes (hash, subject)
    SELECT decode(hash, 'hex'), decode(subject, 'hex') FROM json_to_recordset(CAST(:rows AS json)) AS r(hash text, subject text)
    ORDER BY hash
    ON CONFLICT (hash) DO UPDATE SET subject = excluded.subject
    """
)
_ADD_DENIALS = text(
    """
    INSERT INTO erased_denials (subject, channel, purpose, at)
    SELECT DISTINCT ON (subject, channel, purpose) decode(subject, 'hex'), channel, purpose, at
    FROM json_to_recordset(CAST(:rows AS json)) AS r(subject text, channel text, purpose text, at timestamptz)
    ORDER BY subject, channel, purpose, at DESC NULLS FIRST
    ON CONFLICT (subject, channel, purpose) DO UPDATE
    SET at = CASE WHEN excluded.at IS NULL OR erased_denials.at IS NULL THEN NULL ELSE greatest(excluded.at, erased_denials.at) END
    """
)
_NAME_SUCCESSORS = text(
    """
    UPDATE erased_subjects s SET successor_id = r.successor_id
    FROM json_to_recordset(CAST(:rows AS json)) AS r(subject text, successor_id text)
    WHERE s.subject = decode(r.subject, 'hex')
    """
)


class ErasureLedger:
    """The ledger under one key. While nobody was ever forgotten nothing is hashed: whether that is so every look-up says."""

    def __init__(self, key: LedgerKey) -> None:
        self.key = key
        self.is_in_use = True  # until a look-up says otherwise

    def asked(self, acts: Sequence[Act], mentioned: Iterable[PersonKey] = ()) -> list[bytes]:
        """The hashes a look-up is to ask for."""
        if not self.is_in_use:
            return []
        return [*self.key.of_items(acts), *map(self.key.of_person, mentioned)]

    def learn(self, *, is_in_use: bool) -> bool:
        """Notes what a look-up said; whether it must be made again, because it was thought that there was nothing to ask for."""
        was_in_use, self.is_in_use = self.is_in_use, is_in_use
        return is_in_use and not was_in_use

    async def hits(self, session: AsyncSession, keys: Collection[PersonKey]) -> dict[PersonKey, Remembered]:
        """Which of these keys are of somebody forgotten."""
        if not keys or await as_of(session) is None:
            return {}
        hashed = {self.key.of_person(key): key for key in keys}
        rows = await session.execute(_HITS, {"hashes": list(hashed)})
        return {hashed[hash_]: one for hash_, one in hits_in(tuple(row) for row in rows).items()}


async def as_of(session: AsyncSession) -> datetime | None:
    """When somebody was last entered, as far as is committed; None if nobody ever was."""
    latest: datetime | None = await session.scalar(_AS_OF)
    return latest


def hits_in(rows: Iterable[Sequence[Any]]) -> Hits:
    """What rows of `HITS` say. Times come as such, or as JSON writes them."""
    found = {}
    for hash_, subject, erased_at, successor_id in rows:
        at = erased_at if isinstance(erased_at, datetime) else datetime.fromisoformat(erased_at)
        found[bytes.fromhex(hash_)] = Remembered(bytes.fromhex(subject), at, successor_id)
    return found


async def denials_of(session: AsyncSession, subjects: Collection[bytes]) -> Mapping[bytes, Sequence[ConsentAct]]:
    """What those who were forgotten had denied."""
    found: dict[bytes, list[ConsentAct]] = {subject: [] for subject in subjects}
    for row in await session.execute(_DENIALS, {"subjects": list(subjects)}):
        found[bytes(row.subject)].append(ConsentAct(row.channel, row.purpose, "denied", row.at))
    return found


async def add_denials(session: AsyncSession, denials: Iterable[tuple[bytes, ConsentAct]]) -> None:
    """Keeps what somebody forgotten denies, the strictest of each channel and purpose."""
    rows = [{"subject": subject.hex(), "channel": act.channel, "purpose": act.purpose, "at": act.at} for subject, act in denials]
    if rows:
        await session.execute(_ADD_DENIALS, {"rows": as_recordset(rows)})


async def add_hashes(session: AsyncSession, hashes: Mapping[bytes, bytes]) -> None:
    """Adds hashes, by which their subjects are recognised from the commit on."""
    rows = [{"hash": hash_.hex(), "subject": subject.hex()} for hash_, subject in hashes.items()]
    if rows:
        await session.execute(_ADD_HASHES, {"rows": as_recordset(rows)})


async def remember(
    session: AsyncSession,
    key: LedgerKey,
    *,
    contact_ids: Sequence[str],
    keys: Collection[PersonKey],
    acts: Sequence[ConsentAct],
    now: datetime,
) -> int:
    """Enters one person: their ids and keys, and what they denied. Gives the number of hashes."""
    earlier = (await session.scalars(_FORGET_SUCCESSORS, {"contact_ids": list(contact_ids), "now": now})).all()
    subjects = [key.of_person(contact_key(contact_id)) for contact_id in contact_ids]
    await session.execute(_ADD_SUBJECTS, {"subjects": subjects, "now": now})
    hashes = dict(zip(subjects, subjects, strict=True)) | {key.of_person(one): subjects[0] for one in keys}
    await add_hashes(session, hashes)
    everybody = [*subjects, *(bytes(subject) for subject in earlier)]
    await add_denials(session, [(subject, act) for subject in everybody for act in acts])
    return len(hashes)


async def name_successors(session: AsyncSession, successors: Mapping[bytes, str]) -> None:
    """Notes which contacts a directory made of those who were forgotten."""
    rows = [{"subject": subject.hex(), "successor_id": contact_id} for subject, contact_id in successors.items()]
    if rows:
        await session.execute(_NAME_SUCCESSORS, {"rows": as_recordset(rows)})
