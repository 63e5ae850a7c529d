"""What becomes of leads whose engagements were told anew: they are facts, but nobody is sent to call for what a machine did."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.facts import Contact, Subject
from routing.decisions.lifecycle.stages import Move, decide_restated
from routing.decisions.qualification.arithmetic import kept_sums
from routing.decisions.qualification.deciding import Cycle, Qualified, decide_qualification
from routing.decisions.qualification.scoring import Contribution, score
from routing.operations.briefs.noticing import give_reason
from routing.operations.briefs.writing import issue_briefs
from routing.operations.desk import Desk
from routing.operations.leads.stages import move, position_of
from routing.queries.brief_material import Material, material
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
        still_qualified = _still_qualified(desk, lead)
        decision = decide_restated(position_of(lead), attempted=desk.was_attempted(lead), still_qualified=still_qualified)
        if isinstance(decision, Move):
            move(desk, lead, decision, cause=causes[pair], details=_scores(desk, lead, rows))
        else:
            desk.record(lead, "restated", from_stage=lead.stage, reason=decision.reason, details=_scores(desk, lead, rows))
            give_reason(desk.notes, lead, "restated", at=desk.now)
            kept.append(lead)
    await _issue_briefs_anew(session, desk, [lead for lead in kept if lead.brief_version > 0])


def _still_qualified(desk: Desk, lead: Lead) -> bool:
    """Whether the lead would have qualified when it did, or would now."""
    pair = desk.pair_of(lead)
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


def _scores(desk: Desk, lead: Lead, before: frozenset[Contribution]) -> dict[str, Any]:
    """What the lead's score would be by the rows as they were, and what it is."""
    policy = desk.policy_of(lead).policy
    known_rules = {rule.id for rule in policy.engagement}
    rows = [row for row in before if row.rule_id in known_rules]  # another version may have made the others
    pair = desk.pair_of(lead)
    subject = desk.subject(pair) or Subject(Contact(pair[0]))
    was = score(policy, subject=subject, ledger=rows, now=desk.now, counting_after=lead.counting_after)
    return {"score_before": kept_sums(was), "score_after": kept_sums(desk.score_of(lead))}


async def _issue_briefs_anew(session: AsyncSession, desk: Desk, leads: list[Lead]) -> None:
    if not leads:
        return
    campaign_ids = {lead.campaign_id for lead in leads if lead.campaign_id is not None}
    reads = material(desk.pairs_of(leads), now=desk.now, campaign_ids=campaign_ids, lead_ids=[lead.id for lead in leads])
    known = Material(*await together(session, *reads))
    issue_briefs(desk, [lead for lead in leads if lead.id in known.about.newest_briefs], known)  # of who was erased there is none
