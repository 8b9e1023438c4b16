"""Verbs that follow a model's states along a text: trace, memory."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands import console, inputs
from core.commands.options import Verbs, check_folder
from core.data.targets import log_odds_name, probability_of
from core.runtime import files

if TYPE_CHECKING:
    import numpy as np

    from core.models.trace import Trace
    from core.probes.dynamics.memory_decay import Memory
    from core.probes.dynamics.retention import Retention

_SHOWN = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)  # numbers of words after the first that are printed


def add_verbs(verbs: Verbs) -> None:
    """Add these verbs and their options."""
    parser = verbs.add(trace, "--model", "--target", "--against", "texts")
    parser.add_argument(
        "--npz",
        metavar="FILE",
        help="write the arrays there, named as in --json; of several traces each name begins with the trace's number, "
        "as in 0/hidden",
    )

    parser = verbs.add(memory, "--model", "--target", "--against")
    first = parser.add_mutually_exclusive_group(required=True)
    first.add_argument("--word", metavar="WORD", help="the first word, a single token")
    first.add_argument(
        "--words",
        metavar="W1,W2,…",
        help="many such words, each before many fillers, drawn from words that are neutral in the training data: what "
        "share of their effect is left?",
    )
    parser.add_argument("--filler", metavar="TEXT", help="words that follow, repeated at their end (default: ours)")
    parser.add_argument("--fillers", type=int, metavar="N", help="with --words: how many are drawn (default: 20)")
    parser.add_argument("--seed", type=int, metavar="S", help="with --words: seed of the draw (default: 0)")
    parser.add_argument("--upto", type=int, default=100, metavar="K", help="words that follow at most (default: 100)")


def trace(options: argparse.Namespace) -> int:
    """States, gates and verdict after every token, and what each token contributed to the last logit, two ways."""
    from core.models.trace import trace

    if options.json and options.npz:
        raise ValueError("give --json or --npz, not both")
    models = inputs.aimed(options, inputs.prefixwise_checkpoints(options.model))
    check_folder(options.npz)
    traces = [trace(checkpoint, text) for text in options.texts for checkpoint in models]
    if not options.npz:
        return console.answer(options, traces, _trace_json, _show_trace)
    _write(Path(options.npz), traces)
    return 0


def _trace_json(result: Trace) -> dict[str, Any]:
    return {
        **console.record(
            result,
            "model text tokens probability logit hidden=h cell=c gates contributions cell_contributions empty_logit",
        ),
        **result.target.as_json(),
    }


def _write(path: Path, traces: Sequence[Trace]) -> None:
    """Write the arrays of traces to a file beside it first: a full disk leaves what stood there."""
    import numpy as np

    arrays: dict[str, np.ndarray] = {}
    for number, result in enumerate(traces):
        before = f"{number}/" if len(traces) > 1 else ""
        for name, value in _trace_json(result).items():
            named = (
                {f"{name}/{key}": gate for key, gate in value.items()} if isinstance(value, Mapping) else {name: value}
            )
            arrays |= {before + key: np.array(array) for key, array in named.items() if array is not None}
    with files.replacing(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # its last parameter is another's


def _show_trace(result: Trace) -> None:
    cell, logit = result.cell_contributions, log_odds_name(result.target)
    console.line(
        f"{result.model}: {logit} {result.logit[-1]:+.4f}, before the first token {result.empty_logit:+.4f}; after "
        f"each token {probability_of(result.target)} and how far it moved the {logit}"
        + (", then what is left of it in the cell" if cell is not None else "")
    )
    for step, token in enumerate(result.tokens):
        part = f"  {cell[step]:+8.4f}" if cell is not None else ""
        unknown = "" if result.known[step] else "   unknown"
        console.line(f"  {result.probability[step]:.4f}  {result.contributions[step]:+8.4f}{part}  {token}{unknown}")


def memory(options: argparse.Namespace) -> int:
    """Is a first word remembered? The verdict, and the gradient at that word, after 0 to K words of filler."""
    from core.probes.dynamics.memory_decay import FILLER, memory

    if options.words is not None:
        return _retention(options)
    if options.fillers is not None or options.seed is not None:
        raise ValueError("--fillers and --seed draw fillers for --words; with --word, give --filler")
    filler = FILLER if options.filler is None else options.filler
    models = inputs.aimed(options, inputs.prefixwise_checkpoints(options.model, plain=True))
    results = [memory(checkpoint, options.word, filler, options.upto) for checkpoint in models]
    return console.answer(
        options,
        results,
        lambda one: console.record(one, "model k probability gradient_first_word") | one.target.as_json(),
        _show_memory,
    )


def _show_memory(result: Memory) -> None:
    unknown = "" if result.known else ", an unknown word,"
    cycled = f"; the filler's {len(result.filler):,} tokens repeat" if result.cycled else ""
    console.line(f"{result.model}: {result.word!r}{unknown} before 0 to {result.k[-1]:,} words of filler{cycled}")
    name = probability_of(result.target)
    console.line(f"      k  {name:>11}  without the word  its effect on the logit  gradient at the word")
    for k in _lengths(result.k):
        console.line(
            f"  {k:5,}  {result.probability[k]:11.4f}  {result.probability_without[k]:16.4f}  "
            f"{result.effect[k]:+23.4f}  {result.gradient_first_word[k]:20.3g}"
        )
    if result.turned is None:
        console.line("  the verdict stays the one on the word alone")
    else:
        console.line(f"  the verdict first differs from the one on the word alone after {result.turned:,} words")


def _retention(options: argparse.Namespace) -> int:
    """What is left of many words' effect after many fillers."""
    from core.probes.dynamics.retention import retention

    if options.filler is not None:
        raise ValueError("--filler goes with --word; with --words fillers are drawn: give --fillers and --seed")
    words = [word for word in options.words.split(",") if word.strip()]
    fillers, seed = 20 if options.fillers is None else options.fillers, options.seed or 0
    models = inputs.named(options, inputs.prefixwise_checkpoints(options.model, plain=True))
    counted = [checkpoint for checkpoint in models if checkpoint.polarity is not None]
    if counted:  # else the first says what it lacks
        for checkpoint in (one for one in models if one.polarity is None):  # imported: nobody counted its words
            console.progress(f"left out: {checkpoint.name} keeps no polarity of its words, by which fillers are chosen")
    results = [retention(checkpoint, words, fillers, options.upto, seed) for checkpoint in counted or models]
    return console.answer(
        options,
        results,
        lambda one: console.record(one, "model words fillers neutral seed k share low high") | one.target.as_json(),
        _show_retention,
    )


def _show_retention(result: Retention) -> None:
    console.line(
        f"{result.model}: share of the effect on the {log_odds_name(result.target)} that is left, and its 95 % "
        f"interval; {len(result.words):,} words, each before {result.fillers:,} fillers of {result.neutral:,} neutral "
        f"words, seed {result.seed:,}"
    )
    if result.unknown:
        console.line(f"  unknown words: {', '.join(result.unknown)}")
    for k in _lengths(result.k):
        console.line(f"  {k:5,}  {result.share[k]:7.1%}  ({result.low[k]:.1%} to {result.high[k]:.1%})")
    by_word = zip(result.words, result.by_word[:, -1].tolist(), strict=True)
    each = ", ".join(f"{word} {'–' if math.isnan(share) else format(share, '.0%')}" for word, share in by_word)
    console.line(f"  by word after {result.k[-1]:,}: {each}")


def _lengths(k: np.ndarray) -> list[int]:
    """The numbers of words that are printed."""
    return sorted({*(shown for shown in _SHOWN if shown < len(k)), len(k) - 1})
