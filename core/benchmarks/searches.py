"""Probes that search files, remarks, orders and pairs, and those that measure models; each beside the plain method.

The plain method does the same on the same sentences, by the model's own fused forward in batches, with nothing shared.
All texts are made up of the models' own words.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations, product
from math import perm
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.benchmarks.measured import Measured, Timing, Work, best_in_turn, compare, race
from core.benchmarks.reading import TWELVE, made_up, subset_values
from core.data.tables import as_csv, rows

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.robustness.families import Substitutions

_SIX = "this was not good at all"


def mining(checkpoint: Checkpoint, count: int, rounds: int) -> Measured:
    """Permutations with opposite verdicts in a file, in two passes, against one that keeps every text in memory."""
    from core.probes.permutations.mining import mine

    texts, random = made_up(checkpoint, count), np.random.default_rng(0)
    twins = [" ".join(random.permutation(text.split())) for text in texts[::10]]  # the same words in another order

    def ours(path: Path) -> dict[tuple[int, int], float]:
        *_, last = mine(path, [checkpoint], per_group=count)
        return {pair.rows: pair.gap for pair in last.pairs}

    with _table([(text, 0) for text in texts + twins]) as path:
        pairs, plain = ours(path), _mined_at_once(path, checkpoint)
        # A pair that only one of them has counts with its whole gap.
        difference = max((abs(pairs.get(pair, 0) - plain.get(pair, 0)) for pair in {*pairs, *plain}), default=0.0)
        took, reference = best_in_turn(rounds, lambda: ours(path), lambda: _mined_at_once(path, checkpoint))
    what = f"{checkpoint.name}: permutations with opposite verdicts among {count + len(twins):,} rows"
    note = f"{len(pairs):,} pairs"
    return Measured("mine", what, took, "one pass, every text held", reference, difference=difference, note=note)


def _mined_at_once(path: Path, checkpoint: Checkpoint) -> dict[tuple[int, int], float]:
    """The gaps of opposite pairs, by their rows, from groups of all tokens in one dictionary."""
    from core.data.corpus import encode_tokens
    from core.models.predict import logits, sigmoid

    groups: dict[tuple[str, ...], dict[tuple[int, ...], tuple[int, list[str]]]] = {}
    for row, _line, (text,) in rows(path, ("text",)):
        tokens = checkpoint.preprocessing(str(text))
        if len(tokens) > 1:
            order = tuple(checkpoint.vocabulary.encode(tokens))
            groups.setdefault(tuple(sorted(tokens)), {}).setdefault(order, (row, tokens))
    orders = [list(group.values()) for group in groups.values() if len(group) > 1]
    sentences = [tokens for group in orders for _row, tokens in group]
    scores = iter(sigmoid(logits(checkpoint.model, encode_tokens(sentences, checkpoint.vocabulary))).tolist())
    gaps = {}
    for group in orders:
        scored = [(row, next(scores)) for row, _tokens in group]
        for (a, high), (b, low) in product(scored, scored):
            if high >= 0.5 > low:
                gaps[a, b] = high - low
    return gaps


def remarks(checkpoint: Checkpoint, patterns: int | None, rounds: int) -> Measured:
    """Every remark that the first so many patterns make of a situation, ranked, against scoring them all at once."""
    from core.data import targets
    from core.models.token_predictor import predictor
    from core.probes.sarcasm.candidates import Candidates, Question
    from core.probes.sarcasm.compose import search
    from core.probes.sarcasm.recipes import PATTERNS
    from core.probes.sarcasm.situations import bank

    situation, chosen, predict = bank()[0], PATTERNS[:patterns], predictor(checkpoint)
    question, positive = Question(situation, patterns=chosen), targets.named(checkpoint.labels, "positive")

    def ours() -> float:
        candidates = Candidates(question, checkpoint.preprocessing)
        *_, last = search(checkpoint.name, predict, candidates, labels=checkpoint.labels)
        return last.result().top[0].probability

    def plain() -> float:
        texts = (made.build(situation, number)[0] for made in chosen for number in range(made.count(situation)))
        distinct = list(dict.fromkeys(tuple(checkpoint.preprocessing(text)) for text in texts))
        return float(targets.chance(predict(distinct), positive).max())

    what = f"{checkpoint.name}: all {question.recipes:,} remarks that {len(chosen)} of {len(PATTERNS)} recipes make"
    return compare("compose", what, ours, "built, read and scored in one go, unranked", plain, rounds)


def retention_of(checkpoint: Checkpoint, fillers: int, upto: int, rounds: int) -> Measured:
    """Eight words before the same fillers, read side by side, against the fused forward of every whole text."""
    import torch

    from core.probes.dynamics.retention import STRONG, neutral_ids, retention

    drawn = np.random.default_rng(0).choice(neutral_ids(checkpoint), (fillers, upto))
    words = checkpoint.vocabulary.encode([token for word in STRONG for token in checkpoint.preprocessing(word)])

    def ours() -> np.ndarray:
        return retention(checkpoint, STRONG, fillers, upto).effect

    def plain() -> np.ndarray:
        first = np.repeat(words, fillers)[:, None]
        after = np.concatenate([first, np.tile(drawn, (len(words), 1))], axis=1)
        with torch.inference_mode():
            alone = checkpoint.model.prefix_logits(torch.from_numpy(drawn)).numpy()
            spoken = checkpoint.model.prefix_logits(torch.from_numpy(after)).numpy()
        alone = np.concatenate([np.full((fillers, 1), checkpoint.model.empty_logit()), alone], axis=1)
        effect: np.ndarray = spoken.reshape(len(words), fillers, upto + 1) - alone
        return effect

    what = f"{checkpoint.name}: {len(words)} words before {fillers} fillers of 0 to {upto} words, with intervals"
    return compare("retention", what, ours, "fused forward of the same texts, no intervals", plain, rounds)


def order_of(checkpoint: Checkpoint, rounds: int) -> Measured:
    """What six words and their places add, orders as a tree, against a batch of all distinct orders."""
    from core.data.corpus import encode_tokens
    from core.models.predict import logits
    from core.probes.attribution.order import exact_order, order_attribution
    from core.probes.attribution.results import Instance

    instance = Instance.of_tokens(checkpoint, _SIX.split())
    n = len(instance.tokens)

    def read(arranged: np.ndarray) -> np.ndarray:
        """Logits of sentences whose absent words, n, are left out; each distinct one is read once."""
        front = np.take_along_axis(arranged, (arranged == n).argsort(axis=1, kind="stable"), axis=1)
        distinct, number = np.unique(front, axis=0, return_inverse=True)  # the empty sentence comes last
        sentences = [[instance.tokens[index] for index in row if index < n] for row in distinct.tolist()]
        encoded = encode_tokens(sentences[:-1], checkpoint.vocabulary)
        by_sentence = np.append(logits(checkpoint.model, encoded), checkpoint.model.empty_logit())
        return np.asarray(by_sentence[number.reshape(-1)], dtype=np.float64)

    def ours() -> np.ndarray:
        result = order_attribution(instance)
        return np.concatenate([result.words, result.positions])

    what = f"{checkpoint.name}: what {n} words and their places add, exactly"
    return compare("order", what, ours, "a batch of all distinct orders", lambda: exact_order(read, n).scores, rounds)


def pairs_of(checkpoint: Checkpoint, rounds: int) -> Measured:
    """Interactions of all pairs of twelve words, subsets as a tree, against a batch of all 4,096 sentences."""
    from core.probes.attribution.interactions import interactions, interactions_of
    from core.probes.attribution.removal import subsets
    from core.probes.attribution.results import Instance

    instance = Instance.of_tokens(checkpoint, TWELVE.split())

    def ours() -> np.ndarray:
        return interactions(instance).matrix

    def plain() -> np.ndarray:
        return interactions_of(subset_values(instance, "delete", subsets(12)))

    what = f"{checkpoint.name}: all pairs of 12 words"
    return compare("interactions", what, ours, "a batch of all 4,096 subsets", plain, rounds)


def assessment(models: list[Checkpoint], count: int, rounds: int) -> Measured:
    """Models assessed on a labelled table, window by window, against the table read whole and right rows counted."""
    from core.data.corpus import encode, read_corpus
    from core.evaluation.assessment import assess
    from core.models.predict import logits

    def ours(path: Path) -> np.ndarray:
        *_, last = assess(path, models)
        return np.array([tally.at(0.5).accuracy for tally in last.tallies.tallies])

    def plain(path: Path) -> np.ndarray:
        corpus = read_corpus(path)
        accuracies = []
        for checkpoint in models:
            scores = logits(checkpoint.model, encode(corpus.texts, checkpoint.preprocessing, checkpoint.vocabulary))
            accuracies.append(((scores >= 0) == corpus.labels).mean())
        return np.array(accuracies)

    labels = ("negative", "positive")
    what = f"{', '.join(checkpoint.name for checkpoint in models)}: {count:,} labelled rows of a CSV"
    than = "read whole, scored, only the right ones counted"
    with _table([(text, labels[row % 2]) for row, text in enumerate(made_up(models[-1], count))]) as path:
        return compare("assess", what, lambda: ours(path), than, lambda: plain(path), rounds)


def state_probe(checkpoint: Checkpoint, sentences: int, rounds: int) -> Measured:
    """A probe of the place in states of every token, with controls, against sentence by sentence and the bare fits."""
    import torch
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from core.data.corpus import encode
    from core.probes.units.linear_probes import (
        PENALTY,
        POSITION,
        SEED,
        STEPS,
        Probe,
        control_labels,
        position_labels,
        probe,
        split,
    )
    from core.probes.units.token_states import HIDDEN, token_states

    encoded = encode(made_up(checkpoint, sentences), checkpoint.preprocessing, checkpoint.vocabulary)
    tokens, labels = split(encoded, SEED), position_labels(encoded)
    tasks = [labels, *(control_labels(tokens.ids, labels, tokens.train, (SEED, 1, number)) for number in range(3))]

    def batched() -> np.ndarray:
        states = np.empty((len(encoded.ids), checkpoint.model.hidden_size), dtype=np.float32)
        for positions, batch in token_states(checkpoint.model, encoded, HIDDEN):
            states[positions] = batch
        return states

    def one_by_one() -> np.ndarray:
        with torch.inference_mode():
            parts = [torch.from_numpy(part)[None] for part in np.split(encoded.ids, encoded.offsets[1:-1])]
            return np.concatenate([checkpoint.model.recurrent(checkpoint.model.embedding(x))[0][0] for x in parts])

    def plain() -> None:
        states = one_by_one()
        for task in tasks:
            fit = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=STEPS)
            model = make_pipeline(StandardScaler(), fit).fit(states[tokens.train], task[tokens.train])
            model.predict(states[~tokens.train])

    def ours() -> Probe:
        return probe(batched(), labels, tokens, POSITION, HIDDEN)

    what = f"{checkpoint.name}: the place read off {len(encoded.ids):,} states, three controls, intervals"
    than = "states of each sentence by itself, the same four fits alone"
    more = {"difference": float(np.abs(batched() - one_by_one()).max()), "note": "the difference is that of the states"}
    return race("probe-states", what, ours, than, plain, rounds, **more)


def products_of(checkpoint: Checkpoint, count: int, rounds: int) -> Measured:
    """All orders of so many words, as a share of the machine's limit: the products U h of their prefixes alone."""
    import torch

    from core.probes.permutations.shared_prefixes import BLOCK, SharedPrefixes

    rows = np.array(list(permutations(range(count))), dtype=np.uint8)
    reader = SharedPrefixes(checkpoint.model, list(range(2, 2 + count)))
    weight = checkpoint.model.recurrent.weight_hh_l0.t().contiguous()
    states, out = torch.rand(BLOCK, len(weight)), torch.empty(BLOCK, weight.shape[1])
    prefixes = sum(perm(count, length) for length in range(1, count))

    def products() -> None:
        with torch.inference_mode():
            for done in range(0, prefixes, BLOCK):
                some = min(BLOCK, prefixes - done)
                torch.mm(states[:some], weight, out=out[:some])

    what = f"{checkpoint.name}: {len(rows):,} orders of {count} words, {prefixes:,} prefixes that a word follows"
    than = "their products alone: the limit of float32"
    return race("orders", what, lambda: reader.logits(rows), than, products, rounds, asked_speed=0.85)


def enumeration(checkpoint: Checkpoint, words: int, each: int, arc: bool, rounds: int) -> Measured:
    """Every way to replace up to three of some words, each by one of so many, against the same sequences unshared, or
    shared as ARC does."""
    from core.probes.robustness.families import Substitutions

    known = checkpoint.vocabulary.words[50 : 50 + words * (each + 1)]
    listed = tuple(tuple(known[words + place * each :][:each]) for place in range(words))
    family = Substitutions(tuple(known[:words]), listed, min(3, words))
    ours, unshared, remembered = lowest_of(checkpoint, family)
    what = f"{checkpoint.name}: {family.count:,} sequences, up to three of {words} words replaced by {each} each"
    if arc:
        return compare("certify", what, ours, "prefixes remembered, ten at a time", remembered, rounds, asked_speed=5.0)
    than = "each by itself, fused, in batches of 1,024"
    return compare("certify", what, ours, than, unshared, rounds, asked_speed=3.0)


def lowest_of(checkpoint: Checkpoint, family: Substitutions) -> tuple[Work, Work, Work]:
    """Three ways to the lowest logit of all sequences of a family: prefixes shared as `certify` does; each sequence by
    itself, fused; and ARC's way (Zhang et al. 2021), states of prefixes remembered and stepped on ten at a time."""
    import torch

    from core.probes.permutations.shared_prefixes import SharedPrefixes

    ids, words = np.array(checkpoint.vocabulary.encode(family.words)), len(family.tokens)
    model, reader = checkpoint.model, SharedPrefixes(checkpoint.model, ids.tolist(), length=words)

    def blocks() -> Iterator[np.ndarray]:
        yield family.own[None]
        for part in family.parts():
            yield from part.blocks

    def shared() -> float:
        return min(float(reader.logits(block).min()) for block in blocks())

    def unshared() -> float:
        with torch.inference_mode():
            parts = (part for block in blocks() for part in torch.from_numpy(ids[block.astype(int)]).split(1_024))
            return min(float(model(part).min()) for part in parts)

    def remembered() -> float:
        embedded = model.embedding(torch.from_numpy(ids))
        lowest = np.inf
        waiting = [(model.start(1), np.zeros(1, dtype=int), 0)]  # states, changes made, place
        with torch.inference_mode():
            while waiting:
                state, made, place = waiting.pop()
                if place == words:
                    lowest = min(lowest, float(model.read_state(state).min()))
                    continue
                reach = torch.from_numpy(family.reach(place).astype(int))
                parent, word = np.nonzero((made[:, None] < family.most) | (np.arange(len(reach)) == 0))
                for first in range(0, len(parent), 10):
                    some = slice(first, first + 10)
                    after = model.step(embedded[reach[word[some]]], state.rows(torch.from_numpy(parent[some]))).state
                    waiting.append((after, made[parent[some]] + (word[some] > 0), place + 1))
        return lowest

    return shared, unshared, remembered


@contextmanager
def _table(lines: list[tuple[str, object]]) -> Iterator[Path]:
    """A CSV of texts and labels, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made_up.csv"
        path.write_text(as_csv(["text", "label"], lines), encoding="utf-8", newline="")
        yield path


TIMINGS = (
    Timing(mining, (5_000, 2), (50_000, 3)),
    Timing(remarks, (1, 2), (None, 1)),
    Timing(retention_of, (10, 50, 2), (20, 100, 3)),
    Timing(order_of, (2,), (5,)),
    Timing(pairs_of, (3,), (5,)),
    Timing(assessment, (2_000, 1), (20_000, 3), on="all"),
    Timing(state_probe, (200, 1), (1_000, 1)),
    Timing(products_of, (7, 2), (8, 5)),
    Timing(enumeration, (7, 6, False, 2), (12, 12, False, 1)),
    Timing(enumeration, (7, 6, True, 1), (12, 12, True, 1)),
)
