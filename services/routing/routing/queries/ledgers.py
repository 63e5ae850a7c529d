"""Ledgers, as the operations hold them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from routing.queries.facts import Pair
from shared.database import Statement

_HOLD = "SELECT * FROM ledgers WHERE contact_id = ANY(%(contact_ids)s) ORDER BY contact_id, brand_id FOR UPDATE"


@dataclass(slots=True)
class LedgerHead:
    """By which policy version a ledger's rows were made, and at which activation of its brand it was last decided.

    A ledger that is new has no rows stored.
    """

    policy_version: str | None = None
    activation: int = 0
    is_new: bool = False


def holding_ledgers(contact_ids: Collection[str]) -> Statement[dict[Pair, LedgerHead]]:
    """The ledgers of the contacts, locked in key order until the transaction ends."""
    return Statement(_HOLD, {"contact_ids": list(contact_ids)}, _heads)


def _heads(rows: list[Any]) -> dict[Pair, LedgerHead]:
    return {(row.contact_id, row.brand_id): LedgerHead(row.policy_version, row.activation) for row in rows}
