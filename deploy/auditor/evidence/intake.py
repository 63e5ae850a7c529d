"""Intake's tables, as far as they are evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Literal, get_args

from deploy.auditor.evidence.rows import ReadAs, Row

Outcome = Literal["accepted", "duplicate", "ignored", "rejected"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

# Where somebody who was erased was cut out of it, what it had been is on record beside it.
_AS_IT_CAME = """
    encode(coalesce((SELECT original_sha256 FROM receipt_redactions WHERE receipt_id = receipts.id), sha256(body)), 'hex')
"""


@dataclass(frozen=True, slots=True)
class Receipt(Row):
    """A request as it came, with the counts its sender was told, unless it was read again since."""

    table: ClassVar[str] = "receipts"

    id: str
    door: str
    source: str | None
    body_sha256: Annotated[str, ReadAs(_AS_IT_CAME)]
    received_at: datetime
    accepted: int
    duplicate: int
    ignored: int
    rejected: int
    times_reprocessed: int = 0

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many items ended as what."""
        return {"accepted": self.accepted, "duplicate": self.duplicate, "ignored": self.ignored, "rejected": self.rejected}


@dataclass(frozen=True, slots=True)
class Item(Row):
    """What became of one item of a receipt."""

    table: ClassVar[str] = "receipt_items"

    receipt_id: str
    position: int
    outcome: str
    engagement_id: str | None


@dataclass(frozen=True, slots=True)
class Engagement(Row):
    """An act on record."""

    table: ClassVar[str] = "engagements"

    id: str
    receipt_id: str
    source: str
    source_event_id: str
    contact_id: str
    received_at: datetime
    machine: bool = False


@dataclass(frozen=True, slots=True)
class Consent(Row):
    """The act that stands, per channel and purpose."""

    table: ClassVar[str] = "consents"

    contact_id: str
    channel: str
    purpose: str
    state: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alias(Row):
    """An id that leads to a contact under another: a contact that was merged, or only a name for one."""

    table: ClassVar[str] = "contact_aliases"

    alias_id: str
    contact_id: str
    since: datetime
    is_contact: Annotated[bool, ReadAs("alias_id IN (SELECT id FROM contacts)")]


@dataclass(frozen=True, slots=True)
class TypedText(Row):
    """That somebody typed something, and what feedback made of it."""

    table: ClassVar[str] = "typed_texts"

    id: str
    received_at: datetime
    verdict: str | None


@dataclass(frozen=True, slots=True)
class KnownPerson(Row):
    """A contact, and whether anything stands there that names them."""

    table: ClassVar[str] = "contacts"

    id: str
    is_named: Annotated[bool, ReadAs("num_nonnulls(given_name, family_name, specialty, credentials, postal_code, region) > 0")]


@dataclass(frozen=True, slots=True)
class KeyOfPerson(Row):
    """An address or an id by which a contact is recognised."""

    table: ClassVar[str] = "contact_keys"

    contact_id: str


@dataclass(frozen=True, slots=True)
class Erasure(Row):
    """Somebody who is to be forgotten. Certified: everybody has."""

    table: ClassVar[str] = "erasures"

    id: str
    contact_ids: Sequence[str]
    certified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Intake:
    """All of it."""

    receipts: Sequence[Receipt] = ()
    items: Sequence[Item] = ()
    engagements: Sequence[Engagement] = ()
    consents: Sequence[Consent] = ()
    texts: Sequence[TypedText] = ()
    aliases: Sequence[Alias] = ()
    people: Sequence[KnownPerson] = ()
    keys: Sequence[KeyOfPerson] = ()
    erasures: Sequence[Erasure] = ()
