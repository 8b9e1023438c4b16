"""Do two methods rank the words of a text alike?

Kendall's τ-b (Kendall 1945) between the scores of every two methods: 1 for the same order of tokens, −1 for the
opposite one, 0 for unrelated orders; ties count as neither. Where one of the two is unsigned, both are ranked by size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.probes.attribution.results import Attribution


def agreement(attributions: Sequence[Attribution]) -> np.ndarray:
    """τ-b of every two attributions [M, M], symmetric, 1 on its diagonal.

    NaN, on the diagonal too, where a method gives all tokens the same score, as in a text of one token. Raises
    ValueError for attributions of different texts.
    """
    from core.probes.attribution.attribute import METHODS

    tokens = {attribution.tokens for attribution in attributions}
    if len(tokens) > 1:
        raise ValueError(f"expected attributions of the same tokens; given {len(tokens):,} different texts")
    signed = [METHODS[attribution.method].signed for attribution in attributions]
    return kendall([attribution.scores for attribution in attributions], signed)


def kendall(scores: Sequence[np.ndarray], signed: Sequence[bool]) -> np.ndarray:
    """`agreement` of bare scores, each [n]; `signed` says which have a sign."""
    from scipy.stats import kendalltau

    taus = np.full((len(scores), len(scores)), np.nan)
    for i, (a, sign_a) in enumerate(zip(scores, signed, strict=True)):
        for j, (b, sign_b) in enumerate(zip(scores[: i + 1], signed, strict=False)):
            both = (a, b) if sign_a and sign_b else (np.abs(a), np.abs(b))
            if len(a) > 1 and all(np.ptp(each) > 0 for each in both):
                taus[i, j] = taus[j, i] = kendalltau(*both).statistic
    return taus
