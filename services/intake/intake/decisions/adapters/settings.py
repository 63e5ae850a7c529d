"""What an adapter needs to know of the source it reads for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.events.engagements import EngagementKind


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A source's name, and what its integrator told us about it.

    `property_kinds` maps a platform's property, and `event_kinds` a type its users name themselves, to an engagement kind.
    `callback_id` is the platform's own name of this connection, once it has one.
    """

    name: str
    property_kinds: Mapping[str, EngagementKind] = field(default_factory=dict)
    event_kinds: Mapping[str, EngagementKind] = field(default_factory=dict)
    callback_id: str | None = None
