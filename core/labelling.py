"""Which values of a table's label column are the two classes? As a person says, or as the column itself tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from core.corpus import SENTIMENT_LABELLING, label_key
from core.labels import SENTIMENT, Labelling
from core.layout import Layout
from core.tables import is_sentiment140, rows

_LISTED = 8  # values named in a message
_MOST = 1_000  # different values counted; a column of more is no column of labels


def parse(text: str) -> Labelling:
    """What ``no=ham,yes=spam`` says: class 0 is called ham, class 1 spam; several values may share a name.

    Names that are negative and positive stand in that order, whichever comes first. Raises ValueError.
    """
    values: dict[str, str] = {}
    for part in text.split(","):
        value, sign, name = part.partition("=")
        value, name = label_key(value), name.strip()
        if not sign or not value or not name:
            raise ValueError(f"--labels takes VALUE=NAME,VALUE=NAME, as in no=ham,yes=spam; given: {text!r}")
        if values.setdefault(value, name) != name:
            raise ValueError(f"--labels gives {value!r} two names: {values[value]!r} and {name!r}")
    names = list(dict.fromkeys(values.values()))
    if len(names) != 2:
        raise ValueError(f"--labels names two classes; given {len(names)}: {', '.join(map(repr, names))}")
    if set(names) == set(SENTIMENT):
        names = list(SENTIMENT)
    return Labelling((names[0], names[1]), {value: names.index(name) for value, name in values.items()})


def of_file(path: Path, label_column: str | None, layout: Layout | None, asked: Labelling | None = None) -> Labelling:
    """The labelling of a file's label column: the one asked for, if its values are all that the column holds.

    Asked for none, the column tells: 0, 1, 2 and the words for them are sentiment; any two other values are the classes
    by their own names, in alphabetical order. Raises ValueError for a column of other values, listing what it holds,
    LookupError and OSError as `core.tables.rows`.
    """
    if asked is None and is_sentiment140(path):
        return SENTIMENT_LABELLING
    column = label_column or "label"
    found = _counts(path, column, layout)
    if asked is not None:
        if set(found) != set(asked.values):
            missing = [value for value in asked.values if value not in found]
            others = [value for value in found if value not in asked.values]
            wrong = f"not named: {_list(others)}" if others else f"not there: {_list(missing)}"
            if others or not {asked.values[value] for value in found} == {0, 1}:
                raise ValueError(f"{path.name}: --labels and column {column!r} differ; {_held(found)}; {wrong}")
        return asked
    usual = set(SENTIMENT_LABELLING.values)
    if not found or set(found) <= usual:
        return SENTIMENT_LABELLING
    if len(found) != 2 or set(found) & usual:
        raise ValueError(
            f"{path.name}: column {column!r} is to hold two labels; {_held(found)}; "
            "name two values with --labels VALUE=NAME,VALUE=NAME"
        )
    first, second = sorted(found)
    return Labelling((first, second), {first: 0, second: 1})


def _counts(path: Path, column: str, layout: Layout | None) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    for row in rows(path, (column,), layout):
        counts[label_key(row.values[0])] += 1
        if len(counts) > _MOST:
            raise ValueError(
                f"{path.name}: column {column!r} is to hold two labels; it holds more than {_MOST:,} different values, "
                f"{_list(list(counts))} among them"
            )
    return counts


def _held(found: Mapping[str, int]) -> str:
    """``it holds 3 values: 'ham' (500), 'spam' (80), 'eggs' (2)``, the most frequent first."""
    if not found:
        return "it holds nothing"
    ranked = sorted(found, key=lambda value: (-found[value], value))
    named = ", ".join(f"{_short(value)} ({found[value]:,})" for value in ranked[:_LISTED])
    more = f" and {len(ranked) - _LISTED:,} more" if len(ranked) > _LISTED else ""
    return f"it holds {len(found):,} {'value' if len(found) == 1 else 'values'}: {named}{more}"


def _list(values: list[str]) -> str:
    more = f" and {len(values) - _LISTED:,} more" if len(values) > _LISTED else ""
    return ", ".join(_short(value) for value in values[:_LISTED]) + more


def _short(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:39] + "…")
