"""Follows merges: what a merged contact did counts for who stands for them, and is theirs again when they are parted.

Ledgers are made anew from the engagements, in the background. Leads stay whose they were.
"""

from collections.abc import Collection
from typing import Any

from shared.database import Statement

# An engagement lies with who stands for the contact whose key showed it, as far as is known here. Whoever gains or loses one has their
# ledger of that brand made anew; a merged contact has none.
_FOLLOW = """
    WITH misplaced AS (
        SELECT engagement_id, e.contact_id AS from_id, c.merged_into AS to_id, coalesce(e.original_contact_id, e.contact_id) AS original_id
        FROM contacts c JOIN engagements e ON e.contact_id = c.contact_id
        WHERE c.contact_id = ANY(%(contact_ids)s) AND c.merged_into IS NOT NULL
        UNION ALL
        SELECT engagement_id, e.contact_id, coalesce(c.merged_into, c.contact_id), c.contact_id
        FROM contacts c JOIN engagements e ON e.original_contact_id = c.contact_id
        WHERE c.contact_id = ANY(%(contact_ids)s) AND e.contact_id <> coalesce(c.merged_into, c.contact_id)
    ),
    placed AS (
        UPDATE engagements SET contact_id = to_id, original_contact_id = nullif(original_id, to_id)
        FROM misplaced WHERE engagements.engagement_id = misplaced.engagement_id
        RETURNING from_id, to_id, brand_id
    ),
    expected AS (
        INSERT INTO contacts (contact_id, segments, consents) SELECT DISTINCT to_id, CAST('{}' AS text[]), CAST('[]' AS jsonb) FROM placed
        ON CONFLICT DO NOTHING
    ),
    emptied AS (
        DELETE FROM ledgers USING contacts c
        WHERE ledgers.contact_id = c.contact_id AND c.contact_id = ANY(%(contact_ids)s) AND c.merged_into IS NOT NULL
    ),
    unearned AS (
        DELETE FROM ledger_rows USING contacts c
        WHERE ledger_rows.contact_id = c.contact_id AND c.contact_id = ANY(%(contact_ids)s) AND c.merged_into IS NOT NULL
    )
    INSERT INTO ledgers (contact_id, brand_id, activation)
    SELECT pair.contact_id, pair.brand_id, -1
    FROM (
        SELECT to_id AS contact_id, brand_id FROM placed UNION SELECT from_id, brand_id FROM placed
    ) AS pair
    LEFT JOIN contacts merged ON merged.contact_id = pair.contact_id AND merged.merged_into IS NOT NULL
    WHERE pair.brand_id IS NOT NULL AND merged.contact_id IS NULL
    ORDER BY pair.contact_id, pair.brand_id
    ON CONFLICT (contact_id, brand_id) DO UPDATE SET policy_version = NULL, activation = -1
"""


def following_merges(contact_ids: Collection[str]) -> Statement[Any]:
    """Puts the engagements of these contacts with who stands for them. Whoever calls holds the contacts."""
    return Statement(_FOLLOW, {"contact_ids": list(contact_ids)}, list)
