"""A scikit-learn pipeline through every page: named by the command line alone, shown wherever answers are enough."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.models import predictor
from core.models.predictor import BlackBox
from tests.hostile import SENTENCES

ROOT = Path(__file__).parents[2]
SPEC = "examples.sklearn_predictor:sentiment"
TEXT = "What a good day, not bad!"
PAGES = ["app.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("[0-9]*.py"))]
VIEWS = [
    *(("1_Permutations", "view", view) for view in ("hand", "search", "compare", "kept")),
    *(("2_Sarcasm", "view", view) for view in ("comment", "edits", "compose", "file", "behaviour", "measured", "kept")),
    *(("3_Trajectories", "view", view) for view in ("states", "words", "path", "gradients", "memory")),
    *(("4_Attributions", "view", view) for view in ("words", "agreement", "order", "pairs", "league")),
    *(("5_Maths_Lab", "lab", view) for view in ("lstm", "bptt", "boosting", "mixture", "cells")),
    ("6_Models", "view", "all"),
]


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


def forget() -> None:
    st.cache_resource.clear()
    st.cache_data.clear()


def start(monkeypatch: pytest.MonkeyPatch, spec: str | None) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", *(["--predictor", spec] if spec is not None else [])])


@pytest.fixture
def goes_wrong(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Puts another callable in the place of the pipeline."""

    def replace(function: Any) -> None:
        forget()
        monkeypatch.setattr(predictor, "load", lambda spec, taken=(): BlackBox(function, spec))

    yield replace
    forget()


def page(path: str, text: str = TEXT, **link: str) -> AppTest:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    if path != "app.py":
        at.switch_page(path)
    at.query_params["q"] = text
    for name, value in link.items():
        at.query_params[name] = value
    return at.run()


def said(at: AppTest) -> str:
    kinds = (at.caption, at.markdown, at.info, at.warning, at.error, at.success, at.text)
    return "\n".join(shown(element.value) for kind in kinds for element in kind)


def shown(markdown: str) -> str:
    """What a reader sees where nothing but escapes was written."""
    return re.sub(r"\\(\W|_)", r"\1", markdown)


def sound(at: AppTest) -> AppTest:
    assert [error.message for error in at.exception] == []
    return at


@pytest.mark.parametrize(("name", "key", "view"), VIEWS)
def test_every_view_of_every_page_opens(name: str, key: str, view: str) -> None:
    at = sound(page(f"pages/{name}.py", **{key: view}))
    assert [error.value for error in at.error] == []
    shows_the_inside = name == "3_Trajectories" or (name, view) == ("5_Maths_Lab", "cells")
    assert ("SENTIMENT is not here: only its answers can be had" in said(at)) == shows_the_inside


def test_home_has_its_verdict_and_no_curve_until_asked() -> None:
    from examples.sklearn_predictor import sentiment

    at = sound(page("app.py"))
    metrics = {metric.label: metric for metric in at.metric}
    assert list(metrics) == ["SENTIMENT", "RNN", "GRU", "LSTM"]
    (expected,) = sentiment([TEXT])
    assert metrics["SENTIMENT"].delta == f"P(positive) = {expected:.3f}"
    found = curves(at)
    assert list(found) == ["SENTIMENT", "RNN", "GRU", "LSTM"]
    assert found.pop("SENTIMENT") == 1 and min(found.values()) > 1  # a point is no curve
    assert "SENTIMENT has no curve" in said(at)
    sound(at.toggle(key="beginnings").set_value(True).run())
    assert set(curves(at)) == {"SENTIMENT", "RNN", "GRU", "LSTM"} and curves(at)["SENTIMENT"] > 1
    assert "SENTIMENT has no curve" not in said(at)


def curves(at: AppTest) -> dict[str, int]:
    """How many points each model's curve has."""
    import json

    return {curve["name"]: len(curve["x"]) for curve in json.loads(at.get("plotly_chart")[0].proto.spec)["data"]}


def test_only_the_command_line_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch, None)
    for link in ({"predictor": SPEC}, {"model": SPEC, "models": SPEC}):
        at = sound(page("app.py", **link))
        assert [metric.label for metric in at.metric] == ["RNN", "GRU", "LSTM"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "--predictor is package.module:callable; given: ''"),
        ("no_such_module_at_all:f", "there is no module 'no_such_module_at_all'"),
        ("examples.sklearn_predictor:pipeline", "not callable with texts; of a pipeline name a function"),
        ("examples.sklearn_predictor:<b>x</b>", "--predictor is package.module:callable"),
    ],
)
def test_one_that_cannot_be_loaded_is_left_out(monkeypatch: pytest.MonkeyPatch, spec: str, message: str) -> None:
    start(monkeypatch, spec)
    at = sound(page("app.py"))
    assert [metric.label for metric in at.metric] == ["RNN", "GRU", "LSTM"]
    assert message in "\n".join(text.value for text in at.text)


BAD: dict[str, Any] = {
    "raises": lambda texts: 1 / 0,
    "wrong length": lambda texts: [0.5] * (len(texts) + 1),
    "NaN": lambda texts: [float("nan")] * len(texts),
    "percentages": lambda texts: [55.0] * len(texts),
    "two columns": lambda texts: [[0.5, 0.5]] * len(texts),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("app.py", {}),
        ("pages/1_Permutations.py", {"view": "hand"}),
        ("pages/1_Permutations.py", {"view": "compare", "second": "day good a what"}),
        ("pages/2_Sarcasm.py", {"view": "comment"}),
        ("pages/2_Sarcasm.py", {"view": "behaviour"}),
        ("pages/4_Attributions.py", {"view": "words"}),
    ],
)
def test_one_that_goes_wrong_is_told_of_in_a_line(
    goes_wrong: Callable[[Any], None], kind: str, path: str, link: dict[str, str]
) -> None:
    goes_wrong(BAD[kind])
    at = sound(page(path, **link))
    assert at.error
    assert all(SPEC in shown(error.value) for error in at.error)
    assert all("\n" not in error.value for error in at.error)


@pytest.mark.parametrize("path", PAGES)
def test_hostile_sentences(path: str) -> None:
    for text in SENTENCES[::4]:
        sound(page(path, text))


def click(at: AppTest, key: str) -> AppTest:
    return sound(at.button(key=key).click().run())


@pytest.mark.parametrize(
    ("path", "view", "start", "found"),
    [
        ("pages/1_Permutations.py", "search", "permutations start", "all of them were scored"),
        ("pages/2_Sarcasm.py", "edits", "edits start", "The smallest edit found"),
    ],
)
def test_a_search_with_the_shipped_word_lists(
    path: str, view: str, start: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNROLLED_CHECKPOINTS")
    forget()
    at = click(sound(page(path, "what a good day , not bad", view=view, seconds="20")), start)
    assert [error.value for error in at.error] == []
    assert at.session_state["permutations model" if view == "search" else "edits model"] == "sentiment"
    assert found in "\n".join([said(at), *(header.value for header in at.header)])


def test_remarks_are_composed() -> None:
    at = sound(page("pages/2_Sarcasm.py", view="compose"))
    assert at.session_state["compose model"] == "sentiment"
    at = click(at, "compose start")
    assert [error.value for error in at.error] == []
    assert "remarks" in said(at) or at.dataframe


def test_a_file_is_searched() -> None:
    at = sound(page("pages/2_Sarcasm.py", view="file"))
    lines = '{"text": "what a lovely day"}\n{"text": ""}\n{"text": "great , another dreadful flight ..."}\n'
    at = sound(at.file_uploader[0].upload("some.jsonl", lines.encode()).run())
    at = click(at, "file start")
    assert [error.value for error in at.error] == []
    assert "All 3 rows were read" in said(at)
    assert "SENTIMENT" in [header.value for header in at.header]


def test_attributions_with_faithfulness_and_random_rankings() -> None:
    at = sound(page("pages/4_Attributions.py", methods="occlusion-1,shapley-sampling,feature-ablation"))
    assert at.session_state["attributions models"] == ["sentiment"]
    assert "τ with leave-one-out 1.00 (random" in said(at)
    assert "of 100 random rankings" in said(at)
    assert "Sensitivity moves the vectors of words" in said(at)


def test_a_fault_in_a_search_is_told_in_a_line(goes_wrong: Callable[[Any], None]) -> None:
    goes_wrong(BAD["NaN"])
    at = click(sound(page("pages/2_Sarcasm.py", view="compose")), "compose start")
    (error,) = at.error
    assert "gave NaN" in error.value
    assert "PredictorError" not in error.value
