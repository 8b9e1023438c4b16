"""Slices of sentences on which a model is judged: length, negation, question, unknown words, emoticons.

Every sentence is in one slice of each family, so the slices of a family add up to the whole file. Negation, question
and emoticon are read off the text by the steps of the shipped models, so that models can be compared on the same rows;
length and unknown words are counted as the model itself reads the text.

A slice is no explanation: long tweets also have more negations and more links.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_

import numpy as np

from core.text.lexicon import is_negation
from core.text.preprocessing import SHIPPED, Preprocessing, is_emoticon
from core.text.word_cache import WordCache

LENGTHS = ((1, 5), (6, 10), (11, 15), (16, 20), (21, 30), (31, None))
_MARKS = ("negation", "question", "emoticon")
_UNKNOWN = ("0", "1", "2 or more")

FAMILIES: dict[str, tuple[str, ...]] = {
    "length": tuple(f"{low} or more" if high is None else f"{low}–{high}" for low, high in LENGTHS),
    "negation": ("without", "with"),
    "question": ("without", "with"),
    "unknown": _UNKNOWN,
    "emoticon": ("without", "with"),
}
"""The slices of each family, by name, in order: length in tokens, unknown words by their number."""

SLICES = tuple((family, name) for family, names in FAMILIES.items() for name in names)
_START = {family: [one for one, _name in SLICES].index(family) for family in FAMILIES}


class Marker:
    """Tells which texts hold a negation, a question mark or an emoticon; words seen lately are not looked at again."""

    def __init__(self) -> None:
        preprocessing = Preprocessing(SHIPPED)

        def marks(word: str) -> int:
            tokens = preprocessing(word)
            marks = (
                any(is_negation(token) for token in tokens),
                any(token.startswith("?") for token in tokens),
                any(is_emoticon(token) for token in tokens),
            )
            return sum(1 << bit for bit, there in enumerate(marks) if there)

        self._marks = WordCache(marks)

    def __call__(self, texts: Iterable[str]) -> np.ndarray:
        """Which marks each text holds, bool [N, 3]: negation, question, emoticon."""
        bits = [reduce(or_, (self._marks[word] for word in text.split()), 0) for text in texts]
        marks: np.ndarray = (np.array(bits, dtype=np.int64)[:, None] >> np.arange(len(_MARKS))) % 2 == 1
        return marks


def indices(marks: np.ndarray, lengths: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Which of `SLICES` each sentence is in: indices [N, families], from marks [N, 3] and the numbers [N] of tokens and
    of unknown tokens. A sentence without a token counts as one of the shortest."""
    columns = {name: marks[:, index].astype(np.int64) for index, name in enumerate(_MARKS)}
    columns["length"] = np.maximum(np.searchsorted([low for low, _high in LENGTHS], lengths, side="right") - 1, 0)
    columns["unknown"] = np.minimum(unknown, len(_UNKNOWN) - 1)
    return np.stack([_START[family] + columns[family] for family in FAMILIES], axis=1)
