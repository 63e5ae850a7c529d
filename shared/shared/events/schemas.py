"""The contracts as JSON Schema files: `python -m shared.events.schemas` writes them; a test fails when they no longer match the code."""

import json
from pathlib import Path
from typing import Any

from shared.events import REGISTRY, Contract

CONTRACTS = Path(__file__).parents[2] / "contracts"


def schema_of(contract: Contract) -> dict[str, Any]:
    """The JSON Schema of one contract, with who produces and consumes it and where."""
    schema = contract.fact.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": contract.dataschema,
        "x-topic": contract.topic.name,
        "x-keyed-by": contract.topic.keyed_by,
        "x-producer": contract.producers[0] if len(contract.producers) == 1 else list(contract.producers),
        "x-consumers": list(contract.consumers),
        **schema,
    }


def path_of(contract: Contract) -> Path:
    """Where the contract's schema is kept."""
    return CONTRACTS / "schemas" / f"{contract.event_type}.v{contract.version}.schema.json"


def write_all() -> None:
    """Writes every schema, and removes those of contracts that are gone."""
    wanted = {path_of(contract): schema_of(contract) for contract in REGISTRY.values()}
    for stale in set((CONTRACTS / "schemas").glob("*.json")) - set(wanted):
        stale.unlink()
    for path, schema in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    write_all()
