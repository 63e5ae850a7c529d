"""Platforms connected without code: a mapping is read as JSON, and becomes an adapter like any other."""

from functools import partial

from intake.decisions.adapters import Adapter, Answers
from intake.decisions.adapters.bodies import json_value
from intake.decisions.mappings.document import MappingDocument, Meaning
from intake.decisions.mappings.forms import nested_form_value
from intake.decisions.mappings.items import read

__all__ = ["MappingDocument", "adapter_of"]

_MEDIA_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


def adapter_of(mapping: MappingDocument) -> Adapter:
    """The platform a mapping states."""
    meanings = {name: list(_outcomes(meaning)) for name, meaning in mapping.kinds.items()}
    kinds = {name: tuple(dict.fromkeys(meaning.kind for meaning in found if meaning.kind)) for name, found in meanings.items()}
    return Adapter(
        recipe=mapping.proof.recipe(),
        read=partial(read, mapping),
        settings=frozenset({"brand_id", "event_kinds", *(("public_url",) if mapping.proof.signs_the_address else ())}),
        value=json_value if mapping.body == "json" else nested_form_value,
        answers=Answers(accepted=mapping.status_codes.accepted, unavailable=mapping.status_codes.unavailable),
        media_types=frozenset({_MEDIA_TYPES[mapping.body]}),
        kinds={name: found for name, found in kinds.items() if found},
        ignored={name: meanings[name][0].ignored or "" for name, found in kinds.items() if not found},
    )


def _outcomes(meaning: Meaning) -> list[Meaning]:
    """What a meaning may come to in the end."""
    if meaning.by is None:
        return [meaning]
    branches = [*meaning.kinds.values(), *([meaning.otherwise] if meaning.otherwise is not None else [])]
    return [outcome for branch in branches for outcome in _outcomes(branch)]
