"""A worked exercise as lines of LaTeX with notes, to be shown, copied and printed.

A line holds numbers and the letters of the equations only, never text that a person typed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_ROUNDED = "\ue000"  # stands behind a rounded number until its line is made
_EQUALS = re.compile(r"=([^=]*)")


@dataclass(frozen=True)
class Line:
    """One displayed equation, and a note in plain words (no markup).

    An equals sign before a rounded number becomes ≈.
    """

    latex: str
    note: str = ""

    def __post_init__(self) -> None:
        signed = _EQUALS.sub(lambda side: (r"\approx" if _ROUNDED in side[1] else "=") + side[1], self.latex)
        object.__setattr__(self, "latex", signed.replace(_ROUNDED, ""))


@dataclass(frozen=True)
class Sheet:
    """Lines under a title, which is plain text."""

    title: str
    lines: tuple[Line, ...]

    def markdown(self) -> str:
        """The sheet as Markdown with displayed mathematics between ``$$``."""
        return self._text("## {}", "\n\n", "$$\n{}\n$$")

    def latex(self) -> str:
        """The sheet as a section of a LaTeX document that uses amsmath."""
        return self._text(r"\section*{{{}}}", "\n", r"\[ {} \]")

    def _text(self, title: str, separator: str, equation: str) -> str:
        parts = [part for line in self.lines for part in (line.note, equation.format(line.latex)) if part]
        return separator.join([title.format(self.title), *parts]) + "\n"


def rounded(text: str, shown: float, value: float) -> str:
    """The text of a number in LaTeX, marked where `shown` is not the value: the equals sign before it becomes ≈."""
    return text if math.isclose(shown, value, rel_tol=1e-12) else text + _ROUNDED


def number(value: float, digits: int = 4) -> str:
    """A number in LaTeX, for a `Line`: so many decimals at most, without trailing zeros, or a power of ten.

    Below 0.1 it has so many significant digits instead, and what is not 1 is not shown as 1, so that products hold.
    """
    if math.isnan(value):
        return r"\text{undefined}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if value == 0 or (10.0**-digits <= abs(value) < 1e6):
        text = decimal(value, digits)
        return rounded("0" if text == "-0" else text, float(text), value)
    text = f"{value:.{digits - 1}e}"
    mantissa, _e, power = text.partition("e")
    return rounded(rf"{mantissa} \cdot 10^{{{int(power)}}}", float(text), value)


def decimal(value: float, digits: int) -> str:
    """A number from 10⁻ᵈ on in decimals, d of them or as many as `number` says; trailing zeros are left out."""
    size = abs(value)
    if 0 < size < 0.1:
        digits += -math.floor(math.log10(size)) - 1
    elif 0.5 < size < 1:
        digits = max(digits, 1 - math.floor(math.log10(1 - size)) if round(size, digits) == 1 else 0)
    shown = f"{value:.{digits}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def factor(value: float, digits: int = 4) -> str:
    """A number that stands in a product or after a sign: in brackets where it is negative."""
    shown = number(value, digits)
    return f"({shown})" if shown.startswith("-") else shown


def aligned(symbol: str, steps: Sequence[str]) -> str:
    """``symbol = first = second …``, each step below the one before, so that a narrow screen shows them whole."""
    return rows([rf"{symbol} &= {steps[0]}", *(rf"&= {step}" for step in steps[1:])])


def matrix(values: Sequence[Sequence[float]]) -> str:
    """A matrix in square brackets."""
    lines = [" & ".join(number(value, 6) for value in row) for row in values]
    return r"\begin{bmatrix}" + r" \\ ".join(lines) + r"\end{bmatrix}"


def rows(lines: Sequence[str]) -> str:
    """Lines of LaTeX, aligned at their ``&``."""
    return r"\begin{aligned}" + r" \\ ".join(lines) + r"\end{aligned}"
