"""A source's settings: what an integrator tells us of a platform, in the API and in the database."""

from typing import Annotated

from pydantic import Field

from shared.bodies import Body, Id, Label, Link
from shared.events.engagements import EngagementKind


class SourceSettings(Body):
    """`public_url` is the address the platform posts to, if not our own; `brand_id` the brand of what can't tell its own;
    `property_kinds` says which kind of engagement a changed property is, `event_kinds` the same of an event type that the platform's users
    name themselves; `callback_id` is the platform's own name of this connection."""

    public_url: Link | None = None
    brand_id: Id | None = None
    property_kinds: Annotated[dict[Id, EngagementKind], Field(max_length=500)] = {}
    event_kinds: Annotated[dict[Label, EngagementKind], Field(max_length=500)] = {}
    callback_id: Id | None = None
