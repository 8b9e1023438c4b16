"""Step contributions as methods: the trace's own, from the empty text's logit on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.models.trace import trace_tokens
from core.probes.attribution.methods.steps import cell_steps, steps
from tests.probes.small_models import instance


@pytest.mark.parametrize("name", ["rnn1", "gru1", "lstm1", "lstm2", "gru-three", "lstm-three"])
def test_they_are_the_traces(layered: Path, name: str):
    given = instance(layered, name, ("not", "good", "but", "not", "bad", "zyxqj"))
    run, model = trace_tokens(given.checkpoint, given.tokens), given.checkpoint.model
    for method, scores in ((steps, run.contributions), (cell_steps, run.cell_contributions)):
        if scores is not None:
            found = method(given, "", seed=5)
            np.testing.assert_array_equal(found.scores, scores)
            assert found.base_logit == pytest.approx(model.read_out(model.start().h[-1]).item())
            assert found.delta == pytest.approx(0, abs=1e-5)
