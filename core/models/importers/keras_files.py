"""Which layers and weights are in a file that Keras wrote? Read without Keras; nothing is run.

``.keras`` is a zip of ``config.json`` and ``model.weights.h5``, which names a layer by its class and its number among
those of its class. ``.h5`` has the configuration in an attribute, and for each layer a list of its weights' names, as
Keras 2 and 3 write them. Only a chain of layers is read; links to other files are not followed.
"""

from __future__ import annotations

import io
import json
import lzma
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.models.importers import file_kinds

if TYPE_CHECKING:
    import h5py

_MOST_BYTES = 2 * 2**30  # of all weights, as float32
_MOST_PART = 8 * 2**30  # bytes of model.weights.h5, which also has the optimiser's numbers
_MOST_CONFIG = 50_000_000  # bytes of the configuration, and of the vocabulary
_ALWAYS = 64 * 2**20  # bytes that are read however few are stored
_MOST_TIMES = 1_000  # as large as what is stored, an array
_MOST_TIMES_PART = 20  # the same of a part of the zip, which Keras does not compress


@dataclass(frozen=True)
class Layer:
    """A layer of the configuration, and its weights in Keras' order."""

    file: str
    kind: str
    name: str
    config: Mapping[str, Any]
    weights: Sequence[np.ndarray] = ()
    shape: Sequence[int | None] = ()
    words: tuple[str, ...] | None = field(default=None, repr=False)

    def refuse(self, why: str) -> ValueError:
        return ValueError(f"{self.file}: layer {self.name!r} ({self.kind}): {why}")

    def must(self, **expected: object) -> None:
        """Refuse a layer that has other values of these options."""
        for name, value in expected.items():
            given = self.config.get(name, value)
            if given != value:
                raise self.refuse(f"{name} is {given!r}; only {value!r} is read")

    def array(self, number: int, *shapes: tuple[int, ...]) -> np.ndarray:
        """One of its weights, which has one of these shapes."""
        weight = self.weights[number] if number < len(self.weights) else None
        if weight is None or weight.shape not in shapes:
            expected = " or ".join(str(list(shape)) for shape in shapes)
            raise self.refuse(
                f"weight {number} has shape {None if weight is None else list(weight.shape)}; expected {expected}"
            )
        if not np.isfinite(weight).all():
            raise self.refuse(f"weight {number} holds numbers that are not finite")
        return weight.astype(np.float32)


def layers(path: Path) -> list[Layer]:
    """The layers of a file in order, with their weights."""
    import h5py

    if file_kinds.kind(path) is file_kinds.Kind.KERAS:
        with zipfile.ZipFile(path) as archive:
            config = _json(path, _part(path, archive, "config.json", _MOST_CONFIG))
            with _opened(path, io.BytesIO(_part(path, archive, "model.weights.h5", _MOST_PART))) as file:
                arrays, words = _Arrays(path), _vocabulary(path, archive)
                return _chained(path, config, lambda layer, number: _of_archive(arrays, file, layer, number), words)
    with _opened(path, path) as file:
        if "model_config" not in file.attrs:
            raise ValueError(
                f"{path.name} holds weights without the model's configuration; save the whole model, as in "
                f'model.save("{path.stem.removesuffix(".weights")}.keras")'
            )
        group = file.get("model_weights")
        if not isinstance(group, h5py.Group):
            raise ValueError(f"{path.name} has no group model_weights; is it a file that model.save wrote?")
        config = _json(path, file.attrs["model_config"])
        arrays = _Arrays(path)
        return _chained(path, config, lambda layer, _number: _of_legacy(arrays, group, layer["config"]["name"]))


def _part(path: Path, archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file in the archive, at most `most` bytes. Raises ValueError for a larger or damaged one."""
    try:
        info = archive.getinfo(name)
        most = min(most, max(_ALWAYS, _MOST_TIMES_PART * info.compress_size))
        if info.file_size <= most:
            with archive.open(info) as part:
                return part.read(info.file_size)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError):
        raise ValueError(f"{path.name} is damaged; it may be cut off") from None
    raise ValueError(
        f"{path.name}: {name} is {info.file_size:,} bytes of {info.compress_size:,} stored; expected {most:,} at most"
    )


@contextmanager
def _opened(path: Path, source: Path | io.BytesIO) -> Iterator[h5py.File]:
    import h5py

    try:
        file = h5py.File(source, "r")
    except OSError as error:
        raise ValueError(f"{path.name} is not a whole HDF5 file ({str(error).splitlines()[0]})") from None
    with file:
        yield file


def _json(path: Path, content: bytes | str) -> dict[str, Any]:
    try:
        config = json.loads(content)
    except (ValueError, RecursionError, TypeError):
        config = None
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict | list):
        raise ValueError(f"{path.name}: its configuration is not one that Keras wrote")
    return config


def _chained(
    path: Path,
    model: Mapping[str, Any],
    weights: Callable[[Mapping[str, Any], int], list[np.ndarray]],
    words: tuple[str, ...] | None = None,
) -> list[Layer]:
    """The layers of a Sequential model, or of a Functional one that is a chain.

    `weights` gives those of an entry of the configuration, the n-th of its class; `words` are its texts' vocabulary.
    """
    kind, config = str(model.get("class_name")), model["config"]
    entries = config if isinstance(config, list) else config.get("layers")
    if kind not in ("Sequential", "Functional", "Model") or not isinstance(entries, list):
        raise ValueError(f"{path.name}: holds a model of class {kind}; expected Sequential or Functional")
    counted: dict[str, int] = {}
    by_name: dict[str, Layer] = {}
    before: dict[str, list[str]] = {}
    try:
        for entry in entries:
            of, settings = str(entry["class_name"]), dict(entry["config"])
            name = str(entry.get("name") or settings.get("name"))
            number = counted[of] = counted.get(of, -1) + 1
            build = entry.get("build_config") or {}
            shape = settings.get("batch_shape") or settings.get("batch_input_shape") or build.get("input_shape") or ()
            by_name[name] = Layer(
                path.name, of, name, settings,
                weights({**entry, "config": {**settings, "name": name}}, number),
                shape if isinstance(shape, list) else (),
                words if of == "TextVectorization" else None,
            )  # fmt: skip
            before[name] = sorted(set(_inputs(entry.get("inbound_nodes") or [], set(by_name))))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, ValueError):
            raise
        raise ValueError(f"{path.name}: its configuration is not one that Keras wrote ({error!r})") from None
    if kind == "Sequential":
        return list(by_name.values())
    return _in_order(by_name, before)


def _in_order(layers: Mapping[str, Layer], before: Mapping[str, list[str]]) -> list[Layer]:
    """A graph's layers from input to output. Raises ValueError if it forks or joins."""
    after: dict[str, list[str]] = {name: [] for name in layers}
    for name, sources in before.items():
        if len(sources) > 1:
            raise layers[name].refuse(f"joins {', '.join(sources)}; only a chain of layers is read")
        for source in sources:
            after[source].append(name)
    starts = [name for name, sources in before.items() if not sources]
    if len(starts) != 1:
        raise layers[starts[-1]].refuse(f"a second input beside {starts[0]!r}; only a chain of layers is read")
    chain = [layers[starts[0]]]
    while following := after[chain[-1].name]:
        if len(following) > 1:
            raise chain[-1].refuse(f"goes to {', '.join(following)}; only a chain of layers is read")
        chain.append(layers[following[0]])
    return chain


def _inputs(node: object, names: set[str]) -> Iterator[str]:
    """A layer's input layers, as Keras 2 or 3 writes them."""
    if isinstance(node, Mapping):
        history = node.get("keras_history")
        if isinstance(history, list) and history:
            yield str(history[0])
        for value in node.values():
            yield from _inputs(value, names)
    elif isinstance(node, list):
        if len(node) >= 3 and isinstance(node[0], str) and node[0] in names and isinstance(node[1], int):
            yield node[0]
        for value in node:
            yield from _inputs(value, names)


def _place(kind: str, number: int) -> str:
    """What Keras calls the n-th layer of a class in an archive: ``simple_rnn_1``."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    name = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
    return f"{name}_{number}" if number else name


def _of_archive(arrays: _Arrays, file: h5py.File, layer: Mapping[str, Any], number: int) -> list[np.ndarray]:
    """The weights of a layer of a ``.keras`` file."""
    import h5py

    place = _place(str(layer["class_name"]), number)
    for root in ("layers", "_layer_checkpoint_dependencies"):
        group = file.get(f"{root}/{place}")
        if isinstance(group, h5py.Group):
            break
    else:
        return []
    weights = []
    for part in ("vars", "cell/vars", "forward_layer/cell/vars", "backward_layer/cell/vars"):
        inner = group.get(part)
        if isinstance(inner, h5py.Group):
            weights += [arrays.read(inner, name) for name in sorted(inner, key=lambda name: (len(name), name))]
    return weights


def _of_legacy(arrays: _Arrays, group: h5py.Group, name: str) -> list[np.ndarray]:
    """The weights of a layer of an ``.h5`` file."""
    import h5py

    layer = group.get(name)
    if not isinstance(layer, h5py.Group):
        return []
    names = [*layer.attrs.get("weight_names", ())]
    part = 0
    while f"weight_names{part}" in layer.attrs:  # a long list comes in parts
        names += [*layer.attrs[f"weight_names{part}"]]
        part += 1
    return [arrays.read(layer, one.decode() if isinstance(one, bytes) else str(one)) for one in names]


class _Arrays:
    """The arrays of one file, each read once, at most `_MOST_BYTES` in all."""

    def __init__(self, path: Path):
        self._file, self._bytes = path.name, 0
        self._read: set[int] = set()

    def read(self, group: h5py.Group, name: str) -> np.ndarray:
        """One array of this file: no link to another, and not far larger than its stored bytes."""
        import h5py

        item: Any = group
        for part in name.split("/"):
            if not isinstance(item, h5py.Group) or not isinstance(item.get(part, getlink=True), h5py.HardLink):
                raise ValueError(f"{self._file}: {name} is not a weight of this file")
            item = item[part]
        if not isinstance(item, h5py.Dataset):
            raise ValueError(f"{self._file}: {name} is not a weight of this file")
        if item.external or item.is_virtual or item.dtype.kind not in "fiu":
            raise ValueError(f"{self._file}: {name} is not an array of numbers of this file")
        place = h5py.h5o.get_info(item.id).addr
        if place in self._read:
            raise ValueError(f"{self._file}: {name} is listed twice; expected each array once")
        self._read.add(place)
        # A chunk is unpacked whole, and may be larger than the array.
        size = max(math.prod(item.shape), math.prod(item.chunks or ())) * max(4, item.dtype.itemsize)
        stored = item.id.get_storage_size()
        if size > max(_ALWAYS, _MOST_TIMES * stored):
            raise ValueError(
                f"{self._file}: {name} has shape {list(item.shape)}, {size:,} bytes, and {stored:,} bytes are stored; "
                "is the file whole?"
            )
        self._bytes += size
        if self._bytes > _MOST_BYTES:
            raise ValueError(f"{self._file}: its weights are larger than {_MOST_BYTES:,} bytes")
        array: np.ndarray = item[()]
        return array


def _vocabulary(path: Path, archive: zipfile.ZipFile) -> tuple[str, ...] | None:
    """The words of the first TextVectorization, where they are in a file of their own; a chain has no second."""
    pattern = r"assets/(?:layers|_layer_checkpoint_dependencies)/text_vectorization/.*vocabulary\.txt"
    name = next((name for name in archive.namelist() if re.fullmatch(pattern, name)), None)
    if name is None:
        return None
    return tuple(_part(path, archive, name, _MOST_CONFIG).decode("utf-8", errors="replace").split("\n"))
