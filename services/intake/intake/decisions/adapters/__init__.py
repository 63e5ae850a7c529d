"""One adapter per platform: how its requests are proved, and what its events mean in the canonical vocabulary."""

from collections.abc import Mapping

from intake.decisions.adapters import hubspot, mautic
from intake.decisions.adapters.interface import Adapter, Answers
from intake.decisions.adapters.settings import SourceFacts

__all__ = ["ADAPTERS", "Adapter", "Answers", "SourceFacts"]

ADAPTERS: Mapping[str, Adapter] = {
    "mautic": Adapter(recipe=mautic.RECIPE, read=mautic.read, settings=frozenset({"public_url", "brand_id"})),
    "hubspot": Adapter(recipe=hubspot.RECIPE, read=hubspot.read, settings=frozenset({"public_url", "brand_id", "property_kinds"})),
}
