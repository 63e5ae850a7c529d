"""Policies: which one applies to whom, and those the API shows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, and_, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.policies.document import Policy
from routing.decisions.policies.value_position import from_its_position
from shared.database import Statement

_PARSED_POLICIES_MAX = 256
"""Policies in use at a time are few, and reading one costs more than all else an engagement needs."""

_READ = """
    SELECT version, brand_id, country, state, document, activations
    FROM (
        SELECT version, brand_id, country, state, CAST(document AS text) AS document,
               max(activation) OVER (PARTITION BY brand_id) AS activations
        FROM policies WHERE brand_id IN ({brands}) OR version IN ({versions})
    ) AS concerned
    WHERE state = 'active' OR version IN ({versions})
"""
_NAMED = _READ.format(brands="SELECT unnest(CAST(%(brand_ids)s AS text[]))", versions="SELECT unnest(CAST(%(versions)s AS integer[]))")
_LEADS = "leads WHERE contact_id = ANY(%(contact_ids)s)"
_OF_CONTACTS = _READ.format(
    brands=f"""
        SELECT unnest(CAST(%(brand_ids)s AS text[])) UNION SELECT brand_id FROM {_LEADS}
        UNION SELECT brand_id FROM ledgers WHERE contact_id = ANY(%(contact_ids)s)
    """,  # noqa: S608
    versions=f"SELECT CAST(policy_version AS integer) FROM {_LEADS}",  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class PinnedPolicy:
    """A policy with the version by which decisions name it."""

    version: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies some brands work by, and any others that were asked for by version."""

    active: Mapping[tuple[str, str | None], PinnedPolicy]
    by_version: Mapping[str, PinnedPolicy]
    activations: Mapping[str, int]
    """By brand, how many activations there were."""

    def applicable(self, brand_id: str, *, country: str | None) -> PinnedPolicy | None:
        """The country's own policy, else the brand's general one."""
        own = self.active.get((brand_id, country)) if country else None
        return own or self.active.get((brand_id, None))

    def with_active(self, pinned: PinnedPolicy) -> "Policies":
        """As they would be if that version were active."""
        policy = pinned.policy
        return replace(self, active={**self.active, (policy.brand_id, policy.country): pinned})

    def activation(self, brand_id: str) -> int:
        """The brand's newest activation; 0 if there was none."""
        return self.activations.get(brand_id, 0)


def policies(brand_ids: Collection[str], *, versions: Collection[str] = ()) -> Statement[Policies]:
    """The active policies of the brands, and those of the versions."""
    return Statement(_NAMED, {"brand_ids": list(brand_ids), "versions": [int(version) for version in versions]}, _policies)


def policies_of(contact_ids: Collection[str], *, brand_ids: Collection[str]) -> Statement[Policies]:
    """The active policies of these brands and of those the contacts have ledgers or leads of, and those their leads were decided by."""
    return Statement(_OF_CONTACTS, {"contact_ids": list(contact_ids), "brand_ids": list(brand_ids)}, _policies)


def _policies(rows: list[Any]) -> Policies:
    pinned = {row.version: PinnedPolicy(str(row.version), _parsed(row.document)) for row in rows}
    return Policies(
        active={(row.brand_id, row.country): pinned[row.version] for row in rows if row.state == "active"},
        by_version={str(version): each for version, each in pinned.items()},
        activations={row.brand_id: row.activations for row in rows if row.state == "active"},
    )


async def policy_row(session: AsyncSession, version: str) -> Any | None:
    """One version as stored; None if there is none."""
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        return None
    rows = await session.execute(select(tables.Policy.__table__).where(tables.Policy.version == int(version)))
    return rows.one_or_none()


async def policy_page(session: AsyncSession, *, before: int | None, limit: int) -> Sequence[Any]:
    """Versions, newest first."""
    # As the widest integer: a cursor may name a version larger than any there can be.
    older = tables.Policy.version < literal(before, BigInteger) if before is not None else and_(True)
    return (await session.execute(select(tables.Policy.__table__).where(older).order_by(tables.Policy.version.desc()).limit(limit))).all()


@lru_cache(_PARSED_POLICIES_MAX)
def _parsed(document: str) -> Policy:
    return from_its_position(Policy.model_validate_json(document))
