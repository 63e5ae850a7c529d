"""One adapter per platform: how its requests are signed, and what its events mean in the canonical vocabulary."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from intake.decisions.acts import Item
from intake.decisions.adapters import hubspot, mautic
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.signatures import Recipe

__all__ = ["ADAPTERS", "Adapter", "SourceFacts"]


@dataclass(frozen=True, slots=True)
class Adapter:
    """A platform's signature recipe and its reading. `read` takes a parsed body and gives one item per event in it."""

    recipe: Recipe
    read: Callable[[object, SourceFacts], list[Item]]
    settings: frozenset[str]


ADAPTERS: Mapping[str, Adapter] = {
    "mautic": Adapter(recipe=mautic.RECIPE, read=mautic.read, settings=frozenset({"public_url", "brand_id"})),
    "hubspot": Adapter(recipe=hubspot.RECIPE, read=hubspot.read, settings=frozenset({"public_url", "brand_id", "property_kinds"})),
}
