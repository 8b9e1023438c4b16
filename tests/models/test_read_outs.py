"""Whatever the head reads, from one end or both: every probe's shortcut equals whole readings, and a probe that needs a
plain model refuses another in one line. That the logits are the owner's, `importers/test_structures` tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit

from core.__main__ import main
from core.benchmarks.reading import subset_values
from core.models import checkpoints
from core.models.checkpoints import Checkpoint, CheckpointError
from core.models.predict import verdict, verdicts
from core.models.read_outs import POOLS, ReadOut, pools
from core.models.recurrent import CELLS, Classifier, Head, NotPrefixwiseError, ReadOutError
from core.models.reference_states import states
from core.models.shared_suffixes import ChangedSentence
from core.models.step_arithmetic import working
from core.models.trace import trace
from core.probes.attribution.attribute import METHODS, attribute, available
from core.probes.attribution.methods.tree import PrefixTree
from core.probes.attribution.removal import BASELINES, subsets
from core.probes.attribution.results import Instance
from core.probes.dynamics.fixed_points import search
from core.probes.dynamics.memory_decay import memory
from core.probes.dynamics.retention import retention
from core.probes.dynamics.trajectories import gradients
from core.probes.interventions.hold import Patch, Scale, intervene
from core.probes.interventions.patching import patch_grid, patch_texts
from core.probes.permutations.comparison import compare
from core.probes.permutations.shared_prefixes import SharedPrefixes
from core.probes.sarcasm.comment import leave_one_out
from core.probes.units.linear_probes import diagnose
from core.text.preprocessing import PAD
from tests.models.imported import write_imported

TEXT, OTHER = "this movie is not so bad", "i love the movie but it is late"
VARIANTS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "mean": ("gru", 1, {"reads": "mean"}),
    "max": ("lstm", 2, {"reads": "max"}),
    "cell": ("lstm", 1, {"reads": "cell"}),
    "dot": ("lstm", 1, {"reads": "dot"}),
    "padded": ("rnn", 1, {"reads": "padded:9"}),
    "cut": ("gru", 1, {"reads": "padded:4"}),
    "left": ("lstm", 1, {"reads": "left:9"}),
    "left cut": ("rnn", 2, {"reads": "max left:4"}),
    "behind, the last kept": ("gru", 1, {"reads": "padded:5:last"}),
    "in front, the first kept": ("lstm", 1, {"reads": "mean left:5:first"}),
    "cut alone": ("lstm", 1, {"reads": "cut:4"}),
    "cut to the last": ("gru", 1, {"reads": "max cut:4:last"}),
    "max padded": ("lstm", 1, {"reads": "max padded:9"}),
    "relu": ("rnn", 1, {"nonlinearity": "relu"}),
    "reset before": ("gru", 2, {"reset_after": False}),
    "two layers": ("lstm", 1, {"reads": "mean left:8", "head": Head(5, "relu")}),
    "both ways": ("gru", 2, {"bidirectional": True}),
    "both ways, the last token": ("lstm", 1, {"bidirectional": True, "reads": "last"}),
}


@pytest.fixture(scope="module", params=VARIANTS)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    cell, layers, variant = VARIANTS[request.param]
    folder = tmp_path_factory.mktemp("variant")
    write_imported(folder, "variant", cell, layers=layers, scale=0.5, **variant)
    return checkpoints.load("variant", folder)


def one_by_one(checkpoint: Checkpoint, sentences: list[list[int]]) -> np.ndarray:
    """Logits of sentences of ids, each read by itself."""
    model = checkpoint.model
    with torch.inference_mode():
        return np.array([model(torch.tensor([ids])).item() if ids else model.empty_logit() for ids in sentences])


def test_a_reset_gate_before_the_product_by_its_equations() -> None:
    torch.manual_seed(0)
    model = Classifier("gru", 7, 3, 4, reset_after=False).double().requires_grad_(False).eval()
    weights = {name: value.numpy() for name, value in model.recurrent.named_parameters()}
    w, u, b, d = (weights[f"{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))

    h = np.zeros(4)
    for number in (2, 5, 3):
        x = model.embedding.weight[number].numpy()
        r, z = (expit((w @ x + b + u @ h + d)[gate : gate + 4]) for gate in (0, 4))
        n = np.tanh((w @ x + b)[8:] + u[8:] @ (r * h) + d[8:])
        h = (1 - z) * n + z * h
    expected = model.linear.weight[0].numpy() @ h + model.linear.bias.item()
    assert model(torch.tensor([[2, 5, 3]])).item() == pytest.approx(expected, abs=1e-12)


def test_prefixes_orders_changes_and_removed_words_equal_whole_readings(checkpoint: Checkpoint) -> None:
    words, model = TEXT.split(), checkpoint.model
    ids = checkpoint.vocabulary.encode(words)
    texts = ["i love this movie", "bad", TEXT]
    expected = one_by_one(checkpoint, [checkpoint.vocabulary.encode(text.split()) for text in texts])
    found = verdicts(checkpoint, texts)
    np.testing.assert_allclose([one.logit for one in found], expected, atol=1e-5)
    prefixes = one_by_one(checkpoint, [ids[:length] for length in range(1, len(ids) + 1) if not model.bidirectional])
    np.testing.assert_allclose(found[2].prefix_probabilities, 1 / (1 + np.exp(-prefixes)), atol=1e-5)

    orders = np.array(list(permutations(range(len(ids)))), dtype=np.uint8)[::3]
    expected = one_by_one(checkpoint, [[ids[place] for place in order] for order in orders.tolist()])
    logits = SharedPrefixes(model, ids, slice_size=100, block=7).logits(orders)
    np.testing.assert_allclose(logits, expected, atol=1e-5)

    changes = [
        (start, stop, new) for start in range(6) for stop in (start, start + 1) for new in ((), (5,), (7, 8))
    ] * 2
    changed = [[*ids[:start], *new, *ids[stop:]] for start, stop, new in changes]
    logits = ChangedSentence(model, ids, block=10).logits(changes)
    np.testing.assert_allclose(logits, one_by_one(checkpoint, changed), atol=1e-5)

    without = [ids[:place] + ids[place + 1 :] for place in range(len(ids))]
    np.testing.assert_allclose(leave_one_out(checkpoint, words).logits, one_by_one(checkpoint, without), atol=1e-5)
    assert leave_one_out(checkpoint, ["bad"]).logits[0] == pytest.approx(model.empty_logit(), abs=1e-5)

    for baseline in BASELINES:
        given, present = Instance(checkpoint, TEXT, tuple(words)), subsets(len(words))
        plain = subset_values(given, baseline, present)
        np.testing.assert_allclose(PrefixTree(given, baseline).values(present), plain, atol=1e-5)


def test_a_trace_ends_in_the_verdict_and_its_parts_sum_to_it(checkpoint: Checkpoint) -> None:
    if checkpoint.model.bidirectional:
        return  # refused below
    found, reads = trace(checkpoint, OTHER), checkpoint.model.reads
    assert found.logit[-1] == pytest.approx(verdict(checkpoint, OTHER).logit, abs=1e-5)
    assert found.contributions.sum() == pytest.approx(found.logit[-1] - found.empty_logit)
    assert len(found) == (reads.length or 8)
    assert [token for token in found.tokens if token != PAD] == OTHER.split()[reads.read(8)]
    by_unit = found.unit_contributions
    assert (by_unit is None) == (checkpoint.model.head is not None)
    if by_unit is not None:
        np.testing.assert_allclose(by_unit.sum(axis=1), found.contributions, atol=1e-5)
    assert found.cell_contributions is None or found.plain
    if checkpoint.model.reset_after:
        done = working(checkpoint.model, found, 1, 2)
        assert done.h == pytest.approx(float(found.h[1, 2]), abs=1e-6)
        shares = reads.pool == "final" and checkpoint.model.head is None
        assert (done.read_out is not None) == shares


@pytest.mark.parametrize(
    "checkpoint",
    ["mean", "max", "cell", "dot", "left cut", "reset before", "two layers", "both ways"],
    indirect=True,
)
def test_complete_methods_still_sum_to_the_difference(checkpoint: Checkpoint) -> None:
    here = available(checkpoint)
    assert "shapley" in here and "integrated-gradients" in here
    assert not {"lrp", "steps", "cell-steps", "contextual-decomposition"} & set(here)
    for name in here:
        found = attribute(checkpoint, TEXT, name)
        assert np.isfinite(found.scores).all()
        if METHODS[name].complete:
            assert found.scores.sum() == pytest.approx(found.logit - found.base_logit, abs=abs(found.delta or 0) + 2e-3)


def test_a_grid_equals_its_patches_one_by_one(checkpoint: Checkpoint) -> None:
    if checkpoint.model.bidirectional:
        return
    a, b = trace(checkpoint, TEXT), trace(checkpoint, OTHER)
    if not checkpoint.model.reset_after:
        with pytest.raises(ReadOutError, match="reset gate before the product"):
            patch_grid(checkpoint, a, b)
        return
    grid = patch_grid(checkpoint, a, b)
    for what, logits in grid.logits.items():
        for step, logit in enumerate(logits):
            if np.isfinite(logit):
                alone = intervene(checkpoint, a, [Patch(what, step)], b)
                assert logit == pytest.approx(alone.after[-1], abs=1e-5)
    same = intervene(checkpoint, a, [Scale((0, 1), 1.0, 0, len(a) - 1)])
    np.testing.assert_allclose(same.after, a.logit, atol=1e-5)
    taken_out = intervene(checkpoint, a, [Scale(tuple(range(8)), 0.0, 0, len(a) - 1)])
    if checkpoint.model.reads.pool != "cell":
        np.testing.assert_allclose(taken_out.after, a.empty_logit, atol=1e-5)
    assert grid.statement


PLAIN_ONLY: dict[str, Callable[[Checkpoint], object]] = {
    "gradients": lambda given: gradients(given, TEXT),
    "memory": lambda given: memory(given, "good"),
    "retention": lambda given: retention(given),
    "fixed points": lambda given: next(search(given, [TEXT])),
    "probes": lambda given: next(diagnose(given, [TEXT])),
    "lrp": lambda given: attribute(given, TEXT, "lrp"),
    "reference states": lambda given: states(given.model, None),  # type: ignore[arg-type]
}
LEFT_TO_RIGHT: dict[str, Callable[[Checkpoint], object]] = {
    "trace": lambda given: trace(given, TEXT),
    "patching": lambda given: patch_texts(given, TEXT, "i love it"),
    "steps": lambda given: attribute(given, TEXT, "steps"),
    "prefix logits": lambda given: given.model.prefix_logits(torch.tensor([[3, 4]])),
    "start": lambda given: given.model.start(),
}


def test_what_needs_a_plain_model_says_why_it_cannot(checkpoint: Checkpoint) -> None:
    both = checkpoint.model.bidirectional
    error, message = (
        (NotPrefixwiseError, "it reads a text from both ends") if both else (ReadOutError, "not a weighted")
    )
    for probe, run in (PLAIN_ONLY | LEFT_TO_RIGHT if both else PLAIN_ONLY).items():
        with pytest.raises(error, match=message) as caught:
            run(checkpoint)
        assert "\n" not in str(caught.value), probe


def test_what_has_no_state_on_the_way_is_compared_and_named(
    tmp_path: Path, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tiny_checkpoints, tmp_path, dirs_exist_ok=True)
    write_imported(tmp_path, "both", "gru", bidirectional=True)
    checkpoint = checkpoints.load("both", tmp_path)
    (found,) = compare([checkpoint], TEXT, "bad so not is movie this").contrasts
    assert found.parts_at is None and not found.indistinguishable
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
    card = {**checkpoint.card, "sizes": {**checkpoint.card["sizes"], "bidirectional": "yes"}}
    checkpoints.save("odd", checkpoint.model.state_dict(), checkpoint.vocabulary, card, tmp_path)
    with pytest.raises(CheckpointError, match="bidirectional must be true or false"):
        checkpoints.load("odd", tmp_path)


def test_variants_are_written_as_they_are_read_and_unknown_ones_refused() -> None:
    for text in (
        *("max", "padded:12", "left:7", "mean padded:3", "dot left:10000", "cut:9", "padded:4:last"),
        "max left:4:first",
    ):
        assert str(ReadOut.parse(text)) == text
        assert ReadOut.parse(" ".join(reversed(text.split()))) == ReadOut.parse(text)
    assert ReadOut.parse("max unpadded") == ReadOut("max")
    for text in (
        *("median", "padded", "left:0", "left:10001", "left:5 padded:5", "max mean", "max:3", "cut", "cut:3:none"),
    ):
        with pytest.raises(ValueError, match=r"unknown read-out .* expected one of final, last"):
            ReadOut.parse(text)
    assert pools("lstm", True) == POOLS
    assert pools("gru", False) == ("final", "max", "mean", "dot")
    for cell in CELLS:
        if cell != "lstm":
            with pytest.raises(ValueError, match="no read-out 'cell'"):
                Classifier(cell, 5, reads="cell")
    for cell, variant in (("lstm", {"nonlinearity": "relu"}), ("rnn", {"reset_after": False})):
        with pytest.raises(ValueError, match="only an RNN can have another activation"):
            Classifier(cell, 5, **variant)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown activation 'sine'"):
        Classifier("rnn", 5, head=Head(3, "sine"))


@pytest.mark.parametrize("pool", POOLS)
def test_what_stands_behind_a_text_does_not_reach_it(pool: str) -> None:
    torch.manual_seed(1)
    model = Classifier("lstm", 9, 4, 5, 2, bidirectional=True, reads=pool).requires_grad_(False).eval()
    ids, lengths = torch.randint(1, 9, (3, 6)), torch.tensor([6, 2, 4])
    alone = [model(row[None, :length]).item() for row, length in zip(ids, lengths.tolist(), strict=True)]
    np.testing.assert_allclose(model(ids, lengths).numpy(), alone, atol=1e-6)
