"""What briefs are written from, besides what lies on a desk: read for a set of contacts x brands in the same few statements."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from routing.decisions.briefs.parts import ActiveSpecialty, EarlierLead, Heard, HeardTopic
from routing.decisions.briefs.sentences import ACT_WORDS
from routing.decisions.facts import COMMERCIAL_CONTEXTS, Asset, Campaign, Engagement
from routing.queries import facts
from routing.queries.facts import Pair
from shared.database import Statement

CATALOG_LOCK = 0x0CA7A106
"""Advisory: whoever writes a brief holds it shared, whoever changes what briefs may show holds it alone: no brief is written from what
another transaction is just withdrawing."""

HEARD_FOR = timedelta(days=180)
HEARD_MAX = 500
"""Of one specialty and brand, the newest."""
ACTIVE_FOR = timedelta(days=28)
COLLEAGUES_MAX = 200
"""Of one account, looked at: of a larger one the count is a lower bound."""
EARLIER_MAX = 3

_ABOUT = f"""
    WITH pair AS (SELECT * FROM unnest(CAST(%(contact_ids)s AS text[]), CAST(%(brand_ids)s AS text[])) AS pair (contact_id, brand_id)),
    person AS (SELECT pair.*, specialty, primary_account_id FROM pair JOIN contacts USING (contact_id))
    SELECT 'catalog' AS part, NULL AS first, NULL AS second, NULL AS told FROM (SELECT pg_advisory_xact_lock_shared({CATALOG_LOCK})) AS held
    UNION ALL
    SELECT 'own', contact_id, brand_id, jsonb_agg(topic ORDER BY times DESC, last DESC, topic)
    FROM (
        SELECT pair.contact_id, pair.brand_id, topic, count(*) AS times, max(occurred_at) AS last
        FROM pair CROSS JOIN LATERAL (
            SELECT pair.contact_id UNION ALL SELECT merged.contact_id FROM contacts AS merged WHERE merged.merged_into = pair.contact_id
        ) AS known (contact_id)
        JOIN heard_objections AS heard ON heard.contact_id = known.contact_id AND heard.brand_id = pair.brand_id
        GROUP BY 1, 2, 3
    ) AS own
    GROUP BY contact_id, brand_id
    UNION ALL
    SELECT 'specialty', specialty, brand_id, jsonb_agg(jsonb_build_array(journey_stage, topic, times) ORDER BY times DESC, topic)
    FROM (SELECT DISTINCT specialty, brand_id FROM person WHERE specialty IS NOT NULL) AS segment CROSS JOIN LATERAL (
        SELECT journey_stage, topic, count(*) AS times FROM (
            SELECT journey_stage, topic FROM heard_objections AS heard
            WHERE heard.brand_id = segment.brand_id AND heard.specialty = segment.specialty AND heard.occurred_at > %(heard_since)s
            ORDER BY occurred_at DESC LIMIT {HEARD_MAX}
        ) AS newest
        WHERE journey_stage IS NOT NULL GROUP BY 1, 2
    ) AS heard
    GROUP BY specialty, brand_id
    UNION ALL
    SELECT 'account', primary_account_id, brand_id, jsonb_agg(jsonb_build_array(colleague.contact_id, colleague.specialty))
    FROM (SELECT DISTINCT primary_account_id, brand_id FROM person WHERE primary_account_id IS NOT NULL) AS account CROSS JOIN LATERAL (
        SELECT contact_id, specialty FROM contacts
        WHERE contacts.primary_account_id = account.primary_account_id AND merged_into IS NULL
          AND NOT consents @> '[{{"channel": "any", "state": "denied"}}]'
        LIMIT {COLLEAGUES_MAX}
    ) AS colleague
    WHERE EXISTS (
        SELECT FROM engagements LEFT JOIN assets USING (asset_id)
        WHERE engagements.contact_id = colleague.contact_id AND engagements.brand_id = account.brand_id
          AND occurred_at > %(active_since)s AND context = ANY(%(contexts)s) AND kind = ANY(%(kinds)s)
          AND NOT machine AND NOT flags && '{{test}}' AND coalesce(intent = ANY(%(contexts)s), true)
    )
    GROUP BY primary_account_id, brand_id
    UNION ALL
    SELECT 'earlier', contact_id, brand_id, jsonb_agg(jsonb_build_array(qualified_at, ended_at, stage, why) ORDER BY qualified_at DESC)
    FROM pair CROSS JOIN LATERAL (
        SELECT qualified_at, ended_at, stage, (
            SELECT record.reason FROM decision_records AS record
            WHERE record.lead_id = leads.id AND record.to_stage = leads.stage ORDER BY record.position DESC LIMIT 1
        ) AS why
        FROM leads WHERE leads.brand_id = pair.brand_id AND ended_at IS NOT NULL AND leads.contact_id IN (
            SELECT pair.contact_id UNION ALL SELECT merged.contact_id FROM contacts AS merged WHERE merged.merged_into = pair.contact_id
        )
        ORDER BY qualified_at DESC LIMIT {EARLIER_MAX}
    ) AS earlier
    GROUP BY contact_id, brand_id
    UNION ALL
    SELECT 'brief', CAST(lead_id AS text), timezone, document
    FROM unnest(CAST(%(lead_ids)s AS uuid[])) AS wanted (lead_id) CROSS JOIN LATERAL (
        SELECT document FROM briefs WHERE briefs.lead_id = wanted.lead_id ORDER BY version DESC LIMIT 1
    ) AS newest
    LEFT JOIN leads ON leads.id = lead_id LEFT JOIN territories ON territories.id = leads.territory_id
"""  # noqa: S608 - the numbers are our own


@dataclass(frozen=True, slots=True)
class About:
    """What is told of persons, their specialty and their account, and the briefs that are there."""

    own_topics: Mapping[Pair, Sequence[str]]
    in_specialty: Mapping[Pair, Heard]
    """By specialty and brand."""
    active: Mapping[Pair, Sequence[tuple[str, str | None]]]
    """By account and brand, the contacts who were active lately, with their specialty."""
    earlier_leads: Mapping[Pair, Sequence[EarlierLead]]
    newest_briefs: Mapping[UUID, Mapping[str, Any]]
    """By lead, of those that were asked for."""
    zones: Mapping[UUID, ZoneInfo]
    """Where those leads are, as far as they lie in a territory."""

    def others_at(self, account_id: str, brand_id: str, *, besides: str) -> list[ActiveSpecialty]:
        """Who else of the account was active for the brand lately, counted by specialty."""
        counts: defaultdict[str | None, int] = defaultdict(int)
        for contact_id, specialty in self.active.get((account_id, brand_id), ()):
            if contact_id != besides:
                counts[specialty] += 1
        return [ActiveSpecialty(specialty, number) for specialty, number in counts.items()]


@dataclass(frozen=True, slots=True)
class Material:
    """What briefs are written from, besides what lies on the desk: the answers of `material`, in its order."""

    about: About
    engagements: Mapping[Pair, Sequence[Engagement]]
    assets: Mapping[str, Asset]
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)


def material(
    pairs: Collection[Pair],
    *,
    now: datetime,
    campaign_ids: Collection[str],
    engagement_ids: Collection[str] = (),
    lead_ids: Collection[UUID] = (),
) -> tuple[Statement[Any], ...]:
    """Reads what briefs of these contacts x brands are written from; of `lead_ids`, leads that have briefs, the newest one too.

    The campaigns are those named and those of the engagements. Sent together, in this order: from the first one on nobody else changes
    what briefs may show, until the transaction ends.
    """
    pairs = list(dict.fromkeys(pairs))
    return (
        _about(pairs, now=now, lead_ids=lead_ids),
        facts.newest_engagements(pairs),
        facts.assets({brand_id for _, brand_id in pairs}),
        facts.campaigns(campaign_ids, engagement_ids=engagement_ids),
    )


def _about(pairs: Collection[Pair], *, now: datetime, lead_ids: Collection[UUID]) -> Statement[About]:
    wanted = {
        "contact_ids": [contact_id for contact_id, _ in pairs],
        "brand_ids": [brand_id for _, brand_id in pairs],
        "lead_ids": list(lead_ids),
        "heard_since": now - HEARD_FOR,
        "active_since": now - ACTIVE_FOR,
        "contexts": sorted(COMMERCIAL_CONTEXTS),
        "kinds": sorted(ACT_WORDS),
    }
    return Statement(_ABOUT, wanted, _read)


def _read(rows: list[Any]) -> About:
    parts: defaultdict[str, dict[Any, Any]] = defaultdict(dict)
    for row in rows:
        parts[row.part][row.first, row.second] = row.told
    return About(
        own_topics=parts["own"],
        in_specialty={key: _by_stage(told) for key, told in parts["specialty"].items()},
        active={key: [(contact_id, specialty) for contact_id, specialty in told] for key, told in parts["account"].items()},
        earlier_leads={key: [_earlier(*each) for each in told] for key, told in parts["earlier"].items()},
        newest_briefs={UUID(lead_id): document for (lead_id, _), document in parts["brief"].items()},
        zones={UUID(lead_id): ZoneInfo(zone) for lead_id, zone in parts["brief"] if zone is not None},
    )


def _by_stage(told: Sequence[tuple[str, str, int]]) -> Heard:
    stages: defaultdict[str, list[HeardTopic]] = defaultdict(list)
    for stage, topic, times in told:
        stages[stage].append(HeardTopic(topic, times))
    return stages


def _earlier(qualified_at: str, ended_at: str, stage: str, reason: str | None) -> EarlierLead:
    return EarlierLead(datetime.fromisoformat(qualified_at), datetime.fromisoformat(ended_at), stage, reason)
