"""Cases: when they are due, what is read of them, and who may see what."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, get_args

from feedback.decisions.suspicion import suspected_matters
from shared.events.cases import CaseKind

# The time companies give themselves to hand an adverse event on, counted from the moment the rep knew (day 0).
HAND_OVER_WITHIN = timedelta(hours=24)

_KINDS_BY_ROLE: dict[str, frozenset[CaseKind]] = {
    "safety": frozenset({"adverse_event", "special_situation", "product_complaint"}),
    "medical": frozenset({"medical_inquiry"}),
    "privacy": frozenset({"privacy"}),
    "auditor": frozenset(get_args(CaseKind)),
}
_SEES_NO_TEXT = "auditor"


def visible_kinds(roles: Collection[str]) -> frozenset[CaseKind]:
    """The kinds of cases these roles may know of."""
    return frozenset().union(*(_KINDS_BY_ROLE.get(role, frozenset()) for role in roles))


def readable_kinds(roles: Collection[str]) -> frozenset[CaseKind]:
    """The kinds of cases whose text these roles may read: their own, never for oversight alone."""
    return visible_kinds([role for role in roles if role != _SEES_NO_TEXT])


def aware_since(*, occurred_at: datetime | None, received_at: datetime) -> datetime:
    """When the clock of a case began: when the rep first knew, and never later than we did, whatever the device's clock says."""
    return received_at if occurred_at is None else min(occurred_at, received_at)


def due_at(awareness_at: datetime) -> datetime:
    """When a case must have been handed on."""
    return awareness_at + HAND_OVER_WITHIN


def wording_of(body: Any) -> str:
    """What a person typed in a report's JSON body, one piece a line: the note, and prose put in any other field.

    Ids, times and codes are no prose; a reason code, which is anybody's own word, is looked at by its meaning.
    """
    reason_code = body.get("reason_code") if isinstance(body, dict) else None
    pieces = list(_prose(body, is_note=False))
    if isinstance(reason_code, str) and reason_code not in pieces and suspected_matters(reason_code):
        pieces.append(reason_code)
    return "\n".join(pieces)


def _prose(value: Any, *, is_note: bool) -> list[str]:
    match value:
        case str():
            return [value] if value and (is_note or not _is_code_or_id(value)) else []
        case list():
            return [piece for item in value for piece in _prose(item, is_note=is_note)]
        case dict():
            return [piece for name, item in value.items() for piece in _prose(item, is_note=is_note or name == "note")]
        case _:
            return []


def _is_code_or_id(value: str) -> bool:
    return value.isascii() and not any(character.isspace() for character in value)
