"""Colours and line styles, the same in every figure.

Models have hues that no class has, told apart by colour-blind eyes, with a contrast of 3 to 1 and more on white and on
near-black; they differ by dash and marker as well, so no figure rests on colour alone.
"""

from __future__ import annotations

from typing import NamedTuple

from core.data.labels import Names
from core.data.targets import default, has_sentiment


class Style(NamedTuple):
    """How one model is drawn."""

    color: str
    dash: str
    marker: str


_STYLES = {
    "rnn": Style("#985c5c", "dot", "diamond"),
    "gru": Style("#1b9e77", "dash", "square"),
    "lstm": Style("#7570b3", "solid", "circle"),
}
_OTHERS = (
    Style("#e7298a", "dashdot", "triangle-up"),
    Style("#5e991c", "longdash", "triangle-down"),
    Style("#a6761d", "longdashdot", "cross"),
)
THRESHOLD = "#888888"
KEPT, ORIGINAL = "#7f8c9b", "#7570b3"  # orders of no class in particular, the original
INK = "#000037"  # of words on coloured grounds: near black, for which Streamlit (1.67) puts its theme's strong grey

# Sentences laid over one another, and quantities along one text: Okabe & Ito 2008, told apart by dash and marker too.
SERIES = (
    Style("#0072b2", "solid", "circle"),
    Style("#d55e00", "dash", "diamond"),
    Style("#009e73", "dot", "square"),
    Style("#cc79a7", "dashdot", "triangle-up"),
    Style("#e69f00", "longdash", "triangle-down"),
    Style("#56b4e9", "longdashdot", "cross"),
)
# Two sentences laid over one another, in hues that no class has.
SENTENCES = SERIES[2]._replace(dash="solid", marker="circle"), SERIES[3]._replace(dash="dash", marker="diamond")
CHOSEN = "#e7298a"
_SENTIMENT = {"negative": SERIES[1], "neutral": Style(THRESHOLD, "dot", "square"), "positive": SERIES[0]}


def series(index: int) -> Style:
    """One of up to 36 styles: from the seventh on, colours come again with other dashes and markers."""
    again = SERIES[(index + index // len(SERIES)) % len(SERIES)]
    return again._replace(color=SERIES[index % len(SERIES)].color)


def of_class(labels: Names, number: int) -> Style:
    """A class's style: blue for positive and the second of two classes, orange for negative and the first."""
    if has_sentiment(labels):
        return _SENTIMENT.get(labels[number]) or series(number + 2)
    usual = default(labels)
    return series(number if usual is None else int(number != usual.number))


# For numbers around zero: the hues of `of_class`, with the page's own ground in the middle, so that no cell glares on a
# dark page. For numbers from zero up: in order in grey and for colour-blind eyes.
DIVERGING = (
    (0.0, "rgba(213, 94, 0, 0.85)"),
    (0.5, "rgba(213, 94, 0, 0)"),
    (0.5, "rgba(0, 114, 178, 0)"),
    (1.0, "rgba(0, 114, 178, 0.85)"),
)
SEQUENTIAL = "Cividis"


def style(model: str, index: int = 0) -> Style:
    """A model's style; models of other names take the remaining styles by their index in the list."""
    return _STYLES.get(model) or _OTHERS[index % len(_OTHERS)]


def shade(strength: float, above: str = SERIES[0].color, below: str = SERIES[1].color) -> str:
    """A number from −1 to 1 in one of two colours ``#rrggbb``, clear at zero: a ground on which words can be read."""
    color = above if strength > 0 else below
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {0.65 * min(1.0, abs(strength)):.3f})"
