"""Probes that read many sentences: predict, scan, orders, edits, subsets of words.

The plain method is the model's own fused forward, in batches, on each sentence.
"""

from __future__ import annotations

import copy
import itertools
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.benchmarks.measured import Measured, Timing, best_in_turn, compare, race
from core.data.tables import as_csv

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.checkpoints import Checkpoint
    from core.models.recurrent import Classifier
    from core.probes.attribution.results import Instance

_VOCABULARY, _EMBEDDING, _HIDDEN = 5_000, 128, 256  # of a model with random weights, as large as the shipped ones
_BATCH = 1_024
_BARE = "bare recurrence on ready-made tensors"
# Percentiles of the number of tokens of a tweet, measured on Sentiment140 after preprocessing.
_PERCENTILES = (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9)
_LENGTHS = (1, 4, 5, 8, 10, 12, 14, 17, 20, 23, 27, 30, 33, 39)
TWELVE = "i do not think that this was a good idea at all"
TWEET = "i really hate this stupid weather , it ruined my whole weekend"


def tweet_lengths(rng: np.random.Generator, count: int) -> np.ndarray:
    """Numbers of tokens, int64 [count], distributed as those of tweets."""
    return np.interp(rng.uniform(0, 99.9, count), _PERCENTILES, _LENGTHS).astype(np.int64)


def made_up(checkpoint: Checkpoint, count: int) -> list[str]:
    """Sentences of the model's own words, as long as tweets are."""
    rng = np.random.default_rng(0)
    known = checkpoint.vocabulary.words
    words = np.array([word for word in known[50:3_000] or known if word.isalpha()])
    return [" ".join(rng.choice(words, length)) for length in tweet_lengths(rng, count)]


def _blocks(checkpoint: Checkpoint, texts: list[str], batch: int) -> list[Tensor]:
    """Embedded texts, ready-made tensors of the batches that a reader makes."""
    import torch

    from core.data.corpus import encode, length_batches, pad

    sentences = encode(texts, checkpoint.preprocessing, checkpoint.vocabulary)
    with torch.inference_mode():
        return [
            checkpoint.model.embedding(torch.from_numpy(pad(sentences, rows)[0]))
            for rows in length_batches(sentences.lengths, batch)
        ]


def predict(checkpoint: Checkpoint, rows: int, rounds: int) -> Measured:
    """Verdicts on texts, prefix by prefix, against the bare recurrence on ready-made tensors of the same batches."""
    import torch

    from core.models.predict import verdicts

    texts = made_up(checkpoint, rows)
    blocks = _blocks(checkpoint, texts, _BATCH)

    def bare() -> None:
        with torch.inference_mode():
            for block in blocks:
                checkpoint.model.recurrent(block)

    what = f"{checkpoint.name}: verdicts on {rows:,} texts"
    return race("predict", what, lambda: verdicts(checkpoint, texts), _BARE, bare, rounds, asked_speed=0.7)


def scan(checkpoint: Checkpoint, rows: int, rounds: int) -> Measured:
    """A file read, scored and written, against the bare recurrence on the same batches."""
    import torch

    from core.probes.scan.one_file import scan as scan_file

    texts = made_up(checkpoint, rows)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        path, out = _labelled(checkpoint, texts, folder), Path(folder) / "out.csv"
        blocks = _blocks(checkpoint, texts, 256)

        def ours() -> None:
            list(scan_file(str(path), [checkpoint], "text", "label", str(out)))

        def bare() -> None:
            for block in blocks:
                checkpoint.model.recurrent(block)

        what = f"{checkpoint.name}: {rows:,} rows of a CSV, read, scored, written"
        return race("scan", what, ours, _BARE, bare, rounds, asked_speed=0.7)


def scan_of_three(checkpoint: Checkpoint, rows: int, rounds: int) -> Measured:
    """A file read, scored and written by a model of three classes, against the same network with two."""
    from core.probes.scan.one_file import scan as scan_file

    three = of_three_classes(checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        path, out = _labelled(checkpoint, made_up(checkpoint, rows), folder), Path(folder) / "out.csv"

        def scanned(model: Checkpoint) -> None:
            list(scan_file(str(path), [model], "text", "label", str(out)))

        what, than = f"{checkpoint.name}: {rows:,} rows, three classes", "two classes"
        return race("scan", what, partial(scanned, three), than, partial(scanned, checkpoint), rounds, asked_speed=0.9)


def of_three_classes(checkpoint: Checkpoint) -> Checkpoint:
    """A model's network with a head of three classes: its own two, and one of random weights."""
    import torch

    own, model = checkpoint.model.linear, copy.copy(checkpoint.model)
    linear = torch.nn.Linear(own.in_features, 3, device="meta")
    drawn = torch.randn(own.in_features, generator=torch.Generator().manual_seed(0)) * own.weight.std()
    for name, rows in (("weight", (0 * drawn, own.weight[-1], drawn)), ("bias", (own.bias[-1] * 0, own.bias[-1]) * 2)):
        setattr(linear, name, torch.nn.Parameter(torch.stack(rows[:3]), requires_grad=False))
    model._modules, model.target = {**model._modules, "linear": linear}, None
    card = {**checkpoint.card, "labels": [*checkpoint.labels, "neither"]}
    return replace(checkpoint, model=model, card=card, hash=f"{checkpoint.hash}+")


def _labelled(checkpoint: Checkpoint, texts: list[str], folder: str) -> Path:
    """A CSV of texts, each labelled with one of a model's two classes."""
    path = Path(folder) / "in.csv"
    table = as_csv(["text", "label"], [(text, checkpoint.labels[row % 2]) for row, text in enumerate(texts)])
    path.write_text(table, encoding="utf-8", newline="")
    return path


def _random_model(cell: str, outputs: int = 1) -> Classifier:
    import torch

    from core.models.recurrent import Classifier

    torch.manual_seed(0)
    return Classifier(cell, _VOCABULARY, _EMBEDDING, _HIDDEN, outputs=outputs).requires_grad_(False).eval()


def _fused(model: Classifier, ids: Tensor) -> np.ndarray:
    """Logits of sentences by the fused forward, in batches."""
    import torch

    with torch.inference_mode():
        return torch.cat([model(rows) for rows in ids.split(_BATCH)]).numpy()


def all_orders(cell: str, words: int, rounds: int) -> Measured:
    """All orders of some words, prefixes shared, against the fused forward of every order (random weights)."""
    import torch

    from core.probes.permutations.shared_prefixes import SharedPrefixes

    model, ids = _random_model(cell), list(range(2, 2 + words))
    orders = np.array(list(itertools.permutations(range(words))), dtype=np.uint8)
    shared = SharedPrefixes(model, ids)
    whole = torch.tensor(ids)[torch.from_numpy(orders.astype(np.int64))]
    what, than = f"{cell}: all {len(orders):,} orders of {words} words", "fused forward of every order"
    asked = {8: 6.0, 9: 5.5}.get(words) if cell == "lstm" else None
    ours, fused = partial(shared.logits, orders), partial(_fused, model, whole)
    measured = compare("permutations", what, ours, than, fused, rounds, asked_speed=asked)
    return replace(measured, note=f"{len(orders) / measured.seconds:,.0f} orders a second")


def orders_of_three_classes(cell: str, words: int, rounds: int) -> Measured:
    """Log-odds and predicted classes of all orders of some words, by three classes against by two (random weights)."""
    from core.data.labels import SENTIMENT
    from core.data.targets import POSITIVE, Answers, Target, answers
    from core.probes.permutations.shared_prefixes import SharedPrefixes

    orders = np.array(list(itertools.permutations(range(words))), dtype=np.uint8)

    def work(outputs: int, target: Target) -> Callable[[], Answers]:
        shared = SharedPrefixes(_random_model(cell, outputs), range(2, 2 + words))
        return lambda: answers(shared.logits(orders), target)

    three, two = work(3, Target((*SENTIMENT, "neutral"), 2)), work(1, POSITIVE)
    what = f"{cell}: all {len(orders):,} orders of {words} words, three classes"
    return race("permutations", what, three, "the same of two classes", two, rounds, asked_speed=0.9)


def single_changes(cell: str, rounds: int) -> Measured:
    """4,320 changes of one word of twelve, prefixes shared, against whole sentences (random weights)."""
    import torch

    from core.models.shared_suffixes import Change, ChangedSentence

    model = _random_model(cell)
    rng, ids = np.random.default_rng(0), list(range(2, 14))
    changes: list[Change] = [(i, i + 1, (int(word),)) for i in range(12) for word in rng.integers(2, _VOCABULARY, 360)]
    whole = torch.tensor([[*ids[:start], *new, *ids[stop:]] for start, stop, new in changes])

    def shared() -> np.ndarray:
        return ChangedSentence(model, ids).logits(changes)

    what, than = f"{cell}: {len(changes):,} single changes of 12 words", "fused forward of every sentence"
    return compare("edits", what, shared, than, lambda: _fused(model, whole), rounds)


def edit_search(checkpoint: Checkpoint, rounds: int) -> Measured:
    """The search for the smallest edit of a tweet, inside the model, against the same question to a black box."""
    from core.models.token_predictor import predictor
    from core.probes.edits import sources as edit_sources
    from core.probes.edits.search import search
    from core.probes.edits.victims import black_box, white_box

    sources = edit_sources.load()
    question = edit_sources.ask(checkpoint, sources, TWEET, "flip", max_edits=1)
    inside, outside = (
        lambda victim=victim: list(search(checkpoint.name, victim, question))
        for victim in (white_box(checkpoint), black_box(predictor(checkpoint), checkpoint.labels))
    )
    inside(), outside()  # words and fluency are looked up once, which is not measured
    what, than = f"{checkpoint.name}: every allowed single edit of a tweet", "the same of a black box"
    return race("edits", what, inside, than, outside, rounds)


def subset_values(instance: Instance, baseline: str, present: np.ndarray) -> np.ndarray:
    """v of subsets, bool [S, n], in batches of the changed texts: float64 [S]."""
    import torch

    from core.probes.attribution.removal import replacement

    model, values = instance.white_box.model, np.empty(len(present))
    with torch.inference_mode():
        x = model.embedding(torch.tensor(instance.white_box.vocabulary.encode(instance.tokens)))
        if baseline != "delete":
            changed = torch.where(torch.from_numpy(present)[:, :, None], x, replacement(model, baseline))
            return np.concatenate([model.from_embeddings(batch).numpy() for batch in changed.split(_BATCH)])
        sizes = present.sum(axis=1)
        values[sizes == 0] = model.empty_logit()
        for size in range(1, present.shape[1] + 1):
            kept = torch.from_numpy(np.nonzero(present[sizes == size])[1]).view(-1, size)
            batches = [model.from_embeddings(x[batch]).numpy() for batch in kept.split(_BATCH) if len(batch)]
            values[sizes == size] = np.concatenate(batches) if batches else 0
    return values


def all_subsets(checkpoint: Checkpoint, baseline: str, rounds: int) -> Measured:
    """Exact Shapley values: all subsets of twelve words as a tree, against a batch of all 4,096 sentences."""
    from core.probes.attribution.methods.shapley import shapley
    from core.probes.attribution.methods.tree import PrefixTree
    from core.probes.attribution.removal import subsets
    from core.probes.attribution.results import Instance

    instance = Instance.of_tokens(checkpoint, TWELVE.split())
    rows = subsets(12)
    (whole,) = best_in_turn(rounds, lambda: shapley(instance, baseline))

    def tree() -> np.ndarray:
        return PrefixTree(instance, baseline).values(rows)

    what = f"{checkpoint.name}: all 4,096 subsets of 12 words, the rest by “{baseline}”"
    note = f"Shapley values in all {whole:.3f} s (asked: under 0.3)"
    return compare(
        "shapley", what, tree, "a batch of all", partial(subset_values, instance, baseline, rows), rounds, note=note
    )


def behaviour(checkpoint: Checkpoint) -> Measured:
    """The suite of behaviour tests, against the fused forward of its sentences with nothing counted."""
    from core.models.predict import verdicts
    from core.probes.checklist.suite import cases, run

    texts = list(dict.fromkeys(text for case in cases() for text in case.texts))
    what, than = f"{checkpoint.name}: the suite, {len(texts):,} sentences", "verdicts on its sentences alone"
    return race("suite", what, lambda: run(checkpoint), than, lambda: verdicts(checkpoint, texts), 1)


TIMINGS = (
    Timing(predict, (2_000, 2), (20_000, 3)),
    Timing(scan, (2_000, 2), (50_000, 3), on="last"),
    Timing(scan_of_three, (2_000, 3), (50_000, 3), on="last"),
    Timing(lambda checkpoint, *how: all_orders(checkpoint.model.cell, *how), (7, 2), (8, 5)),
    Timing(lambda checkpoint, *how: all_orders(checkpoint.model.cell, *how), None, (9, 2)),
    Timing(lambda checkpoint, *how: orders_of_three_classes(checkpoint.model.cell, *how), (8, 3), (8, 5)),
    Timing(lambda checkpoint, *how: single_changes(checkpoint.model.cell, *how), (2,), (5,)),
    Timing(edit_search, (1,), (3,)),
    Timing(all_subsets, ("delete", 3), ("delete", 5)),
    Timing(behaviour, None, (), on="last"),
)
