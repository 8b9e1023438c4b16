"""Labelled text from files, encoded corpora, seeded splits.

`label_inference` decides what a label means. Rows that are neutral or have no label are left out and counted.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.data.formats.layout import Layout
from core.data.formats.text_folders import texts_of_folder
from core.data.label_inference import MOST_VALUES, Column, LabelsError, decide, label_key, left_out, too_many
from core.data.labels import SENTIMENT, Labelling
from core.data.tables import is_sentiment140, location, rows
from core.runtime.i18n import gettext as _
from core.text.preprocessing import Preprocessing, Vocabulary
from core.text.word_cache import WordCache

SENTIMENT_LABELLING = Labelling(SENTIMENT)
NEGATIVE, POSITIVE = range(2)
_SKIPPED = -1


@dataclass(frozen=True)
class Corpus:
    """Labelled sentences of one file.

    `labels` is int8 [N], 0 for the first of the `labelling`'s names (negative), 1 for the second; `skipped` counts rows
    left out, of no class or without a label; `sha256` is of the file; `read_as` says what the labels mean where that is
    not obvious. Of a sample, `drawn_from` is the number of labelled rows in the file.
    """

    name: str
    texts: list[str]
    labels: np.ndarray
    skipped: int
    sha256: str
    drawn_from: int | None = None
    labelling: Labelling = SENTIMENT_LABELLING
    read_as: str = ""

    def __len__(self) -> int:
        return len(self.texts)

    def sample(self, rows: int, seed: int) -> Corpus:
        """So many rows drawn at random, in the file's order; all of them where there are no more.

        Not the first ones: public corpora come sorted by class. Raises ValueError for less than one row.
        """
        if rows < 1:
            raise ValueError(f"a sample has at least one row; given: {rows:,}")
        if rows >= len(self):
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(len(self), rows, replace=False))
        texts = [self.texts[row] for row in chosen]
        return replace(self, texts=texts, labels=self.labels[chosen], drawn_from=len(self))


def read_corpus(
    path: str | Path,
    text_column: str | None = None,
    label_column: str | None = None,
    *,
    layout: Layout | None = None,
    labelling: Labelling | None = None,
    asked: Mapping[str, str] | None = None,
) -> Corpus:
    """Labelled rows of a file, those of no class left out.

    `labelling` has a model's classes; without it the column says the classes: sentiment, or its words. `asked` names
    values (`label_inference.decide`). Columns default to ``text`` and ``label``. Raises LookupError for a missing
    column; ValueError, naming the row, for one that cannot be read or whose label is not understood, and for labels
    with two plausible meanings or no rows; OSError for an unreadable file.
    """
    path = Path(path)
    column = Column(path.name, label_column or "label", is_sentiment140(path))
    texts: list[str] = []
    keys: dict[str, int] = {}  # a value's number, in order of first appearance
    known: dict[tuple[type, object], int] = {}  # the same by the cell as it is written
    locations: list[str] = []
    cells = array("H")  # of every row, its value's number
    for number, line, (text, label) in rows(path, (text_column or "text", column.name), layout):
        try:
            value = known[type(label), label]
        except (KeyError, TypeError):  # new, or a list
            value = keys.setdefault(label_key(label), len(keys))
            if value == len(locations):
                if value == MOST_VALUES:
                    raise too_many(column, list(keys)) from None
                locations.append(location(path, number, line))
            if label is None or isinstance(label, str | int):
                known[type(label), label] = value
        cells.append(value)
        texts.append(_text(text, path, number, line))
    values = np.array(cells, dtype=np.uint16)
    counts = np.bincount(values, minlength=len(keys)).tolist()
    meaning = decide(dict(zip(keys, counts, strict=True)), labelling, asked, column=column)
    if meaning.unknown:
        strange = meaning.unknown[0]
        raise LabelsError(
            _("{place}: label {label!r} is not one of {labels}").format(
                place=locations[keys[strange]], label=strange, labels=", ".join(meaning.values)
            ),
            f"Say what it means: {column.option} VALUE=NAME, or VALUE={left_out(meaning.names)} to leave such rows out",
        )
    codes = np.array([_SKIPPED if (code := meaning.values[value]) is None else code for value in keys], dtype=np.int8)
    labels = codes[values] if len(values) else np.zeros(0, dtype=np.int8)
    kept = labels != _SKIPPED
    skipped = len(labels) - int(kept.sum())
    if skipped == len(labels):
        raise ValueError(
            _("{file} has no rows labelled {first} or {second} ({skipped} neutral or unlabelled)").format(
                file=path.name, first=", ".join(meaning.names[:-1]), second=meaning.names[-1], skipped=skipped
            )
        )
    if skipped:
        texts = [text for text, keep in zip(texts, kept.tolist(), strict=True) if keep]
    sha256, labelling = file_sha256(path), Labelling(meaning.names, meaning.values)
    return Corpus(path.name, texts, labels[kept], skipped, sha256, labelling=labelling, read_as=meaning.line)


def read_texts(path: str | Path, text_column: str | None = None, *, layout: Layout | None = None) -> list[str]:
    """The text column of a file, labels or not. Errors as in `read_corpus`."""
    path = Path(path)
    table = rows(path, (text_column or "text",), layout)
    texts = [_text(text, path, number, line) for number, line, (text,) in table]
    if not texts:
        raise ValueError(_("{file} has no rows").format(file=path.name))
    return texts


def drawn(texts: Sequence[str], rows: int, seed: int = 0) -> list[str]:
    """So many of the texts at random, all if there are no more, in their order."""
    chosen = np.random.default_rng(seed).choice(len(texts), min(rows, len(texts)), replace=False)
    return [texts[row] for row in np.sort(chosen)]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; of a folder of texts by class of their names and bytes."""
    if path.is_dir():
        whole = hashlib.sha256()
        for text in texts_of_folder(path):
            whole.update(f"{text.relative_to(path)} {file_sha256(text)}\n".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text(value: object, path: Path, number: int, line: int | None) -> str:
    if not isinstance(value, str):
        raise ValueError(
            _("{place}: the text is {text!r}, expected a string").format(place=location(path, number, line), text=value)
        )
    return value


@dataclass(frozen=True)
class Encoded:
    """Sentences as ids: sentence i is ``ids[offsets[i]:offsets[i + 1]]`` (ids int32 [tokens], offsets int64 [N+1])."""

    ids: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, sentences: Iterable[Sequence[int]]) -> Encoded:
        """Sentences given as lists of ids."""
        ids, offsets = array("i"), array("q", [0])
        for sentence in sentences:
            ids.extend(sentence)
            offsets.append(len(ids))
        return cls(np.array(ids, dtype=np.int32), np.array(offsets, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each sentence, int64 [N]."""
        return np.diff(self.offsets)

    def __getitem__(self, number: int) -> np.ndarray:
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    def take(self, rows: np.ndarray) -> Encoded:
        """The sentences of the given row numbers, in that order."""
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        # Every token's position in `ids`: its sentence's start, plus how far it stands from it.
        positions = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Encoded(self.ids[positions], offsets)


class Encoder:
    """Texts to ids, by preprocessing and a vocabulary that exists.

    Steps that look past white space are applied to the whole text. The other steps are applied word by word, and the
    ids of words seen lately are remembered.
    """

    def __init__(self, preprocessing: Preprocessing, vocabulary: Vocabulary):
        self._whole, words = preprocessing.parts()
        self._ids = WordCache(lambda word: vocabulary.encode(words(word)))

    def __call__(self, texts: Iterable[str]) -> Encoded:
        """The texts' ids, in order."""
        remembered = self._ids
        texts = map(self._whole.apply, texts) if self._whole.steps else texts
        return Encoded.of([number for word in text.split() for number in remembered[word]] for text in texts)


def encode(texts: Iterable[str], preprocessing: Preprocessing, vocabulary: Vocabulary) -> Encoded:
    """Tokenise and encode texts with a vocabulary that exists."""
    return Encoder(preprocessing, vocabulary)(texts)


def encode_tokens(sentences: Iterable[Sequence[str]], vocabulary: Vocabulary) -> Encoded:
    """Encode sentences given as tokens."""
    return Encoded.of(map(vocabulary.encode, sentences))


def build_vocabulary(
    texts: Iterable[str], preprocessing: Preprocessing, min_count: int
) -> tuple[Vocabulary, Encoded, Counter[str]]:
    """The vocabulary of some sentences, the sentences encoded with it, and every word's count; one pass over the text.

    Words seen fewer than `min_count` times, or holding characters that do not print, become ``<unk>``.
    """
    numbers: dict[str, int] = {}  # provisional ids, in order of first appearance
    provisional = Encoded.of([numbers.setdefault(token, len(numbers)) for token in preprocessing(t)] for t in texts)
    totals = np.bincount(provisional.ids, minlength=len(numbers))
    counts = Counter(dict(zip(numbers, totals.tolist(), strict=True)))
    vocabulary = Vocabulary.from_counts(counts, min_count)
    final = np.array(vocabulary.encode(list(numbers)), dtype=np.int32)
    encoded = final[provisional.ids] if len(provisional.ids) else provisional.ids
    return vocabulary, Encoded(encoded, provisional.offsets), counts


def default_held_out(rows: int) -> int:
    """How many rows to hold out unless told otherwise: 20,000, or a tenth where that is less."""
    return min(20_000, rows // 10)


def held_out(encoded: Encoded, labels: np.ndarray, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers for training and for selection, (train, held), each ascending, of the rows that have a token.

    Each class has its share of the `rows` held, one at least. Rows of the same tokens are held together, whatever their
    labels, so that the two share no content; so there may be a few rows more or less than asked for. Groups of such
    rows are drawn at random. Raises ValueError where a class would lack rows on either side.
    """
    filled, group, counts = _alike(encoded, labels)
    of_class = counts.sum(axis=0)
    wanted = np.maximum(np.round(of_class * (rows / max(len(filled), 1))), 1).astype(np.int64)
    if len(wanted):
        wanted[of_class.argmax()] += rows - wanted.sum()
    chosen = _draw(counts, wanted, np.random.default_rng(seed).permutation(len(counts)))
    drawn = counts[chosen].sum(axis=0)
    if not len(wanted) or rows >= len(filled) or not drawn.all() or not (of_class - drawn).all():
        raise ValueError(
            f"cannot hold out {rows:,} rows with every class on both sides; rows: {len(encoded):,}, with words: "
            f"{len(filled):,}, different: {len(counts):,}; words seen fewer than --min-count times count as one "
            "unknown word"
        )
    inside = np.isin(group, chosen)
    return filled[~inside], filled[inside]


def contradictory(encoded: Encoded, labels: np.ndarray) -> int:
    """How many rows have the same tokens as a row of another class: no model can be right about all of them."""
    counts = _alike(encoded, labels)[2]
    return int(counts[(counts > 0).sum(axis=1) > 1].sum())


def _alike(encoded: Encoded, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows that have a token [N], which group of rows of the same tokens each is in [N], and how many rows of each
    class that group has [G, C]; groups in order of first appearance."""
    filled = np.flatnonzero(encoded.lengths)
    numbers: dict[bytes, int] = {}
    keys = (encoded[row].tobytes() for row in filled.tolist())
    group = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    classes, index = np.unique(labels[filled], return_inverse=True)
    counts = np.zeros((len(numbers), len(classes)), dtype=np.int64)
    np.add.at(counts, (group, index), 1)
    return filled, group, counts


def _draw(counts: np.ndarray, wanted: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Groups, with `counts` rows of each class [G, C], that together have as nearly as they can the `wanted` rows [C].

    They are taken in the order given where they fit; then those that bring the numbers nearest.
    """
    missing = wanted.copy()
    chosen: list[int] = []
    passed: list[int] = []
    for number in order.tolist():
        if not missing.any():
            break
        if (counts[number] <= missing).all():
            chosen.append(number)
            missing -= counts[number]
        else:
            passed.append(number)
    while missing.any() and passed:
        off = np.abs(missing - counts[passed]).sum(axis=1)
        if off.min() >= np.abs(missing).sum():
            break
        chosen.append(passed.pop(int(off.argmin())))
        missing -= counts[chosen[-1]]
    return np.array(chosen, dtype=np.int64)


def length_batches(lengths: np.ndarray, size: int, order: np.ndarray | None = None) -> list[np.ndarray]:
    """Row numbers in batches of at most `size` rows of like length, shortest first: hardly any padding is needed.

    Rows of one length keep the order of `order` (a choice or permutation of the rows). Rows of length 0 come in no
    batch. A batch holds at most 64 × `size` tokens, padding included, or a single row. Raises ValueError for a size
    below 1.
    """
    if size < 1:
        raise ValueError(f"a batch of at most {size:,} rows holds nothing; expected at least 1")
    rows = np.arange(len(lengths)) if order is None else order
    rows = rows[lengths[rows] > 0]
    rows = rows[np.argsort(lengths[rows], kind="stable")]
    batches = []
    start = 0
    while start < len(rows):
        stop = min(start + size, len(rows))
        while stop > start + 1 and lengths[rows[stop - 1]] * (stop - start) > 64 * size:
            stop = start + (stop - start) // 2
        batches.append(rows[start:stop])
        start = stop
    return batches


def pad(encoded: Encoded, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sentences as one block: ids int64 [B, T], padded with 0 on the right, and lengths int64 [B]."""
    starts, lengths = encoded.offsets[rows], encoded.offsets[rows + 1] - encoded.offsets[rows]
    positions = np.arange(lengths.max())
    inside = positions < lengths[:, None]
    block = np.zeros(inside.shape, dtype=np.int64)
    block[inside] = encoded.ids[(starts[:, None] + positions)[inside]]
    return block, lengths
