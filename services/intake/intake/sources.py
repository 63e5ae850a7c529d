"""A source's settings: what an integrator tells us of a platform, in the API and in the database."""

from typing import Annotated, Literal

from pydantic import Field

from intake.decisions.rate_limits import RateLimit
from intake.decisions.source_flags import SourceFlags
from shared.bodies import Body, Id, Int, Label, Link, Moment, Number
from shared.events.engagements import EngagementKind


class RateLimitSetting(Body):
    """How many requests a second a source may post, on average, and how many at once."""

    per_second: Annotated[Number, Field(gt=0, le=100_000)]
    burst: Annotated[Int, Field(ge=1, le=1_000_000)]

    @property
    def limit(self) -> RateLimit:
        """The same, for whoever decides."""
        return RateLimit(self.per_second, self.burst)


class SourceSettings(Body):
    """`public_url` is the address the platform posts to, if not our own; `brand_id` the brand of what can't tell its own;
    `property_kinds` says which kind of engagement a changed property is, `event_kinds` the same of an event type that the platform's users
    name themselves; `callback_id` is the platform's own name of this connection; `rate_limit` bounds what each process of ours takes.
    Engagements in `mode` test carry the flag `test`, those of before `backfill_before` the flag `backfill`."""

    public_url: Link | None = None
    brand_id: Id | None = None
    property_kinds: Annotated[dict[Id, EngagementKind], Field(max_length=500)] = {}
    event_kinds: Annotated[dict[Label, EngagementKind], Field(max_length=500)] = {}
    callback_id: Id | None = None
    rate_limit: RateLimitSetting | None = None
    mode: Literal["live", "test"] = "live"
    backfill_before: Moment | None = None

    @property
    def flags(self) -> SourceFlags:
        """What these settings say of the source's engagements."""
        return SourceFlags(is_test=self.mode == "test", backfill_before=self.backfill_before)


OF_EVERY_PLATFORM = frozenset({"rate_limit", "mode", "backfill_before"})
"""The settings that mean the same whatever the platform; which of the others do, its adapter says."""
