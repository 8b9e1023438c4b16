"""The curves of two sentences show every model, every word and every parting as they stand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.figures.comparison import comparison_curves
from core.models.predict import Verdict
from core.probes.permutations.comparison import Comparison, Contrast, compare_tokens
from tests.figures.shown import TOKENS, as_plotly_shows, cut


def verdict(model: str, tokens: list[str], seed: int) -> Verdict:
    chances = np.random.default_rng([seed, len(tokens)]).random(len(tokens)).tolist()
    return Verdict(model, " ".join(tokens), tuple(tokens), (True,) * len(tokens), 0.0, chances[-1], tuple(chances))


def contrast(model: str, a: list[str], b: list[str], parts_at: int | None = None, seed: int = 0) -> Contrast:
    """Made-up verdicts on two sentences."""
    one, other = verdict(model, a, seed), verdict(model, b, seed + 1)
    return Contrast(model, compare_tokens(a, b), one, other, parts_at, False)


def three(a: list[str], b: list[str], parts_at: int | None = None) -> Comparison:
    return Comparison(
        tuple(contrast(model, a, b, parts_at, 2 * place) for place, model in enumerate(("rnn", "gru", "lstm")))
    )


def test_two_curves_a_model_through_the_prefix_probabilities() -> None:
    found = three(["so", "very", "good"], ["good", "so"])
    figure = comparison_curves(found)
    expected = [one for contrast in found.contrasts for one in (contrast.a, contrast.b)]
    assert [curve.name for curve in figure.data] == [
        f"{model}, {which} sentence" for model in ("RNN", "GRU", "LSTM") for which in ("first", "second")
    ]
    for curve, one in zip(figure.data, expected, strict=True):
        assert tuple(curve.y) == one.prefix_probabilities
        assert list(curve.x) == list(range(1, len(one.tokens) + 1))
        assert tuple(curve.customdata) == one.tokens


def test_sentences_differ_by_dash_and_marker_and_models_by_colour_and_marker() -> None:
    curves = comparison_curves(three(["so", "good"], ["good", "so"])).data
    first, second = curves[::2], curves[1::2]
    assert {curve.line.dash for curve in first} == {"solid"} and {curve.line.dash for curve in second} == {"dash"}
    for one, other in zip(first, second, strict=True):
        assert one.line.color == other.line.color
        assert other.marker.symbol == f"{one.marker.symbol}-open"
    assert len({curve.line.color for curve in first}) == len({curve.marker.symbol for curve in curves[::2]}) == 3


def test_the_parting_is_a_bar_between_the_two_curves() -> None:
    found = Comparison(
        (contrast("rnn", ["a", "b", "c"], ["c", "a", "b"], 2), contrast("gru", ["a", "b", "c"], ["c", "a", "b"], None))
    )
    curves = comparison_curves(found).data
    (bar,) = [curve for curve in curves if "part" in curve.name]
    assert bar.name == "RNN: the verdicts part"
    assert list(bar.x) == pytest.approx([2, 2], abs=0.2)
    assert list(bar.y) == [found.contrasts[0].a.prefix_probabilities[1], found.contrasts[0].b.prefix_probabilities[1]]
    assert bar.line.color == curves[0].line.color


def test_bars_of_models_that_part_at_one_step_stand_side_by_side() -> None:
    bars = [curve for curve in comparison_curves(three(["a", "b"], ["b", "a"], 2)).data if "part" in curve.name]
    places = [bar.x[0] for bar in bars]
    assert len(set(places)) == 3 and sum(places) / 3 == pytest.approx(2)
    alone = comparison_curves(Comparison((contrast("lstm", ["a", "b"], ["b", "a"], 2),))).data[2]
    assert list(alone.x) == [2, 2]


def test_the_words_of_both_stand_along_the_axis() -> None:
    layout = comparison_curves(three(["so", "very", "good"], ["good", "so"])).layout
    assert list(layout.xaxis.ticktext) == ["so<br>good", "very<br>so", "good<br>"]
    assert list(layout.xaxis.tickvals) == [1, 2, 3]
    low, high = layout.xaxis.range
    assert low < 1 and high > 3


def test_the_same_sentence_twice_is_drawn_once() -> None:
    figure = comparison_curves(three(["so", "good"], ["so", "good"]))
    assert [curve.name for curve in figure.data] == [
        "RNN, both sentences",
        "GRU, both sentences",
        "LSTM, both sentences",
    ]
    assert list(figure.layout.xaxis.ticktext) == ["so", "good"]


def test_no_words_along_the_axis_where_they_are_many_or_differ_between_models() -> None:
    assert comparison_curves(three(["so"] * 33, ["so"])).layout.xaxis.ticktext is None
    assert comparison_curves(three(["so"] * 32, ["so"])).layout.xaxis.ticktext is not None
    differing = Comparison((contrast("rnn", ["can", "not"], ["not"]), contrast("gru", ["can't"], ["not"])))
    figure = comparison_curves(differing)
    assert figure.layout.xaxis.ticktext is None and figure.layout.xaxis.range[1] > 2


def test_very_long_texts_are_lines_without_markers() -> None:
    assert {curve.mode for curve in comparison_curves(three(["so"] * 300, ["so"] * 300)).data} == {"lines"}


def test_every_token_and_model_is_shown_as_it_stands() -> None:
    model = "<b> & %{y}"
    figure = comparison_curves(Comparison((contrast(model, [*TOKENS, "\x00"], [*TOKENS[::-1], "\x1b[31m"], 1),)))
    labels = [[as_plotly_shows(row) for row in label.split("<br>")] for label in figure.layout.xaxis.ticktext]
    assert labels[: len(TOKENS)] == [[cut(a), cut(b)] for a, b in zip(TOKENS, TOKENS[::-1], strict=True)]
    assert [as_plotly_shows(label) for label in figure.data[0].customdata][: len(TOKENS)] == list(TOKENS)
    assert [as_plotly_shows(curve.name) for curve in figure.data][::2] == [
        f"{model}, first sentence",
        f"{model}: the verdicts part",
    ]
    assert len(json.loads(figure.to_json())["data"]) == 3
