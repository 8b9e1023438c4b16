"""LaTeX that a person pastes, as a formula in the grammar of `lab.formula`: text for text."""

from __future__ import annotations

import re

_WIDE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # forms of an input method
_GONE = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|quad|qquad|[,;:! ])|[$&~]|ᵀ|\^\s*(?:T\b|\\top|\{\s*(?:T|\\top)\s*\})"
)
_NAMED = re.compile(r"\\(?:operatorname|mathrm|text|mathbf|boldsymbol)\*?\s*\{([^{}\\]*)\}")
_HAT = re.compile(r"\\(?:hat|widehat)\s*(?:\{\s*y\s*\}|y)")
_INDEX = re.compile(r"_\s*(?:\{\s*(\w+)\s*\}|(\w))")
_DERIVATIVE = re.compile(r"\\[dt]?frac\s*\{\s*((?:∂|d)\s*\w+)\s*\}\s*\{\s*((?:∂|d)\s*\w+)\s*\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*(?=\{)")
_SIGNS = {r"\cdot": "*", r"\times": "*", r"\odot": "*", r"\partial": "∂", r"\delta": "δ", r"\sigma": "σ", r"\pi": "pi"}
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_OPEN, _OVER, _UNDER = "", ")/(", "))"


def plain(text: str) -> str:
    """The text with LaTeX and square brackets as the grammar has them; text without any stays as it is."""
    text = text.translate(_WIDE).replace("[", "(").replace("]", ")")
    if not any(sign in text for sign in "\\{$ᵀ") and "^T" not in text:
        return text
    text = _NAMED.sub(r" \1 ", _HAT.sub(" yhat ", _GONE.sub(" ", text)))
    for command, sign in _SIGNS.items():
        text = re.sub(re.escape(command) + r"(?![a-zA-Z])", f" {sign} ", text)
    text = _INDEX.sub(lambda index: f"_{index[1] or index[2]} ", text)
    text = re.sub(r"(\w)\s+(?=_)", r"\1", text)
    text = re.sub(r"∂\s+", "∂", text)
    text = _DERIVATIVE.sub(r" \1/\2 ", text)
    return _COMMAND.sub(r" \1 ", _braces(text))


def _braces(text: str) -> str:
    """Braces as brackets, fractions as quotients."""
    written: list[str] = []
    waiting: list[str] = []  # what closes each open brace
    place, next_closes = 0, ")"
    while place < len(text):
        if match := _FRACTION.match(text, place):
            written.append("(")
            next_closes, place = _OVER, match.end()
        char = text[place]
        place += 1
        if char == "{":
            written.append("(")
            waiting.append(next_closes)
            next_closes = ")"
        elif char == "}" and waiting:
            closes = waiting.pop()
            if closes == _OVER and (match := re.compile(r"\s*\{").match(text, place)):
                written.append(closes)
                waiting.append(_UNDER)
                place = match.end()
            else:
                written.append(closes)
        else:
            written.append(char)
    return "".join(written)
