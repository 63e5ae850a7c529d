"""Every platform we know by name: in code, or by a mapping we ship."""

from collections.abc import Mapping

from intake.decisions.adapters import ADAPTERS, Adapter
from intake.mappings import SHIPPED

PLATFORMS: Mapping[str, Adapter] = {**ADAPTERS, **SHIPPED}
