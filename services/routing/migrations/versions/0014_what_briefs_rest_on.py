"""Leads know all that their newest brief rests on, not only what it shows."""

from alembic import op

revision = "0014"
down_revision = "0008"

OF_BRIEFS_FROM_BEFORE = """
    UPDATE leads SET brief_rests_on = ARRAY(
        SELECT DISTINCT key FROM (
            SELECT 'shows ' || (jsonb_path_query(document, '$.likely_objections[*].assets[*].asset_id') #>> '{}')
            UNION ALL SELECT 'tells of ' || (jsonb_path_query(document, '$.engagements[*].asset_id') #>> '{}')
            UNION ALL SELECT 'tells of ' || (jsonb_path_query(document, '$.reasons[*].asset_id') #>> '{}')
            UNION ALL SELECT 'expects ' || leads.brand_id || ' ' || (jsonb_path_query(document, '$.likely_objections[*].topic') #>> '{}')
            UNION ALL SELECT 'follows ' || leads.campaign_id
        ) AS told (key)
        WHERE key IS NOT NULL ORDER BY key
    )
    FROM briefs WHERE briefs.lead_id = leads.id AND briefs.version = leads.brief_version
    """
_STATEMENTS = (
    "DROP INDEX ix_leads_brief_asset_ids_owned",
    "ALTER TABLE leads RENAME COLUMN brief_asset_ids TO brief_rests_on",
    OF_BRIEFS_FROM_BEFORE,
    "COMMENT ON COLUMN leads.brief_rests_on IS 'What the newest brief shows, tells of, expects and follows, in keys.'",
    "CREATE INDEX ix_leads_brief_rests_on_owned ON leads USING gin (brief_rests_on) WHERE ended_at IS NULL AND rep_id IS NOT NULL",
    "COMMENT ON COLUMN heard_objections.journey_stage IS 'The contact''s for the brand when it was heard; null: not known.'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
