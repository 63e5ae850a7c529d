"""Bulk upserts: `PUT /v1/<collection>` with rows as a JSON array, NDJSON or CSV, each judged alone, so that a bad row never stops a
good one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, Protocol, TypeVar

from fastapi import Body as BodyParameter
from pydantic import BaseModel, Field, GetJsonSchemaHandler, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from shared.bodies import Answer
from shared.problems import FieldError, field_errors
from shared.tabular import Format, UnreadableRow

MAX_ROWS: Final = 10_000


class _KeyedRow(Protocol):
    @property
    def id(self) -> str: ...


class RejectedRow(Answer):
    """A row that was not taken, counted from 1, and what is wrong with it; pointers lead into the row."""

    row: int
    errors: list[FieldError]


class UpsertVerdict(Answer):
    """What became of each row of a bulk upsert."""

    created: int
    updated: int
    unchanged: int
    rejected: list[RejectedRow]


FORMATS: Final[dict[str, Format]] = {"application/x-ndjson": "ndjson", "text/csv": "csv"}
"""The forms of rows beside a JSON array, by their media types."""

UpsertRows = Annotated[list[Any], Field(max_length=MAX_ROWS), BodyParameter()]
"""The body parameter of a bulk upsert: rows not looked at yet."""


@dataclass(frozen=True, slots=True)
class RowsOf:
    """`rows: Annotated[UpsertRows, RowsOf(ContactRow)]`: what a row looks like, told in the OpenAPI document alone."""

    model: type[BaseModel]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"items": handler(self.model.__pydantic_core_schema__)}


M = TypeVar("M", bound=_KeyedRow)


@dataclass(frozen=True, slots=True)
class Rows(Generic[M]):
    """Rows of one request, numbered from 1: those that can be taken, and those that can't."""

    good: list[tuple[int, M]]
    rejected: list[RejectedRow]


def read_rows(model: type[M], rows: Sequence[Any]) -> Rows[M]:
    """Validates each row alone, as `model`, a pydantic model with an `id`.

    An id that comes again in the same request is rejected where it comes again: which one was meant we can't know.
    """
    validator = TypeAdapter(model)
    good: list[tuple[int, M]] = []
    rejected: list[RejectedRow] = []
    first_seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        if isinstance(row, UnreadableRow):
            rejected.append(RejectedRow(row=number, errors=[row.error]))
            continue
        try:
            read = validator.validate_python(row)
        except ValidationError as error:
            rejected.append(RejectedRow(row=number, errors=field_errors(error, row)))
            continue
        if (earlier := first_seen.setdefault(read.id, number)) != number:
            repeated = FieldError("/id", f"is also the id of row {earlier} of this request")
            rejected.append(RejectedRow(row=number, errors=[repeated]))
        else:
            good.append((number, read))
    return Rows(good=good, rejected=rejected)
