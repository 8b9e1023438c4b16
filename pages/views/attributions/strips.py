"""A text's words in the colours of the classes that they speak for, and words named in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.widgets import text_strip
from pages.wording.tokens import signed, visible

if TYPE_CHECKING:
    from core.data.targets import Target


def choose(
    tokens: Sequence[str],
    known: Sequence[bool],
    scores: Sequence[float],
    hints: Sequence[str],
    target: Target,
    *,
    key: str,
    chart: str = "",
    chosen: int | None = None,
    has_signs: bool = True,
) -> int | None:
    """The strip of the words with their scores for a target, nan for none; the position of the word clicked."""
    from core.figures.attribution import colours
    from core.figures.palette import THRESHOLD

    above, below = colours.sides(target) if has_signs else (THRESHOLD, THRESHOLD)
    most = max([1.0 if has_signs else 1e-9, *(abs(score) for score in scores if not isnan(score))])
    looks = [
        text_strip.Look(
            ground="" if isnan(score) else colours.shade(above if score > 0 else below, abs(score) / most),
            below="" if isnan(score) else signed(score) if has_signs else signed(score).removeprefix("+"),
            hint=hint,
        )
        for score, hint in zip(scores, hints, strict=True)
    ]
    return text_strip.choose(tokens, known, looks, key=key, chart=chart, chosen=chosen)


def quoted(tokens: Sequence[str], positions: Sequence[int]) -> str:
    """Words named in a sentence, each with its position where it is there more than once. Not escaped."""
    return listed(
        _("“{word}” (word {place})").format(word=visible(tokens[position]), place=position + 1)
        if tokens.count(tokens[position]) > 1
        else _("“{word}”").format(word=visible(tokens[position]))
        for position in positions
    )
