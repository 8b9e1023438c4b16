"""The page on models, run in process on tiny checkpoints: every view, links, uploads, hostile texts, damaged counts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from core.evaluation import binned_metrics_file
from core.evaluation.assessment import assess, own
from core.evaluation.binned_metrics_file import Source
from core.models import checkpoints
from tests.conftest import EMBEDDING, WORDS
from tests.hostile import SENTENCES

ROOT = Path(__file__).parents[3]
PAGE = "pages/6_Models.py"
VIEWS = ("cards", "slices", "calibration", "confusion", "threshold", "compare", "evaluate", "words")
COUNTED = ("slices", "calibration", "confusion", "threshold", "compare")
MARKER = "zqxmarker"


@pytest.fixture(autouse=True)
def folder(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the tiny models with word vectors and counts beside them, which a test may change."""
    import shutil

    import torch

    from core.text.preprocessing import Preprocessing, Vocabulary

    found = tmp_path / "checkpoints"
    shutil.copytree(tiny_checkpoints, found)
    vocabulary = Vocabulary(WORDS)
    vectors = np.random.default_rng(0).normal(size=(len(vocabulary), EMBEDDING)).astype(np.float32)
    card: dict[str, Any] = {"kind": "embeddings", "preprocessing": Preprocessing().steps, "data": {"sha256": "0" * 64}}
    checkpoints.save("word2vec", {"vectors": torch.from_numpy(vectors)}, vocabulary, card, found)
    loaded = [checkpoints.load(name, found) for name in ("rnn", "gru", "lstm")]
    assessment = own(loaded)
    binned_metrics_file.save(
        found / binned_metrics_file.FILE, Source("made_up.csv", "1" * 64, assessment.counted, 0), assessment.tallies
    )
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(found))
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()
    yield found
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()


def opened(**parameters: str) -> AppTest:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=90)
    at.switch_page(PAGE)
    for name, value in parameters.items():
        at.query_params[name] = value
    return sound(at.run())


def sound(at: AppTest) -> AppTest:
    assert [error.message for error in at.exception] == []
    return at


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.info, at.warning, at.success, at.error, at.text, at.header, at.subheader)
    return "\n".join(found.value.replace("\\", "") for kind in kinds for found in kind)


def charts(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(found.proto.spec) for found in at.get("plotly_chart")]


def table(at: AppTest, *columns: str) -> Any:
    return next(found.value for found in at.dataframe if set(columns) <= set(found.value.columns))


def parameter(at: AppTest, name: str) -> str | None:
    found = at.query_params.get(name)
    return found[0] if isinstance(found, list) else found


def choose_row(at: AppTest, row: int) -> AppTest:
    found = next(found for found in at.dataframe if found.proto.selection_mode)
    at.session_state[found.proto.id.rpartition("-")[2]] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return sound(at.run())


def upload(at: AppTest, name: str, content: bytes) -> AppTest:
    at.file_uploader[0].upload(name, content)
    return sound(at.run())


def evaluated(at: AppTest) -> AppTest:
    (button,) = (button for button in at.button if button.label.startswith("Evaluate"))
    return sound(button.click().run())


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_from_its_link_and_keeps_it(view: str) -> None:
    at = opened(view=view)
    assert not at.error
    assert at.pills(key="models view").value == view
    assert parameter(at, "view") == (None if view == "cards" else view)


@pytest.mark.parametrize("view", COUNTED)
def test_own_sentences_are_read_by_the_models(view: str) -> None:
    at = opened(view=view, on="own")
    assert "125 sentences" in said(at)
    assert parameter(at, "on") == "own"
    assert not at.error


def test_slices_tell_the_counts() -> None:
    at = opened(view="slices")
    kept = binned_metrics_file.load()
    assert kept is not None
    found = table(at, "slice", "accuracy")
    assert len(found) == 45
    row = found[(found["slice"] == "negation") & (found["model"] == "GRU")].iloc[0]
    cell = next(cell for cell in kept.tallies.of("gru").cells() if (cell.family, cell.name) == ("negation", "with"))
    assert row["rows"] == cell.rows
    assert row["accuracy"].startswith(f"{cell.accuracy:.1%} (")


def test_a_threshold_travels_in_the_link() -> None:
    at = opened(view="threshold", threshold="30")
    kept = binned_metrics_file.load()
    assert kept is not None
    wanted = kept.tallies.of("lstm").at(0.3)
    assert table(at, "precision").iloc[2]["recall"].startswith(f"{wanted.recall:.1%}")
    at = sound(at.slider(key="models threshold").set_value(80).run())
    assert parameter(at, "threshold") == "80"
    assert opened(view="threshold", threshold="300").slider(key="models threshold").value == 50


def test_a_row_goes_to_any_page() -> None:
    at = opened(view="confusion", on="own", model="rnn", field="10")
    first = table(at, "text", "is").iloc[0]
    assert first["is"] == "positive"
    assert first["P RNN"] < 0.5
    at = choose_row(at, 0)
    assert first["text"] in [found.value for found in at.text]
    assert "Ask more of this sentence" in said(at)


def test_two_models_side_by_side() -> None:
    at = opened(view="compare", on="own", a="gru", b="rnn")
    kept = binned_metrics_file.load()
    assert kept is not None
    pair = kept.tallies.pair("gru", "rnn")
    values = {metric.label: metric.value for metric in at.metric}
    assert values["rows where they differ"] == str(pair.only_a + pair.only_b)
    assert f"{100 * pair.difference:+.2f}" in values.values()
    assert "P GRU" in table(at, "text", "is").columns
    assert "Choose two different models" in said(opened(view="compare", a="gru", b="gru"))


def test_counts_that_are_missing_damaged_or_of_other_models(folder: Path) -> None:
    path = folder / binned_metrics_file.FILE
    content = path.read_text(encoding="utf-8")
    path.write_text(content.replace(checkpoints.load("gru").hash, "f" * 64), encoding="utf-8")
    at = opened(view="slices")
    assert "left out: gru" in said(at)
    assert set(table(at, "slice")["model"]) == {"RNN", "LSTM"}
    path.write_text(content[:-40] + f"<b>{MARKER}</b>", encoding="utf-8")
    at = opened(view="slices")
    assert [error.value.replace("\\", "") for error in at.error] == ["evaluation.json is not JSON (JSONDecodeError)"]
    path.unlink()
    assert "python -m core assess" in said(opened(view="calibration"))


@pytest.mark.parametrize("text", [SENTENCES[0], SENTENCES[10], SENTENCES[14], "'; drop table --", "\x00"])
def test_a_hostile_link_is_inert(text: str) -> None:
    for view in (*VIEWS, text):
        at = opened(view=view, on=text, model=text, field=text, threshold=text, a=text, b=text, word=text, about=text)
        for kind in (at.markdown, at.caption, at.info, at.warning, at.error):
            assert not [found.value for found in kind if "<script>" in found.value or "![" in found.value]


def upload_of(rows: list[tuple[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([("label", "text"), *rows])
    return out.getvalue().encode()


ROWS = [("positive", "love it"), ("negative", "so sad"), ("positive", "great movie !"), ("negative", "not good ?")] * 5


def test_a_file_is_evaluated_and_offered_to_the_other_views(tmp_path: Path) -> None:
    content = upload_of([*ROWS, ("maybe", "bad"), ("positive", "")])
    at = evaluated(upload(opened(view="evaluate"), "mine.csv", content))
    assert "22 rows: 20 counted, 0 with a label of neither class, 1 without a word, 1 malformed." in said(at)
    assert table(at, "what is wrong").iloc[0]["what is wrong"] == "the label 'maybe' is not understood"
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    *_before, wanted = assess(path, [checkpoints.load("rnn")])
    accuracy = wanted.tallies.of("rnn").at(0.5).accuracy
    assert table(at, "model", "accuracy").iloc[0]["accuracy"].startswith(f"{accuracy:.1%}")
    for view in COUNTED:
        at = sound(at.pills(key="models view").set_value(view).run())
        at = sound(at.segmented_control(key="models on").set_value("upload").run())
        assert "20 rows of mine.csv" in said(at)
        assert not at.error


def test_hostile_rows_are_shown_as_they_are() -> None:
    rows = [("positive", f"{text} good") for text in SENTENCES] + [("negative", "sad")]
    at = evaluated(upload(opened(view="evaluate"), "<b>![x](y).csv", upload_of(rows)))
    assert not at.error
    at = sound(at.pills(key="models view").set_value("confusion").run())
    at = sound(at.segmented_control(key="models on").set_value("upload").run())
    for field in ("10", "11"):
        at = sound(at.segmented_control(key="models field").set_value(field).run())
        if any(found.proto.selection_mode for found in at.dataframe):
            at = choose_row(at, 0)
    for kind in (at.markdown, at.caption, at.info, at.warning, at.error, at.subheader):
        assert not [found.value for found in kind if "<script>" in found.value or "![" in found.value]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", b"", "is empty"),
        ("x.csv", b"text\ngood\n", "one column only"),
        ("x.parquet", b"nothing of the kind", "is not a readable parquet file"),
        ("x.jsonl", b"[1]\n", "expected an object"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_of(name: str, content: bytes, message: str) -> None:
    at = upload(opened(view="evaluate"), name, content)
    assert message in said(at)
    assert len(at.error) == 1


def test_labels_that_are_not_understood_are_told_of_and_can_be_named() -> None:
    at = upload(opened(view="evaluate"), "x.csv", upload_of([("yes", "good"), ("no", "bad")]))
    assert "no label in column" in said(at) and not [button for button in at.button if button.label == "Evaluate"]
    at = sound(meaning(at, "yes").set_value("positive").run())
    at = evaluated(sound(meaning(at, "no").set_value("negative").run()))
    assert "2 counted" in said(at)
    assert not at.error


def meaning(at: AppTest, value: str) -> Any:
    """The box that says what a label means."""
    (box,) = (box for box in at.selectbox if box.label.replace("\\", "").startswith(f"{value} ("))
    return box


def test_labels_of_two_meanings_are_asked_about_and_never_taken_for_one() -> None:
    rows = [(str(number % 3), text) for number, (_label, text) in enumerate(ROWS)]
    at = upload(opened(view="evaluate"), "x.csv", upload_of(rows))
    assert "What do these labels mean?" in [box.label for box in at.expander]
    assert "holds 0 (7 rows), 1 (7), 2 (6): 2 may be neutral or positive" in said(at) and "--labels" not in said(at)
    assert [meaning(at, value).value for value in "012"] == [None] * 3
    for value, name in (("0", "negative"), ("1", "neutral"), ("2", "positive")):
        assert not [button for button in at.button if button.label.startswith("Evaluate")]
        at = sound(meaning(at, value).set_value(name).run())
    at = evaluated(at)
    assert "20 rows: 13 counted, 7 with a label of neither class" in said(at)
    at = sound(at.pills(key="models view").set_value("cards").run())
    at = sound(at.pills(key="models view").set_value("evaluate").run())
    assert [meaning(at, value).value for value in "012"] == ["negative", "neutral", "positive"]
    at = upload(at, "y.csv", upload_of([*rows, ("0", "bad")]))
    assert [meaning(at, value).value for value in "012"] == [None] * 3, "another file is asked about anew"


def test_a_guess_is_named_as_one_until_it_is_changed() -> None:
    rows = [("-1" if label == "negative" else "1", text) for label, text in ROWS]
    at = upload(opened(view="evaluate"), "x.csv", upload_of([*rows, ("0", "a movie")]))
    assert "A guess: check it" in said(at)
    assert [meaning(at, value).value for value in ("-1", "0", "1")] == ["negative", "neutral", "positive"]
    at = sound(meaning(at, "0").set_value("positive").run())
    assert "A guess" not in said(at)
    assert "21 counted" in said(evaluated(at))


def test_a_hostile_label_is_shown_as_it_stands() -> None:
    hostile = "![x](http://a.b) <script> :smile: $x$"
    at = upload(opened(view="evaluate"), "x.csv", upload_of([*ROWS, (hostile, "good")]))
    (box,) = (box for box in at.selectbox if "script" in box.label)
    assert "![" not in box.label and box.value is None
    at = evaluated(sound(box.set_value("positive").run()))
    assert "21 counted" in said(at) and not at.error


def test_a_column_of_too_many_numbers_is_an_error() -> None:
    at = upload(opened(view="evaluate"), "x.csv", upload_of([(str(number), "good") for number in range(40)]))
    assert "it is not known what these numbers mean" in said(at) and len(at.error) == 1
    assert not [button for button in at.button if button.label.startswith("Evaluate")]


def test_neighbours_before_and_after() -> None:
    from core.probes.words import neighbours

    at = opened(view="words", word="bad", model="gru")
    before, after = (found.value for found in at.dataframe if "cosine" in found.value.columns)
    gru = neighbours.after(checkpoints.load("gru"))
    assert list(after["word"]) == [near.word for near in neighbours.neighbours(gru, "bad", 20).near]
    start = neighbours.before(checkpoints.load_vectors())
    assert list(before["word"]) == [near.word for near in neighbours.neighbours(start, "bad", 20).near]
    assert [metric.label for metric in at.metric][:1] == ["cosine, before and after"]


@pytest.mark.parametrize("typed", ["", "  ", "terribel", "good bad", *SENTENCES[:3], SENTENCES[10]])
def test_a_word_that_cannot_be_asked_is_one_line(typed: str) -> None:
    at = opened(view="words")
    at = sound(at.text_input(key="models word").set_value(typed).run())
    assert len(at.error) + len(at.info) == 1
    assert not [found for found in at.dataframe if "cosine" in found.value.columns]
    if typed == "terribel":
        assert "spelt alike: terrible" in said(at)


def test_analogies_maps_and_moves() -> None:
    at = opened(view="words", about="analogy", ana="great", anb="good", anc="bad")
    assert len([found for found in at.dataframe if "cosine" in found.value.columns]) == 2
    assert parameter(at, "ana") == "great"
    assert len(sound(at.text_input(key="models anc").set_value("zzz").run()).error) == 1
    for when in ("before", "after"):
        (chart,) = charts(opened(view="words", about="map", when=when, find="love <b> zzz", words="50"))
        assert len(chart["data"][0]["text"]) == len(WORDS)
        assert chart["data"][0]["type"] == "scattergl"
        assert chart["data"][1]["marker"]["symbol"] == "circle-open"
    for by in ("shift", "cosine"):
        at = opened(view="words", about="moved", by=by)
        assert len(charts(at)) == 1
        assert len(table(at, "shift (logit)")) == 24


def test_without_word_vectors_only_after_is_shown(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder / "word2vec")
    for about in ("near", "analogy", "map", "moved"):
        at = opened(view="words", about=about)
        assert "started from are not here" in said(at)
        assert not at.error


def test_without_models_every_view_says_so(folder: Path) -> None:
    for name in ("rnn", "gru", "lstm"):
        (folder / name / "card.json").unlink()
    for view in VIEWS:
        opened(view=view, on="own" if view in COUNTED else "")
