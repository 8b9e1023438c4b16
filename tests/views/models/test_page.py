"""The page on models, run in process on tiny checkpoints: every view, links, uploads, hostile texts, damaged counts."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.corpus import read_corpus
from core.data.labels import Labelling
from core.evaluation import binned_metrics_file
from core.evaluation.assessment import assess, own
from core.evaluation.binned_metrics_file import EvaluatedFile
from core.models import checkpoints
from core.training import recipe
from tests import app
from tests.app import (
    answers,
    charts,
    choose_row,
    forget,
    numbers_in,
    offers,
    parameter,
    said,
    shown,
    sound,
    table,
)
from tests.conftest import EMBEDDING, WORDS, write_tiny_checkpoint
from tests.hostile import SENTENCES

VIEWS = app.views("Models")
THREE = ("negative", "*so so*", "positive")
COUNTED = ("slices", "calibration", "confusion", "threshold", "compare")


@pytest.fixture(scope="module")
def counted(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the tiny models with word vectors and counts beside them."""
    import torch

    from core.text.preprocessing import Preprocessing, Vocabulary

    found = tmp_path_factory.mktemp("models") / "checkpoints"
    shutil.copytree(tiny_checkpoints, found)
    vocabulary = Vocabulary(WORDS)
    vectors = np.random.default_rng(0).normal(size=(len(vocabulary), EMBEDDING)).astype(np.float32)
    card: dict[str, Any] = {"kind": "embeddings", "preprocessing": Preprocessing().steps, "data": {"sha256": "0" * 64}}
    checkpoints.save("word2vec", {"vectors": torch.from_numpy(vectors)}, vocabulary, card, found)
    loaded = [checkpoints.load(name, found) for name in ("rnn", "gru", "lstm")]
    assessment = own(loaded)
    source = EvaluatedFile("made_up.csv", "1" * 64, assessment.counted, 0)
    binned_metrics_file.save(found / binned_metrics_file.FILE, source, assessment.tallies)
    return found


@pytest.fixture(autouse=True)
def folder(counted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it, which a test may change."""
    found = tmp_path / "checkpoints"
    shutil.copytree(counted, found)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(found))
    yield found
    forget()


def opened(view: str, **parameters: str) -> AppTest:
    return sound(app.opened("Models", view, **parameters))


def look_at(at: AppTest, view: str) -> AppTest:
    return sound(at.pills(key="models view").set_value(view).run())


def counts() -> Any:
    kept = binned_metrics_file.load()
    assert kept is not None
    return kept.tallies


def upload(at: AppTest, name: str, content: bytes) -> AppTest:
    at.file_uploader[0].upload(name, content)
    return sound(at.run())


def test_every_view_reads_the_own_sentences_and_keeps_to_the_link() -> None:
    at = opened("slices", on="own")
    for view in VIEWS:
        look_at(at, view)
        assert not at.error
        assert parameter(at, "view") == (None if view == "cards" else view)
        if view in COUNTED:
            assert [125] in [numbers_in(line.value) for line in at.caption] and parameter(at, "on") == "own"


def test_slices_tell_the_counts() -> None:
    at = opened("slices")
    found = table(at, "slice", "accuracy")
    assert len(found) == 45
    row = found[(found["slice"] == "negation") & (found["model"] == "GRU")].iloc[0]
    cell = next(cell for cell in counts().of("gru").cells() if (cell.family, cell.name) == ("negation", "with"))
    assert row["rows"] == cell.rows
    assert row["accuracy"].startswith(f"{cell.accuracy:.1%} (")


def test_a_threshold_travels_in_the_link() -> None:
    at = opened("threshold", threshold="30")
    wanted = counts().of("lstm").at(0.3)
    assert table(at, "precision").iloc[2]["recall"].startswith(f"{wanted.recall:.1%}")
    at = sound(at.slider(key="models threshold").set_value(80).run())
    assert parameter(at, "threshold") == "80"
    assert opened("threshold", threshold="300").slider(key="models threshold").value == 50


def test_a_row_goes_to_any_page() -> None:
    at = opened("confusion", on="own", model="rnn", field="10")
    first = table(at, "text", "gold label").iloc[0]
    assert first["gold label"] == "positive"
    assert first["P RNN"] < 0.5
    at = choose_row(at, "text", 0)
    assert first["text"] in [found.value for found in at.code] and len(at.header) == 1


def test_two_models_side_by_side() -> None:
    at = opened("compare", on="own", a="gru", b="rnn")
    pair = counts().pair("gru", "rnn")
    (answer,) = answers(at)
    better, worse = ("GRU", "RNN") if pair.difference >= 0 else ("RNN", "GRU")
    assert f"{100 * abs(pair.difference):.2f} points" in answer and answer.index(better) < answer.index(worse)
    assert sum(curve["x"][0] for curve in charts(at)[0]["data"]) == pair.only_a + pair.only_b
    assert "P GRU" in table(at, "text", "gold label").columns
    at = sound(at.selectbox(key="models compare b").set_value("gru").run())
    assert len(at.info) == 1 and not at.metric


def test_counts_that_are_missing_damaged_or_of_other_models(folder: Path) -> None:
    path = folder / binned_metrics_file.FILE
    content = path.read_text(encoding="utf-8")
    path.write_text(content.replace(checkpoints.load("gru").hash, "f" * 64), encoding="utf-8")
    at = opened("slices")
    assert len(at.warning) == 1 and "gru" in at.warning[0].value
    assert set(table(at, "slice")["model"]) == {"RNN", "LSTM"}
    path.write_text(content[:-40] + "<b>", encoding="utf-8")
    (error,) = sound(at.run()).error
    assert "evaluation.json" in shown(error.value) and "<b>" not in error.value
    path.unlink()
    assert len(sound(at.run()).info) == 1 and not at.error


def evaluated(name: str, content: bytes) -> AppTest:
    return upload(opened("evaluate"), name, content)  # so small a file is read at once


def rows_of(at: AppTest) -> list[float]:
    """Rows of an upload: all, counted, of neither class, without a word, malformed."""
    return next(found for line in at.caption if len(found := numbers_in(line.value)) == 5)


def upload_of(rows: list[tuple[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([("label", "text"), *rows])
    return out.getvalue().encode()


ROWS = [("positive", "love it"), ("negative", "so sad"), ("positive", "great movie !"), ("negative", "not good ?")] * 5


MORE = [("*so so*", "a movie"), *ROWS[:4]] * 5


def test_a_file_is_evaluated_and_offered_to_the_other_views(tmp_path: Path) -> None:
    content = upload_of([*ROWS, ("maybe", "bad"), ("positive", "")])
    at = evaluated("mine.csv", content)
    assert rows_of(at) == [22, 20, 0, 1, 1]
    assert "'maybe'" in table(at, "problem").iloc[0]["problem"]
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    *_before, wanted = assess(path, [checkpoints.load("rnn")])
    accuracy = wanted.tallies.of("rnn").at(0.5).accuracy
    assert table(at, "model", "accuracy").iloc[0]["accuracy"].startswith(f"{accuracy:.1%}")
    for view in COUNTED:
        at = look_at(at, view)
        assert at.segmented_control(key="models on").value == "upload"
        assert any(line.value.startswith("20 ") and "mine" in line.value for line in at.caption) and not at.error


def test_a_file_that_cannot_be_read_is_told_of() -> None:
    at = opened("evaluate")
    numbers = upload_of([(str(number), "good") for number in range(40)])
    for name, content in (("x.csv", b""), ("x.csv", b"text\ngood\n"), ("x.parquet", b"no"), ("numbers.csv", numbers)):
        upload(at, name, content)
        assert len(at.error) == 1 and not offers(at, "Evaluate")


def test_labels_that_are_not_understood_can_be_named() -> None:
    hostile = "![x](http://a.b) <script> :smile: $x$"
    at = upload(opened("evaluate"), "x.csv", upload_of([("yes", "good"), ("no", "bad"), (hostile, "good")]))
    assert not offers(at, "Evaluate")
    assert not [box.label for box in at.selectbox if "![" in box.label]
    for value, name in (("yes", "positive"), ("no", "negative"), ("![x]", "positive")):
        at = sound(meaning(at, value).set_value(name).run())
    assert rows_of(at) == [3, 3, 0, 0, 0] and not at.error


def meaning(at: AppTest, value: str) -> Any:
    """The box that says what a label means."""
    (box,) = (box for box in at.selectbox if shown(box.label).startswith((f"{value} (", f"{value}(")))
    return box


def test_labels_of_two_meanings_are_asked_about_and_never_taken_for_one() -> None:
    rows = [(str(number % 3), text) for number, (_label, text) in enumerate(ROWS)]
    at = upload(opened("evaluate"), "x.csv", upload_of(rows))
    assert [0, 7, 1, 7, 2, 6, 2] in [numbers_in(line.value) for line in at.warning] and "--labels" not in said(at)
    assert [meaning(at, value).value for value in "012"] == [None] * 3
    for value, name in (("0", "negative"), ("1", "neutral"), ("2", "positive")):
        assert not offers(at, "Evaluate")
        at = sound(meaning(at, value).set_value(name).run())
    assert rows_of(at) == [20, 13, 7, 0, 0]
    at = look_at(at, "cards")
    at = look_at(at, "evaluate")
    assert [meaning(at, value).value for value in "012"] == ["negative", "neutral", "positive"]
    at = upload(at, "y.csv", upload_of([*rows, ("0", "bad")]))
    assert [meaning(at, value).value for value in "012"] == [None] * 3, "another file is asked about anew"


def test_a_guess_is_named_as_one_until_it_is_changed() -> None:
    rows = [("-1" if label == "negative" else "1", text) for label, text in ROWS]
    at = upload(opened("evaluate"), "x.csv", upload_of([*rows, ("0", "a movie")]))
    (guess,) = at.info
    assert [meaning(at, value).value for value in ("-1", "0", "1")] == ["negative", "neutral", "positive"]
    at = sound(meaning(at, "0").set_value("positive").run())
    assert guess.value not in [info.value for info in at.info]
    assert rows_of(at)[1] == 21


# More than two classes


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two models of three classes, one measured on a file, with counts beside them."""
    found = tmp_path / "three"
    rows = tmp_path / "rows.csv"
    rows.write_bytes(upload_of(MORE))
    for seed, name in enumerate(("one", "other")):
        write_tiny_checkpoint(found, name, "gru", labels=THREE, seed=seed)
    recipe.add_metrics("one", "report", read_corpus(rows, labelling=Labelling(THREE)), found)
    *_before, counted = assess(rows, [checkpoints.load(name, found) for name in ("one", "other")])
    source = EvaluatedFile("rows.csv", "1" * 64, counted.counted, 0)
    binned_metrics_file.save(found / binned_metrics_file.FILE, source, counted.tallies)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(found))
    forget()
    return found


def test_every_view_speaks_of_three_classes(three: Path) -> None:
    tallies = counts()
    at = opened("calibration", target="*so so*")
    (chart,) = charts(at)
    assert chart["layout"]["yaxis"]["title"]["text"] == "share of *so so*"
    aimed = tallies.targeted("*so so*").of("one")
    assert table(at, "Brier score").iloc[0]["calibration error (ECE)"] == f"{aimed.calibration_error:.3f}"
    at = sound(at.selectbox(key="models target").select("").run())
    (chart,) = charts(at)
    assert chart["layout"]["yaxis"]["title"]["text"] == "share right" and parameter(at, "target") is None
    at = opened("threshold", target="*so so*", threshold="30")
    assert table(at, "precision").iloc[0]["recall"].startswith(f"{aimed.at(0.3).recall:.1%}")
    assert [chart["layout"]["title"]["text"] for chart in charts(at)] == [
        "Precision and recall: *so so*",
        "ROC: *so so*",
    ]
    assert "accuracy (*so so* or not)" in table(at, "precision").columns
    at = look_at(at, "confusion")
    (chart,) = charts(at)
    assert chart["data"][0]["z"] == pytest.approx(tallies.of("one").confusion / [[10], [5], [10]])
    found = table(at, "class")
    assert list(found["class"]) == [*THREE] and list(found["rows"]) == [10, 5, 10]
    at = look_at(at, "slices")
    assert list(table(at, "slice").columns) == ["slice", "model", "rows", "accuracy"]
    at = look_at(at, "compare")
    at = look_at(at, "cards")
    row = table(at, "macro-F1").iloc[0]
    assert (row["F1"], row["macro-F1"]) == ("–", f"{tallies.of('one').macro_f1:.3f}")
    assert "Measured on rows" in said(at) and "errors of the labels" not in said(at)


def test_a_cell_of_three_classes_opens_its_texts(three: Path) -> None:
    at = evaluated("mine.csv", upload_of(MORE))
    assert rows_of(at) == [25, 25, 0, 0, 0] and "macro-F1" in table(at, "model", "accuracy").columns
    at = look_at(at, "confusion")
    confusion = counts().of("one").confusion
    gold, predicted = counts().of("one").frequent_error
    assert [at.selectbox(key=f"models {name}").value for name in ("gold", "predicted")] == [
        THREE[gold],
        THREE[predicted],
    ]
    found = table(at, "text", "gold label")
    assert len(found) == confusion[gold, predicted]
    assert set(found["gold label"]) == {THREE[gold]} and set(found["predicted by one"]) == {THREE[predicted]}
    label, said_to_be = divmod(int(confusion.argmax()), 3)
    sound(at.selectbox(key="models gold").select(THREE[label]).run())
    at = sound(at.selectbox(key="models predicted").select(THREE[said_to_be]).run())
    assert len(table(at, "text", "gold label")) == confusion.max()
    at = opened("confusion", on="own", gold="angry")
    assert "`gold`" in said(at) and "No row is labelled *so so*" in shown(said(at))


def test_neighbours_before_and_after() -> None:
    from core.probes.words import neighbours

    at = opened("words", word="bad", model="gru")
    before, after = (found.value for found in at.dataframe if "cosine" in found.value.columns)
    gru = neighbours.after(checkpoints.load("gru"))
    assert list(after["word"]) == [near.word for near in neighbours.neighbours(gru, "bad", 20).near]
    start = neighbours.before(checkpoints.load_vectors())
    assert list(before["word"]) == [near.word for near in neighbours.neighbours(start, "bad", 20).near]
    cosine, *_leans = at.metric
    assert -1 <= float(cosine.value.replace("−", "-")) <= 1


def test_a_word_that_cannot_be_asked_is_one_line() -> None:
    at = opened("words")
    for typed in ("", "good bad", SENTENCES[10], "terribel"):
        sound(at.text_input(key="models word").set_value(typed).run())
        assert len(at.error) + len(at.info) == 1
        assert not [found for found in at.dataframe if "cosine" in found.value.columns]
    assert "terrible" in at.error[0].value


def test_analogies_maps_and_moves() -> None:
    at = opened("words", about="analogy", ana="great", anb="good", anc="bad")
    assert len([found for found in at.dataframe if "cosine" in found.value.columns]) == 2
    assert parameter(at, "ana") == "great"
    assert len(sound(at.text_input(key="models anc").set_value("zzz").run()).error) == 1
    for when in ("before", "after"):
        (chart,) = charts(opened("words", about="map", when=when, find="love <b> zzz", words="50"))
        assert len(chart["data"][0]["text"]) == len(WORDS)
        assert chart["data"][0]["type"] == "scattergl"
        assert chart["data"][1]["marker"]["symbol"] == "circle-open"
    for by in ("shift", "cosine"):
        at = opened("words", about="moved", by=by)
        assert len(charts(at)) == 1
        assert len(table(at, "shift (logit)")) == 24


def test_without_word_vectors_only_after_is_shown_and_without_models_nothing(folder: Path) -> None:
    shutil.rmtree(folder / "word2vec")
    at = opened("words")
    for about in ("near", "analogy", "map", "moved"):
        sound(at.segmented_control(key="models about").set_value(about).run())
        assert len(at.dataframe) + len(at.get("plotly_chart")) == (about != "moved") and not at.error
    for name in ("rnn", "gru", "lstm"):
        (folder / name / "card.json").unlink()
    for view in VIEWS:
        look_at(at, view)
