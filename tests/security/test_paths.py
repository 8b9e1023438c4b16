"""No name from outside leads out of its folder: of checkpoints, of uploads, of what is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data import tables, writers
from core.models import checkpoints
from tests.security.test_hostile_pages import reached

ROOT = Path(__file__).parents[2]
NAMES = (
    *("../lstm", "..", ".", "", "/etc/passwd", "lstm/../lstm", "lstm/", "./lstm", "lstm\\..\\gru", "lstm\0", "lstm\n"),
    *(
        "~root",
        "$HOME",
        "%2e%2e%2flstm",
        ".lstm.previous",
        "con:",
        "a" * 65,
        "\uff4c\uff53\uff54\uff4d",
        "lstm ",
        "\u202elstm",
        "lstm;x",
        "-x",
    ),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_has_a_name_and_no_path(name: str, tiny_checkpoints: Path) -> None:
    reached.begin()
    for use in (checkpoints.load, checkpoints.read_card, checkpoints.load_vectors):
        with pytest.raises(checkpoints.CheckpointError) as told:
            use(name, tiny_checkpoints)
        assert "\n" not in str(told.value)
    with pytest.raises(checkpoints.CheckpointError):
        checkpoints.check_name(name)
    assert reached.end() == []


UPLOADS = ("../../../zqxmarker.csv", "/tmp/zqxmarker.csv", "a\nzqxmarker.csv", "..\\zqxmarker.csv")


@pytest.mark.parametrize("name", UPLOADS)
@pytest.mark.parametrize(
    ("place", "query", "key"),
    [("2_Sarcasm", ("view", "file"), "file"), ("5_Maths_Lab", ("lab", "boosting"), "boost file")],
)
def test_an_upload_keeps_nothing_of_its_name_on_the_disk(
    place: str,
    query: tuple[str, str],
    key: str,
    name: str,
    tiny_checkpoints: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "pairs.sqlite3"))
    at = AppTest.from_file(ROOT / "app.py", default_timeout=90).run()
    at.switch_page(f"pages/{place}.py")
    at.query_params[query[0]] = query[1]
    at.run()
    reached.begin()
    (box,) = [box for box in at.file_uploader if box.key == key]
    box.upload(name, b"text,label\n" + b"so good,1\nso bad,0\n" * 20)
    at.run()
    assert [fault.message for fault in at.exception] == []
    assert reached.end() == []
    assert not list(tmp_path.parent.rglob("*zqxmarker*"))


@pytest.mark.parametrize("environment", ["UNROLLED_CHECKPOINTS", "UNROLLED_COLLECTION"])
@pytest.mark.parametrize("told", ["/nowhere/at/all", "/etc/passwd", "/dev/null", "../" * 40, "x" * 5_000])
def test_a_setting_that_leads_nowhere_is_told_of(
    environment: str, told: str, tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment is the owner's word and may name any place; a wrong one is a line on the page and no fault."""
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "pairs.sqlite3"))
    monkeypatch.setenv(environment, told)
    at = AppTest.from_file(ROOT / "app.py", default_timeout=90).run()
    at.switch_page("pages/1_Permutations.py")
    at.query_params["view"] = "kept"
    at.run()
    assert [fault.message for fault in at.exception] == []
    if environment == "UNROLLED_COLLECTION":
        assert at.error or at.info  # cannot be used, or nothing is kept there


@pytest.mark.parametrize("name", ["out.exe", "out", "out.csv/", "out.csv/.."])
def test_only_tables_are_written_and_only_where_a_folder_is(name: str, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("text\na\n", encoding="utf-8")
    target = tmp_path / name
    if target.suffix == ".csv":
        target = tmp_path / "gone" / "out.csv"
    with pytest.raises((ValueError, OSError)) as told:
        writers.check(target, source)
    assert "\n" not in str(told.value)
    assert sorted(tmp_path.iterdir()) == [source]


def test_a_table_is_never_a_program_or_an_archive(tmp_path: Path) -> None:
    for name in ("a.py", "a.pickle", "a.pkl", "a.npz", "a.xlsx", "a.h5", "a.feather", "a.sqlite3", "a.pt"):
        (tmp_path / name).write_bytes(b"cos\nsystem\n(S'touch hacked'\ntR.")
        with pytest.raises(ValueError, match="cannot read"):
            list(tables.rows(tmp_path / name, ["text"], None))
    assert not Path("hacked").exists()
