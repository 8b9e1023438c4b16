"""Verbs that look inside models while they read: trace, memory."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add
from core.runtime import files

if TYPE_CHECKING:
    import numpy as np

    from core.models.trace import Trace
    from core.probes.dynamics.memory_decay import Memory
    from core.probes.dynamics.retention import Retention

_SHOWN = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)  # numbers of words after the first that are printed


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(trace)
    console.model_option(added)
    added.add_argument(
        "--npz",
        metavar="FILE",
        help="write the arrays there, under the names that --json has; of several traces each name begins with its "
        "number, as in 0/hidden",
    )
    added.add_argument("texts", nargs="+", metavar="TEXT")

    added = add(memory)
    console.model_option(added)
    first = added.add_mutually_exclusive_group(required=True)
    first.add_argument("--word", metavar="WORD", help="the word at the beginning, a single token")
    first.add_argument(
        "--words",
        metavar="W1,W2,…",
        help="many such words, each before many fillers, drawn at random of words that the training data calls "
        "neutral: what share of their effect is left?",
    )
    added.add_argument("--filler", metavar="TEXT", help="words that follow, read again where they end (default: ours)")
    added.add_argument("--fillers", type=int, metavar="N", help="with --words: how many are drawn (default: 20)")
    added.add_argument("--seed", type=int, metavar="S", help="with --words: what they are drawn by (default: 0)")
    added.add_argument("--upto", type=int, default=100, metavar="K", help="words that follow at most (default: 100)")


def trace(options: argparse.Namespace) -> int:
    """States, gates and verdict after every token, and what each token contributed to the last logit, two ways."""
    from core.models.trace import trace

    if options.json and options.npz:
        raise ValueError("give --json or --npz, not both")
    models = console.prefixwise_checkpoints(options.model)
    if options.npz:
        _check_place(Path(options.npz))
    found = [trace(checkpoint, text) for text in options.texts for checkpoint in models]
    if options.npz:
        _write(Path(options.npz), found)
    elif options.json:
        console.json_list(_trace_json(result) for result in found)
    else:
        for result in found:
            _show_trace(result)
    return 0


def _trace_json(result: Trace) -> dict[str, object]:
    def values(array: np.ndarray | None) -> object:
        return None if array is None else array.tolist()

    return {
        "model": result.model,
        "text": result.text,
        "tokens": result.tokens,
        "probability": values(result.probability),
        "logit": values(result.logit),
        "hidden": values(result.h),
        "cell": values(result.c),
        "gates": {name: values(gate) for name, gate in result.gates.items()},
        "contributions": values(result.contributions),
        "cell_contributions": values(result.cell_contributions),
        "empty_logit": result.empty_logit,
    }


def _check_place(path: Path) -> None:
    """Whether a file can be written there, before any work is done. Raises OSError where it cannot."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file")


def _write(path: Path, traces: Sequence[Trace]) -> None:
    """Write the arrays of traces, beside their place first: a full disk leaves what stood there."""
    import numpy as np

    arrays: dict[str, np.ndarray] = {}
    for number, found in enumerate(traces):
        before = f"{number}/" if len(traces) > 1 else ""
        named = {
            "model": np.array(found.model),
            "text": np.array(found.text),
            "tokens": np.array(found.tokens),
            "probability": found.probability,
            "logit": found.logit,
            "hidden": found.h,
            "cell": found.c,
            **{f"gates/{name}": gate for name, gate in found.gates.items()},
            "contributions": found.contributions,
            "cell_contributions": found.cell_contributions,
            "empty_logit": np.array(found.empty_logit),
        }
        arrays |= {before + name: array for name, array in named.items() if array is not None}
    with files.replacing(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # its last parameter is another's


def _show_trace(found: Trace) -> None:
    cell = found.cell_contributions
    console.line(
        f"{found.model}: logit {found.logit[-1]:+.4f}, before the first token {found.empty_logit:+.4f}; after each "
        f"token {console.probability_name(found.model)} and how far it moved the logit"
        + (", then what is left of it in the cell" if cell is not None else "")
    )
    for place, token in enumerate(found.tokens):
        part = f"  {cell[place]:+8.4f}" if cell is not None else ""
        unknown = "" if found.known[place] else "   unknown"
        console.line(f"  {found.probability[place]:.4f}  {found.contributions[place]:+8.4f}{part}  {token}{unknown}")


def memory(options: argparse.Namespace) -> int:
    """Is a first word remembered? The verdict, and the gradient at that word, after 0 to K words of filler."""
    from core.probes.dynamics.memory_decay import FILLER, memory

    if options.words is not None:
        return _retention(options)
    if options.fillers is not None or options.seed is not None:
        raise ValueError("--fillers and --seed draw fillers for --words; with --word, give --filler")
    filler = FILLER if options.filler is None else options.filler
    models = console.prefixwise_checkpoints(options.model, plain=True)
    found = [memory(checkpoint, options.word, filler, options.upto) for checkpoint in models]
    if options.json:
        console.json_list(
            {
                "model": result.model,
                "k": result.k.tolist(),
                "probability": result.probability.tolist(),
                "gradient_first_word": result.gradient_first_word.tolist(),
            }
            for result in found
        )
        return 0
    for result in found:
        _show_memory(result)
    return 0


def _retention(options: argparse.Namespace) -> int:
    """What is left of many words' effect after many fillers."""
    from core.probes.dynamics.retention import retention

    if options.filler is not None:
        raise ValueError("--filler goes with --word; with --words fillers are drawn: give --fillers and --seed")
    words = [word for word in options.words.split(",") if word.strip()]
    fillers, seed = 20 if options.fillers is None else options.fillers, options.seed or 0
    models = console.prefixwise_checkpoints(options.model, plain=True)
    counted = [checkpoint for checkpoint in models if checkpoint.polarity is not None]
    if counted:  # else the first says what it lacks
        for checkpoint in (one for one in models if one.polarity is None):  # imported: nobody counted its words
            console.progress(f"left out: {checkpoint.name} keeps no polarity of its words, by which fillers are chosen")
    found = [retention(checkpoint, words, fillers, options.upto, seed) for checkpoint in counted or models]
    if options.json:
        console.json_list(
            {
                "model": result.model,
                "words": result.words,
                "fillers": result.fillers,
                "neutral": result.neutral,
                "seed": result.seed,
                "k": result.k.tolist(),
                "share": result.share.tolist(),
                "low": result.low.tolist(),
                "high": result.high.tolist(),
            }
            for result in found
        )
        return 0
    for result in found:
        _show_retention(result)
    return 0


def _show_retention(found: Retention) -> None:
    console.line(
        f"{found.model}: share of the effect on the logit that is left, and its 95 % interval; {len(found.words):,} "
        f"words, each before {found.fillers:,} fillers of {found.neutral:,} neutral words, seed {found.seed:,}"
    )
    if found.unknown:
        console.line(f"  words that it does not know: {', '.join(found.unknown)}")
    for k in _lengths(found.k):
        console.line(f"  {k:5,}  {found.share[k]:7.1%}  ({found.low[k]:.1%} to {found.high[k]:.1%})")
    by_word = zip(found.words, found.by_word[:, -1].tolist(), strict=True)
    each = ", ".join(f"{word} {'–' if math.isnan(share) else format(share, '.0%')}" for word, share in by_word)
    console.line(f"  by word after {found.k[-1]:,}: {each}")


def _lengths(k: np.ndarray) -> list[int]:
    """The numbers of words that are printed."""
    return sorted({*(shown for shown in _SHOWN if shown < len(k)), len(k) - 1})


def _show_memory(found: Memory) -> None:
    unknown = "" if found.known else ", a word that it does not know,"
    cycled = f"; the filler's {len(found.filler):,} tokens come again" if found.cycled else ""
    console.line(f"{found.model}: {found.word!r}{unknown} before 0 to {found.k[-1]:,} words of filler{cycled}")
    chance = console.probability_name(found.model)
    console.line(f"      k  {chance:>11}  without the word  its effect on the logit  gradient at the word")
    for k in _lengths(found.k):
        console.line(
            f"  {k:5,}  {found.probability[k]:11.4f}  {found.probability_without[k]:16.4f}  {found.effect[k]:+23.4f}  "
            f"{found.gradient_first_word[k]:20.3g}"
        )
    if found.turned is None:
        console.line("  the verdict stays what it is on the word alone")
    else:
        console.line(f"  the verdict is another than on the word alone for the first time after {found.turned:,} words")
