"""Fixed points found beforehand, kept in one JSON file beside the checkpoints, by model hash and input.

A point is kept as its whole state, speed and eigenvalues. What follows from the state (h, logit, scores) and the states
of the sentences are computed from the model when the file is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.data import targets
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.probes.dynamics.fixed_points import FixedPoints, Point, mean_tokens, read_out_of, visited_states
from core.probes.dynamics.held_input import INPUTS, HeldMap
from core.runtime import json_file
from core.runtime.i18n import gettext as _

FILE = "fixed_points.json"
FORMAT = 1


@dataclass(frozen=True)
class _KeptPoint:
    """`state` [D]; `real` and `imaginary` parts of its eigenvalues, [D] each."""

    state: list[float]
    real: list[float]
    imaginary: list[float]
    speed: float
    ahead: float
    starts: int


@dataclass(frozen=True)
class _Kept:
    """A finished search; `sha256` is of the texts that it started from."""

    model: str
    hash: str
    input: str
    sha256: str
    starts: int
    converged: int
    smallest_speed: float
    seconds: float
    points: list[_KeptPoint]


def save(
    results: Sequence[FixedPoints], models: Sequence[Checkpoint], texts: Sequence[str], folder: Path | None = None
) -> Path:
    """Add searches of these models to the file, in place of earlier ones of the same model and input.

    Earlier searches of a model that has changed are dropped. Raises ValueError for a search that ended early, and as
    `json_file.write`.
    """
    path = (folder or checkpoints.root()) / FILE
    kept = [_as_kept(result, model, texts) for result, model in zip(results, models, strict=True)]
    hashes = {one.model: one.hash for one in kept}
    new = {(one.model, one.input) for one in kept}
    before = [
        one
        for one in (json_file.read(path, FORMAT, _read) if path.exists() else [])
        if (one.model, one.input) not in new and hashes.get(one.model, one.hash) == one.hash
    ]
    json_file.write(path, FORMAT, {"searches": [json_file.as_json(one, 7) for one in (*before, *kept)]})
    return path


def load(checkpoint: Checkpoint, held: str, texts: Sequence[str], folder: Path | None = None) -> FixedPoints | None:
    """The search of this very model with this input from these texts; None where none is kept.

    Raises ValueError, in one line, for a damaged file.
    """
    path = (folder or checkpoints.root()) / FILE
    if not path.exists():
        return None
    asked = (checkpoint.every.hash, held, _digest(texts))
    for one in json_file.read(path, FORMAT, _read):
        if (one.hash, one.input, one.sha256) == asked:
            return _result(one, checkpoint, texts)
    return None


def _digest(texts: Sequence[str]) -> str:
    return sha256("\n".join(texts).encode()).hexdigest()


def _as_kept(result: FixedPoints, model: Checkpoint, texts: Sequence[str]) -> _Kept:
    if not result.complete or result.smallest_speed is None:
        raise ValueError(
            _("{model}: only {tried:,} of {starts:,} starts were tried, so none is saved; allow more time").format(
                model=result.model, tried=result.tried, starts=result.starts
            )
        )
    return _Kept(
        model=result.model,
        hash=model.every.hash,
        input=result.input,
        sha256=_digest(texts),
        starts=result.starts,
        converged=result.converged,
        smallest_speed=result.smallest_speed,
        seconds=result.seconds,
        points=[
            _KeptPoint(
                point.state.tolist(),
                point.eigenvalues.real.tolist(),
                point.eigenvalues.imag.tolist(),
                point.speed,
                point.ahead,
                point.starts,
            )
            for point in (*result.points, *result.slow)
        ],
    )


def _read(content: dict[str, Any]) -> list[_Kept]:
    kept: list[_Kept] = json_file.made(list[_Kept], content["searches"])
    for one in kept:
        if one.input not in INPUTS:
            raise ValueError(f"the input is held at one of {', '.join(INPUTS)}; found {one.input!r:.40}")
        if any(len({len(point.state), len(point.real), len(point.imaginary)}) > 1 for point in one.points):
            raise ValueError(_("{name}: expected {shape} numbers").format(name="eigenvalues", shape="state"))
    return kept


def _result(kept: _Kept, checkpoint: Checkpoint, texts: Sequence[str]) -> FixedPoints:
    held_map = HeldMap(checkpoint.model, kept.input)
    visited = visited_states(checkpoint, held_map, texts)
    if any(len(point.state) != visited.shape[1] for point in kept.points):
        raise ValueError(_("{name}: expected {shape} numbers").format(name="state", shape=visited.shape[1]))
    points = sorted((_point(one, held_map) for one in kept.points), key=lambda point: point.logit)
    return FixedPoints(
        model=checkpoint.name,
        input=kept.input,
        starts=kept.starts,
        tried=kept.starts,
        converged=kept.converged,
        smallest_speed=kept.smallest_speed,
        points=tuple(point for point in points if point.fixed),
        slow=tuple(point for point in points if not point.fixed),
        read_out=read_out_of(checkpoint),
        visited=held_map.hidden(visited).numpy(),
        tokens=mean_tokens(checkpoint.card),
        seconds=kept.seconds,
        target=targets.chosen(checkpoint),
    )


def _point(kept: _KeptPoint, held_map: HeldMap) -> Point:
    state = torch.tensor([kept.state], dtype=torch.float64)
    scores = held_map.scores(state)[0].numpy()
    return Point(
        state=state[0].numpy(),
        hidden=held_map.hidden(state)[0].numpy().copy(),
        logit=held_map.logits(state).item(),
        speed=kept.speed,
        starts=kept.starts,
        eigenvalues=np.array(kept.real) + 1j * np.array(kept.imaginary),
        ahead=kept.ahead,
        scores=scores if scores.ndim else None,
    )
