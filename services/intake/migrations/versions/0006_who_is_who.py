"""Ids that lead to another contact, pairs that may be one person, and when a contact was first seen.

Of contacts of before, when they were first seen is unknown: they are all as old as this migration, and older than any to come.
"""

from alembic import op

revision = "0006"
down_revision = "0008"

_STATEMENTS = (
    "ALTER TABLE contacts ADD COLUMN first_seen_at timestamptz NOT NULL DEFAULT now()",
    """
    CREATE TABLE contact_aliases (
        alias_id text NOT NULL,
        into_id text NOT NULL,
        contact_id text NOT NULL,
        since timestamptz NOT NULL,
        made_by text NOT NULL,
        CONSTRAINT pk_contact_aliases PRIMARY KEY (alias_id),
        CONSTRAINT ck_contact_aliases_another CHECK (alias_id NOT IN (into_id, contact_id)),
        CONSTRAINT fk_contact_aliases_into_id FOREIGN KEY (into_id) REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT fk_contact_aliases_contact_id FOREIGN KEY (contact_id) REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_contact_aliases_contact_id ON contact_aliases (contact_id)",
    "COMMENT ON COLUMN contact_aliases.into_id IS 'Whom it was joined to.'",
    "COMMENT ON COLUMN contact_aliases.contact_id IS 'Who stands for both now: another one once that was merged too.'",
    "COMMENT ON COLUMN contact_aliases.made_by IS 'directory, act, or the sub of who asked for it.'",
    """
    CREATE TABLE contact_candidates (
        id uuid NOT NULL,
        contact_id text NOT NULL,
        other_id text NOT NULL,
        kinds jsonb NOT NULL,
        state text NOT NULL,
        since timestamptz NOT NULL,
        decided_at timestamptz,
        decided_by text,
        CONSTRAINT pk_contact_candidates PRIMARY KEY (id),
        CONSTRAINT uq_contact_candidates_contact_id_other_id UNIQUE (contact_id, other_id),
        CONSTRAINT ck_contact_candidates_order CHECK (contact_id COLLATE "C" < other_id COLLATE "C"),
        CONSTRAINT ck_contact_candidates_state CHECK (state IN ('waiting', 'merged', 'dismissed')),
        CONSTRAINT ck_contact_candidates_decided
            CHECK (num_nonnulls(decided_at, decided_by) = CASE WHEN state = 'waiting' THEN 0 ELSE 2 END),
        CONSTRAINT fk_contact_candidates_contact_id FOREIGN KEY (contact_id) REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT fk_contact_candidates_other_id FOREIGN KEY (other_id) REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_contact_candidates_state_since_id ON contact_candidates (state, since, id)",
    "CREATE INDEX ix_contact_candidates_other_id ON contact_candidates (other_id)",
    "COMMENT ON COLUMN contact_candidates.kinds IS 'Of the keys that say so; none if somebody parted the two.'",
    "COMMENT ON COLUMN contact_candidates.decided_at IS 'Null while it waits.'",
    "COMMENT ON COLUMN contact_candidates.decided_by IS 'directory, or the sub of who decided; null while it waits.'",
    "COMMENT ON COLUMN engagements.contact_id IS 'Whose key showed it; who stands for them now, contact_aliases says.'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
