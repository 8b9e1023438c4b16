"""Does what core refuses speak the language of who reads it, in every word but those that are quoted?"""

from __future__ import annotations

import ast
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.data import records, tables
from core.data.corpus import read_corpus
from core.data.formats.layout import Layout
from core.data.labels import check_names
from core.evaluation import binned_metrics_file
from core.models import checkpoints, predictor
from core.models.recurrent import NotPrefixwiseError
from core.runtime import i18n, limits
from core.storage.database import storable
from core.storage.pairs import Collection
from core.text.preprocessing import STEPS, Preprocessing, Vocabulary
from pages.widgets import uploaded_file

CORE = Path(__file__).parents[2] / "core"
HAN = re.compile("[\u4e00-\u9fff]")
WORD = re.compile(r"[A-Za-z]{2,}")
QUOTED = re.compile(r"'[^']*'|[\w-]+\.(?:csv|jsonl|json|parquet|safetensors|sqlite3|txt)|UNROLLED_\w+|<\w+>")


def checkpoint(folder: Path, card: str | None = "{") -> None:
    (folder / "mine").mkdir()
    if card is not None:
        (folder / "mine" / "card.json").write_text(card, encoding="utf-8")
    checkpoints.read_card("mine", folder)


def file(folder: Path, content: bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refused(folder: Path, answer: object) -> None:
    predictor.BlackBox(lambda texts: answer, "its:answer").probabilities(["good", "bad"])


def database(folder: Path) -> None:
    with sqlite3.connect(folder / "c.sqlite3") as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    Collection(folder / "c.sqlite3").pairs()


Refusal = Callable[[Path], object]
REFUSALS: dict[str, tuple[Refusal, str, set[str]]] = {
    # what is asked, what is said in English, words that are names
    "unknown checkpoint": (
        lambda folder: checkpoints.load("none", folder),
        "no checkpoint 'none'; available: none",
        set(),
    ),
    "no name": (
        lambda folder: checkpoints.load("a b", folder),
        "'a b' is not a checkpoint's name: letters, digits, - and _, at most 64",
        set(),
    ),
    "damaged card": (checkpoint, "checkpoint 'mine': card.json cannot be read (JSONDecodeError)", {"JSONDecodeError"}),
    "no card": (lambda folder: checkpoint(folder, None), "checkpoint 'mine': card.json is missing", set()),
    "foreign card": (
        lambda folder: checkpoint(folder, "[]"),
        "checkpoint 'mine': card.json is not a card of format 1",
        set(),
    ),
    "missing column": (
        lambda folder: read_corpus(file(folder, b"words,label\ngood,1\n"), "text"),
        "table.csv has no column 'text'; it has: words, label",
        {"words", "label"},
    ),
    "unknown label": (
        lambda folder: read_corpus(file(folder, b"text,label\ngood,x\n")),
        "table.csv: no label in column 'label' is understood; it holds 'x' (1 row)",
        set(),
    ),
    "no table": (
        lambda folder: records.columns(file(folder, b"good", "table.doc")),
        "table.doc: cannot read .doc; can: .parquet, .csv, .tsv, .jsonl, .json, .txt, .pos, .neg, .gz, .zip",
        {"table", "doc", "parquet", "csv", "tsv", "jsonl", "json", "txt", "pos", "neg", "gz", "zip"},
    ),
    "empty table": (
        lambda folder: records.columns(file(folder, b"")),
        "table.csv is empty; expected a header and rows",
        set(),
    ),
    "ragged row": (
        lambda folder: list(tables.rows(file(folder, b"text,n\ngood\n"), ["text"])),
        "table.csv, row 1 (line 2): 1 fields where the header has 2",
        set(),
    ),
    "no parquet": (
        lambda folder: records.columns(file(folder, b"good " * 9, "table.parquet")),
        "table.parquet is not a readable parquet file: Parquet magic bytes not found in footer. Either the file is "
        "corrupted or this is not a parquet file.",
        {"parquet", "Parquet"},
    ),
    "open quote": (
        lambda folder: list(tables.rows(file(folder, b'text\n"good\n'), ["text"], Layout(quoting="on"))),
        "table.csv, row 1 (line 2): unexpected end of data",
        set(),
    ),
    "rows that are no JSON": (
        lambda folder: records.columns(file(folder, b"{\n", "table.jsonl")),
        "table.jsonl: none of the first 1 rows can be read; line 1: not JSON (Expecting property name enclosed in "
        "double quotes: line 2 column 1 (char 2))",
        {"JSON"},
    ),
    "one name twice": (
        lambda folder: check_names(("ham", "Ham")),
        "two labels need two different names; given: 'ham' and 'Ham'",
        set(),
    ),
    "a name of white space": (
        lambda folder: check_names(("ham", " ")),
        "a label's name has 1 to 40 characters that print, no space at its ends; given: ' '",
        set(),
    ),
    "a predictor of NaN": (
        lambda folder: refused(folder, [0.5, float("nan")]),
        "its:answer gave NaN for the text 'bad'; expected 2 numbers from 0 to 1, P(class 1) of each of 2 texts",
        {"its", "answer", "NaN"},
    ),
    "a predictor of words": (
        lambda folder: refused(folder, ["good", "bad"]),
        "its:answer gave a list of text, not numbers; expected 2 numbers from 0 to 1, P(class 1) of each of 2 texts",
        {"its", "answer", "list"},
    ),
    "a predictor of per cent": (
        lambda folder: refused(folder, [20, 80]),
        "its:answer gave numbers from 20 to 80 (percentages? Then divide by 100); expected 2 numbers from 0 to 1, "
        "P(class 1) of each of 2 texts",
        {"its", "answer"},
    ),
    "two predictors": (
        lambda folder: predictor.asked_for(["--predictor", "a:b", "--predictor=c:d"]),
        "--predictor is given once; given: a:b, c:d",
        {"predictor"},
    ),
    "a public server's setting": (
        lambda folder: limits.of({"UNROLLED_PUBLIC": "maybe"}),
        "UNROLLED_PUBLIC is 1 or 0; given: 'maybe'",
        set(),
    ),
    "another program's database": (
        database,
        "c.sqlite3 is another program's database, not a collection of pairs and finds",
        set(),
    ),
    "no database": (
        lambda folder: Collection(file(folder, b"no database " * 99, "c.sqlite3")).pairs(),
        "c.sqlite3 is not a collection of pairs and finds (file is not a database)",
        set(),
    ),
    "half a character": (
        lambda folder: storable("note", "so \ud83d"),
        "note holds half a surrogate pair (character 4), which cannot be kept",
        set(),
    ),
    "unknown step": (
        lambda folder: Preprocessing(("stem",)),
        f"unknown preprocessing steps ['stem']; available: {', '.join(STEPS)}",
        set(STEPS),
    ),
    "a vocabulary cut off": (
        lambda folder: Vocabulary.from_bytes(b"<pad>\n<unk>\ngood"),
        "the vocabulary does not start with <pad> and <unk> or is cut off",
        set(),
    ),
    "tallies that are none": (
        lambda folder: binned_metrics_file.read(file(folder, json.dumps({"format": 0}).encode(), "t.json")),
        f"t.json holds no tallies: format 0, expected {binned_metrics_file.FORMAT}",
        set(),
    ),
}


def said(ask: Refusal, folder: Path) -> str:
    with pytest.raises((ValueError, LookupError)) as refusal:
        ask(folder)
    return uploaded_file.told(refusal.value, uploaded_file.Upload("own.csv", folder / "upload.csv", ""))


@pytest.mark.parametrize(("ask", "english", "names"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_in_english_unless_another_language_is_spoken(
    ask: Refusal, english: str, names: set[str], tmp_path: Path
) -> None:
    assert said(ask, tmp_path) == english


@pytest.mark.parametrize(("ask", "english", "names"), REFUSALS.values(), ids=REFUSALS)
def test_every_word_of_a_refusal_is_chinese_but_those_quoted(
    ask: Refusal, english: str, names: set[str], tmp_path: Path
) -> None:
    i18n.use(i18n.TRADITIONAL_CHINESE)
    told = said(ask, tmp_path)
    assert HAN.search(told)
    assert set(WORD.findall(QUOTED.sub("", told))) <= {part for name in names for part in WORD.findall(name)}, told


def test_what_a_page_has_a_box_for_is_cut_off_in_every_language(tmp_path: Path) -> None:
    path = file(tmp_path, "text\nschön\n".encode("latin-1"))
    header = file(tmp_path, "schön\ngood\n".encode("latin-1"), "header.csv")
    utf_8 = Layout("utf-8")
    upload = uploaded_file.Upload("own.csv", tmp_path / "upload.csv", "")
    for name in i18n.LANGUAGES:
        i18n.use(name)
        for ask in (
            lambda folder: list(tables.rows(path, ["text"], utf_8)),
            lambda folder: records.columns(header, utf_8),
        ):
            with pytest.raises(ValueError) as refusal:
                ask(tmp_path)
            whole = str(refusal.value)
            assert whole.endswith(tables.NAME_ENCODING)
            told = uploaded_file.told(ValueError(whole), upload)
            assert told.startswith(whole.removesuffix(tables.NAME_ENCODING)) and "--encoding" not in told
            assert i18n.gettext("Encoding") in told


def test_what_is_wrong_with_a_row_is_told_in_the_language(tmp_path: Path) -> None:
    path = file(tmp_path, b'text,label\ngood,1\nbad\n"open,1\n')
    i18n.use(i18n.TRADITIONAL_CHINESE)
    (window,) = records.windows(path, 10, Layout(quoting="on"))
    assert sorted(window.problems) == [1, 2]
    for problem in window.problems.values():
        assert HAN.search(problem)
        assert not WORD.search(problem), problem


def test_a_model_without_beginnings_is_told_of_in_the_language() -> None:
    assert str(NotPrefixwiseError("mine")).startswith("mine is bidirectional: it reads")
    assert str(NotPrefixwiseError()).startswith("the model is bidirectional")
    i18n.use(i18n.TRADITIONAL_CHINESE)
    assert WORD.findall(str(NotPrefixwiseError("mine"))) == ["mine"]


# Functions of modules that pages reach, whose refusals only the command line, training or a slip can call forth.
PLAIN = {
    "black_box.inside",
    "checkpoints.check_name",
    "checkpoints.save",
    "collection_file.number",
    "collection_file.remove",
    "corpus.held_out",
    "corpus.length_batches",
    "corpus.sample",
    "labels.as_found",
    "limits.spend",
    "outputs._check_names",
    "outputs.check",
    "packing.pack_level",
    "parquet_pages._skip",
    "parquet_pages._varint",
    "parquet_pages.struct",
    "state_space.fit",
    "state_space.project",
    "tally_file.save",
    "text.id",
    "text.token",
    "text.without",
}
REACHED = (
    "black_box",
    "checkpoints",
    "collection_file",
    "corpus",
    "fluency",
    "labels",
    "limits",
    "models",
    "outputs",
    "packing",
    "parquet_pages",
    "record_lines",
    "records",
    "state_space",
    "tables",
    "tally_file",
    "text",
    "trace",
    "verdicts",
)


def plain(module: str) -> Iterator[str]:
    """Functions of a module that raise an exception with a text that no catalogue has."""
    for function in ast.walk(ast.parse((CORE / f"{module}.py").read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                text = node.exc.args[0]
                if isinstance(text, ast.JoinedStr) or (isinstance(text, ast.Constant) and isinstance(text.value, str)):
                    yield f"{module}.{function.name}"


def test_no_refusal_that_a_page_shows_is_english_alone() -> None:
    """A new refusal goes through `core.runtime.i18n.gettext`, or its function is listed above."""
    assert {found for module in REACHED for found in plain(module)} == PLAIN
