"""What plotly.js shows of a label."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from core.models.predict import Verdict

TOKENS = (
    *("<b>", "<a href=x>", "<a href='javascript:alert(1)'>x</a>", "&lt;", "&amp;amp;", "<br>", "<3", "&", "'", '"'),
    *("a\"b'c", "%{y}", "$x$", "שלום", "🙂", "<extra>"),
)
"""Tokens that would do something if they were not escaped."""


def as_plotly_shows(label: str) -> str:
    """A label without a tag: numbered entities decoded, and of the named ones only those plotly.js knows."""
    label = re.sub(r'<span style="color:(#[\da-f]{6}|currentColor)">|</span>', "", label)  # of the figures' own
    assert "<" not in label, f"plotly would read a tag in {label!r}"
    names = {"mu": "μ", "amp": "&", "lt": "<", "gt": ">", "nbsp": "\xa0", "times": "×", "plusmn": "±", "deg": "°"}

    def decode(match: re.Match[str]) -> str:
        return html.unescape(match[0]) if match[1].startswith("#") else names.get(match[1], match[0])

    return re.sub(r"&(#\d+|#x[\da-fA-F]+|[a-z]+);", decode, label)


def cut(token: str) -> str:
    """A token as far as it is shown along an axis."""
    return token if len(token) <= 16 else token[:15] + "…"


def assert_text(figure: Any, *names: str) -> None:
    """Every name is shown somewhere as it stands, or cut along an axis; no text is read as markup or escaped twice."""
    spec = json.loads(figure.to_json())
    spec["layout"].pop("template", None)
    shown = [as_plotly_shows(row) for text in _texts(spec) for row in text.split("<br>")]
    for name in names:
        assert any(name in text or cut(name) in text for text in shown), name
    assert not any("&lt;b" in text for text in shown)


def _texts(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, str):
        yield re.sub(r"</?extra>", "", value) if key.endswith("template") else value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, key)


def verdict(model: str, tokens: list[str], seed: int = 0) -> Verdict:
    """A made-up verdict on made-up tokens."""
    chances = np.random.default_rng([seed, len(tokens)]).random(len(tokens)).tolist()
    return Verdict(model, " ".join(tokens), tuple(tokens), (True,) * len(tokens), 0.0, chances[-1], tuple(chances))
