"""How far did each step move the read-out? The two decompositions of `core.models.trace` as methods of attribution.

Both are complete: their scores sum to the logit less the empty text's, which is read from the start state.
`models.trace` has the equations and the citation. Neither removes a word, so neither takes a baseline; and neither is
random, so the seed changes nothing.
"""

from __future__ import annotations

import numpy as np

from core.models.trace import Trace, trace_tokens
from core.probes.attribution.results import Reading, Scores
from core.runtime.i18n import LazyMessage, mark


def steps(reading: Reading, baseline: str = "", *, seed: int = 0) -> Scores:
    """How far each token moved the logit when it was read, logit_t − logit_{t−1}, for every cell."""
    done = trace_tokens(reading.inside, reading.tokens)
    return _scores(done, done.contributions)


def cell_steps(reading: Reading, baseline: str = "", *, seed: int = 0) -> Scores:
    """What is left at the end of what each token wrote into the LSTM's cell state, γ of Murdoch & Szlam 2017.

    Raises ValueError for a cell without such a state.
    """
    done = trace_tokens(reading.inside, reading.tokens)
    found = done.cell_contributions
    if found is None:
        raise ValueError(f"{done.model} is a {done.cell}, which has no cell state; cell steps are for: lstm")
    return _scores(done, found)


def _scores(done: Trace, scores: np.ndarray) -> Scores:
    total = float(done.logit[-1]) - done.empty_logit
    return Scores(
        scores=scores,
        base_logit=done.empty_logit,
        delta=float(scores.sum()) - total,
        spent=LazyMessage(mark("one reading, token by token")),
    )
