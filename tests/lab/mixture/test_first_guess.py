"""Where EM starts does not depend on the units of the axes."""

from __future__ import annotations

import numpy as np

from core.lab.mixture.em import first_guess


def test_the_first_means_follow_the_units_of_the_axes() -> None:
    points = np.random.default_rng(0).normal(size=(60, 2)) * [1.0, 30.0]
    for seed in range(5):
        plain = first_guess(points, 4, seed=seed)
        for scale in ([1_000.0, 1.0], [1.0, 1_000.0]):
            np.testing.assert_allclose(first_guess(points * scale, 4, seed=seed).means, plain.means * scale)
