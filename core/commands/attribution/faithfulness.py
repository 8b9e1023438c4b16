"""The verb that measures how faithful methods of attribution are: faithfulness."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, at_least, check_folder, given, models_options, text_options
from core.data.targets import default

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.attribution.benchmark import Method
    from core.probes.attribution.standings import Benchmark

_HEADINGS = {
    "overall": "overall",
    "comprehensiveness": "compreh. ↑",
    "sufficiency": "suffic. ↓",
    "loo_tau": "LOO τ ↑",
    "infidelity": "infidel. ↓",
    "sensitivity": "sensit. ↓",
}
_WIDTH = 27


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(faithfulness, "--seed", "--seconds", "--target", "--against")
    models_options(parser)
    parser.add_argument("--data", required=True, metavar="FILE", help="sentences, in a form of docs/files.md")
    parser.add_argument("--rows", type=at_least(1), default=200, metavar="N", help="rows drawn (default: 200)")
    parser.add_argument("--methods", default="all", metavar="A,B,…", help="methods of attribution, or all (default)")
    parser.add_argument(
        "--removal",
        default="delete",
        metavar="HOW",
        help="removal method, of the methods too if they accept it: delete (default), pad, unk, mean, zero",
    )
    parser.add_argument("--randoms", type=int, metavar="R", help="random rankings of each sentence (default: 100)")
    parser.add_argument(
        "--sensitivity-rows", type=int, metavar="N", help="sentences measured for sensitivity (default: 30)"
    )
    parser.add_argument("--out", metavar="FILE", help="save the table in this JSON file")
    text_options(parser)


def faithfulness(options: argparse.Namespace) -> int:
    """Which method of attribution explains a model most faithfully: a table over sentences, beside random rankings."""
    from core.probes.attribution import benchmark_file

    models = inputs.aimed(options, inputs.named_models(options))
    chosen = [(model, *_methods(model, options)) for model in models]
    check_folder(options.out)
    texts, sha256, drawn_from = inputs.drawn_texts(options)
    source = benchmark_file.BenchmarkRows(Path(options.data).name, sha256, len(texts), drawn_from, options.seed)
    results: list[Benchmark] = []
    status = 0
    for model, methods, unsigned in chosen:
        result, stopped = _measured(model, texts, methods, unsigned, options)
        results += [result] if result else []
        if stopped:
            console.progress(f"interrupted: {len(results):,} of {len(chosen):,} models, the last one incomplete")
            status = 130
            break
    for result in results:
        for standing in result.standings:
            if standing.failed:
                console.progress(
                    f"{result.model}: {standing.method} gave no scores for {standing.failed:,} sentences; the first: "
                    f"{standing.failure}"
                )
    if options.out and results:
        benchmark_file.save(Path(options.out), source, results)
        console.progress(f"the table is saved in {options.out}")
    several = {model.name for model, *_rest in chosen if default(model.labels) is None}
    return console.answer(
        options,
        results,
        lambda one: benchmark_file.as_json(one, failures=True),
        lambda one: _show(one, one.model in several),
        status,
    )


def _methods(checkpoint: Model, options: argparse.Namespace) -> tuple[Mapping[str, Method], list[str]]:
    """The methods asked for that a model's cell has, and the names of those without signs.

    Each uses the removal method of ``--removal`` where it accepts that, else its own.
    """
    from core.probes.attribution.attribute import METHODS, accepted, available

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
        baseline = options.removal if options.removal in method.baselines else accepted(name)
        return lambda reading: method.function(reading, baseline, seed=options.seed)

    return {name: bound(name) for name in names}, [name for name in names if not METHODS[name].signed]


def _measured(
    model: Model,
    texts: Sequence[str],
    methods: Mapping[str, Method],
    unsigned: Sequence[str],
    options: argparse.Namespace,
) -> tuple[Benchmark | None, bool]:
    """A model's benchmark, and whether it was interrupted; None where that was before the first sentence."""
    from core.probes.attribution.benchmark import benchmark

    limits = given(options, "randoms", "sensitivity_rows", "seconds")
    events = benchmark(model, texts, methods, removal=options.removal, seed=options.seed, unsigned=unsigned, **limits)
    progress, stopped = None, False
    try:
        for progress in console.bar(  # noqa: B007
            events, " sentences", model.name, lambda event: (event.done, event.total, event.stage), leave=False
        ):
            pass
    except KeyboardInterrupt:  # what was measured until now is worth its minutes
        stopped = True
    return (progress.result() if progress and (progress.done or not stopped) else None), stopped


def _show(result: Benchmark, several: bool) -> None:
    """The table; of `several` classes, more than two, with the class that is explained."""
    explained = "each sentence’s predicted class is explained" if several else ""
    if result.target:
        explained = f"explained: {result.target}" + (f" against {result.against}" if result.against else "")
    left_out = ", ".join(f"{count:,} of {reason}" for reason, count in result.left_out.items())
    console.line(
        f"{result.model}: {result.measured:,} of {result.given:,} sentences measured"
        + (f", left out: {left_out}" if left_out else "")
        + ("" if result.complete else "; not all of what was asked")
        + (f"; {explained}" if explained else "")
    )
    width = max(len("random rankings"), *(len(standing.method) for standing in result.standings))
    console.line(
        f"  {'':<{width}}  " + "".join(f"{heading:<{_WIDTH}}" for heading in _HEADINGS.values()) + "s/sentence"
    )
    for standing in result.standings:
        cells = "".join(f"{console.mean_of(standing.measures[column]):<{_WIDTH}}" for column in _HEADINGS)
        console.line(f"  {standing.method:<{width}}  {cells}{standing.seconds:.3f}")
    cells = "".join(f"{console.mean_of(result.random[column]):<{_WIDTH}}" for column in _HEADINGS)
    console.line(f"  {'random rankings':<{width}}  {cells}".rstrip())
    console.line(
        "  overall: comprehensiveness − sufficiency; means with 95 % intervals; sensitivity on "
        f"{result.sensitivity_rows:,} sentences"
    )
    console.line(f"  gain over random rankings, paired ({result.randoms:,} of each sentence), in overall:")
    for standing in result.standings:
        console.line(f"    {standing.method:<{width}}  {console.mean_of(standing.gains['overall'])}")
    by_construction = [standing.method for standing in result.standings if standing.is_leave_one_out]
    if by_construction:
        console.line(
            f"  rank by leaving out one word, so that their LOO τ is 1 by construction: {', '.join(by_construction)}"
        )
    console.line(result.statement)
