"""Words within equations, in the reader's language: an equation's own signs are the same in every language."""

from __future__ import annotations

import re

from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark

WORDS = frozenset(
    (
        mark("(held)"),
        mark("DIR down:"),
        mark("DIR up:"),
        mark("accuracy(control task)"),
        mark("accuracy(task)"),
        mark("alone"),
        mark("analogy:"),
        mark("blind"),
        mark("brittle"),
        mark("comprehensiveness"),
        mark("threshold"),
        mark("equal verdicts"),
        mark("gate:"),
        mark("gold label"),
        mark("human"),
        mark("judged valid"),
        mark("judged valid or invalid, within the threshold"),
        mark("label"),
        mark("log-loss"),
        mark("mean of"),
        mark("new"),
        mark("old"),
        mark("order"),
        mark("order effect"),
        mark("original"),
        mark("pairs with opposite meanings"),
        mark("pairs with the same meaning"),
        mark("patched"),
        mark("precision"),
        mark("pull"),
        mark("ratio:"),
        mark("recall"),
        mark("report:"),
        mark("rows of the slice"),
        mark("rows classified correctly"),
        mark("score"),
        mark("selectivity"),
        mark("share"),
        mark("sufficiency"),
        mark("text"),
        mark("text without"),
        mark("then"),
        mark("time constant"),
        mark("truth"),
        mark("truth:"),
        mark("undefined"),
        mark("verdict"),
        mark("verdicts that turn"),
        mark("with labels:"),
        mark("without"),
        mark("without:"),
        mark("word"),
        mark("yours"),
    )
)
_TEXT = re.compile(r"\\text\{( *)([^{}]+?)( *)\}")


def worded(latex: str) -> str:
    r"""An equation whose ``\text{…}`` speaks the current language; what is no word of ours stands as it is."""
    return _TEXT.sub(_translated, latex)


def _translated(match: re.Match[str]) -> str:
    before, word, after = match.groups()
    return rf"\text{{{before}{_(word) if word in WORDS else word}{after}}}"
