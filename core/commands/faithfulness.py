"""Verb that measures how faithful methods of attribution are: faithfulness."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.evaluation.intervals import Mean
    from core.models.predictor import Model
    from core.probes.attribution.benchmark import Method
    from core.probes.attribution.benchmark_file import Source
    from core.probes.attribution.standings import Benchmark

_ROWS = 200
_HEADINGS = {
    "overall": "overall",
    "comprehensiveness": "compreh. ↑",
    "sufficiency": "suffic. ↓",
    "loo_tau": "LOO τ ↑",
    "infidelity": "infidel. ↓",
    "sensitivity": "sensit. ↓",
}
_WIDTH = 27


def add_verbs(add: Add) -> None:
    """Add this verb and its options."""
    added = add(faithfulness)
    console.models_options(added)
    added.add_argument("--data", required=True, metavar="FILE", help="sentences, in a form of docs/files.md")
    added.add_argument("--rows", type=int, default=_ROWS, metavar="N", help=f"rows drawn from it (default: {_ROWS})")
    added.add_argument("--seed", type=int, default=0, help="of the draw and of all else that is random (default: 0)")
    added.add_argument("--methods", default="all", metavar="A,B,…", help="methods of attribution, or all (default)")
    added.add_argument(
        "--removal",
        default="delete",
        metavar="HOW",
        help="what taking a word out means, to methods too if they accept it: delete (default), pad, unk, mean, zero",
    )
    added.add_argument("--randoms", type=int, metavar="R", help="random rankings of each sentence (default: 100)")
    added.add_argument(
        "--sensitivity-rows", type=int, metavar="N", help="sentences measured for sensitivity (default: 30)"
    )
    added.add_argument("--seconds", type=float, metavar="S", help="time at most, for each model")
    added.add_argument("--out", metavar="FILE", help="keep the table in this JSON file")
    console.text_options(added)


def faithfulness(options: argparse.Namespace) -> int:
    """Which method of attribution explains a model most faithfully: a table over sentences, beside random rankings."""
    from pathlib import Path

    from core.probes.attribution import benchmark_file

    models = console.named_models(options)
    chosen = [(model, *_methods(model, options)) for model in models]
    if options.out and not (folder := Path(options.out).parent).is_dir():  # told of before an hour of work
        raise FileNotFoundError(f"there is no folder {folder} to write {Path(options.out).name} to")
    texts, source = _drawn(options)
    found: list[Benchmark] = []
    status = 0
    for model, methods, unsigned in chosen:
        result, stopped = _measured(model, texts, methods, unsigned, options)
        found += [result] if result else []
        if stopped:
            console.progress(f"interrupted: {len(found):,} of {len(chosen):,} models, the last as far as it got")
            status = 130
            break
    for result in found:
        for standing in result.standings:
            if standing.failed:
                console.progress(
                    f"{result.model}: {standing.method} gave no scores for {standing.failed:,} sentences; the first: "
                    f"{standing.failure}"
                )
    if options.out and found:
        benchmark_file.save(Path(options.out), source, found)
        console.progress(f"the table is kept in {options.out}")
    if options.json:
        console.json_list(benchmark_file.as_json(result, failures=True) for result in found)
        return status
    for result in found:
        _show(result)
    return status


def _methods(checkpoint: Model, options: argparse.Namespace) -> tuple[Mapping[str, Method], list[str]]:
    """The methods asked for that exist for a model's cell, and the names of those without signs.

    Each takes words out as the benchmark does where it accepts that, else in its own way.
    """
    from core.probes.attribution.attribute import METHODS, available

    names = list(METHODS) if options.methods == "all" else [name.strip() for name in options.methods.split(",")]
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise ValueError(f"unknown method {unknown[0]!r}; available: {', '.join(METHODS)}")
    here = available(checkpoint)
    names = [name for name in names if name in here]
    if not names:
        raise ValueError(f"none of {options.methods} exists for {checkpoint.name}; available: {', '.join(here)}")

    def bound(name: str) -> Method:
        method = METHODS[name]
        own = method.baselines[0] if method.baselines else ""
        baseline = options.removal if options.removal in method.baselines else own
        return lambda instance: method.function(instance, baseline, seed=options.seed)

    return {name: bound(name) for name in names}, [name for name in names if not METHODS[name].signed]


def _drawn(options: argparse.Namespace) -> tuple[Sequence[str], Source]:
    """Rows drawn by seed, in the file's order; all of them where there are no more."""
    from pathlib import Path

    import numpy as np

    from core.data.corpus import file_sha256, read_texts
    from core.probes.attribution.benchmark_file import Source

    if options.rows < 1 or options.seed < 0:
        raise ValueError(f"expected at least 1 row and a seed from 0 up; given: {options.rows:,} and {options.seed}")
    path = Path(options.data)
    texts = read_texts(path, options.text_column, layout=options.layout)
    count = min(options.rows, len(texts))
    rows = np.sort(np.random.default_rng(options.seed).choice(len(texts), count, replace=False))
    return [texts[row] for row in rows], Source(path.name, file_sha256(path), count, len(texts), options.seed)


def _measured(
    checkpoint: Model,
    texts: Sequence[str],
    methods: Mapping[str, Method],
    unsigned: Sequence[str],
    options: argparse.Namespace,
) -> tuple[Benchmark | None, bool]:
    """A model's benchmark, and whether it was interrupted; None where not one sentence was measured before."""
    from tqdm import tqdm

    from core.probes.attribution.benchmark import BenchmarkProgress, benchmark

    bounds = {name: getattr(options, name) for name in ("randoms", "sensitivity_rows", "seconds")}
    bounds = {name: value for name, value in bounds.items() if value is not None}
    events = benchmark(
        checkpoint, texts, methods, removal=options.removal, seed=options.seed, unsigned=unsigned, **bounds
    )
    progress: BenchmarkProgress | None = None
    stopped = False
    with tqdm(desc=checkpoint.name, unit=" sentences", leave=False) as bar:
        try:
            for progress in events:
                bar.total = progress.total
                bar.set_postfix_str(progress.stage, refresh=False)
                bar.update(progress.done - bar.n)
        except KeyboardInterrupt:  # what was measured until now is worth its minutes
            stopped = True
    return (progress.result() if progress and (progress.done or not stopped) else None), stopped


def _show(found: Benchmark) -> None:
    left_out = ", ".join(f"{count:,} of {reason}" for reason, count in found.left_out.items())
    console.line(
        f"{found.model}: {found.measured:,} of {found.given:,} sentences measured"
        + (f", left out: {left_out}" if left_out else "")
        + ("" if found.complete else "; not all of what was asked")
    )
    width = max(len("random rankings"), *(len(standing.method) for standing in found.standings))
    console.line(
        f"  {'':<{width}}  " + "".join(f"{heading:<{_WIDTH}}" for heading in _HEADINGS.values()) + "s/sentence"
    )
    for standing in found.standings:
        cells = "".join(f"{_cell(standing.measures[column]):<{_WIDTH}}" for column in _HEADINGS)
        console.line(f"  {standing.method:<{width}}  {cells}{standing.seconds:.3f}")
    cells = "".join(f"{_cell(found.random[column]):<{_WIDTH}}" for column in _HEADINGS)
    console.line(f"  {'random rankings':<{width}}  {cells}".rstrip())
    console.line(
        "  overall: comprehensiveness − sufficiency; means with 95 % intervals; sensitivity on "
        f"{found.sensitivity_rows:,} sentences"
    )
    console.line(f"  gain over random rankings, paired ({found.randoms:,} of each sentence), in overall:")
    for standing in found.standings:
        console.line(f"    {standing.method:<{width}}  {_cell(standing.gains['overall'])}")
    by_construction = [standing.method for standing in found.standings if standing.is_leave_one_out]
    if by_construction:
        console.line(
            f"  rank by leaving out one word, so that their LOO τ is 1 by construction: {', '.join(by_construction)}"
        )
    console.line(found.statement)


def _cell(found: Mean | None) -> str:
    if found is None:
        return "–"
    low, high = found.interval
    return f"{found.mean:.3f} ({low:.3f} to {high:.3f})"
