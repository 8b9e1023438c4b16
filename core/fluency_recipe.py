"""How do tweets and sentences become the fluency model? Split, vocabulary, counts, pruning to a size, figures.

Sentences of 5 to 8 words are held out of the first two corpora by seed: some for choosing settings (`selection`), as
many for the figures that are reported. What is nearly one of them is not trained on either: a sentence with the same
words in any order, or with the same sequence of words once at most one word is left out of each.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from core import checkpoints, fluency
from core.corpus import Encoded, build_vocabulary, file_sha256, read_texts
from core.fluency_evaluation import LENGTHS, contests, judge_pairs, movable, rank_orders, summarise
from core.language_model import LanguageModelProgress, LanguageModelSettings, Recurrent, train_language_model
from core.ngrams import BIGRAMS_FAVOURED, count, estimate, fit
from core.tables import place, rows
from core.text import Preprocessing, Vocabulary

INTENDED_USE = (
    "To rank the orders of one sentence's words and to gate small edits of it. Not for judging anybody's language."
)
LIMITS = (
    "It looks three words at a time: what stands further apart it does not connect, and it knows no meaning.",
    "English tweets of 2009, short everyday sentences and American prose of 1961; other words are unknown.",
    "Scores of sentences of different lengths do not compare; per token they do, roughly.",
    "Tweets hold insults and prejudice, and what they say often the model finds plausible.",
)
TERMS = (
    "The numbers are derived from the text of the training data and follow its terms. Sentiment140 (Go, Bhayani & "
    "Huang 2009) states no licence and is made available for research. Tatoeba's sentences (www.manythings.org/anki "
    "and tatoeba.org): CC BY 2.0. Brown Corpus (Francis & Kučera 1964, 1979): non-commercial purposes. BLiMP (Warstadt "
    "et al. 2020): CC BY 4.0, used for evaluation only. None of the sentences is in this checkpoint."
)
DEFINITIONS = {
    "sentences": "words and then only final punctuation, which stays in place; distinct by their words",
    "rank": "number of distinct orders that score at least as much as the original, its own among them",
    "top": "share ranked first or within the first hundredth of the orders",
    "near_duplicates": "left out of training: the same words in any order, or the same sequence of words once at most "
    "one word is left out of each",
    "choice": "the corpora's weights and the packing were chosen on an earlier draw from the same sentences, which may "
    "share a few in a hundred with the report rows; the mixture's weight on the selection rows; nothing on the pairs",
}
RERANKED = 50  # orders, the trigram's best, that the recurrent model re-ranks for the card
_WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_SEEN_TWICE = 2  # words seen once would only lengthen the list that the vocabulary is cut from


@dataclass(frozen=True)
class FluencySettings:
    """Everything that decides the model besides the files.

    `weights` are those of the tweets, of the first file of sentences and of each further one. Those given were chosen
    on the selection rows of Tatoeba's sentences, before which stood 1.5 million tweets and behind which Brown's.
    """

    vocabulary_size: int = 30_000
    weights: tuple[float, float, float] = (1, 20, 5)
    bytes: int = 8_500_000
    held_out_per_length: int = 500
    seed: int = 0
    recurrent: LanguageModelSettings | None = None
    recurrent_weights: tuple[int, int, int] = (1, 4, 4)  # how often an epoch of the recurrent model reads each corpus


@dataclass(frozen=True)
class Sentences:
    """The texts of one file."""

    name: str
    texts: list[str]
    sha256: str


class Pairs(NamedTuple):
    """Acceptable and unacceptable sentences, pair by pair, with the phenomenon of each pair."""

    name: str
    good: list[str]
    bad: list[str]
    phenomena: list[str]
    sha256: str


class FluencyProgress(NamedTuple):
    """`done` of `stages` stages are behind; `stage` comes next. The last event carries the model as loaded."""

    done: float
    stages: int
    stage: str
    model: fluency.Fluency | None = None


def read_sentences(path: str | Path, text_column: str | None = None, encoding: str | None = None) -> Sentences:
    """The text column of a file. Errors as in `core.corpus.read_texts`."""
    path = Path(path)
    return Sentences(path.name, read_texts(path, text_column, encoding=encoding), file_sha256(path))


def read_pairs(path: str | Path) -> Pairs:
    """A file of BLiMP's columns. Raises LookupError for a missing one, ValueError for no text or no row."""
    path = Path(path)
    columns = ("sentence_good", "sentence_bad", "phenomenon")
    found = []
    for number, line, row in rows(path, columns, None):
        if not all(isinstance(value, str) for value in row):
            where = place(path, number, line)
            raise ValueError(f"{where}: {', '.join(columns)} are {list(row)!r}, expected strings")
        found.append(row)
    if not found:
        raise ValueError(f"{path.name} has no rows")
    good, bad, phenomena = ([str(value) for value in column] for column in zip(*found, strict=True))
    return Pairs(path.name, good, bad, phenomena, file_sha256(path))


def train(
    corpora: Sequence[Sentences], pairs: Pairs | None, settings: FluencySettings, out: Path
) -> Iterator[FluencyProgress]:
    """Train on the tweets and other corpora, tweets first, and save as ``<out>/fluency``, stage by stage.

    Raises ValueError where the settings are out of range or the corpora too small for a trigram.
    """
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
    held = [_hold_out(corpus.texts, preprocessing, settings) for corpus in corpora[:2]]
    parts = without_near_duplicates(
        parts, words, [tokens for rows in held for part in rows.values() for tokens in part]
    )
    for part in parts:
        part.ids[part.ids >= len(vocabulary)] = Vocabulary.unk_id
    yield next(events)
    counted = [count(part, len(vocabulary)) for part in parts]
    yield next(events)
    weights = [settings.weights[min(number, 2)] for number in range(len(parts))]
    found = estimate(counted, weights, len(vocabulary))
    del counted
    yield next(events)
    trigram = fit(vocabulary, found, max(1, len(counts) - len(vocabulary) + 2), settings.bytes)
    del found
    yield next(events)
    recurrent = None
    if settings.recurrent:
        network = replace(settings.recurrent, vocabulary_size=min(settings.recurrent.vocabulary_size, len(vocabulary)))
        for progress in _read_whole(parts, network, settings.recurrent_weights):
            yield FluencyProgress(len(stages) - 2 + progress.step / progress.steps, len(stages), _told(progress))
        assert progress.model is not None
        recurrent = Recurrent(progress.model, *fluency.beginning(trigram, network.vocabulary_size))
    yield next(events)
    card = {**_card(corpora, parts, weights, trigram, preprocessing, settings), "metrics": {}}
    card["settings"]["recurrent_weight"] = 0.0
    fluency.save(trigram, card, out, recurrent)
    # The figures are those of the model as stored.
    stored = fluency.load(out)
    card["metrics"] = _metrics(stored.trigram, corpora, held, pairs, preprocessing)
    if stored.recurrent:
        figures, weight = _reranked(stored.trigram, stored.recurrent, corpora, held, pairs, preprocessing)
        card["metrics"] |= figures
        card["settings"]["recurrent_weight"] = weight
    fluency.save(trigram, card, out, recurrent)
    yield FluencyProgress(len(stages), len(stages), "done", fluency.load(out))


def _read_whole(
    parts: Sequence[Encoded], settings: LanguageModelSettings, times: tuple[int, int, int]
) -> Iterator[LanguageModelProgress]:
    """Train the recurrent model on the corpora, each read so many times an epoch, with its own, smaller vocabulary."""
    size = settings.vocabulary_size
    smaller = [Encoded(np.where(part.ids < size, part.ids, Vocabulary.unk_id), part.offsets) for part in parts]
    return train_language_model(settings, smaller, [times[min(number, 2)] for number in range(len(parts))])


def _told(progress: LanguageModelProgress) -> str:
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


def _hold_out(
    texts: Sequence[str], preprocessing: Preprocessing, settings: FluencySettings
) -> dict[str, list[list[str]]]:
    """Sentences for `selection` and `report`: by seed, as many of each length, no two with the same words in a row."""
    wanted = min(settings.held_out_per_length, len(texts) // 100)
    found: dict[int, dict[tuple[str, ...], list[str]]] = {length: {} for length in LENGTHS}
    for row in np.random.default_rng(settings.seed).permutation(len(texts)):
        if all(len(rows) >= 2 * wanted for rows in found.values()):
            break
        tokens = preprocessing(texts[row])
        rows = found.get(movable(tokens))
        if rows is not None and len(rows) < 2 * wanted:
            rows.setdefault(tuple(tokens[: movable(tokens)]), tokens)
    halves: dict[str, list[list[str]]] = {"selection": [], "report": []}
    for rows in found.values():
        halves["selection"] += list(rows.values())[::2]
        halves["report"] += list(rows.values())[1::2]
    return halves


def without_near_duplicates(
    parts: Sequence[Encoded], words: Vocabulary, held: Sequence[Sequence[str]]
) -> list[Encoded]:
    """Encoded corpora without what is nearly one of some held-out sentences, and every sentence only once in each."""
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
    """A sequence and what is left of it after leaving out any one word."""
    return [words, *(words[:place] + words[place + 1 :] for place in range(len(words)))]


def _metrics(
    trigram: fluency.Trigram,
    corpora: Sequence[Sentences],
    held: Sequence[dict[str, list[list[str]]]],
    pairs: Pairs | None,
    preprocessing: Preprocessing,
) -> dict[str, Any]:
    """The card's figures, each under the scorer's name."""
    orders = [
        {
            "data": corpus.name,
            "rows": rows,
            "by_words": [asdict(summary) for summary in rank_orders(trigram, sentences[rows])],
        }
        for corpus, sentences in reversed(list(zip(corpora, held, strict=False)))
        for rows in ("selection", "report")
    ]
    figures: dict[str, Any] = {"definitions": DEFINITIONS, "orders": orders}
    if pairs:
        figures["pairs"] = _judged(trigram, pairs, preprocessing)
    return {trigram.name: figures}


def _judged(scorer: fluency.Scorer, pairs: Pairs, preprocessing: Preprocessing) -> dict[str, Any]:
    good, bad = ([preprocessing(text) for text in texts] for texts in (pairs.good, pairs.bad))
    found = judge_pairs(scorer, good, bad, pairs.phenomena)
    return {
        "data": pairs.name,
        "sha256": pairs.sha256,
        "pairs": len(good),
        "accuracy": sum(one.pairs * one.accuracy for one in found) / len(good),
        "by_phenomenon": [asdict(one) for one in found],
    }


def _reranked(
    trigram: fluency.Trigram,
    recurrent: Recurrent,
    corpora: Sequence[Sentences],
    held: Sequence[dict[str, list[list[str]]]],
    pairs: Pairs | None,
    preprocessing: Preprocessing,
) -> tuple[dict[str, Any], float]:
    """The card's figures where the trigram's best orders are re-ranked, by the recurrent model alone and by the
    mixture, and the mixture's weight, chosen on the selection rows of the last corpus held out from."""
    chosen_on = contests(trigram, recurrent, held[-1]["selection"], RERANKED)
    met = [contests(trigram, recurrent, sentences["report"], RERANKED) for sentences in held]
    weight = max(_WEIGHTS, key=lambda weight: sum(one.rank(weight).rank == 1 for one in chosen_on))
    figures: dict[str, Any] = {}
    for scorer, share in ((recurrent, 1.0), (fluency.Mixture(trigram, recurrent, weight), weight)):
        figures[scorer.name] = {
            "reranked": RERANKED,
            "weight": share,
            "orders": [
                {
                    "data": corpus.name,
                    "rows": "report",
                    "by_words": [asdict(row) for row in summarise([(one.words, one.rank(share)) for one in found])],
                }
                for corpus, found in reversed(list(zip(corpora, met, strict=False)))
            ],
        }
        if pairs:
            figures[scorer.name]["pairs"] = _judged(scorer, pairs, preprocessing)
    return figures, weight


def _card(
    corpora: Sequence[Sentences],
    parts: Sequence[Encoded],
    weights: Sequence[float],
    trigram: fluency.Trigram,
    preprocessing: Preprocessing,
    settings: FluencySettings,
) -> checkpoints.Card:
    return {
        "kind": checkpoints.FLUENCY,
        "preprocessing": preprocessing.steps,
        "sizes": {
            "vocabulary": len(trigram.vocabulary),
            "unknown_words": trigram.unknown_words,
            "bigrams": len(trigram.bigrams),
            "trigrams": len(trigram.trigrams),
        },
        "settings": {
            "algorithm": "interpolated trigram, modified Kneser-Ney, entropy pruning",
            "bigrams_favoured": BIGRAMS_FAVOURED,
            **asdict(settings),
        },
        "data": [
            {
                "file": corpus.name,
                "sha256": corpus.sha256,
                "rows": len(corpus.texts),
                "training_rows": len(part),
                "training_tokens": len(part.ids),
                "weight": weight,
            }
            for corpus, part, weight in zip(corpora, parts, weights, strict=True)
        ],
        "versions": {"python": platform.python_version(), "numpy": version("numpy")},
        "intended_use": INTENDED_USE,
        "limits": LIMITS,
        "terms": TERMS,
    }
