"""The box for a second sentence, to compare with the first."""

from __future__ import annotations

import streamlit as st

from core.data.examples import examples
from pages.server import limits
from pages.widgets import query_params


def second_sentence(text: str, label: str, key: str, *, suggest: bool = True) -> str:
    """The second sentence, in the link as ``second``; `suggest` offers the proverb's reversal at first."""
    proverb, reversed_proverb = (example.text for example in examples()[:2])
    default = reversed_proverb if suggest and text == proverb else ""
    second = query_params.text(st.text_input, label, name="second", key=key, default=default, live=True)
    return limits.short_enough(second)
