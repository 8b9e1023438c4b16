"""The exercise mixture: a Gaussian mixture by EM on points in the plane, or on the hidden states of a model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.lab.small_files import text_of
from core.commands.options import Verbs

if TYPE_CHECKING:
    import numpy as np

    from core.lab.mixture.em import Mixture, Parameters
    from core.lab.mixture.states import States


def add_exercise(verbs: Verbs) -> None:
    """Add the exercise and its options."""
    parser = verbs.add(mixture, "--seed", "--target", "--against")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--data", help="points to draw: clouds (default), crossing, one, twins, arcs")
    kinds.add_argument("--points", metavar="FILE", help="read the points from here, one per line: x, or x, y")
    kinds.add_argument(
        "--model", help="a checkpoint (name or folder) whose hidden states, on two components, are the points"
    )
    parser.add_argument("--texts", metavar="FILE", help="with --model: sentences, one per line (default: the examples)")
    parser.add_argument("--count", type=int, metavar="N", help="points to draw (default: 200)")
    starts = parser.add_mutually_exclusive_group()
    starts.add_argument("--k", type=int, metavar="K", help="components of a seeded start (default: 3)")
    starts.add_argument("--start", metavar="FILE", help="start from these parameters, a component per line: π, μ, σ²")
    starts.add_argument(
        "--responsibilities", metavar="FILE", help="start from these responsibilities, a point per line"
    )
    parser.add_argument(
        "--covariance", default="full", choices=("full", "tied", "diag", "spherical"), help="kind (default: full)"
    )
    parser.add_argument("--iterations", type=int, default=20, metavar="T", help="number of iterations (default: 20)")
    parser.add_argument(
        "--reg-covar", type=float, default=1e-6, metavar="R", help="added to every variance (default: 1e-6)"
    )


def mixture(options: argparse.Namespace) -> int:
    """A Gaussian mixture by EM: each iteration's parameters and likelihood, held against scikit-learn's."""
    from core.lab.mixture.check import agreement
    from core.lab.mixture.collapse import collapse
    from core.lab.mixture.em import fit
    from core.lab.mixture.worksheet import remarks

    if options.texts and not options.model:
        raise ValueError("--texts goes with --model NAME, whose hidden states are taken")
    if (options.target or options.against) and not options.model:
        raise ValueError("--target and --against go with --model NAME, whose classes are meant")
    if options.count is not None and (options.points or options.model):
        raise ValueError("--count says how many points to draw; a file or a model has as many as it has")
    points, states = _points(options)
    start = _start(options, points)
    result = fit(points, start, options.iterations, options.reg_covar, options.covariance)
    checks = agreement(result)
    if options.json:
        console.json_list(_rows(result, checks, states))
        for remark in remarks(result, collapse(result)):
            console.progress(remark)
    else:
        _show(result, checks, states)
    return 0


def _points(options: argparse.Namespace) -> tuple[np.ndarray, States | None]:
    from core.lab.mixture.points import draw, read_points

    if options.points:
        return read_points(text_of(Path(options.points), "one point per line: x, or x, y"), header=True), None
    if options.model:
        from core.lab.mixture.states import states_of
        from core.models import checkpoints

        (model,) = inputs.named(options, [checkpoints.load(*checkpoints.located(options.model))])
        states = states_of(model, _sentences(options.texts))
        return states.points, states
    count = 200 if options.count is None else options.count
    return draw("clouds" if options.data is None else options.data, count, options.seed), None


def _start(options: argparse.Namespace, points: np.ndarray) -> Parameters:
    from core.lab.mixture.em import first_guess, maximisation
    from core.lab.mixture.points import read_responsibilities, read_start, start_columns

    kind, dimensions = options.covariance, points.shape[1]
    if options.start:
        if dimensions > 2:
            raise ValueError("--start goes with points of one or two coordinates")
        expected = "one component per line: " + ", ".join(start_columns(dimensions, kind))
        return read_start(text_of(Path(options.start), expected), dimensions, kind)
    if options.responsibilities:
        text = text_of(Path(options.responsibilities), "one point per line: a responsibility per component")
        delta = read_responsibilities(text, len(points))
        return maximisation(points, delta, options.reg_covar, kind).parameters
    return first_guess(points, 3 if options.k is None else options.k, options.seed, options.reg_covar, kind)


def _show_k_means(result: Mixture) -> None:
    from core.lab.mixture.kmeans import compare

    found = compare(result, len(result.iterations))
    centres = "; ".join(", ".join(f"{value:.6f}" for value in centre) for centre in found.centres)
    console.line(f"k-means from the same means: centres ({centres}); points in another group: {len(found.apart)}")


def _sentences(path: str | None) -> list[str]:
    if path is None:
        from core.data.examples import examples

        return [example.text for example in examples()]
    return [line for line in text_of(Path(path), "one sentence per line").splitlines() if line.strip()]


def _rows(result: Mixture, checks: dict[int, float | None], states: States | None) -> list[dict[str, object]]:
    """An object an iteration; `difference` is null where nothing could be compared."""
    from core.lab.mixture.check import slips
    from core.lab.mixture.states import regimes

    rows: list[dict[str, object]] = []
    for iteration in result.iterations:
        wrong = slips(result.points, iteration)["both"]
        rows.append(
            {
                **console.record(iteration, "t=number log_likelihood_before bound log_likelihood fell"),
                "counts": iteration.maximised.counts,
                **console.record(iteration.after, "weights means covariances"),
                "reg_covar": result.reg_covar,
                "covariance": result.kind,
                "floor_active": iteration.floor_active,
                "held": [k + 1 for k in iteration.maximised.held],
                "floored": [k + 1 for k in iteration.maximised.floored],
                "difference": checks[iteration.number],
                **console.record(wrong, "means_with_slips=means covariances_with_slips=covariances"),
                "responsibilities": iteration.responsibilities,
            }
        )
    if states is not None:
        rows[-1]["regimes"] = [
            {
                "component": one.component + 1,
                **console.record(one, "count share probability positive tokens"),
                **states.target.as_json(),
            }
            for one in regimes(states, result.iterations[-1].responsibilities)
        ]
    return rows


def _show(result: Mixture, checks: dict[int, float | None], states: States | None) -> None:
    from core.lab.mixture.check import largest, slips
    from core.lab.mixture.collapse import collapse
    from core.lab.mixture.worksheet import remarks

    n = len(result.points)
    origin = f"EM, covariances {result.kind}"
    console.line(f"{n:,} points, K = {result.start.components}, reg_covar {result.reg_covar:g}, {origin}")
    console.line(
        "δ_ik = π_k N(x_i; μ_k, Σ_k) / sum over j;  N_k = sum over i of δ_ik;  π_k = N_k/N;  "
        "μ_k = sum δ_ik x_i / N_k;  Σ_k = sum δ_ik (x_i-μ_k)(x_i-μ_k)' / N_k + reg_covar I"
    )
    console.line("    t  log-likelihood   bound after M            N_k")
    console.line(f"    0{result.iterations[0].log_likelihood_before:16.6f}")
    for iteration in result.iterations:
        counts = " ".join(f"{count:9.3f}" for count in iteration.maximised.counts)
        marks = ("  fell" if iteration.fell else "") + (
            f"  held up: {', '.join(str(k + 1) for k in iteration.maximised.held)}" if iteration.floor_active else ""
        )
        console.line(f"{iteration.number:5}{iteration.log_likelihood:16.6f}{iteration.bound:16.6f}  {counts}{marks}")
    last = result.iterations[-1]
    wrong = slips(result.points, last)["both"]
    for k in range(result.start.components):
        mean = ", ".join(f"{value:.6f}" for value in last.after.means[k])
        rows = "; ".join(", ".join(f"{value:.6f}" for value in row) for row in last.after.covariances[k])
        console.line(f"component {k + 1}: π = {last.after.weights[k]:.6f}, μ = ({mean}), Σ = ({rows})")
        mean = ", ".join(f"{value:.4f}" for value in wrong.means[k])
        rows = "; ".join(", ".join(f"{value:.4f}" for value in row) for row in wrong.covariances[k])
        console.line(f"  with both sums over k (two slips in the M-step): μ = ({mean}), Σ = ({rows})")
    for remark in remarks(result, collapse(result)):
        console.line(remark)
    _show_k_means(result)
    difference = largest(checks)
    compared = sum(value is not None for value in checks.values())
    console.line(
        "scikit-learn's GaussianMixture from the same start: "
        + (
            "not compared, as the floor was added from the first iteration on"
            if difference is None
            else f"largest error {difference:.1e} of weights, means and covariances, iterations: {compared}"
        )
    )
    if compared < len(checks):
        console.line(f"not compared, as the floor was added, which scikit-learn has not: {len(checks) - compared}")
    if states is not None:
        _show_regimes(result, states)


def _show_regimes(result: Mixture, states: States) -> None:
    from core.lab.mixture.states import regimes, sentence

    console.line(
        f"{states.model}: {len(states.points):,} states of {len(states.sentences):,} sentences; the axes hold "
        f"{states.explained.sum():.0%} of their variance"
    )
    for one in regimes(states, result.iterations[-1].responsibilities):
        console.line(sentence(states, one))
        tokens = ", ".join(f"{t.token} ({t.held:.1f} of {t.occurrences})" for t in one.tokens)
        console.line(f"  tokens it holds most of: {tokens or 'none'}")
