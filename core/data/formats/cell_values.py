"""What cells hold: lists of tokens that are joined, and texts whose encoding is mended."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from core.data.formats.layout import Layout
from core.runtime.i18n import gettext as _

_TOKEN = r"(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_TOKENS = re.compile(rf"\s*\[\s*(?:{_TOKEN}\s*(?:,\s*{_TOKEN}\s*)*)?\]\s*", re.DOTALL)


class Batch(NamedTuple):
    """Some rows: the line at which each begins (None where there are no lines), its cells (None where it could not be
    read), and why not, by index."""

    lines: Sequence[int | None]
    rows: list[Any]
    problems: dict[int, str]

    def joined(self, other: Batch) -> Batch:
        """This batch and the rows that follow it."""
        more = {index + len(self.rows): why for index, why in other.problems.items()}
        return Batch([*self.lines, *other.lines], self.rows + other.rows, self.problems | more)

    def cut(self, count: int) -> tuple[Batch, Batch]:
        """The first rows, so many, and the others."""
        first = {index: why for index, why in sorted(self.problems.items()) if index < count}
        rest = {index - count: why for index, why in self.problems.items() if index >= count}
        return (
            Batch(self.lines[:count], self.rows[:count], first),
            Batch(self.lines[count:], self.rows[count:], rest),
        )


def converted(batch: Batch, layout: Layout) -> Batch:
    """A batch whose lists of tokens are joined and whose texts are mended, where the layout says so."""
    if not layout.mend and not layout.tokens:
        return batch
    tokens = [index for index, name in enumerate(layout.columns) if name in layout.tokens]
    for number, row in enumerate(batch.rows):
        if row is None:
            continue
        keys: Sequence[Any] = [name for name in layout.tokens if name in row] if isinstance(row, dict) else tokens
        try:
            for key in keys:
                row[key] = joined(row[key])
        except ValueError as error:
            batch.problems[number], batch.rows[number] = str(error), None
            continue
        if layout.mend:
            for key, cell in [*(row.items() if isinstance(row, dict) else enumerate(row))]:
                if isinstance(cell, str) and not cell.isascii():
                    row[key] = mended(cell)
    return batch


def mended(text: str) -> str:
    """A text whose UTF-8 was read as another encoding, put right."""
    import ftfy

    return ftfy.fix_encoding(text)


def joined(cell: object) -> object:
    """The tokens of a list, one space between; what is empty stays. Raises ValueError for what is no list of tokens."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return cell
    tokens = tokens_in(cell)
    if tokens is None:
        raise ValueError(_("{cell!r:.80} is not a list of tokens like the other rows").format(cell=str(cell)[:40]))
    return " ".join(tokens)


def tokens_in(cell: object) -> list[str] | None:
    """The tokens that a cell lists as JSON or Python spells a list of strings, None where it does not."""
    if isinstance(cell, list):
        return cell if all(isinstance(token, str) for token in cell) else None
    if not isinstance(cell, str) or not _TOKENS.fullmatch(cell):
        return None
    try:
        tokens = json.loads(cell)
    except ValueError:
        try:
            tokens = ast.literal_eval(cell.strip())
        except (ValueError, SyntaxError):
            return None
    return [str(token) for token in tokens]
