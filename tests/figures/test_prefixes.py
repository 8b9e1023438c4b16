"""The curve over the words shows every model and every word as it stands, whatever the word is."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest

from core.data import labels
from core.data.labels import model_name
from core.figures import prefixes
from core.figures.prefixes import prefix_curves
from core.models.predict import Verdict

HOSTILE = [
    "<b>",
    "<a href=x>",
    "<a href='javascript:alert(1)'>x</a>",
    "&lt;",
    "&amp;amp;",
    "<3",
    "&",
    "'",
    '"',
    "a\"b'c",
    "%{y}",
    "$x$",
    "שלום",
    "🙂",
]


def verdict(model: str, tokens: list[str], seed: int = 0) -> Verdict:
    """A made-up verdict on made-up tokens."""
    chances = np.random.default_rng([seed, len(tokens)]).random(len(tokens)).tolist()
    return Verdict(model, " ".join(tokens), tuple(tokens), (True,) * len(tokens), 0.0, chances[-1], tuple(chances))


def three(tokens: list[str]) -> list[Verdict]:
    return [verdict(model, tokens, seed) for seed, model in enumerate(("rnn", "gru", "lstm"))]


def as_plotly_shows(label: str) -> str:
    """What plotly.js draws of a label without a tag: numbered entities decoded, and of the named ones these only."""
    assert "<" not in label, f"plotly would read a tag in {label!r}"
    names = {"mu": "μ", "amp": "&", "lt": "<", "gt": ">", "nbsp": "\xa0", "times": "×", "plusmn": "±", "deg": "°"}

    def decode(match: re.Match[str]) -> str:
        return html.unescape(match[0]) if match[1].startswith("#") else names.get(match[1], match[0])

    return re.sub(r"&(#\d+|#x[\da-fA-F]+|[a-z]+);", decode, label)


def ticks(figure: go.Figure) -> list[str] | None:
    shown = figure.layout.xaxis.ticktext
    return None if shown is None else [as_plotly_shows(label) for label in shown]


def test_one_curve_per_model_through_its_prefix_probabilities() -> None:
    verdicts = three(["so", "very", "good"])
    figure = prefix_curves(verdicts)
    assert [curve.name for curve in figure.data] == ["RNN", "GRU", "LSTM"]
    for curve, one in zip(figure.data, verdicts, strict=True):
        assert list(curve.x) == [1, 2, 3]
        assert tuple(curve.y) == one.prefix_probabilities


def test_titles_say_what_is_drawn_and_in_which_unit() -> None:
    layout = prefix_curves(three(["so", "good"])).layout
    assert layout.title.text == "Verdict after each token"
    assert layout.yaxis.title.text == "P(positive)"
    assert layout.xaxis.title.text == "tokens read so far"


def test_probabilities_fit_the_axis_and_the_threshold_is_drawn() -> None:
    layout = prefix_curves(three(["so", "good"])).layout
    low, high = layout.yaxis.range
    assert low < 0 and high > 1, "a curve along 0 or 1 is seen whole"
    (line,) = layout.shapes
    assert line.y0 == line.y1 == 0.5


def test_the_words_stand_along_the_axis() -> None:
    figure = prefix_curves(three(["i", "do", "not", "love", "it"]))
    assert ticks(figure) == ["i", "do", "not", "love", "it"]
    assert list(figure.layout.xaxis.tickvals) == [1, 2, 3, 4, 5]
    low, high = figure.layout.xaxis.range
    assert low < 1 and high > 5


def test_models_differ_by_more_than_colour() -> None:
    names = ["rnn", "gru", "lstm", "mine", "yours", "theirs"]
    curves = prefix_curves([verdict(name, ["so", "good"]) for name in names]).data
    for looks in (
        [curve.line.color for curve in curves],
        [curve.line.dash for curve in curves],
        [curve.marker.symbol for curve in curves],
    ):
        assert len(set(looks)) == len(names)


def test_a_model_looks_the_same_whoever_stands_beside_it() -> None:
    (alone,) = prefix_curves([verdict("lstm", ["so"])]).data
    beside = prefix_curves(three(["so"])).data[2]
    assert (alone.line, alone.marker.symbol) == (beside.line, beside.marker.symbol)


@pytest.mark.parametrize("token", HOSTILE, ids=ascii)
def test_every_token_is_shown_as_it_stands(token: str) -> None:
    figure = prefix_curves(three(["so", token]))
    assert ticks(figure) == ["so", token if len(token) <= 16 else token[:15] + "…"]
    for curve in figure.data:
        assert [as_plotly_shows(label) for label in curve.customdata] == ["so", token]


@pytest.mark.parametrize("name", ["<b>x</b>", "a&b", '"'])
def test_a_model_name_is_shown_as_it_stands(name: str) -> None:
    (curve,) = prefix_curves([verdict(name, ["so"])]).data
    assert as_plotly_shows(curve.name) == model_name(name)


def test_a_long_token_is_cut_before_it_is_escaped() -> None:
    (shown,) = ticks(prefix_curves(three(["&" * 40]))) or []
    assert shown == "&" * 15 + "…"
    assert prefix_curves(three(["&" * 40])).data[0].customdata[0] == "&amp;" * 40


def test_long_texts_drop_the_words_along_the_axis_and_keep_them_in_the_hover() -> None:
    tokens = [f"w{number}" for number in range(60)]
    assert ticks(prefix_curves(three(tokens[:20]))) == tokens[:20]
    figure = prefix_curves(three(tokens))
    assert ticks(figure) is None
    assert list(figure.data[0].customdata) == tokens and len(figure.data[0].y) == 60


def test_very_long_texts_are_lines_without_markers() -> None:
    assert {curve.mode for curve in prefix_curves(three(["so"] * 1_000)).data} == {"lines"}
    assert {curve.mode for curve in prefix_curves(three(["so"])).data} == {"lines+markers"}, "one word is a point"


def test_models_that_read_other_tokens_share_no_words_along_the_axis() -> None:
    figure = prefix_curves([verdict("rnn", ["can", "not"]), verdict("lstm", ["can't"])])
    assert ticks(figure) is None
    assert [len(curve.y) for curve in figure.data] == [2, 1]
    assert figure.layout.xaxis.range[1] > 2


def test_no_verdicts_give_an_empty_figure() -> None:
    figure = prefix_curves([])
    assert len(figure.data) == 0 and ticks(figure) is None
    assert figure.layout.title.text and figure.layout.xaxis.title.text and figure.layout.yaxis.title.text


def test_a_figure_serialises_whatever_the_tokens() -> None:
    figure = prefix_curves(three([*HOSTILE, "\x00", "\x1b[31m", "\u202e"]))
    assert len(json.loads(figure.to_json())["data"]) == 3


def test_every_word_passes_through_gettext(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (prefixes, labels):
        monkeypatch.setattr(module, "_", str.upper)
    layout = prefix_curves(three(["so"])).layout
    shown = (layout.title.text, layout.xaxis.title.text, layout.yaxis.title.text)
    assert shown == ("VERDICT AFTER EACH TOKEN", "TOKENS READ SO FAR", "P(POSITIVE)")
