"""Which tensors of a file make a classifier? `nn.RNN`, `nn.GRU` or `nn.LSTM`, an embedding and a linear head.

A recurrent module is found by the ends of its tensors' names, which are torch's own; sizes, and the cell where it is
not given, by shapes. With G gates (1, 3 or 4), H units, E numbers a word, D directions (1 or 2):

    weight_ih_l0 [G*H, E]   weight_ih_l1… [G*H, D*H]   weight_hh_l0… [G*H, H]   bias_ih, bias_hh [G*H] or none at all
    embedding [V, E]        head: `core.models.importers.heads`

A missing bias is zero. Every tensor must be used: a normalisation or an attention would be left out silently.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from core.data.labels import SENTIMENT, Names
from core.models.importers import file_kinds, heads, torch_files
from core.models.importers.model_parts import Parts
from core.models.importers.refusals import RefusedError, listed, mismatch, named
from core.models.recurrent import GATES

_HINT = "(--ignore names unused tensors; --predictor asks a model of other layers as a black box)"
_RECURRENT = re.compile(
    r"(?P<prefix>.*?)(?P<part>weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)_l(?P<end>\d+(_reverse)?)"
)


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name. Raises ValueError, or RefusedError with lines that convert the file."""
    kind = file_kinds.kind(path)
    if kind is file_kinds.Kind.SAFETENSORS:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            tensors = load_file(path)
        except SafetensorError as error:
            raise ValueError(f"{path.name} is not a whole safetensors file ({error})") from None
        return torch_files.plain(tensors, path.name)
    if kind is file_kinds.Kind.TORCH:
        return torch_files.read(path)
    raise file_kinds.refusal(path, kind)


def find(
    tensors: Mapping[str, Tensor],
    *,
    cell: str | None = None,
    recurrent: str | None = None,
    head: str | None = None,
    hidden: str | None = None,
    embedding: str | None = None,
    ignore: Collection[str] = (),
    class_1: int | None = None,
    labels: Names = SENTIMENT,
    needs_embedding: bool = True,
) -> Parts:
    """The parts of a classifier among tensors.

    `recurrent` (the prefix of ``weight_ih_l0``), `head`, `hidden` and `embedding` name tensors where shapes leave a
    choice; `ignore` names unused ones. `class_1` is the output for class 1 of a head that has two (default 1),
    `labels` name the classes.

    Raises RefusedError that lists every tensor that is missing, unexpected, of another shape or not finite;
    LookupError for an unknown name; ValueError otherwise.
    """
    if cell is not None and cell not in GATES:
        raise ValueError(f"unknown cell {cell!r}; available: {', '.join(GATES)}")
    unknown = sorted(set(ignore) - set(tensors))
    if unknown:
        raise LookupError(f"no tensor {', '.join(unknown)} to leave out; the file has: {listed(tensors)}")
    tensors = {name: tensor for name, tensor in tensors.items() if name not in ignore}
    prefix, parts = _recurrent(tensors, recurrent)
    shape = _Shape.of(parts, prefix, cell)
    wrong = shape.mismatches(parts, prefix)
    own = {prefix + part for part in parts}
    others = {name: tensor for name, tensor in tensors.items() if name not in own}
    width = shape.hidden * shape.directions
    pair = heads.choose(others, width, labels, head, hidden)
    layers = [name for name in pair if name is not None] if pair else []
    used = {*layers, *(heads.biases(others, pair) if pair else ())}
    tables = [name for name in others if name not in used and _is_embedding(others[name], shape.embedding)]
    if not needs_embedding and len(tables) > 1:
        tables = []  # ambiguous, and not needed
    table = _embedding(others, embedding, tables)
    wrong += heads.misfits(others, width, labels, pair)
    if table is None and needs_embedding:
        wrong.append(f"an embedding: expected a weight of shape [words, {shape.embedding}], found none")
    elif table is not None and not _is_embedding(others[table], shape.embedding):
        wrong.append(mismatch(table, f"[words, {shape.embedding}]", others[table]))
    wrong += [mismatch(name, "nothing", tensor) for name, tensor in others.items() if name not in {*used, table}]
    wrong += [
        f"{name}: holds numbers that are not finite" for name, tensor in tensors.items() if not _is_finite(tensor)
    ]
    if wrong:
        module = f"{('uni', 'bi')[shape.directions - 1]}directional {shape.cell}"
        raise RefusedError(
            f"{len(wrong):,} {'things do' if len(wrong) > 1 else 'thing does'} not fit a {module} of {shape.layers} "
            f"layer{'s' * (shape.layers > 1)} of {shape.hidden:,} units as found at {prefix}weight_ih_l0",
            [*wrong, *(() if pair else heads.hints(others, width, labels)), _HINT],
        )
    assert pair is not None
    notes: tuple[str, ...] = () if shape.biased else ("the recurrent module has no biases: taken as 0",)
    if len(used) < 2 * len(layers):
        notes += ("the head has no bias: taken as 0",)
    if any(tensor.dtype == torch.float64 for tensor in tensors.values()):
        notes += ("numbers of 64 bits were rounded to 32",)
    names = {"recurrent": f"{prefix}*", "head": pair[0]}
    names |= ({"hidden": pair[1]} if pair[1] else {}) | ({"embedding": table} if table else {})
    return Parts(
        cell=shape.cell,
        layers=shape.layers,
        bidirectional=shape.directions == 2,
        recurrent=shape.complete(parts),
        head=heads.head(others, pair, class_1),
        embedding=None if table is None else others[table].float(),
        names=names,
        notes=notes,
    )


@dataclass(frozen=True)
class _Shape:
    """A recurrent module's shape, from its first tensors."""

    cell: str
    hidden: int
    embedding: int
    layers: int
    directions: int
    biased: bool

    @classmethod
    def of(cls, parts: Mapping[str, Tensor], prefix: str, cell: str | None) -> _Shape:
        first = ("weight_ih_l0", "weight_hh_l0")
        weight_ih, weight_hh = (parts.get(name, torch.empty(0)) for name in first)
        wrong = [
            mismatch(f"{prefix}{name}", "a matrix", parts.get(name))
            for name, tensor in zip(first, (weight_ih, weight_hh), strict=True)
            if tensor.ndim != 2 or not tensor.numel()
        ]
        if wrong:
            raise RefusedError(f"the recurrent module at {prefix or 'the top'} has no readable first layer", wrong)
        hidden = weight_hh.shape[1]
        by_gates = {len(gates): name for name, gates in GATES.items()}
        gates, rest = divmod(weight_ih.shape[0], hidden)
        if cell is None and (rest or gates not in by_gates):
            wrong = [f"{prefix}{name}: found {list(parts[name].shape)}" for name in first]
            raise RefusedError(
                "no cell has such shapes (1, 3 or 4 times as many rows as units); name the cell for details", wrong
            )
        ends = {re.sub(r"^.*_l", "", name) for name in parts}
        return cls(
            cell=cell or by_gates[gates],
            hidden=hidden,
            embedding=weight_ih.shape[1],
            layers=1 + max(int(end.removesuffix("_reverse")) for end in ends),
            directions=2 if any(end.endswith("_reverse") for end in ends) else 1,
            biased=any(name.startswith("bias") for name in parts),
        )

    def expected(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor of the module, by torch's name."""
        rows = len(GATES[self.cell]) * self.hidden
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.layers):
            for suffix in ("", "_reverse")[: self.directions]:
                width = self.hidden * self.directions if layer else self.embedding
                shapes[f"weight_ih_l{layer}{suffix}"] = (rows, width)
                shapes[f"weight_hh_l{layer}{suffix}"] = (rows, self.hidden)
                if self.biased:
                    shapes[f"bias_ih_l{layer}{suffix}"] = shapes[f"bias_hh_l{layer}{suffix}"] = (rows,)
        return shapes

    def mismatches(self, parts: Mapping[str, Tensor], prefix: str) -> list[str]:
        """Tensors that are missing, unexpected or of another shape, a line each."""
        expected, wrong = self.expected(), []
        for name in [*expected, *(name for name in parts if name not in expected)]:
            tensor, shape = parts.get(name), expected.get(name)
            if tensor is None or shape is None or tuple(tensor.shape) != shape:
                wrong.append(mismatch(prefix + name, "nothing" if shape is None else str(list(shape)), tensor))
        return wrong

    def complete(self, parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The module's tensors, float32, with biases of zeros where it has none."""
        full = {name: parts[name].float() for name in self.expected()}
        if self.biased:
            return full
        return full | {name.replace("weight", "bias"): torch.zeros(len(tensor)) for name, tensor in full.items()}


def _recurrent(tensors: Mapping[str, Tensor], wanted: str | None) -> tuple[str, dict[str, Tensor]]:
    """The prefix of the one recurrent module, and its tensors by torch's names."""
    modules: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if match := _RECURRENT.fullmatch(name):
            modules.setdefault(match["prefix"], {})[name[len(match["prefix"]) :]] = tensor
    if not modules:
        raise ValueError(
            f"no recurrent module: no tensor's name ends in weight_ih_l0, as nn.RNN's, nn.GRU's and nn.LSTM's do; "
            f"found: {listed(tensors)}"
        )
    if wanted is not None:
        for prefix in (wanted, f"{wanted}."):
            if prefix in modules:
                return prefix, modules[prefix]
        raise LookupError(f"no recurrent module at {wanted!r}; available: {', '.join(modules)}")
    if len(modules) > 1:
        raise ValueError(
            f"{len(modules)} recurrent modules, expected one; name it with --recurrent: {', '.join(modules)}"
        )
    return next(iter(modules.items()))


def _embedding(tensors: Mapping[str, Tensor], wanted: str | None, candidates: list[str]) -> str | None:
    """The name of the embedding: the one asked for, else the one candidate, if there is any."""
    if wanted is not None:
        return named(tensors, wanted, "the embedding")
    if len(candidates) > 1:
        # By their shapes all of them may be meant, by their names one.
        telling = [name for name in candidates if "emb" in name.lower()]
        candidates = telling if len(telling) == 1 else candidates
    if len(candidates) > 1:
        shown = listed({name: tensors[name] for name in candidates})
        raise ValueError(f"{len(candidates)} tensors could be the embedding; name one with --embedding-name: {shown}")
    return candidates[0] if candidates else None


def _is_embedding(tensor: Tensor, width: int) -> bool:
    return tensor.ndim == 2 and tensor.shape[1] == width and tensor.shape[0] > 0


def _is_finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor).all()) if tensor.is_floating_point() else not tensor.is_complex()
