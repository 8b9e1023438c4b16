"""Graphs that torch exports give the probabilities of the module; what a graph reads is found by running it, or the
graph is refused."""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.models import checkpoints
from core.models.importers.import_model import Imported, Request, assemble, save
from core.models.predict import verdicts
from core.models.read_outs import POOLS, ReadOut
from core.text.preprocessing import Preprocessing
from tests.models import owners
from tests.models.owners import H, Owner, as_text

onnx = pytest.importorskip("onnx", reason="onnx is optional")

from core.models.importers import onnx_files  # noqa: E402

WORDS = owners.WORDS[:14]


class Graph(Owner):
    """An owner's classifier whose head may read what no `ReadOut` is."""

    def __init__(self, cell: str, reads: str, **options: Any):
        super().__init__(cell, reads if reads in POOLS else "final", **{"words": len(WORDS), "scale": 0.6, **options})
        self.other, self.pad = reads, 0

    def read(self, ids: Tensor, output: Tensor, h: Tensor, c: Tensor) -> Tensor:
        words = ids != self.pad
        mask = words[..., None].float()
        at = (words.long() * torch.arange(ids.shape[1])).max(1).values[:, None, None]
        others = {
            "first": lambda: output[:, 0],
            "last": lambda: output[:, -1],
            "masked": lambda: (output * mask).sum(1) / mask.sum(1),
            "counted": lambda: output.sum(1) / mask.sum(1),
            "last word": lambda: output.gather(1, at.expand(-1, 1, H))[:, 0],
        }
        return others[self.other]() if self.other in others else super().read(ids, output, h, c)


def exported(model: nn.Module, path: Path, length: int | None = None) -> None:
    """By torch's exporter that needs no other package."""
    free = {} if length else {"dynamic_axes": {"ids": {0: "texts", 1: "tokens"}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ids = torch.ones(1, length or 5, dtype=torch.long)
        torch.onnx.export(model, (ids,), str(path), dynamo=False, input_names=["ids"], **free)


def brought(folder: Path, model: nn.Module | None = None, length: int | None = None, **more: Any) -> Imported:
    """A model as it is imported from its graph, saved as ``theirs``; without one, from the graph that is there."""
    if model is not None:
        exported(model, folder / "theirs.onnx", length=length)
    (folder / "words.txt").write_text("\n".join(WORDS))
    found = assemble(Request(folder / "theirs.onnx", folder / "words.txt", preprocessing=Preprocessing(()), **more))
    save("theirs", found, folder, replace=True)
    return found


def probability(folder: Path, ids: Sequence[int]) -> float:
    """P(class 1) that the imported model gives."""
    (found,) = verdicts(checkpoints.load("theirs", folder), [as_text(ids)])
    return found.probability


@pytest.mark.parametrize(
    ("cell", "reads", "options"),
    [
        ("lstm", "final", {}),
        ("lstm", "reversed", {"outputs": 1, "both": True, "layers": 2}),
        ("lstm", "last", {"both": True}),
        ("lstm", "cell", {}),
        ("gru", "mean", {"both": True}),
        ("gru", "max", {"outputs": 1, "layers": 2}),
        ("gru", "dot", {}),
        ("gru", "final", {"hidden": 5}),
        ("rnn", "final", {"outputs": 1}),
        ("rnn", "final", {"nonlinearity": "relu", "both": True}),
        ("rnn", "final", {"bias": False}),
        ("gru", "mean", {"outputs": 3, "hidden": 5}),
        ("lstm", "final", {"outputs": 4, "both": True}),
    ],
)
def test_a_graph_gives_the_modules_probabilities(
    tmp_path: Path, cell: str, reads: str, options: dict[str, Any]
) -> None:
    model = Graph(cell, reads, **options)
    named = {"labels": owners.labels(model)} if owners.labels(model) else {}
    found = brought(tmp_path, model, **named)
    assert found.model.reads == ReadOut(reads)
    assert not any("do not decide" in note for note in found.notes)
    texts = [[number % 12 + 2 for number in range(start, start + length)] for start, length in enumerate((1, 3, 8, 13))]
    for ids in texts:
        (said,) = verdicts(checkpoints.load("theirs", tmp_path), [as_text(ids)])
        assert said.distribution[-model.outputs :] == pytest.approx(model.distribution(ids), abs=1e-6)
    assert np.ptp([model.probability(ids) for ids in texts]) > 0.01


def test_a_graph_of_one_length_is_padded_to_it(tmp_path: Path) -> None:
    model = Graph("gru", "final")
    found = brought(tmp_path, model, length=7)
    assert found.model.reads == ReadOut("final", "padded", 7)
    assert any("--reads left:7" in line for line in found.assumed)
    assert probability(tmp_path, [2, 3, 4]) == pytest.approx(model.probability([2, 3, 4, 0, 0, 0, 0]), abs=1e-6)


@pytest.mark.parametrize("length", [7, None])
def test_a_graph_that_masks_padding_does_not_read_it(tmp_path: Path, length: int | None) -> None:
    model = Graph("lstm", "masked")
    found = brought(tmp_path, model, length=length)
    assert found.model.reads == ReadOut("mean")
    assert any("does not read padding (id 0) behind" in note for note in found.notes)
    assert any("padding is not in front" in line for line in found.assumed)
    assert any("longer than the 7 tokens" in line for line in found.assumed) == bool(length)
    assert probability(tmp_path, [2, 3, 4]) == pytest.approx(model.probability([2, 3, 4, 0, 0, 0, 0]), abs=1e-6)
    model.pad = 5
    exported(model, tmp_path / "theirs.onnx", length=length)
    other = onnx_files.read(tmp_path / "theirs.onnx")
    assert (other.pool, other.padding, other.pad_id) == ("mean", "", 5)


def test_padding_behind_may_be_skipped_and_in_front_be_read(tmp_path: Path) -> None:
    model = Graph("gru", "last word")
    for reads, ids in ((None, [2, 3, 4, 0, 0, 0, 0]), ("left:7", [0, 0, 0, 0, 2, 3, 4])):
        found = brought(tmp_path, model, length=7, reads=reads)
        assert any("--reads left:7" in line for line in found.assumed) == (reads is None)
        assert probability(tmp_path, [2, 3, 4]) == pytest.approx(model.probability(ids), abs=1e-6)


def with_lengths(path: Path) -> Path:
    """The graph with the lengths of texts as a second input, given to its recurrent operators."""
    model = onnx.load(str(path))
    of_type = onnx.TensorProto.INT32
    model.graph.input.append(onnx.helper.make_tensor_value_info("lengths", of_type, [1]))
    for node in model.graph.node:
        if node.op_type in ("LSTM", "GRU", "RNN"):
            node.input[4] = "lengths"
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize(
    ("cell", "options", "length"),
    [("gru", {}, 7), ("lstm", {"both": True}, 7), ("rnn", {"layers": 2}, 7), ("gru", {}, None)],
)
def test_a_graph_that_is_told_lengths_does_not_read_padding(
    tmp_path: Path, cell: str, options: dict[str, Any], length: int | None
) -> None:
    model = Graph(cell, "final", **options)
    exported(model, tmp_path / "theirs.onnx", length=length)
    with_lengths(tmp_path / "theirs.onnx")
    found = brought(tmp_path)
    assert found.model.reads == ReadOut("final")
    assert any("does not read padding behind" in note for note in found.notes)
    assert probability(tmp_path, [2, 3, 4]) == pytest.approx(model.probability([2, 3, 4]), abs=1e-6)


class Cut(nn.Module):
    """A model that reads a part of each text."""

    def __init__(self, inner: nn.Module, part: slice):
        super().__init__()
        self.inner, self.part = inner, part

    def forward(self, ids: Tensor) -> Tensor:
        scores: Tensor = self.inner(ids[:, self.part])
        return scores


def test_a_graph_that_cuts_texts_is_refused_and_rounding_is_no_cut(tmp_path: Path) -> None:
    for part, reads, tokens in (
        (slice(20), "final", "20"),
        (slice(-20, None), "mean", "20"),
        (slice(250), "max", "2[0-9][0-9]"),
    ):
        exported(Cut(Graph("lstm", reads), part).eval(), tmp_path / "cut.onnx")
        with pytest.raises(
            ValueError, match=f"the graph cuts texts, at about {tokens} tokens; export it without the cut"
        ):
            onnx_files.read(tmp_path / "cut.onnx")
    model = Graph("rnn", "mean", nonlinearity="relu")
    model.encoder["rnn"].weight_hh_l0.mul_(3)  # its states grow with each step, until float32 does not hold them
    exported(model, tmp_path / "theirs.onnx")
    assert onnx_files.read(tmp_path / "theirs.onnx").pool == "mean"


def test_what_reads_otherwise_is_refused(tmp_path: Path) -> None:
    exported(Graph("gru", "first"), tmp_path / "first.onnx")
    with pytest.raises(ValueError, match="what the graph reads of its states is not one of final, max, mean, dot"):
        onnx_files.read(tmp_path / "first.onnx")
    exported(nn.Sequential(nn.Embedding(9, 4), nn.Conv1d(5, 2, 2)).eval(), tmp_path / "conv.onnx")
    with pytest.raises(ValueError, match=r"operator Conv .*--predictor"):
        onnx_files.read(tmp_path / "conv.onnx")
    exported(nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(20, 2)).eval(), tmp_path / "flat.onnx", length=5)
    with pytest.raises(ValueError, match="no LSTM, GRU or RNN in the graph"):
        onnx_files.read(tmp_path / "flat.onnx")
    (tmp_path / "cut.onnx").write_bytes((tmp_path / "first.onnx").read_bytes()[:900])
    with pytest.raises(ValueError, match=r"cut\.onnx is not a whole ONNX graph"):
        onnx_files.read(tmp_path / "cut.onnx")
    exported(Graph("gru", "counted"), tmp_path / "counted.onnx", length=7)  # the mean over words of all states
    exported(Graph("gru", "last"), tmp_path / "last.onnx", length=7)  # zeros behind a text
    with_lengths(tmp_path / "last.onnx")
    for name in ("counted", "last"):
        with pytest.raises(ValueError, match=r"texts with padding behind or in front are neither .* \(dynamic_axes\)"):
            onnx_files.read(tmp_path / f"{name}.onnx")


def changed(path: Path, operator: str, **attributes: object) -> Path:
    """The graph with other attributes of one operator."""
    model = onnx.load(str(path))
    for node in model.graph.node:
        if node.op_type == operator:
            kept = [attribute for attribute in node.attribute if attribute.name not in attributes]
            del node.attribute[:]
            node.attribute.extend(kept)
            node.attribute.extend(onnx.helper.make_attribute(name, value) for name, value in attributes.items())
    other = path.with_name("changed.onnx")
    onnx.save(model, str(other))
    return other


@pytest.mark.parametrize("operator", ["ConstantOfShape", "Range", "Expand", "Concat", "MatMul", "Gather", "Add"])
def test_a_graph_that_computes_too_many_numbers_is_refused(
    tmp_path: Path, operator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_files, "_MOST_NUMBERS", 10**6)
    helper, array = onnx.helper, onnx.numpy_helper.from_array
    exported(Graph("rnn", "final"), tmp_path / "rnn.onnx")
    model = onnx.load(str(tmp_path / "rnn.onnx"))
    values = {
        "shape": np.array([2 * 10**10]), "more": np.array([10**8, 30]), "zero": np.array(0), "end": np.array(10**11),
        "one": np.array(1), "row": np.ones((1, 20_000), "f4"), "column": np.ones((20_000, 1), "f4"),
        "rows": np.zeros(30_000, "i8"), "deep": np.ones((1, 1, 20_000), "f4"),
    }  # fmt: skip
    inputs = {
        "ConstantOfShape": ["shape"], "Range": ["zero", "end", "one"], "Expand": ["one", "more"],
        "MatMul": ["column", "row"], "Add": ["column", "row"], "Gather": ["deep", "rows"],
    }  # fmt: skip
    nodes = [helper.make_node(operator, inputs.get(operator, []), ["x0"])]
    if operator == "Concat":
        names = ["row", *(f"x{number}" for number in range(40))]
        nodes = [helper.make_node("Concat", [a, a], [b], axis=0) for a, b in itertools.pairwise(names)]
    model.graph.initializer.extend(array(value, name) for name, value in values.items())
    for place, node in enumerate(nodes):
        model.graph.node.insert(place, node)
    onnx.save(model, str(tmp_path / "large.onnx"))
    with pytest.raises(
        ValueError, match=rf"large\.onnx: operator {operator} \(x\d+\) .* more than \d+,\d+,\d+ numbers"
    ):
        onnx_files.read(tmp_path / "large.onnx")


def test_the_reset_gate_before_the_product_is_told_by_the_graph(tmp_path: Path) -> None:
    from onnx.reference import ReferenceEvaluator

    exported(Graph("gru", "final", both=True), tmp_path / "gru.onnx")
    path = changed(tmp_path / "gru.onnx", "GRU", linear_before_reset=0).rename(tmp_path / "theirs.onnx")
    assert not brought(tmp_path).model.reset_after
    ids = np.array([[2, 5, 7, 3, 3]])
    (expected,) = ReferenceEvaluator(str(path)).run(None, {"ids": ids})
    assert probability(tmp_path, ids[0]) == pytest.approx(float(expected[0, 1]), abs=1e-6)


def test_cells_that_compute_otherwise_and_a_missing_package_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for attributes, message in (
        ({"clip": 1.0}, "has clip"),
        ({"activations": ["HardSigmoid", "Tanh", "Tanh"]}, "has the activations hardsigmoid"),
    ):
        exported(Graph("lstm", "final"), tmp_path / "lstm.onnx")
        with pytest.raises(ValueError, match=message):
            onnx_files.read(changed(tmp_path / "lstm.onnx", "LSTM", **attributes))
    exported(Graph("rnn", "final"), tmp_path / "rnn.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match="to read it: pip install onnx"):
        assemble(Request(tmp_path / "rnn.onnx", tmp_path / "words.txt"))
