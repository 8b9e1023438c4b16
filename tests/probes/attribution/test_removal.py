"""Taking words out: every way gives what reading the changed text gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.models.predict import verdict_on_tokens
from core.probes.attribution.methods.tree import value_function
from core.probes.attribution.removal import replacement, subsets
from tests.probes.small_models import instance

TOKENS = ("not", "good", "but", "not", "bad", "zyxqj")


def test_subsets_have_the_tokens_of_their_bits():
    rows = subsets(3)
    assert rows.shape == (8, 3)
    assert rows[5].tolist() == [True, False, True]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_deleting_gives_the_verdict_on_what_is_left(tiny_checkpoints: Path, cell: str):
    given = instance(tiny_checkpoints, cell, TOKENS)
    rows = subsets(len(TOKENS))
    values = value_function(given, "delete").values(rows)
    for row, value in list(zip(rows, values, strict=True))[1:]:
        left = [token for token, present in zip(TOKENS, row, strict=True) if present]
        assert value == pytest.approx(verdict_on_tokens(given.checkpoint, left).logit, abs=1e-5)
    model = given.checkpoint.model
    assert values[0] == pytest.approx(model.read_out(model.start().h[-1]).item())


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("baseline", ["pad", "unk", "mean", "zero"])
def test_replacing_gives_the_logit_of_the_changed_embeddings(tiny_checkpoints: Path, cell: str, baseline: str):
    given = instance(tiny_checkpoints, cell, TOKENS)
    model = given.checkpoint.model
    rows = subsets(len(TOKENS))[::7]
    values = value_function(given, baseline).values(rows)
    absent = replacement(model, baseline)
    for row, value in zip(rows, values, strict=True):
        x = model.embedding(torch.tensor(given.checkpoint.vocabulary.encode(TOKENS))).detach().clone()
        x[~torch.from_numpy(row)] = absent
        assert value == pytest.approx(model.from_embeddings(x[None]).item(), abs=1e-5)


def test_bad_baselines_are_refused(tiny_checkpoints: Path):
    given = instance(tiny_checkpoints, "rnn", TOKENS)
    with pytest.raises(ValueError, match="unknown baseline 'nothing'; available: delete, pad"):
        value_function(given, "nothing")
    with pytest.raises(ValueError, match="unknown replacement 'delete'"):
        replacement(given.checkpoint.model, "delete")
