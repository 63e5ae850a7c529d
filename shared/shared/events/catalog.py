"""Topic `catalog`: campaigns and assets. Titles are approved content, not what somebody typed about a person."""

from datetime import date
from typing import Any

from shared.events.facts import Code, Fact, Id, Label, Part, contract
from shared.events.topics import CATALOG


class Approval(Part):
    """What MLR review gave an asset: where it may be used and until when."""

    status: Code
    code: str
    regions: list[Label] = []
    expires_on: date


class RecognitionKey(Part):
    """How an asset or campaign is recognised in a platform's own events."""

    source: Id | None = None
    kind: Code
    value: str


class ChannelRole(Part):
    """What a channel is for in a campaign."""

    channel: Code
    role: str
    goal: str | None = None


@contract("asset.snapshot", topic=CATALOG, producer="intake", consumers=("routing", "reporting"))
class AssetSnapshot(Fact):
    """A piece of content in its current version. `answers` are the objection topics it responds to."""

    asset_id: Id
    version: Label
    brand_id: Id
    title: str
    kind: Code
    topics: list[Label] = []
    journey_stage: Code
    intent: Code
    claims: list[str] = []
    answers: list[Code] = []
    approval: Approval
    url: str | None = None
    keys: list[RecognitionKey] = []

    def key(self) -> str:
        return f"asset:{self.asset_id}"


@contract("campaign.snapshot", topic=CATALOG, producer="intake", consumers=("routing", "reporting"))
class CampaignSnapshot(Fact):
    """A planned programme with its assets and what the field is asked to do."""

    campaign_id: Id
    brand_id: Id
    indication: str
    name: str
    segment: Label | None = None
    stage_goal: str
    channels: list[ChannelRole] = []
    asset_ids: list[Id] = []
    activation: dict[str, Any] | None = None
    informed_by: list[Id] = []
    starts_on: date
    ends_on: date
    owner: str
    keys: list[RecognitionKey] = []

    def key(self) -> str:
        return f"campaign:{self.campaign_id}"
