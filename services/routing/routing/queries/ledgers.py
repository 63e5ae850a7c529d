"""What a ledger knows besides its rows: who made them, and what all engagements of the contact and the brand say together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from routing.decisions.qualification.journey import ReachedStage
from routing.decisions.qualification.readiness import Act, Confirmed
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
    reached: ReachedStage | None = None
    asked: Act | None = None
    """The last act by which they asked for a rep."""
    confirmed: Confirmed = field(default_factory=dict)
    row_counts: Mapping[str, int] | None = None
    """How many rows it has by rule, once there are more than `NEWEST_ROWS_MAX` and somebody read them all."""

    def empty(self) -> None:
        """Forgets what engagements said: all of them are about to be told again."""
        self.reached = self.asked = None
        self.confirmed = {}
        self.row_counts = None

    def row(self, pair: Pair) -> dict[str, Any]:
        """The ledger as it is stored."""
        reached, asked = self.reached, self.asked
        return {
            "contact_id": pair[0],
            "brand_id": pair[1],
            "policy_version": self.policy_version,
            "activation": self.activation,
            "journey_stage": reached and reached.stage,
            "journey_since": reached and reached.since,
            "journey_engagement_id": reached and reached.engagement_id,
            "asked_at": asked and asked.at,
            "asked_engagement_id": asked and asked.engagement_id,
            "confirmed": {name: [act.at.isoformat(), act.engagement_id] for name, act in self.confirmed.items()},
            "row_counts": self.row_counts,
        }


def holding_ledgers(contact_ids: Collection[str]) -> Statement[dict[Pair, LedgerHead]]:
    """The contacts' ledgers, locked until the transaction ends."""
    return Statement(_HOLD, {"contact_ids": list(contact_ids)}, lambda rows: {(row.contact_id, row.brand_id): head_of(row) for row in rows})


def head_of(row: Any) -> LedgerHead:
    """A ledger from its row."""
    return LedgerHead(
        policy_version=row.policy_version,
        activation=row.activation,
        reached=ReachedStage(row.journey_stage, row.journey_since, row.journey_engagement_id) if row.journey_stage else None,
        asked=Act(row.asked_at, row.asked_engagement_id) if row.asked_at else None,
        confirmed={name: Act(datetime.fromisoformat(at), engagement_id) for name, (at, engagement_id) in row.confirmed.items()},
        row_counts=row.row_counts,
    )
