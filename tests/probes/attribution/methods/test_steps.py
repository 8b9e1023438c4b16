"""Step contributions as methods: complete, and the trace's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.models.predict import EmptyTextError, verdict_on_tokens
from core.models.trace import trace_tokens
from core.probes.attribution.methods.steps import cell_steps, steps
from tests.conftest import write_tiny_checkpoint
from tests.probes.small_models import instance

TOKENS = ("not", "good", "but", "not", "bad", "zyxqj")


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("tokens", [TOKENS, ("good",), ("zyxqj", "qqq")])
def test_steps_sum_to_the_difference(tiny_checkpoints: Path, cell: str, tokens: tuple[str, ...]):
    given = instance(tiny_checkpoints, cell, tokens)
    for method in (steps, cell_steps) if cell == "lstm" else (steps,):
        found = method(given, "", seed=5)
        assert found.base_logit is not None
        model = given.checkpoint.model
        assert found.base_logit == pytest.approx(model.read_out(model.start().h[-1]).item())
        logit = verdict_on_tokens(given.checkpoint, tokens).logit
        assert found.scores.shape == (len(tokens),)
        assert found.scores.sum() == pytest.approx(logit - found.base_logit, abs=1e-5)
        assert found.delta == pytest.approx(0, abs=1e-5)


def test_they_are_the_traces(tmp_path: Path):
    write_tiny_checkpoint(tmp_path, "lstm", "lstm", layers=2)
    given = instance(tmp_path, "lstm", TOKENS)
    done = trace_tokens(given.checkpoint, TOKENS)
    np.testing.assert_array_equal(steps(given).scores, done.contributions)
    np.testing.assert_array_equal(cell_steps(given).scores, done.cell_contributions)


def test_cells_without_a_cell_state_are_refused(tiny_checkpoints: Path):
    with pytest.raises(ValueError, match="gru is a gru, which has no cell state; cell steps are for: lstm"):
        cell_steps(instance(tiny_checkpoints, "gru", TOKENS))
    with pytest.raises(EmptyTextError):
        steps(instance(tiny_checkpoints, "gru", ()))
