"""Migrations: how every service runs its own, and the seam tables they all begin with."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, pool, text
from sqlalchemy.engine import make_url

from shared import creations

# A migration that can't get its lock gives up quickly rather than queueing every writer behind it.
_LOCK_TIMEOUT = "2s"
_TURN_SECONDS = 0.1

# Written by the seams in plain SQL, so a service's own models don't know them.
SEAM_TABLES = frozenset({"outbox", "sent_events", "sent_snapshots", "inbox", "quarantine", "creations"})

SEAMS_V1 = (
    """
    CREATE TABLE outbox (
        position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_outbox PRIMARY KEY,
        event_id uuid NOT NULL,
        topic text NOT NULL,
        key text NOT NULL,
        type text NOT NULL,
        headers jsonb NOT NULL,
        body text NOT NULL,
        queued_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "COMMENT ON TABLE outbox IS 'Events waiting to leave, oldest first. Kafka has acknowledged whatever is no longer here.'",
    """
    CREATE TABLE sent_events (
        sent_at timestamptz NOT NULL,
        position bigint NOT NULL,
        event_id uuid NOT NULL,
        topic text NOT NULL,
        key text NOT NULL,
        type text NOT NULL,
        headers jsonb NOT NULL,
        body text NOT NULL,
        CONSTRAINT pk_sent_events PRIMARY KEY (sent_at, position)
    ) PARTITION BY RANGE (sent_at)
    """,
    "CREATE TABLE sent_events_elsewhen PARTITION OF sent_events DEFAULT",
    "COMMENT ON TABLE sent_events IS 'What Kafka acknowledged, kept 30 days in a partition a day, so that it can be sent again.'",
    """
    CREATE TABLE sent_snapshots (
        topic text NOT NULL,
        key text NOT NULL,
        position bigint NOT NULL,
        event_id uuid NOT NULL,
        type text NOT NULL,
        headers jsonb NOT NULL,
        body text NOT NULL,
        CONSTRAINT pk_sent_snapshots PRIMARY KEY (topic, key)
    )
    """,
    "COMMENT ON TABLE sent_snapshots IS 'The latest acknowledged event per key of the compacted topics.'",
    """
    CREATE TABLE inbox (
        consumer text NOT NULL,
        event_id uuid NOT NULL,
        accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT pk_inbox PRIMARY KEY (consumer, event_id)
    )
    """,
    "CREATE INDEX ix_inbox_accepted_at ON inbox USING brin (accepted_at)",
    "COMMENT ON TABLE inbox IS 'Events applied, per consumer: redelivery is normal and harmless.'",
    """
    CREATE TABLE quarantine (
        id uuid CONSTRAINT pk_quarantine PRIMARY KEY,
        consumer text NOT NULL,
        topic text NOT NULL,
        partition integer NOT NULL,
        kafka_offset bigint NOT NULL,
        key bytea,
        headers jsonb NOT NULL,
        value bytea,
        type text,
        event_id text,
        step text NOT NULL CONSTRAINT ck_quarantine_step CHECK (step IN ('reading', 'applying')),
        reason text NOT NULL,
        quarantined_at timestamptz NOT NULL,
        CONSTRAINT uq_quarantine_consumer_topic_partition_offset UNIQUE (consumer, topic, partition, kafka_offset)
    )
    """,
    "COMMENT ON TABLE quarantine IS 'Records a consumer could not read or apply, as they came, until replayed or discarded.'",
    "COMMENT ON COLUMN quarantine.headers IS 'Pairs of name and base64 value, null where the header had none.'",
    *creations.VERSION_1,
)

SEAMS_V2 = (
    "ALTER TABLE outbox ALTER COLUMN body DROP NOT NULL",
    "ALTER TABLE sent_snapshots ALTER COLUMN body DROP NOT NULL",
    "COMMENT ON COLUMN outbox.body IS 'Null: a tombstone, which ends what its topic says of the key.'",
    "COMMENT ON COLUMN sent_snapshots.body IS 'Null: a tombstone, which ends what its topic says of the key.'",
)


def upgrade(*, migrations: Path, database_url: str) -> None:
    """Brings a service's database to its newest revision. Safe to call twice, and by two processes at once."""
    config = _config(migrations)
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")


@dataclass(frozen=True, slots=True)
class Revisions:
    """The revisions a version of a service knows, and the one it was made for."""

    newest: str
    all: frozenset[str]


def known_revisions(migrations: Path) -> Revisions:
    """Those of a service's migrations. Reads files."""
    script = ScriptDirectory.from_config(_config(migrations))
    return Revisions(script.get_current_head() or "", frozenset(each.revision for each in script.walk_revisions()))


def _config(migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    return config


def run(metadata: MetaData) -> None:
    """What a service's `migrations/env.py` calls: applies the revisions over one connection, one migrator at a time."""
    given = context.config.attributes
    if (connection := given.get("connection")) is not None:
        _apply(connection, metadata)
        return
    engine = create_engine(make_url(given["database_url"]), poolclass=pool.NullPool)
    with engine.connect() as connection:
        _wait_for_turn(connection)
        connection.exec_driver_sql(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
        connection.commit()
        _apply(connection, metadata)


def _wait_for_turn(connection: Connection) -> None:
    """Asks again and again rather than waiting in a statement: an index that is built beside others' work waits for every statement."""
    while not connection.scalar(text("SELECT pg_try_advisory_lock(hashtext('migrations'))")):
        connection.rollback()
        time.sleep(_TURN_SECONDS)


def _apply(connection: Connection, metadata: MetaData) -> None:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def upgrade_async(*, migrations: Path, database_url: str) -> None:
    """`upgrade` from a running event loop."""
    await asyncio.to_thread(upgrade, migrations=migrations, database_url=database_url)
