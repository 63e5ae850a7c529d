"""Files of rows, CSV or NDJSON, however long: cut into rows while they stream, each then read alone.

In CSV (RFC 4180: commas, doubled quotes, UTF-8) the header names the fields; an empty cell leaves its field out, and a cell of a field
that is no text holds JSON.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.problems import FieldError
from shared.strict_json import Malformed, parse

Format = Literal["csv", "ndjson"]

ROW_BYTES_MAX: Final = 1024 * 1024
HEADER: Final = 0
"""The number of a CSV file's header: rows are counted from 1 behind it."""

_BOM = b"\xef\xbb\xbf"
_TEXTS = (str, datetime, date, UUID)


class UnreadableFile(Exception):
    """The file as a whole can't be read; `reason` is a sentence for whoever sent it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnreadableRow(ValueError):
    """A row can't be read; `error` says where and why, without what was sent."""

    def __init__(self, error: FieldError) -> None:
        super().__init__(error.detail)
        self.error = error


OVERLONG = UnreadableRow(FieldError("", f"is longer than {ROW_BYTES_MAX} bytes"))


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as it stands in the file. `end`: how many bytes of the file end with it. `content` None: it is longer than a row may be."""

    number: int
    end: int
    content: bytes | None


class Cutter:
    """Cuts pieces of a file, given one after the other, into its rows. Blank lines count as rows and are left out.

    `number` and `at` are the row and the byte up to which it was cut before. It holds one row's bytes at most beside the piece.
    """

    def __init__(self, form: Format, *, number: int | None = None, at: int = 0) -> None:
        self._quoted = form == "csv"
        self._number = number if number is not None else (HEADER if self._quoted else HEADER + 1) - 1
        self._at = at
        self._begun: list[bytes] = []
        self._begun_bytes = 0
        self._is_open = False
        self._is_overlong = False

    def cut(self, piece: bytes) -> Iterator[RawRow]:
        """The rows that end in this piece. Raises `UnreadableFile`."""
        *lines, rest = piece.split(b"\n")
        for line in lines:
            self._take(line)
            self._is_open ^= self._quoted and line.count(b'"') % 2 == 1
            if self._is_open:
                self._take(b"\n")
            elif (row := self._end(1)) is not None:
                yield row
        if rest:
            self._take(rest)
            self._is_open ^= self._quoted and rest.count(b'"') % 2 == 1

    def rest(self) -> RawRow | None:
        """The last row, which no line end follows. Raises `UnreadableFile`."""
        if self._is_open:
            raise UnreadableFile(f"A quote in row {self._number + 1} is not closed.")
        return self._end(0) if self._begun_bytes else None

    def _take(self, part: bytes) -> None:
        self._begun_bytes += len(part)
        self._is_overlong = self._begun_bytes > ROW_BYTES_MAX
        if not self._is_overlong:
            self._begun.append(part)
        elif self._quoted:
            raise UnreadableFile(f"Row {self._number + 1} is longer than {ROW_BYTES_MAX} bytes; perhaps a quote in it is not closed.")
        else:
            self._begun.clear()

    def _end(self, line_end_bytes: int) -> RawRow | None:
        self._number += 1
        self._at += self._begun_bytes + line_end_bytes
        content = None if self._is_overlong else b"".join(self._begun)
        self._begun, self._begun_bytes, self._is_overlong = [], 0, False
        if content is not None and not content.strip():
            if self._quoted and self._number == HEADER:
                self._number -= 1  # the header is still to come
            return None
        return RawRow(self._number, self._at, content)


class Table:
    """How the rows of one CSV file are read: by the columns its header names."""

    def __init__(self, columns: Sequence[str], model: type[BaseModel]) -> None:
        self.columns = columns
        self._texts = text_fields(model)

    @classmethod
    def of_header(cls, content: bytes, model: type[BaseModel]) -> "Table":
        """Raises `UnreadableFile` for a header that names what is no field, or a field twice."""
        try:
            columns = _cells(content.removeprefix(_BOM))
        except UnreadableRow as error:
            raise UnreadableFile(f"The header {error.error.detail}.") from None
        unknown = [place for place, name in enumerate(columns, start=1) if name not in _fields(model)]
        if unknown:
            raise UnreadableFile(f"The header names no field in column {', '.join(map(str, unknown[:10]))}.")
        if len(set(columns)) < len(columns):
            raise UnreadableFile("The header names a field twice.")
        return cls(columns, model)

    def read(self, content: bytes) -> dict[str, Any]:
        """A row as the object its cells make. Raises `UnreadableRow`."""
        cells = _cells(content)
        if len(cells) != len(self.columns):
            raise UnreadableRow(FieldError("", f"has {len(cells)} cells where the header has {len(self.columns)}"))
        return {name: self._value(name, cell) for name, cell in zip(self.columns, cells, strict=True) if cell}

    def _value(self, name: str, cell: str) -> Any:
        if name in self._texts:
            return cell
        try:
            return parse(cell.encode())
        except Malformed:
            raise UnreadableRow(FieldError(f"/{name}", "must hold JSON")) from None


def read_rows(content: bytes, form: Format, model: type[BaseModel]) -> list[Any]:
    """The rows of a file that is in memory already; one that can't be read is its `UnreadableRow`. Raises `UnreadableFile`."""
    cutter = Cutter(form)
    rows = [*cutter.cut(content), *([last] if (last := cutter.rest()) is not None else [])]
    if form == "ndjson":
        return [_tried(read_json, row) for row in rows]
    table = Table.of_header(rows[0].content or b"", model) if rows else None
    return [] if table is None else [_tried(table.read, row) for row in rows[1:]]


def _tried(read: Callable[[bytes], Any], row: RawRow) -> Any:
    if row.content is None:
        return OVERLONG
    try:
        return read(row.content)
    except UnreadableRow as unreadable:
        return unreadable


def read_json(content: bytes) -> Any:
    """A row of NDJSON. Raises `UnreadableRow`."""
    try:
        return parse(content)
    except Malformed as error:
        raise UnreadableRow(FieldError("", error.reason)) from None


def text_fields(model: type[BaseModel]) -> frozenset[str]:
    """The fields of which a CSV cell is the text itself: texts, codes, times, ids. All others hold JSON."""
    return frozenset(name for name, field in _fields(model).items() if _is_text(field.annotation))


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields as a row names them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _is_text(annotation: Any) -> bool:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_text(parts[0])
    if origin in (Union, UnionType):
        return all(_is_text(part) for part in parts if part is not type(None))
    if origin is Literal:
        return all(isinstance(part, str) for part in parts)
    return annotation in _TEXTS


def _cells(content: bytes) -> list[str]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise UnreadableRow(FieldError("", "is not written in UTF-8")) from None
    if "\x00" in text:
        raise UnreadableRow(FieldError("", "holds a NUL character, which no text can"))
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        raise UnreadableRow(FieldError("", "is not CSV: a quote or a line end stands where none can, or a cell is too long")) from None
    return rows[0] if len(rows) == 1 else []
