"""What an adapter needs to know of the source it reads for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.events.engagements import EngagementKind


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A source's name, and what its integrator told us about it. `property_kinds` maps a platform's property to an engagement kind."""

    name: str
    property_kinds: Mapping[str, EngagementKind] = field(default_factory=dict)
