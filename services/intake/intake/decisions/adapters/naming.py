"""Event types their users name themselves: what an integrator said of a name, else what the name itself says."""

import re
from collections.abc import Mapping

from intake.decisions.adapters.settings import SourceFacts
from shared.events.engagements import ENGAGEMENT_KINDS, EngagementKind

_NAME_CHARS_MAX = 200
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")
_VERSION = re.compile(r"_v?[0-9]+$")

KINDS: Mapping[str, EngagementKind] = {kind: kind for kind in ENGAGEMENT_KINDS}  # type: ignore[misc]  # the literal's own values
"""The kinds by their own names."""


def kind_of(name: str, source: SourceFacts) -> EngagementKind | None:
    """The kind of an event of this name: as the source's `event_kinds` say, or as its last words do.

    `Form Submitted`, `email.clicked` and `com.example.engagement.email.clicked.v1` say it; a version at the end doesn't matter.
    """
    stated = source.event_kinds.get(name)
    if stated is not None or len(name) > _NAME_CHARS_MAX:
        return stated
    words = _VERSION.sub("", _BETWEEN_WORDS.sub("_", name.lower()).strip("_")).split("_")
    return next((kind for begin in range(len(words)) if (kind := KINDS.get("_".join(words[begin:]))) is not None), None)
