"""Seconds that the search for a model's fixed points takes. What was asked: under 60 s for one model.

``pytest tests/benchmarks/test_fixed_points.py -s``
"""

from __future__ import annotations

import time

import pytest

from core.data.examples import examples
from core.models import checkpoints
from core.probes.dynamics.fixed_points import SECONDS, search

SLACK = 5.0  # seconds: one look at the clock to the next


@pytest.mark.parametrize("held", ["zero", "mean"])
@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_seconds_of_a_search(name: str, held: str) -> None:
    checkpoint = checkpoints.load(name)
    clock = time.perf_counter()
    events = [event.result() for event in search(checkpoint, [example.text for example in examples()], held)]
    took, found = time.perf_counter() - clock, events[-1]
    print(
        f"\n{name}, input {held}: {took:.1f} s, {len(events)} events, {found.tried} of {found.starts} starts tried, "
        f"{found.converged} converged, {len(found.points)} points, {len(found.slow)} slow ones"
    )
    assert took < SECONDS + SLACK
