"""The map holds the share or the probability of every patch, tells which cell was clicked, and escapes tokens."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.figures.inside.interventions import before_and_after, patch_heatmap, patch_names
from core.probes.interventions.hold import Hold, Intervention
from core.probes.interventions.patching import PatchGrid
from tests.figures.shown import TOKENS, as_plotly_shows, assert_text

WHATS = ("hidden", "cell", "both", "input", "forget", "candidate", "output")


def grid(tokens: tuple[str, ...] = ("a", "b", "c"), other: float = 2.0, model: str = "lstm") -> PatchGrid:
    """From 0 towards `other`, by made-up logits; the last step has no partner."""
    random = np.random.default_rng(1)
    logits = {what: random.normal(size=len(tokens)) for what in WHATS}
    for values in logits.values():
        values[-1] = math.nan
    partners = (*range(len(tokens) - 1), None)
    return PatchGrid(model, "lstm", ("a", "b"), (tokens, tokens), "start", partners, (0.0, other), logits)


@pytest.mark.parametrize("show", ["share", "probability"])
def test_every_number_is_in_its_cell(show: str) -> None:
    found = grid()
    figure = patch_heatmap([found], show)
    expected = found.probabilities if show == "probability" else found.shares
    assert expected is not None
    heatmap, points, numbers = figure.data
    assert len(numbers.text) == 2 * len(WHATS)
    for row, what in enumerate(WHATS):
        assert heatmap.z[row][:2] == pytest.approx(expected[what][:2], abs=1e-4)
        assert heatmap.z[row][2] is None
    scale = figure.layout.coloraxis
    assert (scale.cmin, scale.cmax) == ((0, 1) if show == "probability" else (-1, 1))
    assert {(data[0], data[1]) for data in points.customdata} == {(what, step) for what in WHATS for step in (0, 1)}
    assert [(x, y) for x, y in zip(points.x, points.y, strict=True)] == [
        (data[1] + 1, WHATS.index(data[0])) for data in points.customdata
    ]
    assert list(figure.layout.yaxis.ticktext) == list(patch_names(WHATS).values())
    assert all(part in figure.layout.annotations[0].text for part in ("LSTM", "0.50", "0.88"))


def test_a_part_of_the_steps_and_the_chosen_cell() -> None:
    tokens = tuple(f"w{place}" for place in range(80))
    figure = patch_heatmap([grid(tokens)], first=30, columns=20)
    assert list(figure.data[0].x) == list(range(31, 51))
    assert list(figure.layout.xaxis.ticktext) == list(tokens[30:50])
    assert len(figure.data) == 2  # no room for numbers
    (shape,) = patch_heatmap([grid()], chosen=("cell", 1)).layout.shapes
    assert (shape.x0, shape.x1, shape.y0, shape.y1) == (1.5, 2.5, 0.5, 1.5)
    assert not patch_heatmap([grid()], chosen=("reset", 1)).layout.shapes
    assert not patch_heatmap([grid()], first=0, columns=1, chosen=("cell", 1)).layout.shapes


def test_without_a_difference_there_are_probabilities_alone() -> None:
    points = patch_heatmap([grid(other=0.0)], "share").data[1]
    assert {data[-1] for data in points.customdata} == {"–"}


def test_hostile_tokens_are_labels() -> None:
    assert_text(patch_heatmap([grid(TOKENS, model="<b>x")]), "<b>x", *TOKENS[:-1])


def test_before_and_after_are_both_drawn() -> None:
    runs = [
        Intervention(
            *(model, "t", TOKENS, (Hold("forget", 0, 0, 7),)),
            *(np.linspace(-1, 1, len(TOKENS)), np.linspace(1, -1, len(TOKENS)), (1, 0)),
        )
        for model in ("gru", "lstm")
    ]
    figure = before_and_after(runs)
    assert [curve.name for curve in figure.data] == ["GRU, before", "GRU, after", "LSTM, before", "LSTM, after"]
    np.testing.assert_array_equal(figure.data[2].y, runs[1].probability_before)
    np.testing.assert_array_equal(figure.data[3].y, runs[1].probability_after)
    assert figure.data[0].line.dash == "dot" and figure.data[0].line.color == figure.data[1].line.color
    assert_text(figure, *TOKENS)
    assert [as_plotly_shows(label) for label in figure.data[0].customdata] == list(TOKENS)


def test_models_are_drawn_one_below_the_other() -> None:
    figure = patch_heatmap([grid(model="gru"), grid(model="lstm")], chosen=("cell", 1))
    assert [note.text.partition(":")[0] for note in figure.layout.annotations] == ["GRU", "LSTM"]
    assert len(figure.layout.shapes) == 2 and not figure.layout.xaxis.showticklabels
    assert figure.layout.xaxis2.showticklabels
