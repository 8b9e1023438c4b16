"""Colours and line styles, the same in every figure.

The three hues are ColorBrewer's Dark2, safe for colour-blind eyes and legible on white and on near-black; models differ
by dash and marker as well, so no figure rests on colour alone.
"""

from __future__ import annotations

from typing import NamedTuple


class Style(NamedTuple):
    """How one model is drawn."""

    color: str
    dash: str
    marker: str


_STYLES = {
    "rnn": Style("#d95f02", "dot", "diamond"),
    "gru": Style("#1b9e77", "dash", "square"),
    "lstm": Style("#7570b3", "solid", "circle"),
}
_OTHERS = (
    Style("#e7298a", "dashdot", "triangle-up"),
    Style("#66a61e", "longdash", "triangle-down"),
    Style("#a6761d", "longdashdot", "cross"),
)
THRESHOLD = "#888888"
KEPT, FLIPPED, ORIGINAL = "#7f8c9b", "#e7298a", "#7570b3"  # orders that keep the verdict, that flip it, the original


def style(model: str, place: int = 0) -> Style:
    """A model's style; models of other names take the remaining styles by their place in the list."""
    return _STYLES.get(model) or _OTHERS[place % len(_OTHERS)]
