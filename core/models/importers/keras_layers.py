"""What do Keras' layers compute, by torch's names?

A chain of layers is read: TextVectorization or not, Embedding, one or more LSTM, GRU or SimpleRNN of one size (all
Bidirectional, or none), a global pooling or none, a hidden Dense or none, a Dense of one or two outputs. Dropout does
nothing when a model answers. All else is refused by the layer's name.

Gates, in Keras' order: LSTM i, f, c, o, as torch has them; GRU z, r, h where torch has r, z, n. Keras multiplies from
the right, W [E, G*H], torch from the left. A GRU with ``reset_after`` has two biases, [2, 3H], and is torch's; without,
it has one, [3H], and its reset gate acts on the state before the product (Cho et al. 2014). Other cells have one bias.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.data import targets
from core.data.labels import SENTIMENT, Names
from core.models.importers import heads, keras_files
from core.models.importers.keras_files import Layer
from core.models.importers.model_parts import Head, Parts, layer_tensors

_WITHOUT_EFFECT = {
    *("Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization"),
}
_CELLS = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}
_POOLS = {"GlobalMaxPooling1D": "max", "GlobalAveragePooling1D": "mean"}
_HIDDEN = ("relu", "tanh", "sigmoid", "gelu", "elu")  # Keras' leaky_relu has another slope than torch's
_READ = (
    "Embedding, LSTM, GRU or SimpleRNN (Bidirectional or not), GlobalMaxPooling1D or GlobalAveragePooling1D, Dense; "
    "another model can be asked as a black box (--predictor)"
)
_STANDARDIZE = {"lower_and_strip_punctuation": "keras_vectorization", "lower": "lowercase", None: "whitespace"}


def read(path: Path, class_1: int | None = None, labels: Names = SENTIMENT) -> Parts:
    """The parts of a classifier that Keras saved. Raises ValueError for a file or a layer that cannot be read."""
    try:
        return _parse(path, class_1, labels)
    # What a configuration has of another type than Keras writes, and what h5py raises for a damaged file.
    except (TypeError, AttributeError, LookupError, RuntimeError, OverflowError, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise  # a file that is not there
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ValueError(f"{path.name} is damaged, or not as Keras writes it ({why})") from None


def _parse(path: Path, class_1: int | None, labels: Names) -> Parts:
    layers = [layer for layer in keras_files.layers(path) if layer.kind not in _WITHOUT_EFFECT]
    chain = _Chain(path.name, layers)
    entry = chain.take("InputLayer")
    split = chain.take("TextVectorization")
    embedding = chain.needed("Embedding")
    rows, size = int(embedding.config["input_dim"]), int(embedding.config["output_dim"])
    table = torch.from_numpy(embedding.array(0, (rows, size)))
    recurrent = chain.run(*_CELLS, "Bidirectional")
    pool = chain.take(*_POOLS)
    dense = chain.run("Dense", "Activation", "ReLU")
    if chain.rest:
        raise chain.rest[0].refuse(f"not read after {chain.last}; supported: {_READ}")
    tensors, shared, biased = _recurrent(recurrent, size, pooled=pool is not None)
    both, cell = shared["bidirectional"], _CELLS[shared["kind"]]
    head, activation = _head(dense, shared["units"] * (2 if both else 1), class_1, labels)
    if pool is not None:
        pool.must(data_format="channels_last", keepdims=False)
    padding, padding_note = _padding(entry, split, embedding, pool, both)
    notes = [] if biased else ["a recurrent layer has no biases: taken as 0"]
    other = {name for layer in layers if (name := _precision(layer)) not in (None, "float32")}
    if other:
        notes.append(f"its owner computes in {', '.join(sorted(other))}; here it is float32")
    known, steps, more = _texts(split, rows)
    return Parts(
        cell=cell,
        layers=len(recurrent),
        bidirectional=both,
        recurrent=tensors,
        head=head,
        embedding=table,
        names={
            "recurrent": ", ".join(layer.name for layer in recurrent),
            "head": ", ".join(layer.name for layer in dense),
            "embedding": embedding.name,
        },
        notes=(*notes, *more),
        pool="final" if pool is None else _POOLS[pool.kind],
        padding=padding,
        padding_note=padding_note,
        activation=activation,
        nonlinearity=shared["activation"] if cell == "rnn" else None,
        reset_after=shared["reset_after"],
        pad_id=0,
        tokens=known,
        steps=steps,
    )


@dataclass
class _Chain:
    """The remaining layers, in order."""

    file: str
    rest: list[Layer]
    last: str = "the start"

    def take(self, *kinds: str) -> Layer | None:
        """The next layer, if it is of one of these kinds."""
        if not self.rest or self.rest[0].kind not in kinds:
            return None
        layer = self.rest.pop(0)
        self.last = f"{layer.name!r} ({layer.kind})"
        return layer

    def needed(self, kind: str) -> Layer:
        layer = self.take(kind)
        if layer is None and self.rest:
            raise self.rest[0].refuse(f"expected {kind} after {self.last}; supported: {_READ}")
        if layer is None:
            raise ValueError(f"{self.file}: nothing after {self.last}; expected {kind}")
        return layer

    def run(self, *kinds: str) -> list[Layer]:
        """All layers of these kinds that follow, at least one."""
        layers = []
        while (layer := self.take(*kinds)) is not None:
            layers.append(layer)
        if not layers:
            self.needed(" or ".join(kinds))
        return layers


def _recurrent(layers: Sequence[Layer], size: int, *, pooled: bool) -> tuple[dict[str, Tensor], dict[str, Any], bool]:
    """Stacked recurrent layers as one torch module's tensors, the options that they share, whether all have biases."""
    tensors: dict[str, Tensor] = {}
    shared: dict[str, Any] = {}
    biased = True
    for number, layer in enumerate(layers):
        sequences = number + 1 < len(layers) or pooled
        directions = _directions(layer)
        for one, end in zip(directions, ("", "_reverse"), strict=False):
            one.must(return_sequences=sequences, return_state=False, stateful=False, time_major=False)
            one.must(go_backwards=bool(end))
            units = int(one.config.get("units", 0))
            nonlinearity = _activations(one)
            reset_after = _reset_after(one, units)
            options = {
                "kind": one.kind, "units": units, "bidirectional": len(directions) == 2,
                "activation": nonlinearity, "reset_after": reset_after,
            }  # fmt: skip
            for name, value in options.items():
                if shared.setdefault(name, value) != value:
                    raise layer.refuse(f"{name} is {value!r} and {shared[name]!r} in the layer before; expected one")
            width = size if number == 0 else units * len(directions)
            tensors |= _converted(one, width, units, f"l{number}{end}")
            biased = biased and bool(one.config.get("use_bias", True))
    return tensors, shared, biased


def _directions(layer: Layer) -> list[Layer]:
    """The layer, or both directions of a Bidirectional one."""
    if layer.kind != "Bidirectional":
        return [layer]
    layer.must(merge_mode="concat")
    inner = layer.config.get("layer") or {}
    back = layer.config.get("backward_layer") or inner
    half = len(layer.weights) // 2
    directions = []
    for name, settings, weights in (
        ("forward", inner, layer.weights[:half]),
        ("backward", back, layer.weights[half:]),
    ):
        kind, config = str(settings.get("class_name")), dict(settings.get("config") or {})
        if kind not in _CELLS:
            raise layer.refuse(f"holds {kind}; expected one of {', '.join(_CELLS)}")
        if name == "backward" and settings is inner:  # Keras reverses a copy of the layer
            config["go_backwards"] = not config.get("go_backwards", False)
        directions.append(Layer(layer.file, kind, f"{layer.name}, {name}", config, weights))
    return directions


def _activations(layer: Layer) -> str:
    """The non-linearity of a layer; that of gates is the logistic function, that of a gated cell tanh."""
    function = _named(layer.config.get("activation", "tanh"))
    allowed = ("tanh", "relu") if layer.kind == "SimpleRNN" else ("tanh",)
    if function not in allowed:
        raise layer.refuse(
            f"activation is {function!r}; only {' and '.join(allowed)} {'are' if len(allowed) > 1 else 'is'} read"
        )
    gates = _named(layer.config.get("recurrent_activation", "sigmoid"))
    if layer.kind != "SimpleRNN" and gates != "sigmoid":
        raise layer.refuse(f"recurrent_activation is {gates!r}; only 'sigmoid' is read")
    return function


def _reset_after(layer: Layer, units: int) -> bool:
    if layer.kind != "GRU":
        return True
    given = layer.config.get("reset_after")
    if len(layer.weights) > 2:
        by_shape = layer.weights[2].shape == (2, 3 * units)
        if given is not None and given != by_shape:
            raise layer.refuse(f"reset_after is {given} and the bias has shape {list(layer.weights[2].shape)}")
        return by_shape
    if given is None:
        raise layer.refuse("neither reset_after nor a bias says where the reset gate acts")
    return bool(given)


def _converted(layer: Layer, width: int, units: int, end: str) -> dict[str, Tensor]:
    """One direction of one layer, by torch's names."""
    gates = {"LSTM": (0, 1, 2, 3), "GRU": (1, 0, 2), "SimpleRNN": (0,)}[layer.kind]
    count = len(gates) * units
    kernel, recurrent = layer.array(0, (width, count)), layer.array(1, (units, count))
    biases = np.zeros((2, count), dtype=np.float32)
    if layer.config.get("use_bias", True):
        bias = layer.array(2, *([(2, count), (count,)] if layer.kind == "GRU" else [(count,)]))
        biases[: bias.ndim] = bias
    if len(layer.weights) != (3 if layer.config.get("use_bias", True) else 2):
        raise layer.refuse(f"has {len(layer.weights)} weights; expected kernel, recurrent kernel and bias")
    return layer_tensors(gates, kernel.T, recurrent.T, biases, end)


def _head(layers: Sequence[Layer], width: int, class_1: int | None, labels: Names) -> tuple[Head, str | None]:
    """The Dense layers as a head, and the activation between two."""
    dense: list[tuple[Layer, str]] = []
    for layer in layers:
        activation = _named(layer.config.get("activation", "linear"))
        if layer.kind == "ReLU":
            layer.must(max_value=None, negative_slope=0, threshold=0)
            activation = "relu"
        if layer.kind == "Dense":
            dense.append((layer, activation))
        elif not dense or dense[-1][1] != "linear":
            raise layer.refuse("expected after a Dense layer without an activation of its own")
        else:
            dense[-1] = (dense[-1][0], activation)
    if len(dense) not in (1, 2):
        raise layers[-1].refuse(f"{len(dense)} Dense layers; one is read, or two")
    last, last_activation = dense[-1]
    outputs = int(last.config.get("units", 0))
    if outputs not in (sizes := targets.head_sizes(labels)):
        raise last.refuse(
            f"has {outputs} outputs; expected {' or '.join(map(str, sizes))} for the classes {', '.join(labels)}; name "
            "all classes in the order of the outputs (--labels A,B,C)"
        )
    expected = ("sigmoid" if outputs == 1 else "softmax", "linear")
    if last_activation not in expected:
        raise last.refuse(
            f"activation is {last_activation!r}; with {outputs} output{'s' * (outputs > 1)} only "
            f"{' and '.join(expected)} (logits) are read"
        )
    hidden, between = dense[0] if len(dense) == 2 else (None, None)
    inner = width if hidden is None else int(hidden.config.get("units", 0))
    weight, bias = _linear(last, inner, outputs)
    if hidden is not None:
        first, first_bias = _linear(hidden, width, inner)
        if between == "linear":  # two products in a row are one
            bias = (weight.double() @ first_bias.double() + bias.double()).float()
            weight = (weight.double() @ first.double()).float()
            hidden = between = None
        elif between not in _HIDDEN:
            raise hidden.refuse(f"activation is {between!r}; supported: linear, {', '.join(_HIDDEN)}")
    outputs, weight, bias = heads.scores(weight, bias, class_1)
    if hidden is None:
        return Head(weight, bias, outputs), None
    return Head(weight, bias, outputs, first, first_bias), between


def _linear(layer: Layer, width: int, units: int) -> tuple[Tensor, Tensor]:
    weight = torch.from_numpy(np.ascontiguousarray(layer.array(0, (width, units)).T))
    if not layer.config.get("use_bias", True):
        return weight, torch.zeros(units)
    return weight, torch.from_numpy(layer.array(1, (units,)))


def _padding(
    entry: Layer | None, split: Layer | None, embedding: Layer, pool: Layer | None, both: bool
) -> tuple[str | None, str]:
    """The padding of texts, as `read_outs.ReadOut` writes it ("" for a mask, None if unknown), and what it assumes."""
    masked = bool(embedding.config.get("mask_zero", False))
    length = None if split is None else split.config.get("output_sequence_length")
    if split is None:
        shapes = [layer.shape for layer in (entry, embedding) if layer is not None]
        length = next((shape[1] for shape in shapes if len(shape) == 2 and shape[1]), None)
        length = embedding.config.get("input_length") or length
    if masked and pool is not None and pool.kind == "GlobalMaxPooling1D" and (both or split is None):
        if length:
            raise pool.refuse(
                f"takes the maximum over padding to {length} tokens as well, where a masked layer gives zeros; no "
                "read-out here does that"
            )
        return "", "no padding is read; where Keras pads a text, its maximum takes the zeros of masked steps in"
    if masked:
        longer = f" of more than {length:,} tokens" if length else ""
        return "", f"texts{longer} are read whole; if its owner cuts them, that is not done here"
    if length and split is not None:
        return f"padded:{length}", ""
    if length:
        return f"left:{length}", (
            f"texts are padded in front to {length:,} tokens, as pad_sequences does by default; if they were "
            f"padded behind, give --reads padded:{length}"
        )
    return None, (
        "texts are read without padding, as the file has neither a mask nor a length; if its owner pads them, "
        "give --reads left:N (in front, as pad_sequences does by default) or padded:N"
    )


def _texts(
    split: Layer | None, rows: int
) -> tuple[tuple[str | None, ...] | None, tuple[str, ...] | None, tuple[str, ...]]:
    """Tokens by id, preprocessing steps and assumptions of a TextVectorization layer."""
    if split is None:
        return None, None, ()
    split.must(split="whitespace", ngrams=None, output_mode="int")
    standardize = split.config.get("standardize")
    if not isinstance(standardize, str | None) or standardize not in _STANDARDIZE:
        allowed = ", ".join(str(name) for name in _STANDARDIZE)
        raise split.refuse(f"standardize is {standardize!r}; supported: {allowed}")
    steps = (_STANDARDIZE[standardize],)
    words = split.words if split.words is not None else split.config.get("vocabulary")
    if not isinstance(words, list | tuple):
        return None, steps, ()
    words = list(words[2:] if list(words[:2]) == ["", "[UNK]"] else words)
    if len(words) + 2 > rows:
        raise split.refuse(
            f"has {len(words) + 2:,} ids and the embedding {rows:,} rows; expected no more ids than rows"
        )
    notes = []
    if spare := rows - len(words) - 2:
        notes.append(f"{spare:,} {'rows of the embedding have' if spare > 1 else 'row of the embedding has'} no word")
    if standardize == "lower":
        notes.append("capitals beyond A to Z are lowered too, which TextVectorization does not do")
    return (None, "[UNK]", *map(str, words), *[""] * spare), steps, tuple(notes)


def _named(value: object) -> str:
    """An activation's name; an object's is its class."""
    if isinstance(value, Mapping):
        config = value.get("config")
        return str(config if isinstance(config, str) else value.get("class_name"))
    return "linear" if value is None else str(value)


def _precision(layer: Layer) -> str | None:
    dtype = layer.config.get("dtype")
    if isinstance(dtype, Mapping):
        dtype = (dtype.get("config") or {}).get("name")
    return str(dtype) if dtype is not None and layer.kind not in ("InputLayer", "TextVectorization") else None
