"""How is a worked exercise written down? Lines of LaTeX with a word to each, to be shown, copied and printed.

Only numbers and the letters of the equations come into a line; text that a person typed does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    """A number in LaTeX: so many decimals at most, trailing zeros left out; a power of ten where these say little.

    Below 0.1 it has so many significant digits instead, and what is not 1 is not written as 1: its products would be
    wrong as they stand.
    """
    if math.isnan(value):
        return r"\text{undefined}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if value == 0 or (10.0**-digits <= abs(value) < 1e6):
        shown = decimal(value, digits)
        return "0" if shown == "-0" else shown
    mantissa, _e, power = f"{value:.{digits - 1}e}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}"


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


def aligned(symbol: str, steps: Sequence[str], exact: Sequence[bool] = ()) -> str:
    """``symbol = first = second …``, a step below the other, so that a narrow screen shows them whole.

    Where `exact` says of a step that it is not, it stands after ≈.
    """
    signs = ["=" if one else r"\approx" for one in exact] or ["="] * len(steps)
    lines = [f"&{sign} {step}" for sign, step in zip(signs, steps, strict=True)]
    return r"\begin{aligned}" + r" \\ ".join([f"{symbol} {lines[0]}", *lines[1:]]) + r"\end{aligned}"


def _markdown(line: Line) -> list[str]:
    return [*([line.note] if line.note else []), f"$$\n{line.latex}\n$$"]


def _latex(line: Line) -> list[str]:
    return [*([line.note] if line.note else []), rf"\[ {line.latex} \]"]
