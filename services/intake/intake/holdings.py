"""What intake holds of a person."""

HELD = {
    "contact": "SELECT * FROM contacts WHERE id = :contact_id",
    "aliases": """
        SELECT alias_id, into_id, contact_id, since, made_by FROM contact_aliases
        WHERE :contact_id IN (alias_id, into_id, contact_id) ORDER BY alias_id
    """,
    "candidates": """
        SELECT id, contact_id, other_id, kinds, state, since FROM contact_candidates
        WHERE :contact_id IN (contact_id, other_id) ORDER BY since, id
    """,
    "keys": "SELECT namespace, value, origin FROM contact_keys WHERE contact_id = :contact_id ORDER BY namespace, value",
    "consents": """
        SELECT channel, purpose, state, at, evidence, legal_basis FROM consents WHERE contact_id = :contact_id ORDER BY channel, purpose
    """,
    "engagements": """
        SELECT id, receipt_id, source, source_event_id, kind, channel, context, asset_id, campaign_id, brand_id, topics, occurred_at,
            received_at, machine, attributes, flags
        FROM engagements WHERE contact_id = :contact_id ORDER BY occurred_at, id
    """,
    "receipts": """
        SELECT DISTINCT r.id, r.door, r.source, r.received_at, i.position
        FROM engagements e
        JOIN receipt_items i ON i.receipt_id = e.receipt_id AND i.engagement_id = e.id
        JOIN receipts r ON r.id = i.receipt_id
        WHERE e.contact_id = :contact_id ORDER BY r.received_at, r.id, i.position
    """,
    "erasures": """
        SELECT id, reason, requested_by, requested_at, approved_by, approved_at, certified_at FROM erasures
        WHERE :contact_id = ANY (contact_ids) ORDER BY requested_at
    """,
}
