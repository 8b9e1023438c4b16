"""The plot of a cell by hand: every curve with its numbers, and no number a browser cannot lay out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.figures.lab.cells import cell_by_hand, cell_drawn
from core.lab.cells.arithmetic import work
from core.lab.cells.lstm_exercise import MEMORY, PRESETS


def test_the_curves_of_the_report() -> None:
    worked = work(MEMORY)
    curves = {curve.name: list(curve.y) for curve in cell_by_hand(worked).data}
    assert curves["c, stored"] == [step.c for step in worked.steps]
    assert curves["y, the output"] == [step.y for step in worked.steps]
    assert curves["g(z), candidate"] == [3, -2, 4, 0]
    assert [round(value) for value in curves["f(z_f), keep"]] == [1, 1, 0, 1]
    assert [round(value) for value in curves["f(z_o), output"]] == [0, 1, 1, 1]


@pytest.mark.parametrize(("name", "curves", "rows"), [("memory", 6, 2), ("gru", 4, 2), ("rnn", 1, 1)])
def test_a_cell_without_gates_has_one_panel(name: str, curves: int, rows: int) -> None:
    figure = cell_by_hand(work(PRESETS[name]))
    assert len(figure.data) == curves
    assert len({curve.yaxis for curve in figure.data}) == rows
    looks = [(curve.line.color, curve.line.dash, curve.marker.symbol) for curve in figure.data]
    assert len(set(looks)) == curves


def test_what_is_too_large_to_draw_leaves_a_gap() -> None:
    exercise = replace(MEMORY, inputs=((0.0, 1.0, 0.0, 1e308), (0.0, 0.0, 0.0, 0.0)), c0=0.0)
    offered = next(curve for curve in cell_by_hand(work(exercise)).data if curve.name == "g(z), candidate")
    assert list(offered.y) == [None, 0.0]


def test_the_drawn_cell_has_the_values_of_every_step() -> None:
    worked = work(PRESETS["lstm"])
    figure = cell_drawn(worked)
    assert [frame.name for frame in figure.frames] == [str(step.t) for step in worked.steps]
    for frame, step in zip(figure.frames, worked.steps, strict=True):
        gates, words = frame.data
        g, i, f, o = step.gates
        assert list(gates.marker.color) == [f, i, g, o]
        assert f"y<sub>{step.t}</sub> = {step.y:.2f}".replace("-", "−") in words.text
    assert list(figure.data[-2].marker.color) == list(figure.frames[0].data[0].marker.color)
