"""How do sentences and readings become the judge of word order? What is held out, training, the threshold, the card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from core.data.corpus import Corpus, Encoded, build_vocabulary, file_sha256
from core.fluency import judge as judges
from core.fluency import judge_evaluation as evaluation
from core.fluency import trigram as fluency
from core.fluency.card import TERMS, of_pairs
from core.fluency.data import (
    Pairs,
    Reading,
    Sentences,
    hold_out,
    read_readings,
    several_orders,
    without_near_duplicates,
)
from core.fluency.judge import Judge, JudgeNetwork
from core.fluency.judge_training import JudgeSettings, train_judge
from core.fluency.trigram import Scorer
from core.models import checkpoints
from core.models.checkpoints import Card
from core.runtime.i18n import mark
from core.text.preprocessing import Preprocessing, Vocabulary

_SEEN_TWICE = 2
_HELD_OUT = 500  # sentences of each length, as the fluency model holds them out
_ORDERS_SEED = 7  # of the word sets that are held out
INTENDED_USE = mark(
    "To tell which orders of one sentence's words a person might write. Not for judging anybody's language."
)
LIMITS = (
    mark("Its readings are those of language models, of short English tweets and everyday sentences."),
    mark("It compares orders of the same words. Whether the words themselves fit together it hardly knows."),
    mark("Words that it has never seen it knows by their last three letters only."),
)


@dataclass(frozen=True)
class Material:
    """What a judge is trained and evaluated on: tweets, then sentences; pairs and acceptability may be missing."""

    corpora: tuple[Sentences, ...]
    readings_file: Path
    pairs: Pairs | None = None
    acceptability: Corpus | None = None

    def readings(self) -> list[Reading]:
        """The readings. Raises as `read_readings`."""
        return read_readings(self.readings_file, self.corpora, Preprocessing())


class RecipeProgress(NamedTuple):
    """`done` of 1 of a `stage`; the last event carries the judge as stored."""

    stage: str
    done: float
    judge: Judge | None = None


def train(material: Material, settings: JudgeSettings, out: Path) -> Iterator[RecipeProgress]:
    """Train, evaluate and save as ``<out>/judge``. Raises ValueError for unusable readings."""
    preprocessing, corpora = Preprocessing(), material.corpora
    readings = material.readings()
    yield RecipeProgress("tokenising", 0.0)
    words, encoded, _counts = build_vocabulary(
        chain.from_iterable(corpus.texts for corpus in corpora), preprocessing, _SEEN_TWICE
    )
    bounds = np.cumsum([0, *(len(corpus.texts) for corpus in corpora)])
    parts = [encoded.take(np.arange(start, stop)) for start, stop in pairwise(bounds)]
    held = [hold_out(corpus.texts, preprocessing, _HELD_OUT, 0) for corpus in corpora[:2]]
    kept_out = [tokens for rows in held for part in rows.values() for tokens in part]
    kept_out += [
        list(order) for orders in several_orders(corpora[1].texts, preprocessing, _ORDERS_SEED) for order in orders
    ]
    yield RecipeProgress("holding out", 0.0)
    parts = without_near_duplicates(parts, words, kept_out)
    network = None
    for event in train_judge(settings, words, parts, training_readings(readings)):
        network = event.network
        yield RecipeProgress(f"{event.stage}, loss {event.loss:.3f}", event.done)
    assert network is not None
    vocabulary = Vocabulary(words.words[: len(network.left.bias) - 2])
    yield from finish(network, vocabulary, material, parts, asdict(settings), out)


def training_readings(readings: Sequence[Reading]) -> list[Reading]:
    """The readings to train on, and each of their sentences as it was written, called valid."""
    read = [reading for reading in readings if reading.part == "train"]
    originals = dict.fromkeys(reading.original for reading in read)
    return read + [Reading("train", original, original, "v") for original in originals]


def finish(
    network: JudgeNetwork,
    vocabulary: Vocabulary,
    material: Material,
    parts: Sequence[Encoded],
    settings: dict[str, Any],
    out: Path,
) -> Iterator[RecipeProgress]:
    """Store a trained network, choose its threshold and measure it as stored."""
    readings = material.readings()
    card: Card = {
        "preprocessing": Preprocessing().steps,
        "sizes": {
            "vocabulary": len(vocabulary),
            "embedding": network.left.projection.out_features,
            "hidden": network.left.projection.in_features,
            "head": network.word.in_features,
        },
        "settings": {**settings, "threshold": 0.5},
        "data": [
            {
                "file": corpus.name,
                "sha256": corpus.sha256,
                "rows": len(corpus.texts),
                "training_rows": len(part),
                "training_tokens": len(part.ids),
            }
            for corpus, part in zip(material.corpora, parts, strict=True)
        ],
        "readings": {
            "file": material.readings_file.name,
            "sha256": file_sha256(material.readings_file),
            **{part: sum(reading.part == part for reading in readings) for part in ("train", "choice", "report")},
        },
        "versions": checkpoints.versions("torch", "numpy"),
        "intended_use": INTENDED_USE,
        "limits": LIMITS,
        "terms": TERMS,
        "metrics": {},
    }
    judges.save(network, vocabulary, card, out)
    choosing = [reading for reading in readings if reading.part == "choice" and reading.tokens != reading.original]
    valid = np.array([reading.valid for reading in choosing])
    network.calibrate(*evaluation.calibration(judges.load(out), choosing))
    judges.save(network, vocabulary, card, out)
    card["settings"]["threshold"] = evaluation.choose_threshold(
        evaluation.read_orders(judges.load(out), choosing), valid
    )
    judges.save(network, vocabulary, card, out)
    for stage, done, metrics in evaluate(judges.load(out), material, out):
        card["metrics"] = metrics
        yield RecipeProgress(stage, done)
    judges.save(network, vocabulary, card, out)
    yield RecipeProgress("done", 1.0, judges.load(out))


def evaluate(
    judge: Judge, material: Material, folder: Path | None = None
) -> Iterator[tuple[str, float, dict[str, Any]]]:
    """(stage, share done, figures so far) of a judge; the scorers beside it are those of the fluency model in a folder
    of checkpoints, if there is one."""
    preprocessing, sentences = Preprocessing(), material.corpora[1]
    try:
        scorers = fluency.load(folder)
        others: list[Scorer] = [scorers.trigram, *([scorers.recurrent] if scorers.recurrent else [])]
    except checkpoints.CheckpointError:
        others = []
    metrics: dict[str, Any] = {}
    readings = [one for one in material.readings() if one.part in ("choice", "report") and one.tokens != one.original]
    metrics["readings"] = evaluation.of_readings(judge, readings, others)
    yield "readings", 1.0, metrics
    sets = several_orders(sentences.texts, preprocessing, _ORDERS_SEED)
    metrics["second_orders"] = {"data": sentences.name, **evaluation.of_second_orders(judge, sets)}
    yield "second orders", 1.0, metrics
    if material.pairs:
        metrics["pairs"] = of_pairs(judge, material.pairs, preprocessing)
        yield "pairs", 1.0, metrics
    if corpus := material.acceptability:
        value = evaluation.of_acceptability(judge, corpus.texts, corpus.labels, preprocessing)
        metrics["acceptability"] = {"data": corpus.name, "sha256": corpus.sha256, "rows": len(corpus), "area": value}
        yield "acceptability", 1.0, metrics
    report = hold_out(sentences.texts, preprocessing, _HELD_OUT, 0)["report"]
    for done, by_words in enumerate(evaluation.of_orders(judge, report), 1):
        metrics["orders"] = {"data": sentences.name, "rows": "report", "by_words": by_words}
        yield "orders", done / len(report), metrics
