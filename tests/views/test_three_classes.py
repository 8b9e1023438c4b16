"""Models of more than two classes: Home speaks of each class, and the link names a target."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.targets import Target
from core.models import checkpoints
from core.models.predict import verdict
from core.models.state_space import fit_several
from core.probes.dynamics.memory_decay import memory
from core.probes.dynamics.retention import strong_words
from pages.server.fingerprint import fingerprint
from tests.app import charts, figures, forget, opened, press, said, script, shown, sound
from tests.conftest import write_tiny_checkpoint

TEXT = "i love this movie"
Downloads = dict[str, Callable[[], list[list[str]]]]
AIRLINE = ("late", "*lost*", "fine")


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("three")
    write_tiny_checkpoint(folder, "airline", "gru", labels=AIRLINE)
    _with_parts(folder)
    forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNROLLED_CHECKPOINTS", str(folder))
        yield folder
    forget()


def _with_parts(folder: Path) -> None:
    """What training counts besides: the polarity of words, and the axes of states."""
    checkpoint, random = checkpoints.load("airline", folder), np.random.default_rng(0)
    polarity = random.normal(0, 0.1, (3, len(checkpoint.vocabulary))).astype(np.float32)
    weights, bias = (part.numpy() for part in (checkpoint.model.linear.weight, checkpoint.model.linear.bias))
    space = fit_several(random.normal(size=(50, weights.shape[1])), weights, bias)
    checkpoints.save_again(checkpoint, checkpoint.card, folder, polarity, space)


@pytest.fixture
def two(folder: Path) -> Iterator[None]:
    write_tiny_checkpoint(folder, "mail", "rnn", labels=("ham", "spam"))
    yield
    (folder / "mail").rename(folder / ".mail")


def curves(at: AppTest) -> list[dict[str, Any]]:
    (chart,) = at.get("plotly_chart")
    drawn: list[dict[str, Any]] = json.loads(chart.proto.spec)["data"]
    return drawn


def test_home_draws_a_curve_for_each_class_and_the_target_is_the_widest(folder: Path) -> None:
    one = verdict(checkpoints.load("airline", folder), TEXT)
    at = sound(opened(q=TEXT))
    drawn = curves(at)
    assert [curve["name"] for curve in drawn] == list(AIRLINE)
    widths = [curve["line"]["width"] for curve in drawn]
    assert widths.index(max(widths)) == one.predicted and widths.count(max(widths)) == 1
    (metric,) = at.metric
    assert shown(metric.value) == one.label and "runner-up: " in metric.delta
    assert f"P({one.label}) = {one.probability:.3f}" in shown(metric.delta)
    lines = " ".join(caption.value for caption in at.caption)
    assert "two answers" not in lines


def test_the_link_names_the_target_and_what_it_is_compared_with(folder: Path) -> None:
    one = verdict(checkpoints.load("airline", folder), TEXT)
    at = sound(opened(q=TEXT, target="*lost*"))
    assert at.selectbox(key="home target").value == "*lost*"
    assert shown(at.metric[0].delta).startswith(f"P(*lost*) = {one.distribution[1]:.3f}")
    at.selectbox(key="home against").select("fine").run()
    assert at.query_params["against"] == "fine"
    target = Target(AIRLINE, 1, 2)
    (curve,) = curves(sound(at))
    np.testing.assert_allclose(curve["y"], one.aimed(target).prefix_probabilities, atol=1e-6)
    at = sound(opened(q=TEXT, target="angry"))
    assert at.selectbox(key="home target").value == "" and "`target`" in said(at)


def test_beside_a_model_of_two_classes(two: None) -> None:
    at = sound(opened(q=TEXT))
    assert [curve["name"] for curve in curves(at)] == ["airline", "mail"]
    at = sound(opened(q=TEXT, target="fine"))
    assert "do not have the class fine" in said(at) and [shown(metric.delta)[:7] for metric in at.metric] == [
        "P(fine)",
        "P(spam)",
    ]


def titles(chart: dict[str, Any]) -> list[str]:
    return [axis["title"]["text"] for name, axis in chart["layout"].items() if "axis" in name and "title" in axis]


def test_memory_is_of_a_class_that_is_named(folder: Path, downloads: Downloads) -> None:
    at = sound(opened("Trajectories", "memory", word="good", upto="9", fillers="2", target="*lost*"))
    left, curves = charts(at)
    assert {"P(*lost*)", "log-odds of *lost*"} <= set(titles(curves)) and len(curves["layout"]["shapes"]) == 1
    assert "log-odds of *lost*" in " ".join(titles(left)) and "For fillers alone, P(*lost*)" in said(at)
    checkpoint = checkpoints.load("airline", folder).targeted(Target(AIRLINE, 1))
    found = memory(checkpoint, "good", upto=9)
    header, *rows = downloads["memory"]()
    assert header[-1] == "target" and {row[-1] for row in rows} == {"*lost*"}
    assert [float(row[2]) for row in rows] == pytest.approx(found.probability)
    assert at.text_input(key=f"trajectories words {fingerprint(strong_words(checkpoint))}").value
    sound(at.selectbox(key="memory target").select("late").run())
    assert at.query_params["target"] == "late" and "words" not in at.query_params


def test_fixed_points_are_shown_for_the_target_without_another_search(folder: Path) -> None:
    source = """
from pages.views.trajectories import fixed_points
from pages.widgets import models
from pages.widgets.sentences import Sentence

fixed_points.view([Sentence(1, "so good")], models.load_all()[0])
"""
    at = press(script(source, target="late", fp_seconds="5"), "Start the search")
    (shown_first,) = at.dataframe
    assert {"log-odds of late", "verdict"} <= set(shown_first.value.columns)
    drawn = figures(at)["airline: fixed points"]
    assert titles(drawn)[0] == "read-out (log-odds of late against *lost*)"
    sound(at.selectbox(key="fixed points target").select("fine").run())
    (another,) = at.dataframe
    assert list(another.value["largest |λ|"]) == list(shown_first.value["largest |λ|"])
    assert "log-odds of fine" in another.value.columns
    sound(at.selectbox(key="fixed points against").select("*lost*").run())
    assert titles(figures(at)["airline: fixed points"])[0] == "read-out (log-odds of fine against *lost*)"


def test_words_lean_to_the_target(folder: Path) -> None:
    at = sound(opened("Models", "words", about="map", words="50", target="*lost*"))
    (chart,) = charts(at)
    assert chart["layout"]["title"]["text"] == "After training (airline), log-odds of *lost*"
    assert "Blue leans to *lost*, red to the other classes" in said(at)
    polarity = checkpoints.load("airline", folder).polarity
    assert polarity is not None
    (near,) = sound(opened("Models", "words", word="good", target="fine")).dataframe
    vocabulary = checkpoints.load("airline", folder).vocabulary
    first = near.value.iloc[0]
    assert first["polarity (nats)"] == pytest.approx(polarity[2, vocabulary.id(first["word"])], abs=0.006)


def test_states_of_a_mixture_are_described_by_the_target(folder: Path) -> None:
    at = sound(opened("Maths_Lab", "mixture", mix_data="states", mix_axes="read-out", target="*lost*"))
    assert "are predicted *lost*" in said(at) and "mean P(*lost*)" in said(at)
    assert titles(charts(at)[0])[0] == "along the log-odds of *lost* against late"
