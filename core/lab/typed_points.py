"""Points that a person types: one per line, fields separated by a comma, a semicolon or blanks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from core.runtime.i18n import gettext as _

MOST_POINTS = 2_000
LARGEST = 1e6  # coordinates; beyond it float32 tells few neighbours apart
_SEPARATOR = re.compile(r"\s*[,;\t]\s*|\s+")


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


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
