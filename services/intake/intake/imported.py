"""What a row of an imported file is: read and judged alone, by the very models of the API, and what it is identified by."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ValidationError

from intake.posted import EngagementBody
from intake.rows import ContactRow
from shared.problems import FieldError, field_errors
from shared.tabular import OVERLONG, Format, RawRow, Table, UnreadableRow, read_json

ImportKind = Literal["contacts", "engagements"]
ImportState = Literal["receiving", "checking", "applying", "done", "failed"]

MODELS: Mapping[ImportKind, type[BaseModel]] = {"contacts": ContactRow, "engagements": EngagementBody}

_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A row that can be: `value` is what was sent, `model` what it means."""

    number: int
    value: Any
    model: Any


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that can't be, and what is wrong with it; pointers lead into the row."""

    number: int
    errors: Sequence[FieldError]


@dataclass(frozen=True, slots=True)
class Identity:
    """Something that only one row of a file may have: a hash of it, and the field that states it."""

    pointer: str
    digest: UUID


class RowReader:
    """Reads the rows of one file. `columns` are those of a CSV file, None for NDJSON."""

    def __init__(self, kind: ImportKind, columns: Sequence[str] | None) -> None:
        self._model = MODELS[kind]
        self._value: Callable[[bytes], Any] = read_json if columns is None else Table(columns, self._model).read

    def read(self, raw: RawRow) -> ImportedRow | RefusedRow:
        """The row, or why it is none."""
        if raw.content is None:
            return RefusedRow(raw.number, [OVERLONG.error])
        try:
            value = self._value(raw.content)
        except UnreadableRow as error:
            return RefusedRow(raw.number, [error.error])
        try:
            return ImportedRow(raw.number, value, self._model.model_validate(value))
        except ValidationError as error:
            return RefusedRow(raw.number, field_errors(error, value))


def columns_of(form: Format, header: RawRow, kind: ImportKind) -> Sequence[str] | None:
    """The columns a file's header names; None for a form without one. Raises `UnreadableFile`."""
    return None if form == "ndjson" else Table.of_header(header.content or b"", MODELS[kind]).columns


def identities(row: ImportedRow) -> list[Identity]:
    """What no other row of the file may have."""
    match row.model:
        case ContactRow(id=contact_id):
            return [Identity("/id", _digest("contact", contact_id))]
        case EngagementBody(id=engagement_id, source=source, source_event_id=event_id):
            found = [Identity("/source_event_id", _digest("event", source, event_id))]
            return found if engagement_id is None else [*found, Identity("/id", _digest("engagement", str(engagement_id)))]
        case _:
            raise TypeError(type(row.model))


def _digest(*parts: str) -> UUID:
    """One line each, which no id holds a break of."""
    return UUID(bytes=hashlib.blake2b("\n".join(parts).encode(), digest_size=_DIGEST_BYTES).digest())
