"""What reporting holds of a person."""

HELD = {
    "contact": "SELECT * FROM contacts WHERE contact_id = :contact_id",
    "leads": "SELECT * FROM leads WHERE contact_id = :contact_id ORDER BY lead_id",
    "objections": "SELECT * FROM objections WHERE contact_id = :contact_id ORDER BY occurred_at, report_id",
    "journal": "SELECT * FROM journal WHERE subjects @> ARRAY[:contact_id] ORDER BY occurred_at, event_id",
    "deliveries": """
        SELECT deliveries.position, subscription, deliveries.event_id, deliveries.event_type, body, state, created_at, settled_at
        FROM deliveries JOIN journal ON journal.event_id = deliveries.event_id
        WHERE subjects @> ARRAY[:contact_id] AND contact_id = :contact_id ORDER BY deliveries.position
    """,
}
