"""What does an ONNX graph compute? Its weights by their place in it, its read-out by running it.

A graph of these parts is read: one Gather of an embedding, one or more LSTM, GRU or RNN of one size, whatever lies
between them and one Gemm or MatMul, or two, and what makes probabilities of the result. What lies between is not
followed: onnx's own reference evaluator, which is numpy, runs the graph on a few sequences, and the read-out is the one
with which the same weights give the same numbers. None does: the graph is refused. Operators that are not among those
that such graphs need are refused unseen, so nothing is looped over or opened.

Gates, in ONNX's order: LSTM i, o, f, c where torch has i, f, g, o; GRU z, r, h where torch has r, z, n. A GRU with
``linear_before_reset`` is torch's; without, its reset gate acts on the state before the product (Cho et al. 2014).
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from core.foreign import heads
from core.foreign.found import Found, Head, classifier
from core.models import ACTIVATIONS
from core.read_outs import LONGEST, ReadOut, pools

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_CELLS = {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn"}
_GATES = {"lstm": (0, 2, 3, 1), "gru": (1, 0, 2), "rnn": (0,)}
_ALLOWED = {
    *("LSTM", "GRU", "RNN", "Gather", "Gemm", "MatMul", "Add", "Sub", "Mul", "Div", "Neg", "Exp", "Sqrt", "Erf", "Pow"),
    *("Sigmoid", "Softmax", "LogSoftmax", "Tanh", "Relu", "Gelu", "Elu", "Selu", "LeakyRelu", "Identity", "Dropout"),
    *("Transpose", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Slice", "Split", "Concat", "Shape", "Expand", "Cast"),
    *("Constant", "ConstantOfShape", "ReduceMean", "ReduceMax", "ReduceSum", "GlobalMaxPool", "GlobalAveragePool"),
    *("Where", "Equal", "GatherElements", "Range", "Max", "Min", "Clip", "Size"),
}
_AXES = 64  # that an array of numpy may have
_LENGTHS = (9, 4, 6, 13)  # tokens of the sequences that tell what is read
_CLOSE = 1e-5  # as far as a probability of the graph and one of the model may differ
_INT32 = 6  # onnx.TensorProto.INT32
_MOST_BYTES = 2 * 2**30  # of a protocol buffer
_MOST_NUMBERS = 10**8  # that a run of the graph computes, beside four times those that it holds


def read(path: Path, class_1: int | None = None) -> Found:
    """The parts of a classifier in a graph. Raises ValueError for one that cannot be read, or where onnx is missing."""
    try:
        import_module("onnx")
    except ImportError:
        raise ValueError(f"{path.name} is an ONNX graph; to read it: pip install onnx") from None
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path.name} is larger than {_MOST_BYTES:,} bytes")
    try:
        return _found(path, class_1)
    except (TypeError, AttributeError, LookupError, RuntimeError, UnicodeError) as error:  # attributes of another type
        raise ValueError(
            f"{path.name} is damaged, or no such graph ({type(error).__name__}: {_first_line(error)})"
        ) from None


def _found(path: Path, class_1: int | None) -> Found:
    import onnx

    try:
        model = onnx.load(str(path), load_external_data=False)
        onnx.checker.check_model(model, skip_opset_compatibility_check=True)
    except Exception as error:  # protobuf's and onnx's, which have no class in common
        raise ValueError(f"{path.name} is not a whole ONNX graph ({str(error).splitlines()[0][:200]})") from None
    graph = model.graph
    for node in graph.node:
        if node.op_type not in _ALLOWED or node.domain not in ("", "ai.onnx"):
            raise ValueError(
                f"{path.name}: operator {node.op_type} ({node.name or 'no name'}) is not one of an embedding, an LSTM, "
                "GRU or RNN and a head; ask such a model as a black box (--predictor)"
            )
    constants = _constants(path, graph)
    table = _embedding(path, graph, constants)
    run = _Run(path, model)
    parts = _recurrent(path, graph, run, table.shape[1])
    linears = _linears(graph, constants)
    if not 1 <= len(linears) <= 2:
        raise ValueError(f"{path.name}: {len(linears)} linear layers behind the recurrence; one is read, or two")
    outputs, weight, bias = heads.one_logit(*linears[-1], class_1)
    if run.outputs != outputs:
        raise ValueError(f"{path.name}: its last layer has {outputs} outputs and the graph gives {run.outputs}")
    head = Head(weight, bias, outputs, *(linears[0] if len(linears) == 2 else (None, None)))
    found = replace(parts, head=head, embedding=torch.from_numpy(table))
    found = _read_out(path, found, run, outputs - 1 if class_1 is None else class_1)
    if run.length is None:
        return found
    return replace(
        found,
        padding=f"padded:{run.length}",
        padding_note=f"texts are padded behind to the {run.length:,} tokens that the graph takes; where they were "
        f"padded in front, give --reads left:{run.length}",
    )


def _constants(path: Path, graph: GraphProto) -> dict[str, np.ndarray]:
    """The arrays that the graph holds, turned round or passed on too."""
    from onnx import TensorProto, helper, numpy_helper

    found: dict[str, np.ndarray] = {}
    for tensor in graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            raise ValueError(f"{path.name}: its weights stand in another file; save the graph with them in one file")
        found[tensor.name] = numpy_helper.to_array(tensor)
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type in ("Transpose", "Identity") and node.input[0] in found:
            perm = next((helper.get_attribute_value(a) for a in node.attribute if a.name == "perm"), None)
            array = found[node.input[0]]
            found[node.output[0]] = array if node.op_type == "Identity" else np.transpose(array, perm)
    return found


def _embedding(path: Path, graph: GraphProto, constants: Mapping[str, np.ndarray]) -> np.ndarray:
    """The one table [V, E] that rows are taken from."""
    tables = {
        node.input[0]: constants[node.input[0]]
        for node in graph.node
        if node.op_type == "Gather" and node.input[0] in constants and constants[node.input[0]].ndim == 2
    }
    tables = {name: table for name, table in tables.items() if table.dtype.kind == "f"}
    if len(tables) != 1:
        raise ValueError(f"{path.name}: {len(tables)} embeddings (Gather of a table of numbers); expected one")
    (table,) = tables.values()
    return np.array(table, dtype=np.float32)


class _Run:
    """The graph as a function of ids, and what its recurrent operators were given.

    `length` is the one that it takes, None for any; `outputs` how many numbers it gives for a text.
    """

    def __init__(self, path: Path, model: ModelProto):
        from onnx import TensorProto
        from onnx.reference import ReferenceEvaluator

        self._path = path
        self.seen: list[tuple[str, list[np.ndarray | None]]] = []
        initial = {tensor.name for tensor in model.graph.initializer}
        self._inputs = [value for value in model.graph.input if value.name not in initial]
        integers = (TensorProto.INT64, TensorProto.INT32)
        wrong = [one.name for one in self._inputs if one.type.tensor_type.elem_type not in integers]
        if wrong or not 1 <= len(self._inputs) <= 2:
            names = ", ".join(one.name for one in self._inputs)
            raise ValueError(f"{path.name}: takes {names}; expected ids of words, and their number or not")
        dims = self._inputs[0].type.tensor_type.shape.dim
        fixed = [dim.dim_value or None for dim in dims]
        if len(fixed) not in (1, 2):
            raise ValueError(f"{path.name}: {self._inputs[0].name} has {len(fixed)} axes; expected texts and tokens")
        self._evaluator = ReferenceEvaluator(model, new_ops=_recorders(self.seen))
        held = sum(math.prod(tensor.dims) for tensor in model.graph.initializer)
        self._most = self._left = _MOST_NUMBERS + 4 * held
        for node in self._evaluator.rt_nodes_:
            node.run = self._bounded(node)
        # Texts first or tokens first: the one in which a text gives one answer.
        tried: list[str] = []
        for texts_first in (True, False) if len(fixed) == 2 else (None,):
            self._texts_first = texts_first
            self._texts = (fixed[0 if texts_first else 1] or 1) if len(fixed) == 2 else 1
            self.length = fixed[1 if texts_first else 0] if len(fixed) == 2 else fixed[0]
            if (self.length or 1) > LONGEST or self._texts * (self.length or 1) > 100 * LONGEST:
                continue
            ids = [0] * (self.length or _LENGTHS[0])
            try:
                answer = self._answer(ids)
            except _TooLargeError:
                raise
            except Exception as error:  # the evaluator's, which have no class in common
                tried.append(type(error).__name__)
                continue
            if answer.size in (self._texts, 2 * self._texts):
                self.outputs = answer.size // self._texts
                return
        why = f" ({', '.join(tried)})" if tried else ""
        raise ValueError(f"{path.name}: the graph gives no one or two numbers for a text of ids{why}")

    def __call__(self, ids: Sequence[int]) -> np.ndarray:
        """What the graph gives for a text, [outputs], float64."""
        try:
            answer = self._answer(ids)
        except _TooLargeError:
            raise
        except Exception as error:
            raise ValueError(
                f"{self._path.name}: the graph cannot be run on {len(ids)} tokens ({type(error).__name__}); export it "
                "with a free length (dynamic_axes), or with its one length as the input's shape"
            ) from None
        return answer.astype(np.float64).reshape(self._texts, -1)[:1].ravel()

    def _answer(self, ids: Sequence[int]) -> np.ndarray:
        self.seen.clear()
        self._left = self._most
        row = np.array(ids, dtype=np.int64)
        if self._texts_first is not None:
            row = np.tile(row, (self._texts, 1)) if self._texts_first else np.tile(row[:, None], (1, self._texts))
        given = [row, np.full(self._texts, len(ids), dtype=np.int64)]
        feed = {
            one.name: value.astype(np.int32 if one.type.tensor_type.elem_type == _INT32 else np.int64)
            for one, value in zip(self._inputs, given, strict=False)
        }
        with np.errstate(all="ignore"):
            answers: Any = self._evaluator.run(None, feed)
        answer: np.ndarray = np.asarray(answers[0])
        return answer

    def _bounded(self, node: Any) -> Callable[..., Any]:
        """The same operator, refused before it runs where the graph would compute too many numbers."""
        run = node.run

        def bounded(*given: Any, **options: Any) -> Any:
            self._left -= _size(node, given)
            if self._left < 0:
                raise _TooLargeError(
                    f"{self._path.name}: operator {node.op_type} ({', '.join(node.output)}) makes the graph compute "
                    f"more than {self._most:,} numbers for a text; ask such a model as a black box (--predictor)"
                )
            return run(*given, **options)

        return bounded


class _TooLargeError(ValueError):
    """A graph computes more numbers than can be kept."""


def _size(node: Any, given: Sequence[Any]) -> int:
    """How many numbers an operator gives at most; those that only rearrange give as many as they take."""
    kind = node.op_type
    shapes: list[tuple[int, ...]] = [np.shape(array) for array in given if array is not None]
    if kind == "ConstantOfShape":
        return _product(given[0])
    if kind == "Expand":
        return _broadcast(shapes[0], np.ravel(given[1])[:_AXES].tolist())
    if kind == "Range":
        start, limit, step = (float(np.ravel(number)[0]) for number in given)
        return int(min(abs(limit - start) / max(abs(step), 1e-300), 1e18))
    if kind == "Gather":
        axis = getattr(node, "axis", None) or 0
        return math.prod(shapes[0]) // max(1, shapes[0][axis]) * math.prod(shapes[1])
    if kind in ("Concat", "Max", "Min", "Add", "Sub", "Mul", "Div", "Pow", "Where", "Equal", "Clip"):
        return sum(map(math.prod, shapes)) if kind == "Concat" else _broadcast(*shapes)
    if kind == "MatMul":
        one, other = shapes[:2]
        return _broadcast(one[:-2], other[:-2]) * math.prod([*one[-2:-1], *other[1:][-1:]])
    if kind == "Gemm":
        return max(shapes[0]) * max(shapes[1])
    if kind in _CELLS:  # steps, texts; directions, units
        return math.prod(shapes[0][:2]) * shapes[2][0] * shapes[2][2]
    return sum(map(math.prod, shapes))


def _product(numbers: Any) -> int:
    return math.prod(max(0, int(number)) for number in np.ravel(numbers)[:_AXES])


def _broadcast(*shapes: Sequence[int]) -> int:
    """The numbers of an array of the shape that these take together, at least."""
    return math.prod(max(dims) for dims in itertools.zip_longest(*map(reversed, shapes), fillvalue=1))


def _recorders(seen: list[tuple[str, list[np.ndarray | None]]]) -> list[type]:
    """onnx's recurrent operators, which also keep what they are given."""
    from onnx.reference.ops import op_gru, op_lstm, op_rnn

    def recording(base: type) -> type:
        class Recorder(base):  # type: ignore[misc]
            op_domain = ""

            def _run(self, *given: Any, **options: Any) -> Any:
                seen.append((Recorder.__name__, list(given)))
                return base._run(self, *given, **options)  # type: ignore[attr-defined]

            def choose_act(self, name: str, alpha: float | None, beta: float | None) -> Any:
                if name.lower() == "relu":
                    return lambda values: np.maximum(values, 0)
                return base.choose_act(self, name, alpha, beta)  # type: ignore[attr-defined]

        Recorder.__name__ = base.__name__.partition("_")[0]  # the operator's name
        return Recorder

    return [recording(op_lstm.LSTM), recording(op_gru.GRU), recording(op_rnn.RNN_14)]


@dataclass(frozen=True)
class _Told:
    """What the attributes of a recurrent operator say."""

    cell: str
    hidden: int
    both: bool
    nonlinearity: str
    reset_after: bool


def _told(path: Path, node: NodeProto) -> _Told:
    from onnx import helper

    options = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    name = f"{path.name}: {node.op_type} {node.name or node.output[0]}"
    cell = _CELLS[node.op_type]
    direction = options.get("direction", b"forward").decode()
    if direction not in ("forward", "bidirectional"):
        raise ValueError(f"{name} goes {direction}; only forward and bidirectional are read")
    for option in ("clip", "input_forget", "activation_alpha", "activation_beta"):
        if options.get(option):
            raise ValueError(f"{name} has {option}, which is not read")
    ways = 2 if direction == "bidirectional" else 1
    usual = {"lstm": ["sigmoid", "tanh", "tanh"], "gru": ["sigmoid", "tanh"], "rnn": ["tanh"]}[cell]
    given = [value.decode().lower() for value in options.get("activations", [])] or usual * ways
    nonlinearity = given[0] if cell == "rnn" else "tanh"
    if given != (usual if cell != "rnn" else [nonlinearity]) * ways or nonlinearity not in ("tanh", "relu"):
        raise ValueError(
            f"{name} has the activations {', '.join(given)}; read are {', '.join(usual)}, and relu of an RNN"
        )
    reset_after = cell != "gru" or bool(options.get("linear_before_reset", 0))
    return _Told(cell, int(options["hidden_size"]), ways == 2, nonlinearity, reset_after)


def _recurrent(path: Path, graph: GraphProto, run: _Run, size: int) -> Found:
    """The stacked recurrent operators as one module of torch's; the head is still to come."""
    nodes = [node for node in graph.node if node.op_type in _CELLS]
    if not nodes or len(nodes) != len(run.seen):
        raise ValueError(
            f"{path.name}: no LSTM, GRU or RNN in the graph; an exporter that writes out every step hides it: "
            "export with dynamo=False, or give the model's state_dict"
        )
    told = [_told(path, node) for node in nodes]
    if len(set(told)) > 1:
        raise ValueError(
            f"{path.name}: its recurrent layers differ in kind, size, direction or activation; expected one"
        )
    tensors: dict[str, Tensor] = {}
    for number, (_kind, given) in enumerate(run.seen):
        of = told[number]
        if any(state is not None and np.any(state) for state in given[5:]):
            raise ValueError(f"{path.name}: a recurrent layer starts from other states than zeros, or has peepholes")
        width = size if number == 0 else of.hidden * (2 if of.both else 1)
        tensors |= _converted(path, of, width, number, given[1:4])
    first = told[0]
    return Found(
        cell=first.cell,
        layers=len(nodes),
        bidirectional=first.both,
        recurrent=tensors,
        head=Head(torch.zeros(1, 1), torch.zeros(1), 1),
        embedding=None,
        names={"recurrent": ", ".join(node.name or node.output[0] for node in nodes)},
        notes=(),
        nonlinearity=first.nonlinearity if first.cell == "rnn" else None,
        reset_after=first.reset_after,
    )


def _converted(path: Path, of: _Told, width: int, number: int, given: Sequence[np.ndarray | None]) -> dict[str, Tensor]:
    """One layer's tensors by torch's names."""
    w, r, b = given[0], given[1], given[2] if len(given) > 2 else None
    gates, ways = _GATES[of.cell], 2 if of.both else 1
    rows = len(gates) * of.hidden
    expected = {"W": (ways, rows, width), "R": (ways, rows, of.hidden), "B": (ways, 2 * rows)}
    for name, array in {"W": w, "R": r, "B": b}.items():
        if name == "B" and array is None:
            continue
        if array is None or array.shape != expected[name] or not np.isfinite(array).all():
            shape = None if array is None else list(array.shape)
            raise ValueError(
                f"{path.name}: layer {number} has {name} of shape {shape}; expected {list(expected[name])}, all finite"
            )
    assert w is not None and r is not None
    order = np.concatenate([np.arange(of.hidden) + gate * of.hidden for gate in gates])
    found: dict[str, np.ndarray] = {}
    for way, end in enumerate(("", "_reverse")[:ways]):
        biases = np.zeros((2, rows)) if b is None else b[way].reshape(2, rows)
        found |= {
            f"weight_ih_l{number}{end}": w[way][order],
            f"weight_hh_l{number}{end}": r[way][order],
            f"bias_ih_l{number}{end}": biases[0][order],
            f"bias_hh_l{number}{end}": biases[1][order],
        }
    return {name: torch.from_numpy(np.array(array, dtype=np.float32)) for name, array in found.items()}


def _linears(graph: GraphProto, constants: Mapping[str, np.ndarray]) -> list[tuple[Tensor, Tensor]]:
    """Weight [out, in] and bias [out] of each product with a matrix behind the recurrence, in order."""
    from onnx import helper

    found: list[tuple[Tensor, Tensor]] = []
    behind = max(number for number, node in enumerate(graph.node) if node.op_type in _CELLS)
    for node in list(graph.node)[behind + 1 :]:
        options = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        if node.op_type not in ("Gemm", "MatMul") or constants.get(node.input[1], np.empty(0)).ndim != 2:
            continue
        weight = constants[node.input[1]]
        bias = None
        if node.op_type == "Gemm":
            weight = weight if options.get("transB") else weight.T
            bias = constants.get(node.input[2]) if len(node.input) > 2 else None
        else:
            weight = weight.T
            added = [other for other in graph.node if other.op_type == "Add" and node.output[0] in other.input]
            names = [name for other in added for name in other.input if name in constants]
            bias = constants[names[0]] if names else None
        rows = len(weight)
        tensor = torch.from_numpy(np.array(weight, dtype=np.float32))
        flat = np.zeros(rows) if bias is None else np.broadcast_to(np.ravel(bias), (rows,))
        found.append((tensor, torch.from_numpy(np.array(flat, dtype=np.float32))))
    return found


def _read_out(path: Path, found: Found, run: _Run, class_1: int) -> Found:
    """The same parts with the one pool, and activation of the head, that give what the graph gives."""
    assert found.embedding is not None
    rng = np.random.default_rng(0)
    lengths = _LENGTHS if run.length is None else (run.length,) * len(_LENGTHS)
    drawn = [rng.integers(0, len(found.embedding), length).tolist() for length in lengths]
    given = np.stack([run(ids) for ids in drawn])
    activations = ACTIVATIONS if found.head.hidden is not None else (None,)
    nonlinearity = found.nonlinearity or "tanh"
    agreeing = []
    for pool, activation in itertools.product(pools(found.cell, found.bidirectional), activations):
        try:
            model = classifier(found, found.embedding, ReadOut(pool), nonlinearity, activation)
        except (ValueError, RuntimeError) as error:  # a linear layer of another width
            raise ValueError(f"{path.name}: its layers do not fit together ({_first_line(error)})") from None
        with torch.inference_mode():
            logits = np.array([model(torch.tensor([ids])).item() for ids in drawn])
        meant = _meant(given, logits, class_1)
        if meant is not None:
            agreeing.append((pool, activation, meant))
    if not agreeing:
        raise ValueError(
            f"{path.name}: what the graph reads of its states is none of "
            f"{', '.join(pools(found.cell, found.bidirectional))}; ask such a model as a black box (--predictor)"
        )
    pool, activation, meant = agreeing[0]
    notes = [f"the graph gives {meant}, and reads {pool}: found by running it"]
    if len(agreeing) > 1:
        others = ", ".join(" ".join(filter(None, other[:2])) for other in agreeing[1:])
        notes.append(f"as far as it was run, other read-outs give the same: {others}")
    return replace(
        found,
        pool=pool,
        activation=activation,
        names={**found.names, "head": "the last product with a matrix", "embedding": "the table that ids are rows of"},
        notes=(*found.notes, *notes),
    )


def _meant(given: np.ndarray, logits: np.ndarray, class_1: int) -> str | None:
    """What the graph's numbers [texts, outputs] are, if these logits are of the same model."""
    expected = 1 / (1 + np.exp(-logits))

    def close(found: np.ndarray) -> bool:
        return bool(np.abs(found - expected).max() <= _CLOSE)

    if given.shape[1] == 1:
        if close(given[:, 0]):
            return "a probability"
        return "a logit" if close(1 / (1 + np.exp(-given[:, 0]))) else None
    if np.allclose(given.sum(axis=1), 1, atol=1e-5) and (given >= 0).all():
        return "two probabilities" if close(given[:, class_1]) else None
    difference = given[:, class_1] - given[:, 1 - class_1]
    return "two scores" if close(1 / (1 + np.exp(-difference))) else None


def _first_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))[:200]
