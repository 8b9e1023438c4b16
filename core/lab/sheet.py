"""How is a worked exercise written down? Lines of LaTeX with a word to each, to be shown, copied and printed.

Only numbers and the letters of the equations come into a line; text that a person typed does not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One displayed equation, and in plain words (no markup) what it says."""

    latex: str
    note: str = ""


@dataclass(frozen=True)
class Sheet:
    """Lines under a title, which is plain text."""

    title: str
    lines: tuple[Line, ...]

    def markdown(self) -> str:
        """The sheet as Markdown with displayed mathematics between ``$$``."""
        return "\n\n".join([f"## {self.title}", *(part for line in self.lines for part in _markdown(line))]) + "\n"

    def latex(self) -> str:
        """The sheet as a section of a LaTeX document that uses amsmath."""
        return (
            "\n".join([rf"\section*{{{self.title}}}", *(part for line in self.lines for part in _latex(line))]) + "\n"
        )


def number(value: float, digits: int = 4) -> str:
    """A number in LaTeX: so many decimals at most, trailing zeros left out; a power of ten where these say little."""
    if math.isnan(value):
        return r"\text{undefined}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if value == 0 or (10.0**-digits <= abs(value) < 1e6):
        shown = f"{value:.{digits}f}".rstrip("0").rstrip(".")
        return "0" if shown == "-0" else shown
    mantissa, _e, power = f"{value:.{digits - 1}e}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}"


def factor(value: float, digits: int = 4) -> str:
    """A number that stands in a product or after a sign: in brackets where it is negative."""
    shown = number(value, digits)
    return f"({shown})" if shown.startswith("-") else shown


def aligned(symbol: str, steps: Iterable[str]) -> str:
    """``symbol = first = second …``, a step below the other, so that a narrow screen shows them whole."""
    first, *rest = steps
    return (
        r"\begin{aligned}" + r" \\ ".join([f"{symbol} &= {first}", *(f"&= {step}" for step in rest)]) + r"\end{aligned}"
    )


def _markdown(line: Line) -> list[str]:
    return [*([line.note] if line.note else []), f"$$\n{line.latex}\n$$"]


def _latex(line: Line) -> list[str]:
    return [*([line.note] if line.note else []), rf"\[ {line.latex} \]"]
