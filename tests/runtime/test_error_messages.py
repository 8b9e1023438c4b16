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
from tests.data.tables import write

CORE = Path(__file__).parents[2] / "core"
HAN = re.compile("[\u4e00-\u9fff]")
WORD = re.compile(r"[A-Za-z]{2,}")
QUOTED = re.compile(r"'[^']*'|[\w-]+\.(?:csv|jsonl|json|parquet|safetensors|sqlite3|txt)|UNROLLED_\w+|<\w+>")


def checkpoint(folder: Path, card: str | None = "{") -> None:
    (folder / "mine").mkdir()
    if card is not None:
        (folder / "mine" / "card.json").write_text(card, encoding="utf-8")
    checkpoints.read_card("mine", folder)


def table(folder: Path, content: bytes) -> Path:
    return write(folder / "table.csv", content)


def refused(answer: object) -> None:
    predictor.BlackBox(lambda texts: answer, "its:answer").probabilities(["good", "bad"])


def database(folder: Path) -> None:
    with sqlite3.connect(folder / "c.sqlite3") as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    Collection(folder / "c.sqlite3").pairs()


Refusal = Callable[[Path], object]
# What is asked, what the refusal names, and its words that are names and stay as they are.
REFUSALS: list[tuple[Refusal, str, str]] = [
    (lambda folder: checkpoints.load("none", folder), "'none'", ""),
    (lambda folder: checkpoints.load("a b", folder), "'a b'", ""),
    (checkpoint, "card.json", "JSONDecodeError"),
    (lambda folder: checkpoint(folder, None), "card.json", ""),
    (lambda folder: checkpoint(folder, "[]"), "card.json", ""),
    (
        lambda folder: read_corpus(table(folder, b"words,label\ngood,1\n"), "text"),
        "'text'",
        "words label",
    ),
    (lambda folder: read_corpus(table(folder, b"text,label\ngood,x\n")), "'x'", ""),
    (
        lambda folder: records.columns(write(folder / "table.doc", b"good")),
        ".doc",
        "table doc parquet csv tsv jsonl json txt pos neg gz zip",
    ),
    (lambda folder: records.columns(table(folder, b"")), "table.csv", ""),
    (lambda folder: list(tables.rows(table(folder, b"text,n\ngood\n"), ["text"])), "table.csv", ""),
    (lambda folder: records.columns(write(folder / "table.parquet", b"good " * 9)), "table.parquet", "parquet Parquet"),
    (
        lambda folder: list(tables.rows(table(folder, b'text\n"a\n'), ["text"], Layout(quoting="on"))),
        "table.csv",
        "",
    ),
    (lambda folder: records.columns(write(folder / "table.jsonl", b"{\n")), "table.jsonl", "JSON"),
    (lambda folder: check_names(("ham", "Ham")), "'Ham'", ""),
    (lambda folder: check_names(("ham", " ")), "' '", ""),
    (lambda folder: refused([0.5, float("nan")]), "'bad'", "its answer NaN"),
    (lambda folder: refused(["good", "bad"]), "its:answer", "its answer list"),
    (lambda folder: refused([20, 80]), "80", "its answer"),
    (lambda folder: predictor.asked_for(["--predictor", "a:b", "--predictor=c:d"]), "a:b, c:d", "predictor"),
    (lambda folder: limits.of({"UNROLLED_PUBLIC": "maybe"}), "'maybe'", ""),
    (database, "c.sqlite3", ""),
    (lambda folder: Collection(write(folder / "c.sqlite3", b"no database " * 99)).pairs(), "c.sqlite3", ""),
    (lambda folder: storable("note", "so \ud83d"), "4", ""),
    (lambda folder: Preprocessing(("stem",)), "'stem'", " ".join(STEPS)),
    (lambda folder: Vocabulary.from_bytes(b"<pad>\n<unk>\ngood"), "<pad>", ""),
    (
        lambda folder: binned_metrics_file.read(write(folder / "t.json", json.dumps({"format": 0}).encode())),
        "t.json",
        "ValueError",
    ),
]


def said(ask: Refusal, folder: Path) -> str:
    folder.mkdir()
    with pytest.raises((ValueError, LookupError)) as refusal:
        ask(folder)
    return uploaded_file.message_of(refusal.value, uploaded_file.Upload("own.csv", folder / "upload.csv", ""))


@pytest.mark.parametrize(("ask", "quoted", "names"), REFUSALS)
def test_every_word_of_a_refusal_is_translated_but_those_quoted(
    ask: Refusal, quoted: str, names: str, tmp_path: Path
) -> None:
    english = said(ask, tmp_path / "english")
    assert quoted in english and WORD.search(english) and not HAN.search(english)
    i18n.use(i18n.TRADITIONAL_CHINESE)
    chinese = said(ask, tmp_path / "chinese")
    assert quoted in chinese and HAN.search(chinese)
    assert {*WORD.findall(QUOTED.sub("", chinese))} <= {*WORD.findall(names)}, chinese


def test_what_a_page_has_a_box_for_is_cut_off_in_every_language(tmp_path: Path) -> None:
    path = write(tmp_path / "table.csv", "text\nschön\n".encode("latin-1"))
    header = write(tmp_path / "header.csv", "schön\ngood\n".encode("latin-1"))
    upload = uploaded_file.Upload("own.csv", tmp_path / "upload.csv", "")
    for name in i18n.LANGUAGES:
        i18n.use(name)
        for ask in (
            lambda: list(tables.rows(path, ["text"], Layout("utf-8"))),
            lambda: records.columns(header, Layout("utf-8")),
        ):
            with pytest.raises(ValueError) as refusal:
                ask()
            whole = str(refusal.value)
            assert whole.endswith(tables.NAME_ENCODING)
            told = uploaded_file.message_of(ValueError(whole), upload)
            assert told.startswith(whole.removesuffix(tables.NAME_ENCODING)) and "--encoding" not in told
            assert i18n.gettext("Encoding") in told


def test_what_is_wrong_with_a_row_is_told_in_the_language(tmp_path: Path) -> None:
    path = write(tmp_path / "table.csv", b'text,label\ngood,1\nbad\n"open,1\n')
    i18n.use(i18n.TRADITIONAL_CHINESE)
    (window,) = records.windows(path, 10, Layout(quoting="on"))
    assert sorted(window.problems) == [1, 2]
    for problem in (*window.problems.values(), str(NotPrefixwiseError("'mine'"))):
        assert HAN.search(problem) and not WORD.search(QUOTED.sub("", problem)), problem


# Functions of modules that pages reach, whose refusals only the command line, training or a slip can call forth.
PLAIN = {
    "data/corpus.held_out", "data/corpus.length_batches", "data/corpus.sample", "data/formats/layout.delimiter_of",
    "data/formats/parquet_limits._varint", "data/formats/parquet_limits.struct", "data/label_inference._names",
    "data/label_inference.parse", "data/targets.__post_init__", "data/targets.label_of", "data/writers._check_names",
    "data/writers.check",
    "models/checkpoints.check_name", "models/checkpoints.save", "models/checkpoints.targeted",
    "models/gold_labels.check_gold_label", "models/linear_head.line", "models/linear_head.of",
    "models/recurrent.targeted", "models/predictor.inside", "models/predictor.targeted",
    "models/state_space._moments", "models/state_space.along", "models/state_space.project",
    "models/step_arithmetic._check",
    "models/training_rows.read_again", "runtime/json_file.write",
    "runtime/limits.spend", "storage/database.check_choice", "storage/database.number", "storage/database.remove",
    "storage/pairs.keep", "text/preprocessing.id", "text/preprocessing.token",
    "text/preprocessing.without", "text/wordnet._data_lines",
}  # fmt: skip
REACHED = ("data", "data/formats", "models", "storage", "text", "runtime")
COMMANDS = ("runtime/cluster", "runtime/workers")  # not reached by pages


def plain(path: Path) -> Iterator[str]:
    """Functions of a module that raise an exception with a text that no catalogue has."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                    text = node.exc.args[0]
                    if isinstance(text, ast.JoinedStr) or (
                        isinstance(text, ast.Constant) and isinstance(text.value, str)
                    ):
                        yield f"{path.relative_to(CORE).with_suffix('')}.{function.name}"


def test_no_refusal_that_a_page_shows_is_english_alone() -> None:
    """A new refusal goes through `core.runtime.i18n.gettext`, or its function is listed above."""
    found = {name for folder in REACHED for path in (CORE / folder).glob("*.py") for name in plain(path)}
    assert {name for name in found if not name.startswith(COMMANDS)} == PLAIN
