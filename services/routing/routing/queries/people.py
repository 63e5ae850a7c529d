"""Contacts as the people they stand for."""

from collections.abc import Collection
from typing import Any

from shared.database import Statement

# A person is held whole: with who stands for them, and with all who are merged into either.
_HOLD = """
    WITH standing AS (
        SELECT CAST(%(contact_ids)s AS text[])
            || ARRAY(SELECT merged_into FROM contacts WHERE contact_id = ANY(%(contact_ids)s) AND merged_into IS NOT NULL) AS ids
    )
    SELECT * FROM contacts
    WHERE contact_id = ANY(
        (SELECT ids FROM standing)
        || ARRAY(
            SELECT contact_id FROM contacts
            WHERE merged_into = ANY(CAST((SELECT ids FROM standing) AS text[])) AND merged_into IS NOT NULL
        )
    )
    ORDER BY contact_id FOR UPDATE
"""


def holding_people(contact_ids: Collection[str]) -> Statement[dict[str, Any]]:
    """The rows of these people's contacts that were described, by id; all are locked in id order until the transaction ends."""
    return Statement(_HOLD, {"contact_ids": list(contact_ids)}, _described)


def _described(rows: list[Any]) -> dict[str, Any]:
    return {row.contact_id: row for row in rows if row.version is not None}
