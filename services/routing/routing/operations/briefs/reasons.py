"""New acts are new reasons to look at a lead that goes on: it moves up in its rep's list, and its brief is looked at."""

from collections.abc import Collection, Mapping

from routing.decisions.briefs.writing import is_telling
from routing.decisions.facts import COMMERCIAL_CONTEXTS, Content, Engagement
from routing.operations.briefs.noticing import give_reason
from routing.operations.desk import Desk
from routing.queries.facts import Pair
from routing.tables import Lead


def note_acts(desk: Desk, fresh: Mapping[Pair, Collection[Engagement]], contents: Mapping[str, Content]) -> None:
    """Notes acts that show interest on leads that go on; what somebody did with medical content is no rep's reason."""
    for pair, acts in fresh.items():
        lead = _open_lead(desk, pair)
        if lead is None:
            continue
        for act in acts:
            content = contents.get(act.asset_id or "")
            if not is_telling(act, brand_id=lead.brand_id) or (content and content.intent not in COMMERCIAL_CONTEXTS):
                continue
            if give_reason(desk.notes, lead, act.kind, at=min(act.occurred_at, desk.now)):
                desk.touched_leads.add(lead.id)
            desk.notes.outdate(lead, now=desk.now, patiently=True)


def _open_lead(desk: Desk, pair: Pair) -> Lead | None:
    lead = desk.newest_leads.get(pair)
    return lead if lead is not None and lead.ended_at is None else None
