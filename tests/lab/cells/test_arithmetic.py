"""Sums are exact and rounded once; beyond the largest float they keep their sign."""

from __future__ import annotations

import sys

import pytest

from core.lab.cells.arithmetic import added

LARGEST = sys.float_info.max


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_sum_beyond_the_floats_keeps_its_sign(sign: float) -> None:
    total = added([(sign * LARGEST, 2.0)])
    assert total.value == sign * LARGEST and total.products == (sign * LARGEST,)


def test_large_terms_cancel_exactly() -> None:
    assert added([(1e308, 1.0), (0.5, 1.0), (-1e308, 1.0)]).value == 0.5
