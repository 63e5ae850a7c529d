"""Keeps ledgers: what each engagement earned, under the policy that applies now."""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.facts import Engagement
from routing.decisions.scoring import Contribution, contributions
from routing.operations.desk import Desk
from routing.operations.rows import Row
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
    another policy version made, or that is named in `anew`, is made anew from all that is stored.
    """
    for pair in fresh.keys() - desk.ledgers.keys():
        desk.ledgers[pair] = LedgerHead(is_new=True)
        desk.touched_ledgers.add(pair)
    stored = {pair: head for pair, head in desk.ledgers.items() if not head.is_new}
    stale = [pair for pair, head in stored.items() if pair in anew or head.policy_version != _version(desk, pair)]
    earned: dict[Pair, Collection[Engagement]] = dict(fresh)
    if stale:
        closed = {"contact_ids": [pair[0] for pair in stale], "brand_ids": [pair[1] for pair in stale]}
        _, engagements = await together(session, Statement(_CLOSE, closed, list), facts.engagements(stale))
        earned |= {pair: engagements.get(pair, []) for pair in stale}
        desk.contributions |= {pair: [] for pair in stale}
    for pair, engagements_of_pair in earned.items():
        _earn(desk, pair, engagements_of_pair)
    for pair, head in desk.ledgers.items():
        current = _version(desk, pair), desk.policies.activation(pair[1])
        if (head.policy_version, head.activation) != current:
            head.policy_version, head.activation = current
            desk.touched_ledgers.add(pair)


def _version(desk: Desk, pair: Pair) -> str | None:
    pinned = desk.policy(pair)
    return None if pinned is None else pinned.version


def _earn(desk: Desk, pair: Pair, engagements: Iterable[Engagement]) -> None:
    pinned = desk.policy(pair)
    if pinned is None:
        return
    rows = [row for engagement in engagements for row in contributions(pinned.policy, engagement)]
    desk.contributions.setdefault(pair, []).extend(rows)
    desk.ledger_rows += [_row(pair, pinned.version, row) for row in rows]


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
