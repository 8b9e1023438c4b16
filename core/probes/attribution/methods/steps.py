"""How far did each token move the read-out? The two decompositions of `core.models.trace` as methods of attribution.

Both are complete: the scores sum to the logit minus the empty text's. `models.trace` has the equations and the
citation. No word is removed and nothing is random, so baseline and seed change nothing.
"""

from __future__ import annotations

import numpy as np

from core.models.trace import Trace, trace_tokens
from core.probes.attribution.results import Instance, Scores
from core.runtime.i18n import LazyMessage, mark


def steps(instance: Instance, baseline: str = "", *, seed: int = 0) -> Scores:
    """How far each token moved the logit when it was read, logit_t − logit_{t−1}."""
    run = trace_tokens(instance.white_box, instance.tokens)
    return _scores(run, run.contributions)


def cell_steps(instance: Instance, baseline: str = "", *, seed: int = 0) -> Scores:
    """What is left at the end of what each token wrote into the LSTM's cell state, γ of Murdoch & Szlam 2017."""
    run = trace_tokens(instance.white_box, instance.tokens)
    assert run.cell_contributions is not None
    return _scores(run, run.cell_contributions)


def _scores(run: Trace, scores: np.ndarray) -> Scores:
    return Scores(
        scores=scores,
        base_logit=run.empty_logit,
        delta=float(scores.sum()) - (float(run.logit[-1]) - run.empty_logit),
        spent=LazyMessage(mark("one pass, token by token")),
    )
