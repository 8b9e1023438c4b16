"""The section on mixtures, run in process: opened, from links, own points, states of a model, hostile input."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.lab.mixture.em import first_guess, fit
from core.lab.mixture.points import draw
from core.lab.mixture.states import regimes, sentence, states_of
from core.lab.mixture.worksheet import sheet, slip_sheet
from core.models import checkpoints
from tests.hostile import SENTENCES

SCRIPT = """
from pages.views.maths_lab import mixture as lab_mixture

lab_mixture.view()
"""


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    shutil.copytree(tiny_checkpoints, tmp_path / "checkpoints")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "checkpoints"))
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def opened(**parameters: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=90)
    for name, value in parameters.items():
        at.query_params[name] = value
    return sound(at.run())


def sound(at: AppTest) -> AppTest:
    assert [error.message for error in at.exception] == []
    return at


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.info, at.warning, at.error, at.text)
    return "\n".join(found.value.replace("\\", "") for kind in kinds for found in kind)


def figures(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def rows(at: AppTest, name: str) -> list[list[str]]:
    """A table's file, as its button hands it out."""
    (button,) = [found for found in at.get("download_button") if found.key == f"download {name}"]
    assert button.proto.label == "Download as CSV"
    return list(csv.reader(io.StringIO(_kept[name])))


_kept: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the buttons would hand out."""
    from pages.views.trajectories import controls

    asked = controls.csv_button

    def button(name: str, header: Any, found: Any) -> None:
        from core.data.tables import as_csv

        written = as_csv(header, found())
        _kept[name] = written if isinstance(written, str) else written.decode("utf-8-sig")
        asked(name, header, found)

    _kept.clear()
    monkeypatch.setattr(controls, "csv_button", button)


def test_opened_it_shows_the_third_iteration_of_the_first_toy() -> None:
    at = opened()
    assert not at.error
    points = draw("clouds", 200, 0)
    found = fit(points, first_guess(points, 3, 0), 20)
    assert [metric.value for metric in at.metric][:2] == ["3 / 20", f"{found.iterations[2].log_likelihood:.4f}"]
    assert float(at.metric[2].value) < 1e-6
    plane, likelihood = figures(at)
    assert plane["layout"]["title"]["text"] == "Mixture at iteration 3, after its M-step"
    assert likelihood["layout"]["title"]["text"] == "Log-likelihood, half-step by half-step"
    shown = [found.value for found in at.latex]
    for line in sheet(found, 3, 1, 1).lines:
        assert any(line.latex in value for value in shown)
    table = rows(at, "mixture-iterations")
    assert len(table) == 21
    assert [float(row[1]) for row in table[1:]] == [made.log_likelihood for made in found.iterations]
    # The address stays as it was.
    assert dict(at.query_params) == {}


def test_the_slider_goes_through_the_half_steps_and_the_link_carries_them() -> None:
    at = opened()
    at.slider(key="mix step").set_value(0).run()
    assert figures(sound(at))[0]["layout"]["title"]["text"] == "Mixture at the start"
    assert at.query_params["mix_step"] == "0"
    at.slider(key="mix step").set_value(7).run()
    assert figures(sound(at))[0]["layout"]["title"]["text"] == "Mixture at iteration 4, after its E-step"
    at.number_input(key="mix k").set_value(2).run()
    at.number_input(key="mix n").set_value(2).run()
    assert sound(at).slider(key="mix step").value == 4
    assert (at.query_params["mix_k"], at.query_params["mix_n"]) == ("2", "2")


def test_a_link_asks_for_everything() -> None:
    at = opened(
        mix_data="crossing", mix_k="2", mix_n="5", mix_seed="3", mix_reg="0", mix_step="9", mix_c="2", mix_i="4",
        mix_count="50",
    )  # fmt: skip
    points = draw("crossing", 50, 3)
    found = fit(points, first_guess(points, 2, 3, 0), 5, 0)
    shown = [one.value for one in at.latex]
    for line in sheet(found, 5, 2, 4).lines:
        assert any(line.latex in value for value in shown)
    assert "neither line ever falls" in said(at)


@pytest.mark.parametrize("hostile", [*SENTENCES[:4], "9" * 400, "-1", "nan", "", "2.5", "1e9"])
def test_a_forged_link_is_no_harm(hostile: str) -> None:
    names = ("data", "k", "n", "seed", "step", "c", "i", "count", "model", "axes", "d")
    at = opened(**{f"mix_{name}": hostile for name in names})
    assert not at.error and at.metric[0].value == "3 / 20"
    at = opened(mix_data="states", **{f"mix_{name}": hostile for name in names[1:]})
    assert not at.error
    sound(opened(mix_data="own", mix_points=hostile, mix_reg=hostile))


def test_the_slips_are_shown_against_the_truth() -> None:
    at = opened()
    before = len(at.latex)
    at.session_state["mix slips open"] = True
    at.slider(key="mix step").set_value(4).run()
    assert len(at.latex) == before + 8
    shown = [one.value for one in sound(at).latex]
    points = draw("clouds", 200, 0)
    found = fit(points, first_guess(points, 3, 0), 20)
    for line in slip_sheet(found, 2, 1).lines:
        assert any(line.latex in value for value in shown)


def test_every_point_is_in_a_table() -> None:
    at = opened()
    at.session_state["mix points open"] = True
    at.slider(key="mix step").set_value(4).run()
    table = rows(sound(at), "mixture-points")
    points = draw("clouds", 200, 0)
    delta = fit(points, first_guess(points, 3, 0), 20).iterations[1].responsibilities
    assert np.array([row[1:] for row in table[1:]], dtype=float) == pytest.approx(np.hstack([points, delta]))


def test_points_of_ones_own() -> None:
    at = opened(mix_data="own", mix_k="2", mix_step="40")
    at.text_area(key="mix points").set_value("0 0\n1 0\n0 1\n9 9\n9 8\n8 9").run()
    table = rows(sound(at), "mixture-components")
    assert sorted(float(row[1]) for row in table[1:]) == pytest.approx([0.5, 0.5], abs=1e-6)
    assert at.query_params["mix_points"] == "0 0\n1 0\n0 1\n9 9\n9 8\n8 9"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected 2 points or more"),
        ("1, 2\n3, x", "line 2 is '3, x'"),
        ("1, 2\n1e308, 1", "line 2 is '1e308, 1'"),
        ("1, 2\n1, 2\n1, 2", "all 3 points are equal"),
        ("1, 2\n3, 4", "more than the 2 points"),
        ("1 2\n" * 2_001, "more than 2,000 points"),
        *((text, "line 1 is") for text in SENTENCES if text.strip()),
    ],
)
def test_bad_points_are_one_line(text: str, expected: str) -> None:
    at = opened(mix_data="own")
    at.text_area(key="mix points").set_value(text).run()
    (error,) = sound(at).error
    assert expected in error.value.replace("\\", "") and "\n" not in error.value
    assert not at.metric
    assert at.text_area(key="mix points").value == text


@pytest.mark.parametrize("text", ["", "a", "nan", "-1", "inf", "1e308", "__import__('os')", "$x$"])
def test_bad_reg_covar_is_one_line(text: str) -> None:
    at = opened()
    at.text_input(key="mix reg").set_value(text).run()
    (error,) = sound(at).error
    assert "reg_covar is" in error.value.replace("\\", "") and "\n" not in error.value


def test_collapse_and_a_fall_are_said() -> None:
    at = opened(mix_data="own", mix_points="0 0\n1 1\n2 2\n3 3", mix_k="1", mix_reg="0")
    assert "Collapsed: component 1 (first at iteration 1," in said(at)
    assert at.metric[2].value == "–"
    at = opened(mix_reg="3", mix_k="2", mix_n="40")
    assert "The log-likelihood fell" in said(at)
    assert "it fell" in json.dumps(figures(at)[1])


def test_states_of_a_model(tmp_path: Path) -> None:
    texts = "good great love\nnot good at all\n\nthe movie was bad\n!!"
    at = opened(mix_data="states", mix_model="gru", mix_texts=texts, mix_k="2", mix_d="3")
    found = states_of(checkpoints.load("gru"), [line for line in texts.splitlines() if line], "own", 3)
    mixture = fit(found.points, first_guess(found.points, 2, 0), 20)
    for one in regimes(found, mixture.iterations[2].responsibilities):
        assert sentence(found, one) in said(at)
    table = rows(at, "mixture-regimes")
    assert np.sum([float(row[1]) for row in table[1:]]) == pytest.approx(len(found.points))
    assert f"{len(found.points)} states of {len(found.sentences)} sentences" in said(at)
    assert figures(at)[0]["layout"]["xaxis"]["title"]["text"] == "principal component 1"
    assert "is not shown" in said(at)


def test_states_of_hostile_sentences() -> None:
    at = opened(mix_data="states")
    at.text_area(key="mix texts").set_value("\n".join(SENTENCES)).run()
    assert not sound(at).error
    for figure in figures(at):
        assert "<script" not in json.dumps(figure) and "<iframe" not in json.dumps(figure)
    at.text_area(key="mix texts").set_value("  \n ").run()
    (error,) = sound(at).error
    assert "1 to 200 sentences" in error.value


def test_a_folder_without_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    at = opened(mix_data="states")
    assert "There is no model here" in said(at) and not at.metric
    assert opened().metric  # the toys need none


def test_points_do_not_load_torch() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        f"at = AppTest.from_string({SCRIPT!r}, default_timeout=90).run()\n"
        "assert at.metric and not at.exception\n"
        "assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode == 0
