"""A verb that measures speed: bench."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    from core.benchmarks.measured import Measured

PARTS = ("pages", "reading", "inside", "searches", "words", "exercises")


def add_verbs(add: Add) -> None:
    """Add this verb and its options."""
    added = add(bench)
    console.model_option(added)
    added.add_argument("--quick", action="store_true", help="one model, few rounds: a minute or two")
    added.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=f"of {', '.join(PARTS)}"
    )
    added.add_argument(
        "--threads", type=int, default=1, metavar="N", help="processor threads of torch in the probes (default: 1)"
    )


def bench(options: argparse.Namespace) -> int:
    """How fast the pages and the probes are, each beside the plain way of doing it, in turns within this run."""
    if options.threads < 1:
        raise ValueError(f"--threads is at least 1; given: {options.threads}")
    found = []
    for figure in _measured(options):
        found.append(figure)
        console.progress(f"{figure.subject}: {figure.what}")
    if options.json:
        console.json_list({**asdict(figure), "speed": figure.speed, "kept": figure.kept} for figure in found)
    else:
        _show(found)
    return 0


def _measured(options: argparse.Namespace) -> Iterator[Measured]:
    from core.benchmarks import exercises, inside, pages, reading, searches, words
    from core.benchmarks.measured import run, threads

    if "pages" in options.only:  # first: while no models are in this process's way
        yield from pages.visited(1 if options.quick else 3)
    with threads(options.threads):
        models = console.named_checkpoints(options.model) if set(options.only) - {"pages", "exercises"} else []
        parts = {"reading": reading, "inside": inside, "searches": searches, "words": words, "exercises": exercises}
        for name, part in parts.items():
            if name in options.only:
                yield from run(part.TIMINGS, models, options.quick)


def _show(found: list[Measured]) -> None:
    width = max(len(figure.what) for figure in found)
    console.line(f"{'':<14}{'':<{width}}  {'seconds':>9}  {'× as fast':>9}  {'asked':>9}")
    for figure in found:
        speed = "" if figure.speed is None else f"{figure.speed:.2f}"
        asked = "" if figure.asked_seconds is None else f"≤ {figure.asked_seconds:g} s"
        if figure.asked_speed is not None:
            asked = f"≥ {figure.asked_speed:.2g} ×"
        missed = "  missed" if figure.kept is False else ""
        console.line(
            f"{figure.subject:<14}{figure.what:<{width}}  {figure.seconds:>9.4f}  {speed:>9}  {asked:>9}{missed}"
        )
        than = [f"than {figure.reference}: {figure.reference_seconds:.4f} s"] if figure.reference_seconds else []
        than += [f"largest difference {figure.difference:.0e}"] if figure.difference is not None else []
        than += [figure.note] if figure.note else []
        if than:
            console.line(f"{'':<16}{'; '.join(than)}")
