"""New acts are new reasons to look at a lead that goes on: it moves up in its rep's list, and its brief is looked at."""

from collections.abc import Collection, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.briefs.writing import is_telling
from routing.decisions.facts import COMMERCIAL_CONTEXTS, Engagement
from routing.operations.briefs.noticing import give_reason
from routing.operations.desk import Desk
from routing.queries.facts import Pair
from routing.tables import Lead
from shared.database import Statement, together

_INTENTS = "SELECT asset_id, intent FROM assets WHERE asset_id = ANY(%(asset_ids)s)"


async def note_acts(session: AsyncSession, desk: Desk, fresh: Mapping[Pair, Collection[Engagement]]) -> None:
    """Notes acts that show interest on leads that go on; what somebody did with medical content is no rep's reason."""
    acts = [(lead, act) for pair, done in fresh.items() if (lead := _open_lead(desk, pair)) for act in done]
    telling = [(lead, act) for lead, act in acts if is_telling(act, brand_id=lead.brand_id)]
    asset_ids = {act.asset_id for _, act in telling if act.asset_id is not None}
    intents: Mapping[str, str] = {}
    if asset_ids:
        wanted = {"asset_ids": sorted(asset_ids)}
        [intents] = await together(session, Statement(_INTENTS, wanted, lambda rows: {row.asset_id: row.intent for row in rows}))
    for lead, act in telling:
        if intents.get(act.asset_id or "", "promotional") in COMMERCIAL_CONTEXTS:
            if give_reason(desk.notes, lead, act.kind, at=min(act.occurred_at, desk.now)):
                desk.touched_leads.add(lead.id)
            desk.notes.outdate(lead, now=desk.now, patiently=True)


def _open_lead(desk: Desk, pair: Pair) -> Lead | None:
    lead = desk.newest_leads.get(pair)
    return lead if lead is not None and lead.ended_at is None else None
