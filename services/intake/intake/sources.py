"""A source's settings: what an integrator tells us of a platform, in the API and in the database."""

from typing import Annotated

from pydantic import Field

from shared.bodies import Body, Id, Link
from shared.events.engagements import EngagementKind


class SourceSettings(Body):
    """`public_url` is the address the platform posts to, if not our own; `brand_id` the brand of what can't tell its own;
    `property_kinds` says which kind of engagement a changed property is."""

    public_url: Link | None = None
    brand_id: Id | None = None
    property_kinds: Annotated[dict[Id, EngagementKind], Field(max_length=500)] = {}
