"""Folding: a batch of events becomes facts, rollups and, where something rises, decisions, in a handful of set statements."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.contributions import shifts
from reporting.decisions.dossiers import Dossier, folded, said_by
from reporting.decisions.signals import Scope, gained
from reporting.operations import dossiers
from reporting.operations.recording import record
from reporting.operations.signalling import redecide
from shared import failpoints
from shared.events import Event


async def fold(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Applies events whatever their order: each is journalled and told to subscribers, and moves what it is counted in.

    Locks the contacts it concerns first, in id order, then rollup cells, then signal scopes, each sorted, so that batches of
    different topics can run side by side.
    """
    concerned = {said.contact.contact_id for event in events if (said := said_by(event.fact)) is not None}
    if concerned:
        before = await dossiers.lock(session, concerned)
        after = folded(before, (event.fact for event in events))
        await dossiers.write(session, before, after)
        await dossiers.shift_rollups(session, shifts(before.values(), after.values()))
        failpoints.reach("rollups.shifted")
        await redecide(session, _causes(before, after, events), now=now)
    await record(session, events, now=now)


def _causes(before: Mapping[str, Dossier], after: Mapping[str, Dossier], events: Collection[Event]) -> dict[Scope, Event]:
    """Per scope that gained a report, the last event about a contact it was heard from."""
    last_about = {said.contact.contact_id: event for event in events if (said := said_by(event.fact)) is not None}
    return {
        scope: max((last_about[contact_id] for contact_id in contact_ids), key=lambda event: (event.recorded_at, event.id))
        for scope, contact_ids in gained(before, after).items()
    }
