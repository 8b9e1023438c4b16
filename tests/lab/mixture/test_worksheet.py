"""The worked lines of a mixture hold its numbers; the slips stand beside the truth; what regularisation did is said."""

from __future__ import annotations

import numpy as np
import pytest

from core.lab.mixture.check import slips
from core.lab.mixture.collapse import collapse
from core.lab.mixture.em import Mixture, first_guess, fit
from core.lab.mixture.points import draw
from core.lab.mixture.worksheet import remarks, sheet, slip_sheet
from core.lab.worksheet import Line, number


def shown(value: float) -> str:
    """A number, as a line has it."""
    return Line(number(float(value))).latex


def fitted(name: str = "clouds", components: int = 3, reg_covar: float = 0.0, iterations: int = 4) -> Mixture:
    points = draw(name, 60, 0)
    return fit(points, first_guess(points, components, 0, reg_covar), iterations, reg_covar)


@pytest.mark.parametrize("reg_covar", [0.0, 0.01])
@pytest.mark.parametrize("components", [1, 2, 3])
def test_the_lines_hold_the_numbers_of_the_iteration(components: int, reg_covar: float) -> None:
    found = fitted(components=components, reg_covar=reg_covar)
    for made in found.iterations:
        for k in range(components):
            text = sheet(found, made.number, k + 1, 7).markdown()
            values = [made.after.weights[k], made.maximised.counts[k], made.log_likelihood_before, made.bound]
            values += [made.log_likelihood, made.responsibilities[6, k], made.before.weights[k]]
            for value in (*values, *made.after.means[k], *made.after.covariances[k].ravel()):
                assert shown(value) in text
            apart = found.points[6] - made.before.means[k]
            assert shown(apart @ np.linalg.inv(made.before.covariances[k]) @ apart) in text
            assert shown(np.linalg.det(made.before.covariances[k])) in text
            assert (shown(reg_covar) + r"\, I" in text) == (reg_covar > 0)


def test_the_slips_stand_beside_the_truth() -> None:
    found = fitted()
    made = found.iterations[2]
    wrong = slips(found.points, made)
    text = slip_sheet(found, 3, 2).latex()
    for formulas in wrong.values():
        for value in (*formulas.means[1], *formulas.covariances[1].ravel()):
            assert shown(value) in text
    assert text.count(r"\sum_i \sum_k") == 4 and text.count(r"{\sum_k \delta_{ik}}") == 4


def test_what_regularisation_did_is_said() -> None:
    assert remarks(fitted(), None) == ()
    points = np.array([[0, 0], [1, 1], [2, 2], [3, 3.0]])
    collapsed = fit(points, first_guess(points, 2, 0, 0.0), 3, 0.0)
    found = collapse(collapsed)
    assert found is not None and found.iteration == 1
    said = remarks(collapsed, found)[0]
    assert "component 1 collapses at iteration 1" in said and "a millionth" in said
    assert r" + \text{" in sheet(collapsed, 1, 1, 1).markdown()
    held = fit(points, first_guess(points, 1, 0, 0.5), 3, 0.5)
    said, limited = remarks(held, collapse(held))
    assert "Here 0.5 is added" in said
    assert "component 1 (first at iteration 1, 3" in limited and "0.5" in limited
    free = fitted(iterations=60)
    fallen = fit(free.points, free.parameters, 5, 1.0)
    fall = free.iterations[-1].log_likelihood - fallen.iterations[0].log_likelihood
    assert f"by {fall:.4g} nats at iteration 1" in " ".join(remarks(fallen, None))
