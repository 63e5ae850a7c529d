"""What decisions are told about contacts, their engagements and content."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from routing.decisions.facts import (
    COMMERCIAL_CONTEXTS,
    JOURNEY_STAGES,
    Account,
    Approval,
    Asset,
    Campaign,
    Consent,
    Contact,
    Content,
    Engagement,
    JourneyStage,
    Licence,
    Target,
)
from routing.decisions.qualification.scoring import Contribution
from shared.database import Statement

Pair = tuple[str, str]
"""A contact's id and a brand's."""

NEWEST_ROWS_MAX = 25
"""Of a ledger, read for every engagement; what more there is is read when it could matter."""
BRIEFED_ENGAGEMENTS_MAX = 200
"""The newest ones per contact x brand; a brief shows twenty."""


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


_PAIRS = "unnest(CAST(%(contact_ids)s AS text[]), CAST(%(brand_ids)s AS text[])) AS pair (contact_id, brand_id)"
_ENGAGEMENT = "engagement_id, contact_id, brand_id, kind, context, asset_id, campaign_id, topics, machine, flags, occurred_at"
_OF_CONTACTS = "contact_id = ANY(%(contact_ids)s) AND (CAST(%(brand_ids)s AS text[]) IS NULL OR brand_id = ANY(%(brand_ids)s))"
_HOLDS = "coalesce(valid_from <= %(day)s, true) AND coalesce(valid_until >= %(day)s, true)"
_ACCOUNTS = f"SELECT * FROM accounts WHERE id = ANY(%(account_ids)s) AND {_HOLDS}"  # noqa: S608
_PRIMARY_ACCOUNTS = f"""
    SELECT * FROM accounts WHERE id IN (SELECT primary_account_id FROM contacts WHERE contact_id = ANY(%(contact_ids)s)) AND {_HOLDS}
"""  # noqa: S608
# A target that names somebody who was merged counts for who stands for them. Of several the one that began last stands.
_TARGETS = """
    SELECT DISTINCT ON (person.contact_id, brand_id) person.contact_id AS of_contact_id, targets.*
    FROM (
        SELECT unnest(CAST(%(contact_ids)s AS text[])) AS contact_id, unnest(CAST(%(contact_ids)s AS text[])) AS own_id
        UNION ALL SELECT merged_into, contact_id FROM contacts WHERE merged_into = ANY(%(contact_ids)s)
    ) AS person JOIN targets ON targets.contact_id = person.own_id
    WHERE (CAST(%(brand_ids)s AS text[]) IS NULL OR brand_id = ANY(%(brand_ids)s))
        AND greatest(valid_from, cycle_from) <= %(day)s AND least(valid_until, cycle_until) >= %(day)s
    ORDER BY person.contact_id, brand_id, greatest(valid_from, cycle_from) DESC, id
"""
_ASSETS = "SELECT * FROM assets WHERE brand_id = ANY(%(brand_ids)s)"
_ASSETS_BY_ID = "SELECT * FROM assets WHERE asset_id = ANY(%(asset_ids)s)"
_CAMPAIGNS = """
    SELECT * FROM campaigns
    WHERE campaign_id = ANY(%(campaign_ids)s)
       OR campaign_id IN (SELECT campaign_id FROM engagements WHERE engagement_id = ANY(%(engagement_ids)s))
"""
_CONTRIBUTION = "contact_id, brand_id, rule_id, engagement_id, points, occurred_at, backfilled"
_CONTRIBUTIONS = f"SELECT {_CONTRIBUTION} FROM ledger_rows WHERE {_OF_CONTACTS}"  # noqa: S608
_CONTRIBUTIONS_OF_PAIRS = f"SELECT {_CONTRIBUTION} FROM ledger_rows JOIN {_PAIRS} USING (contact_id, brand_id)"  # noqa: S608
# Who has an open lead is not judged, so nothing is read of them: that is looked up of each pair before its rows are, whatever was planned.
_NEWEST_CONTRIBUTIONS = f"""
    SELECT newest.* FROM (
        SELECT contact_id, brand_id FROM ledgers
        WHERE {_OF_CONTACTS} AND (
            SELECT leads.id FROM leads
            WHERE leads.contact_id = ledgers.contact_id AND leads.brand_id = ledgers.brand_id AND leads.ended_at IS NULL LIMIT 1
        ) IS NULL
        OFFSET 0
    ) AS pair CROSS JOIN LATERAL (
        SELECT {_CONTRIBUTION} FROM ledger_rows
        WHERE ledger_rows.contact_id = pair.contact_id AND ledger_rows.brand_id = pair.brand_id
        ORDER BY occurred_at DESC, engagement_id DESC, rule_id DESC LIMIT {NEWEST_ROWS_MAX}
    ) AS newest
"""  # noqa: S608
_MADE_FOR = f"""
    CASE WHEN intent IN ({_quoted(COMMERCIAL_CONTEXTS)}) AND journey_stage IN ({_quoted(JOURNEY_STAGES)}) THEN journey_stage END
"""
_ALL_CONTENT_STAGES = f"SELECT asset_id, {_MADE_FOR} AS content_stage FROM assets"  # noqa: S608
_CONTENTS = f"SELECT asset_id, intent, {_MADE_FOR} AS content_stage FROM assets WHERE asset_id = ANY(%(asset_ids)s)"  # noqa: S608
_ENGAGEMENTS = f"""
    SELECT engagements.*, content_stage
    FROM (SELECT {_ENGAGEMENT} FROM engagements JOIN {_PAIRS} USING (contact_id, brand_id)) AS engagements
    LEFT JOIN (SELECT asset_id, {_MADE_FOR} AS content_stage FROM assets) AS made_for USING (asset_id)
"""  # noqa: S608
_PAIRS_OF_ENGAGEMENTS = """
    SELECT engagement_id, contact_id, brand_id FROM engagements WHERE engagement_id = ANY(%(engagement_ids)s) AND brand_id IS NOT NULL
"""
_NEWEST_ENGAGEMENTS = f"""
    SELECT newest.* FROM {_PAIRS} CROSS JOIN LATERAL (
        SELECT {_ENGAGEMENT} FROM engagements
        WHERE engagements.contact_id = pair.contact_id AND engagements.brand_id = pair.brand_id
        ORDER BY occurred_at DESC LIMIT {BRIEFED_ENGAGEMENTS_MAX}
    ) AS newest
"""  # noqa: S608
Brands = Collection[str] | None
"""Of some brands only; None for all."""


def accounts(account_ids: Collection[str], *, day: date) -> Statement[dict[str, Account]]:
    """Those of the accounts that count on a day, by id."""
    return Statement(_ACCOUNTS, {"account_ids": list(account_ids), "day": day}, _accounts)


def primary_accounts(contact_ids: Collection[str], *, day: date) -> Statement[dict[str, Account]]:
    """The contacts' primary accounts that are known and count on a day, by id."""
    return Statement(_PRIMARY_ACCOUNTS, {"contact_ids": list(contact_ids), "day": day}, _accounts)


def targets(contact_ids: Collection[str], brand_ids: Brands = None, *, day: date) -> Statement[dict[Pair, Target]]:
    """The contacts' targets on the call plan of a day."""
    return Statement(_TARGETS, {**_of_contacts(contact_ids, brand_ids), "day": day}, _targets)


def contributions(contact_ids: Collection[str], brand_ids: Brands = None) -> Statement[dict[Pair, list[Contribution]]]:
    """The ledger rows of the contacts."""
    return Statement(_CONTRIBUTIONS, _of_contacts(contact_ids, brand_ids), _contributions)


def newest_contributions(contact_ids: Collection[str], brand_ids: Brands = None) -> Statement[dict[Pair, list[Contribution]]]:
    """The newest ledger rows of the contacts, for brands of which they have no open lead: at most `NEWEST_ROWS_MAX` of each."""
    return Statement(_NEWEST_CONTRIBUTIONS, _of_contacts(contact_ids, brand_ids), _contributions)


def read_from(newest: Mapping[Pair, Sequence[Contribution]]) -> dict[Pair, datetime]:
    """How far back the newest rows reach, of the pairs that have as many of them as are read, and so may have more."""
    return {pair: min(row.occurred_at for row in rows) for pair, rows in newest.items() if len(rows) >= NEWEST_ROWS_MAX}


def contributions_of(pairs: Collection[Pair]) -> Statement[dict[Pair, list[Contribution]]]:
    """Every ledger row of each pair."""
    return Statement(_CONTRIBUTIONS_OF_PAIRS, _arrays(pairs), _contributions)


def engagements(pairs: Collection[Pair]) -> Statement[dict[Pair, list[Engagement]]]:
    """Every engagement of each pair."""
    return Statement(_ENGAGEMENTS, _arrays(pairs), _engagements)


def contents(asset_ids: Collection[str]) -> Statement[dict[str, Content]]:
    """What those of the assets are that are known, by id."""
    return Statement(
        _CONTENTS, {"asset_ids": list(asset_ids)}, lambda rows: {row.asset_id: Content(row.intent, row.content_stage) for row in rows}
    )


def all_content_stages() -> Statement[dict[str, JourneyStage]]:
    """The journey stage each asset is made for, by id; one that is not promotion's has none."""
    return Statement(_ALL_CONTENT_STAGES, {}, _stages)


def _stages(rows: list[Any]) -> dict[str, JourneyStage]:
    return {row.asset_id: row.content_stage for row in rows if row.content_stage}


def pairs_of_engagements(engagement_ids: Collection[str]) -> Statement[dict[str, Pair]]:
    """What those of the engagements are about that are stored and of a brand, by id."""
    return Statement(
        _PAIRS_OF_ENGAGEMENTS,
        {"engagement_ids": list(engagement_ids)},
        lambda rows: {row.engagement_id: (row.contact_id, row.brand_id) for row in rows},
    )


def newest_engagements(pairs: Collection[Pair]) -> Statement[dict[Pair, list[Engagement]]]:
    """What a brief may look at."""
    return Statement(_NEWEST_ENGAGEMENTS, _arrays(pairs), _engagements)


def assets(brand_ids: Collection[str]) -> Statement[dict[str, Asset]]:
    """All assets of the brands, by id."""
    return Statement(_ASSETS, {"brand_ids": list(brand_ids)}, lambda rows: {row.asset_id: _asset(row) for row in rows})


def assets_by_id(asset_ids: Collection[str]) -> Statement[dict[str, Asset]]:
    """Those of the assets that are known, by id."""
    return Statement(_ASSETS_BY_ID, {"asset_ids": list(asset_ids)}, lambda rows: {row.asset_id: _asset(row) for row in rows})


def campaigns(campaign_ids: Collection[str], *, engagement_ids: Collection[str]) -> Statement[dict[str, Campaign]]:
    """Campaigns by id: those named, and those of the engagements."""
    wanted = {"campaign_ids": list(campaign_ids), "engagement_ids": list(engagement_ids)}
    return Statement(_CAMPAIGNS, wanted, lambda rows: {row.campaign_id: _campaign(row) for row in rows})


def contact_of(row: Any) -> Contact:
    """A contact from its row, which must have had a snapshot."""
    return Contact(
        contact_id=row.contact_id,
        country=row.country,
        kind=row.kind,
        specialty=row.specialty,
        credentials=row.credentials,
        postal_code=row.postal_code,
        region=row.region,
        segments=frozenset(row.segments),
        consents=consents_of(row),
        licences=tuple(Licence(each["authority"], each["state"], date.fromisoformat(each["valid_until"])) for each in row.licences),
        given_name=row.given_name or "",
        family_name=row.family_name or "",
        merged_into=row.merged_into,
    )


def consents_of(row: Any) -> tuple[Consent, ...]:
    """What somebody allowed and denied, from their row; nothing of who isn't known."""
    return tuple(Consent(each["channel"], each["purpose"], each["state"], _moment(each["at"])) for each in row.consents or ())


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


def _accounts(rows: list[Any]) -> dict[str, Account]:
    return {row.id: account_of(row) for row in rows}


def _targets(rows: list[Any]) -> dict[Pair, Target]:
    return {
        (row.of_contact_id, row.brand_id): Target(
            target_id=row.id,
            indication=row.indication,
            segment=row.segment,
            decile=row.decile,
            planned_calls=row.planned_calls,
            rep_id=row.rep_id,
            cycle=row.cycle,
            cycle_from=row.cycle_from,
            cycle_until=row.cycle_until,
        )
        for row in rows
    }


def _contributions(rows: list[Any]) -> dict[Pair, list[Contribution]]:
    found: defaultdict[Pair, list[Contribution]] = defaultdict(list)
    for row in rows:
        contribution = Contribution(row.rule_id, row.engagement_id, row.points, row.occurred_at, row.backfilled)
        found[row.contact_id, row.brand_id].append(contribution)
    return found


def _engagements(rows: list[Any]) -> dict[Pair, list[Engagement]]:
    found: defaultdict[Pair, list[Engagement]] = defaultdict(list)
    for row in rows:
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
                content_stage=getattr(row, "content_stage", None),
            )
        )
    return found


def _campaign(row: Any) -> Campaign:
    return Campaign(row.campaign_id, row.name, row.call_guide, row.meeting_ask)


def _of_contacts(contact_ids: Collection[str], brand_ids: Brands) -> dict[str, Any]:
    return {"contact_ids": list(contact_ids), "brand_ids": None if brand_ids is None else list(brand_ids)}


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
