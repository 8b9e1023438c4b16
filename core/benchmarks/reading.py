"""Probes that read many sentences: predict, scan, orders, edits, subsets of words; the plain way reads each by itself.

The plain way is always the model's own fused forward, in batches, on everything that is asked for.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.benchmarks.measured import Measured, best_in_turn
from core.data.tables import as_csv

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

_VOCABULARY, _EMBEDDING, _HIDDEN = 5_000, 128, 256  # of a model with random weights, as large as the shipped ones
_BATCH = 1_024
# Percentiles of the number of tokens of a tweet, measured on Sentiment140 after preprocessing.
_PERCENTILES = (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9)
_LENGTHS = (1, 4, 5, 8, 10, 12, 14, 17, 20, 23, 27, 30, 33, 39)
TWELVE = "i do not think that this was a good idea at all"
TWEET = "i really hate this stupid weather , it ruined my whole weekend"


def made_up(checkpoint: Checkpoint, count: int) -> list[str]:
    """Sentences of the model's own words, as long as tweets are."""
    rng = np.random.default_rng(0)
    known = checkpoint.vocabulary.words
    words = [word for word in known[50:3_000] or known if word.isalpha()]
    lengths = np.interp(rng.uniform(0, 99.9, count), _PERCENTILES, _LENGTHS).astype(int)
    return [" ".join(rng.choice(words, length)) for length in lengths]


def predict(checkpoint: Checkpoint, rows: int, rounds: int) -> Measured:
    """Verdicts on texts, prefix by prefix, against the bare recurrence on ready-made tensors of the same batches."""
    import torch

    from core.data.corpus import encode, length_batches, pad
    from core.models.predict import verdicts

    texts = made_up(checkpoint, rows)
    sentences = encode(texts, checkpoint.preprocessing, checkpoint.vocabulary)
    with torch.inference_mode():
        blocks = [
            checkpoint.model.embedding(torch.from_numpy(pad(sentences, batch)[0]))
            for batch in length_batches(sentences.lengths, _BATCH)
        ]

    def bare() -> None:
        with torch.inference_mode():
            for block in blocks:
                checkpoint.model.recurrent(block)

    took, reference = best_in_turn(rounds, lambda: verdicts(checkpoint, texts), bare)
    what = f"{checkpoint.name}: verdicts on {rows:,} texts"
    return Measured("predict", what, took, "bare recurrence on ready-made tensors", reference, asked_speed=0.7)


def scan(checkpoint: Checkpoint, rows: int, rounds: int) -> Measured:
    """A file read, scored and written, against the bare recurrence on the same batches."""
    import torch

    from core.data.corpus import encode, length_batches, pad
    from core.probes.scan.one_file import scan as through

    texts = made_up(checkpoint, rows)
    sentences = encode(texts, checkpoint.preprocessing, checkpoint.vocabulary)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        path, out = Path(folder) / "in.csv", Path(folder) / "out.csv"
        table = as_csv(["text", "label"], [(text, number % 2) for number, text in enumerate(texts)])
        path.write_text(table, encoding="utf-8", newline="")
        blocks = [
            checkpoint.model.embedding(torch.from_numpy(pad(sentences, batch)[0]))
            for batch in length_batches(sentences.lengths, 256)
        ]
        took, reference = best_in_turn(
            rounds,
            lambda: list(through(str(path), [checkpoint], "text", "label", str(out))),
            lambda: [checkpoint.model.recurrent(block) for block in blocks],
        )
    what = f"{checkpoint.name}: {rows:,} rows of a CSV, read, scored, written"
    return Measured("scan", what, took, "bare recurrence on ready-made tensors", reference, asked_speed=0.7)


def all_orders(cell: str, words: int, rounds: int, asked: float | None = None) -> Measured:
    """All orders of some words, prefixes shared, against the fused forward of every order (random weights)."""
    import torch

    from core.models.recurrent import Classifier
    from core.probes.permutations.shared_prefixes import SharedPrefixes

    torch.manual_seed(0)
    model = Classifier(cell, _VOCABULARY, _EMBEDDING, _HIDDEN).requires_grad_(False).eval()
    ids = list(range(2, 2 + words))
    orders = np.array(list(itertools.permutations(range(words))), dtype=np.uint8)

    def fused() -> np.ndarray:
        with torch.inference_mode():
            block = torch.tensor(ids)[torch.from_numpy(orders.astype(np.int64))]
            return torch.cat([model(rows) for rows in block.split(_BATCH)]).numpy()

    shared = SharedPrefixes(model, ids)
    difference = float(np.abs(fused() - shared.logits(orders)).max())
    took, reference = best_in_turn(rounds, lambda: shared.logits(orders), fused)
    return Measured(
        "permutations",
        f"{cell}: all {len(orders):,} orders of {words} words",
        took,
        "fused forward of every order",
        reference,
        asked_speed=asked,
        difference=difference,
        note=f"{len(orders) / took:,.0f} orders a second",
    )


def single_changes(cell: str, rounds: int) -> Measured:
    """4,320 changes of one word of twelve, prefixes shared, against whole sentences (random weights)."""
    import torch

    from core.models.recurrent import Classifier
    from core.probes.edits.shared_suffixes import Change, ChangedSentence

    torch.manual_seed(0)
    model = Classifier(cell, _VOCABULARY, _EMBEDDING, _HIDDEN).requires_grad_(False).eval()
    rng, ids = np.random.default_rng(0), list(range(2, 14))
    changes: list[Change] = [(i, i + 1, (int(word),)) for i in range(12) for word in rng.integers(2, _VOCABULARY, 360)]
    whole = torch.tensor([[*ids[:start], *new, *ids[stop:]] for start, stop, new in changes])

    def fused() -> np.ndarray:
        with torch.inference_mode():
            return torch.cat([model(rows) for rows in whole.split(_BATCH)]).numpy()

    def shared() -> np.ndarray:
        return ChangedSentence(model, ids).logits(changes)

    difference = float(np.abs(fused() - shared()).max())
    took, reference = best_in_turn(rounds, shared, fused)
    what = f"{cell}: {len(changes):,} single changes of 12 words"
    return Measured("edits", what, took, "fused forward of every sentence", reference, difference=difference)


def edit_search(checkpoint: Checkpoint, rounds: int) -> Measured:
    """The search for the smallest edit of a tweet, inside the model, against the same question to a black box."""
    from core.models.token_predictor import predictor
    from core.probes.edits import sources as edit_sources
    from core.probes.edits.search import search
    from core.probes.edits.victims import black_box, white_box

    sources = edit_sources.load()
    question = edit_sources.ask(checkpoint, sources, TWEET, "flip", max_edits=1)
    inside, outside = white_box(checkpoint), black_box(predictor(checkpoint))
    for way in (inside, outside):  # what is looked up once, words and fluency, is not measured
        list(search(checkpoint.name, way, question))
    took, reference = best_in_turn(
        rounds,
        lambda: list(search(checkpoint.name, inside, question)),
        lambda: list(search(checkpoint.name, outside, question)),
    )
    what = f"{checkpoint.name}: every allowed single edit of a tweet"
    return Measured("edits", what, took, "the same of a black box, sentence by sentence", reference)


def all_subsets(checkpoint: Checkpoint, baseline: str, rounds: int) -> Measured:
    """Exact Shapley values: all subsets of twelve words as a tree, against a batch of all 4,096 sentences."""
    from core.probes.attribution.methods.shapley import all_values, shapley
    from core.probes.attribution.removal import Game, subsets
    from core.probes.attribution.results import Reading

    given = Reading(checkpoint, TWELVE, tuple(TWELVE.split()))
    game, rows = Game(given, baseline), subsets(len(given.tokens))
    difference = float(np.abs(all_values(game).all - game.values(rows)).max())
    took, reference, whole = best_in_turn(
        rounds,
        lambda: all_values(Game(given, baseline)),
        lambda: game.values(rows),
        lambda: shapley(given, baseline),
    )
    what = f"{checkpoint.name}: all 4,096 subsets of 12 words, the rest by “{baseline}”"
    note = f"Shapley values in all {whole:.3f} s (asked: under 0.3)"
    return Measured("shapley", what, took, "a batch of all", reference, difference=difference, note=note)


def behaviour(checkpoint: Checkpoint) -> Measured:
    """The suite of behaviour tests, against the fused forward of its sentences with nothing counted."""
    from core.models.predict import verdicts
    from core.probes.checklist.suite import cases, run

    texts = list(dict.fromkeys(text for case in cases() for text in case.texts))
    took, reference = best_in_turn(1, lambda: run(checkpoint), lambda: verdicts(checkpoint, texts))
    what = f"{checkpoint.name}: the suite, {len(texts):,} sentences"
    return Measured("suite", what, took, "verdicts on its sentences alone", reference)


def quick(models: list[Checkpoint]) -> Iterator[Measured]:
    """A look at each, on one model."""
    one = models[-1]
    yield predict(one, 2_000, 2)
    yield scan(one, 2_000, 2)
    yield all_orders(one.model.cell, 7, 2)
    yield single_changes(one.model.cell, 2)
    yield edit_search(one, 1)
    yield all_subsets(one, "delete", 3)


def whole(models: list[Checkpoint]) -> Iterator[Measured]:
    """All of them, on every model."""
    for checkpoint in models:
        yield predict(checkpoint, 20_000, 3)
    yield scan(models[-1], 50_000, 3)
    for checkpoint in models:
        cell = checkpoint.model.cell
        yield all_orders(cell, 8, 5, 6.0 if cell == "lstm" else None)
    for checkpoint in models:
        yield single_changes(checkpoint.model.cell, 5)
        yield edit_search(checkpoint, 3)
        yield all_subsets(checkpoint, "delete", 5)
    yield behaviour(models[-1])
