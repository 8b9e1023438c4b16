"""A page reads every form of docs/files.md as the command line does: the same line and first rows, no traceback."""

from __future__ import annotations

import gzip
import shlex
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.formats.detection import look
from core.data.formats.layout import Layout, delimiter_of, said
from core.data.labels import SENTIMENT
from core.data.records import windows
from core.models import checkpoints
from pages.widgets import uploaded_file
from tests.data.formats.test_documented_forms import CASES, TABLE
from tests.data.tables import write

BOXES = {
    "--delimiter": "delimiter",
    "--quoting": "quoting",
    "--mend": "mend",
    "--join": "join",
    "--no-header": "header",
}
UPLOADED = [row for row in TABLE if not isinstance(CASES[row[0]][0], dict)]


def script() -> None:
    from pages.widgets import uploaded_file

    given = uploaded_file.upload("A file", "file", "file")
    if given is not None:
        uploaded_file.control(given, "file")


def typed(at: AppTest, name: str, value: object) -> None:
    """Type something that a box does not offer, before it is shown: later the test's stand-in for it takes none."""
    at.session_state[f"file {name}"] = value


@pytest.mark.parametrize(("form", "_example", "command", "_said"), UPLOADED, ids=[row[0] for row in UPLOADED])
def test_a_page_shows_the_rows_that_the_command_reads(
    form: str, _example: str, command: str, _said: str, tmp_path: Path
) -> None:
    content, _texts = CASES[form]
    words = shlex.split(command.strip("`"))
    path = write(tmp_path / words[words.index("--file") + 1], content)
    asked: dict[str, object] = {}
    for option, name in BOXES.items():
        if option in words:
            value = (
                words[words.index(option) + 1] if option in ("--delimiter", "--quoting") else option != "--no-header"
            )
            asked[name] = delimiter_of(str(value)) if option == "--delimiter" else value
    layout = Layout(**asked)  # type: ignore[arg-type]
    at = AppTest.from_function(script, default_timeout=30)
    if asked.get("delimiter") in ("^", "::"):
        typed(at, "delimiter", asked.pop("delimiter"))
    at.run().file_uploader[0].upload(path.name, path.read_bytes()).run()
    for name, value in asked.items():
        box = at.checkbox(key=f"file {name}") if value is True else at.selectbox(key=f"file {name}")
        box.set_value(value)
    at.run()
    assert not at.exception and not at.error
    (window,) = windows(path, 1_000, layout)
    shown = at.dataframe[0].value
    assert [list(row) for row in shown.itertuples(index=False)] == [
        ["" if cell is None else str(cell) for cell in cells] for cells in list(window.cells())[:8]
    ]
    line = " ".join(caption.value.replace("\\", "") for caption in at.caption)
    assert f"Read as: {said(look(path, layout))}".replace(" (--mend)", "").replace("\\", "") in line


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"what a lovely day it is\nI hate this soup\n"),
        ("a.csv", b'id,label,text\n1,negative,"Two hours late\n2,neutral,train six"\n'),
        ("a.csv", bytes(range(256)) * 9),
        ("a.csv", b""),
        ("a.csv", b"\0" * 900),
        ("a.tsv", b'"\t"\n' * 9),
        ("a.txt", b""),
        ("a.json", b"[1, {}, null"),
        ("a.json", b"[[[]]]"),
        ("a.jsonl", b"\n\n[]\n"),
        ("a.csv.gz", b"\x1f\x8b\x08 and junk"),
        ("a.zip", b"PK\x05\x06" + b"\0" * 18),
        ("a.gz", b"text\n"),
        ("a.parquet", b"PAR1PAR1"),
    ],
)
def test_no_file_is_a_traceback(name: str, content: bytes) -> None:
    at = AppTest.from_function(script, default_timeout=30).run()
    at.file_uploader[0].upload(name, content).run()
    assert not at.exception
    assert at.error and all("--" not in error.value.replace("\\", "") for error in at.error)


def test_a_question_that_looking_leaves_is_answered_in_a_box() -> None:
    at = AppTest.from_function(script, default_timeout=30).run()
    at.file_uploader[0].upload("a.csv", b"what a lovely day it is\nI hate this soup\n").run()
    assert "may be a header or data" in at.error[0].value
    at.selectbox(key="file header").set_value(False).run()
    assert not at.error and at.dataframe[0].value.iloc[:, 0].tolist() == ["what a lovely day it is", "I hate this soup"]


def test_rows_that_cannot_be_read_are_counted() -> None:
    at = AppTest.from_function(script, default_timeout=30).run()
    at.file_uploader[0].upload("a.csv", b"text,label\ncold,0\nragged\nfine,1\n").run()
    told = at.warning[0].value.replace("\\", "")
    assert told.startswith("1 of the first 3 rows cannot be read; the first, row 2: 1 fields, but the header has 2")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("my tweets.csv", b"what a lovely day it is\nI hate this soup\n", "First row"),
        ("soup.csv", "text,label\nжидкий щи,0\nщи и щи,1\n".encode("cp1251"), "Encoding"),
        ("own.csv.gz", gzip.compress("text,label\nщи и щи,1\n".encode("cp1251"), mtime=0), "Encoding"),
    ],
)
def test_an_error_bears_the_uploads_name_and_the_box_that_helps(name: str, content: bytes, message: str) -> None:
    at = AppTest.from_function(script, default_timeout=30).run()
    at.file_uploader[0].upload(name, content).run()
    assert len(at.error) == 1
    (error,) = (error.value.replace("\\", "") for error in at.error)
    assert error.startswith(f"{name}") and "upload" not in error
    assert error.endswith(f". Choose it under “Change”: {message}.")


@pytest.mark.parametrize("encoding", ["cp1250", "cp1251", "shift_jis", "gbk", "big5", "utf-16-le", "koi8-r"])
def test_every_encoding_of_the_command_line_can_be_chosen_or_typed(encoding: str) -> None:
    text = {"cp1250": "příliš", "shift_jis": "ひどい", "gbk": "很好", "big5": "很好"}.get(encoding, "щи")
    at = AppTest.from_function(script, default_timeout=30)
    typed(at, "encoding", encoding)
    at.run().file_uploader[0].upload("a.csv", f"text,label\n{text},1\nbad,0\n".encode(encoding)).run()
    assert not at.exception and not at.error
    assert at.dataframe[0].value["text"].tolist() == [text, "bad"]


@pytest.mark.parametrize(
    ("box", "nonsense", "message"),
    [
        ("encoding", "klingon", "unknown encoding: klingon"),
        ("encoding", "base64", "is not a text encoding"),
        ("encoding", "punycode", "unknown encoding: punycode"),
        ("delimiter", '"', "a delimiter is some characters"),
    ],
)
def test_nonsense_in_a_box_is_one_line_and_nothing_is_lost(box: str, nonsense: str, message: str) -> None:
    at = AppTest.from_function(script, default_timeout=30)
    typed(at, box, nonsense)
    at.run().file_uploader[0].upload("a.csv", b"text,label\ngood,1\nbad,0\n").run()
    assert not at.exception and message in at.error[0].value.replace("\\", "") and len(at.error) == 1
    assert at.selectbox(key=f"file {box}").value == nonsense and not at.dataframe
    at.selectbox(key=f"file {box}").set_value(None).run()
    assert not at.error and at.dataframe[0].value["text"].tolist() == ["good", "bad"]


def test_work_on_an_upload_names_it_as_it_came(tmp_path: Path, tiny_checkpoints: Path) -> None:
    from pages.views.maths_lab import ensemble
    from pages.views.models import upload
    from pages.views.sarcasm import files

    path = tmp_path / "upload.csv"
    path.write_text("text,label\ngood,1\nbad,0\n", encoding="utf-8")
    given = uploaded_file.Upload("own.csv", path, "")
    gru = [checkpoints.load("gru", tiny_checkpoints)]
    for work in (
        files._scan(given, gru, files._Asked("mood", None, 3, Layout()), lambda: None),
        upload._run(given, gru, upload._Asked("text", "mood", (), Layout()), SENTIMENT, lambda: None),
        ensemble._measured(given, ensemble._Asked("text", "mood", Layout(), 9, 0, ()), gru, lambda: None),
    ):
        with pytest.raises((ValueError, LookupError), match=r"^own\.csv has no column 'mood'; it has: text, label"):
            list(work)
