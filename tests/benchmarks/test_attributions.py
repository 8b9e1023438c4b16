"""All methods of attribution on a tweet of 20 tokens, and what they would take for 500.

``pytest tests/benchmarks/test_attributions.py -s``. What was asked: all methods together in under 3 s on two cores.
"""

from __future__ import annotations

import pytest

from core import checkpoints
from core.probes.attributions import attribute, available, cost

TEXT = "i really did not think that this day could get any better but it was the best night ever !"


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_all_methods_on_twenty_tokens(name: str) -> None:
    checkpoint = checkpoints.load(name)
    methods = available(checkpoint)
    for method in methods:
        assert len(attribute(checkpoint, "so good", method)) == 2  # imports are not what is measured
    runs = [[attribute(checkpoint, TEXT, method) for method in methods] for _ in range(3)]
    assert len(runs[0][0]) == 20
    seconds = {method: min(run[i].seconds for run in runs) for i, method in enumerate(methods)}
    total = min(sum(found.seconds for found in run) for run in runs)
    print(f"\n{name}, 20 tokens, {len(methods)} methods: {total:.2f} s together (asked: under 3)")
    for found in runs[0]:
        print(
            f"  {found.method:<26}{1000 * seconds[found.method]:7.0f} ms   {found.spent}; "
            f"{cost(found.method, 500):,} readings of 500 tokens"
        )
    assert total < 3
