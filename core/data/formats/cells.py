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
    """Some rows: the line at which each begins (None where there are no lines), its cells, None where it could not be
    read, and why not, by position."""

    lines: Sequence[int | None]
    rows: list[Any]
    problems: dict[int, str]


def converted(batch: Batch, layout: Layout) -> Batch:
    """A batch whose lists of tokens are joined and whose texts are mended, where the layout says so."""
    if not layout.mend and not layout.tokens:
        return batch
    places = [place for place, name in enumerate(layout.columns) if name in layout.tokens]
    for number, row in enumerate(batch.rows):
        if row is None:
            continue
        try:
            if isinstance(row, dict):
                row.update({name: joined(row[name]) for name in layout.tokens if name in row})
            else:
                batch.rows[number] = row = [joined(cell) if place in places else cell for place, cell in enumerate(row)]
        except ValueError as error:
            batch.problems[number], batch.rows[number] = str(error), None
            continue
        if layout.mend:
            cells = row.items() if isinstance(row, dict) else enumerate(row)
            for key, cell in list(cells):
                if isinstance(cell, str) and not cell.isascii():
                    row[key] = mended(cell)
    return batch


def mended(text: str) -> str:
    """A text whose UTF-8 was read as another encoding, put right."""
    import ftfy

    return ftfy.fix_encoding(text)


def joined(cell: object) -> object:
    """The tokens of a list, one space between; what is empty stays. Raises ValueError for what is no list of tokens."""
    if isinstance(cell, list) and all(isinstance(token, str) for token in cell):
        return " ".join(cell)
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return cell
    tokens = tokens_in(cell)
    if tokens is None:
        raise ValueError(_("{cell!r:.80} is no list of tokens, as other rows have").format(cell=str(cell)[:40]))
    return " ".join(tokens)


def tokens_in(cell: object) -> list[str] | None:
    """The tokens that a cell lists as JSON or Python spells a list of strings, None where it does not."""
    if isinstance(cell, list):
        return cell if all(isinstance(token, str) for token in cell) else None
    if not isinstance(cell, str) or not _TOKENS.fullmatch(cell):
        return None
    try:
        found = json.loads(cell)
    except ValueError:
        try:
            found = ast.literal_eval(cell.strip())
        except (ValueError, SyntaxError):
            return None
    return [str(token) for token in found]
