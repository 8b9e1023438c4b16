"""What plotly.js shows of a label."""

from __future__ import annotations

import html
import re

TOKENS = (
    *("<b>", "<a href=x>", "<a href='javascript:alert(1)'>x</a>", "&lt;", "&amp;amp;", "<br>", "<3", "&", "'", '"'),
    *("a\"b'c", "%{y}", "$x$", "שלום", "🙂", "<extra>"),
)
"""Tokens that would do something if they were not escaped."""


def as_plotly_shows(label: str) -> str:
    """A label without a tag: numbered entities decoded, and of the named ones only those plotly.js knows."""
    assert "<" not in label, f"plotly would read a tag in {label!r}"
    names = {"mu": "μ", "amp": "&", "lt": "<", "gt": ">", "nbsp": "\xa0", "times": "×", "plusmn": "±", "deg": "°"}

    def decode(match: re.Match[str]) -> str:
        return html.unescape(match[0]) if match[1].startswith("#") else names.get(match[1], match[0])

    return re.sub(r"&(#\d+|#x[\da-fA-F]+|[a-z]+);", decode, label)


def cut(token: str) -> str:
    """A token as far as it is shown along an axis."""
    return token if len(token) <= 16 else token[:15] + "…"
