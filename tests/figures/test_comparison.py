"""The curves of two sentences show every model, every word and every parting as they stand."""

from __future__ import annotations

from core.figures.comparison import comparison_curves
from core.probes.permutations.comparison import Comparison, Contrast, compare_tokens
from tests.figures.shown import TOKENS, assert_text, verdict


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
    first, second = figure.data[::2], figure.data[1::2]
    assert {curve.line.dash for curve in first} == {"solid"} and {curve.line.dash for curve in second} == {"dash"}
    for one, other in zip(first, second, strict=True):
        assert one.line.color == other.line.color and other.marker.symbol == f"{one.marker.symbol}-open"
    assert len({curve.line.color for curve in first}) == len({curve.marker.symbol for curve in first}) == 3
    axis = figure.layout.xaxis
    assert list(axis.ticktext) == ["so<br>good", "very<br>so", "good<br>"] and list(axis.tickvals) == [1, 2, 3]
    assert axis.range[0] < 1 and axis.range[1] > 3


def test_the_partings_are_marks_above_the_curves_that_never_overlap() -> None:
    a, b = ["a", "b", "c"], ["c", "a", "b"]
    curves = comparison_curves(Comparison((contrast("rnn", a, b, 2), contrast("gru", a, b)))).data
    (mark,) = [curve for curve in curves if curve.text]
    assert mark.name.startswith("RNN") and list(mark.x) == [2] and mark.marker.color == curves[0].line.color
    figure = comparison_curves(three(a, b, 2))
    heights = [curve.y[0] for curve in figure.data if curve.text]
    assert len(set(heights)) == 3 and min(heights) > 1 and max(heights) < figure.layout.yaxis.range[1]


def test_the_same_sentence_twice_is_drawn_once() -> None:
    figure = comparison_curves(three(["so", "good"], ["so", "good"]))
    assert [curve.name.partition(",")[0] for curve in figure.data] == ["RNN", "GRU", "LSTM"]
    assert list(figure.layout.xaxis.ticktext) == ["so", "good"]


def test_no_words_along_the_axis_where_they_are_many_or_differ_between_models() -> None:
    assert comparison_curves(three(["so"] * 15, ["so"])).layout.xaxis.ticktext is None
    assert comparison_curves(three(["so"] * 14, ["so"])).layout.xaxis.ticktext is not None
    assert comparison_curves(three(["so"] * 33, ["so"] * 33)).layout.xaxis.ticktext is None
    assert comparison_curves(three(["so"] * 32, ["so"] * 32)).layout.xaxis.ticktext is not None
    differing = Comparison((contrast("rnn", ["can", "not"], ["not"]), contrast("gru", ["can't"], ["not"])))
    figure = comparison_curves(differing)
    assert figure.layout.xaxis.ticktext is None and figure.layout.xaxis.range[1] > 2
    assert {curve.mode for curve in comparison_curves(three(["so"] * 300, ["so"] * 300)).data} == {"lines"}


def test_every_token_and_model_is_shown_as_it_stands() -> None:
    model = "<b> & %{y}"
    figure = comparison_curves(Comparison((contrast(model, [*TOKENS, "\x00"], [*TOKENS[::-1], "\x1b[31m"], 1),)))
    assert_text(figure, model, *TOKENS)
    assert len(figure.data) == 3
