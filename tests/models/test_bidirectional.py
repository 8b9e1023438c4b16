"""A bidirectional model: searches equal whole readings, and what follows it word by word says why it cannot."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch

from core.__main__ import main
from core.models import checkpoints
from core.models.checkpoints import Checkpoint, CheckpointError
from core.models.predict import verdicts
from core.models.recurrent import NotPrefixwiseError
from core.models.reference_states import states
from core.models.trace import trace
from core.probes.attribution.attribute import METHODS, attribute, available
from core.probes.attribution.methods.tree import PrefixTree
from core.probes.attribution.removal import BASELINES, WhiteBoxValues, subsets
from core.probes.attribution.results import Instance
from core.probes.dynamics.fixed_points import search
from core.probes.dynamics.memory_decay import memory
from core.probes.dynamics.retention import retention
from core.probes.dynamics.trajectories import gradients
from core.probes.edits.shared_suffixes import ChangedSentence
from core.probes.interventions.patching import patch_texts
from core.probes.permutations.comparison import compare
from core.probes.permutations.shared_prefixes import SharedPrefixes
from core.probes.sarcasm.comment import leave_one_out
from core.probes.units.linear_probes import diagnose
from tests.models.imported import write_bidirectional

TEXT = "this movie is not so bad"
SHAPES = [("rnn", 1, "final"), ("gru", 2, "final"), ("lstm", 3, "final"), ("lstm", 1, "last")]


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    cell, layers, reads = request.param
    folder = tmp_path_factory.mktemp("both")
    write_bidirectional(folder, "both", cell, layers=layers, reads=reads)
    return checkpoints.load("both", folder)


def one_by_one(checkpoint: Checkpoint, sentences: list[list[int]]) -> np.ndarray:
    """Logits of sentences of ids, each read by itself."""
    model = checkpoint.model
    with torch.inference_mode():
        return np.array([model(torch.tensor([ids])).item() if ids else model.empty_logit() for ids in sentences])


def test_padding_behind_a_sentence_does_not_reach_it(checkpoint: Checkpoint) -> None:
    texts = ["i love this movie", "bad", TEXT]
    found = verdicts(checkpoint, texts)
    expected = one_by_one(checkpoint, [checkpoint.vocabulary.encode(text.split()) for text in texts])
    np.testing.assert_allclose([verdict.logit for verdict in found], expected, atol=1e-6)
    assert all(verdict.prefix_probabilities == () for verdict in found)


def test_orders_changes_and_removed_words_equal_whole_readings(checkpoint: Checkpoint) -> None:
    ids = checkpoint.vocabulary.encode(TEXT.split())
    orders = np.array(list(permutations(range(len(ids))))[:200], dtype=np.uint8)
    expected = one_by_one(checkpoint, [[ids[place] for place in order] for order in orders.tolist()])
    np.testing.assert_allclose(SharedPrefixes(checkpoint.model, ids).logits(orders), expected, atol=1e-5)

    changes = [
        (start, stop, new) for start in range(6) for stop in (start, start + 1) for new in ((), (5,), (7, 8))
    ] * 2
    changed = [[*ids[:start], *new, *ids[stop:]] for start, stop, new in changes]
    found = ChangedSentence(checkpoint.model, ids, block=10).logits(changes)
    np.testing.assert_allclose(found, one_by_one(checkpoint, changed), atol=1e-5)

    without = [ids[:place] + ids[place + 1 :] for place in range(len(ids))]
    np.testing.assert_allclose(leave_one_out(checkpoint, TEXT.split()), one_by_one(checkpoint, without), atol=1e-5)


@pytest.mark.parametrize("baseline", BASELINES)
def test_a_tree_of_subsets_equals_its_values(checkpoint: Checkpoint, baseline: str) -> None:
    v = WhiteBoxValues(Instance(checkpoint, TEXT, tuple(TEXT.split())), baseline)
    present = subsets(len(v))
    np.testing.assert_allclose(PrefixTree(v).values(present), v.values(present), atol=1e-5)


def test_complete_methods_still_sum_to_the_difference(checkpoint: Checkpoint) -> None:
    here = available(checkpoint)
    assert "shapley" in here and "integrated-gradients" in here
    assert not {"lrp", "steps", "cell-steps", "contextual-decomposition"} & set(here)
    for name in here:
        found = attribute(checkpoint, TEXT, name)
        assert np.isfinite(found.scores).all()
        if METHODS[name].complete:
            assert found.scores.sum() == pytest.approx(found.logit - found.base_logit, abs=abs(found.delta or 0) + 1e-3)


WORD_BY_WORD: dict[str, Callable[[Checkpoint], object]] = {
    "trace": lambda given: trace(given, TEXT),
    "gradients": lambda given: gradients(given, TEXT),
    "patching": lambda given: patch_texts(given, TEXT, "i love it"),
    "memory": lambda given: memory(given, "good"),
    "retention": lambda given: retention(given),
    "fixed points": lambda given: next(search(given, [TEXT])),
    "probes": lambda given: next(diagnose(given, [TEXT])),
    "lrp": lambda given: attribute(given, TEXT, "lrp"),
    "steps": lambda given: attribute(given, TEXT, "steps"),
    "prefix logits": lambda given: given.model.prefix_logits(torch.tensor([[3, 4]])),
    "start": lambda given: given.model.start(),
    "reference states": lambda given: states(given.model, None),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("probe", WORD_BY_WORD)
def test_what_follows_word_by_word_says_why_it_cannot(checkpoint: Checkpoint, probe: str) -> None:
    with pytest.raises(NotPrefixwiseError, match="is bidirectional: it reads a text from both ends") as caught:
        WORD_BY_WORD[probe](checkpoint)
    assert "\n" not in str(caught.value)


def test_two_texts_are_compared_by_their_ends_alone(checkpoint: Checkpoint) -> None:
    (found,) = compare([checkpoint], TEXT, "bad so not is movie this").contrasts
    assert found.parts_at is None and not found.indistinguishable


def test_a_card_that_says_neither_yes_nor_no_is_refused(tmp_path: Path, checkpoint: Checkpoint) -> None:
    card = {**checkpoint.card, "sizes": {**checkpoint.card["sizes"], "bidirectional": "yes"}}
    checkpoints.save("odd", checkpoint.model.state_dict(), checkpoint.vocabulary, card, tmp_path)
    with pytest.raises(CheckpointError, match="bidirectional is true or false"):
        checkpoints.load("odd", tmp_path)


def test_commands_leave_it_out_of_all_and_refuse_it_by_name(
    tmp_path: Path, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    shutil.copytree(tiny_checkpoints, tmp_path, dirs_exist_ok=True)
    write_bidirectional(tmp_path, "both", "gru")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    assert main(["trace", TEXT]) == 0
    said = capsys.readouterr()
    assert "left out: both is bidirectional" in said.err and "both:" not in said.out
    for arguments in (["trace", "--model", "both", TEXT], ["memory", "--model", "both", "--word", "good"]):
        assert main(arguments) == 2
        said = capsys.readouterr()
        assert said.err.startswith("error: both is bidirectional") and said.err.count("\n") == 1
    assert main(["predict", "--model", "both", TEXT]) == 0
    assert capsys.readouterr().out.startswith("both")
