"""The page on attributions, run in process on tiny checkpoints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.targets import named
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predict import verdict
from core.probes.attribution import benchmark_file
from core.probes.attribution.attribute import METHODS, accepted, attribute
from core.probes.attribution.benchmark import benchmark
from core.probes.attribution.faithfulness import yardstick
from core.probes.attribution.results import Instance
from core.probes.attribution.sensitivity import moved, random_sensitivity, sensitivity
from pages.views.attributions import controls, names, trust
from pages.wording import tokens
from tests import app
from tests.app import answers, figures, parameters, press, said, sound
from tests.conftest import WORDS, write_tiny_checkpoint

PROVERB = "Better late than never"
OF_SENTENCES = ("words", "agreement", "order", "pairs")
HASH = "0" * 64


pytestmark = pytest.mark.usefixtures("tiny_models")


@pytest.fixture
def with_benchmark(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny checkpoints beside a benchmark of two methods on a few sentences, of the LSTM and the GRU."""
    for name in ("rnn", "gru", "lstm"):
        shutil.copytree(tiny_checkpoints / name, tmp_path / name)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS[7:], size=6)) for _ in range(12)]
    methods = {name: (lambda reading, name=name: METHODS[name].function(reading, "")) for name in ("steps", "saliency")}
    measured = []
    for name in ("lstm", "gru"):
        *_events, last = benchmark(
            checkpoints.load(name, tmp_path), texts, methods, unsigned=["saliency"], randoms=20, sensitivity_rows=0
        )
        measured.append(last.result())
    source = benchmark_file.BenchmarkRows("made_up.csv", HASH, len(texts), 100, 0)
    benchmark_file.save(tmp_path / benchmark_file.FILE, source, measured)
    return tmp_path


def opened(view: str = "words", **link: str) -> AppTest:
    return sound(app.opened("Attributions", view, **link))


def strips(at: AppTest) -> list[list[str]]:
    """The number below each word, a list a strip."""
    return [[look["below"] for look in strip["looks"]] for strip in app.strips(at)]


def cells(at: AppTest) -> list[list[float | None]]:
    """The first figure's map."""
    return next(iter(figures(at).values()))["data"][0]["z"]


@pytest.mark.parametrize("view", OF_SENTENCES)
def test_any_sentence_and_any_link(view: str) -> None:
    at = opened(view, models="lstm,nope", methods=",", baseline="<script>", of="9" * 400)
    assert figures(at) and not at.error
    assert set(parameters(at)) <= {"q", "view", "of", "methods", "second"}
    at.text_input(key="q").set_value(" ")
    assert len(sound(at.run()).info) == 1
    assert not figures(at) and not at.error
    for text in ("good", "zyxqj qwvtk"):
        at.text_input(key="q").set_value(text)
        sound(at.run())
        assert not at.error
        assert figures(at) or "makes no pair" in said(at) or "a single word has no ranking" in said(at)


def test_the_strip_shows_the_methods_scores_and_their_faithfulness(tiny_checkpoints: Path) -> None:
    checkpoint = checkpoints.load("gru", tiny_checkpoints)
    ground = yardstick(Instance(checkpoint, PROVERB, tuple(checkpoint.preprocessing(PROVERB))))
    for method in ("shapley", "saliency"):
        at = opened(q=PROVERB, methods="shapley,saliency", models="gru", method=method)
        scores, signed = attribute(checkpoint, PROVERB, method).scores, METHODS[method].signed
        assert strips(at) == [[tokens.signed(score).removeprefix("" if signed else "+") for score in scores]]
        (answer,) = answers(at)
        measured = ground.measure(scores, signed=signed)
        assert f"({names.method(method)})" in answer and f"{measured.better:.0%} of {measured.randoms} random" in answer
        assert ("Believe it" in answer) is (measured.better >= trust.CONVINCING)
        table = app.table(at, "better than random")
        (row,) = table.index[table["method"] == names.marked(method)]
        assert table["comprehensiveness ↑"][row] == pytest.approx(measured.comprehensiveness)
        assert table["better than random"][row] == pytest.approx(100 * measured.better)
        assert bool(len(table["note"][row])) is (measured.better < trust.CONVINCING)
    assert "Ranked by magnitude, without a sign: Saliency" in said(at)


def test_a_click_on_a_word_shows_the_verdict_without_it(tiny_checkpoints: Path) -> None:
    at = opened(q=PROVERB, methods="occlusion-1", models="gru")
    (strip,) = app.strips(at)
    at.session_state["attribution words 1 gru"] = {"picked": {"key": strip["key"], "position": 3}}
    expected = verdict(checkpoints.load("gru", tiny_checkpoints), "Better late than")
    assert f"→ {expected.probability:.3f}" in said(sound(at.run()))


def test_the_answer_names_no_word_where_none_is_known() -> None:
    at = opened(q="zyxqj qwvtk zyxqj kwvtz")
    (answer,) = answers(at)
    assert "“" not in answer and "None of these words is known" in said(at)


def test_a_baseline_that_a_method_does_not_accept_is_said() -> None:
    at = opened(methods="shapley,integrated-gradients", baseline="delete")
    assert "another removal method, or none: Integrated gradients" in said(at)
    assert parameters(at)["baseline"] == "delete"


def test_two_sentences_and_two_models_stand_side_by_side() -> None:
    at = opened(q=PROVERB, second="so good", models="rnn,lstm", methods="occlusion-1")
    assert [app.shown(header.value) for header in at.header] == [
        f"Sentence {number} · {model}" for number in (1, 2) for model in ("RNN", "LSTM")
    ]
    assert len(strips(at)) == 4


def test_slow_methods_are_started_by_a_button(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "_seconds", lambda cell, method: 40.0 if method == "lime" else 0.01)
    at = opened(q=PROVERB, methods="occlusion-1,lime")
    assert "about 40 s in total: LIME" in said(at)
    assert len(app.table(at, "better than random")) == 2
    assert len(app.table(press(at, "Run the slow methods"), "better than random")) == 3
    monkeypatch.setattr(controls, "_seconds", lambda cell, method: 1.5)
    at = opened("agreement", q=PROVERB, models="lstm")
    assert len(cells(at)) == 5, "as many as take 8 s"
    assert f"about {1.5 * (len(METHODS) - 5):.0f} s in total" in said(at)
    quick = ("shapley", "saliency")
    monkeypatch.setattr(controls, "_seconds", lambda cell, method: 0.01 if method in quick else 1e6)
    at = opened("agreement", q=" ".join(["good"] * 1_001), models="rnn")
    assert "1,001" in said(at)
    assert len(cells(at)) == 1, "saliency alone"


def test_long_measures_are_started_by_a_button(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened(q=PROVERB, methods="occlusion-1,saliency", models="gru")
    line = answers(at)
    monkeypatch.setattr(trust, "_AT_ONCE", 0.0)
    sound(at.run())
    assert "Not tested yet" in answers(at)[0]
    press(at, "Measure faithfulness")
    assert answers(at) == line
    again = opened(q=PROVERB, methods="occlusion-1,saliency", models="gru")
    assert answers(again) == line, "found again after a reload"
    assert "sensitivity ↓" not in app.table(at, "note").columns
    press(at, "Measure sensitivity")
    table = app.table(at, "note")
    checkpoint = checkpoints.load("gru", tiny_checkpoints)
    reading = Instance(checkpoint, PROVERB, tuple(checkpoint.preprocessing(PROVERB)))
    for method in ("occlusion-1", "saliency"):
        (row,) = table.index[table["method"] == names.marked(method)]
        scores, *others = (METHODS[method].function(one, accepted(method)).scores for one in (reading, *moved(reading)))
        assert table["sensitivity ↓"][row] == pytest.approx(sensitivity(scores, others))
    *_methods, random = table.to_dict("records")
    assert random["method"].startswith("random rankings") and random["infidelity ↓"] > 0
    assert random["sensitivity ↓"] == pytest.approx(random_sensitivity(len(reading.tokens)))


def test_sampled_values_are_started_by_a_button_where_they_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "so good a movie never so sad and better late than never so bad"
    for view, label in (("order", "Compute Shapley values (about"), ("pairs", "Compute pairs (about")):
        at = opened(view, q=long)
        assert figures(at), "quick ones need no button"
        with monkeypatch.context() as slow:
            slow.setattr(controls, "AT_ONCE", 0.0)
            assert not figures(sound(at.run()))
            assert figures(press(at, label))
            assert figures(opened(view, q=long)), "found again after a reload"


def test_all_methods_agree_with_themselves() -> None:
    correlations = cells(opened("agreement", q=PROVERB, models="lstm"))
    assert len(correlations) == sum("lstm" in method.cells for method in METHODS.values())
    assert all(row[place] in (1.0, None) for place, row in enumerate(correlations))
    assert METHODS.keys() == names.methods().keys()


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    """A model of three classes, alone."""
    write_tiny_checkpoint(tmp_path, "three", "lstm", labels=("late", "*lost*", "fine"))
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    return checkpoints.load("three")


def test_of_three_classes_the_prediction_is_explained_or_the_class_of_the_link(three: Checkpoint) -> None:
    expected = verdict(three, PROVERB)
    at = opened(q=PROVERB, methods="steps,lrp")
    assert answers(at)[0].startswith(f"three: {expected.label} ({expected.probability:.2f})")
    aim = named(three.labels, "*lost*", "late")
    for method in ("lrp", "steps"):
        at = opened(q=PROVERB, methods="steps,lrp", target="*lost*", against="late", method=method)
        scores = attribute(three.targeted(aim), PROVERB, method).scores
        assert strips(at) == [[tokens.signed(score) for score in scores]]
    (title,) = (title for title in figures(at) if "■" in title)
    assert "for *lost*" in title and "for late" in title
    assert "*lost*" in answers(at)[0] and parameters(at)["target"] == "*lost*"


@pytest.mark.parametrize(("view", "says"), [("agreement", "P(fine)"), ("order", "log-odds of fine"), ("pairs", "fine")])
def test_every_view_speaks_of_the_class_that_is_explained(three: Checkpoint, view: str, says: str) -> None:
    at = opened(view, q=PROVERB, target="fine")
    assert says in json.dumps([figure["layout"] | figure["data"][0] for figure in figures(at).values()])


def test_the_benchmark_is_shown_for_the_models_it_was_measured_on(with_benchmark: Path) -> None:
    stored = benchmark_file.load(with_benchmark)
    assert stored is not None
    best = stored.benchmarks[0].best
    at = opened(q=PROVERB)
    assert at.multiselect[0].value[0] == best
    assert f"LSTM, 12 sentences, words deleted. Most faithful: {names.method(best)}" in said(at)
    assert f"({names.method(best)})" in answers(at)[0]
    path = with_benchmark / benchmark_file.FILE
    content = json.loads(path.read_text())
    content["leagues"][1]["hash"] = "f" * 64
    path.write_text(json.dumps(content))
    at = opened("league", models="<b>", methods="<b>")
    assert len(figures(at)) == 1 and f"{names.method(best)} for LSTM" in answers(at)[0]
    table = app.table(at, "note")
    assert set(table["model"]) == {"LSTM"} and list(table["note"][0]) == ["best"]
    assert "measured other versions: GRU" in said(at)
    assert "12 sentences, drawn with seed 0 from the 100 in made_up.csv" in said(at)
    path.write_text("{")
    at = opened("league")
    assert len(at.error) == 1 and "cannot be used" in at.error[0].value
    assert not opened().error
    path.unlink()
    at = opened("league")
    assert "No benchmark of these models yet" in said(at)
    assert "python -m core faithfulness" in at.code[0].value
