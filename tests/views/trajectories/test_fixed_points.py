"""The view of fixed points, run in process on tiny checkpoints, the RNN without axes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.data.examples import examples
from core.models import checkpoints
from core.probes.dynamics import fixed_points_file
from core.probes.dynamics.fixed_points import FixedPoints, search
from core.probes.dynamics.line_attractor import statement
from tests.app import figures, offers, parameters, press, said, script

SCRIPT = """
from pages.views.trajectories import fixed_points
from pages.widgets import models
from pages.widgets.sentences import Sentence

fixed_points.view({texts}, models.load_all()[0])
"""
TEXTS = '[Sentence(1, "Better late than never"), Sentence(2, "Better never than late")]'


@pytest.fixture(autouse=True)
def _own_world(with_axes: Path, tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, folder in (("rnn", tiny_checkpoints), ("gru", with_axes), ("lstm", with_axes)):
        shutil.copytree(folder / name, tmp_path / name)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))


def expected(name: str, held: str = "zero") -> FixedPoints:
    *_before, last = search(checkpoints.load(name), [example.text for example in examples()], held)
    return last.result()


@pytest.mark.parametrize(("name", "held"), [("gru", "zero"), ("gru", "mean")])
def test_a_search_shows_its_statement_points_and_paths(
    name: str, held: str, downloads: dict[str, Callable[[], list[list[str]]]]
) -> None:
    at = script(SCRIPT.format(texts=TEXTS), model=name, fp_input=held, fp_seconds="5")
    assert not figures(at) and not at.dataframe, "nothing before it is asked for"
    press(at, "Start the search")
    result = expected(name, held)
    assert statement(result) in said(at)
    points, eigenvalues = figures(at).items()
    names = [curve.get("name") for curve in points[1]["data"]]
    assert {"sentence 1", "sentence 2", "states of sentences", "chosen"} <= set(names)
    assert f"{name.upper()}: eigenvalues at point" in eigenvalues[0]
    (table,) = at.dataframe
    assert table.value["logit"].tolist() == [round(point.logit, 3) for point in result.points]
    assert parameters(at).get("fp_input") == (None if held == "zero" else held) and parameters(at)["fp_seconds"] == "5"
    again = script(SCRIPT.format(texts=TEXTS), model=name, fp_input=held, fp_seconds="5")
    assert statement(result) in said(again), "found again after a reload"
    header, *rows = downloads["fixed-points"]()
    assert len(rows) == sum(min(20, len(point.eigenvalues)) for point in (*result.points, *result.slow))
    first = dict(zip(header, rows[0], strict=True))
    assert float(first["logit"]) == pytest.approx(result.points[0].logit)
    value = complex(float(first["eigenvalue_real"]), float(first["eigenvalue_imaginary"]))
    assert value == pytest.approx(result.points[0].eigenvalues[0])


def test_without_axes_points_are_listed_and_not_drawn_and_a_forged_link_is_reported() -> None:
    at = script(SCRIPT.format(texts="[]"), model="rnn", fp_input="<b>", fp_seconds="0")
    assert said(at).count("`fp_input`, `fp_seconds`") == 1
    press(at, "Start the search")
    assert "RNN: no stored axes" in said(at)
    assert statement(expected("rnn")) in said(at)
    (left,) = figures(at)
    assert "eigenvalues" in left


def test_a_search_that_finds_nothing_shows_nothing_invented(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.probes.dynamics.held_input import HeldMap

    monkeypatch.setattr(HeldMap, "__call__", lambda _self, s: s + 1)
    at = press(script(SCRIPT.format(texts=TEXTS)), "Start the search")
    assert "None reached a fixed point" in said(at) and "no fixed point" in said(at)
    assert not at.dataframe
    (left,) = figures(at).values()  # the states and paths alone
    assert [curve["name"] for curve in left["data"]] == ["states of sentences", "sentence 1", "sentence 2"]


def test_points_found_beforehand_are_shown_at_once_unless_the_model_changed(tmp_path: Path) -> None:
    texts = [example.text for example in examples()]
    fixed_points_file.save([expected("gru")], [checkpoints.load("gru")], texts)
    at = script(SCRIPT.format(texts=TEXTS), model="gru")
    assert not at.button and "GRU: fixed points" in figures(at)
    (table,) = at.dataframe
    assert table.value["logit"].tolist() == [round(point.logit, 3) for point in expected("gru").points]
    assert offers(script(SCRIPT.format(texts=TEXTS), model="lstm"), "Start the search")
    path = tmp_path / fixed_points_file.FILE
    path.write_text(path.read_text().replace(checkpoints.load("gru").hash, "0" * 64))
    assert offers(script(SCRIPT.format(texts=TEXTS), model="gru"), "Start the search")
    path.write_text("{}")
    at = script(SCRIPT.format(texts=TEXTS), model="gru")
    assert len(at.error) == 1 and offers(at, "Start the search")
