"""Which sentences, with which labels? Labelled text from files, encoded corpora, seeded splits.

Labels are 0 negative, 1 positive, 2 neutral, or those words; in the public Sentiment140 CSV 0, 4 and 2. Neutral rows
are left out and counted. Any two other classes are read with a `Labelling` of theirs (`core.labelling`).
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.labels import SENTIMENT, Labelling
from core.language import gettext as _
from core.layout import Layout
from core.tables import is_sentiment140, place, rows
from core.text import Preprocessing, Vocabulary
from core.text_folders import texts_of_folder
from core.word_cache import WordCache

LABEL_NAMES = ("negative", "positive", "neutral")
NEGATIVE, POSITIVE, NEUTRAL = range(3)
_LABELS = {str(number): number for number in range(3)} | {name: n for n, name in enumerate(LABEL_NAMES)}
_WHOLE = re.compile(r"([0-9]+)\.0+")
_SENTIMENT140_LABELS = {"0": NEGATIVE, "2": NEUTRAL, "4": POSITIVE}
SENTIMENT_LABELLING = Labelling(SENTIMENT, _LABELS)


@dataclass(frozen=True)
class Corpus:
    """Labelled sentences of one file.

    `labels` is int8 [N], 0 for the first of the `labelling`'s names (negative), 1 for the second (positive); `skipped`
    counts neutral rows left out; `sha256` is of the file. Of a sample, `drawn_from` is the number of labelled rows in
    the file.
    """

    name: str
    texts: list[str]
    labels: np.ndarray
    skipped: int
    sha256: str
    drawn_from: int | None = None
    labelling: Labelling = SENTIMENT_LABELLING

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
) -> Corpus:
    """Labelled rows of a file, neutral ones left out; labels are those of sentiment unless a labelling says others.

    Columns default to ``text`` and ``label``. Raises LookupError for a missing column, ValueError for a ragged row, a
    wrong encoding, a label outside the allowed set (each naming the row) or no rows, OSError for an unreadable file.
    """
    path = Path(path)
    labelling = labelling or SENTIMENT_LABELLING
    usual = labelling is SENTIMENT_LABELLING
    allowed = _SENTIMENT140_LABELS if usual and is_sentiment140(path) else labelling.values
    texts: list[str] = []
    labels = array("b")
    skipped = 0
    table = rows(path, (text_column or "text", label_column or "label"), layout)
    for number, line, (text, label) in table:
        key = label_key(label)
        if key not in allowed:
            raise ValueError(
                _("{place}: label {label!r} is not one of {labels}").format(
                    place=place(path, number, line), label=label, labels=", ".join(allowed)
                )
            )
        if allowed[key] == NEUTRAL:
            skipped += 1
        else:
            texts.append(_text(text, path, number, line))
            labels.append(allowed[key])
    if not texts:
        told = {"file": path.name, "first": labelling.names[0], "second": labelling.names[1]}
        if labelling.names != SENTIMENT:
            raise ValueError(_("{file} has no rows labelled {first} or {second}").format(**told))
        raise ValueError(
            _("{file} has no rows labelled {first} or {second} ({skipped} neutral)").format(skipped=skipped, **told)
        )
    return Corpus(path.name, texts, np.array(labels, dtype=np.int8), skipped, file_sha256(path), labelling=labelling)


def read_texts(path: str | Path, text_column: str | None = None, *, layout: Layout | None = None) -> list[str]:
    """The text column of a file, labels or not. Errors as in `read_corpus`."""
    path = Path(path)
    table = rows(path, (text_column or "text",), layout)
    texts = [_text(text, path, number, line) for number, line, (text,) in table]
    if not texts:
        raise ValueError(_("{file} has no rows").format(file=path.name))
    return texts


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; of a folder of texts by class of their names and bytes."""
    if path.is_dir():
        whole = hashlib.sha256()
        for text in texts_of_folder(path):
            whole.update(f"{text.relative_to(path)} {file_sha256(text)}\n".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def label_key(label: object) -> str:
    """A label as tables of them spell it: in lower case, a whole number without decimals, be it one or a text."""
    key = str(label).strip().lower()
    whole = _WHOLE.fullmatch(key)
    return whole[1] if whole else key


def _text(value: object, path: Path, number: int, line: int | None) -> str:
    if not isinstance(value, str):
        raise ValueError(
            _("{place}: the text is {text!r}, expected a string").format(place=place(path, number, line), text=value)
        )
    return value


@dataclass(frozen=True)
class Encoded:
    """Sentences as ids: sentence i is ``ids[offsets[i]:offsets[i + 1]]`` (ids int32 [tokens], offsets int64 [N+1])."""

    ids: np.ndarray
    offsets: np.ndarray

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
    """Texts to ids, as preprocessing and a vocabulary that exists make them.

    No step looks past white space, so a text's ids are those of what white space separates, one after another; and what
    was seen lately is not tokenised again.
    """

    def __init__(self, preprocessing: Preprocessing, vocabulary: Vocabulary):
        self._ids = WordCache(lambda word: vocabulary.encode(preprocessing(word)))

    def __call__(self, texts: Iterable[str]) -> Encoded:
        """The texts' ids, in order."""
        ids = array("i")
        offsets = array("q", [0])
        for text in texts:
            for word in text.split():
                ids.extend(self._ids[word])
            offsets.append(len(ids))
        return Encoded(np.array(ids, dtype=np.int32), np.array(offsets, dtype=np.int64))


def encode(texts: Iterable[str], preprocessing: Preprocessing, vocabulary: Vocabulary) -> Encoded:
    """Tokenise and encode texts with a vocabulary that exists."""
    return Encoder(preprocessing, vocabulary)(texts)


def encode_tokens(sentences: Iterable[Sequence[str]], vocabulary: Vocabulary) -> Encoded:
    """Encode sentences given as tokens."""
    ids = array("i")
    offsets = array("q", [0])
    for tokens in sentences:
        ids.extend(vocabulary.encode(tokens))
        offsets.append(len(ids))
    return Encoded(np.array(ids, dtype=np.int32), np.array(offsets, dtype=np.int64))


def build_vocabulary(
    texts: Iterable[str], preprocessing: Preprocessing, min_count: int
) -> tuple[Vocabulary, Encoded, Counter[str]]:
    """The vocabulary of some sentences, the sentences encoded with it, and every word's count; one pass over the text.

    Words seen fewer than `min_count` times, or holding characters that do not print, become ``<unk>``.
    """
    numbers: dict[str, int] = {}  # provisional ids, in order of first appearance
    ids = array("i")
    offsets = array("q", [0])
    for text in texts:
        ids.extend([numbers.setdefault(token, len(numbers)) for token in preprocessing(text)])
        offsets.append(len(ids))
    provisional = np.array(ids, dtype=np.int32)
    totals = np.bincount(provisional, minlength=len(numbers))
    counts = Counter(dict(zip(numbers, totals.tolist(), strict=True)))
    vocabulary = Vocabulary.from_counts(counts, min_count)
    final = np.array(vocabulary.encode(list(numbers)), dtype=np.int32)
    encoded = final[provisional] if len(provisional) else provisional
    return vocabulary, Encoded(encoded, np.array(offsets, dtype=np.int64)), counts


def default_held_out(rows: int) -> int:
    """How many of so many rows to hold out where nobody says: 20,000, or a tenth where that is less."""
    return min(20_000, rows // 10)


def held_out(encoded: Encoded, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers for training and for selection, (train, held), each ascending.

    The `rows` held are drawn at random from sentences that no other row repeats, so that the two share no content;
    training keeps every other row that has a token. Raises ValueError where there are too few.
    """
    keys = [encoded[row].tobytes() for row in range(len(encoded))]
    counts = Counter(keys)
    filled = np.flatnonzero(encoded.lengths)
    unique = np.array([row for row in filled if counts[keys[row]] == 1], dtype=np.int64)
    if rows > len(unique) or rows >= len(filled):
        raise ValueError(
            f"cannot hold out {rows:,} rows: of {len(encoded):,}, {len(unique):,} have words and are not repeated, "
            "rare words being one unknown word (--min-count says how often a word is seen that is not)"
        )
    held = np.sort(np.random.default_rng(seed).choice(unique, rows, replace=False))
    return np.setdiff1d(filled, held), held


def length_batches(
    lengths: np.ndarray, size: int, order: np.ndarray | None = None, *, tokens: int | None = None
) -> list[np.ndarray]:
    """Row numbers in batches of at most `size` rows of like length, shortest first: hardly any padding is needed.

    Rows of one length keep the order of `order` (a choice or permutation of the rows). Rows of length 0 come in no
    batch. A batch holds at most `tokens` tokens, padding included (64 a row unless told), or a single row. Raises
    ValueError for a size or a number of tokens below 1.
    """
    tokens = 64 * size if tokens is None else tokens
    if size < 1 or tokens < 1:
        raise ValueError(f"a batch of at most {size:,} rows and {tokens:,} tokens holds nothing; expected at least 1")
    rows = np.arange(len(lengths)) if order is None else order
    rows = rows[lengths[rows] > 0]
    rows = rows[np.argsort(lengths[rows], kind="stable")]
    batches = []
    start = 0
    while start < len(rows):
        stop = min(start + size, len(rows))
        while stop > start + 1 and lengths[rows[stop - 1]] * (stop - start) > tokens:
            stop = start + (stop - start) // 2
        batches.append(rows[start:stop])
        start = stop
    return batches


def pad(encoded: Encoded, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sentences as one block: ids int64 [B, T], padded with 0 on the right, and lengths int64 [B]."""
    starts, lengths = encoded.offsets[rows], encoded.offsets[rows + 1] - encoded.offsets[rows]
    places = np.arange(lengths.max())
    inside = places < lengths[:, None]
    block = np.zeros(inside.shape, dtype=np.int64)
    block[inside] = encoded.ids[(starts[:, None] + places)[inside]]
    return block, lengths
