"""A verb on where a model comes to rest: fixed-points."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.fixed_points import FixedPoints, Point

_LEADING, _LISTED = 20, 20  # eigenvalues of a point in --json; points that are printed


def add_verbs(add: Add) -> None:
    """Add this verb and its options."""
    added = add(fixed_points)
    console.model_option(added)
    added.add_argument(
        "--input",
        default="zero",
        metavar="zero|mean",
        help="what the input is held at: zero (default), or the mean embedding of the vocabulary",
    )
    added.add_argument("--seconds", type=float, default=60.0, metavar="S", help="time for each model (default: 60)")


def fixed_points(options: argparse.Namespace) -> int:
    """Where does a model come to rest while its input is held, and does it keep its verdict on a line attractor?"""
    models = console.prefixwise_checkpoints(options.model, plain=True)
    found = [_found(checkpoint, options.input, options.seconds) for checkpoint in models]
    if options.json:
        console.json_list(_json(result) for result in found)
        return 0
    for result in found:
        _show(result)
    return 0


def _found(checkpoint: Checkpoint, held: str, seconds: float) -> FixedPoints:
    from core.data.examples import examples
    from core.probes.dynamics.fixed_points import search

    told = -1
    for event in search(checkpoint, [example.text for example in examples()], held, seconds):
        found = event.result()
        if int(event.share * 10) > told:
            told = int(event.share * 10)
            console.progress(
                f"{found.model}: {event.stage}, {found.tried:,} of {found.starts:,} starts tried, {found.converged:,} "
                f"at rest, {found.seconds:.1f} s"
            )
    return found


def _json(found: FixedPoints) -> dict[str, object]:
    from core.probes.dynamics.line_attractor import judge, statement

    judged = judge(found)
    return {
        "model": found.model,
        "input": found.input,
        "starts": found.starts,
        "tried": found.tried,
        "converged": found.converged,
        "smallest_speed": found.smallest_speed,
        "seconds": found.seconds,
        "points": [_point_json(point) for point in found.points],
        "slow_points": [_point_json(point) for point in found.slow],
        "answer": judged.answer,
        "share_on_first_axis": judged.share,
        "alignment_with_read_out": judged.alignment,
        "tokens_of_a_text": judged.tokens,
        "directions_that_last": judged.lasting,
        "statement": statement(found),
    }


def _point_json(point: Point) -> dict[str, object]:
    import math

    return {
        "logit": point.logit,
        "speed": point.speed,
        "stability": point.stability,
        "starts": point.starts,
        "eigenvalues": [[value.real, value.imag] for value in point.eigenvalues[:_LEADING].tolist()],
        "time_constants": [
            value if math.isfinite(value) else None for value in point.time_constants[:_LEADING].tolist()
        ],
        "hidden": point.hidden.tolist(),
    }


def _show(found: FixedPoints) -> None:
    from core.probes.dynamics.line_attractor import statement

    console.line(f"{found.model}, input {found.input}, {found.seconds:.1f} s")
    console.line(f"  {statement(found)}")
    for name, points in (("fixed points", found.points), ("slow points, no fixed points", found.slow)):
        if points:
            console.line(f"  {name}\n     logit     speed  leading |λ|  time constant  starts")
        for point in points[:_LISTED]:
            leading, steps = abs(point.eigenvalues[0]), point.time_constants[0]
            console.line(
                f"  {point.logit:+8.3f}  {point.speed:8.1e}  {leading:11.5f}  {steps:13,.1f}  {point.starts:6,}  "
                f"{point.stability}"
            )
        if len(points) > _LISTED:
            console.line(f"  … and {len(points) - _LISTED:,} more: --json has all of them")
