"""Probes that look inside: traces, gradients, patches, fixed points, attributions; each beside the plain method."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from core.benchmarks.measured import Measured, Timing, best_in_turn, compare, race, seconds
from core.benchmarks.reading import made_up

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.results import Instance

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

    def traced() -> float:
        return float(trace(checkpoint, FORTY).logit[-1])

    what = f"{checkpoint.name}: every state and gate of 40 tokens"
    return compare("trace", what, traced, "fused forward, which keeps none", fused, rounds, asked_speed=0.2)


def decomposition(checkpoint: Checkpoint, rounds: int) -> Measured:
    """The contextual decomposition of every word of forty tokens, against the trace."""
    from core.models.trace import trace_tokens
    from core.probes.attribution.methods.decomposition import words
    from core.probes.attribution.results import Instance

    instance = Instance.of(checkpoint, FORTY)
    words(instance)
    what = f"{checkpoint.name}: decomposition of each of 40 tokens"
    traced = partial(trace_tokens, checkpoint, instance.tokens)
    return race("attributions", what, lambda: words(instance), "one trace", traced, rounds, asked_seconds=0.1)


def every_method(checkpoint: Checkpoint, rounds: int) -> Measured:
    """All methods of attribution on twenty tokens, against one integrated gradients."""
    from core.probes.attribution.attribute import attribute, available

    text = "i really did not think that this day could get any better but it was the best night ever !"
    methods = available(checkpoint)
    for method in methods:
        attribute(checkpoint, _WARM, method)

    def every() -> None:
        for method in methods:
            attribute(checkpoint, text, method)

    what, one = f"{checkpoint.name}: all {len(methods)} methods on 20 tokens", "integrated-gradients"
    integrated = partial(attribute, checkpoint, text, one)
    return race("attributions", what, every, f"{one} alone", integrated, rounds, asked_seconds=3.0)


def step_gradients(checkpoint: Checkpoint, rounds: int) -> Measured:
    """Gradients and Jacobians of every step of forty tokens, against the trace."""
    from core.models.trace import trace
    from core.probes.dynamics.trajectories import gradients

    gradients(checkpoint, _WARM)
    what = f"{checkpoint.name}: gradients and Jacobians of 40 steps"
    ours, traced = partial(gradients, checkpoint, FORTY), partial(trace, checkpoint, FORTY)
    return race("gradients", what, ours, "one trace", traced, rounds)


def memory_of(models: list[Checkpoint], rounds: int) -> Measured:
    """The memory experiment, a word and up to 100 fillers, against a backward pass of each of the 101 texts."""
    import torch

    from core.probes.dynamics.memory_decay import FILLER, memory

    lengths = range(1, 102, 10)  # each stands for about ten

    def text_by_text() -> None:
        """A fused forward and a backward pass of every tenth text, each read anew."""
        for checkpoint in models:
            words = checkpoint.preprocessing(FILLER)
            ids = checkpoint.vocabulary.encode(["hate", *(words[index % len(words)] for index in range(100))])
            for length in lengths:
                x = checkpoint.model.embedding(torch.tensor([ids[:length]])).detach().requires_grad_()
                states, _last = checkpoint.model.recurrent(x)
                torch.autograd.grad(checkpoint.model.read_out(states[:, -1])[0], x)

    for checkpoint in models:
        memory(checkpoint, "hate", upto=2)
    took, tenth = best_in_turn(
        rounds, lambda: [memory(checkpoint, "hate", upto=100) for checkpoint in models], text_by_text
    )
    what = f"{', '.join(checkpoint.name for checkpoint in models)}: a word and 0 to 100 fillers"
    than, reference = "a forward and a backward of each text by itself", tenth * 101 / len(lengths)
    return Measured("memory", what, took, than, reference, asked_seconds=2.0)


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

    what = f"{checkpoint.name}: every patch between two sentences of 20 tokens, traces included"
    ours = partial(patch_texts, checkpoint, A, B)
    return race("patching", what, ours, "each patch read anew", anew, rounds, asked_seconds=1.0)


def rest(checkpoint: Checkpoint) -> Measured:
    """The search for a model's fixed points."""
    from core.data.examples import examples
    from core.probes.dynamics.fixed_points import search

    clock = time.perf_counter()
    *_, last = search(checkpoint, [example.text for example in examples()])
    took, result = time.perf_counter() - clock, last.result()
    note = f"{len(result.points)} points of {result.tried:,} starts"
    return Measured("fixed points", f"{checkpoint.name}: input held at zero", took, asked_seconds=60.0, note=note)


def pattern_search(checkpoint: Checkpoint, tokens: int, rounds: int) -> Measured:
    """A pattern of units searched for in an index of many tokens, against making the index."""
    from core.models.trace import trace
    from core.probes.scan.lines import Lines
    from core.probes.units.patterns import index, pattern, search

    texts = tuple(made_up(checkpoint, tokens // 12))
    lines = Lines("made_up", texts, tuple(range(len(texts))), None, 0, 0)
    clock = time.perf_counter()
    *_, last = index(checkpoint, lines, "h")
    built, indexed = time.perf_counter() - clock, last.index
    assert indexed is not None
    asked = pattern(checkpoint, trace(checkpoint, A), 3, 5, 0.1, "h", magnitude=True, bounded=False)
    took = min(seconds(lambda: search(indexed, asked)) for _ in range(rounds))
    what = f"{checkpoint.name}: a pattern in {indexed.tokens:,} tokens"
    return Measured("patterns", what, took, "making the index", built, asked_seconds=1.0)


def benchmark_of(checkpoint: Checkpoint, sentences: int) -> Measured:
    """What measuring faithfulness costs besides explaining: rankings drawn at random."""
    from core.probes.attribution.benchmark import benchmark

    texts = made_up(checkpoint, sentences)

    def ranking(instance: Instance) -> np.ndarray:
        return np.random.default_rng(len(instance.text)).standard_normal(len(instance.tokens))

    rankings = {f"ranking {number}": ranking for number in range(18)}
    took = seconds(lambda: list(benchmark(checkpoint, texts, rankings)))
    what = f"{checkpoint.name}: {sentences} sentences, 18 rankings, without the methods’ own time"
    return Measured("faithfulness", what, took, asked_seconds=30.0 * sentences / 200)


TIMINGS = (
    Timing(trace_of_forty, (30,), (200,)),
    Timing(step_gradients, (3,), (5,)),
    Timing(memory_of, (1,), (3,), on="all"),
    Timing(patches, (3,), (7,)),
    Timing(decomposition, (5,), (30,)),
    Timing(every_method, (1,), (3,)),
    Timing(rest, None, ()),
    Timing(pattern_search, None, (100_000, 5), on="last"),
    Timing(benchmark_of, None, (200,), on="last"),
)
