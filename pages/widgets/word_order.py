"""In which order does a person want the words? Chips to drag, or to move by keyboard; the pinned ones stay.

A component of Streamlit's second kind (``st.components.v2``): three small files of ours, no build step, no frame, no
request. streamlit-sortables was looked at and left: it tells items apart by their text, so that a repeated word is
one item; it has no pinned ones; it is of the first kind, a React bundle in an iframe that knows neither the page's
variables of colour nor its width.

The browser owns the order of the sentence on show and sends it when a word was dropped or a run of keys has ended.
What it sends is untrusted: `permutation` turns whatever came into an order, the original one where it is none.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.wording.tokens import visible

_HERE = Path(__file__).parent
_HTML = """<p class="hint" id="hint"></p>
<div class="row" role="listbox" aria-orientation="horizontal" aria-describedby="hint">
<div class="marker" role="presentation" hidden></div></div>
<button class="reset idle" type="button"></button>
<div class="status" role="status" aria-live="polite"></div>"""
_chips = st.components.v2.component(
    "unrolled_order",
    html=_HTML,
    css=(_HERE / "word_order.css").read_text(encoding="utf-8"),
    js=(_HERE / "word_order.js").read_text(encoding="utf-8"),
)


def reorder(
    tokens: Sequence[str],
    pinned: Collection[int] = (),
    *,
    key: str,
    start: Sequence[int] | None = None,
    known: Sequence[bool] = (),
) -> tuple[int, ...]:
    """The order a person gave the tokens: a permutation of positions 0..n-1; `start` or identity until they move one.

    Position ``order[i]`` of the original stands at place i. An order holds for these very tokens and pins: others
    start from their identity. Words that are not `known` are marked. Shows nothing for no token. Raises ValueError for
    a pin where no token is.
    """
    beyond = sorted(index for index in pinned if not 0 <= index < len(tokens))
    if beyond:
        raise ValueError(f"expected pinned positions from 0 to {len(tokens) - 1}, got {beyond}")
    if not tokens:
        return ()
    first = permutation(start, len(tokens), pinned)
    before = _order(st.session_state.get(key), tokens, pinned, first)  # for a component that appears anew
    result = _chips(
        key=key,
        data={
            "key": _fingerprint(tokens, pinned),
            "words": [visible(token) for token in tokens],
            "pinned": sorted(set(pinned)),
            "unknown": [index for index, is_known in enumerate(known) if not is_known],
            "order": before,
            "labels": _labels(),
        },
        on_moved_change=_nothing,
    )
    return _order(result, tokens, pinned, first)


def moved(tokens: Sequence[str], order: Sequence[int], pinned: Collection[int] = ()) -> dict[str, Any]:
    """The state under ``st.session_state[key]`` after a person brought the tokens into this order."""
    return {"moved": {"key": _fingerprint(tokens, pinned), "order": list(order)}}


def permutation(answer: object, length: int, pinned: Collection[int] = ()) -> tuple[int, ...]:
    """The answer as a permutation of 0..length-1 that leaves the pinned positions in place; identity if it is none."""
    identity = tuple(range(length))
    if not isinstance(answer, list | tuple) or len(answer) != length:
        return identity
    if not all(type(position) is int for position in answer):  # True and 1.0 equal 1 and are no positions
        return identity
    if sorted(answer) != list(identity) or any(answer[index] != index for index in pinned):
        return identity
    return tuple(answer)


def _order(state: object, tokens: Sequence[str], pinned: Collection[int], first: tuple[int, ...]) -> tuple[int, ...]:
    """The order in the component's state, if it was sent for these tokens and pins; else the first one."""
    sent = state.get("moved") if isinstance(state, dict) else None
    if not isinstance(sent, dict) or sent.get("key") != _fingerprint(tokens, pinned):
        return first
    return permutation(sent.get("order"), len(tokens), pinned)


def _fingerprint(tokens: Sequence[str], pinned: Collection[int]) -> str:
    return sha256(json.dumps([list(tokens), sorted(set(pinned))]).encode()).hexdigest()[:16]


def _labels() -> dict[str, str]:
    return {
        "list": _("Words of the sentence, in order"),
        "hint": _("Drag a word to a new position. Or choose one with ← → and move it with Shift + ← →."),
        "reset": _("Reset order"),
        "restored": _("The words are in their original order."),
        "moved": _("‘{word}’ is now word {place} of {count}"),
        "unknown": _("not in the vocabulary: read as the one unknown word"),
        "pinned": _("‘{word}’ is locked in its position"),
    }


def _nothing() -> None:
    """Streamlit gives a state an attribute only where a callback is named for it."""
