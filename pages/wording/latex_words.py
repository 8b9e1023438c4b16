"""Words within equations, in the reader's language: an equation's own signs are the same in every language."""

from __future__ import annotations

import re

from core.runtime.i18n import gettext as _
from pages.wording.terms import words

WORDS = words("equations")
_TEXT = re.compile(r"\\text\{( *)([^{}]+?)( *)\}")


def worded(latex: str) -> str:
    r"""An equation whose ``\text{…}`` speaks the current language; what is no word of ours stands as it is."""
    return _TEXT.sub(_translated, latex)


def _translated(match: re.Match[str]) -> str:
    before, word, after = match.groups()
    return rf"\text{{{before}{_(word) if word in WORDS else word}{after}}}"
