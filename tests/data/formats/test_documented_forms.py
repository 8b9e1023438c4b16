"""Every form of docs/files.md is read by its command, as its owner means it; two readers of one file never disagree."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shlex
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.__main__ import main
from core.data import records, tables
from core.data.formats import compression
from core.data.formats.detection import look
from core.data.formats.layout import ON, Layout, said, telling
from core.data.tables import rows
from tests.data.tables import both, write, zipped

ROOT = Path(__file__).parents[3]
TABLE = [
    [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in (ROOT / "docs/files.md").read_text(encoding="utf-8").partition("## Forms")[2].splitlines()
    if line.startswith("| ")
][1:]


HEADED = "text,label\ncold soup,0\ncafé today,1\n"
CASES: dict[str, tuple[str | bytes | dict[str, str], list[str]]] = {
    "CSV": ('text,label\n"cold, grey soup",0\nfine bread,1\n', ["cold, grey soup", "fine bread"]),
    "TSV, quotation marks are text": (
        'id\tlabel\ttext\n1\tnegative\t"Two hours late\n2\tneutral\ttrain six"\n3\tpositive\tfine\n',
        ['"Two hours late', 'train six"', "fine"],
    ),
    "TSV, quoted": ('text\tlabel\n"She said ""no""\tto it"\t0\nfine\t1\n', ['She said "no"\tto it', "fine"]),
    "CSV, stray quotation marks": (
        'text,label\nFirst fine,1\n"Second awful,0\nThird "word" here,1\n',
        ["First fine", '"Second awful', 'Third "word" here'],
    ),
    "CSV, marks that may open a cell or not": (
        'id,label,text\n1,negative,"Two hours late\n2,neutral,train six"\n',
        ['"Two hours late', 'train six"'],
    ),
    "backslash before a quotation mark": (
        'text,label\n"she said \\"no\\", and left",0\n"C:\\temp is full",0\n',
        ['she said "no", and left', "C:\\temp is full"],
    ),
    "semicolons": ("text;label\nlovely garden;1\ncold, grey soup;0\n", ["lovely garden", "cold, grey soup"]),
    "a spreadsheet's `sep=` line": ("sep=;\ntext;label\ncold, grey soup;0\n", ["cold, grey soup"]),
    "pipes": ("text|label\nlovely, garden|1\ncold soup|0\n", ["lovely, garden", "cold soup"]),
    "another delimiter": ("text^label\ncold, grey soup^0\n", ["cold, grey soup"]),
    "bare commas in the last column": (
        "id,text\n0,the cat , of course , ate it .\n1,last day , finally\n",
        ["the cat , of course , ate it .", "last day , finally"],
    ),
    "bare commas in the first column": (
        "text,label\nthe cat , of course,1\nfine bread,0\n",
        ["the cat , of course", "fine bread"],
    ),
    "no header": ("lovely garden\t1\ncold soup\t0\nfine bread\t1\n", ["lovely garden", "cold soup", "fine bread"]),
    "no header, texts alone": (
        "what a lovely day it is\nI hate this soup\n",
        ["what a lovely day it is", "I hate this soup"],
    ),
    "columns by number": ("7,cold,0\n9,fine,1\n", ["cold", "fine"]),
    "`label +++$+++ text`": (
        "1 +++$+++ what a morning , thanks !\n0 +++$+++ my head hurts , no sleep\n",
        ["what a morning , thanks !", "my head hurts , no sleep"],
    ),
    "a label, a mark, a text": ("1 ||| fine , bread\n0 ||| cold | soup\n", ["fine , bread", "cold | soup"]),
    "fastText": ("__label__pos fine bread , here\n__label__neg cold\n", ["fine bread , here", "cold"]),
    "a label in front of each text": (
        '1 fine "bread" , here\n0 cold\n1 lovely garden\n0 rude waiter\n',
        ['fine "bread" , here', "cold", "lovely garden", "rude waiter"],
    ),
    "text and label in a .txt": (
        "i feel fine;joy\ni weep, again;sadness\ni smile;joy\ni cry a lot;sadness\n",
        ["i feel fine", "i weep, again", "i smile", "i cry a lot"],
    ),
    "one text per line": ("cold, grey soup\n\nfine bread\n", ["cold, grey soup", "fine bread"]),
    "one text per line, as CSV": ("cold, grey soup\nfine bread\n", ["cold, grey soup", "fine bread"]),
    "`.pos` and `.neg`": ("cold soup , again\n", ["cold soup , again"]),
    "a folder of texts by class": (
        {"pos/1.txt": "fine bread\nand butter\n", "neg/1.txt": "cold soup\n", "neg/2.txt": "rude waiter"},
        ["cold soup", "rude waiter", "fine bread\nand butter"],
    ),
    "a folder of .pos and .neg files": (
        {"a.pos": "fine bread\n\nlovely garden\n", "a.neg": "cold soup , again\n"},
        ["cold soup , again", "fine bread", "lovely garden"],
    ),
    "JSON lines": ('{"text": "cold soup", "label": 0}\n{"text": "fine", "label": 1}\n', ["cold soup", "fine"]),
    "JSON lines called .json": ('{"text": "cold soup", "label": 0}\n', ["cold soup"]),
    "JSON array of objects": ('[{"text": "cold soup", "label": 0},\n {"text": "fine"}]', ["cold soup", "fine"]),
    "JSON array of texts": ('["cold soup", "fine"]', ["cold soup", "fine"]),
    "lists of tokens in a CSV": (
        'text,label\n"[\'was\', ""n\'t"", \'fun\']",0\n"[""cold"", ""soup""]",0\n',
        ["was n't fun", "cold soup"],
    ),
    "lists of tokens in JSON": ('{"text": ["cold", "soup"]}\n{"text": ["fine"]}\n', ["cold soup", "fine"]),
    "one text per line below a header": ("text\ncold, grey soup\nfine\n", ["cold, grey soup", "fine"]),
    "a delimiter of several characters": (
        "1::fine bread: what else?\n0::cold soup, again\n1::lovely garden\n",
        ["fine bread: what else?", "cold soup, again", "lovely garden"],
    ),
    ".gz": (gzip.compress(HEADED.encode()), ["cold soup", "café today"]),
    ".zip with one file": (zipped(HEADED.replace(",", "\t").encode(), "in/a.tsv"), ["cold soup", "café today"]),
    "UTF-8 with a mark": (HEADED.encode("utf-8-sig"), ["cold soup", "café today"]),
    "UTF-16": (HEADED.encode("utf-16"), ["cold soup", "café today"]),
    "UTF-16 without a mark": (HEADED.encode("utf-16-le"), ["cold soup", "café today"]),
    "cp1252 or Latin-1": ("text,label\nI don’t like cafés,0\n".encode("cp1252"), ["I don’t like cafés"]),
    "UTF-8 read as cp1252": ("text,label\nI donâ€™t like cafÃ©s,0\nfine,1\n", ["I don’t like cafés", "fine"]),
    "cp1252 inside UTF-8": (HEADED.encode() + "naïve “so”".encode() + b",1\ncaf\xe9,0\n",
                            ["cold soup", "café today", "naïve “so”", "café"]),
    "columns without a name": ("v1,v2,,,\nham,see you,,,\nspam,win,now,,\n", ["see you", "win,now"]),
    "delimiters behind every row": ("text,label\ncold soup,0,\nfine,1,\n", ["cold soup", "fine"]),
    "Sentiment140's public CSV": (
        b'"4","1","Mon","NO_QUERY","ann","caf\xe9, so good"\n"0","2","Mon","NO_QUERY","bob","so bad"\n',
        ["café, so good", "so bad"],
    ),
}  # fmt: skip


def test_the_table_has_every_case_and_no_other() -> None:
    assert [row[0] for row in TABLE] == list(CASES)


@pytest.mark.parametrize(("form", "_example", "command", "said"), TABLE, ids=[row[0] for row in TABLE])
def test_every_form_is_read_by_its_command(
    form: str,
    _example: str,
    command: str,
    said: str,
    tiny_checkpoints: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.chdir(tmp_path)
    content, texts = CASES[form]
    python, module, core, *words = shlex.split(command.strip("`"))
    assert (python, module, core) == ("python", "-m", "core")
    write(Path(words[words.index("--file") + 1]), content)
    assert main([*words, "--model", "rnn", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [row["text"] for row in json.loads(out)] == texts
    assert said in err.splitlines()[0]
    both(Path(words[words.index("--file") + 1]))


@pytest.mark.parametrize(
    ("content", "name", "option"),
    [
        ('id,label,text\n1,negative,"Two hours late\n2,neutral,train six"\n', "a.csv", "--quoting"),
        ("v1,v2,,,\nham,see you,,,\nspam,win,now,,\n", "a.csv", "--join"),
        ("text,label\nлюди идут,1\n".encode("cp1251"), "a.csv", "--encoding"),
        (HEADED.encode() + "naïve “so”".encode() + b",1\ncaf\xe9,0\n", "a.csv", "--encoding"),
    ],
)
def test_what_two_readings_fit_is_refused_with_the_option(
    content: str | bytes, name: str, option: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError) as refused:
        list(rows(write(tmp_path / name, content), ("text",) if "v1" not in str(content) else ("v2",)))
    assert f"({option})" in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("review,sentiment\nso good here,pos\n", ("review", "sentiment")),
        ("v1,v2\nham,see you there\nspam,win it now\n", ("v1", "v2")),
        (",text,label\n0,so good,1\n1,so bad,0\n", ("1", "text", "label")),
        ("satz,wertung\nso gut,1\nso schlecht,0\n", ("satz", "wertung")),
        ("0,1\nso good here,pos\nso bad here,neg\nso late here,pos\n", ("0", "1")),
        ("tweet_id,airline_sentiment,text\n570306,neutral,what he said\n", ("tweet_id", "airline_sentiment", "text")),
        ("so good here,pos\nso bad here,neg\nso late here,pos\n", ("text", "label")),
        ("spam,win it now\nham,see you there\nspam,call me back\n", ("label", "text")),
        ("3,Some title here,Some longer text\n4,Another title,More text\n3,A third,Yet more\n", ("1", "2", "3")),
        ("7.5,so good here\n", ("label", "text")),
        ("gj04\t1\t\tThe sailors rode the breeze\ngj04\t0\t*\tThe sailors them\n", ("1", "2", "3", "text")),
        ("word\nso good here\nso bad\n", ("word",)),
        ("so good here today\nso bad\n", None),
        ("text,3\ncold soup,1\nfine bread,0\n", None),
        ("Grüße\nso gut\n", None),
        ("How do you feel about it?,Why is that so?\nso good,it is warm\n", None),
        ("text,label,4\nso good,1,2\n", None),
    ],
)
def test_the_first_row_is_a_header_or_data_or_asked_about(
    content: str, columns: tuple[str, ...] | None, tmp_path: Path
) -> None:
    path = write(tmp_path / ("a.tsv" if "\t" in content else "a.csv"), content)
    if columns is None:
        with pytest.raises(ValueError, match=r"may be a header or data; say which \(--header, --no-header\)$"):
            look(path)
        assert look(path, Layout(header=True)).header and look(path, Layout(header=False)).header is False
        return
    assert look(path).columns == columns
    assert sum(map(len, records.windows(path, 10))) == content.count("\n") - bool(look(path).header)


# One reader


WORDS = st.text(st.sampled_from("ab \"'“é,;|\\"), max_size=12)


@settings(max_examples=60)
@given(
    lines=st.lists(st.tuples(WORDS, WORDS, st.sampled_from(["pos", "neg"])), min_size=1, max_size=30),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_lines_of_two_tabs_are_a_row_each_unless_quoting_is_proven(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str, str]], end: str
) -> None:
    path = tmp_path_factory.mktemp("tabs") / "a.tsv"
    path.write_bytes(end.join(["id\ttext\tlabel", *("\t".join(line) for line in lines)]).encode())
    found = look(path)
    cells, wrong, _said = both(path)
    assert len(cells) == len(lines) and not wrong
    if found.quoting == "off":
        assert [tuple(row) for row in cells] == lines


def mangled(draw: st.DrawFn) -> tuple[str, bytes]:
    """A table that was cut, swapped, written in another encoding, with lines' ends of any kind or long cells."""
    suffix = draw(st.sampled_from([".csv", ".tsv", ".jsonl", ".txt"]))
    cells = st.one_of(WORDS, st.sampled_from(["x" * 5_000, 'y"' * 2_000, "é" * 3_000]))
    table = draw(st.lists(st.tuples(cells, st.sampled_from(["0", "1"])), min_size=1, max_size=25))
    if suffix == ".jsonl":
        lines = [json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in table]
    else:
        delimiter = "\t" if suffix == ".tsv" else ","
        quote = draw(st.booleans())
        lines = [f"text{delimiter}label"]
        lines += [
            delimiter.join([f'"{text.replace(chr(34), chr(34) * 2)}"' if quote else text, label])
            for text, label in table
        ]
    content = "".join(line + draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])) for line in lines)
    data = bytearray(
        content.encode(draw(st.sampled_from(["utf-8", "utf-8", "cp1252", "utf-16", "utf-8-sig"])), "replace")
    )
    for _number in range(draw(st.integers(0, 6))):
        if data:
            place, other = draw(st.integers(0, len(data) - 1)), draw(st.integers(0, len(data) - 1))
            data[place], data[other] = data[other], data[place]
    return suffix, bytes(data[: len(data) - draw(st.integers(0, len(data) // 3))])


@settings(max_examples=60)
@given(st.composite(mangled)())
def test_no_row_of_a_mangled_file_is_lost(
    tmp_path_factory: pytest.TempPathFactory, given_file: tuple[str, bytes]
) -> None:
    """Every line with something in it is in a row that was read, or in one that is reported, or the file is refused."""
    suffix, data = given_file
    path = tmp_path_factory.mktemp("mangled") / f"a{suffix}"
    path.write_bytes(data)
    cells, _wrong, said = both(path)
    if not cells:
        assert said
        return
    layout = look(path)
    text = data.decode(layout.encoding or "utf-8", "surrogateescape")
    lines = list(io.StringIO(text, newline=""))
    found = list(records.windows(path, 1_000))
    begins = [int(line or 0) for window in found for line in window.lines]
    assert begins == sorted(set(begins)) and all(number > layout.skip for number in begins)
    filled = {number for number, line in enumerate(lines, 1) if line.strip("\r\n") and number > layout.skip}
    spans = dict(zip(begins, [*begins[1:], len(lines) + 1], strict=True))
    problems = {int(window.lines[place] or 0) for window in found for place in window.problems}
    covered = {line for begin, end in spans.items() for line in range(begin, end)}
    assert {number for number in filled if lines[number - 1].strip() or suffix == ".csv"} <= covered
    rows_read = dict(zip(begins, (list(row) for window in found for row in window.cells()), strict=True))
    for begin, end in spans.items():
        record = "".join(lines[begin - 1 : end - 1])
        if begin not in problems and suffix != ".jsonl":
            letters = sorted(re.sub(r'["\\\r\n,\t;|]| |\W', "", record))
            assert sorted(re.sub(r"\W", "", "".join(map(str, rows_read[begin])))) == [*letters] or layout.label


def test_a_file_rewritten_to_the_same_size_is_looked_at_again(tmp_path: Path) -> None:
    for number, delimiter in enumerate(",;"):
        path = write(tmp_path / "t.csv", f"text{delimiter}label\nso good{delimiter}1\nso bad{delimiter}0\n")
        os.utime(path, (1_000_000 + number, 1_000_000 + number))
        assert look(path).delimiter == delimiter


def test_a_header_that_lacks_a_column_is_no_text_with_commas(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,label\n" + "".join(f"{n},cold soup,0\n" for n in range(1, 9)))
    with pytest.raises(ValueError, match="3 fields, but the header has 2"):
        list(rows(path, ["text", "label"]))
    path = write(tmp_path / "b.csv", "id,text\n" + "".join(f"{n},cold soup,again\n" for n in range(1, 9)))
    assert {row.values for row in rows(path, ["text"])} == {("cold soup,again",)}
    path = write(tmp_path / "a.csv", "label,text\n0,well , so\n1,the cat , it sat\n0,a day ,\n")
    assert [row.values[0] for row in rows(path, ["text"])] == ["well , so", "the cat , it sat", "a day ,"]


def test_rows_that_a_proven_quote_joins_are_told_of(tmp_path: Path) -> None:
    proof = '"a, ""b""",0\n'
    heard: list[str] = []
    for number, (joined, cell) in enumerate(
        (
            ('"first line, so\nsecond line, so",1', "first line, so\nsecond line, so"),
            ('"first line, 0\nsecond line",1', "first line, 0\nsecond line"),
            ('"so, one,1\ntwo,0\nthree",1', "so, one,1\ntwo,0\nthree"),
        )
    ):
        path = write(tmp_path / f"{number}.csv", f"text,label\n{proof}{joined}\n{proof}")
        with telling(heard.append):
            cells, wrong, _said = both(path)
        assert cells[1] == [cell, "1"] and len(cells) == 3 and not wrong
    # Twice, as there are two readers.
    assert [sum(line.startswith(f"{number}.csv: 1 quoted row ") for line in heard) for number in (1, 2)] == [2, 2]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("lines", [["text,label", "good day,pos", "bad day,neg", "fine one,pos"],
                                   ["label,text", "pos,good day", "neg,bad day", "pos,fine one"],
                                   ["id,text,label", "1,good day,pos", "2,bad day,neg", "4,fine one,pos"]])  # fmt: skip
def test_delimiters_at_the_end_are_no_text(delimiter: str, lines: list[str], tmp_path: Path) -> None:
    path = tmp_path / ("a.tsv" if delimiter == "\t" else "a.csv")
    header, *values = [line.split(",") for line in lines]
    count = len(header)
    cells, wrong, _said = both(write(path, "\n".join([*lines[:2], lines[2] + ",", lines[3]]).replace(",", delimiter)))
    assert wrong == [(2, f"{count + 1} fields, but the header has {count}")]
    assert [cells[0], cells[2]] == [values[0], values[2]]
    path = write(path, "\n".join([lines[0], *(f"{line},," for line in lines[1:])]).replace(",", delimiter))
    cells, wrong, _said = both(path)
    assert [row[:count] for row in cells] == values and not wrong
    assert look(path).named == count and look(path).notes


def test_a_faulty_row_leaves_a_quoted_file_quoted(tmp_path: Path) -> None:
    for header, line, faulty in (
        ("text,label", '"good day",pos', '"oops",pos,extra'),
        ('"text","label"', '"good day","pos"', '"oops","pos","extra"'),
    ):
        cells, wrong, _said = both(write(tmp_path / "a.csv", "\n".join([header, *[line] * 40, faulty])))
        assert wrong == [(41, "3 fields, but the header has 2")] and cells[:40] == [["good day", "pos"]] * 40


def test_a_table_of_very_many_columns_is_refused_at_once(tmp_path: Path) -> None:
    for wide in (12_001, records.MOST_COLUMNS + 1):
        path = write(tmp_path / "a.csv", "a," * (wide - 1) + "a\n" + "b," * (wide - 1) + "b\n")
        with pytest.raises(ValueError, match=rf"^a\.csv has {wide:,} columns; at most 2,000 can be listed$"):
            look(path)
    wide = records.MOST_COLUMNS
    path = write(tmp_path / "b.csv", ",".join(f"c{n}" for n in range(wide)) + "\n" + "b," * (wide - 1) + "b\n")
    with pytest.raises(LookupError) as refused:
        list(rows(path, ["text"]))
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("I don’t like the café", "cp1252", "don’t"),
        ("que no, señor: ¿qué es esto? «Sí», 20 °C, nº 1, col·legi, don´t", "latin-1", "señor"),
        ("Bu film çok güzeldi ve yavaş", "cp1254", "çok"),
        ("that’s a café I like very much", "mac-roman", "thatÕs"),
        ("można tu zażółć gęślą jaźń w tym domu", "cp1250", None),
        ("można tu zażółć gęślą jaźń w tym domu", "iso-8859-2", None),
        ("hello there my good friends, so good to see you 很好的一天", "gbk", None),
    ],
)
def test_an_encoding_that_is_guessed_is_said_or_refused(
    text: str, encoding: str, shown: str | None, tmp_path: Path
) -> None:
    write(tmp_path, {"folder/pos/1.txt": "good", "folder/neg/1.txt": "bad"})
    for name, content in {
        "a.csv": f'text,label\n"{text}",1\nbad day,0\n',
        "a.txt": f"{text}\nbad day\n",
        "a.jsonl": json.dumps({"text": text}, ensure_ascii=False) + "\n",
        "folder/pos/2.txt": text,
    }.items():
        path = write(tmp_path / name, content.encode(encoding))
        path = tmp_path / "folder" if "folder" in name else path
        if shown is None:
            with pytest.raises(ValueError, match=r"name its encoding \(--encoding\)$"):
                look(path)
        else:
            assert f"CP1252 is a guess ({shown})" in said(look(path))
        assert "guess" not in said(look(path, Layout(encoding)))
        assert text in [row.values[0] for row in rows(path, ["text"], Layout(encoding))]


@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
@pytest.mark.parametrize("asked", [Layout(), Layout(delimiter=" ")])
def test_a_label_in_front_is_no_text_and_one_alone(name: str, asked: Layout, tmp_path: Path) -> None:
    if name == "a.csv" and asked.delimiter is None:
        asked = Layout(delimiter=" ", header=False)
    lines = [("__label__neg", "bad"), ("__label__pos", 'so "good" here, ok')]
    path = write(tmp_path / name, "\n".join(map(" ".join, lines)))
    assert [tuple(row.values) for row in rows(path, ["label", "text"], asked)] == lines
    path = write(tmp_path / name, "__label__neg bad\n__label__pos __label__new so good\n")
    with pytest.raises(ValueError, match=r"line 2: more than one label"):
        look(path, asked)
    numbers = write(tmp_path / "b.txt", "1 man went\n2 men went\n3 men went\n4 men went\n")
    assert look(numbers).form == "lines"


@pytest.mark.parametrize(
    "cells", [["['a' 'b']", "['c'\n 'd']"], ["[a, b]", "[c]"], ["['a', 'b']", "['it's']"], ["[1, 2]"]]
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_lists_that_are_none_are_refused(name: str, cells: list[str], tmp_path: Path) -> None:
    as_csv = "text,label\n" + "".join(f'"{cell}",1\n' for cell in cells)
    as_json = "".join(json.dumps({"text": cell, "label": 1}) + "\n" for cell in cells)
    with pytest.raises(ValueError, match=r"column 'text' holds lists .* JSON lists") as refused:
        look(write(tmp_path / name, as_csv if name == "a.csv" else as_json))
    assert "\n" not in str(refused.value)
    plain = write(tmp_path / "b.csv", 'text,label\n[deleted],1\n"so good, [sic]",0\nso bad,1\n')
    assert len(list(rows(plain, ["text"]))) == 3
    other = write(tmp_path / "c.csv", "text,tokens\nso good,['so' 'good']\n")
    assert [row.values[0] for row in rows(other, ["text"])] == ["so good"]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.json", "a.jsonl"])
def test_json_is_read_whatever_the_file_is_called(name: str, tmp_path: Path) -> None:
    table = [{"text": "so, good", "label": 1}, {"text": "so bad", "label": 0}]
    for content in (
        "".join(json.dumps(one) + "\n" for one in table),
        json.dumps(table),
        json.dumps(table, indent=1),
        "[" + ",\n".join(map(json.dumps, table)) + "]\n",
    ):
        path = write(tmp_path / name, content)
        assert [list(row.values) for row in rows(path, ["text", "label"])] == [["so, good", 1], ["so bad", 0]]
    path = write(tmp_path / "b.csv", '{"text, label": 1\nso good,1\n')
    assert look(path, Layout(header=True)).form == "delimited"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{\n "text": "so good",\n "label": 1\n}\n', "an object over several lines"),
        ('{\r "text": "so good"\r}\r{\r "text": "so bad"\r}\r', "an object over several lines"),
        ('{"text": "so good"},\n{"text": "so bad"},\n', "a comma after the object"),
        ("text,label\nso good,1\n", "not JSON: 'text,label'"),
        ('"text","label"\n"so good","1"\n', "not JSON:"),
    ],
)
def test_what_is_no_json_is_said(content: str, says: str, tmp_path: Path) -> None:
    for name in ("a.json", "a.jsonl")[: 1 if "not JSON" in says else 2]:
        with pytest.raises(ValueError, match=rf"found {says}.*; expected one object per line"):
            look(write(tmp_path / name, content))
    with pytest.raises(ValueError, match=r"found .* bracket in line 2; expected"):
        look(write(tmp_path / "b.json", '[{"text": "so good"},\n {"text": "so, bad"},]'))
    faulty = write(tmp_path / "c.jsonl", '{"text": "so good"\n{"text": "so bad"}\n')
    assert [window.problems.keys() for window in records.windows(faulty, 9)] == [{0}]


# Archives


def test_archives_that_are_none_or_hold_more_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gzip.compress(b"text,label\n" + b"cold soup,0\n" * 30_000)
    encrypted = bytearray(zipped(b"text\na\n", "a.csv"))
    encrypted[6] |= 1
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    for name, content, says in (
        ("cut.csv.gz", whole[:-20], "cannot be unpacked"),
        ("none.csv.gz", b"text,label\n", "cannot be unpacked"),
        ("none.zip", b"PK\x03\x04 and junk", "cannot be unpacked"),
        ("two.zip", zipped(b"text\na\n", "a.csv", "b.csv"), "holds 2 files; expected one: unpack it and read one"),
        ("encrypted.zip", bytes(encrypted), "is encrypted; unpack it and read one of its files"),
        ("empty.zip", zipped(b""), "holds 0 files; expected one"),
        ("other.zip", zipped(b"MZ", "a.exe"), "cannot read .exe"),
        ("parquet.zip", zipped(b"PAR1", "a.parquet"), "cannot read .parquet"),
    ):
        with pytest.raises(ValueError, match=re.escape(says)):
            list(rows(write(tmp_path / name, content), ["text"]))
    monkeypatch.setattr(compression, "TOTAL", 200_000)
    monkeypatch.setattr(compression, "RATIO", 1)
    look(write(tmp_path / "small.csv", "text\nfirst\n"))
    for name, content in (
        ("bomb.csv.gz", gzip.compress(b"text\n" + b"x" * 30_000_000)),
        ("a.csv.gz", gzip.compress(b"text\n" + b"x\n" * 150_000)),
        ("a.zip", zipped(b"text\n" + b"x\n" * 150_000, "a.csv")),
    ):
        path = write(tmp_path / name, content)
        tracemalloc.start()
        with pytest.raises(ValueError, match=r"unpacks to more than the limit of [\d,]+ bytes"):
            for _row in rows(path, ["text"]):
                pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 15_000_000


def test_hidden_files_in_an_archive_and_a_mark_written_twice_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", zipped(HEADED.encode(), "a/.DS_Store", ".hidden", "__MACOSX/a/._a.csv", "a/a.csv"))
    assert [row.values[0] for row in rows(path, ["text"])] == ["cold soup", "café today"]
    path = write(tmp_path / "a.csv", 2 * "\ufeff".encode() + HEADED.encode())
    assert [row.values[0] for row in rows(path, ["text"])] == ["cold soup", "café today"]
    for name, content in (("b.csv.gz", "cold soup,0\nfine bread,1\n"), ("b.txt", "cold soup\nfine bread\n")):
        data = (2 * "\ufeff" + content).encode()
        path = write(tmp_path / name, gzip.compress(data) if name.endswith("gz") else data)
        assert [row.values[0] for row in rows(path, ["text"], Layout(header=False))] == ["cold soup", "fine bread"]
        (mark, _share), *_more = records.marks(path, Layout(header=False), records.Mark(), 1, 1)
        (window,) = records.span(path, 9, Layout(header=False), mark, None, "text")
        assert window.column("text") == ["fine bread"]
    with pytest.raises(FileNotFoundError):
        look(tmp_path / "missing")


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip", "a.json", "folder", "a.txt"])
def test_spans_between_marks_are_the_whole_in_every_form(name: str, tmp_path: Path) -> None:
    texts = [f"cold soup {number}" for number in range(50)]
    table = ("text,label\n" + "".join(f"{text},0\n" for text in texts)).encode()
    content: str | bytes | dict[str, str] = {
        "a.csv.gz": gzip.compress(table),
        "a.zip": zipped(table, "a.csv"),
        "a.json": json.dumps([{"text": text} for text in texts]),
        "a.txt": "\n\n".join(texts),
        "folder": {f"{'neg' if number < 20 else 'pos'}/{number:02}.txt": text for number, text in enumerate(texts)},
    }[name]
    path = write(tmp_path / name, content)
    start, found = records.Mark(), []
    for mark, _share in records.marks(path, None, start, 7, 9):
        for window in records.span(path, 4, None, start, mark.rows - start.rows, "text"):
            found += window.column("text")
        start = mark
    assert found == texts


def test_columns_of_a_file_without_header_have_numbers_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "cold soup,1\nfine bread,0\n")
    for name in ("text", "1"):
        assert [row.values[0] for row in rows(path, [name])] == ["cold soup", "fine bread"]
    with pytest.raises(LookupError, match="no column '3'; it has: text, label"):
        list(rows(path, ["3"]))
    (window,) = records.windows(path, 10)
    assert window.column("2") == ["1", "0"] == window.column("label")


def test_a_request_is_honoured_and_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,label\na,0\n")
    assert [list(row.values) for row in rows(path, ["1"], Layout(header=False))] == [["text"], ["a"]]
    assert look(path, Layout(quoting=ON)).sure
    assert Layout(header=False).as_json() == {"header": False} and Layout().as_json() == {}
    for encoding in ("klingon", "hex"):
        with pytest.raises(ValueError, match=encoding):
            look(path, Layout(encoding))
    assert tables.is_sentiment140(path) is False
    with pytest.raises(ValueError, match="delimiter of one character"):
        look(path, Layout(delimiter="::", quoting=ON))
    lines = write(tmp_path / "a.txt", "\r\n\r\ntext\r\na\r\n\r\nb\r\n")
    assert [row[1:] for row in rows(lines, ["text"])] == [(4, ("a",)), (6, ("b",))]
    assert [row.line for row in rows(lines, ["1"], Layout(header=False))] == [3, 4, 6]


def test_parquet_is_mended_and_its_lists_of_tokens_are_joined(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "a.parquet"
    table = {"tokens": [["cold", "soup"], None, []], "note": ["donâ€™t", None, "fine"], "tags": [["a", "b"], None, []]}
    pyarrow.parquet.write_table(pyarrow.table(table), path)
    names = ("tokens", "note", "tags")
    expected = [("cold soup", "donâ€™t", ["a", "b"]), (None, None, None), ("", "fine", [])]
    assert [tuple(row.values) for row in rows(path, names)] == expected
    mended = [("cold soup", "don’t", ["a", "b"]), *expected[1:]]
    assert [tuple(row.values) for row in rows(path, names, Layout(mend=True))] == mended
