"""Telling an engagement anew: evidence that came later, or somebody's word, changes whether a machine did it; the catalogue, its labels."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.catalog import Labels
from intake.decisions.machines import JUDGED, MachineEvidence, ordered
from shared import outbox
from shared.database import as_recordset
from shared.events import Event
from shared.events.engagements import EngagementRestated

_LOCK = text("SELECT * FROM engagements WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE")
_RESTATE = text(
    """
    WITH restated AS (
        SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r(
            id uuid, version integer, cause text, machine boolean, machine_evidence jsonb, machine_word boolean, reason_code text,
            said_by text, asset_id text, campaign_id text, brand_id text, topics jsonb, context text, flags jsonb, marks text[]
        )
    ), kept AS (
        INSERT INTO restatements (engagement_id, version, restated_at, cause, machine, machine_evidence, reason_code, said_by)
        SELECT r.id, r.version, :now, r.cause, r.machine, r.machine_evidence, r.reason_code, r.said_by
        FROM restated r JOIN engagements e ON e.id = r.id WHERE r.version > e.version
    )
    UPDATE engagements e
    SET version = r.version, machine = r.machine, machine_evidence = r.machine_evidence, machine_word = r.machine_word,
        asset_id = r.asset_id, campaign_id = r.campaign_id, brand_id = r.brand_id, topics = r.topics, context = r.context,
        flags = r.flags, marks = r.marks
    FROM restated r WHERE e.id = r.id
    """
)


_SURVIVORS = text("SELECT alias_id, contact_id FROM contact_aliases WHERE alias_id = ANY (CAST(:ids AS text[]))")


class UnknownEngagement(Exception):
    """There is no engagement of that id."""


class NotJudged(Exception):
    """Who or what did an act of this kind is not asked: only of what is opened and clicked."""


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody who looked says."""

    machine: bool
    reason_code: str
    said_by: str


async def restate_by_evidence(session: AsyncSession, gained: Mapping[UUID, frozenset[MachineEvidence]], *, now: datetime) -> None:
    """Adds the evidence to engagements on record, and tells those anew whose verdict it changes. Nothing for no evidence."""
    if not gained:
        return
    changed = []
    for row in await session.execute(_LOCK, {"ids": list(gained)}):
        evidence = ordered([*row.machine_evidence, *gained[row.id]])
        machine = bool(evidence) if row.machine_word is None else row.machine_word
        told_anew = machine != row.machine
        if told_anew or list(evidence) != row.machine_evidence:
            changed.append(_Restated(row, row.version + told_anew, "evidence", machine, evidence, row.machine_word))
    await _write(session, changed, now=now)


async def restate_by_word(session: AsyncSession, engagement_id: UUID, word: Word, *, now: datetime) -> None:
    """Takes somebody's word, which stands over all evidence, that which comes later too. The same word again changes nothing.

    Raises `UnknownEngagement` or `NotJudged`.
    """
    row = (await session.execute(_LOCK, {"ids": [engagement_id]})).one_or_none()
    if row is None:
        raise UnknownEngagement
    if row.kind not in JUDGED:
        raise NotJudged
    if row.machine_word != word.machine:
        evidence = ordered(row.machine_evidence)
        await _write(session, [_Restated(row, row.version + 1, "word", word.machine, evidence, word.machine, word)], now=now)


async def restate_labels(session: AsyncSession, relabelled: Sequence[tuple[Row[Any], Labels]], *, now: datetime) -> None:
    """Writes and tells what engagements, whose rows the caller holds, turn out to be about."""
    await _write(
        session,
        [
            _Restated(row, row.version + 1, "catalog", row.machine, ordered(row.machine_evidence), row.machine_word, labels=labels)
            for row, labels in relabelled
        ],
        now=now,
    )


def labels_of(row: Row[Any]) -> Labels:
    """What an engagement on record is about."""
    return Labels(row.asset_id, row.campaign_id, row.brand_id, tuple(row.topics), row.context, tuple(row.flags))


@dataclass(frozen=True, slots=True)
class _Restated:
    """An engagement on record, and what it is from now on. Of the same version as before: nothing is told."""

    row: Row[Any]
    version: int
    cause: str
    machine: bool
    evidence: tuple[MachineEvidence, ...]
    machine_word: bool | None
    word: Word | None = None
    labels: Labels | None = None

    def changes(self) -> dict[str, Any]:
        return {
            "id": self.row.id,
            "version": self.version,
            "cause": self.cause,
            "machine": self.machine,
            "machine_evidence": self.evidence,
            "machine_word": self.machine_word,
            "reason_code": self.word and self.word.reason_code,
            "said_by": self.word and self.word.said_by,
            "marks": self._marks,
            **self._labels,
        }

    def fact(self, *, contact_id: str, now: datetime) -> EngagementRestated:
        """What is told; `contact_id` stands for whose key showed it."""
        shown_as = self.row.contact_id
        whose = {"contact_id": contact_id, "original_contact_id": None if shown_as == contact_id else shown_as}
        before = {**self.row._mapping, **whose, "engagement_id": str(self.row.id)}
        return EngagementRestated.model_validate(
            {
                **before,
                "machine": self.machine,
                "machine_evidence": list(self.evidence),
                "version": self.version,
                "restated_at": now,
                "cause": self.cause,
                **self._labels,
            }
        )

    @property
    def _labels(self) -> dict[str, Any]:
        return asdict(self.labels or labels_of(self.row))

    @property
    def _marks(self) -> list[str] | None:
        """What it may yet be recognised by: nothing more when both its asset and its campaign are known."""
        labels = self.labels or labels_of(self.row)
        return None if labels.asset_id is not None and labels.campaign_id is not None else self.row.marks


async def _write(session: AsyncSession, restated: Sequence[_Restated], *, now: datetime) -> None:
    if not restated:
        return
    await session.execute(_RESTATE, {"rows": as_recordset([one.changes() for one in restated]), "now": now})
    told = [one for one in restated if one.version > one.row.version]
    if not told:
        return
    merged = await session.execute(_SURVIVORS, {"ids": sorted({one.row.contact_id for one in told})})
    survivors = {row.alias_id: row.contact_id for row in merged}
    events = [
        Event.of(
            one.fact(contact_id=survivors.get(one.row.contact_id, one.row.contact_id), now=now),
            occurred_at=one.row.occurred_at,
            recorded_at=now,
            correlation_id=one.row.receipt_id,
        )
        for one in told
    ]
    await outbox.publish(session, events)
