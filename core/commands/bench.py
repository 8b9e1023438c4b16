"""The verb that measures speed: bench."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, at_least

if TYPE_CHECKING:
    from core.benchmarks.measured import Measured

PARTS = ("pages", "reading", "inside", "searches", "words", "exercises")


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(bench, "--model")
    parser.add_argument("--quick", action="store_true", help="one model, few rounds: a minute or two")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=f"of {', '.join(PARTS)}"
    )
    parser.add_argument(
        "--threads", type=at_least(1), default=1, metavar="N", help="threads of the probes (default: 1)"
    )


def bench(options: argparse.Namespace) -> int:
    """How fast the pages and the probes are, each beside a plain implementation, in turns within this run."""
    results = []
    for figure in _measured(options):
        results.append(figure)
        console.progress(f"{figure.subject}: {figure.what}")
    if options.json:
        console.json_list({**asdict(figure), "speed": figure.speed, "kept": figure.kept} for figure in results)
    else:
        _show(results)
    return 0


def _measured(options: argparse.Namespace) -> Iterator[Measured]:
    from core.benchmarks import exercises, inside, pages, reading, searches, words
    from core.benchmarks.measured import run, threads

    if "pages" in options.only:  # first: while this process holds no models
        yield from pages.visited(1 if options.quick else 3)
    with threads(options.threads):
        models = (
            inputs.two_only(inputs.named_checkpoints(options.model))
            if set(options.only) - {"pages", "exercises"}
            else []
        )
        parts = {"reading": reading, "inside": inside, "searches": searches, "words": words, "exercises": exercises}
        for name, part in parts.items():
            if name in options.only:
                yield from run(part.TIMINGS, models, options.quick)


def _show(results: list[Measured]) -> None:
    width = max(len(figure.what) for figure in results)
    console.line(f"{'':<14}{'':<{width}}  {'seconds':>9}  {'× as fast':>9}  {'asked':>9}")
    for figure in results:
        speed = "" if figure.speed is None else f"{figure.speed:.2f}"
        asked = "" if figure.asked_seconds is None else f"≤ {figure.asked_seconds:g} s"
        if figure.asked_speed is not None:
            asked = f"≥ {figure.asked_speed:.2g} ×"
        missed = "  missed" if figure.kept is False else ""
        console.line(
            f"{figure.subject:<14}{figure.what:<{width}}  {figure.seconds:>9.4f}  {speed:>9}  {asked:>9}{missed}"
        )
        notes = [f"than {figure.reference}: {figure.reference_seconds:.4f} s"] if figure.reference_seconds else []
        notes += [f"largest difference {figure.difference:.0e}"] if figure.difference is not None else []
        notes += [figure.note] if figure.note else []
        if notes:
            console.line(f"{'':<16}{'; '.join(notes)}")
