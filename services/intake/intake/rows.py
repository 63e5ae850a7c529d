"""The rows of the bulk upserts, as an integrator sends them: contacts, assets, campaigns.

Lists are bounded so that a snapshot always fits a Kafka record.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from intake.decisions.adapters import reading
from intake.decisions.consents import MARKETING, ConsentState
from intake.decisions.persons import NPI, email_key, is_npi
from shared.bodies import Body, Code, Country, Day, Email, Flag, Id, Label, Link, Moment
from shared.events.engagements import EngagementContext

# A word of a list somebody else keeps (topics, segments): events carry no longer ones.
Word = Annotated[Label, StringConstraints(max_length=120)]
Claim = Annotated[str, StringConstraints(min_length=1, max_length=500)]
PlatformName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]


def _address(address: str) -> str:
    if email_key(address) is None:
        raise ValueError("must be an e-mail address")
    return address


def _npi_checked(external_ids: dict[str, str]) -> dict[str, str]:
    if NPI in external_ids and not is_npi(external_ids[NPI]):
        raise ValueError("npi must have ten digits and a right check digit")
    return external_ids


Address = Annotated[Email, AfterValidator(_address)]
ExternalIds = Annotated[dict[PlatformName, Id], Field(max_length=50), AfterValidator(_npi_checked)]
Emails = Annotated[list[Address], Field(max_length=50)]


class AffiliationRow(Body):
    """Where a contact works."""

    account_id: Id
    primary: Flag


class ConsentRow(Body):
    """A consent act, as a directory knows it. Without `at` the strictest reading holds."""

    channel: Code
    purpose: Code = MARKETING
    state: ConsentState
    at: Moment | None = None
    evidence: Label | None = None
    legal_basis: Label | None = None


class LicenceRow(Body):
    """A licence to practise."""

    authority: Word
    state: Word
    valid_until: Day


class ContactRow(Body):
    """What a directory states of a person, whole. `merged_into`: the contact this one is, as a customer master found; it may be in the same
    request. That it is left out later takes nothing back."""

    id: Id
    external_ids: ExternalIds = {}
    emails: Emails = []
    given_name: Label
    family_name: Label
    kind: Literal["prescriber", "pharmacist", "nurse", "payer", "other"]
    specialty: Word
    credentials: Label | None = None
    affiliations: Annotated[list[AffiliationRow], Field(max_length=100)] = []
    postal_code: Word
    country: Country
    region: Word | None = None
    segments: Annotated[list[Word], Field(max_length=200)] = []
    licences: Annotated[list[LicenceRow], Field(max_length=100)] = []
    consents: Annotated[list[ConsentRow], Field(max_length=200)] = []
    merged_into: Id | None = None

    @model_validator(mode="after")
    def _one_primary(self) -> Self:
        if sum(affiliation.primary for affiliation in self.affiliations) > 1:
            raise ValueError("at most one affiliation can be the primary one")
        return self

    @field_validator("merged_into")
    @classmethod
    def _into_another(cls, merged_into: str | None, info: ValidationInfo) -> str | None:
        if merged_into is not None and merged_into == info.data.get("id"):
            raise ValueError("must be another contact's id")
        return merged_into


class ApprovalRow(Body):
    """What MLR review gave an asset."""

    status: Code
    code: Label
    regions: Annotated[list[Country], Field(max_length=300)] = []
    expires_on: Day


class AssetKeyRow(Body):
    """How an asset is recognised in a platform's events."""

    source: Id | None = None
    kind: Literal["form", "page", "email", "url", "utm_content"]
    value: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]

    @model_validator(mode="after")
    def _url_is_one(self) -> Self:
        if self.kind == "url" and reading.address(self.value, with_query=True) is None:
            raise ValueError("the value of a url key must be a web address")
        return self


class CampaignKeyRow(Body):
    """How a campaign is recognised in a platform's events."""

    source: Id | None = None
    kind: Code
    value: Label


class AssetRow(Body):
    """A piece of content in its current version."""

    id: Id
    version: Word
    brand_id: Id
    title: Label
    kind: Code
    topics: Annotated[list[Word], Field(max_length=100)] = []
    journey_stage: Code
    intent: EngagementContext
    claims: Annotated[list[Claim], Field(max_length=100)] = []
    answers: Annotated[list[Code], Field(max_length=100)] = []
    approval: ApprovalRow
    url: Link | None = None
    keys: Annotated[list[AssetKeyRow], Field(max_length=50)] = []


class ChannelRow(Body):
    """What a channel is for in a campaign."""

    channel: Code
    role: Label
    goal: Label | None = None


class ActivationRow(Body):
    """What the field is asked to do."""

    call_guide: Annotated[str, StringConstraints(max_length=10_000)]
    meeting_ask: Annotated[str, StringConstraints(max_length=10_000)]


class CampaignRow(Body):
    """A planned programme."""

    id: Id
    brand_id: Id
    indication: Label
    name: Label
    segment: Word | None = None
    stage_goal: Label
    channels: Annotated[list[ChannelRow], Field(max_length=50)] = []
    asset_ids: Annotated[list[Id], Field(max_length=500)] = []
    activation: ActivationRow | None = None
    informed_by: Annotated[list[Id], Field(max_length=200)] = []
    starts_on: Day
    ends_on: Day
    owner: Label
    keys: Annotated[list[CampaignKeyRow], Field(max_length=50)] = []

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on must not lie before starts_on")
        return self
