"""Whether the first row names the columns, and which columns are the texts and the labels where it does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from core.data.formats.cell_values import tokens_in
from core.runtime import i18n
from core.runtime.i18n import gettext as _

_MOST_VALUES = 20  # different ones in a column of labels


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TEXTS = _words(
    "text tweet tweets sentence review comment content message msg body title headline phrase document doc post sms "
    "utterance token tokens word words question answer statement description summary context response said"
)
_LABELS = _words(
    "label labels class sentiment target category polarity rating score stars star emotion stance mood type topic y "
    "gold spam sarcastic sarcasm irony toxic"
)
_OTHERS = _words(
    "id ids index idx n no number row rows date day time timestamp created user username author name names lang "
    "language source url link split fold set part file country location confidence count length retweets likes column "
    "col field key value parent subreddit age gender product probability group pair"
)
_KNOWN = _TEXTS | _LABELS | _OTHERS


def is_known(name: str) -> bool:
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name.strip()).lower())
    few = len(words) <= 3 and len(name.split()) <= 2 and len(name) <= 40
    return few and not _KNOWN.isdisjoint(words)


def is_text(name: str) -> bool:
    """Whether a column's name says that it holds texts."""
    return not _TEXTS.isdisjoint(re.findall(r"[a-z]+", name.lower()))


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.strip().lower() not in ("nan", "inf", "infinity")


def is_header(path: Path, first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns. Raises ValueError where it looks like data as well, or like neither."""
    columns = list(zip(*below, strict=True)) if below else [()] * len(first)
    data = name = doubt = False
    if list(first) in ([str(n) for n in range(len(first))], [str(n + 1) for n in range(len(first))]) and len(first) > 1:
        numbered = [not all(map(is_number, column)) for column in columns]
        if below and any(numbered) and len({row[numbered.index(True)] for row in below}) > 2:
            return True  # as pandas numbers columns without names
    for cell, column in zip(first, columns, strict=True):
        filled = [value for value in column if value.strip()]
        values = Counter(value.strip() for value in filled)
        if not cell.strip():
            continue
        if is_number(cell):
            data = True
        elif values[cell.strip()] and len(values) <= _MOST_VALUES and len(cell.split()) <= 3:
            data = True  # a label that occurs again
        elif is_known(cell) or (filled and all(map(is_number, filled))):
            name = True
        elif len(cell.split()) > 3:
            doubt = True
    if data and not name and not (doubt and len(first) == 1):
        return False
    if data or (doubt and not name) or (len(first) == 1 and not name):
        shown = i18n.listed(cell[:30] if cell.isprintable() else repr(cell[:30]) for cell in first[:6])
        raise ValueError(
            _("{file}: the first row ({row}) may be a header or data; say which (--header, --no-header)").format(
                file=path.name, row=shown
            )
        )
    return True


def guessed(rows: Sequence[Sequence[str]], width: int) -> tuple[list[str], list[str]]:
    """Names for columns that have none: text and label where they are clear, numbers else; and notes on that."""
    names = [str(index + 1) for index in range(width)]
    columns = [[row[index].strip() for row in rows] for index in range(width)]
    texts = [
        index
        for index, column in enumerate(columns)
        if sum(len(cell.split()) > 1 for cell in column) * 2 > len(column)
        and not all(is_number(cell.replace(" ", "")) for cell in column)
    ]
    if len(texts) != 1:
        return names, [_("no column is clearly the text")]
    names[texts[0]] = "text"
    told = _("column {number} is used as the text").format(number=texts[0] + 1)
    labels = [index for index, column in enumerate(columns) if index != texts[0] and are_labels(column)]
    if len(labels) == 1:
        names[labels[0]] = "label"
        told = _("column {number} is used as the text, {label} as the label").format(
            number=texts[0] + 1, label=labels[0] + 1
        )
    return names, [told]


def counts_rows(column: Sequence[str]) -> bool:
    """Whether cells count the rows: whole numbers, each one more than the one before."""
    numbers = [int(value) for value in (cell.strip('"') for cell in column) if value.isdecimal() and len(value) < 10]
    return len(numbers) == len(column) > 1 and all(b == a + 1 for a, b in pairwise(numbers))


def columns_of(names: Sequence[str], rows: Sequence[Sequence[object]]) -> tuple[int, int]:
    """The positions of the texts and of the labels: by their names, else by what the cells look like, else the
    first column and the last."""
    guesses, _notes = guessed([["" if cell is None else str(cell) for cell in row] for row in rows], len(names))

    def index(kind: str, words: frozenset[str], otherwise: int) -> int:
        named = [number for number, name in enumerate(names) if words.intersection(re.findall(r"[a-z]+", name.lower()))]
        exact = [number for number in named if names[number].lower() == kind]
        looking = [number for number, name in enumerate(guesses) if name == kind]
        return (exact or named or looking or [otherwise])[0]

    return index("text", _TEXTS, 0), index("label", _LABELS, len(names) - 1)


def are_labels(column: Sequence[str]) -> bool:
    """Whether cells are labels: few different words, and no count of the rows."""
    values = Counter(column)
    if counts_rows(column):
        return False
    few = len(values) <= max(2, len(column) // 2)
    return few and len(values) <= _MOST_VALUES and all(len(value.split()) <= 2 and value for value in values)


def token_columns(names: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """The columns of texts whose filled cells are lists of tokens, one and all."""
    lists, plain = [], []
    for name, column in zip(names, zip(*rows, strict=True), strict=False):
        filled = [cell for cell in column if cell is not None and str(cell).strip()]
        tokens = [tokens_in(cell) for cell in filled]
        if filled and all(one is not None for one in tokens) and any(tokens):
            lists.append(name)
        elif sum(len(str(cell).split()) > 1 for cell in filled) * 2 > len(filled):
            plain.append(name)
    if not plain:
        return lists
    return [] if any(map(is_text, plain)) else [name for name in lists if is_text(name)]


def unread_lists(names: Sequence[str], rows: Sequence[Sequence[object]]) -> tuple[str, str] | None:
    """The column of texts most of whose cells are in brackets and not all of those a list of tokens, and such a cell;
    None where there is none, or another column of texts."""
    unread: list[tuple[str, str]] = []
    for name, column in zip(names, zip(*rows, strict=True), strict=False):
        if name != "text" and ("text" in names or not is_text(name)):
            continue
        filled = [str(cell).strip() for cell in column if cell is not None and not isinstance(cell, list)]
        lists = [cell for cell in filled if cell.startswith("[") and cell.endswith("]")]
        wrong = next((cell for cell in lists if tokens_in(cell) is None), None)
        if wrong is None or len(lists) * 2 <= sum(map(bool, filled)):
            return None
        unread.append((name, wrong))
    return unread[0] if unread else None
