"""The verb that searches a network's fixed points: fixed-points."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs
from core.data.targets import log_odds_name

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.fixed_points import FixedPoints, Point

_LEADING, _LISTED = 20, 20  # eigenvalues of a point in --json; points that are printed


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(fixed_points, "--model", "--target", "--against")
    parser.add_argument(
        "--input",
        default="zero",
        metavar="zero|mean",
        help="the constant input: zero (default), or the mean embedding of the vocabulary",
    )
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="time for each model (default: 60)")
    parser.add_argument(
        "--save",
        action="store_true",
        help="keep the points in checkpoints/fixed_points.json, where the page finds them (finished searches only)",
    )


def fixed_points(options: argparse.Namespace) -> int:
    """Where does a model come to rest under a constant input, and does it keep its verdict on a line attractor?"""
    models = inputs.named(options, inputs.prefixwise_checkpoints(options.model, plain=True))
    results = [_search(checkpoint, options.input, options.seconds) for checkpoint in models]
    if options.save:
        from core.probes.dynamics import fixed_points_file

        console.progress(f"saved in {fixed_points_file.save(results, models, _texts())}")
    return console.answer(options, results, _as_json, _show)


def _search(checkpoint: Checkpoint, held: str, seconds: float) -> FixedPoints:
    from core.probes.dynamics.fixed_points import search

    reported = -1
    for event in search(checkpoint, _texts(), held, seconds):
        result = event.result()
        if int(event.share * 10) > reported:
            reported = int(event.share * 10)
            console.progress(
                f"{result.model}: {event.stage}, {result.tried:,} of {result.starts:,} starts tried, "
                f"{result.converged:,} at rest, {result.seconds:.1f} s"
            )
    return result


def _texts() -> list[str]:
    """The texts that a search starts from."""
    from core.data.examples import examples

    return [example.text for example in examples()]


def _as_json(result: FixedPoints) -> dict[str, object]:
    from core.probes.dynamics.line_attractor import judge, statement

    return {
        **console.record(result, "model input starts tried converged smallest_speed seconds"),
        **result.target.as_json(),
        "points": [_point_json(result, point) for point in result.points],
        "slow_points": [_point_json(result, point) for point in result.slow],
        **console.record(
            judge(result),
            "answer share_on_first_axis=share alignment_with_read_out=alignment tokens_of_a_text=tokens "
            "directions_that_last=lasting dimensions",
        ),
        "statement": statement(result),
    }


def _point_json(result: FixedPoints, point: Point) -> dict[str, object]:
    return {
        **console.record(point, "logit speed stability starts"),
        "label": result.label(point),
        "eigenvalues": [[value.real, value.imag] for value in point.eigenvalues[:_LEADING].tolist()],
        "time_constants": point.time_constants[:_LEADING],
        "hidden": point.hidden,
    }


def _show(result: FixedPoints) -> None:
    from core.probes.dynamics.line_attractor import statement

    console.line(f"{result.model}, input {result.input}, {result.seconds:.1f} s")
    console.line(f"  {statement(result)}")
    for name, points in (("fixed points", result.points), ("slow points, not fixed points", result.slow)):
        if points:
            console.line(f"  {name}\n     logit     speed  leading |λ|  time constant  starts{_of(result)}")
        for point in points[:_LISTED]:
            leading, steps = abs(point.eigenvalues[0]), point.time_constants[0]
            console.line(
                f"  {point.logit:+8.3f}  {point.speed:8.1e}  {leading:11.5f}  {steps:13,.1f}  {point.starts:6,}  "
                f"{point.stability}{_verdict(result, point)}"
            )
        if len(points) > _LISTED:
            console.line(f"  … and {len(points) - _LISTED:,} more; --json has all of them")


def _of(result: FixedPoints) -> str:
    """What the logits are of, where they are of one of more than two classes."""
    return "" if result.target.wins_at_half else f"  (logit: {log_odds_name(result.target)})"


def _verdict(result: FixedPoints, point: Point) -> str:
    """The verdict at a point, where its logit does not say it."""
    return "" if result.target.wins_at_half else f", {result.label(point)}"
