"""How the probability of a model's second class is called along an axis, in a title or under the pointer."""

from __future__ import annotations

import html

from core.data.labels import SENTIMENT, Names, probability_of


def probability(labels: Names = SENTIMENT) -> str:
    """``P(positive)``, or that of another class, for Plotly: names are a person's own, so nothing in them is read as
    HTML or as a place to fill in."""
    return html.escape(probability_of(labels), quote=False).replace("{", "&#123;")
