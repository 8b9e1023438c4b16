"""Vanishing and exploding: the products against autograd, the bound that is never passed, and the figure's curves."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.figures.lab.vanishing import vanishing_curves
from core.lab.bptt.vanishing import power_of_ten, vanishing


@pytest.mark.parametrize(("w_h", "spread"), [(0.7, 0.5), (1.5, 0.3), (-2.0, 1.0), (1.1, 0)])
def test_the_products_are_autograds(w_h: float, spread: float):
    found = vanishing(w_h, bias=1.0, steps=12, spread=spread, seed=3)
    x = spread * np.random.default_rng(3).standard_normal(12)
    start = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    cell = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    h, c = start, cell
    for t in range(12):
        h = torch.tanh(x[t] + w_h * h)
        c = torch.sigmoid(torch.tensor(x[t] + 1.0)) * c + 0.1
        (by_start,) = torch.autograd.grad(h, start, retain_graph=True)
        (by_cell,) = torch.autograd.grad(c, cell, retain_graph=True)
        assert 10 ** found.by_step[t] == pytest.approx(abs(by_start.item()), rel=1e-9)
        assert 10 ** found.gate_by_step[t] == pytest.approx(by_cell.item(), rel=1e-9)


@given(st.floats(-5, 5), st.floats(0, 3), st.integers(1, 60), st.integers(0, 9))
def test_the_bound_holds_and_below_1_suffices(w_h: float, spread: float, steps: int, seed: int):
    found = vanishing(w_h, spread=spread, steps=steps, seed=seed)
    assert (found.by_step <= found.bound_by_step + 1e-9).all()
    assert (found.product <= found.bound + 1e-9).all()
    assert (found.gate_by_step < 0).all()
    if abs(w_h) < 1:
        assert (found.by_step < 0).all()


def test_above_1_is_not_sufficient():
    still, driven = vanishing(1.5, spread=0), vanishing(1.5, spread=0.5)
    assert still.by_step[-1] == pytest.approx(30 * math.log10(1.5))  # every state is 0: the bound itself
    assert driven.by_step[-1] < -5
    assert still.statement() != driven.statement()


def test_the_curves_pass_through_the_number_chosen():
    found = vanishing(1.2, bias=-0.4, steps=17)
    place = int(np.argmin(np.abs(found.weights - 1.2)))
    assert found.weights[place] == pytest.approx(1.2)
    assert found.product[place] == pytest.approx(found.by_step[-1])
    assert np.interp(-0.4, found.weights, found.gate) == pytest.approx(found.gate_by_step[-1])


@pytest.mark.parametrize("w_h", [0.0, 1e308, -1e308, 5e-324])
@pytest.mark.parametrize("spread", [0.0, 0.5, 1e308])
def test_extremes_without_a_warning_or_nan(w_h: float, spread: float):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = vanishing(w_h, spread=spread, bias=w_h, steps=1_000)
        vanishing_curves(found)
        assert found.statement()
    for column in (found.by_step, found.bound_by_step, found.gate_by_step, found.product, found.gate):
        assert not np.isnan(column).any()


@pytest.mark.parametrize(
    ("logarithm", "told"),
    [(0, "1"), (-math.inf, "0"), (-0.3010299956639812, "0.5"), (9240, "1.00·10^9240"), (-12.3, "5.01·10^-13")],
)
def test_numbers_in_plain_words(logarithm: float, told: str):
    assert power_of_ten(logarithm) == told


def test_the_figure_holds_the_products_with_gaps_for_0():
    found = vanishing(0.0, steps=9)
    figure = vanishing_curves(found)
    assert len(figure.data) == 6
    assert np.isnan(np.asarray(figure.data[0].y, dtype=float)).all()  # 0 has no logarithm
    np.testing.assert_array_equal(figure.data[2].y, found.gate_by_step)
    assert len(vanishing_curves(vanishing(1.0, steps=1)).data[0].x) == 1
