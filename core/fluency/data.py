"""Which sentences train the fluency model, and which evaluate it? Files, held-out sentences, near-duplicates left out.

Sentences of 5 to 8 words are held out by seed: some for choosing settings (`selection`), as many for the reported
metrics (`report`); for the judge of word order, also half of the word sets that a file has in several orders. Their
near-duplicates are not trained on: the same words in any order, or the same sequence of words after leaving out at most
one word of each.
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
from core.fluency.evaluation import LENGTHS, MOST_RANKED, movable
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


def several_orders(texts: Sequence[str], preprocessing: Preprocessing, seed: int) -> list[list[tuple[str, ...]]]:
    """Half of the sets of 3 to 9 words that texts have in several orders, drawn by seed: the orders of each, sorted."""
    groups: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for text in texts:
        tokens = preprocessing(text)
        count = movable(tokens)
        if 3 <= count <= MOST_RANKED:
            groups.setdefault(tuple(sorted(tokens[:count])), set()).add(tuple(tokens[:count]))
    several = sorted(words for words, orders in groups.items() if len(orders) > 1)
    drawn = np.random.default_rng(seed).permutation(len(several))[: len(several) // 2]
    return [sorted(groups[several[number]]) for number in drawn]


class Reading(NamedTuple):
    """An order of a sentence, as tokens, and what readers called it: ``v`` valid, ``o`` odd, ``n`` not English.

    `part` is ``train``, ``choice`` (of a threshold) or ``report``; `original` the sentence as it was written.
    """

    part: str
    original: tuple[str, ...]
    tokens: tuple[str, ...]
    answers: str

    @property
    def valid(self) -> bool:
        """Whether most of the readers called it valid."""
        return 2 * self.answers.count("v") > len(self.answers)


def read_readings(path: str | Path, corpora: Sequence[Sentences], preprocessing: Preprocessing) -> list[Reading]:
    """Readings of orders of the sentences of corpora, as docs/order_readings.md describes them.

    Raises LookupError for a missing column, ValueError for a row that is not a reading.
    """
    path = Path(path)
    columns = ("part", "file", "row", "order", "answers")
    texts = {corpus.name: corpus.texts for corpus in corpora}
    readings = []
    for number, line, row in rows(path, columns):
        part, file, at, order, answers = (str(value or "") for value in row)
        try:
            original = tuple(preprocessing(texts[file][int(at) - 1] if file else at))
            places = [int(place) - 1 for place in order.split(".")]
            if sorted(places) != list(range(len(original))) or not answers or set(answers) - set("von"):
                raise ValueError
        except (LookupError, ValueError):
            where = location(path, number, line)
            raise ValueError(
                f"{where}: {file} row {at}, order {order}, answers {answers}: not an order of a sentence of "
                f"{', '.join(texts)}, or answers other than v, o, n"
            ) from None
        readings.append(Reading(part, original, tuple(original[place] for place in places), answers))
    return readings


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
