"""Numbers that a person types, and points: one per line, fields separated by a comma, a semicolon or blanks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from core.runtime.i18n import gettext as _

MOST_POINTS = 2_000
LARGEST = 1e6  # coordinates; beyond it float32 tells few neighbours apart
_NUMBER = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})(e[+-]?\d{1,4})?", re.ASCII | re.IGNORECASE)
_ROW_ENDS = re.compile(r"\\\\|\]\s*,|\n")  # LaTeX, brackets, lines
_AROUND = re.compile(r"\\(?:begin|end)\{\w*matrix\}|(?:np\.|numpy\.|torch\.)?(?:array|tensor)\(|[][()&]")
Matrix = tuple[tuple[float, ...], ...]
_LONGEST = 4_000  # characters of a matrix
_SEPARATOR = re.compile(r"\s*[,;\t]\s*|\s+")


def number(value: object, where: str) -> float:
    """A finite number as typed or as JSON has it. Raises ValueError, naming where it is."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            parsed = float(value)
        except OverflowError:
            parsed = math.inf
    else:
        text = ("" if value is None else str(value)).strip().replace("\N{MINUS SIGN}", "-")
        if not _NUMBER.fullmatch(text):
            raise ValueError(
                _("{where}: {text} is not a number; expected one such as 100, -2.5 or 1e-4").format(
                    where=where, text=in_quotes(text)
                )
            )
        parsed = float(text)
    if not math.isfinite(parsed):
        raise ValueError(
            _("{where}: {value} is beyond the largest number, 1.8e308; expected a finite one").format(
                where=where, value=in_quotes(str(value))
            )
        )
    return parsed


def in_quotes(text: str) -> str:
    """The start of a text, quoted for a message."""
    if not text:
        return _("an empty cell")
    return repr(text if len(text) <= 30 else f"{text[:30]}…")


class TypedLine(NamedTuple):
    """A line that is not blank: its number from 1, its start in quotes, its fields; the third takes the rest."""

    number: int
    shown: str
    fields: list[str]

    def point(self) -> tuple[float, float] | None:
        """The first two fields as numbers, None where one is no number. Raises ValueError for one out of range."""
        if len(self.fields) < 2 or not all(map(_is_number, self.fields[:2])):
            return None
        x, y = float(self.fields[0]), float(self.fields[1])
        if not (math.isfinite(x) and math.isfinite(y) and max(abs(x), abs(y)) <= LARGEST):
            raise ValueError(
                _("line {number} is {shown}; expected numbers from −{largest:,.0f} to {largest:,.0f}").format(
                    number=self.number, shown=self.shown, largest=LARGEST
                )
            )
        return x, y


def typed_lines(text: str, *, header: bool = False) -> Iterator[TypedLine]:
    """The lines of a text, with `header` without a first one of two fields that are no numbers.

    Raises ValueError for more than `MOST_POINTS`.
    """
    count = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if count == MOST_POINTS:
            raise ValueError(_("there are more than {most:,} points").format(most=MOST_POINTS))
        typed = TypedLine(number, repr(line.strip()[:40]), _SEPARATOR.split(line.strip()[:1_000], maxsplit=2))
        if not (header and number == 1 and len(typed.fields) == 2 and not any(map(_is_number, typed.fields))):
            count += 1
            yield typed


def seeded(seed: int) -> np.random.Generator:
    """A generator of random numbers. Raises ValueError for a seed below 0."""
    if seed < 0:
        raise ValueError(_("a seed is 0 or more; given: {seed}").format(seed=seed))
    return np.random.default_rng(seed)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def matrix(text: str, name: str) -> Matrix:
    """Rows on lines or between semicolons, numbers between blanks or commas; also as NumPy or LaTeX has a matrix.

    Raises ValueError, one line, for what is no matrix of numbers.
    """
    if len(text) > _LONGEST:
        raise ValueError(
            _("{name} has {count:,} characters; at most {most:,} are read").format(
                name=name, count=len(text), most=_LONGEST
            )
        )
    lines = _AROUND.sub(" ", _ROW_ENDS.sub(";", text)).split(";")
    rows = [row for row in (line.replace(",", " ").split() for line in lines) if row]
    if not rows:
        raise ValueError(_("{name} is empty; type rows between semicolons, as in 0.6 0.1; 0.2 0.3").format(name=name))
    return tuple(tuple(number(value, name) for value in row) for row in rows)


def written(rows: Sequence[Sequence[float]]) -> str:
    """Numbers as `matrix` reads them."""
    return "; ".join(" ".join(f"{value:g}" for value in row) for row in rows)
