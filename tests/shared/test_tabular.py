"""Rows of CSV and NDJSON files: cut alike however the file comes, read alone, and refused with a reason."""

import csv
import io
import itertools
import json
from datetime import datetime
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bodies import Body, Code, Day, Flag, Id, Int, Moment, Uuid
from shared.tabular import ROW_BYTES_MAX, Cutter, Format, RawRow, Table, UnreadableFile, UnreadableRow, read_json, text_fields


class Row(Body):
    id: Id
    kind: Literal["a", "b"] = "a"
    code: Code | None = None
    at: Moment | None = None
    on: Day | None = None
    uuid: Uuid | None = None
    count: Int | None = None
    flag: Flag = False
    words: list[str] = []
    keys: dict[str, str] = {}


def cut(form: Format, *pieces: bytes, number: int | None = None, at: int = 0) -> list[RawRow]:
    cutter = Cutter(form, number=number, at=at)
    rows = [row for piece in pieces for row in cutter.cut(piece)]
    last = cutter.rest()
    return rows if last is None else [*rows, last]


def pieces_of(content: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(content), *(place % (len(content) + 1) for place in cuts)})
    return [content[begin:end] for begin, end in itertools.pairwise(places)]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)
CUTS = st.lists(st.integers(0, 10_000), max_size=8)


@given(table=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12), cuts=CUTS)
def test_a_csv_file_is_cut_into_the_rows_that_were_written_wherever_it_breaks(table: list[tuple[str, str]], cuts: list[int]) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("id", "code"), *table])
    content = written.getvalue().encode()
    header, *rows = cut("csv", *pieces_of(content, cuts))
    columns = Table.of_header(header.content or b"", Row)
    assert header.number == 0
    assert [row.number for row in rows] == list(range(1, len(table) + 1))
    read = [columns.read(row.content or b"") for row in rows]
    assert read == [{name: cell for name, cell in zip(("id", "code"), cells, strict=True) if cell} for cells in table]
    assert rows[-1].end == len(content)


@given(values=st.lists(st.dictionaries(CELLS, CELLS | st.none() | st.integers(-9, 9), max_size=3), max_size=12), cuts=CUTS)
def test_an_ndjson_file_is_cut_into_its_lines_wherever_it_breaks(values: list[dict[str, object]], cuts: list[int]) -> None:
    content = "\n".join(json.dumps(value) for value in values).encode()
    rows = cut("ndjson", *pieces_of(content, cuts))
    assert [row.number for row in rows] == list(range(1, len(values) + 1))
    assert [read_json(row.content or b"") for row in rows] == values


@pytest.mark.parametrize("form", ["csv", "ndjson"])
@given(cuts=CUTS, data=st.data())
def test_cutting_goes_on_behind_any_row_as_if_it_had_never_stopped(form: Format, cuts: list[int], data: st.DataObject) -> None:
    lines = [b"id,code", b'a,"x\ny"', b"", b"b,", b"c,d\r"] if form == "csv" else [b'{"id": 1}', b" ", b"[]", b"null"]
    content = b"\n".join(lines) + b"\n"
    whole = cut(form, content)
    stop = data.draw(st.sampled_from(range(len(whole))))
    before = whole[stop]
    assert whole[stop + 1 :] == cut(form, *pieces_of(content[before.end :], cuts), number=before.number, at=before.end)


def test_blank_lines_are_no_rows_but_counted_so_that_a_number_finds_its_line() -> None:
    assert [(row.number, row.content) for row in cut("ndjson", b"\n1\n \r\n2")] == [(2, b"1"), (4, b"2")]
    assert [row.number for row in cut("csv", b"\n\nid\n\na\n")] == [0, 2]


def test_a_line_too_long_is_one_bad_row_and_held_by_nobody() -> None:
    pieces = [b"1\n", *[b"x" * 100_000] * 12, b"\n2\n"]
    assert [(row.number, row.content and len(row.content)) for row in cut("ndjson", *pieces)] == [(1, 1), (2, None), (3, 1)]
    assert cut("ndjson", *pieces)[-1].end == sum(map(len, pieces))
    fitting = b"y" * ROW_BYTES_MAX
    assert cut("ndjson", fitting)[0].content == fitting


def test_a_quote_that_is_never_closed_is_the_files_fault_and_found_before_it_is_read_to_its_end() -> None:
    with pytest.raises(UnreadableFile, match="Row 1 is longer"):
        cut("csv", b'id,code\na,"', *[b"x,y\n" * 50_000] * 100)
    with pytest.raises(UnreadableFile, match="quote in row 1"):
        cut("csv", b'id,code\na,"b\n')


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"id,surname", "names no field in column 2"),
        (b"id,id", "twice"),
        (b"\xff", "UTF-8"),
        (b'"id"x', "not CSV"),
        (b"id;code", "names no field in column 1"),
    ],
)
def test_a_header_that_cannot_be_is_the_files_fault(header: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        Table.of_header(header, Row)


def test_a_mark_of_byte_order_before_the_header_is_what_spreadsheets_write() -> None:
    assert Table.of_header(b"\xef\xbb\xbfid,code\r", Row).columns == ["id", "code"]


def test_cells_of_fields_that_are_no_text_hold_json_and_empty_ones_leave_the_field_out() -> None:
    assert text_fields(Row) == {"id", "kind", "code", "at", "on", "uuid"}
    table = Table(list(Row.model_fields), Row)
    cells = [
        "007",
        "b",
        "",
        "2026-03-01T09:30:00Z",
        "2026-03-01",
        "01998f7e-5a10-7c3e-9a51-6a1d0c9be001",
        "5",
        "true",
        '["x"]',
        '{"a": "b"}',
    ]
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    row = Row.model_validate(table.read(written.getvalue().encode()))
    assert (row.id, row.kind, row.code, row.count, row.flag, row.words, row.keys) == ("007", "b", None, 5, True, ["x"], {"a": "b"})
    assert (type(row.at), type(row.uuid)) == (datetime, UUID)


@pytest.mark.parametrize(
    ("content", "pointer", "reason"),
    [
        (b"a,b,c", "", "has 3 cells where the header has 2"),
        (b"a", "", "has 1 cells"),
        (b"a,\xff", "", "UTF-8"),
        (b"a,\x00", "", "NUL"),
        (b'a,"b"c', "", "not CSV"),
        (b"a,b\rc", "", "not CSV"),
        (b'a,"' + b"x" * 200_000 + b'"', "", "too long"),
        (b"a,TRUE", "/flag", "must hold JSON"),
        (b"a,NaN", "/flag", "must hold JSON"),
    ],
)
def test_a_row_of_csv_that_cannot_be_read_says_where_and_why(content: bytes, pointer: str, reason: str) -> None:
    with pytest.raises(UnreadableRow) as refused:
        Table(["id", "flag"], Row).read(content)
    assert refused.value.error.pointer == pointer
    assert reason in refused.value.error.detail


@pytest.mark.parametrize("content", [b"{", b"\xef\xbb\xbf{}", b'{"a":1,"a":2}', b'"\\u0000"', b"[" * 40 + b"]" * 40, b"9" * 30])
def test_a_row_of_ndjson_is_read_as_strictly_as_a_body(content: bytes) -> None:
    with pytest.raises(UnreadableRow):
        read_json(content)
