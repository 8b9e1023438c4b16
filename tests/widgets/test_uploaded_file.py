"""A page reads every form of docs/files.md as the command line does: the same line and first rows, no traceback."""

from __future__ import annotations

import gzip
import shlex
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.formats.detection import look
from core.data.formats.layout import Layout, delimiter_of, said
from core.data.records import windows
from core.models import checkpoints
from pages.widgets import uploaded_file
from tests.app import numbers_in, shown
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


def layout_of(words: list[str]) -> dict[str, Any]:
    """What the command's options say, by the name of the page's box."""
    chosen: dict[str, Any] = {name: True for option, name in BOXES.items() if option in words}
    for name in ("delimiter", "quoting"):
        if name in chosen:
            chosen[name] = words[words.index(f"--{name}") + 1]
    if "delimiter" in chosen:
        chosen["delimiter"] = delimiter_of(chosen["delimiter"])
    return chosen | ({"header": False} if "header" in chosen else {})


FORMS = [(form, shlex.split(command.strip("`"))) for form, _example, command, _said in UPLOADED]


def uploaded(at: AppTest, form: str, words: list[str], folder: Path) -> Path:
    path = write(folder / words[words.index("--file") + 1], CASES[form][0])
    at.file_uploader[0].upload(path.name, path.read_bytes()).run()
    return path


def assert_read(at: AppTest, path: Path, layout: Layout) -> None:
    """The page shows the first rows, and says the layout, as the command reads them."""
    assert not at.exception and not at.error, path.name
    (window,) = windows(path, 1_000, layout)
    shown = at.dataframe[0].value
    assert [list(row) for row in shown.itertuples(index=False)] == [
        ["" if cell is None else str(cell) for cell in cells] for cells in list(window.cells())[:8]
    ]
    line = " ".join(caption.value.replace("\\", "") for caption in at.caption)
    assert said(look(path, layout)).replace(" (--mend)", "").replace("\\", "") in line


def test_a_page_shows_the_rows_that_the_command_reads(tmp_path: Path) -> None:
    at = AppTest.from_function(script, default_timeout=30).run()
    for number, (form, words) in enumerate(FORMS):
        if not layout_of(words):
            (tmp_path / str(number)).mkdir()
            assert_read(at, uploaded(at, form, words, tmp_path / str(number)), Layout())


@pytest.mark.parametrize(("form", "words"), [case for case in FORMS if layout_of(case[1])], ids=lambda of: str(of)[:20])
def test_a_page_reads_a_file_by_the_boxes_as_the_command_by_its_options(
    form: str, words: list[str], tmp_path: Path
) -> None:
    chosen = layout_of(words)
    layout = Layout(**chosen)
    at = AppTest.from_function(script, default_timeout=30)
    if chosen.get("delimiter") in ("^", "::"):
        typed(at, "delimiter", chosen.pop("delimiter"))
    path = uploaded(at.run(), form, words, tmp_path)
    for name, value in chosen.items():
        box = at.checkbox(key=f"file {name}") if value is True else at.selectbox(key=f"file {name}")
        box.set_value(value)
    assert_read(at.run(), path, layout)


def test_no_file_is_a_traceback_and_an_error_names_the_upload_and_the_box_that_helps() -> None:
    at = AppTest.from_function(script, default_timeout=30).run()
    cyrillic = "text,label\nщи и щи,1\n".encode("cp1251")
    for name, content, box in (
        ("my tweets.csv", b"what a lovely day it is\nI hate this soup\n", "First row"),
        ("soup.csv", cyrillic, "Encoding"),
        ("own.csv.gz", gzip.compress(cyrillic, mtime=0), "Encoding"),
        ("a.csv", b'id,label,text\n1,negative,"Two hours late\n2,neutral,train six"\n', ""),
        ("a.csv", bytes(range(256)) * 9, ""),
        ("a.csv", b"", ""),
        ("a.csv", b"\0" * 900, ""),
        ("a.tsv", b'"\t"\n' * 9, ""),
        ("a.txt", b"", ""),
        ("a.json", b"[1, {}, null", ""),
        ("a.json", b"[[[]]]", ""),
        ("a.jsonl", b"\n\n[]\n", ""),
        ("a.csv.gz", b"\x1f\x8b\x08 and junk", ""),
        ("a.zip", b"PK\x05\x06" + b"\0" * 18, ""),
        ("a.gz", b"text\n", ""),
        ("a.parquet", b"PAR1PAR1", ""),
    ):
        at.file_uploader[0].upload(name, content).run()
        assert not at.exception and len(at.error) == 1, name
        line = shown(at.error[0].value)
        assert "--" not in line and "upload" not in line and line.startswith(name) >= bool(box)
        assert line.endswith(f"{box}.") >= bool(box), line
    at.file_uploader[0].upload("a.csv", b"what a lovely day it is\nI hate this soup\n").run()
    at.selectbox(key="file header").set_value(False).run()
    assert not at.error and at.dataframe[0].value.iloc[:, 0].tolist() == ["what a lovely day it is", "I hate this soup"]


def test_rows_that_cannot_be_read_are_counted() -> None:
    at = AppTest.from_function(script, default_timeout=30).run()
    at.file_uploader[0].upload("a.csv", b"text,label\ncold,0\nragged\nfine,1\n").run()
    assert numbers_in(at.warning[0].value)[:3] == [1, 3, 2], "one of the first three, row 2"


def test_every_encoding_of_the_command_line_can_be_chosen_or_typed() -> None:
    at = AppTest.from_function(script, default_timeout=30)
    typed(at, "encoding", "koi8-r")
    at.run()
    for encoding, text in {
        "koi8-r": "щи",
        "cp1250": "příliš",
        "cp1251": "щи",
        "gbk": "很好",
        "utf-16-le": "щи",
    }.items():
        at.file_uploader[0].upload("a.csv", f"text,label\n{text},1\nbad,0\n".encode(encoding))
        if encoding != "koi8-r":
            at.selectbox(key="file encoding").set_value(encoding)
        at.run()
        assert not at.exception and not at.error
        assert at.dataframe[0].value["text"].tolist() == [text, "bad"]


@pytest.mark.parametrize(("box", "nonsense"), [("encoding", "base64"), ("encoding", "punycode"), ("delimiter", '"')])
def test_nonsense_in_a_box_is_one_line_and_nothing_is_lost(box: str, nonsense: str) -> None:
    at = AppTest.from_function(script, default_timeout=30)
    typed(at, box, nonsense)
    at.run().file_uploader[0].upload("a.csv", b"text,label\ngood,1\nbad,0\n").run()
    assert not at.exception and len(at.error) == 1
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
        upload._run(given, gru, upload._Asked("text", "mood", (), Layout()), lambda: None),
        ensemble._measured(given, ensemble._Asked("text", "mood", Layout(), 9, 0, ()), gru, lambda: None),
    ):
        with pytest.raises((ValueError, LookupError), match=r"^own\.csv .*'mood'.* text, label"):
            list(work)
