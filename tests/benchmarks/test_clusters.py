"""How often do intervals of failure rates hold the true one? The clustered one beside a bootstrap over templates."""

from __future__ import annotations

import numpy as np

from core.evaluation.clustered_intervals import clustered_interval

RUNS = 600


def test_coverage_of_the_clustered_interval_and_of_the_percentile_bootstrap() -> None:
    rng = np.random.default_rng(0)
    print(
        f"\n{'templates':>9} {'rate':>5} {'spread':>6}  {'clustered: held, width':>24} {'bootstrap: held, width':>24}"
    )
    for templates in (8, 9, 15, 19, 135):
        for rate in (0.03, 0.15, 0.6):
            for strength in (0.3, 1.0, 5.0):  # of the beta distribution; the less, the more alike a template's cases
                clustered, bootstrap = zip(*(_both(rng, templates, rate, strength) for _ in range(RUNS)), strict=True)
                shown = "".join(
                    f"{np.mean([low <= rate <= high for low, high in ends]):>17.1%}"
                    f"{np.mean([high - low for low, high in ends]):>8.3f}"
                    for ends in (clustered, bootstrap)
                )
                print(f"{templates:>9} {rate:>5.0%} {strength:>6}{shown}")
                assert np.mean([low <= rate <= high for low, high in clustered]) > 0.87


def _both(
    rng: np.random.Generator, templates: int, rate: float, strength: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Both intervals of one suite of 12 to 24 cases a template, whose own rates are beta-distributed."""
    cases = rng.integers(12, 25, templates)
    failures = rng.binomial(cases, rng.beta(rate * strength, (1 - rate) * strength, templates))
    drawn = rng.integers(0, templates, (500, templates))
    low, high = np.quantile(failures[drawn].sum(1) / cases[drawn].sum(1), [0.025, 0.975]).tolist()
    return clustered_interval(failures.tolist(), cases.tolist()), (low, high)
