"""The figures of a search over orders hold every order they speak of, and its words as they stand."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest

from core.data.targets import POSITIVE, Target
from core.figures.permutations import MOST_POINTS, drawn, fluency_scatter, position_bars, probability_histogram
from core.fluency.orders import Words
from core.probes.permutations.search import Permutations, Question, search
from tests.figures.shown import TOKENS, as_plotly_shows, assert_text

WORDS = ["not", "bad", "at", "all", "!"]


THREE = ("late", "<b>lost</b>", "fine")


def found(
    tokens: list[str], scorer: str = "made-up judge", budget: int = 400_000, target: Target = POSITIVE, **more: str
) -> Permutations:
    """Every order scored by a weight for each word and place, so that places matter and about half the orders flip."""
    count = len(tokens)
    generator = np.random.default_rng(count)
    weights = generator.normal(size=(count, count) if target == POSITIVE else (count, count, len(target.labels)))
    table = -generator.gamma(2, 2, size=(count + 1,) * 3).astype(np.float32)

    def score(orders: np.ndarray) -> np.ndarray:
        return sum(weights[orders[:, place], place] for place in range(count)).astype(np.float32)

    words = Words(tuple(range(count)))
    question = Question(" ".join(tokens), tuple(tokens), words, table, scorer, budget=budget, target=target, **more)
    *_events, last = search("lstm", score, question)
    return last.result()


def test_every_order_scored_is_in_one_bar() -> None:
    result = found(WORDS)
    same, flips = probability_histogram(result).data
    assert sum(same.y) + sum(flips.y) == result.scored == factorial(5)
    assert sum(flips.y) == result.flip_count
    positive = result.original.probability >= 0.5
    below, above = flips.y[:20].sum(), flips.y[20:].sum()
    assert (below if positive else above) == result.flip_count  # no bar holds orders of both verdicts
    assert (above if positive else below) == 0
    threshold, original = probability_histogram(result).layout.shapes
    assert threshold.x0 == threshold.x1 == 0.5
    assert original.x0 == original.x1 == result.original.probability


def test_the_scatter_draws_every_order_once() -> None:
    result = found(WORDS)
    same, flips, original = fluency_scatter(result).data
    rows = np.concatenate([same.customdata, flips.customdata, original.customdata])
    assert sorted(rows) == list(range(result.scored))
    assert len(flips.x) == result.flip_count
    for curve in (same, flips, original):
        for row, x, y in zip(curve.customdata, curve.x, curve.y, strict=True):
            order = result.order(int(row))
            assert (x, y) == (pytest.approx(order.fluency), pytest.approx(order.probability))
    assert result.order(int(original.customdata[0])).positions == (0, 1, 2, 3, 4)
    ring = fluency_scatter(result, 7).data[-1]
    assert (ring.x[0], ring.y[0]) == (result.fluencies[7], pytest.approx(result.order(7).probability))


def test_flips_of_three_classes_are_drawn_by_class_without_a_threshold() -> None:
    result = found(WORDS, target=Target(THREE, 1))
    assert len(result.flips_to) == 2
    for figure, first in ((probability_histogram(result), 1), (fluency_scatter(result), 1)):
        curves = figure.data[first : first + 2]
        assert_text(figure, *(f"flipped to {name}" for name in result.flips_to))
        counts = [sum(curve.y) if curve.type == "bar" else len(curve.x) for curve in curves]
        assert counts == list(result.flips_to.values())
        assert len(figure.layout.shapes) == 1 and curves[0].marker.color != curves[1].marker.color
    rows = np.concatenate([curve.customdata for curve in fluency_scatter(result).data])
    assert sorted(rows) == list(range(result.scored))
    (to, count), *_others = result.flips_to.items()
    same, flips, _original = fluency_scatter(found(WORDS, target=Target(THREE, 1), to=to)).data
    assert len(flips.x) == count and len(same.x) == result.scored - count - 1


def test_a_sample_holds_the_original_and_the_most_fluent_flips() -> None:
    result = found([*WORDS, "I", "say"])
    assert result.scored == 5_040 > MOST_POINTS
    rows = drawn(result)
    assert len(set(rows.tolist())) == len(rows) == MOST_POINTS
    shown = {result.order(row).positions for row in rows.tolist()}
    assert result.original.positions in shown
    assert {flip.positions for flip in result.flips} <= shown
    assert rows.tolist() == drawn(result).tolist()
    assert sum(len(curve.x) for curve in fluency_scatter(result).data) == MOST_POINTS


def test_a_bar_a_word() -> None:
    result = found(WORDS)
    figure = position_bars(result)
    assert list(figure.data[0].y) == pytest.approx([100 * effect for effect in result.position_effects])
    assert list(figure.layout.xaxis.ticktext) == WORDS
    assert sum(result.position_effects) > 0
    alone = found(["alone"])
    for figure in (probability_histogram(alone), fluency_scatter(alone), position_bars(alone)):
        assert figure.data
    assert list(position_bars(alone).data[0].y) == [0]


def test_every_word_is_shown_as_it_stands() -> None:
    for start in range(0, len(TOKENS), 4):
        tokens = list(TOKENS[start : start + 4])
        result = found(tokens, scorer=tokens[0])
        scatter, bars = fluency_scatter(result), position_bars(result)
        assert_text(scatter, *(result.order(row).text for row in range(result.scored)))
        assert tokens[0] in as_plotly_shows(scatter.layout.xaxis.title.text)
        assert_text(bars, *tokens)
        assert [as_plotly_shows(label) for label in bars.data[0].customdata] == tokens
    # A long order is cut and broken into lines.
    result = found(["word" * 20, "other" * 20, "third" * 20, "x" * 200, "y"])
    for text in fluency_scatter(result).data[0].text:
        assert len(text) < 200 and all(len(line) <= 60 for line in text.split("<br>"))
