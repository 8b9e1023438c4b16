"""A text's words in the colours of the classes that they speak for, and words named in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.widgets import text_strip
from pages.wording.tokens import visible

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
    looks = text_strip.effect_looks(scores, hints, target, has_signs=has_signs)
    return text_strip.choose(tokens, known, looks, key=key, chart=chart, chosen=chosen)


def quoted(tokens: Sequence[str], positions: Sequence[int]) -> str:
    """Words named in a sentence, each with its position where it is there more than once. Not escaped."""
    return listed(
        _("“{word}” (word {place})").format(word=visible(tokens[position]), place=position + 1)
        if tokens.count(tokens[position]) > 1
        else _("“{word}”").format(word=visible(tokens[position]))
        for position in positions
    )
