"""Keeps ledgers: what each engagement earned under the policy that applies now, and what all of them say of the contact and the brand."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.facts import Engagement
from routing.decisions.qualification.deciding import last_request
from routing.decisions.qualification.journey import stage_after
from routing.decisions.qualification.readiness import SqlCandidate, confirmed_after
from routing.decisions.qualification.scoring import Contribution, contributions
from routing.operations.desk import Desk
from routing.operations.rows import Row
from routing.operations.standing import sql_candidate_of
from routing.queries import facts
from routing.queries.facts import Pair
from routing.queries.ledgers import LedgerHead
from shared.database import Statement, together

_CLOSE = """
    DELETE FROM ledger_rows USING unnest(CAST(%(contact_ids)s AS text[]), CAST(%(brand_ids)s AS text[])) AS pair (contact_id, brand_id)
    WHERE ledger_rows.contact_id = pair.contact_id AND ledger_rows.brand_id = pair.brand_id
"""


async def keep_ledgers(
    session: AsyncSession, desk: Desk, *, fresh: Mapping[Pair, Collection[Engagement]], anew: Collection[Pair] = ()
) -> None:
    """Brings every ledger on the desk up to date and lays out its rows; they are written when the desk is cleared.

    `fresh` are engagements stored just now; a contact x brand had none before if it has no ledger, and has one now. A ledger that
    another policy version made, that asks for it, or that is named in `anew`, is made anew from all that is stored.
    """
    for pair in fresh.keys() - desk.ledgers.keys():
        desk.ledgers[pair] = LedgerHead(is_new=True)
        desk.touched_ledgers.add(pair)
    stored = {pair: head for pair, head in desk.ledgers.items() if not head.is_new}
    stale = [pair for pair, head in stored.items() if pair in anew or head.activation < 0 or head.policy_version != _version(desk, pair)]
    earned: dict[Pair, Collection[Engagement]] = dict(fresh)
    candidates = {pair: _candidate(desk, pair) for pair in {*fresh, *stale}}
    if stale:
        closed = {"contact_ids": [pair[0] for pair in stale], "brand_ids": [pair[1] for pair in stale]}
        _, engagements = await together(session, Statement(_CLOSE, closed, list), facts.engagements(stale))
        earned |= {pair: engagements.get(pair, []) for pair in stale}
        desk.contributions |= {pair: [] for pair in stale}
        for pair in stale:
            desk.partly_read.pop(pair, None)
            desk.ledgers[pair].empty()
            desk.touched_ledgers.add(pair)
    for pair, engagements_of_pair in earned.items():
        _earn(desk, pair, engagements_of_pair)
    for pair, head in desk.ledgers.items():
        current = _version(desk, pair), desk.policies.activation(pair[1])
        if (head.policy_version, head.activation) != current:
            head.policy_version, head.activation = current
            desk.touched_ledgers.add(pair)
            _outdate_brief(desk, pair)
    for pair, before in candidates.items():
        _record_candidate(desk, pair, before=before)


async def complete_ledgers(session: AsyncSession, desk: Desk, pairs: Iterable[Pair]) -> None:
    """Reads those of the pairs' ledgers whole that were not; nothing is asked where all were."""
    unread = [pair for pair in set(pairs) if pair in desk.partly_read]
    if not unread:
        return
    [stored] = await together(session, facts.contributions_of(unread))
    for pair in unread:
        # What is new on the desk is not stored yet.
        desk.contributions[pair] = list({*stored.get(pair, []), *desk.contributions.get(pair, [])})
        _count_rows(desk, pair)
        del desk.partly_read[pair]


def _count_rows(desk: Desk, pair: Pair) -> None:
    """Counts a ledger that was read whole; one that is read whole at every engagement needs no counting."""
    head, rows = desk.ledgers.get(pair), desk.contributions[pair]
    if head is None:
        return  # of a merged contact, whose engagements lie with who stands for them
    counted = Counter(row.rule_id for row in rows) if len(rows) >= facts.NEWEST_ROWS_MAX else None
    if head.row_counts != counted:
        head.row_counts = counted
        desk.touched_ledgers.add(pair)


def _version(desk: Desk, pair: Pair) -> str | None:
    pinned = desk.policy(pair)
    return None if pinned is None else pinned.version


def _earn(desk: Desk, pair: Pair, engagements: Iterable[Engagement]) -> None:
    head, pinned = desk.ledgers[pair], desk.policy(pair)
    before = head.reached, head.asked, head.confirmed
    head.reached = stage_after(head.reached, engagements, brand_id=pair[1])
    head.asked = last_request(head.asked, engagements, brand_id=pair[1])
    if pinned is not None:
        head.confirmed = confirmed_after(head.confirmed, pinned.policy, engagements)
        rows = [row for engagement in engagements for row in contributions(pinned.policy, engagement)]
        desk.contributions.setdefault(pair, []).extend(rows)
        desk.ledger_rows += [_row(pair, pinned.version, row) for row in rows]
        if pair not in desk.partly_read:
            _count_rows(desk, pair)
        elif head.row_counts is not None and rows:
            head.row_counts = Counter(head.row_counts) + Counter(row.rule_id for row in rows)
            desk.touched_ledgers.add(pair)
    if (head.reached, head.asked, head.confirmed) != before:
        desk.touched_ledgers.add(pair)


def _candidate(desk: Desk, pair: Pair) -> SqlCandidate | None:
    lead = desk.newest_leads.get(pair)
    return None if lead is None or lead.ended_at is not None else sql_candidate_of(desk, lead)


def _outdate_brief(desk: Desk, pair: Pair) -> None:
    """What asked for another decision (a policy, an account, a target, content) may be told in the brief too."""
    lead = desk.newest_leads.get(pair)
    if lead is not None:
        desk.notes.outdate(lead, now=desk.now, patiently=True)


def _record_candidate(desk: Desk, pair: Pair, *, before: SqlCandidate | None) -> None:
    """An open lead's history tells when it became an SQL candidate, and when it is none any more because an act was told anew."""
    lead, now = desk.newest_leads.get(pair), _candidate(desk, pair)
    if lead is None or (before is None) == (now is None):
        return
    desk.notes.outdate(lead, now=desk.now)
    if now is not None:
        desk.record(lead, "sql_candidate", reason=now.readiness_id)
    else:
        desk.record(lead, "no_sql_candidate", reason="restated")


def _row(pair: Pair, version: str, contribution: Contribution) -> Row:
    return {
        "contact_id": pair[0],
        "brand_id": pair[1],
        "engagement_id": contribution.engagement_id,
        "rule_id": contribution.rule_id,
        "policy_version": version,
        "points": str(contribution.points),
        "occurred_at": contribution.occurred_at,
        "backfilled": contribution.backfilled,
    }
