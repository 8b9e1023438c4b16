"""Rows used in training and rows held out: a checkpoint's file, read again as its card says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from core.data.corpus import Corpus, Encoded, encode, held_out
from core.models.checkpoints import Checkpoint

STRATIFIED = "stratified by class, rows of the same tokens together"
"""A card's name for the split of `core.data.corpus.held_out`; older cards name none and had another."""


@dataclass(frozen=True)
class Rows:
    """A training file as a checkpoint sees it; `train` and `held` are row numbers of `sentences`, each ascending."""

    sentences: Encoded
    labels: np.ndarray
    train: np.ndarray
    held: np.ndarray


def read_again(checkpoint: Checkpoint, corpus: Corpus) -> Rows:
    """The rows of a checkpoint's training file, split as in training. Raises ValueError for another file or columns."""
    data = checkpoint.card.get("data") or {}
    if "sha256" not in data:
        raise ValueError(f"checkpoint {checkpoint.name!r} was trained elsewhere: its card names no file to read again")
    if corpus.sha256 != data["sha256"]:
        raise ValueError(
            f"checkpoint {checkpoint.name!r} was trained on {data['file']} with SHA-256 {data['sha256'][:12]}…; "
            f"given: {corpus.name} with {corpus.sha256[:12]}…"
        )
    if data.get("drawn_from"):
        corpus = corpus.sample(data["rows"], data["sample_seed"])
    sentences = encode(corpus.texts, checkpoint.preprocessing, checkpoint.vocabulary)
    if (len(corpus), len(sentences.ids)) != (data["rows"], data["tokens"]):
        raise ValueError(
            f"checkpoint {checkpoint.name!r} was trained on {data['rows']:,} rows with {data['tokens']:,} tokens of "
            f"{data['file']}; now it has {len(corpus):,} with {len(sentences.ids):,}: are these its columns?"
        )
    if data.get("split") == STRATIFIED:
        split = held_out(sentences, corpus.labels, data["split_rows"], data["split_seed"])
    else:
        split = _unrepeated(sentences, data["held_out_rows"], data["split_seed"])
    return Rows(sentences, corpus.labels, *split)


def _unrepeated(encoded: Encoded, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The split of older cards, (train, held): held are drawn from the rows that occur once."""
    keys = [encoded[row].tobytes() for row in range(len(encoded))]
    counts = Counter(keys)
    filled = np.flatnonzero(encoded.lengths)
    unique = np.array([row for row in filled if counts[keys[row]] == 1], dtype=np.int64)
    held = np.sort(np.random.default_rng(seed).choice(unique, rows, replace=False))
    return np.setdiff1d(filled, held), held
