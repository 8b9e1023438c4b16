"""The labels of a file, read a window at a time.

`label_inference.decide` says what the values mean. A new value is decided together with all earlier ones. Where it
changes what those mean (0 and 1 for a million rows, then a 2), reading stops with the row's number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from core.data.label_inference import MOST_VALUES, Column, Late, decide, is_number, label_key
from core.data.labels import Labelling, Names

LEFT_OUT, UNKNOWN = -1, -2
_PLAIN = {str, int, float, bool, type(None)}  # of cells that can be looked up


class Readings:
    """Reads the labels of one column for models of the same classes; `asked` names values, and wins.

    Raises ValueError for a name that is none of the classes.
    """

    def __init__(self, column: Column, model: Labelling, asked: Mapping[str, str] | None = None):
        self._model, self._asked, self._column = model, asked or {}, column
        self._counts: dict[str, int] = {}
        self._codes: dict[str, int] = {}
        decide({}, model, asked, column=column)

    @property
    def column(self) -> str:
        """The column's name."""
        return self._column.name

    @property
    def names(self) -> Names:
        """What the classes are called."""
        return self._model.names

    @property
    def line(self) -> str:
        """What the values mean, with their counts; empty where that is obvious."""
        known = {value: count for value, count in self._counts.items() if value in self._codes}
        return decide(known, self._model, self._asked, column=self._column).line if known else ""

    def read(self, values: Sequence[object], rows: Sequence[int]) -> np.ndarray:
        """The number of the class that each value stands for, int8 [N]; `LEFT_OUT` for a neutral or missing one,
        `UNKNOWN` for one that means nothing. `rows` are the rows' numbers, for messages.

        Raises `label_inference.LabelsError` as `decide` does, naming the row where values of earlier calls are
        contradicted.
        """
        kinds = set(map(type, values))
        plain = kinds <= _PLAIN and not (bool in kinds and kinds & {int, float})  # 1 and True are equal: not one label
        cells = values if plain else [label_key(value) for value in values]
        key_of = {cell: label_key(cell) for cell in dict.fromkeys(cells)}
        for cell, count in Counter(cells).items():
            key = key_of[cell]
            self._counts[key] = self._counts.get(key, 0) + count
        new = [key for key in dict.fromkeys(key_of.values()) if key not in self._codes]
        if new or "-1" in self._codes:  # whose meaning hangs on how rare it is
            self._decide(
                new, lambda key: next(row for row, cell in zip(rows, cells, strict=True) if key_of[cell] == key)
            )
        code_of = {cell: self._codes.get(key, UNKNOWN) for cell, key in key_of.items()}
        return np.array([code_of[cell] for cell in cells], dtype=np.int8)

    def _decide(self, new: Sequence[str], row_of: Callable[[str], int]) -> None:
        """Decide new values, and check that the others still mean the same."""
        before = {key: None if code == LEFT_OUT else code for key, code in self._codes.items() if code != UNKNOWN}
        late = None
        if self._codes and new:
            numbers = [key for key in new if is_number(key)]
            late = min((Late(key, row_of(key)) for key in numbers or new), key=lambda one: one.row)
        meaning = decide(self._counts, self._model, self._asked, column=self._column, before=before, late=late)
        self._codes |= {key: LEFT_OUT if number is None else number for key, number in meaning.values.items()}
        for key in meaning.unknown:
            if len(self._codes) < MOST_VALUES:
                self._codes[key] = UNKNOWN
            elif key not in self._codes:
                del self._counts[key]  # reported with its row, and not held
