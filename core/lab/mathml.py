"""LaTeX of a `Line` as MathML, which browsers show without a script."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from xml.etree import ElementTree

_ALIGNED = re.compile(r"\\(begin|end)\{(aligned|gathered)\}")
_COLUMNS = {"aligned": "{rlrlrlrl}", "gathered": "{c}"}
_TEXT = re.compile(r"\\text\{([^{}]*)\}")
_SPACES = {"negativethinmathspace": "-0.167em"}  # MathML Core has lengths only
_KNOWN = re.compile(
    "math|mrow|mi|mn|mo|mtext|mspace|mfrac|msqrt|mroot|msub|msup|msubsup|mover|munder|munderover|mtable|mtr|mtd|mstyle"
)
_ATTRIBUTES = re.compile(
    "display|displaystyle|scriptlevel|stretchy|fence|form|accent|minsize|maxsize|width|columnalign|mathvariant|mathsize"
)


@lru_cache(4_096)
def mathml(latex: str, *, display: bool = True) -> str:
    """An equation as a ``<math>`` element of known elements and attributes; what cannot be read stands as code."""
    from latex2mathml.converter import convert

    # The converter knows neither `aligned` nor `gathered`, and does not escape texts.
    written = _ALIGNED.sub(lambda sign: rf"\{sign[1]}{{array}}" + _COLUMNS[sign[2]] * (sign[1] == "begin"), latex)
    written = _TEXT.sub(lambda text: rf"\text{{{escape(text[1], quote=False)}}}", written)
    try:
        converted = convert(written, display="block" if display else "inline", xmlns="")
        tree = ElementTree.fromstring(converted)
    except Exception:  # of the converter's own kinds, or not well-formed
        return f"<code>{escape(latex)}</code>"
    for element in tree.iter():
        if not _KNOWN.fullmatch(element.tag):
            return f"<code>{escape(latex)}</code>"
        element.attrib = {
            name: _SPACES.get(value, value) for name, value in element.attrib.items() if _ATTRIBUTES.fullmatch(name)
        }
        if element.tag == "mtable" and _is_aligned(element):
            element.set("class", "aligned")
        for before, sign in zip([None, *element], element, strict=False):
            if sign.text == "−" and (before is None or _calls_for_more(before)):
                sign.set("form", "prefix")  # of a number, without the spaces of a difference
    return ElementTree.tostring(tree, encoding="unicode")


def _is_aligned(table: ElementTree.Element) -> bool:
    """Whether the columns are right and left by turns, as an alignment has them."""
    rows = [[cell.get("columnalign") for cell in row] for row in table]
    return all(row == ["right", "left", "right", "left", "right", "left", "right", "left"][: len(row)] for row in rows)


def _calls_for_more(before: ElementTree.Element) -> bool:
    """Whether a sign after this belongs to what follows it."""
    return before.tag == "mspace" or (before.tag == "mo" and (before.text or "") not in ")]}|!…")
