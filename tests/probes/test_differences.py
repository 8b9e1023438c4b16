"""Where two sentences split and part, and which state carries the difference, from numbers made up for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.targets import POSITIVE
from core.models import checkpoints
from core.models.predict import aimed
from core.models.trace import trace
from core.probes.dynamics.differences import Difference, difference, units_apart
from core.probes.interventions.patching import patch_grid

A, B = "so good so bad", "so bad so good"


def made(first: list[int], second: list[int], share: list[float] | None = None) -> Difference:
    a, b = (np.array(numbers, np.uint8) for numbers in (first, second))
    distance = np.arange(min(len(a), len(b)), dtype=float)
    words = ("w",) * len(a), ("w",) * len(b)
    return Difference(
        "rnn", POSITIVE, words, (0, 1), (a, b), (a, b), distance, None if share is None else np.array(share)
    )


def test_verdicts_part_for_good() -> None:
    assert made([1, 0, 1], [1, 1, 0]).parts_at == 2
    assert made([1, 0, 1], [1, 1, 1]).parts_at is None
    assert made([0, 0, 0], [1, 1]).parts_at == 1
    assert made([1, 0], [1, 1, 0]).parts_at == 2 and not made([1, 0], [1, 1, 0]).opposite
    assert made([1], [1]).splits_at is None and made([1, 1], [1, 1]).splits_at == 2


def test_what_carries_is_where_the_share_grows_most() -> None:
    assert made([1] * 4, [1] * 4, [0, 0.2, 0.9, 1]).carrier == 3
    assert made([1] * 4, [1] * 3, [0, -0.5, 0.05, np.nan]).carrier == 3
    assert made([1] * 3, [1] * 3, [0, 0.01, 0.05]).carrier is None
    assert made([1], [1]).carrier is None


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_it_is_measured_on_the_runs(name: str, tiny_checkpoints: Path) -> None:
    checkpoint = aimed(checkpoints.load(name, tiny_checkpoints), A.split())
    a, b = trace(checkpoint, A), trace(checkpoint, B)
    grid = patch_grid(checkpoint, a, b)
    found = difference(a, b, grid)
    assert found.splits_at == 2 and found.distance[0] == 0
    if found.share is not None:
        assert found.share[0] == pytest.approx(0, abs=1e-4) and found.share[-1] == pytest.approx(1, abs=1e-4)
    assert difference(a, b).share is None
    units = units_apart(a, b)
    parts = np.abs(a.read_out * (a.h[-1] - b.h[-1]))
    assert parts[units] == pytest.approx(np.sort(parts)[::-1], abs=1e-6)
    with pytest.raises(ValueError):
        difference(a, replace(b, model="another"))
