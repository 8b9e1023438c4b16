"""The section on mixtures, run in process: opened, from links, typed points, states of a model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.lab.mixture.em import KINDS, Kind, first_guess, fit
from core.lab.mixture.points import draw, read_points, read_start
from core.lab.mixture.problem import Exercise, drawn, problem
from core.lab.mixture.states import regimes, sentence, states_of
from core.lab.mixture.worksheet import sheet, slip_sheet
from core.models import checkpoints
from tests.app import ROOT, figures, parameters, said, script, sound
from tests.hostile import SENTENCES

SCRIPT = """
from pages.views.maths_lab import mixture

mixture.view()
"""
Downloads = dict[str, Callable[[], list[list[str]]]]


pytestmark = pytest.mark.usefixtures("tiny_models")


def opened(**link: str) -> AppTest:
    return script(SCRIPT, **link)


def plane(at: AppTest) -> str:
    """The title of the first figure."""
    return next(iter(figures(at)))


def holds(at: AppTest, lines: object) -> bool:
    """Whether all lines of a sheet are on the page."""
    shown = [latex.value for latex in at.latex]
    return all(any(line.latex in value for value in shown) for line in lines)


def test_the_exercise_is_tried_before_anything_is_shown() -> None:
    at = opened()
    assert not at.error and not at.metric and not figures(at) and not at.dataframe and parameters(at) == {}
    points, start = read_points("0.5 1.2 1.9 3.8 4.6 5.3"), read_start("0.4, 1, 0.8\n0.6, 4, 1.5", 1, "full")
    assert holds(at, problem(Exercise(points, start)).given)
    mixture = fit(points, start, 20, 0.0)
    at = opened(solution="1")
    assert at.metric[1].value == f"{mixture.iterations[2].log_likelihood:.4f}".replace("-", "−")
    assert holds(at, sheet(mixture, 3, 1, 1).lines)
    assert plane(at) == "Mixture at iteration 3, after its M-step"


@pytest.mark.parametrize("kind", KINDS)
def test_a_typed_start_of_every_kind_and_its_check(kind: Kind, downloads: Downloads) -> None:
    for example in ("line", "plane"):
        for origin in ("parameters", "responsibilities"):
            at = opened(mix_kind=kind, mix_example=example, mix_from=origin, solution="1")
            assert not at.error and not at.info
            assert float(at.metric[2].value.replace("−", "-")) < 1e-9
    at.session_state["mix means open"] = True
    sound(at.run())
    header, *rows = downloads["mixture-groups"]()
    assert header[-2:] == ["component most responsible", "cluster of k-means"] and len(rows) == 6
    assert "same group" in said(at) or "change group" in said(at)


def test_the_number_of_a_sheet_draws_the_exercise() -> None:
    at = opened(sheet="5", solution="1")
    exercise = drawn(5)
    assert not at.error and not at.text_area and holds(at, problem(exercise).given)
    assert holds(at, sheet(fit(exercise.points, exercise.parameters, 20, 0.0, exercise.kind), 3, 1, 1).lines)


def test_a_collapse_is_announced() -> None:
    at = opened(mix_example="collapse", mix_reg="1e-3", mix_step="0", solution="1")
    assert "component 3 collapses at iteration 3 on x6" in said(at) and "Here 0.001 is added" in said(at)
    at.session_state["mix collapse open"] = True
    sound(at.run())
    assert "The collapse, with nothing added" in figures(at)


def test_typed_parameters_and_responsibilities() -> None:
    at = opened()
    for text, expected in (
        ("", "one line or more"),
        ("1, 0", "expected π, μ, σ²"),
        ("0.5, 0, 1\n0.6, 1, 1", "sum to 1.1"),
        ("1, 0, -1", "not positive definite"),
        ("9" * 10_000, "line 1"),
        *((text, "line 1") for text in SENTENCES[::8]),
    ):
        at.text_area(key="mix line start 3").set_value(text)
        (error,) = sound(at.run()).error
        assert expected in error.value.replace("\\", "") and "\n" not in error.value and not at.metric
    at.text_area(key="mix line start 3").set_value("1/3, 0, 1\n2/3, 4, 2")
    assert not sound(at.run()).error
    assert parameters(at)["mix_line_start_3"] == "1/3, 0, 1\n2/3, 4, 2"
    at.segmented_control(key="mix from").set_value("responsibilities").run()
    at.text_area(key="mix line delta").set_value("1 0\n" * 6)
    assert "every component" in sound(at.run()).error[0].value
    at.text_area(key="mix line delta").set_value("1 0\n" * 5 + "0 1")
    assert "collapses in iteration 1" in sound(at.run()).info[0].value and not at.metric
    at = opened(mix_line_points="\n".join(map(str, range(13))))
    assert "at most 12 points" in at.info[0].value and not at.metric
    assert sound(at.toggle(key="mix hand solution").set_value(True).run()).metric and parameters(at)["solution"] == "1"


def test_opened_it_shows_the_third_iteration_of_the_first_toy(downloads: Downloads) -> None:
    at = opened(mix_data="clouds")
    points = draw("clouds", 200, 0)
    mixture = fit(points, first_guess(points, 3, 0), 20)
    likelihood = f"{mixture.iterations[2].log_likelihood:.4f}".replace("-", "−")
    assert [metric.value for metric in at.metric][:2] == ["3 / 20", likelihood]
    assert float(at.metric[2].value.replace("−", "-")) < 1e-6
    assert list(figures(at)) == ["Mixture at iteration 3, after its M-step", "Log-likelihood, half-step by half-step"]
    assert holds(at, sheet(mixture, 3, 1, 1).lines)
    rows = downloads["mixture-iterations"]()
    assert [float(row[1]) for row in rows[1:]] == [made.log_likelihood for made in mixture.iterations]
    assert not at.error and parameters(at) == {"mix_data": "clouds"}
    before = len(at.latex)
    at.session_state["mix slips open"] = at.session_state["mix points open"] = True
    sound(at.slider(key="mix step").set_value(4).run())
    assert len(at.latex) == before + 8 and holds(at, slip_sheet(mixture, 2, 1).lines)
    delta = mixture.iterations[1].responsibilities
    rows = downloads["mixture-points"]()
    assert np.array([row[1:] for row in rows[1:]], dtype=float) == pytest.approx(np.hstack([points, delta]))


def test_the_slider_goes_through_the_half_steps_and_the_link_carries_them() -> None:
    at = opened(mix_data="clouds")
    for half_step, title in ((0, "start"), (7, "iteration 4, after its E-step")):
        sound(at.slider(key="mix step").set_value(half_step).run())
        assert plane(at).endswith(title) and parameters(at)["mix_step"] == str(half_step)
    at.number_input(key="mix k").set_value(2)
    sound(at.number_input(key="mix n").set_value(2).run())
    assert at.slider(key="mix step").value == 4
    assert (parameters(at)["mix_k"], parameters(at)["mix_n"]) == ("2", "2")


def test_a_link_asks_for_everything() -> None:
    at = opened(
        mix_data="crossing", mix_k="2", mix_n="5", mix_seed="3", mix_reg="0", mix_step="9", mix_c="2", mix_i="4",
        mix_count="50",
    )  # fmt: skip
    points = draw("crossing", 50, 3)
    assert holds(at, sheet(fit(points, first_guess(points, 2, 3, 0), 5, 0), 5, 2, 4).lines)


def test_typed_numbers(downloads: Downloads) -> None:
    at = opened(mix_data="own", mix_k="2", mix_step="40", solution="1")

    def typed(text: str) -> AppTest:
        at.text_area(key="mix points").set_value(text)
        return sound(at.run())

    typed("0 0\n1 0\n0 1\n9 9\n9 8\n8 9")
    rows = downloads["mixture-components"]()
    assert sorted(float(row[1]) for row in rows[1:]) == pytest.approx([0.5, 0.5], abs=1e-6)
    assert parameters(at)["mix_points"] == "0 0\n1 0\n0 1\n9 9\n9 8\n8 9"
    for text, expected in (
        ("", "expected 2 points or more"),
        ("1, 2\n3, x", "line 2 is '3, x'"),
        ("1, 2\n1, 2\n1, 2", "all 3 points are equal"),
        *((text, "line 1 is|number 1: ") for text in SENTENCES[::8]),
    ):
        (error,) = typed(text).error
        assert re.search(expected, error.value.replace("\\", "")) and "\n" not in error.value
        assert not at.metric and at.text_area(key="mix points").value == text
    at.number_input(key="mix k").set_value(3)
    assert "more than the 2 different points" in typed("1, 2\n3, 4").error[0].value
    for text in ("", "nan", "-1", "$x$"):
        at.text_input(key="mix reg 1e-6").set_value(text)
        (error,) = typed("1, 2\n3, 4\n5, 6\n7, 9").error
        assert "reg_covar" in error.value.replace("\\", "") and "\n" not in error.value


def test_collapse_and_a_fall_are_said() -> None:
    at = opened(mix_data="own", mix_points="0 0\n1 1\n2 2\n3 3", mix_k="1", mix_reg="0", solution="1")
    assert "component 1 collapses at iteration 1" in said(at)
    assert at.metric[2].value == "–"
    at = opened(mix_data="clouds", mix_reg="3", mix_k="2", mix_n="40")
    assert "The log-likelihood fell" in said(at)
    assert "it decreased" in json.dumps(figures(at))


def test_states_of_a_model(downloads: Downloads) -> None:
    texts = "good great love\nnot good at all\n\nthe movie was bad\n!!"
    at = opened(mix_data="states", mix_model="gru", mix_texts=texts, mix_k="2", mix_d="3")
    states = states_of(checkpoints.load("gru"), [line for line in texts.splitlines() if line], "own", 3)
    mixture = fit(states.points, first_guess(states.points, 2, 0), 20)
    for one in regimes(states, mixture.iterations[2].responsibilities):
        assert sentence(states, one) in said(at)
    rows = downloads["mixture-regimes"]()
    assert np.sum([float(row[1]) for row in rows[1:]]) == pytest.approx(len(states.points))
    assert f"{len(states.points)} states of {len(states.sentences)} sentences" in said(at)
    assert figures(at)[plane(at)]["layout"]["xaxis"]["title"]["text"] == "principal component 1"
    at.text_area(key="mix texts").set_value("\n".join(SENTENCES))
    assert not sound(at.run()).error
    assert "<script" not in json.dumps(figures(at)) and "<iframe" not in json.dumps(figures(at))
    at.text_area(key="mix texts").set_value("  \n ")
    (error,) = sound(at.run()).error
    assert "1 to 200 sentences" in error.value


def test_a_folder_without_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    at = opened(mix_data="states")
    assert "No usable model" in said(at) and not at.metric


def test_points_do_not_load_torch() -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        f"at = AppTest.from_string({SCRIPT!r}, default_timeout=90).run()\n"
        "assert at.text_area and not at.exception\n"
        "assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
