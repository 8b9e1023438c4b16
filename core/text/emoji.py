"""Which characters make up one emoji, and how to show characters that do not print.

An emoji may be several characters (Unicode Technical Standard 51): a flag of two letters, a keycap, a symbol with its
skin tone or tags, and symbols joined by U+200D. A model whose preprocessing takes them apart reads the parts as tokens:
a part that stands alone is shown by its name, between ‹ and ›.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from core.runtime.i18n import gettext as _

_TONES = "\U0001f3fb-\U0001f3ff"
_TAGS = "\U000e0020-\U000e007f"
_SYMBOLS = "©®‼⁉™↔-↪⌀-⏿▪-◾☀-➿⤴⤵⬀-⯿〰〽㊗㊙\U0001f000-\U0001faff"
_ONE = f"[{_SYMBOLS}][\ufe0e\ufe0f]?[{_TONES}]?[{_TAGS}]*"
SEQUENCE = f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ONE}(?:\u200d{_ONE})*"
"""An emoji, of one character or several, as a regular expression."""

_SEQUENCE = re.compile(SEQUENCE)
_VARIATION = re.compile(r"(?<=\S)[\ufe0e\ufe0f]")
_STRAY_JOINER = re.compile(rf"(?<=\S)(?:(?<![{_SYMBOLS}{_TAGS}])\u200d|\u200d(?![{_SYMBOLS}]))")
_NOT_SHOWN = re.compile(f"{SEQUENCE}|[\ufe0e\ufe0f\u20e3]|[^\\x20-\\x7e]")


def without_variations(text: str) -> str:
    """The text without the variation selectors U+FE0E and U+FE0F behind a character.

    They say only how it is drawn: a heart is the same word in colour or in black.
    """
    return _VARIATION.sub("", text)


def without_stray_joiners(text: str) -> str:
    """The text without joiners behind a character that join no two emoji."""
    return _STRAY_JOINER.sub("", text) if "\u200d" in text else text


def prints(word: str) -> bool:
    """Whether every character prints, the joiners and tags inside an emoji being part of it."""
    return word.isprintable() or _SEQUENCE.sub("", word).isprintable()


def visible(text: str, escape: Callable[[str], str] = lambda char: f"U+{ord(char):04X}") -> str:
    """The text with what does not print shown: lone parts of emoji by name, other characters as `escape` writes them
    (``U+200B``). Not HTML-escaped."""
    if text.isascii() and text.isprintable():
        return text
    return _NOT_SHOWN.sub(lambda match: _shown(match[0], escape), text)


def _shown(chars: str, escape: Callable[[str], str]) -> str:
    if len(chars) > 1:
        return chars
    if "\U0001f3fb" <= chars <= "\U0001f3ff":
        return _named(_("skin tone"), chars)
    if chars == "\u200d":
        return _named(_("joiner"))
    if chars in "\ufe0e\ufe0f":
        return _named(_("variation selector"))
    if chars == "\u20e3":
        return _named(_("keycap"))
    if "\U000e0020" <= chars <= "\U000e007e":
        return _named(_("tag"), chr(ord(chars) - 0xE0000))
    if chars == "\U000e007f":
        return _named(_("tag"), _("end"))
    return chars if chars.isprintable() else escape(chars)


def _named(*parts: str) -> str:
    return f"‹{' '.join(parts)}›"
