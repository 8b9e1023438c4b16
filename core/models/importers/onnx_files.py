"""What does an ONNX graph compute? Its weights by their position, its read-out by running it.

A graph of these parts is read: one Gather of an embedding, one or more LSTM, GRU or RNN of one size, anything between
them and one or two Gemm or MatMul, and what makes probabilities of the result. What lies between is not followed:
onnx's reference evaluator runs the graph on a few sequences, some padded, some long, and the read-out is the one with
which the same weights give the same numbers. If none does, the graph is refused; unneeded operators, before it runs.

Gates, in ONNX's order: LSTM i, o, f, c where torch has i, f, g, o; GRU z, r, h where torch has r, z, n. A GRU with
``linear_before_reset`` is torch's; without, its reset gate acts on the state before the product (Cho et al. 2014).
"""

from __future__ import annotations

import copy
import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.data import targets
from core.data.labels import SENTIMENT, Names
from core.models.importers import heads
from core.models.importers.model_parts import Head, Parts, classifier, layer_tensors
from core.models.predict import sigmoid
from core.models.read_outs import LONGEST, ReadOut, pools
from core.models.recurrent import ACTIVATIONS, Classifier

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_CELLS = {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn"}
_GATES = {"lstm": (0, 2, 3, 1), "gru": (1, 0, 2), "rnn": (0,)}
_ALLOWED = {
    "Not",  # of masks
    *("LSTM", "GRU", "RNN", "Gather", "Gemm", "MatMul", "Add", "Sub", "Mul", "Div", "Neg", "Exp", "Sqrt", "Erf", "Pow"),
    *("Sigmoid", "Softmax", "LogSoftmax", "Tanh", "Relu", "Gelu", "Elu", "Selu", "LeakyRelu", "Identity", "Dropout"),
    *("Transpose", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Slice", "Split", "Concat", "Shape", "Expand", "Cast"),
    *("Constant", "ConstantOfShape", "ReduceMean", "ReduceMax", "ReduceSum", "GlobalMaxPool", "GlobalAveragePool"),
    *("Where", "Equal", "GatherElements", "Range", "Max", "Min", "Clip", "Size"),
}
_AXES = 64  # that an array of numpy may have
_LENGTHS = (9, 4, 6, 13)  # tokens of the sequences that show what is read
_LONG = (40, 300, 1_500)  # of those that show whether texts are cut
_MOST_TOKENS = 200_000  # of the texts that the graph takes at once, where these are long
_PADDED = 12  # tokens of a text with its padding, where the graph takes any number
_MOST_PADS = 16  # ids that are tried as padding
_CLOSE = 1e-5  # as far as a probability of the graph and one of the model may differ
_INT32 = 6  # onnx.TensorProto.INT32
_MOST_BYTES = 2 * 2**30  # of a protocol buffer
_MOST_NUMBERS = 10**8  # that a run of the graph computes, beside four times those that it holds


def read(path: Path, class_1: int | None = None, labels: Names = SENTIMENT) -> Parts:
    """The parts of a classifier in a graph. Raises ValueError for one that cannot be read, or where onnx is missing."""
    try:
        import_module("onnx")
    except ImportError:
        raise ValueError(f"{path.name} is an ONNX graph; to read it: pip install onnx") from None
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path.name} is larger than {_MOST_BYTES:,} bytes")
    try:
        return _parse(path, class_1, labels)
    except (TypeError, AttributeError, LookupError, RuntimeError, UnicodeError) as error:  # attributes of another type
        raise ValueError(
            f"{path.name} is damaged or another kind of graph ({type(error).__name__}: {_first_line(error)})"
        ) from None


def _parse(path: Path, class_1: int | None, labels: Names) -> Parts:
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
    run = _Run(path, model, labels)
    parts = _recurrent(path, graph, run, table.shape[1])
    linears = _linears(graph, constants)
    if not 1 <= len(linears) <= 2:
        raise ValueError(f"{path.name}: {len(linears)} linear layers behind the recurrence; one is read, or two")
    outputs, weight, bias = heads.scores(*linears[-1], class_1)
    if run.outputs != outputs:
        raise ValueError(f"{path.name}: its last layer has {outputs} outputs and the graph gives {run.outputs}")
    head = Head(weight, bias, outputs, *(linears[0] if len(linears) == 2 else (None, None)))
    complete = replace(parts, head=head, embedding=torch.from_numpy(table))
    pads = _pads(constants, len(table))
    return _read_out(path, complete, run, outputs - 1 if class_1 is None else class_1, pads)


def _constants(path: Path, graph: GraphProto) -> dict[str, np.ndarray]:
    """The arrays that the graph holds, transposed or passed on too."""
    from onnx import TensorProto, helper, numpy_helper

    arrays: dict[str, np.ndarray] = {}
    for tensor in graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            raise ValueError(f"{path.name}: its weights are in another file; save the graph with them in one file")
        arrays[tensor.name] = numpy_helper.to_array(tensor)
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            arrays[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type == "Constant" and node.attribute and node.attribute[0].name in ("value_int", "value_float"):
            arrays[node.output[0]] = np.array(helper.get_attribute_value(node.attribute[0]))
        elif node.op_type in ("Transpose", "Identity") and node.input[0] in arrays:
            perm = next((helper.get_attribute_value(a) for a in node.attribute if a.name == "perm"), None)
            array = arrays[node.input[0]]
            arrays[node.output[0]] = array if node.op_type == "Identity" else np.transpose(array, perm)
    return arrays


def _embedding(path: Path, graph: GraphProto, constants: Mapping[str, np.ndarray]) -> np.ndarray:
    """The one embedding [V, E]."""
    names = {node.input[0] for node in graph.node if node.op_type == "Gather"} & constants.keys()
    tables = {
        name: constants[name] for name in names if constants[name].ndim == 2 and constants[name].dtype.kind == "f"
    }
    if len(tables) != 1:
        raise ValueError(f"{path.name}: {len(tables)} embeddings (Gather of a table of numbers); expected one")
    (table,) = tables.values()
    return np.array(table, dtype=np.float32)


def _pads(constants: Mapping[str, np.ndarray], rows: int) -> list[int]:
    """Possible ids of padding: 0, 1 and the integers in the graph, as a mask compares ids with one."""
    single = [float(array.ravel()[0]) for array in constants.values() if array.size == 1 and array.dtype.kind in "iuf"]
    whole = sorted(int(number) for number in single if number.is_integer())
    return [number for number in dict.fromkeys((0, 1, *whole)) if 0 <= number < rows][:_MOST_PADS]


class _Run:
    """The graph as a function of ids; `seen` records the inputs of its recurrent operators.

    `length` is the only one it takes, or None; `texts` how many it takes at once; `outputs` the values per text.
    """

    def __init__(self, path: Path, model: ModelProto, labels: Names):
        from onnx import TensorProto
        from onnx.reference import ReferenceEvaluator

        self._path = path
        self.seen: list[list[np.ndarray | None]] = []
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
        sizes = targets.head_sizes(labels)
        # Texts first or tokens first: the one in which a text gives one answer.
        tried: list[str] = []
        for texts_first in (True, False) if len(fixed) == 2 else (None,):
            self._texts_first = texts_first
            self.texts = (fixed[0 if texts_first else 1] or 1) if len(fixed) == 2 else 1
            self.length = fixed[1 if texts_first else 0] if len(fixed) == 2 else fixed[0]
            if (self.length or 1) > LONGEST or self.texts * (self.length or 1) > 100 * LONGEST:
                continue
            ids = [0] * (self.length or _LENGTHS[0])
            try:
                answer = self._answer(ids)
            except _TooLargeError:
                raise
            except Exception as error:  # the evaluator's, which have no class in common
                tried.append(type(error).__name__)
                continue
            if answer.size in [outputs * self.texts for outputs in sizes]:
                self.outputs = answer.size // self.texts
                return
        why = f" ({', '.join(tried)})" if tried else ""
        raise ValueError(
            f"{path.name}: the graph does not give {' or '.join(map(str, sizes))} numbers for a text of ids{why}; name "
            "all classes in the order of its outputs (--labels A,B,C)"
        )

    def __call__(self, ids: Sequence[int], count: int | None = None) -> np.ndarray:
        """The graph's values for a text, [outputs], float64; `count` of the ids are words, if it takes that."""
        try:
            answer = self._answer(ids, count)
        except _TooLargeError:
            raise
        except Exception as error:
            raise ValueError(
                f"{self._path.name}: the graph cannot be run on {len(ids)} tokens ({type(error).__name__}); export it "
                "with a free length (dynamic_axes), or with its one length as the input's shape"
            ) from None
        return answer.astype(np.float64).reshape(self.texts, -1)[:1].ravel()

    def _answer(self, ids: Sequence[int], count: int | None = None) -> np.ndarray:
        self.seen.clear()
        self._left = self._most
        row = np.array(ids, dtype=np.int64)
        if self._texts_first is not None:
            row = np.tile(row, (self.texts, 1)) if self._texts_first else np.tile(row[:, None], (1, self.texts))
        given = [row, np.full(self.texts, len(ids) if count is None else count, dtype=np.int64)]
        feed = {
            one.name: value.astype(np.int32 if one.type.tensor_type.elem_type == _INT32 else np.int64)
            for one, value in zip(self._inputs, given, strict=False)
        }
        with np.errstate(all="ignore"):
            answers: Any = self._evaluator.run(None, feed)
        answer: np.ndarray = np.asarray(answers[0])
        return answer

    def _bounded(self, node: Any) -> Callable[..., Any]:
        """The operator's function, which refuses to run if the graph would compute too many numbers."""
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
    """A graph computes too many numbers."""


def _size(node: Any, given: Sequence[Any]) -> int:
    """An upper bound of the numbers that an operator gives; rearranging ones give as many as they take."""
    kind = node.op_type
    shapes: list[tuple[int, ...]] = [np.shape(array) for array in given if array is not None]
    if kind == "ConstantOfShape":
        return math.prod(max(0, int(number)) for number in np.ravel(given[0])[:_AXES])
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


def _broadcast(*shapes: Sequence[int]) -> int:
    """The size of the shape that these broadcast to, at least."""
    return math.prod(max(dims) for dims in itertools.zip_longest(*map(reversed, shapes), fillvalue=1))


def _recorders(seen: list[list[np.ndarray | None]]) -> list[type]:
    """onnx's recurrent operators, which also record their inputs and follow the lengths of texts."""
    from onnx.reference.ops import op_gru, op_lstm, op_rnn

    def recording(base: type) -> type:
        class Recorder(base):  # type: ignore[misc]
            op_domain = ""

            def _run(self, *given: Any, **options: Any) -> Any:
                seen.append(list(given))
                run = base._run  # type: ignore[attr-defined]
                steps = 1 if options.get("layout") else 0  # the axis
                tokens = given[0].shape[steps]
                lengths = set(np.ravel(given[4]).tolist()) if len(given) > 4 and given[4] is not None else {tokens}
                if lengths == {tokens}:
                    return run(self, *given, **options)
                (length,) = lengths  # all texts are the same one
                if not 0 < length < tokens:
                    raise ValueError(f"{length} of {tokens} tokens")
                kept = np.take(given[0], range(length), axis=steps)
                states, *last = run(self, kept, *given[1:4], None, *given[5:], **options)
                behind = [(0, tokens - length if axis == steps else 0) for axis in range(states.ndim)]
                return (np.pad(states, behind), *last)

            def choose_act(self, name: str, alpha: float | None, beta: float | None) -> Any:
                if name.lower() == "relu":
                    return lambda values: np.maximum(values, 0)
                return base.choose_act(self, name, alpha, beta)  # type: ignore[attr-defined]

        Recorder.__name__ = base.__name__.partition("_")[0]  # the operator's name
        return Recorder

    return [recording(op_lstm.LSTM), recording(op_gru.GRU), recording(op_rnn.RNN_14)]


class _Cell(NamedTuple):
    """The attributes of a recurrent operator."""

    cell: str
    hidden: int
    both: bool
    nonlinearity: str
    reset_after: bool


def _cell_options(path: Path, node: NodeProto) -> _Cell:
    from onnx import helper

    options = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    name = f"{path.name}: {node.op_type} {node.name or node.output[0]}"
    cell = _CELLS[node.op_type]
    direction = options.get("direction", b"forward").decode()
    if direction not in ("forward", "bidirectional"):
        raise ValueError(f"{name} goes {direction}; only forward and bidirectional are read")
    for option in ("clip", "input_forget", "activation_alpha", "activation_beta"):
        if options.get(option):
            raise ValueError(f"{name} has {option}, which is not supported")
    directions = 2 if direction == "bidirectional" else 1
    usual = {"lstm": ["sigmoid", "tanh", "tanh"], "gru": ["sigmoid", "tanh"], "rnn": ["tanh"]}[cell]
    given = [value.decode().lower() for value in options.get("activations", [])] or usual * directions
    nonlinearity = given[0] if cell == "rnn" else "tanh"
    if given != (usual if cell != "rnn" else [nonlinearity]) * directions or nonlinearity not in ("tanh", "relu"):
        raise ValueError(
            f"{name} has the activations {', '.join(given)}; supported: {', '.join(usual)}, and relu of an RNN"
        )
    reset_after = cell != "gru" or bool(options.get("linear_before_reset", 0))
    return _Cell(cell, int(options["hidden_size"]), directions == 2, nonlinearity, reset_after)


def _recurrent(path: Path, graph: GraphProto, run: _Run, size: int) -> Parts:
    """The stacked recurrent operators as one module of torch's; the head is still to come."""
    nodes = [node for node in graph.node if node.op_type in _CELLS]
    if not nodes or len(nodes) != len(run.seen):
        raise ValueError(
            f"{path.name}: no LSTM, GRU or RNN in the graph; an exporter that writes out every step hides it: "
            "export with dynamo=False, or give the model's state_dict"
        )
    options = [_cell_options(path, node) for node in nodes]
    if len(set(options)) > 1:
        raise ValueError(
            f"{path.name}: its recurrent layers differ in kind, size, direction or activation; expected one"
        )
    tensors: dict[str, Tensor] = {}
    for number, given in enumerate(run.seen):
        of = options[number]
        if any(state is not None and np.any(state) for state in given[5:]):
            raise ValueError(f"{path.name}: a recurrent layer starts from other states than zeros, or has peepholes")
        width = size if number == 0 else of.hidden * (2 if of.both else 1)
        tensors |= _converted(path, of, width, number, given[1:4])
    first = options[0]
    return Parts(
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


def _converted(path: Path, of: _Cell, width: int, number: int, given: Sequence[np.ndarray | None]) -> dict[str, Tensor]:
    """One layer's tensors by torch's names."""
    w, r, b = given[0], given[1], given[2] if len(given) > 2 else None
    gates, directions = _GATES[of.cell], 2 if of.both else 1
    rows = len(gates) * of.hidden
    expected = {"W": (directions, rows, width), "R": (directions, rows, of.hidden), "B": (directions, 2 * rows)}
    for name, array in {"W": w, "R": r, "B": b}.items():
        if name == "B" and array is None:
            continue
        if array is None or array.shape != expected[name] or not np.isfinite(array).all():
            shape = None if array is None else list(array.shape)
            raise ValueError(
                f"{path.name}: layer {number} has {name} of shape {shape}; expected {list(expected[name])}, all finite"
            )
    assert w is not None and r is not None
    biases = np.zeros((directions, 2, rows)) if b is None else b.reshape(directions, 2, rows)
    tensors: dict[str, Tensor] = {}
    for direction, end in enumerate(("", "_reverse")[:directions]):
        tensors |= layer_tensors(gates, w[direction], r[direction], biases[direction], f"l{number}{end}")
    return tensors


def _linears(graph: GraphProto, constants: Mapping[str, np.ndarray]) -> list[tuple[Tensor, Tensor]]:
    """Weight [out, in] and bias [out] of each product with a matrix behind the recurrence, in order."""
    from onnx import helper

    layers: list[tuple[Tensor, Tensor]] = []
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
        layers.append((tensor, torch.from_numpy(np.array(flat, dtype=np.float32))))
    return layers


class _Match(NamedTuple):
    """A read-out that agrees with the graph on texts without padding; `meant` says what the graph gives."""

    pool: str
    activation: str | None
    meant: str
    model: Classifier


def _read_out(path: Path, parts: Parts, run: _Run, class_1: int, pads: Sequence[int]) -> Parts:
    """The same parts with the pool, padding and activation that agree with the graph; `pads` may be padding ids."""
    assert parts.embedding is not None
    rng = np.random.default_rng(0)
    words = np.setdiff1d(np.arange(len(parts.embedding)), pads)
    words = words if len(words) else np.array(pads)
    lengths = _LENGTHS if run.length is None else (run.length,) * len(_LENGTHS)
    texts = [rng.choice(words, length).tolist() for length in lengths]
    answers = np.stack([run(ids) for ids in texts])
    activations = ACTIVATIONS if parts.head.hidden is not None else (None,)
    nonlinearity = parts.nonlinearity or "tanh"
    matches = []
    for pool, activation in itertools.product(pools(parts.cell, parts.bidirectional), activations):
        try:
            model = classifier(parts, parts.embedding, ReadOut(pool), nonlinearity, activation)
        except (ValueError, RuntimeError) as error:  # a linear layer of another width
            raise ValueError(f"{path.name}: its layers do not fit together ({_first_line(error)})") from None
        meant = _meant(answers, _logits(model, texts), class_1)
        if meant is not None:
            matches.append(_Match(pool, activation, meant, model))
    if not matches:
        raise ValueError(
            f"{path.name}: what the graph reads of its states is not one of "
            f"{', '.join(pools(parts.cell, parts.bidirectional))}; ask such a model as a black box (--predictor)"
        )
    if run.length is None:
        matches = _uncut(path, matches, run, class_1, rng.choice(words, max(_LONG)).tolist())
    padded = _padded(pads, run.length or _PADDED, words, rng)
    padding_of = [_padding(one, run, class_1, padded) for one in matches]
    kept = [(one, padding) for one, padding in zip(matches, padding_of, strict=True) if padding is not None]
    if not kept:
        free = "" if run.length is None else "with a free length (dynamic_axes) and "
        raise ValueError(
            f"{path.name}: texts with padding behind or in front are neither read as {matches[0].pool} of all tokens "
            f"nor of the words alone; export the graph {free}without a mask, or give the model's state_dict with "
            "--reads and --check"
        )
    (first, (padding, padding_note, pad_id, more)), *others = kept
    notes = [f"the graph gives {first.meant}, and reads {first.pool}: found by running it", *more]
    if others:
        same = ", ".join(" ".join(filter(None, (one.pool, one.activation))) for one, _padding in others)
        notes.append(f"as far as it was run, other read-outs give the same: {same}")
    return replace(
        parts,
        pool=first.pool,
        activation=first.activation,
        padding=padding,
        padding_note=padding_note,
        pad_id=pad_id,
        names={**parts.names, "head": "the last product with a matrix", "embedding": "the table that ids are rows of"},
        notes=(*parts.notes, *notes),
    )


def _logits(model: Classifier, texts: Sequence[Sequence[int]]) -> np.ndarray:
    """The model's logits of texts of ids, one at a time; their scores [texts, K] for more than two classes."""
    with torch.inference_mode():
        return np.array([model(torch.tensor([list(ids)]))[0].tolist() for ids in texts])


def _uncut(path: Path, matches: Sequence[_Match], run: _Run, class_1: int, longest: Sequence[int]) -> list[_Match]:
    """The matches that also agree on long texts. Raises ValueError if there is none.

    Texts whose probability changes by rounding alone are not compared.
    """

    def agrees(one: _Match, length: int) -> bool:
        ids = longest[:length]
        return _meant(run(ids)[None], _logits(one.model, [ids]), class_1) == one.meant

    kept, longest_agreed = list(matches), max(_LENGTHS)
    for length in (length for length in _LONG if length * run.texts <= _MOST_TOKENS):
        sure = [one for one in kept if _is_sure(one.model, longest[:length])]
        failed = [one for one in sure if not agrees(one, length)]
        if len(failed) == len(kept):
            low, high = longest_agreed, length
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if agrees(kept[0], middle) else (low, middle)
            raise ValueError(
                f"{path.name}: the graph cuts texts, at about {low:,} tokens; export it without the cut, or give the "
                "model's state_dict with --reads and --check"
            )
        kept = [one for one in kept if one not in failed]
        longest_agreed = length if sure else longest_agreed
    return kept


def _is_sure(model: Classifier, ids: Sequence[int]) -> bool:
    """Whether float32 and float64 give the same probability."""
    single, double = (targets.probabilities(_logits(one, [ids])) for one in (model, copy.deepcopy(model).double()))
    return bool(np.abs(single - double).max() <= _CLOSE / 10)


def _padded(
    pads: Sequence[int], size: int, words: np.ndarray, rng: np.random.Generator
) -> dict[tuple[int, str], list[tuple[list[int], list[int]]]]:
    """Texts padded to `size` tokens with each id of `pads`, behind and in front, by id and side: all ids, the words."""
    texts: dict[tuple[int, str], list[tuple[list[int], list[int]]]] = {}
    for pad in pads:
        few = max(1, size // 3)
        for count in sorted({1, few, size - 1} if pad == pads[0] else {few}):
            text, padding = rng.choice(words, count).tolist(), [pad] * (size - count)
            if padding and text:
                texts.setdefault((pad, "padded"), []).append((text + padding, text))
                texts.setdefault((pad, "left"), []).append((padding + text, text))
    return texts


def _padding(
    one: _Match, run: _Run, class_1: int, padded: Mapping[tuple[int, str], Sequence[tuple[list[int], list[int]]]]
) -> tuple[str | None, str, int | None, list[str]] | None:
    """`padding`, `padding_note` and `pad_id` of `Parts`, and notes; None if padding is neither read nor skipped."""
    by_pad: dict[int, tuple[str, ...]] = {}
    alike = False
    for (pad, _side), asked in padded.items():
        given = np.stack([run(ids, len(words)) for ids, words in asked])
        reads, skips = (
            _meant(given, _logits(one.model, texts), class_1) == one.meant for texts in zip(*asked, strict=True)
        )
        alike |= reads and skips and len(asked) > 1  # with much padding and little
        by_pad[pad] = (*by_pad.get(pad, ()), "reads" if reads else "skips" if skips else "neither")
    plain = ("reads", "reads")  # behind, in front
    special = [pad for pad, does in by_pad.items() if does != plain]
    kinds = set(by_pad.values()) or {plain}
    if len(kinds) > 1 and len(special) > 1:
        return None
    does = by_pad[special[0]] if special else plain
    pad_id = special[0] if len(kinds) > 1 else None
    places, sides, length = ("behind", "in front"), ("padded", "left"), run.length
    notes = ["as far as it was run, padding that is read and padding that is not give the same"] if alike else []
    if "skips" in does:
        where = " and ".join(place for place, what in zip(places, does, strict=True) if what == "skips")
        of = "" if pad_id is None else f" (id {pad_id})"
        notes.append(f"the graph does not read padding{of} {where}: found by running it")
        assumed = []
        if length:
            assumed.append(
                f"texts longer than the {length:,} tokens that the graph takes are read whole; its owner cut them"
            )
        if "neither" in does and pad_id is not None:
            other = does.index("neither")
            assumed.append(f"padding is not {places[other]}: there it would change the result")
        if "reads" not in does:
            return "", "; ".join(assumed), pad_id, notes
        other = does.index("reads")
        assumed.append(
            f"padding is not read; where texts were padded {places[other]}, give --reads {sides[other]}:{length or 'N'}"
        )
        return None, "; ".join(assumed), pad_id, notes
    if "reads" not in does:
        return None
    if length is None:
        return None, "", pad_id, notes
    if does == plain:
        return (
            f"padded:{length}",
            f"texts are padded behind to the {length:,} tokens that the graph takes; if they were padded in front, "
            f"give --reads left:{length}",
            pad_id,
            notes,
        )
    only = does.index("reads")
    notes.append(f"texts are padded {places[only]} to the {length:,} tokens that the graph takes: found by running it")
    return f"{sides[only]}:{length}", "", pad_id, notes


def _meant(given: np.ndarray, logits: np.ndarray, class_1: int) -> str | None:
    """What the graph's values [texts, outputs] are, if they agree with these logits; else None."""
    expected = targets.probabilities(logits)
    count = {2: "two"}.get(given.shape[1], given.shape[1])
    if given.shape[1] == 1:
        meanings = {"a probability": given[:, 0], "a logit": sigmoid(given[:, 0])}
    elif np.allclose(given.sum(axis=1), 1, atol=1e-5) and (given >= 0).all():
        meanings = {f"{count} probabilities": given}
    else:
        meanings = {f"{count} scores": targets.probabilities(given)}
    meanings = {name: found[:, class_1] if found.ndim > expected.ndim else found for name, found in meanings.items()}
    return next((name for name, found in meanings.items() if np.abs(found - expected).max() <= _CLOSE), None)


def _first_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))[:200]
