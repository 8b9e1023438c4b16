"""Graphs that torch exports give the probabilities of the module; what a graph reads is found by running it, or the
graph is refused."""

from __future__ import annotations

import itertools
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.models import checkpoints
from core.models.importers.import_model import Request, bring, save
from core.models.predict import verdicts
from core.models.read_outs import ReadOut
from core.text.preprocessing import Preprocessing

onnx = pytest.importorskip("onnx", reason="onnx is optional")

from core.models.importers import onnx_files  # noqa: E402

WORDS = ["<pad>", "<unk>", *(f"w{number}" for number in range(12))]
E, H = 3, 4


class Owner(nn.Module):
    """Somebody's classifier, exported as a graph."""

    def __init__(self, cell: type[nn.RNNBase], reads: str, outputs: int = 2, hidden: bool = False, **options: object):
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), E)
        self.rnn = cell(E, H, batch_first=True, **options)
        width = H * (2 if self.rnn.bidirectional else 1)
        self.head = nn.Linear(width, outputs)
        if hidden:
            self.head = nn.Sequential(nn.Linear(width, 5), nn.Tanh(), nn.Linear(5, outputs))
        self.reads, self.outputs, self.pad = reads, outputs, 0

    def forward(self, ids: Tensor) -> Tensor:
        output, state = self.rnn(self.embedding(ids))
        h = state[0] if isinstance(state, tuple) else state
        both = self.rnn.bidirectional
        words = ids != self.pad
        mask = words[..., None].float()
        at = (words.long() * torch.arange(ids.shape[1])).max(1).values[:, None, None]
        read = {
            "final": lambda: torch.cat([h[-2], h[-1]], 1) if both else h[-1],
            "reversed": lambda: torch.cat([h[-1], h[-2]], 1),
            "last": lambda: output[:, -1],
            "mean": lambda: output.mean(1),
            "max": lambda: output.max(1).values,
            "cell": lambda: state[1][-1],
            "first": lambda: output[:, 0],
            "masked": lambda: (output * mask).sum(1) / mask.sum(1),
            "counted": lambda: output.sum(1) / mask.sum(1),
            "last word": lambda: output.gather(1, at.expand(-1, 1, H))[:, 0],
            "dot": lambda: (torch.softmax((output @ output[:, -1:].transpose(1, 2))[..., 0], 1)[:, None] @ output)[
                :, 0
            ],
        }[self.reads]()
        scores = self.head(read)
        return scores.sigmoid() if self.outputs == 1 else scores.softmax(1)


def exported(model: nn.Module, path: Path, length: int | None = None) -> None:
    """By torch's exporter that needs no other package."""
    free = {} if length else {"dynamic_axes": {"ids": {0: "texts", 1: "tokens"}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ids = torch.ones(1, length or 5, dtype=torch.long)
        torch.onnx.export(model, (ids,), str(path), dynamo=False, input_names=["ids"], **free)


def made(*arguments: object, **options: object) -> Owner:
    torch.manual_seed(3)
    model = Owner(*arguments, **options).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.normal_(0, 0.6)
    return model


def texts(seed: int = 0) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(2, len(WORDS), length).tolist() for length in (1, 2, 3, 5, 8, 13)]


def write(folder: Path) -> Path:
    (folder / "words.txt").write_text("\n".join(WORDS))
    return folder / "words.txt"


@pytest.mark.parametrize(
    ("cell", "reads", "outputs", "options"),
    [
        (nn.LSTM, "final", 2, {}),
        (nn.LSTM, "reversed", 1, {"bidirectional": True, "num_layers": 2}),
        (nn.LSTM, "last", 2, {"bidirectional": True}),
        (nn.LSTM, "cell", 2, {}),
        (nn.GRU, "mean", 2, {"bidirectional": True}),
        (nn.GRU, "max", 1, {"num_layers": 2}),
        (nn.GRU, "dot", 2, {}),
        (nn.GRU, "final", 2, {"hidden": True}),
        (nn.RNN, "final", 1, {}),
        (nn.RNN, "final", 2, {"nonlinearity": "relu", "bidirectional": True}),
        (nn.RNN, "final", 2, {"bias": False}),
    ],
)
def test_a_graph_gives_the_modules_probabilities(
    tmp_path: Path, cell: type[nn.RNNBase], reads: str, outputs: int, options: dict[str, object]
) -> None:
    model = made(cell, reads, outputs, **options)
    exported(model, tmp_path / "theirs.onnx")
    brought = bring(Request(tmp_path / "theirs.onnx", write(tmp_path), preprocessing=Preprocessing(())))
    assert brought.model.reads == ReadOut(reads)
    assert not any("do not decide" in note for note in brought.notes)
    save("theirs", brought, tmp_path)
    expected = [model(torch.tensor([ids]))[0, -1].item() for ids in texts()]
    said = [" ".join(WORDS[number] for number in ids) for ids in texts()]
    found = [verdict.probability for verdict in verdicts(checkpoints.load("theirs", tmp_path), said)]
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)


def test_a_graph_of_one_length_is_padded_to_it(tmp_path: Path) -> None:
    model = made(nn.GRU, "final")
    exported(model, tmp_path / "theirs.onnx", length=7)
    brought = bring(Request(tmp_path / "theirs.onnx", write(tmp_path), preprocessing=Preprocessing(())))
    assert brought.model.reads == ReadOut("final", "padded", 7)
    assert any("--reads left:7" in line for line in brought.assumed)
    padded = model(torch.tensor([[2, 3, 4, 0, 0, 0, 0]]))[0, 1].item()
    save("theirs", brought, tmp_path)
    (found,) = verdicts(checkpoints.load("theirs", tmp_path), ["w0 w1 w2"])
    assert found.probability == pytest.approx(padded, abs=1e-6)


@pytest.mark.parametrize("length", [7, None])
def test_a_graph_that_masks_padding_does_not_read_it(tmp_path: Path, length: int | None) -> None:
    model = made(nn.LSTM, "masked")
    exported(model, tmp_path / "theirs.onnx", length=length)
    brought = bring(Request(tmp_path / "theirs.onnx", write(tmp_path), preprocessing=Preprocessing(())))
    assert brought.model.reads == ReadOut("mean")
    assert any("does not read padding (id 0) behind" in note for note in brought.notes)
    assert any("does not stand in front" in line for line in brought.assumed)
    assert any("longer than the 7 tokens" in line for line in brought.assumed) == bool(length)
    padded = model(torch.tensor([[2, 3, 4, 0, 0, 0, 0]]))[0, 1].item()
    save("theirs", brought, tmp_path)
    (found,) = verdicts(checkpoints.load("theirs", tmp_path), ["w0 w1 w2"])
    assert found.probability == pytest.approx(padded, abs=1e-6)


@pytest.mark.parametrize("length", [7, None])
def test_the_id_that_a_graph_masks_is_found(tmp_path: Path, length: int | None) -> None:
    model = made(nn.GRU, "masked")
    model.pad = 5
    exported(model, tmp_path / "theirs.onnx", length=length)
    found = onnx_files.read(tmp_path / "theirs.onnx")
    assert (found.pool, found.padding, found.pad_id) == ("mean", "", 5)


def test_padding_behind_may_be_skipped_and_in_front_be_read(tmp_path: Path) -> None:
    model = made(nn.GRU, "last word")
    exported(model, tmp_path / "theirs.onnx", length=7)
    for reads, ids in ((None, [2, 3, 4, 0, 0, 0, 0]), ("left:7", [0, 0, 0, 0, 2, 3, 4])):
        request = Request(tmp_path / "theirs.onnx", write(tmp_path), preprocessing=Preprocessing(()), reads=reads)
        brought = bring(request)
        assert any("--reads left:7" in line for line in brought.assumed) == (reads is None)
        save("theirs", brought, tmp_path, replace=True)
        (found,) = verdicts(checkpoints.load("theirs", tmp_path), ["w0 w1 w2"])
        assert found.probability == pytest.approx(model(torch.tensor([ids]))[0, 1].item(), abs=1e-6)


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
    [(nn.GRU, {}, 7), (nn.LSTM, {"bidirectional": True}, 7), (nn.RNN, {"num_layers": 2}, 7), (nn.GRU, {}, None)],
)
def test_a_graph_that_is_told_lengths_does_not_read_padding(
    tmp_path: Path, cell: type[nn.RNNBase], options: dict[str, object], length: int | None
) -> None:
    model = made(cell, "final", **options)
    exported(model, tmp_path / "theirs.onnx", length=length)
    with_lengths(tmp_path / "theirs.onnx")
    brought = bring(Request(tmp_path / "theirs.onnx", write(tmp_path), preprocessing=Preprocessing(())))
    assert brought.model.reads == ReadOut("final")
    assert any("does not read padding behind" in note for note in brought.notes)
    save("theirs", brought, tmp_path)
    (found,) = verdicts(checkpoints.load("theirs", tmp_path), ["w0 w1 w2"])
    assert found.probability == pytest.approx(model(torch.tensor([[2, 3, 4]]))[0, 1].item(), abs=1e-6)


def test_padding_that_is_neither_read_nor_skipped_is_refused(tmp_path: Path) -> None:
    exported(made(nn.GRU, "counted"), tmp_path / "counted.onnx", length=7)  # the mean over words of all states
    exported(made(nn.GRU, "last"), tmp_path / "last.onnx", length=7)  # zeros behind a text
    with_lengths(tmp_path / "last.onnx")
    for name in ("counted", "last"):
        with pytest.raises(ValueError, match=r"texts with padding behind or in front are neither .* \(dynamic_axes\)"):
            onnx_files.read(tmp_path / f"{name}.onnx")


class Cut(nn.Module):
    """A model that reads a part of each text."""

    def __init__(self, inner: nn.Module, part: slice):
        super().__init__()
        self.inner, self.part = inner, part

    def forward(self, ids: Tensor) -> Tensor:
        scores: Tensor = self.inner(ids[:, self.part])
        return scores


@pytest.mark.parametrize(
    ("part", "reads", "tokens"),
    [(slice(20), "final", "20"), (slice(-20, None), "mean", "20"), (slice(250), "max", "2[0-9][0-9]")],
)
def test_a_graph_that_cuts_texts_is_refused(tmp_path: Path, part: slice, reads: str, tokens: str) -> None:
    exported(Cut(made(nn.LSTM, reads), part).eval(), tmp_path / "cut.onnx")
    with pytest.raises(ValueError, match=f"the graph cuts texts, at about {tokens} tokens; export it without the cut"):
        onnx_files.read(tmp_path / "cut.onnx")


def test_rounding_over_a_long_text_is_no_cut(tmp_path: Path) -> None:
    model = made(nn.RNN, "mean", nonlinearity="relu")
    model.rnn.weight_hh_l0.mul_(3)  # its states grow with each step, until float32 does not hold them
    exported(model, tmp_path / "theirs.onnx")
    assert onnx_files.read(tmp_path / "theirs.onnx").pool == "mean"


def test_what_reads_otherwise_is_refused(tmp_path: Path) -> None:
    exported(made(nn.GRU, "first"), tmp_path / "first.onnx")
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
def test_a_graph_that_computes_too_many_numbers_is_refused(tmp_path: Path, operator: str) -> None:
    helper, array = onnx.helper, onnx.numpy_helper.from_array
    exported(made(nn.RNN, "final"), tmp_path / "rnn.onnx")
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

    exported(made(nn.GRU, "final", bidirectional=True), tmp_path / "gru.onnx")
    path = changed(tmp_path / "gru.onnx", "GRU", linear_before_reset=0)
    brought = bring(Request(path, write(tmp_path), preprocessing=Preprocessing(())))
    assert not brought.model.reset_after
    ids = np.array([[2, 5, 7, 3, 3]])
    (expected,) = ReferenceEvaluator(str(path)).run(None, {"ids": ids})
    save("theirs", brought, tmp_path)
    (found,) = verdicts(checkpoints.load("theirs", tmp_path), [" ".join(WORDS[number] for number in ids[0])])
    assert found.probability == pytest.approx(float(expected[0, 1]), abs=1e-6)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"clip": 1.0}, "has clip"),
        ({"activations": ["HardSigmoid", "Tanh", "Tanh"]}, "has the activations hardsigmoid"),
    ],
)
def test_cells_that_compute_otherwise_are_refused(tmp_path: Path, attributes: dict[str, object], message: str) -> None:
    exported(made(nn.LSTM, "final"), tmp_path / "lstm.onnx")
    with pytest.raises(ValueError, match=message):
        onnx_files.read(changed(tmp_path / "lstm.onnx", "LSTM", **attributes))


def test_without_onnx_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exported(made(nn.RNN, "final"), tmp_path / "rnn.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match="to read it: pip install onnx"):
        bring(Request(tmp_path / "rnn.onnx", write(tmp_path)))
