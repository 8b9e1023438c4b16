"""How do tweets and sentences become the fluency model? Vocabulary, counts, pruning to a size, the recurrent model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.data.corpus import Encoded, build_vocabulary
from core.fluency import card as fluency_card
from core.fluency import trigram as fluency
from core.fluency.data import Pairs, Sentences, hold_out, without_near_duplicates
from core.fluency.kneser_ney import count, estimate, fit
from core.fluency.recurrent_lm import LanguageModelProgress, LanguageModelSettings, Recurrent, train_language_model
from core.text.preprocessing import Preprocessing, Vocabulary

_SEEN_TWICE = 2  # words seen once would only lengthen the list that the vocabulary is cut from


@dataclass(frozen=True)
class FluencySettings:
    """What decides the model besides the files.

    `weights` are those of the tweets, of the first file of sentences and of each further one; the defaults were chosen
    on the selection rows of Tatoeba's sentences, with 1.5 million tweets before and Brown's sentences after them.
    """

    vocabulary_size: int = 30_000
    weights: tuple[float, float, float] = (1, 20, 5)
    bytes: int = 8_500_000
    held_out_per_length: int = 500
    seed: int = 0
    recurrent: LanguageModelSettings | None = None
    recurrent_weights: tuple[int, int, int] = (1, 4, 4)  # how often an epoch of the recurrent model reads each corpus


class FluencyProgress(NamedTuple):
    """`done` of `stages` stages are finished; `stage` is next. The last event carries the loaded model."""

    done: float
    stages: int
    stage: str
    model: fluency.Fluency | None = None


def train(
    corpora: Sequence[Sentences], pairs: Pairs | None, settings: FluencySettings, out: Path
) -> Iterator[FluencyProgress]:
    """Train on corpora, tweets first, and save as ``<out>/fluency``. Raises ValueError for bad settings or few data."""
    _check(settings)
    preprocessing = Preprocessing()
    stages = ("tokenising", "holding out", "counting", "estimating", "pruning", "reading whole sentences", "evaluating")
    events = (FluencyProgress(done, len(stages), stage) for done, stage in enumerate(stages))
    yield next(events)
    words, encoded, counts = build_vocabulary(
        chain.from_iterable(corpus.texts for corpus in corpora), preprocessing, _SEEN_TWICE
    )
    vocabulary = Vocabulary(words.words[: settings.vocabulary_size - 2])
    bounds = np.cumsum([0, *(len(corpus.texts) for corpus in corpora)])
    yield next(events)
    parts = [encoded.take(np.arange(start, stop)) for start, stop in pairwise(bounds)]
    held = [
        hold_out(corpus.texts, preprocessing, settings.held_out_per_length, settings.seed) for corpus in corpora[:2]
    ]
    parts = without_near_duplicates(
        parts, words, [tokens for rows in held for part in rows.values() for tokens in part]
    )
    for part in parts:
        part.ids[part.ids >= len(vocabulary)] = Vocabulary.unk_id
    yield next(events)
    counted = [count(part, len(vocabulary)) for part in parts]
    yield next(events)
    weights = [settings.weights[min(number, 2)] for number in range(len(parts))]
    estimated = estimate(counted, weights, len(vocabulary))
    del counted
    yield next(events)
    trigram = fit(vocabulary, estimated, max(1, len(counts) - len(vocabulary) + 2), settings.bytes)
    del estimated
    yield next(events)
    recurrent = None
    if settings.recurrent:
        network = replace(settings.recurrent, vocabulary_size=min(settings.recurrent.vocabulary_size, len(vocabulary)))
        size, times = network.vocabulary_size, [settings.recurrent_weights[min(i, 2)] for i in range(len(parts))]
        smaller = [Encoded(np.where(part.ids < size, part.ids, Vocabulary.unk_id), part.offsets) for part in parts]
        for progress in train_language_model(network, smaller, times):
            yield FluencyProgress(len(stages) - 2 + progress.step / progress.steps, len(stages), _describe(progress))
        assert progress.model is not None
        recurrent = Recurrent(progress.model, *fluency.beginning(trigram, network.vocabulary_size))
    yield next(events)
    card = {**fluency_card.describe(corpora, parts, weights, trigram, preprocessing, asdict(settings)), "metrics": {}}
    card["settings"]["recurrent_weight"] = 0.0
    fluency.save(trigram, card, out, recurrent)
    # The figures are those of the model as stored.
    stored = fluency.load(out)
    card["metrics"] = fluency_card.figures(stored.trigram, corpora, held, pairs, preprocessing)
    if stored.recurrent:
        figures, weight = fluency_card.reranked(stored.trigram, stored.recurrent, corpora, held, pairs, preprocessing)
        card["metrics"] |= figures
        card["settings"]["recurrent_weight"] = weight
    fluency.save(trigram, card, out, recurrent)
    yield FluencyProgress(len(stages), len(stages), "done", fluency.load(out))


def _describe(progress: LanguageModelProgress) -> str:
    minutes = progress.seconds_left / 60
    return (
        f"reading whole sentences: step {progress.step:,} of {progress.steps:,}, loss {progress.loss:.3f}, "
        f"{progress.tokens_per_second:,.0f} tokens/s, {minutes:.0f} min left"
    )


def _check(settings: FluencySettings) -> None:
    if not 3 <= settings.vocabulary_size < 1 << 21 or settings.held_out_per_length < 0 or min(settings.weights) <= 0:
        raise ValueError(
            f"expected a vocabulary of 3 to {(1 << 21) - 1:,} words, weights above 0 and no negative number of rows; "
            f"given: {settings}"
        )
