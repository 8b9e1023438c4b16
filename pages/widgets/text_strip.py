"""A text as a row of words to read and to click, coloured by what the view is about, linked to the view's chart.

A component of Streamlit's second kind, as `word_order`. What the browser sends is untrusted: no word of these is None.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from core.data.labels import Names, model_name, shown
from core.data.targets import predicted_of
from core.runtime.i18n import gettext as _
from core.runtime.i18n import titled
from pages.wording.tokens import signed, visible

if TYPE_CHECKING:
    import numpy as np

    from core.data.targets import Target

_HERE = Path(__file__).parent
MOST = 1_000  # words shown
_strip = st.components.v2.component(
    "unrolled_strip",
    html='<div class="row" role="group"></div><button class="play" type="button"></button>',
    css=(_HERE / "text_strip.css").read_text(encoding="utf-8"),
    js=(_HERE / "text_strip.js").read_text(encoding="utf-8"),
)


class Look(NamedTuple):
    """How a word looks: its ground as a CSS colour, a line below it, small marks (a colour and its meaning), a hint."""

    ground: str = ""
    below: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    hint: str = ""


def verdict_marks(runs: Iterable[tuple[str, Names, np.ndarray, Sequence[bool]]]) -> list[Look]:
    """A mark a model below each word, in the colour of the class that it predicts there; grey if it knows no word.

    Models are given by their names, classes, the probabilities [T, K] after each word, [0, K] for none, and which words
    they know.
    """
    from core.figures.palette import THRESHOLD, of_class

    marks: list[list[tuple[str, str]]] = []
    for model, labels, after, known in runs:
        marks += [[] for _word in range(len(after) - len(marks))]
        for marked, best, shares in zip(marks, predicted_of(after).tolist(), after.tolist(), strict=False):
            said = titled(model_name(model), f"{shown(labels[best])} {shares[best]:.3f}")
            marked.append((of_class(labels, best).color if any(known) else THRESHOLD, said))
    return [Look(marks=tuple(marked)) for marked in marks]


def effect_looks(
    effects: Sequence[float], hints: Sequence[str], target: Target, *, has_signs: bool = True
) -> list[Look]:
    """Each word in the colour of the class that it speaks for, full at the greatest effect or at one; nan for none."""
    from core.figures.attribution.colours import sides
    from core.figures.palette import THRESHOLD, shade

    colours = sides(target) if has_signs else (THRESHOLD, THRESHOLD)
    most = max([1.0 if has_signs else 1e-9, *(abs(effect) for effect in effects if not isnan(effect))])
    return [
        Look(hint=hint)
        if isnan(effect)
        else Look(
            shade(effect / most, *colours), signed(effect) if has_signs else signed(effect).removeprefix("+"), hint=hint
        )
        for effect, hint in zip(effects, hints, strict=True)
    ]


def choose(
    tokens: Sequence[str],
    known: Sequence[bool],
    looks: Sequence[Look] = (),
    *,
    key: str,
    chosen: int | None = None,
    chart: str = "",
) -> int | None:
    """The position of the word that was clicked last, from 0, or None; until a click, `chosen`.

    A second click on a word takes the choice back. `chart` is the key of a chart whose x axis counts the words from 1:
    a pointer on a word points at its step there, and the other way round, and the row can be played along it.
    """
    mark = _mark(tokens, chosen)
    picked = chosen_before(tokens, key=key, chosen=chosen)
    result = _strip(
        key=key,
        data={
            "key": mark,
            "words": [visible(token) for token in tokens[:MOST]],
            "known": list(map(bool, known[:MOST])),
            "looks": [look._asdict() for look in looks[:MOST]],
            "chosen": picked,
            "chart": chart.replace(" ", "-"),
            "more": _("and {count:,} more tokens, read but not shown").format(count=len(tokens) - MOST)
            if len(tokens) > MOST
            else "",
            "labels": {
                "list": _("Words of the text, in order"),
                "unknown": _("not in the vocabulary: read as the one unknown word"),
                "play": _("Play"),
                "stop": _("Stop"),
            },
        },
        on_picked_change=_nothing,
    )
    return _picked(result, mark, len(tokens), chosen)


def warn_of_unknown(*known: Sequence[bool]) -> None:
    """A line above the answer where no model knows a word of a text; `known` are a model's, or each model's."""
    if not any(map(any, known)):
        st.warning(
            _("None of these words is known. Each is read as the same unknown word, so only their number counts."),
            icon=":material/help:",
        )


def chosen_before(tokens: Sequence[str], *, key: str, chosen: int | None = None) -> int | None:
    """What `choose` will return of these words, before it is drawn: for looks that depend on it."""
    return _picked(st.session_state.get(key), _mark(tokens, chosen), len(tokens), chosen)


def _mark(tokens: Sequence[str], chosen: int | None) -> str:
    return sha256(json.dumps([list(tokens), chosen]).encode()).hexdigest()[:16]


def _picked(state: Any, mark: str, count: int, first: int | None) -> int | None:
    """The position in what the browser sent for these words; else the first choice."""
    sent = state.get("picked") if isinstance(state, dict) else None
    if not isinstance(sent, dict) or sent.get("key") != mark:
        return first
    position = sent.get("position")
    return position if type(position) is int and 0 <= position < count else None


def _nothing() -> None:
    """Streamlit gives a state an attribute only where a callback is named for it."""
