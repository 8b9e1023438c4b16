"""What does a word mean before the models are trained? word2vec by gensim.

Skip-gram with negative sampling (Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their
Compositionality"), trained on the training text without labels. Rare words become ``<unk>`` first, which so gets a
vector of its own; ``<pad>`` is the zero vector. Only training imports gensim.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.data.corpus import Encoded
from core.text.preprocessing import Vocabulary


@dataclass(frozen=True)
class Word2VecSettings:
    """gensim's options under gensim's names; `vector_size` is E. Reproducible for a seed when `workers` is 1.

    Raises ValueError for an invalid number.
    """

    vector_size: int = 128
    epochs: int = 10
    window: int = 5
    negative: int = 5
    alpha: float = 0.025
    min_alpha: float = 0.0001
    seed: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        if min(self.vector_size, self.epochs, self.workers) < 1 or self.seed < 0:
            raise ValueError(
                "word2vec needs vector_size, epochs and workers of at least 1 and a seed of at least 0; given: "
                f"{self.vector_size}, {self.epochs}, {self.workers} and {self.seed}"
            )


class Word2VecState(NamedTuple):
    """Training after `epoch` epochs: input vectors (the word vectors) and output vectors, both [V, E]."""

    epoch: int
    vectors: np.ndarray
    output: np.ndarray


def train_word2vec(
    sentences: Encoded, vocabulary: Vocabulary, settings: Word2VecSettings, resume: Word2VecState | None = None
) -> Iterator[Word2VecState]:
    """Train, yielding the state after every epoch (first the resumed one); the last `vectors` are the result.

    Each epoch has its own seed, so that a resumed run ends like an uninterrupted one. Words in no sentence, such as
    ``<pad>``, keep the zero vector. Raises ValueError for sentences without a token.
    """
    from gensim.models import Word2Vec

    if not len(sentences.ids):
        raise ValueError("word2vec needs sentences with at least one token; none has any")
    words = np.array([vocabulary.token(number) for number in range(len(vocabulary))], dtype=object)
    counts = np.bincount(sentences.ids, minlength=len(vocabulary))
    seen = np.flatnonzero(counts)
    model = Word2Vec(
        vector_size=settings.vector_size,
        window=settings.window,
        negative=settings.negative,
        sg=1,
        min_count=1,
        seed=settings.seed,
        workers=settings.workers,
        epochs=1,
    )
    model.build_vocab_from_freq({words[number]: int(counts[number]) for number in seen})
    rows = [model.wv.key_to_index[words[number]] for number in seen]
    if resume:
        model.wv.vectors[rows] = resume.vectors[seen]
        model.syn1neg[rows] = resume.output[seen]

    def aligned(trained: np.ndarray) -> np.ndarray:
        result = np.zeros((len(vocabulary), settings.vector_size), dtype=np.float32)
        result[seen] = trained[rows]
        return result

    if resume:
        yield resume
    rates = np.linspace(settings.alpha, settings.min_alpha, settings.epochs + 1)
    # A file lets gensim's workers read on their own, outside Python's lock.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sentences.txt"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(" ".join(words[sentences[row]]) + "\n" for row in range(len(sentences)))
        for epoch in range(resume.epoch if resume else 0, settings.epochs):
            model.random = np.random.RandomState([settings.seed, epoch])
            model.train(
                corpus_file=str(path),
                total_examples=len(sentences),
                total_words=len(sentences.ids),
                epochs=1,
                start_alpha=rates[epoch],
                end_alpha=rates[epoch + 1],
            )
            yield Word2VecState(epoch + 1, aligned(model.wv.vectors), aligned(model.syn1neg))


def unit_variance(vectors: np.ndarray) -> np.ndarray:
    """Vectors [V, E] scaled by one number so that the trained ones have a standard deviation of 1, not word2vec's 0.25.

    In one trial (one seed, an LSTM of 128 units, two passes over 300,000 rows) the accuracy on 20,000 held-out tweets
    rose from 0.8156 to 0.8223.
    """
    trained = vectors[np.any(vectors != 0, axis=1)]
    deviation = float(trained.std()) if len(trained) else 0.0
    return vectors / np.float32(deviation) if deviation > 0 else vectors
