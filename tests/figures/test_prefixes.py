"""The curve over the words shows every model and every word as it stands, whatever the word is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from core.data.targets import Target, probabilities
from core.figures import layout
from core.figures.prefixes import prefix_curves
from core.models.predict import Verdict
from tests.figures.shown import TOKENS, as_plotly_shows, assert_text, verdict


def three(tokens: list[str]) -> list[Verdict]:
    return [verdict(model, tokens, seed) for seed, model in enumerate(("rnn", "gru", "lstm"))]


def ticks(figure: go.Figure) -> list[str] | None:
    shown = figure.layout.xaxis.ticktext
    return None if shown is None else [as_plotly_shows(label) for label in shown]


def test_one_curve_per_model_through_its_prefix_probabilities() -> None:
    verdicts = three(["so", "very", "good"])
    figure = prefix_curves(verdicts)
    low, high = figure.layout.yaxis.range
    assert low < 0 and high > 1, "a curve along 0 or 1 is seen whole"
    (threshold,) = figure.layout.shapes
    assert threshold.y0 == threshold.y1 == 0.5
    assert [curve.name for curve in figure.data] == ["RNN", "GRU", "LSTM"]
    for curve, one in zip(figure.data, verdicts, strict=True):
        assert list(curve.x) == [1, 2, 3]
        assert tuple(curve.y) == one.prefix_probabilities
    assert ticks(figure) == ["so", "very", "good"] and list(figure.layout.xaxis.tickvals) == [1, 2, 3]
    low, high = figure.layout.xaxis.range
    assert low < 1 and high > 3


def test_the_axis_says_whose_probability_it_is() -> None:
    own = replace(verdict("mine", ["so"]), labels=("ham", "<b>"), target=Target(("ham", "<b>"), 1))
    three = ("a", "b", "c")
    many = [replace(own, labels=three, target=Target(three, number)) for number in (0, 2, 2)]
    two = verdict("rnn", ["so"])
    for verdicts, title in (
        ([two, two], "P(positive)"),
        ([own], "P(<b>)"),
        ([two, own], "P(second class)"),
        (many[1:], "P(c)"),
        (many, "P(target class)"),
        ([two, many[0]], "P(target class)"),
    ):
        assert as_plotly_shows(prefix_curves(verdicts).layout.yaxis.title.text) == title
    assert layout.log_odds(own.target) == "logit"
    assert layout.log_odds(Target(("a", "<b>", "c"), 1)) == "log-odds of &lt;b&gt;"


def test_one_model_of_many_classes_has_a_curve_for_each() -> None:
    names = tuple(f"<c{number}>" for number in range(20))
    scores = np.random.default_rng(5).normal(size=(3, 20))
    rows = probabilities(scores)
    made = replace(
        verdict("mine", ["so", "very", "good"]),
        labels=names,
        target=Target(names, 7),
        probabilities=tuple(rows[-1].tolist()),
        scores=tuple(scores[-1].tolist()),
        prefix_scores=tuple(map(tuple, scores.tolist())),
    )
    one = made.aimed(Target(names, 8)).aimed(Target(names, 7))
    figure = prefix_curves([one])
    assert [as_plotly_shows(curve.name) for curve in figure.data] == list(names) and not figure.layout.shapes
    np.testing.assert_allclose([curve.y for curve in figure.data], rows.T)
    widths = [curve.line.width for curve in figure.data]
    assert widths.index(max(widths)) == 7 and len({*widths}) == 2
    assert len({(curve.line.color, curve.line.dash) for curve in figure.data}) == 20
    (against,) = prefix_curves([one.aimed(Target(names, 7, 1))]).data
    np.testing.assert_allclose(against.y, rows[:, 7] / (rows[:, 7] + rows[:, 1]))
    both_ways = replace(one, prefix_scores=(), prefix_probabilities=())
    assert [list(curve.x) for curve in prefix_curves([both_ways]).data] == [[3]] * 20
    two = verdict("rnn", ["so", "very", "good"])
    assert [curve.name for curve in prefix_curves([two, one]).data] == ["RNN", "mine"]


def test_models_differ_by_more_than_colour() -> None:
    names = ["rnn", "gru", "lstm", "mine", "yours", "theirs"]
    curves = prefix_curves([verdict(name, ["so", "good"]) for name in names]).data
    for looks in (
        [curve.line.color for curve in curves],
        [curve.line.dash for curve in curves],
        [curve.marker.symbol for curve in curves],
    ):
        assert len(set(looks)) == len(names)


def test_every_token_and_model_is_shown_as_it_stands() -> None:
    model = '<b>x</b> & "'
    assert_text(prefix_curves([verdict(model, [*TOKENS, "\x00", "\x1b[31m"])]), model, *TOKENS)
    figure = prefix_curves(three(["&" * 40]))  # cut before it is escaped
    assert ticks(figure) == ["&" * 15 + "…"] and figure.data[0].customdata[0] == "&amp;" * 40


def test_where_words_do_not_stand_along_the_axis() -> None:
    tokens = [f"w{number}" for number in range(33)]
    assert ticks(prefix_curves(three(tokens[:32]))) == tokens[:32]
    figure = prefix_curves(three(tokens))
    assert ticks(figure) is None
    assert list(figure.data[0].customdata) == tokens and len(figure.data[0].y) == 33
    assert {curve.mode for curve in prefix_curves(three(["so"] * 1_000)).data} == {"lines"}
    assert {curve.mode for curve in prefix_curves(three(["so"])).data} == {"lines+markers"}, "one word is a point"
    figure = prefix_curves([verdict("rnn", ["can", "not"]), verdict("lstm", ["can't"])])  # read differently
    assert ticks(figure) is None and figure.layout.xaxis.range[1] > 2
    assert [len(curve.y) for curve in figure.data] == [2, 1]
    assert len(prefix_curves([]).data) == 0
