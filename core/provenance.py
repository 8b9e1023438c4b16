"""Which rows was a checkpoint trained on, and which held out? Its file read again as its card tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.checkpoints import Checkpoint
from core.corpus import Corpus, Encoded, encode, held_out


@dataclass(frozen=True)
class Rows:
    """A training file as a checkpoint sees it; `train` and `held` are row numbers of `sentences`, each ascending."""

    sentences: Encoded
    labels: np.ndarray
    train: np.ndarray
    held: np.ndarray


def read_again(checkpoint: Checkpoint, corpus: Corpus) -> Rows:
    """The rows of a finished checkpoint's training file, split as they were.

    Raises ValueError where the corpus is not the file, or not read in the way, that the card tells of.
    """
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
            f"{data['file']}; read as told, it has {len(corpus):,} with {len(sentences.ids):,}: are these its columns?"
        )
    return Rows(sentences, corpus.labels, *held_out(sentences, data["held_out_rows"], data["split_seed"]))
