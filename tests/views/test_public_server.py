"""A server that strangers share, run in process: budgets end searches, and nobody sees what another keeps."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.runtime.limits import Limits
from pages.server import limits
from tests.app import PAGES, opened, said, sound, strips

SENTENCE = "I love this good movie but"  # 720 orders
PUBLIC = "Public server."


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "owner.sqlite3"))
    monkeypatch.setenv("UNROLLED_PUBLIC", "1")


def composed(at: AppTest) -> AppTest:
    at.button(key="compose start").click()
    return sound(at.run())


def keep(at: AppTest, note: str) -> AppTest:
    sound(at.segmented_control(key="sarcasm reading").set_value("negative").run())
    (box,) = [box for box in at.text_input if str(box.key).startswith("keep comment")]
    box.set_value(note)
    (button,) = [button for button in at.button if button.label == "Keep this text"]
    button.click()
    return sound(at.run())


@pytest.mark.parametrize("where", [page for page in PAGES if page != "Home"])
def test_every_page_says_in_one_line_what_is_limited(where: str) -> None:
    lines = [caption.value for caption in opened(where).caption if caption.value.startswith(PUBLIC)]
    (line,) = lines
    usual = Limits()
    assert f"{usual.seconds} s" in line and f"{usual.queries:,} " in line
    assert f"{usual.megabytes} MB" in line and "\n" not in line


def test_nothing_is_said_or_limited_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNROLLED_PUBLIC", "0")
    at = opened("Sarcasm", q=SENTENCE)
    assert PUBLIC not in said(at)
    keep(at, "mine")
    assert (tmp_path / "owner.sqlite3").exists()
    assert limits.largest_upload() is None and limits.short_enough("x" * 10_000) == "x" * 10_000


def test_a_setting_that_cannot_be_serves_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_PUBLIC_SECONDS", "lots")
    at = sound(opened())
    (error,) = at.error
    assert "UNROLLED_PUBLIC_SECONDS must be a whole number" in error.value.replace("\\", "")
    assert not at.metric and not at.text_input


def test_a_search_ends_with_the_queries_and_none_begins_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_PUBLIC_QUERIES", "500")
    at = opened("Sarcasm", view="compose")
    composed(at)
    found = said(at)
    assert "limits are 300 s" in found
    assert "P(positive)" in str([frame.value.columns.tolist() for frame in at.dataframe])  # what it found stays
    assert not [button for button in at.button if button.key == "compose start"]
    assert " 0 scored texts" in said(sound(at.run()))
    at.query_params["view"] = "comment"
    sound(at.run())
    assert "limits are 300 s" in said(at) and not at.dataframe
    other = opened("Sarcasm", view="compose")
    assert [button for button in other.button if button.key == "compose start"], "another window has its own budget"


def test_time_is_a_budget_too(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened("Sarcasm", view="compose")
    budget = at.session_state["public budget"]
    budget.spend(Limits().seconds - 0.001, 0)
    composed(at)
    assert budget.seconds == 0 and budget.over
    assert "limits are 300 s" in said(at)


@pytest.mark.parametrize(("name", "view"), [("Trajectories", "gradients"), ("Attributions", "agreement")])
def test_long_work_that_nobody_pressed_a_button_for_is_counted_too(name: str, view: str) -> None:
    at = opened(name, q=SENTENCE, view=view)
    budget = at.session_state["public budget"]
    assert at.get("plotly_chart") and 0 < Limits().seconds - budget.seconds < 60
    budget.spend(Limits().seconds, 0)
    sound(at.run())
    assert "limits are 300 s" in said(at) and not at.get("plotly_chart")


def test_strangers_never_share_a_collection(tmp_path: Path) -> None:
    one, other = (opened("Sarcasm", q=SENTENCE) for _ in range(2))
    keep(one, "secret of one")
    for at, expected in ((one, 1), (other, 0)):
        at.query_params["view"] = "kept"
        sound(at.run())
        assert len(at.dataframe) == expected
    assert "secret of one" in str(one.dataframe[0].value.to_dict())
    assert not other.dataframe
    (download,) = [button for button in one.get("download_button") if "CSV" in button.proto.label]
    assert download is not None
    assert not (tmp_path / "owner.sqlite3").exists(), "the owner's file is not touched"


def test_a_collection_goes_with_its_session() -> None:
    at = opened("Sarcasm", q=SENTENCE)
    keep(at, "gone soon")
    folder = Path(at.session_state["public folder"].name)
    assert (folder / "collection.sqlite3").exists()
    del at
    gc.unfreeze()  # a page's start may have set the session's objects aside
    gc.collect()
    assert not folder.exists()


def test_a_session_keeps_only_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_PUBLIC_KEPT", "2")
    at = keep(opened("Sarcasm", q=SENTENCE), "first")
    assert "Saved to Kept finds" in said(at)
    for text in ("so good", "so bad", "so sad"):
        at.text_input(key="q").set_value(text)
        keep(sound(at.run()), text)
    assert "at most 2" in said(at)
    at.query_params["view"] = "kept"
    sound(at.run())
    assert len(at.dataframe[0].value) <= 2


@pytest.mark.parametrize(
    ("where", "parameters", "key"),
    [
        ("Sarcasm", {"view": "file"}, "file"),
        ("Maths_Lab", {"lab": "boosting"}, "boost file"),
    ],
)
def test_uploads_are_small(where: str, parameters: dict[str, str], key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_PUBLIC_UPLOAD_MB", "1")
    at = opened(where, **parameters)
    (box,) = [box for box in at.file_uploader if box.key == key]
    assert box.proto.max_upload_size_mb == 1  # the browser says so at once
    box.upload("large.csv", b"text,label\n" + b"good,1\n" * 200_000)  # as one who asks no browser
    sound(at.run())
    assert "1,048,576" in said(at)
    assert not [button for button in at.button if button.key in ("file start", "ensemble start")]


def test_strangers_send_no_parquet() -> None:
    at = opened("Sarcasm", view="file")
    (box,) = at.file_uploader
    assert sorted(box.proto.type) == [".csv", ".json", ".jsonl", ".neg", ".pos", ".tsv", ".txt"]
    box.upload("bomb.parquet", b"PAR1")  # as one who asks no browser
    assert len(at.run().exception) == 1  # Streamlit's, of an invalid extension, as the browser never sends one
    assert not at.selectbox


def test_a_long_text_is_cut_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_PUBLIC_CHARACTERS", "30")
    at = opened()
    at.text_input(key="q").set_value("love " * 1_000)
    sound(at.run())
    assert "first 30 of the text’s 5,000 characters" in said(at)
    (strip,) = strips(at)
    assert strip["words"] == ["love"] * 6
