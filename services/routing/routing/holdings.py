"""What routing holds of a person."""

HELD = {
    "contact": "SELECT * FROM contacts WHERE contact_id = :contact_id",
    "targets": "SELECT * FROM targets WHERE contact_id = :contact_id ORDER BY cycle_from, id",
    "alignments": """
        SELECT id, territory_id, brand_id, team FROM alignments
        WHERE include->'contact_ids' ? :contact_id OR exclude->'contact_ids' ? :contact_id ORDER BY id
    """,
    "engagements": "SELECT * FROM engagements WHERE contact_id = :contact_id ORDER BY occurred_at, engagement_id",
    "ledger_rows": "SELECT * FROM ledger_rows WHERE contact_id = :contact_id ORDER BY brand_id, occurred_at, engagement_id, rule_id",
    "heard_objections": "SELECT * FROM heard_objections WHERE contact_id = :contact_id ORDER BY occurred_at, report_id",
    "leads": "SELECT * FROM leads WHERE contact_id = :contact_id ORDER BY qualified_at, id",
    "clocks": """
        SELECT clocks.* FROM clocks JOIN leads ON leads.id = clocks.lead_id WHERE contact_id = :contact_id ORDER BY started_at, lead_id
    """,
    "decision_records": """
        SELECT decision_records.* FROM decision_records JOIN leads ON leads.id = decision_records.lead_id
        WHERE contact_id = :contact_id ORDER BY lead_id, position
    """,
    "reported_outcomes": """
        SELECT reported_outcomes.* FROM reported_outcomes JOIN leads ON leads.id = reported_outcomes.lead_id
        WHERE contact_id = :contact_id ORDER BY reported_outcomes.occurred_at, report_id
    """,
    "briefs": """
        SELECT briefs.* FROM briefs JOIN leads ON leads.id = briefs.lead_id WHERE contact_id = :contact_id ORDER BY lead_id, version
    """,
    "brief_answers": """
        SELECT brief_answers.* FROM brief_answers JOIN leads ON leads.id = brief_answers.lead_id
        WHERE contact_id = :contact_id ORDER BY answered_at, brief_answers.id
    """,
    "simulated_decisions": "SELECT * FROM simulated_decisions WHERE contact_id = :contact_id ORDER BY simulation_id",
}
