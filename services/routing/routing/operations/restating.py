"""What becomes of leads whose engagements were told anew: they are facts, but nobody is sent to call for what a machine did."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.lifecycle import Move, decide_restated
from routing.decisions.qualification import Cycle, Qualified, decide_qualification
from routing.decisions.scoring import Contribution
from routing.operations.briefing import Material, issue_briefs
from routing.operations.desk import Desk, pairs_of
from routing.operations.stages import move, position_of
from routing.queries import facts
from routing.queries.facts import Pair
from routing.tables import Lead
from shared.database import together


async def review_restated(
    session: AsyncSession, desk: Desk, before: Mapping[Pair, frozenset[Contribution]], *, causes: Mapping[Pair, UUID]
) -> None:
    """Holds the open leads of these contacts x brands against their ledgers, made anew; `before` are the rows as they were.

    A lead that would not have qualified is withdrawn while nobody has reached out; any other keeps its stage, its history says
    `restated`, and its brief is written anew. `causes` are the events that told of it.
    """
    kept = []
    for pair, rows in before.items():
        lead = desk.newest_leads.get(pair)
        if lead is None or lead.ended_at is not None or rows == set(desk.contributions.get(pair, ())):
            continue
        clock = desk.clocks.get(lead.id)
        attempted = clock is not None and clock.met_at is not None
        decision = decide_restated(position_of(lead), attempted=attempted, still_qualified=_still_qualified(desk, lead))
        if isinstance(decision, Move):
            move(desk, lead, decision, cause=causes[pair])
        else:
            desk.record(lead, "restated", from_stage=lead.stage, reason=decision.reason)
            kept.append(lead)
    await _issue_briefs_anew(session, desk, [lead for lead in kept if lead.brief_version > 0])


def _still_qualified(desk: Desk, lead: Lead) -> bool:
    """Whether the lead would have qualified when it did, or would now."""
    pair = lead.contact_id, lead.brand_id
    subject = desk.subject(pair)
    if subject is None or lead.rep_requested:
        return True  # of a contact nobody describes nothing can be decided; who asked for a rep is to get one
    rows = desk.contributions.get(pair, [])
    policy, cycle = desk.policy_of(lead).policy, Cycle(previous_ended_at=lead.counting_after)
    then = [row for row in rows if row.occurred_at <= lead.qualified_at]
    return any(
        isinstance(decide_qualification(policy, subject=subject, ledger=ledger, now=now, cycle=cycle), Qualified)
        for ledger, now in ((then, lead.qualified_at), (rows, desk.now))
    )


async def _issue_briefs_anew(session: AsyncSession, desk: Desk, leads: list[Lead]) -> None:
    if not leads:
        return
    pairs = pairs_of(leads)
    campaign_ids = {lead.campaign_id for lead in leads if lead.campaign_id is not None}
    material = await together(
        session,
        facts.newest_engagements(pairs),
        facts.heard_topics(pairs),
        facts.assets({brand_id for _, brand_id in pairs}),
        facts.campaigns(campaign_ids, engagement_ids=()),
    )
    issue_briefs(desk, leads, Material(*material))
