"""Which sentences train the fluency model, and which evaluate it? Files, held-out sentences, near-duplicates left out.

Sentences of 5 to 8 words are held out by seed: some for choosing settings (`selection`), as many for the reported
metrics (`report`). Their near-duplicates are not trained on: the same words in any order, or the same sequence of words
after leaving out at most one word of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.data.corpus import Encoded, file_sha256, read_texts
from core.data.formats.layout import Layout
from core.data.tables import location, rows
from core.fluency.evaluation import LENGTHS, movable
from core.text.preprocessing import Preprocessing, Vocabulary


@dataclass(frozen=True)
class Sentences:
    """The texts of one file."""

    name: str
    texts: list[str]
    sha256: str


class Pairs(NamedTuple):
    """Acceptable and unacceptable sentences, and the phenomenon of each pair."""

    name: str
    good: list[str]
    bad: list[str]
    phenomena: list[str]
    sha256: str


def read_sentences(path: str | Path, text_column: str | None = None, layout: Layout | None = None) -> Sentences:
    """The text column of a file. Errors as in `core.data.corpus.read_texts`."""
    path = Path(path)
    return Sentences(path.name, read_texts(path, text_column, layout=layout), file_sha256(path))


def read_pairs(path: str | Path) -> Pairs:
    """A file with BLiMP's columns. Raises LookupError for a missing one, ValueError for no text or no row."""
    path = Path(path)
    columns = ("sentence_good", "sentence_bad", "phenomenon")
    pairs = []
    for number, line, row in rows(path, columns):
        if not all(isinstance(value, str) for value in row):
            where = location(path, number, line)
            raise ValueError(f"{where}: {', '.join(columns)} are {list(row)!r}, expected strings")
        pairs.append(row)
    if not pairs:
        raise ValueError(f"{path.name} has no rows")
    good, bad, phenomena = ([str(value) for value in column] for column in zip(*pairs, strict=True))
    return Pairs(path.name, good, bad, phenomena, file_sha256(path))


def hold_out(
    texts: Sequence[str], preprocessing: Preprocessing, per_length: int, seed: int
) -> dict[str, list[list[str]]]:
    """Distinct sentences for `selection` and `report`, `per_length` of each length or a hundredth of the texts."""
    wanted = min(per_length, len(texts) // 100)
    by_length: dict[int, dict[tuple[str, ...], list[str]]] = {length: {} for length in LENGTHS}
    for row in np.random.default_rng(seed).permutation(len(texts)):
        if all(len(rows) >= 2 * wanted for rows in by_length.values()):
            break
        tokens = preprocessing(texts[row])
        rows = by_length.get(movable(tokens))
        if rows is not None and len(rows) < 2 * wanted:
            rows.setdefault(tuple(tokens[: movable(tokens)]), tokens)
    halves: dict[str, list[list[str]]] = {"selection": [], "report": []}
    for rows in by_length.values():
        halves["selection"] += list(rows.values())[::2]
        halves["report"] += list(rows.values())[1::2]
    return halves


def without_near_duplicates(
    parts: Sequence[Encoded], words: Vocabulary, held: Sequence[Sequence[str]]
) -> list[Encoded]:
    """Encoded corpora without near-duplicates of held-out sentences, and without repeats within each."""
    is_word = np.array([False, True, *(word[0].isalnum() for word in words.words)])
    sequences, bags = set(), set()
    lengths: set[int] = set()
    for tokens in held:
        ids = np.array(words.encode(tokens))
        own = tuple(ids[is_word[ids]].tolist())
        bags.add(tuple(sorted(own)))
        sequences.update(_shortened(own))
        lengths.update((len(own) - 1, len(own), len(own) + 1))
    kept = []
    for part in parts:
        counts = np.add.reduceat(np.append(is_word[part.ids], False), part.offsets[:-1]) * (part.lengths > 0)
        near = np.isin(counts, list(lengths))
        seen: set[bytes] = set()
        rows = []
        for row in range(len(part)):
            ids = part[row]
            key = ids.tobytes()
            if not key or key in seen:
                continue
            seen.add(key)
            if near[row]:
                own = tuple(ids[is_word[ids]].tolist())
                if tuple(sorted(own)) in bags or not sequences.isdisjoint(_shortened(own)):
                    continue
            rows.append(row)
        kept.append(part.take(np.array(rows, dtype=np.int64)))
    return kept


def _shortened(words: tuple[int, ...]) -> list[tuple[int, ...]]:
    """A sequence, and the sequence without each one of its words."""
    return [words, *(words[:index] + words[index + 1 :] for index in range(len(words)))]
