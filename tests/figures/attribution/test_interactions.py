"""The figures of order attribution and interactions hold every number, and every token as it stands."""

from __future__ import annotations

import numpy as np
import pytest

from core.figures.attribution import colours
from core.figures.attribution.interactions import interaction_heatmap
from core.figures.attribution.order import order_bars
from core.figures.palette import shade
from core.probes.attribution.interactions import Interactions
from core.probes.attribution.order import OrderAttribution
from tests.figures.shown import TOKENS, assert_text


def order(tokens: tuple[str, ...], *, exact: bool = True, model: str = "lstm") -> OrderAttribution:
    """Made-up values."""
    n = len(tokens)
    words, positions, word_errors, position_errors = np.random.default_rng(n).normal(size=(4, n))
    return OrderAttribution(
        model=model,
        text=" ".join(tokens),
        tokens=tokens,
        known=(True,) * n,
        baseline="delete",
        words=words,
        positions=positions,
        word_errors=None if exact else np.abs(word_errors),
        position_errors=None if exact else np.abs(position_errors),
        logit=float(words.sum() + positions.sum()),
        base=0.0,
        shuffled=0.1,
        shuffled_error=None if exact else 0.01,
        from_order_error=None if exact else 0.01,
        exact=exact,
        samples=0 if exact else 100,
        spent="",
        seconds=0.0,
    )


def pairs(tokens: tuple[str, ...], places: tuple[int, ...], *, exact: bool = True, model: str = "gru") -> Interactions:
    """Made-up values."""
    k = len(places)
    matrix = np.random.default_rng(k).normal(size=(k, k))
    matrix = matrix + matrix.T
    np.fill_diagonal(matrix, np.nan)
    return Interactions(
        model=model,
        text=" ".join(tokens),
        tokens=tokens,
        baseline="pad",
        places=places,
        matrix=matrix,
        errors=None if exact else np.abs(matrix) / 10,
        shapley=np.zeros(len(tokens)),
        logit=0.0,
        base=0.0,
        exact=exact,
        samples=0 if exact else 100,
        spent="",
        seconds=0.0,
    )


def test_words_and_places_are_bars_side_by_side() -> None:
    found = order(("not", "good"), exact=False)
    words, places = order_bars(found).data[:2]
    assert words.y == pytest.approx(found.words, abs=1e-6) and places.y == pytest.approx(found.positions, abs=1e-6)
    assert words.error_y.array == pytest.approx(found.word_errors, abs=1e-6)
    assert places.error_y.array == pytest.approx(found.position_errors, abs=1e-6)
    for bars, values in ((words, found.words), (places, found.positions)):
        assert list(bars.marker.color) == [colours.sides(found.target)[int(value < 0)] for value in values]
    assert words.marker.pattern.shape != places.marker.pattern.shape == "/"
    exact = order_bars(order(("not", "good")))
    assert exact.data[0].error_y.array is None
    assert exact.layout.title.text.startswith("LSTM") and "logit" in exact.layout.yaxis.title.text


def test_pairs_are_a_symmetric_map_around_zero() -> None:
    found = pairs(("not", "so", "good"), (0, 2), exact=False)
    cells, numbers = (figure := interaction_heatmap(found)).data
    assert cells.zmin == -cells.zmax == -abs(found.matrix[0, 1])
    assert cells.z[0][0] is None and cells.z[0][1] == pytest.approx(found.matrix[0, 1], abs=1e-6)
    assert list(figure.layout.xaxis.ticktext) == ["not", "good"]
    value = f"{found.matrix[0, 1]:+.3f}".replace("-", "−")
    assert cells.customdata[0][1] == f"not (1) × good (3): {value} ± {found.errors[0, 1]:.3f}"
    assert len(numbers.text) == 2 and figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    assert cells.colorscale[0][1] == shade(1, colours.sides(found.target)[1])
    twice = interaction_heatmap(pairs(("so", "so", "good"), (0, 1, 2)))
    assert list(twice.layout.xaxis.ticktext) == ["so (1)", "so (2)", "good"]


def test_tokens_and_models_are_escaped_and_little_can_be_drawn() -> None:
    model = "<b> & %{y}"
    assert_text(order_bars(order(TOKENS, model=model)), model, *TOKENS)
    heat = interaction_heatmap(pairs(TOKENS, (0, 1, 5), model=model))
    assert_text(heat, model, f"{TOKENS[0]} (1) × {TOKENS[1]} (2)", TOKENS[5])
    assert order_bars(order(("alone",))).data and interaction_heatmap(pairs(("alone",), (0,))).data
    none = pairs(("a", "b"), (0, 1))
    none.matrix[~np.eye(2, dtype=bool)] = 0
    assert interaction_heatmap(none).data[0].zmax > 0
