"""How sure is a failure rate when the cases come in clusters, a template's fillers being much alike?

Of G templates, template g has n_g cases, f_g of which fail; the rate is r = Σ f_g / N with N = Σ n_g. Its variance,
robust to any dependence within a template (the linearised ratio of sampling theory, that of CR1 standard errors), is

    v = G / (G − 1) · Σ (f_g − r n_g)² / N²

and the interval that of Korn & Graubard 1998, "Confidence intervals for proportions with small expected number of
positive counts estimated from survey data": the exact one of Clopper & Pearson 1934 for n* cases, r n* of which fail,

    n* = min(N, r (1 − r) / v · (t_{N−1} / t_{G−1})²)

with Student's 97.5 % points t, which widen it where the templates are few. It speaks of templates like these, not only
of other fillers. Deviations: where nothing or everything fails, v is 0 and says nothing, so each template is counted as
one case, n* = G, which is exact if a template's cases all fail or all pass; and of a single template nothing can be
said beyond it, so the interval is Wilson's for its own cases, its fillers taken as exchangeable.

Why not a bootstrap over templates: where these are few and failures rare, its percentile interval is far too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.evaluation.metrics import wilson_interval

_LEVEL = 0.95


def clustered_interval(failures: Sequence[int], cases: Sequence[int]) -> tuple[float, float]:
    """The 95 % interval of the share of failures, from failures [G] and cases [G] of each cluster.

    Raises ValueError where there is no case, or a cluster has more failures than cases.
    """
    f, n = (np.asarray(counts, dtype=float) for counts in (failures, cases))
    if f.shape != n.shape or f.ndim != 1 or (f < 0).any() or (f > n).any() or not n.sum():
        raise ValueError(f"expected as many failures as cases or fewer, a case at least; given {failures} of {cases}")
    f, n = f[n > 0], n[n > 0]
    if len(n) == 1:
        return wilson_interval(int(f[0]), int(n[0]))
    return _clopper_pearson(float(f.sum() / n.sum()), _effective(f, n))


def _effective(f: np.ndarray, n: np.ndarray) -> float:
    """n*: how many independent cases are worth as much as these."""
    from scipy.stats import t

    total, clusters = float(n.sum()), len(n)
    rate = float(f.sum()) / total
    if rate in (0, 1):
        return float(clusters)
    variance = clusters / (clusters - 1) * float(((f - rate * n) ** 2).sum()) / total**2
    if variance == 0:  # all templates fail equally often
        return total
    ends = t.ppf((1 + _LEVEL) / 2, [total - 1, clusters - 1])
    return min(total, rate * (1 - rate) / variance * float(ends[0] / ends[1]) ** 2)


def _clopper_pearson(rate: float, size: float) -> tuple[float, float]:
    """The interval of a share in `size` cases, not necessarily a whole number: quantiles of two beta distributions."""
    from scipy.stats import beta

    failures, tail = rate * size, (1 - _LEVEL) / 2
    low = 0.0 if rate == 0 else float(beta.ppf(tail, failures, size - failures + 1))
    high = 1.0 if rate == 1 else float(beta.ppf(1 - tail, failures + 1, size - failures))
    return low, high
