"""Who is who: contacts with their keys and consents, ids that lead to another contact, and pairs that may be one person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.tables.declared import MOMENT, Tables, reference


class Contact(Tables):
    """A person known to us. While provisional, known by acts alone: then everything a directory states is null."""

    __tablename__ = "contacts"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("kind IN ('prescriber', 'pharmacist', 'nurse', 'payer', 'other')", name="kind"),
        CheckConstraint(
            "num_nonnulls(given_name, family_name, kind, specialty, postal_code, country) = CASE WHEN provisional THEN 0 ELSE 6 END",
            name="provisional",
        ),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int]
    provisional: Mapped[bool]
    given_name: Mapped[str | None] = mapped_column(Text, comment="Null while provisional.")
    family_name: Mapped[str | None] = mapped_column(Text, comment="Null while provisional.")
    kind: Mapped[str | None] = mapped_column(Text, comment="Null while provisional.")
    specialty: Mapped[str | None] = mapped_column(Text, comment="Null while provisional.")
    credentials: Mapped[str | None] = mapped_column(Text, comment="Null if the directory states none.")
    postal_code: Mapped[str | None] = mapped_column(Text, comment="Null while provisional.")
    country: Mapped[str | None] = mapped_column(Text, comment="Null while provisional.")
    region: Mapped[str | None] = mapped_column(Text, comment="State or province; null if the directory states none.")
    affiliations: Mapped[list[Any]] = mapped_column(JSONB)
    segments: Mapped[list[Any]] = mapped_column(JSONB)
    licences: Mapped[list[Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime] = mapped_column(MOMENT)
    first_seen_at: Mapped[datetime] = mapped_column(MOMENT, server_default=text("now()"))


class ContactKey(Tables):
    """Whose a key is. The primary key decides between two who saw the same person first."""

    __tablename__ = "contact_keys"
    __table_args__ = (
        CheckConstraint("origin IN ('stated', 'learnt')", name="origin"),
        CheckConstraint("namespace = 'email' OR starts_with(namespace, 'id:')", name="namespace"),
        Index(None, "contact_id"),
    )

    namespace: Mapped[str] = mapped_column(Text, primary_key=True, comment="email, or id: and the name of a platform or register.")
    value: Mapped[str] = mapped_column(Text, primary_key=True)
    contact_id: Mapped[str] = mapped_column(reference("contacts.id"))
    origin: Mapped[str] = mapped_column(Text, comment="stated by a directory, or learnt from an act.")


class Consent(Tables):
    """The act that stands, per channel and purpose."""

    __tablename__ = "consents"
    __table_args__ = (CheckConstraint("state IN ('granted', 'denied')", name="state"),)

    contact_id: Mapped[str] = mapped_column(reference("contacts.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null if a directory did not date it.")
    evidence: Mapped[str | None] = mapped_column(Text, comment="Where the proof lies; null if nobody said.")
    legal_basis: Mapped[str | None] = mapped_column(Text, comment="Null if nobody said.")


class ContactAlias(Tables):
    """An id that leads to a contact under another: a contact that was merged, or only a directory's name for one."""

    __tablename__ = "contact_aliases"
    __table_args__ = (CheckConstraint("alias_id NOT IN (into_id, contact_id)", name="another"), Index(None, "contact_id"))

    alias_id: Mapped[str] = mapped_column(Text, primary_key=True)
    into_id: Mapped[str] = mapped_column(reference("contacts.id"), comment="Whom it was joined to.")
    contact_id: Mapped[str] = mapped_column(
        reference("contacts.id"), comment="Who stands for both now: another one once that was merged too."
    )
    since: Mapped[datetime] = mapped_column(MOMENT)
    made_by: Mapped[str] = mapped_column(Text, comment="directory, act, or the sub of who asked for it.")


class ContactCandidate(Tables):
    """Two contacts that may be one person, which somebody must decide: directories named both, or their registers differ."""

    __tablename__ = "contact_candidates"
    __table_args__ = (
        UniqueConstraint("contact_id", "other_id"),
        CheckConstraint('contact_id COLLATE "C" < other_id COLLATE "C"', name="order"),
        CheckConstraint("state IN ('waiting', 'merged', 'dismissed')", name="state"),
        CheckConstraint("num_nonnulls(decided_at, decided_by) = CASE WHEN state = 'waiting' THEN 0 ELSE 2 END", name="decided"),
        Index(None, "state", "since", "id"),
        Index(None, "other_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[str] = mapped_column(reference("contacts.id"))
    other_id: Mapped[str] = mapped_column(reference("contacts.id"))
    kinds: Mapped[list[Any]] = mapped_column(JSONB, comment="Of the keys that say so; none if somebody parted the two.")
    state: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(MOMENT)
    decided_at: Mapped[datetime | None] = mapped_column(MOMENT, comment="Null while it waits.")
    decided_by: Mapped[str | None] = mapped_column(Text, comment="directory, or the sub of who decided; null while it waits.")
