"""The part of a page on fixed points, run in process on tiny checkpoints with axes of their own."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.examples import examples
from core.models import checkpoints, state_space
from core.models.trace import trace
from core.probes.dynamics.fixed_points import FixedPoints, search
from core.probes.dynamics.line_attractor import statement
from pages.views.trajectories import controls
from tests.conftest import WORDS

SCRIPT = """
from pages.views.trajectories import fixed_points
from pages.widgets import models
from pages.views.trajectories.controls import Sentence

fixed_points.view({texts}, models.load_all()[0])
"""
TEXTS = '[Sentence(1, "Better late than never"), Sentence(2, "Better never than late")]'


@pytest.fixture(scope="module")
def with_axes(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny checkpoints, the RNN without axes, the others with axes fitted to one text of all words."""
    folder = tmp_path_factory.mktemp("with-axes")
    for name in ("rnn", "gru", "lstm"):
        checkpoint = checkpoints.load(name, tiny_checkpoints)
        found = trace(checkpoint, " ".join(WORDS))
        space = state_space.fit(found.h, found.read_out, found.empty_logit) if name != "rnn" else None
        checkpoints.save_again(checkpoint, checkpoint.card, folder, state_space=space)
    return folder


@pytest.fixture(autouse=True)
def _own_world(with_axes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(with_axes))


def opened(texts: str = TEXTS, **parameters: str) -> AppTest:
    at = AppTest.from_string(SCRIPT.format(texts=texts), default_timeout=180)
    for name, value in parameters.items():
        at.query_params[name] = value
    return sound(at.run())


def searched(**parameters: str) -> AppTest:
    at = opened(**parameters)
    return sound(next(button for button in at.button if button.label == "Start the search").click().run())


def sound(at: AppTest) -> AppTest:
    assert [error.message for error in at.exception] == []
    return at


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.info, at.warning, at.error, at.text)
    return "\n".join(found.value.replace("\\", "") for kind in kinds for found in kind)


def figures(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(found.proto.spec) for found in at.get("plotly_chart")]


def parameter(at: AppTest, name: str) -> str | None:
    found = at.query_params.get(name)
    return found[0] if isinstance(found, list) else found


def expected(name: str, held: str = "zero") -> FixedPoints:
    *_before, last = search(checkpoints.load(name), [example.text for example in examples()], held)
    return last.found


def test_nothing_is_searched_before_it_is_asked_for() -> None:
    at = opened()
    assert not figures(at) and not at.dataframe
    assert parameter(at, "fp_input") is None


@pytest.mark.parametrize(("name", "held"), [("lstm", "zero"), ("gru", "mean")])
def test_a_search_shows_its_statement_points_and_paths(name: str, held: str) -> None:
    at = searched(model=name, fp_input=held)
    found = expected(name, held)
    assert statement(found) in said(at)
    points, eigenvalues = figures(at)
    names = [curve.get("name") for curve in points["data"]]
    assert {"sentence 1", "sentence 2", "states of sentences", "chosen"} <= set(names)
    assert f"{name.upper()}: eigenvalues at point" in eigenvalues["layout"]["title"]["text"]
    (table,) = at.dataframe
    assert table.value["logit"].tolist() == [round(point.logit, 3) for point in found.points]
    assert parameter(at, "fp_input") == (None if held == "zero" else held)


def test_without_a_sentence_there_is_no_path() -> None:
    at = searched(texts="[]")
    assert not [curve for curve in figures(at)[0]["data"] if "sentence 1" in curve.get("name", "")]


def test_without_axes_points_are_told_and_not_drawn() -> None:
    at = searched(model="rnn")
    assert "RNN: no axes are kept" in said(at)
    assert statement(expected("rnn")) in said(at)
    (left,) = figures(at)
    assert "eigenvalues" in left["layout"]["title"]["text"]


def test_a_search_that_finds_nothing_shows_nothing_invented(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.probes.dynamics.held_map import HeldMap

    monkeypatch.setattr(HeldMap, "__call__", lambda _self, s: s + 1)
    at = searched()
    assert "None reached a fixed point" in said(at) and "cannot tell: no fixed point was found" in said(at)
    assert not at.dataframe
    (left,) = figures(at)  # the states and paths alone
    assert [curve["name"] for curve in left["data"]] == ["states of sentences", "sentence 1", "sentence 2"]


def test_a_link_that_cannot_be_is_told() -> None:
    assert "an input or a time that cannot be" in said(opened(fp_input="<b>", fp_seconds="0"))
    at = opened(fp_input="mean", fp_seconds="5")
    assert (parameter(at, "fp_input"), parameter(at, "fp_seconds")) == ("mean", "5")


def test_the_numbers_can_be_taken_along(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[str, list[list[str]]] = {}

    def take(name: str, header: Any, rows: Any) -> None:
        from core.data.tables import as_csv

        taken[name] = list(csv.reader(io.StringIO(as_csv(header, rows()), newline="")))

    monkeypatch.setattr(controls, "csv_button", take)
    searched(model="gru")
    found = expected("gru")
    header, *rows = taken["fixed-points"]
    assert len(rows) == sum(min(20, len(point.eigenvalues)) for point in (*found.points, *found.slow))
    first = dict(zip(header, rows[0], strict=True))
    assert float(first["logit"]) == pytest.approx(found.points[0].logit)
    value = complex(float(first["eigenvalue_real"]), float(first["eigenvalue_imaginary"]))
    assert value == pytest.approx(found.points[0].eigenvalues[0])
