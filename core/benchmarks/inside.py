"""Probes that look inside: traces, gradients, patches, fixed points, attributions; each beside the plain way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from core.benchmarks.measured import Measured, best_in_turn, seconds
from core.benchmarks.reading import made_up

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

FORTY = (
    "i really did not think that this day could get any better but then my friend called and told me that the show was "
    "on again tonight so we went and it was the best night ever ! so happy"
)
A = "i used to love this show so much but now i really hate it and that makes me very sad"
B = "i used to hate this show so much but now i really love it and that makes me very happy"
_WARM = "so good"  # read once before, as imports are not what is measured


def trace_of_forty(checkpoint: Checkpoint, rounds: int) -> Measured:
    """Every state and gate of forty tokens, copies included, against the fused forward, which keeps none."""
    import torch

    from core.models.trace import trace

    ids = torch.tensor([checkpoint.vocabulary.encode(checkpoint.preprocessing(FORTY))])

    def fused() -> float:
        with torch.inference_mode():
            return float(checkpoint.model(ids))

    difference = abs(fused() - float(trace(checkpoint, FORTY).logit[-1]))
    took, reference = best_in_turn(rounds, lambda: trace(checkpoint, FORTY), fused)
    return Measured(
        "trace",
        f"{checkpoint.name}: every state and gate of 40 tokens",
        took,
        "fused forward, which keeps none",
        reference,
        asked_speed=0.2,
        difference=difference,
    )


def decomposition(checkpoint: Checkpoint, rounds: int) -> Measured:
    """The contextual decomposition of every word of forty tokens, against the trace."""
    from core.models.trace import trace_tokens
    from core.probes.attribution.methods.decomposition import words
    from core.probes.attribution.results import Reading

    tokens = tuple(checkpoint.preprocessing(FORTY))
    reading = Reading(checkpoint, FORTY, tokens)
    words(reading)
    took, reference = best_in_turn(rounds, lambda: words(reading), lambda: trace_tokens(checkpoint, tokens))
    what = f"{checkpoint.name}: decomposition of each of 40 tokens"
    return Measured("attributions", what, took, "one trace", reference, asked_seconds=0.1)


def every_method(checkpoint: Checkpoint, rounds: int) -> Measured:
    """All methods of attribution on twenty tokens, against one integrated gradients."""
    from core.probes.attribution.attribute import attribute, available

    text = "i really did not think that this day could get any better but it was the best night ever !"
    methods = available(checkpoint)
    for method in methods:
        attribute(checkpoint, _WARM, method)
    took, reference = best_in_turn(
        rounds,
        lambda: [attribute(checkpoint, text, method) for method in methods],
        lambda: attribute(checkpoint, text, "integrated-gradients"),
    )
    what = f"{checkpoint.name}: all {len(methods)} methods on 20 tokens"
    return Measured("attributions", what, took, "integrated gradients alone", reference, asked_seconds=3.0)


def step_gradients(checkpoint: Checkpoint, rounds: int) -> Measured:
    """Gradients and Jacobians of every step of forty tokens, against the trace."""
    from core.models.trace import trace
    from core.probes.dynamics.trajectories import gradients

    gradients(checkpoint, _WARM)
    took, reference = best_in_turn(rounds, lambda: gradients(checkpoint, FORTY), lambda: trace(checkpoint, FORTY))
    what = f"{checkpoint.name}: gradients and Jacobians of 40 steps"
    return Measured("gradients", what, took, "one trace", reference)


def memory_of(models: list[Checkpoint], rounds: int) -> Measured:
    """The memory experiment, a word and up to 100 fillers, against a backward pass of each of the 101 texts."""
    import torch

    from core.probes.dynamics.memory_decay import FILLER, memory

    def text_by_text() -> None:
        """A fused forward and a backward pass of every tenth text, each read anew."""
        for checkpoint in models:
            words = checkpoint.preprocessing(FILLER)
            ids = checkpoint.vocabulary.encode(["hate", *(words[place % len(words)] for place in range(100))])
            for length in lengths:
                x = checkpoint.model.embedding(torch.tensor([ids[:length]])).detach().requires_grad_()
                states, _last = checkpoint.model.recurrent(x)
                torch.autograd.grad(checkpoint.model.read_out(states[:, -1])[0], x)

    lengths = range(1, 102, 10)  # each stands for about ten
    for checkpoint in models:
        memory(checkpoint, "hate", upto=2)
    took, tenth = best_in_turn(
        rounds,
        lambda: [memory(checkpoint, "hate", upto=100) for checkpoint in models],
        text_by_text,
    )
    reference = tenth * 101 / len(lengths)
    what = f"{', '.join(checkpoint.name for checkpoint in models)}: a word and 0 to 100 fillers"
    return Measured(
        "memory", what, took, "a forward and a backward of each text by itself", reference, asked_seconds=2.0
    )


def patches(checkpoint: Checkpoint, rounds: int) -> Measured:
    """The grid of every patch between two sentences of twenty tokens, against reading on anew for each."""
    from core.models.trace import trace
    from core.probes.interventions.hold import Patch, intervene, patchable
    from core.probes.interventions.patching import patch_texts

    a, b = trace(checkpoint, A), trace(checkpoint, B)

    def anew() -> None:
        for source, other in ((a, b), (b, a)):
            for step in range(len(a)):
                for what in patchable(a.cell):
                    intervene(checkpoint, source, [Patch(what, step)], other)

    took = min(seconds(lambda: patch_texts(checkpoint, A, B)) for _ in range(max(3, rounds)))
    reference = min(seconds(anew) for _ in range(max(1, rounds // 3)))
    what = f"{checkpoint.name}: every patch between two sentences of 20 tokens, traces included"
    return Measured("patching", what, took, "each patch read anew", reference, asked_seconds=1.0)


def rest(checkpoint: Checkpoint) -> Measured:
    """The search for a model's fixed points."""
    from core.data.examples import examples
    from core.probes.dynamics.fixed_points import search

    texts = [example.text for example in examples()]
    clock = time.perf_counter()
    *_, last = search(checkpoint, texts)
    took, found = time.perf_counter() - clock, last.found
    note = f"{len(found.points)} points of {found.tried:,} starts"
    return Measured("fixed points", f"{checkpoint.name}: input held at zero", took, asked_seconds=60.0, note=note)


def pattern_search(checkpoint: Checkpoint, tokens: int, rounds: int) -> Measured:
    """A pattern of units looked for in an index of many tokens, against making the index."""
    from core.models.trace import trace
    from core.probes.scan.lines import Lines
    from core.probes.units.patterns import index, pattern, search

    texts = tuple(made_up(checkpoint, tokens // 12))
    lines = Lines("made_up", texts, tuple(range(len(texts))), None, 0, 0)
    clock = time.perf_counter()
    *_, last = index(checkpoint, lines, "h")
    built, found = time.perf_counter() - clock, last.index
    assert found is not None
    asked = pattern(checkpoint, trace(checkpoint, A), 3, 5, 0.1, "h", magnitude=True, bounded=False)
    took = min(seconds(lambda: search(found, asked)) for _ in range(rounds))
    what = f"{checkpoint.name}: a pattern in {found.tokens:,} tokens"
    return Measured("patterns", what, took, "making the index", built, asked_seconds=1.0)


def league_of(checkpoint: Checkpoint, sentences: int) -> Measured:
    """What measuring faithfulness costs beside explaining: rankings drawn at random, against verdicts on as many."""
    from core.probes.attribution.benchmark import league
    from core.probes.attribution.results import Reading

    texts = made_up(checkpoint, sentences)

    def ranking(reading: Reading) -> np.ndarray:
        return np.random.default_rng(len(reading.text)).standard_normal(len(reading.tokens))

    took = seconds(lambda: list(league(checkpoint, texts, {f"ranking {number}": ranking for number in range(18)})))
    what = f"{checkpoint.name}: {sentences} sentences, 18 rankings, without the methods’ own time"
    return Measured("faithfulness", what, took, asked_seconds=30.0 * sentences / 200)


def quick(models: list[Checkpoint]) -> Iterator[Measured]:
    """A look at each, on one model."""
    one = models[-1]
    yield trace_of_forty(one, 30)
    yield step_gradients(one, 3)
    yield memory_of([one], 1)
    yield patches(one, 3)
    yield decomposition(one, 5)
    yield every_method(one, 1)


def whole(models: list[Checkpoint]) -> Iterator[Measured]:
    """All of them, on every model."""
    for checkpoint in models:
        yield trace_of_forty(checkpoint, 200)
        yield step_gradients(checkpoint, 5)
    yield memory_of(models, 3)
    for checkpoint in models:
        yield patches(checkpoint, 7)
        yield decomposition(checkpoint, 30)
        yield every_method(checkpoint, 3)
        yield rest(checkpoint)
    yield pattern_search(models[-1], 100_000, 5)
    yield league_of(models[-1], 200)
