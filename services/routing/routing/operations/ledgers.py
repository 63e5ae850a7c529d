"""Keeps ledgers: what each engagement earned, under the policy that applies now."""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.facts import Engagement
from routing.decisions.scoring import Contribution, contributions
from routing.operations.desk import Desk
from routing.operations.rows import Row, add, put
from routing.queries import facts
from routing.queries.facts import Pair

_CLOSE = text(
    """
    DELETE FROM ledger_rows USING unnest(CAST(:contact_ids AS text[]), CAST(:brand_ids AS text[])) AS pair (contact_id, brand_id)
    WHERE ledger_rows.contact_id = pair.contact_id AND ledger_rows.brand_id = pair.brand_id
    """
)


async def keep_ledgers(session: AsyncSession, desk: Desk, *, fresh: Mapping[Pair, Collection[Engagement]]) -> None:
    """Brings every ledger on the desk up to date and lays out its rows.

    `fresh` are engagements stored just now. A ledger that another policy version made is made anew from all that is stored.
    """
    stale = [pair for pair, head in desk.ledgers.items() if head.policy_version != _version(desk, pair)]
    earned: dict[Pair, Iterable[Engagement]] = {pair: each for pair, each in fresh.items() if pair in desk.ledgers}
    if stale:
        await session.execute(_CLOSE, {"contact_ids": [pair[0] for pair in stale], "brand_ids": [pair[1] for pair in stale]})
        stored = await facts.engagements(session, stale)
        earned |= {pair: stored[pair] for pair in stale}
    await add(session, tables.LedgerRow, _rows(desk, earned))
    changed = [pair for pair, head in desk.ledgers.items() if pair in stale or head.activation != desk.policies.activation(pair[1])]
    for pair in changed:
        desk.ledgers[pair].policy_version = _version(desk, pair)
        desk.ledgers[pair].activation = desk.policies.activation(pair[1])
    await put(session, tables.Ledger, [_head_row(desk, pair) for pair in changed])
    desk.contributions = await facts.contributions(session, desk.ledgers)


def _version(desk: Desk, pair: Pair) -> str | None:
    pinned = desk.policy(pair)
    return None if pinned is None else pinned.version


def _rows(desk: Desk, earned: Mapping[Pair, Iterable[Engagement]]) -> list[Row]:
    rows: list[Row] = []
    for pair, engagements in earned.items():
        pinned = desk.policy(pair)
        if pinned is not None:
            rows += [_row(pair, pinned.version, row) for engagement in engagements for row in contributions(pinned.policy, engagement)]
    return rows


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


def _head_row(desk: Desk, pair: Pair) -> Row:
    head = desk.ledgers[pair]
    return {"contact_id": pair[0], "brand_id": pair[1], "policy_version": head.policy_version, "activation": head.activation}
