"""What feedback holds of a person. What was said in a case is for the case's role alone, and isn't shown here."""

HELD = {
    "contact": "SELECT * FROM contacts WHERE contact_id = :contact_id",
    "leads": "SELECT * FROM leads WHERE contact_id = :contact_id ORDER BY lead_id",
    "reports": "SELECT * FROM reports WHERE contact_id = :contact_id ORDER BY occurred_at, id",
    "notes": """
        SELECT report_notes.* FROM report_notes JOIN reports ON reports.id = report_notes.report_id
        WHERE contact_id = :contact_id ORDER BY report_id
    """,
    "cases": """
        SELECT id, kind, certainty, state, report_id, rep_id, lead_id, contact_id, brand_id, awareness_at, received_at, due_at FROM cases
        WHERE contact_id = :contact_id OR lead_id IN (SELECT lead_id FROM leads WHERE contact_id = :contact_id) ORDER BY awareness_at, id
    """,
}
