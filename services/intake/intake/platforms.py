"""Every platform we know by name, in code or by a mapping we ship; and a source together with the platform it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from intake.decisions.adapters import ADAPTERS, Adapter, SourceFacts
from intake.decisions.adapters.handshakes import probe
from intake.decisions.mappings import MappingDocument, adapter_of
from intake.mappings import SHIPPED
from intake.queries.received import StoredSource
from intake.sources import SourceSettings

PLATFORMS: Mapping[str, Adapter] = {**ADAPTERS, **SHIPPED}

MEDIA_TYPES = frozenset(label for adapter in PLATFORMS.values() for label in adapter.media_types)
"""What bodies may be labelled as at all."""


class UnknownPlatform(Exception):
    """A source is of a platform this version of the service doesn't know: a later one connected it."""


@dataclass(frozen=True, slots=True)
class ConnectedSource:
    """A stored source and what it takes to read for it, made once for as long as it is stored like this."""

    stored: StoredSource
    adapter: Adapter
    facts: SourceFacts

    @classmethod
    def of(cls, stored: StoredSource) -> "ConnectedSource":
        """Raises `UnknownPlatform`."""
        return cls(stored, _platform_of(stored), facts_of(stored.name, stored.settings))

    @property
    def asks_by_posting(self) -> bool:
        """Whether a request with a body may be a question instead of events."""
        return self.adapter.handshake is not probe


def facts_of(name: str, settings: SourceSettings) -> SourceFacts:
    """What an adapter needs to know of a source with these settings."""
    return SourceFacts(name, settings.property_kinds, settings.event_kinds, settings.callback_id)


def _platform_of(stored: StoredSource) -> Adapter:
    try:
        if stored.mapping is not None:
            return adapter_of(MappingDocument.model_validate(stored.mapping))
        return PLATFORMS[stored.adapter or ""]
    except (KeyError, ValidationError) as error:
        raise UnknownPlatform(stored.name) from error
