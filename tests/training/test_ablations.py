"""The study's laws: paired to one base, resumable, and no effect claimed whose interval holds zero."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.corpus import Corpus
from core.figures.models import accuracy_by_length, study_differences, training_curves
from core.training import ablations as studies
from core.training.ablations import Variant, effect, study, vocabulary_by_step
from core.training.loop import TrainingSettings
from core.training.word2vec import Word2VecSettings
from tests.training.test_recipe import corpus


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Corpus:
    """A corpus, and three variants of a tiny model."""
    base = TrainingSettings("rnn", hidden_size=4, epochs=1, batch_size=32, precision="float32")
    vectors = Word2VecSettings(vector_size=4, epochs=1)
    monkeypatch.setattr(studies, "MIN_COUNT", 1)
    monkeypatch.setattr(
        studies,
        "variants",
        lambda: [
            Variant("base", "tiny", base, vectors),
            Variant("seed", "another", replace(base, seed=1), vectors),
            Variant("embeddings", "frozen", replace(base, train_embeddings=False), vectors),
        ],
    )
    return corpus(300)


def settled(found: dict) -> list[dict]:
    rows = json.loads(json.dumps(found["variants"]))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_an_interrupted_study_ends_like_an_uninterrupted_one(small: Corpus, tmp_path: Path) -> None:
    whole = list(study(small, tmp_path / "whole"))[-1]
    run = study(small, tmp_path / "parts")
    first = next(run)
    assert first.done == 1
    run.close()
    resumed = list(study(small, tmp_path / "parts"))
    assert resumed[0].study["variants"][0]["seconds"] == first.study["variants"][0]["seconds"]  # not trained again
    assert settled(resumed[-1].study) == settled(whole.study)
    assert resumed[-1].done == resumed[-1].variants == 3
    base, *others = rows = whole.study["variants"]
    assert base["difference"] is None and base["effect"] == "base"
    for row in others:
        assert row["difference"] == pytest.approx(row["accuracy"] - base["accuracy"])
        low, high = row["difference_interval"]
        assert low <= row["difference"] <= high
    figure = study_differences(rows, ["base", "another <b>", "frozen"])
    assert sum(len(trace.x) for trace in figure.data) == len(rows) - 1
    assert {y for trace in figure.data for y in trace.y} == {"another &lt;b&gt;", "frozen"}


def test_an_interval_that_holds_zero_is_no_effect() -> None:
    for low, high, expected in (
        *((-0.01, 0.01, "none"), (0.0, 0.01, "none"), (-0.01, 0.0, "none")),
        *((0.001, 0.01, "better"), (-0.01, -0.001, "worse")),
    ):
        assert effect(low, high) == expected


def test_the_vocabulary_shrinks_as_steps_are_added() -> None:
    texts = ["So happy!!! @ann", "so happy ... @bob", "SO sad http://a.com/b", "so sad."] * 10
    rows = vocabulary_by_step(texts, np.arange(30), np.arange(30, 40))
    assert [row["step"] for row in rows][:3] == ["none", "unescape", "markup"]
    assert rows[-1]["distinct"] < rows[0]["distinct"]
    assert rows[-1]["unknown_rate"] < rows[0]["unknown_rate"]


def test_bands_of_length_stand_over_their_own_label() -> None:
    def report(*bands: tuple[int, int | None]) -> dict:
        figures = {"rows": 9, "accuracy": 0.8, "accuracy_interval": [0.7, 0.9]}
        return {"by_length": [{"shortest": shortest, "longest": longest, **figures} for shortest, longest in bands]}

    figure = accuracy_by_length({"a": report((6, 10), (31, None)), "b": report((1, 5), (6, 10), (6, None))})
    labels = figure.layout.xaxis.ticktext
    assert labels == ("1–5", "6–10", "6–", "31–")
    assert figure.layout.xaxis.tickvals == (0, 1, 2, 3)
    shown = [[labels[round(x)] for x in trace.x] for trace in figure.data]
    assert shown == [["6–10", "31–"], ["1–5", "6–10", "6–"]]
    assert max(abs(x - round(x)) for trace in figure.data for x in trace.x) < 0.2


def test_model_figures_draw_one_curve_a_model_and_stand_no_model() -> None:
    band = {"shortest": 1, "longest": 5, "rows": 9, "accuracy": 0.8, "accuracy_interval": [0.7, 0.9]}
    held = {"step": 1, "accuracy": 0.8, "log_loss": 0.4}
    lengths = accuracy_by_length({"rnn": {"by_length": [band]}, "<b>": {"by_length": [band]}})
    assert [trace.name for trace in lengths.data] == ["RNN", "&lt;b&gt;"]
    assert [trace.name for trace in training_curves({"rnn": [held], "gru": [held]}).data] == ["RNN", "GRU"]
    accuracy_by_length({}), training_curves({}), study_differences([], [])
