"""The mappings we ship: one JSON file per platform, no code."""

from collections.abc import Mapping
from pathlib import Path

from intake.decisions.adapters import Adapter
from intake.decisions.mappings import MappingDocument, adapter_of


def _shipped() -> dict[str, MappingDocument]:
    files = sorted(Path(__file__).parent.glob("*.json"))
    return {file.stem: MappingDocument.model_validate_json(file.read_bytes()) for file in files}


DOCUMENTS: Mapping[str, MappingDocument] = _shipped()
SHIPPED: Mapping[str, Adapter] = {name: adapter_of(document) for name, document in DOCUMENTS.items()}
