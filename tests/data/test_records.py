"""Every row of a table comes, in its place; what cannot be read is told of with its line, and reading goes on."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.data.corpus import read_corpus
from core.data.formats import record_lines
from core.data.formats.layout import ON, Layout
from core.data.formats.record_lines import Mark
from core.data.records import Window, marks, span, windows
from tests.data.tables import FORMATS, both, write


def read(path: Path, size: int = 1_000, layout: Layout | None = None) -> tuple[list[Window], list[object], list[tuple]]:
    """The windows, every row's cells, and what is wrong with which: (row, line, why)."""
    found = list(windows(path, size, layout))
    problems = [
        (window.first + place, window.lines[place], why) for window in found for place, why in window.problems.items()
    ]
    return found, [list(cells) for window in found for cells in window.cells()], problems


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_windows_hold_every_row_in_order(size: int, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,n\n" + "".join(f'"row, ""{i}""\n",{i}\n' for i in range(7)))
    found, cells, problems = read(path, size)
    assert cells == [[f'row, "{i}"\n', str(i)] for i in range(7)] and problems == []
    assert [len(window) for window in found] == [size] * (7 // size) + [7 % size] * (7 % size > 0)
    assert [window.first for window in found] == list(range(1, 8, size))
    assert [line for window in found for line in window.lines] == [2 + 2 * i for i in range(7)]
    assert found[-1].share == 1.0
    assert [value for window in found for value in window.column("n")] == [str(i) for i in range(7)]


def test_malformed_rows_are_told_of_and_the_others_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        b'text,n\nfine,1\nragged\nalso, fine,2\n\n"closed" badly,3\nfine again,4\ncaf\xe9,5\n"two\nlines",6\nlast,7\n',
    )
    _, cells, problems = read(path, layout=Layout("utf-8", quoting=ON))
    assert [row for row in cells if row != [None, None]] == [
        ["fine", "1"],
        ["fine again", "4"],
        ["two\nlines", "6"],
        ["last", "7"],
    ]
    assert [(row, line) for row, line, _ in problems] == [(2, 3), (3, 4), (4, 6), (6, 8)]
    reasons = [why for _, _, why in problems]
    assert reasons[0] == "1 field, but the header has 2" and reasons[1] == "3 fields, but the header has 2"
    assert "expected after" in reasons[2] and reasons[3] == "bytes that are not UTF-8 text"


def test_a_quote_left_open_swallows_no_row(tmp_path: Path) -> None:
    for end in ("\n", ""):
        path = write(tmp_path / "a.csv", 'text,n\na,1\n"never closed,2\nb,3\nc,4' + end)
        assert read(path)[1][1] == ['"never closed', "2"]  # as a mark like any other, every line is a row
        _, cells, problems = read(path, layout=Layout(quoting=ON))
        assert cells == [["a", "1"], [None, None], ["b", "3"], ["c", "4"]]
        ((row, line, why),) = problems
        assert (row, line) == (2, 3) and "unexpected end of data" in why


def test_a_quote_left_open_is_given_up_within_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_lines, "LINE_LIMIT", 1_000)
    rows = [f"row number {number},{number}" for number in range(500)]
    rows[7] = '"never closed,7'
    rows[300] = '"nor this,300'
    path = write(tmp_path / "a.csv", "text,n\n" + "\n".join(rows))
    _, cells, problems = read(path, layout=Layout(quoting=ON))
    assert [(row, line) for row, line, _ in problems] == [(8, 9), (301, 302)]
    assert all("quote is not closed within 1,000 characters" in why for _, _, why in problems)
    assert [row for row in cells if row[0]] == [row.split(",") for row in rows if row[0] != '"']


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_line_that_is_too_long_is_refused_by_its_number_in_little_memory(suffix: str, tmp_path: Path) -> None:
    line = {".csv": "{},1\n", ".jsonl": '{{"text": "{}", "n": "1"}}\n'}[suffix]
    path = tmp_path / f"a{suffix}"
    with path.open("w", encoding="utf-8") as file:
        file.write("text,n\n" if suffix == ".csv" else "")
        file.write(line.format("first"))
        for _ in range(25):  # 25 MB without an end of line
            file.write("x" * 1_000_000)
        file.write("\n" + line.format("last"))
    tracemalloc.start()
    _, cells, problems = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert cells == [["first", "1"], [None, None], ["last", "1"]]
    header = suffix == ".csv"
    assert problems == [(2, 2 + header, "longer than 4,000,000 characters")]
    assert peak < 25_000_000


def test_a_long_line_inside_an_open_quote_is_told_of_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_lines, "LINE_LIMIT", 100)
    path = write(tmp_path / "a.csv", 'text,n\na,1\n"open,2\nb,3\n' + "x" * 1_000 + "\nc,4\n")
    _, cells, problems = read(path, layout=Layout(quoting=ON))
    assert cells == [["a", "1"], [None, None], ["b", "3"], [None, None], ["c", "4"]]
    assert [(row, line) for row, line, _ in problems] == [(2, 3), (4, 5)]
    assert "is too long" in problems[0][2] and "longer than 100" in problems[1][2]


def test_json_lines_that_are_none_are_told_of(tmp_path: Path) -> None:
    lines = ['{"text": "a", "n": 1}', "", "{broken", '["a", 2]', '{"n": 3}', '{"text": "b", "new": [1]}', "9" * 5_000]
    found, cells, problems = read(write(tmp_path / "a.jsonl", "\n".join(lines)))
    assert found[0].columns == ("text", "n", "new")
    assert cells == [["a", 1, None], [None] * 3, [None] * 3, [None, 3, None], ["b", None, [1]], [None] * 3]
    assert [(row, line) for row, line, _ in problems] == [(2, 3), (3, 4), (6, 7)]
    assert "not JSON" in problems[0][2] and "expected an object, found list" in problems[1][2]
    assert found[0].lacking("text") == [3]
    later = list(windows(tmp_path / "a.jsonl", 2))
    assert {place: keys for window in later for place, keys in window.surplus().items()} == {0: ["new"]}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.doc", "text\na\n", "cannot read .doc"),
        ("a", "text\na\n", "a file without a suffix"),
        ("a.csv", "", "is empty; expected a header"),
        ("a.csv", "text,n\n", "has no rows"),
        ("a.csv", "text,n\n\n\n", "has no rows"),
        ("a.csv", "text,n\nragged\n", "the first row cannot be read; line 2: 1 field"),
        ("a.csv", "text,n\nragged\nalso\n", "none of the first 2 rows can be read; line 2: 1 field"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", "header: bytes that are not UTF-8 text; name its encoding"),
        ("a.csv", '"open header', "may be a header or data; say which (--header, --no-header)"),
        ("a.jsonl", "", "has no rows"),
        ("a.jsonl", b"\x00\x01\xff\xfe\n\x80", "none of the first 2 rows can be read; line 1: bytes that are not"),
        ("a.jsonl", "text,n\na,1\n", "none of the first 2 rows can be read; line 1: not JSON"),
        ("a.parquet", b"PAR1 and then junk", "not a readable parquet file"),
        ("a.parquet", "", "not a readable parquet file"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(name: str, content: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as error:
        list(windows(write(tmp_path / name, content), 10))
    assert says in str(error.value) and "\n" not in str(error.value)


def test_objects_are_rows_by_their_columns(tmp_path: Path) -> None:
    (window,) = windows(write(tmp_path / "a.csv", "text,n\na,1\nragged\n"), 10)
    assert list(window.objects()) == [{"text": "a", "n": "1"}, {"text": None, "n": None}]
    (window,) = windows(write(tmp_path / "a.jsonl", '{"n": {"deep": 1}}\nbad\n{"text": "a"}'), 10)
    assert [json.dumps(row) for row in window.objects()] == ['{"n": {"deep": 1}}', "{}", '{"text": "a"}']


# Any text and any bytes

_TEXT = st.one_of(st.text(max_size=20), st.text("ab,\"'\n\r\t=\x00é", max_size=6))


@settings(max_examples=25)
@given(st.lists(st.lists(_TEXT, min_size=2, max_size=2), min_size=1, max_size=8))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]) -> None:
    for suffix in (".csv", ".tsv", ".jsonl"):
        columns = {"text": [text for text, _ in table], "n": [n for _, n in table]}
        path = write(tmp_path_factory.getbasetemp() / f"law{suffix}", columns)
        assert both(path, Layout("utf-8", quoting=ON, header=True)) == (table, [], None)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_table_are_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for suffix in FORMATS:
        path = write(folder / f"any{suffix}", junk)
        with pytest.raises((ValueError, LookupError)) as error:
            read_corpus(path)
        assert len(str(error.value.args[0]).splitlines()) == 1
    for suffix in (".csv", ".tsv", ".jsonl"):
        cells, wrong, _ = both(write(folder / f"any{suffix}", (b"text,n\nok,1\n" if suffix == ".csv" else b"") + junk))
        assert all(why for _, why in wrong) and len(wrong) <= len(cells)


# Marks and spans

_CELLS = st.text(st.sampled_from('a",\n\r\t é🙂'), max_size=8)


@settings(max_examples=60)
@given(
    rows=st.lists(_CELLS, max_size=25),
    every=st.integers(1, 6),
    first=st.integers(1, 6),
    asked=st.sampled_from([None, Layout(quoting=ON)]),
)
@example(rows=['"never closed', *"abcdefgh"], every=2, first=1, asked=Layout(quoting=ON))
def test_spans_between_marks_are_the_whole_table(rows: list[str], every: int, first: int, asked: Layout | None) -> None:
    """Whatever stands in a file of lines, read in pieces it gives the rows that it gives in one."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder, "a.csv"), "text,n\n" + "".join(f"{cell},1\n" for cell in rows))
        whole = list(span(path, 4, asked, Mark(), None, "text"))
        found, start = [], Mark()
        shares = []
        for mark, share in marks(path, asked, Mark(), first, every):
            shares.append(share)
            pieces = list(span(path, 3, asked, start, mark.rows - start.rows, "text"))
            assert sum(map(len, pieces)) == mark.rows - start.rows
            assert not pieces or pieces[0].first == start.rows + 1
            found += pieces
            start = mark
        assert shares == sorted(shares) and shares.index(1.0) == len(shares) - 1
        assert start.rows == sum(map(len, whole))
        assert seen(found) == seen(whole)


def seen(found: list[Window]) -> list[object]:
    """Rows by number, line, cells and what is wrong."""
    return [
        (window.first + place, window.lines[place], window.problems.get(place), list(cells))
        for window in found
        for place, cells in enumerate(window.cells())
    ]


@pytest.mark.parametrize(
    ("name", "encoding", "line"),
    [
        ("a.csv", "utf-16", "Zoë,{}\r\n"),
        ("a.csv", "cp1252", "Zoë,{}\r\n"),
        ("a.tsv", "utf-8-sig", "Zoë 🙂\t{}\r"),
        ("a.jsonl", None, '{{"text": "Zoë", "n": "{}"}}\n\n'),
    ],
)
def test_a_mark_is_read_on_from_in_any_encoding(name: str, encoding: str | None, line: str, tmp_path: Path) -> None:
    head = "" if name.endswith("jsonl") else line.format("n").replace("Zoë 🙂", "text").replace("Zoë", "text")
    content = (head + "".join(line.format(number) for number in range(1, 3_001))).encode(encoding or "utf-8")
    path = write(tmp_path / name, content)
    found = [mark for mark, _ in marks(path, Layout(encoding), Mark(), 700, 1_000)]
    assert [mark.rows for mark in found] == [700, 1_700, 2_700, 3_000]
    (window,) = span(path, 5_000, Layout(encoding), found[1], 1_000, "text")
    assert window.column("n") == [str(number) for number in range(1_701, 2_701)] and window.first == 1_701
    # Marks are found behind a mark as they are from the start.
    again = [(mark.rows, mark.lines) for mark, _ in marks(path, Layout(encoding), found[0], 1_000, 1_000)]
    assert again == [(mark.rows, mark.lines) for mark in found[1:]]


@pytest.mark.parametrize("group", [1, 7, 10, 1_000])
def test_spans_of_parquet_cross_row_groups(group: int, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pyarrow.table({"n": list(range(100)), "text": [f"row {number}" for number in range(100)]})
    pyarrow.parquet.write_table(table, path, row_group_size=group)
    whole, cells, problems = read(path, 30)
    assert cells == [[number, f"row {number}"] for number in range(100)] and problems == []
    assert [window.first for window in whole] == [1, 31, 61, 91] and whole[-1].share == 1.0
    assert {line for window in whole for line in window.lines} == {None}
    assert [mark.rows for mark, _ in marks(path, None, Mark(), 30, 30)] == [30, 60, 90, 100]
    for start, rows in ((0, 100), (0, 7), (13, 1), (13, 40), (95, 5), (95, 50), (30, 0)):
        found = list(span(path, 8, None, Mark(start), rows, "text"))
        texts = [text for window in found for text in window.column("text")]
        assert texts == [f"row {number}" for number in range(start, min(100, start + rows))]
        assert [window.first for window in found][:1] == [start + 1][: len(found)]
        assert all(window.columns == ("text",) for window in found)
