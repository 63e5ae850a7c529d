"""The tables of imports: a file while it comes, what its rows are identified by while they are compared, and what was wrong with them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.tables.declared import MOMENT, Tables


class Import(Tables):
    """A file of contacts or engagements, how far it has come, and what became of its rows. Marks move with what they speak of."""

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint("kind IN ('contacts', 'engagements')", name="kind"),
        CheckConstraint("format IN ('csv', 'ndjson')", name="format"),
        CheckConstraint("state IN ('receiving', 'checking', 'applying', 'done', 'failed')", name="state"),
        Index("ix_imports_unfinished", "created_at", "id", postgresql_where=text("state IN ('receiving', 'checking', 'applying')")),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text, comment="What its sender calls the file; null if nothing.")
    flags: Mapped[list[Any]] = mapped_column(JSONB, comment="What every engagement in it is flagged with.")
    state: Mapped[str] = mapped_column(Text)
    problem: Mapped[str | None] = mapped_column(Text, comment="Why nothing of it was applied; null unless it failed.")
    columns: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True), comment="A CSV file's header; null before it was read.")
    created_at: Mapped[datetime] = mapped_column(MOMENT)
    touched_at: Mapped[datetime] = mapped_column(MOMENT, comment="When a part of it came last, or something was done with it.")
    finished_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null until it is done or failed.")
    bytes_total: Mapped[int | None] = mapped_column(BigInteger, comment="As its sender announced; null if not.")
    bytes_received: Mapped[int] = mapped_column(BigInteger, server_default="0")
    bytes_checked: Mapped[int] = mapped_column(BigInteger, server_default="0")
    bytes_applied: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_row_checked: Mapped[int | None] = mapped_column(comment="Null before the first.")
    last_row_applied: Mapped[int | None] = mapped_column(comment="Null before the first.")
    rows_read: Mapped[int] = mapped_column(server_default="0")
    rows_applied: Mapped[int] = mapped_column(server_default="0", comment="How many of those read are through, taken or not.")
    created: Mapped[int] = mapped_column(server_default="0")
    updated: Mapped[int] = mapped_column(server_default="0")
    unchanged: Mapped[int] = mapped_column(server_default="0")
    accepted: Mapped[int] = mapped_column(server_default="0")
    duplicate: Mapped[int] = mapped_column(server_default="0")
    rejected: Mapped[int] = mapped_column(server_default="0")
    duplicates_in_file: Mapped[int] = mapped_column(server_default="0")


class ImportPart(Tables):
    """A piece of a file as it came. All are gone when the import is finished."""

    __tablename__ = "import_parts"

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    content: Mapped[bytes]


class ImportIdentity(Tables):
    """What a row is identified by, as a hash, while the rows of its file are compared."""

    __tablename__ = "import_identities"

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    pointer: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[UUID]


class ImportedRowError(Tables):
    """A row that was not taken, and what is wrong with it. Nothing of what was sent."""

    __tablename__ = "import_errors"

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    errors: Mapped[list[Any]] = mapped_column(JSONB)
