"""Targets, alignments, pools and absences; dates on what sales operations keeps; where contacts are licensed.

Contacts that are stored already have their region and licences with the next snapshot that says something new of them.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

_DATED = (
    "ALTER TABLE {table} ADD COLUMN valid_from date, ADD COLUMN valid_until date",
    "ALTER TABLE {table} ADD CONSTRAINT ck_{table}_valid CHECK (valid_from <= valid_until)",
    "CREATE INDEX ix_{table}_valid_from_dated ON {table} (valid_from) WHERE valid_from IS NOT NULL",
    "CREATE INDEX ix_{table}_valid_until_dated ON {table} (valid_until) WHERE valid_until IS NOT NULL",
)
_KNOWN = (
    "ALTER TABLE territories ADD COLUMN subdivision text, ADD COLUMN holidays boolean NOT NULL DEFAULT true",
    "COMMENT ON COLUMN territories.subdivision IS 'Whose holidays are kept beside the country''s; null: none.'",
    "COMMENT ON COLUMN territories.holidays IS 'Whether public holidays are closed.'",
    *(statement.format(table=table) for table in ("accounts", "reps") for statement in _DATED),
    "COMMENT ON COLUMN accounts.valid_from IS 'The first day it counts; null: since ever.'",
    "COMMENT ON COLUMN accounts.valid_until IS 'The last day it counts; null: until further notice.'",
    "ALTER TABLE reps ADD COLUMN team text, ADD COLUMN hours jsonb NOT NULL DEFAULT '{}', ADD COLUMN timezone text",
    "COMMENT ON COLUMN reps.team IS 'Null: of no sales team.'",
    "COMMENT ON COLUMN reps.hours IS 'Empty: those of the territory.'",
    "COMMENT ON COLUMN reps.timezone IS 'Null: the territory''s.'",
    "COMMENT ON COLUMN reps.valid_from IS 'Their first day; null: since ever.'",
    "COMMENT ON COLUMN reps.valid_until IS 'Their last day; null: until further notice.'",
    "ALTER TABLE contacts ADD COLUMN region text, ADD COLUMN licences jsonb NOT NULL DEFAULT '[]'",
    "COMMENT ON COLUMN contacts.region IS 'The state or province; null if nobody said.'",
)
_NEW = (
    """
    CREATE TABLE absences (
        id text NOT NULL,
        rep_id text NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        whole_days boolean NOT NULL,
        delegate_rep_id text,
        CONSTRAINT pk_absences PRIMARY KEY (id),
        CONSTRAINT ck_absences_ends_later CHECK (ends_at > starts_at),
        CONSTRAINT ck_absences_delegate_is_another CHECK (delegate_rep_id <> rep_id)
    )
    """,
    "CREATE INDEX ix_absences_rep_id_ends_at ON absences (rep_id, ends_at)",
    "CREATE INDEX ix_absences_starts_at ON absences (starts_at)",
    "CREATE INDEX ix_absences_ends_at ON absences (ends_at)",
    "COMMENT ON COLUMN absences.ends_at IS 'From then on they are back.'",
    "COMMENT ON COLUMN absences.whole_days IS 'It was given in days, the last one included.'",
    "COMMENT ON COLUMN absences.delegate_rep_id IS 'Null: nobody stands in.'",
    """
    CREATE TABLE targets (
        id text NOT NULL,
        contact_id text NOT NULL,
        brand_id text NOT NULL,
        indication text NOT NULL,
        segment text NOT NULL,
        decile integer NOT NULL,
        planned_calls integer NOT NULL,
        cycle text NOT NULL,
        rep_id text,
        cycle_from date NOT NULL,
        cycle_until date NOT NULL,
        valid_from date,
        valid_until date,
        CONSTRAINT pk_targets PRIMARY KEY (id),
        CONSTRAINT ck_targets_cycle CHECK (cycle_from <= cycle_until),
        CONSTRAINT ck_targets_holds_some_time CHECK (greatest(valid_from, cycle_from) <= least(valid_until, cycle_until))
    )
    """,
    "CREATE INDEX ix_targets_contact_id_brand_id ON targets (contact_id, brand_id)",
    "CREATE INDEX ix_targets_first_day ON targets (greatest(valid_from, cycle_from))",
    "CREATE INDEX ix_targets_last_day ON targets (least(valid_until, cycle_until))",
    "COMMENT ON COLUMN targets.rep_id IS 'Null: whoever the alignment names.'",
    "COMMENT ON COLUMN targets.valid_from IS 'Null: from the beginning of the cycle.'",
    "COMMENT ON COLUMN targets.valid_until IS 'Null: to the end of the cycle.'",
    """
    CREATE TABLE alignments (
        id text NOT NULL,
        territory_id text NOT NULL,
        brand_id text,
        team text,
        priority integer NOT NULL,
        include jsonb NOT NULL,
        exclude jsonb NOT NULL,
        valid_from date,
        valid_until date,
        CONSTRAINT pk_alignments PRIMARY KEY (id),
        CONSTRAINT ck_alignments_valid CHECK (valid_from <= valid_until)
    )
    """,
    "CREATE INDEX ix_alignments_territory_id ON alignments (territory_id)",
    "CREATE INDEX ix_alignments_valid_from_dated ON alignments (valid_from) WHERE valid_from IS NOT NULL",
    "CREATE INDEX ix_alignments_valid_until_dated ON alignments (valid_until) WHERE valid_until IS NOT NULL",
    "COMMENT ON COLUMN alignments.brand_id IS 'Null: for every brand.'",
    "COMMENT ON COLUMN alignments.team IS 'Null: for every sales team.'",
    "COMMENT ON COLUMN alignments.priority IS 'Of several that include the same thing the lowest number stands.'",
    "COMMENT ON COLUMN alignments.valid_from IS 'Null: since ever.'",
    "COMMENT ON COLUMN alignments.valid_until IS 'Null: until further notice.'",
    """
    CREATE TABLE pools (
        id text NOT NULL,
        brand_id text NOT NULL,
        rep_ids text[] NOT NULL,
        CONSTRAINT pk_pools PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_pools_brand_id ON pools (brand_id)",
    """
    CREATE TABLE dated_facts_marks (
        singleton boolean NOT NULL,
        looked_until timestamptz NOT NULL,
        CONSTRAINT pk_dated_facts_marks PRIMARY KEY (singleton),
        CONSTRAINT ck_dated_facts_marks_singleton CHECK (singleton)
    )
    """,
    "INSERT INTO dated_facts_marks (singleton, looked_until) VALUES (true, now())",
)


def upgrade() -> None:
    for statement in (*_KNOWN, *_NEW):
        op.execute(statement)
