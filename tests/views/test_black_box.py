"""A scikit-learn pipeline through every page: named by the command line alone, shown wherever answers are enough."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.labels import SENTIMENT
from core.models import predictor
from core.models.predictor import BlackBox
from tests.app import ROOT, forget, opened, said, shown, sound, table

SPEC = "examples.sklearn_predictor:sentiment"
TEXT = "What a good day, not bad!"


@pytest.fixture(autouse=True)
def _started(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small checkpoints, and the program started with the pipeline."""
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.chdir(ROOT)
    start(monkeypatch, SPEC)


@pytest.fixture(scope="module", autouse=True)
def _forgotten() -> Iterator[None]:
    """Caches that know nothing of this module's models afterwards."""
    yield
    forget()


def start(monkeypatch: pytest.MonkeyPatch, spec: str | None) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", *(["--predictor", spec] if spec is not None else [])])


@pytest.fixture
def goes_wrong(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Puts another callable, of these classes, in the place of the pipeline."""

    def replace(function: Any, labels: Any = SENTIMENT) -> None:
        forget()
        function.labels = labels
        monkeypatch.setattr(predictor, "load", lambda spec, taken=(): BlackBox(function, spec))

    yield replace
    forget()


def page(name: str = "Home", view: str = "", **link: str) -> AppTest:
    return sound(opened(name, view, **{"q": TEXT, **link}))


def test_home_has_its_verdict_and_no_curve_until_asked() -> None:
    from examples.sklearn_predictor import sentiment

    at = page()
    metrics = {metric.label: metric for metric in at.metric}
    assert list(metrics) == ["sentiment", "RNN", "GRU", "LSTM"]
    (expected,) = sentiment([TEXT])
    assert metrics["sentiment"].delta == f"P(positive) = {expected:.3f}"
    found = curves(at)
    assert list(found) == ["sentiment", "RNN", "GRU", "LSTM"]
    assert found.pop("sentiment") == 1 and min(found.values()) > 1  # a point is no curve
    assert any(caption.value.startswith("sentiment ") for caption in at.caption)
    sound(at.toggle(key="beginnings").set_value(True).run())
    assert set(curves(at)) == {"sentiment", "RNN", "GRU", "LSTM"} and curves(at)["sentiment"] > 1
    assert not any(caption.value.startswith("sentiment ") for caption in at.caption)


def curves(at: AppTest) -> dict[str, int]:
    """How many points each model's curve has."""
    import json

    return {curve["name"]: len(curve["x"]) for curve in json.loads(at.get("plotly_chart")[0].proto.spec)["data"]}


def test_only_the_command_line_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch, None)
    for link in ({"predictor": SPEC}, {"model": SPEC, "models": SPEC}):
        at = page(**link)
        assert [metric.label for metric in at.metric] == ["RNN", "GRU", "LSTM"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "--predictor must be package.module:callable"),
        ("no_such_module_at_all:f", "there is no module 'no_such_module_at_all'"),
        ("examples.sklearn_predictor:pipeline", "predict_proba(texts)"),
        ("examples.sklearn_predictor:<b>x</b>", "--predictor must be package.module:callable"),
    ],
)
def test_one_that_cannot_be_loaded_is_left_out(monkeypatch: pytest.MonkeyPatch, spec: str, message: str) -> None:
    start(monkeypatch, spec)
    at = page()
    assert [metric.label for metric in at.metric] == ["RNN", "GRU", "LSTM"]
    assert message in "\n".join(text.value for text in at.text)


BAD: dict[str, Any] = {
    "raises": lambda texts: 1 / 0,
    "wrong length": lambda texts: [0.5] * (len(texts) + 1),
    "NaN": lambda texts: [float("nan")] * len(texts),
    "percentages": lambda texts: [55.0] * len(texts),
    "another sum": lambda texts: [[0.5, 0.6]] * len(texts),
}


@pytest.mark.parametrize(
    ("kind", "name", "view"),
    [
        ("raises", "Home", ""),
        ("wrong length", "Permutations", "hand"),
        ("NaN", "Permutations", "compare"),
        ("percentages", "Sarcasm", "comment"),
        ("another sum", "Models", "behaviour"),
        ("raises", "Attributions", "words"),
    ],
)
def test_one_that_goes_wrong_is_told_of_in_a_line(
    goes_wrong: Callable[[Any], None], kind: str, name: str, view: str
) -> None:
    goes_wrong(BAD[kind])
    at = page(name, view, second="day good a what")
    assert at.error
    assert all(SPEC in shown(error.value) for error in at.error)
    assert all("\n" not in error.value for error in at.error)


def test_one_without_labels_that_answers_nothing_is_left_out(goes_wrong: Callable[..., None]) -> None:
    goes_wrong(BAD["raises"], None)
    at = page("Permutations", "hand")
    assert not at.error and "raised ZeroDivisionError" in "\n".join(text.value for text in at.text)


def test_one_of_three_classes(monkeypatch: pytest.MonkeyPatch, goes_wrong: Callable[..., None]) -> None:
    from examples.sklearn_predictor import opinion

    start(monkeypatch, "examples.sklearn_predictor:opinion")
    at = page(target="neutral", beginnings="1")
    (expected,) = opinion([TEXT])
    assert shown(at.metric[0].value) == "positive" and at.metric[0].delta.startswith(f"P(neutral) = {expected[1]:.3f}")
    goes_wrong(lambda texts: [[0.2, 0.3, 0.5]] * len(texts) if TEXT in texts else [[0.5, 0.5]] * len(texts), None)
    at = page("Home", target="class 1")
    (error,) = at.error
    assert "gave an array of shape (1, 3); expected 1 number" in shown(error.value)


def click(at: AppTest, key: str) -> AppTest:
    return sound(at.button(key=key).click().run())


@pytest.mark.parametrize(
    ("path", "view", "start", "found"),
    [
        ("Permutations", "search", "permutations start", "all of them were scored"),
        ("Sarcasm", "edits", "edits start", "Smallest edit found"),
    ],
)
def test_a_search_with_the_shipped_word_lists(
    path: str, view: str, start: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNROLLED_CHECKPOINTS")
    forget()
    at = click(page(path, view, q="what a good day , not bad", seconds="20"), start)
    assert [error.value for error in at.error] == []
    assert at.session_state["permutations model" if view == "search" else "edits model"] == "sentiment"
    assert at.dataframe if view == "edits" else found in said(at)


def test_remarks_are_composed() -> None:
    at = page("Sarcasm", "compose")
    assert at.session_state["compose model"] == "sentiment"
    at = click(at, "compose start")
    assert [error.value for error in at.error] == []
    assert "remarks" in said(at) or at.dataframe


def test_a_file_is_searched() -> None:
    at = page("Sarcasm", "file")
    lines = '{"text": "what a lovely day"}\n{"text": ""}\n{"text": "great , another dreadful flight ..."}\n'
    at = sound(at.file_uploader[0].upload("some.jsonl", lines.encode()).run())
    at = click(at, "file start")
    assert [error.value for error in at.error] == []
    assert "sentiment" in [tab.label for tab in at.tabs]


def test_attributions_with_faithfulness_and_random_rankings() -> None:
    at = page("Attributions", methods="occlusion-1,shapley-sampling,feature-ablation")
    assert at.session_state["attributions models"] == ["sentiment"]
    assert table(at, "note")["τ with leave-one-out ↑"].max() == pytest.approx(1)


def test_a_fault_in_a_search_is_told_in_a_line(goes_wrong: Callable[[Any], None]) -> None:
    goes_wrong(BAD["NaN"])
    at = click(page("Sarcasm", "compose"), "compose start")
    (error,) = at.error
    assert "gave NaN" in error.value
    assert "PredictorError" not in error.value
