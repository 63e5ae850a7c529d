"""`python -m tests.bench.identities [ROWS]`: what it costs to know acts by their identity for as long as engagements are kept.

Engagements are loaded by COPY into a migrated intake, with identities of each form platforms have. Printed are bytes per engagement,
which are megabytes per million: of the unique index as it grows and freshly built, and of the columns that are there for it alone.
"""

import argparse
import hashlib
import random
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg

import intake
from deploy.launcher.servers import servers
from shared.ids import new_id
from shared.migrations import upgrade

_AT = datetime(2026, 3, 2, tzinfo=UTC)
_INDEX = "uq_engagements_source_source_event_id"
FORMS: Mapping[str, Callable[[int], str]] = {
    "counted by the platform": lambda number: f"mautic.email_on_open:{number}:1",
    "a UUID": lambda number: f"messages.opened:{uuid.UUID(int=random.getrandbits(128))}",
    "a hash of the content": lambda number: f"email_opened:{hashlib.sha256(number.to_bytes(8)).hexdigest()}",
}
_COLUMNS = (
    "id", "receipt_id", "source", "source_event_id", "fingerprint", "contact_id", "kind", "channel", "context", "topics", "occurred_at",
    "received_at", "machine", "attributes", "flags",
)  # fmt: skip


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.identities", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rows", nargs="?", type=int, default=300_000, help="how many engagements of each form are loaded")
    rows: int = parser.parse_args().rows
    with servers(kafka=False) as started:
        admin = started.admin_url
        for form, identity in FORMS.items():
            database = f"identities_{uuid.uuid4().hex[:8]}"
            with psycopg.connect(admin, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{database}"'.encode())
            url = f"{admin.rsplit('/', 1)[0]}/{database}"
            upgrade(
                migrations=Path(intake.__file__).parents[1] / "migrations",
                database_url=url.replace("postgresql://", "postgresql+psycopg://"),
            )
            with psycopg.connect(url, autocommit=True) as connection:
                _load(connection, rows, identity)
                _say(f"{form}: {', '.join(f'{what} {size / rows:.0f}' for what, size in _sizes(connection).items())} bytes an engagement")


def _load(connection: psycopg.Connection[tuple[object, ...]], rows: int, identity: Callable[[int], str]) -> None:
    """Without receipts and contacts to refer to: whether they are there is not what is measured."""
    connection.execute("SET session_replication_role = replica")
    with connection.cursor().copy(f"COPY engagements ({', '.join(_COLUMNS)}) FROM STDIN".encode()) as copy:
        for row in _rows(rows, identity):
            copy.write_row(row)
    connection.execute("VACUUM ANALYZE engagements")


def _rows(rows: int, identity: Callable[[int], str]) -> Iterator[tuple[object, ...]]:
    contacts = [str(new_id()) for _ in range(rows // 10)]
    for number in range(rows):
        fingerprint = hashlib.sha256(str(number).encode()).digest()
        whose = contacts[number * 7919 % len(contacts)]
        known = (new_id(), new_id(), "mautic", identity(number), fingerprint, whose, "email_opened", "email", "promotional")
        yield (*known, "[]", _AT, _AT, False, "{}", "[]")


def _sizes(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    grown = _number(connection, f"SELECT pg_relation_size('{_INDEX}')")
    connection.execute(f"REINDEX INDEX {_INDEX}".encode())
    built = _number(connection, f"SELECT pg_relation_size('{_INDEX}')")
    columns = "pg_column_size(source) + pg_column_size(source_event_id) + pg_column_size(fingerprint)"
    stored = _number(connection, f"SELECT sum({columns}) FROM engagements")
    whole = _number(connection, "SELECT pg_total_relation_size('engagements')")
    return {"index as grown": grown, "freshly built": built, "columns": stored, "table with indexes": whole}


def _number(connection: psycopg.Connection[tuple[object, ...]], query: str) -> int:
    found = connection.execute(query.encode()).fetchone()
    return int(str(found[0])) if found is not None else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
