"""Topic `contacts`: the people we know."""

from datetime import date
from typing import Literal

from shared.events.facts import Code, Fact, Id, Label, Moment, Part, contract
from shared.events.topics import CONTACTS

ERASED_VERSION = 2**31 - 1
"""The version of an erased contact's empty row, wherever one is kept: whatever snapshot comes late is old news."""


class Affiliation(Part):
    """Where a contact works. One of them may be primary."""

    account_id: Id
    primary: bool


class Consent(Part):
    """The latest deliberate act on one channel and purpose. `channel` any with state denied means: do not contact at all."""

    channel: Code
    purpose: Code
    state: Literal["granted", "denied"]
    at: Moment | None = None


class Licence(Part):
    """Where a contact may practise, and until when."""

    authority: Label
    state: Label
    valid_until: date


@contract("contact.snapshot", topic=CONTACTS, producer="intake", consumers=("routing", "feedback", "reporting"))
class ContactSnapshot(Fact):
    """A contact as it stands now. `version` grows with every change: a lower one than known is old news.

    `merged_into`: the contact that stands for this one. Then this one is nobody of their own any more, until a later snapshot says null
    again; its consents are those of the whole person. The contact that stands for others has their keys too.
    """

    contact_id: Id
    version: int
    provisional: bool
    merged_into: Id | None = None
    external_ids: dict[Label, Id] = {}
    emails: list[str] = []
    given_name: str | None = None
    family_name: str | None = None
    kind: Code | None = None
    specialty: Label | None = None
    credentials: str | None = None
    affiliations: list[Affiliation] = []
    postal_code: str | None = None
    region: Label | None = None
    country: Label | None = None
    licences: list[Licence] = []
    segments: list[Label] = []
    consents: list[Consent] = []

    def key(self) -> str:
        return self.contact_id
