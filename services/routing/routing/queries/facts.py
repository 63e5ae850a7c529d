"""What decisions are told about contacts, their engagements and content."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.facts import Account, Approval, Asset, Campaign, Consent, Contact, Engagement
from routing.decisions.scoring import Contribution

Pair = tuple[str, str]
"""A contact's id and a brand's."""

BRIEFED_ENGAGEMENTS_MAX = 200
"""The newest ones per contact x brand; a brief shows twenty."""

_PAIRS = "unnest(CAST(:contact_ids AS text[]), CAST(:brand_ids AS text[])) AS pair (contact_id, brand_id)"
_ENGAGEMENT = "engagement_id, contact_id, brand_id, kind, context, asset_id, campaign_id, topics, machine, flags, occurred_at"
_ACCOUNTS = text("SELECT * FROM accounts WHERE id = ANY(:account_ids)")
_ASSETS = text("SELECT * FROM assets WHERE brand_id = ANY(:brand_ids)")
_CAMPAIGNS = text("SELECT * FROM campaigns WHERE campaign_id = ANY(:campaign_ids)")
_CONTRIBUTIONS = text(
    f"""
    SELECT contact_id, brand_id, rule_id, engagement_id, points, occurred_at, backfilled
    FROM ledger_rows JOIN {_PAIRS} USING (contact_id, brand_id)
    """  # noqa: S608
)
_ENGAGEMENTS = text(f"SELECT {_ENGAGEMENT} FROM engagements JOIN {_PAIRS} USING (contact_id, brand_id)")  # noqa: S608
_REQUESTS = text(f"SELECT {_ENGAGEMENT} FROM engagements JOIN {_PAIRS} USING (contact_id, brand_id) WHERE kind = 'rep_requested'")  # noqa: S608
_NEWEST_ENGAGEMENTS = text(
    f"""
    SELECT newest.* FROM {_PAIRS} CROSS JOIN LATERAL (
        SELECT {_ENGAGEMENT} FROM engagements
        WHERE engagements.contact_id = pair.contact_id AND engagements.brand_id = pair.brand_id
        ORDER BY occurred_at DESC LIMIT {BRIEFED_ENGAGEMENTS_MAX}
    ) AS newest
    """  # noqa: S608
)
_HEARD_TOPICS = text(
    f"""
    SELECT contact_id, brand_id, topic FROM heard_objections JOIN {_PAIRS} USING (contact_id, brand_id)
    GROUP BY contact_id, brand_id, topic ORDER BY count(*) DESC, max(occurred_at) DESC, topic
    """  # noqa: S608
)


async def accounts(session: AsyncSession, account_ids: Collection[str]) -> dict[str, Account]:
    """Accounts by id."""
    rows = await session.execute(_ACCOUNTS, {"account_ids": list(account_ids)})
    return {row.id: account_of(row) for row in rows}


async def contributions(session: AsyncSession, pairs: Collection[Pair]) -> dict[Pair, list[Contribution]]:
    """The ledger rows of each pair."""
    found: defaultdict[Pair, list[Contribution]] = defaultdict(list)
    for row in await session.execute(_CONTRIBUTIONS, _arrays(pairs)):
        contribution = Contribution(row.rule_id, row.engagement_id, row.points, row.occurred_at, row.backfilled)
        found[row.contact_id, row.brand_id].append(contribution)
    return found


async def engagements(session: AsyncSession, pairs: Collection[Pair]) -> dict[Pair, list[Engagement]]:
    """Every engagement of each pair."""
    return await _engagements(session, _ENGAGEMENTS, pairs)


async def requests_for_a_rep(session: AsyncSession, pairs: Collection[Pair]) -> dict[Pair, list[Engagement]]:
    """The engagements of each pair that may ask for a rep."""
    return await _engagements(session, _REQUESTS, pairs)


async def newest_engagements(session: AsyncSession, pairs: Collection[Pair]) -> dict[Pair, list[Engagement]]:
    """What a brief may look at."""
    return await _engagements(session, _NEWEST_ENGAGEMENTS, pairs)


async def heard_topics(session: AsyncSession, pairs: Collection[Pair]) -> dict[Pair, list[str]]:
    """What each contact objected to before, most often first."""
    found: defaultdict[Pair, list[str]] = defaultdict(list)
    for row in await session.execute(_HEARD_TOPICS, _arrays(pairs)):
        found[row.contact_id, row.brand_id].append(row.topic)
    return found


async def assets(session: AsyncSession, brand_ids: Collection[str]) -> dict[str, Asset]:
    """All assets of the brands, by id."""
    rows = await session.execute(_ASSETS, {"brand_ids": list(brand_ids)})
    return {row.asset_id: _asset(row) for row in rows}


async def campaigns(session: AsyncSession, campaign_ids: Collection[str]) -> dict[str, Campaign]:
    """Campaigns by id."""
    rows = await session.execute(_CAMPAIGNS, {"campaign_ids": list(campaign_ids)})
    return {row.campaign_id: Campaign(row.campaign_id, row.name, row.call_guide, row.meeting_ask) for row in rows}


def contact_of(row: Any) -> Contact:
    """A contact from its row, which must have had a snapshot."""
    return Contact(
        contact_id=row.contact_id,
        country=row.country,
        kind=row.kind,
        specialty=row.specialty,
        credentials=row.credentials,
        postal_code=row.postal_code,
        segments=frozenset(row.segments),
        consents=tuple(Consent(each["channel"], each["purpose"], each["state"], _moment(each["at"])) for each in row.consents),
        given_name=row.given_name or "",
        family_name=row.family_name or "",
    )


def account_of(row: Any) -> Account:
    """An account from its row."""
    return Account(
        account_id=row.id,
        name=row.name,
        institution_type=row.institution_type,
        priority=row.priority,
        postal_code=row.postal_code,
        owner_rep_id=row.owner_rep_id,
        named_rep_ids=tuple(row.named_rep_ids),
    )


async def _engagements(session: AsyncSession, statement: TextClause, pairs: Collection[Pair]) -> dict[Pair, list[Engagement]]:
    found: defaultdict[Pair, list[Engagement]] = defaultdict(list)
    for row in await session.execute(statement, _arrays(pairs)):
        found[row.contact_id, row.brand_id].append(
            Engagement(
                engagement_id=row.engagement_id,
                kind=row.kind,
                context=row.context,
                occurred_at=row.occurred_at,
                brand_id=row.brand_id,
                asset_id=row.asset_id,
                campaign_id=row.campaign_id,
                topics=frozenset(row.topics),
                machine=row.machine,
                flags=frozenset(row.flags),
            )
        )
    return found


def _asset(row: Any) -> Asset:
    approval = row.approval
    return Asset(
        asset_id=row.asset_id,
        version=row.version,
        brand_id=row.brand_id,
        title=row.title,
        journey_stage=row.journey_stage,
        intent=row.intent,
        approval=Approval(approval["status"], frozenset(approval["regions"]), date.fromisoformat(approval["expires_on"])),
        topics=frozenset(row.topics),
        answers=frozenset(row.answers),
    )


def _moment(text_or_none: str | None) -> datetime | None:
    return None if text_or_none is None else datetime.fromisoformat(text_or_none)


def _arrays(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    listed = list(pairs)
    return {"contact_ids": [contact_id for contact_id, _ in listed], "brand_ids": [brand_id for _, brand_id in listed]}
