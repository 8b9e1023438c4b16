"""What layers, with which weights, stand in a file that Keras wrote? Read without Keras, and nothing is run.

``.keras`` is a zip of ``config.json`` and ``model.weights.h5``, which names a layer by its class and its number among
those of its class. ``.h5`` has the configuration in an attribute, and for each layer a list of its weights' names, as
Keras 2 and 3 write them. Only a chain of layers is read; links to other files are not followed.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.foreign import opening

if TYPE_CHECKING:
    import h5py

_MOST_BYTES = 8 * 2**30  # of weights
_MOST_CONFIG = 50_000_000  # bytes; a vocabulary may stand in it


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

    def option(self, name: str, usual: object = None) -> Any:
        return self.config.get(name, usual)

    def must(self, **expected: object) -> None:
        """Refuse a layer whose options, where it has them, are not these."""
        for name, value in expected.items():
            found = self.config.get(name, value)
            if found != value:
                raise self.refuse(f"{name} is {found!r}; only {value!r} is read")

    def array(self, number: int, *shapes: tuple[int, ...]) -> np.ndarray:
        """One of its weights, which has one of these shapes."""
        found = self.weights[number] if number < len(self.weights) else None
        if found is None or found.shape not in shapes:
            expected = " or ".join(str(list(shape)) for shape in shapes)
            raise self.refuse(
                f"weight {number} has shape {None if found is None else list(found.shape)}; expected {expected}"
            )
        if not np.isfinite(found).all():
            raise self.refuse(f"weight {number} holds numbers that are not finite")
        return found.astype(np.float32)


def layers(path: Path) -> list[Layer]:
    """The layers of a file in the order in which a text passes them, with their weights."""
    import h5py

    if opening.kind(path) is opening.Kind.KERAS:
        with zipfile.ZipFile(path) as archive:
            for name, most in (("config.json", _MOST_CONFIG), ("model.weights.h5", _MOST_BYTES)):
                if archive.getinfo(name).file_size > most:
                    raise ValueError(f"{path.name}: {name} is larger than {most:,} bytes")
            config = _json(path, archive.read("config.json"))
            words = _vocabularies(archive)
            content = io.BytesIO(archive.read("model.weights.h5"))
        with _opened(path, content) as file:
            return _chained(path, config, lambda layer, number: _of_archive(path, file, layer, number), words)
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
        return _chained(path, config, lambda layer, _number: _of_legacy(path, group, layer["config"]["name"]), {})


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
        found = json.loads(content)
    except (ValueError, RecursionError, TypeError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("config"), dict | list):
        raise ValueError(f"{path.name}: its configuration is not one that Keras wrote")
    return found


def _chained(path: Path, model: Mapping[str, Any], weights: Any, words: Mapping[str, tuple[str, ...]]) -> list[Layer]:
    """The layers of a Sequential model, or of a Functional one in which each has one before it."""
    kind, config = str(model.get("class_name")), model["config"]
    told = config if isinstance(config, list) else config.get("layers")
    if kind not in ("Sequential", "Functional", "Model") or not isinstance(told, list):
        raise ValueError(f"{path.name}: holds a model of class {kind}; expected Sequential or Functional")
    counted: dict[str, int] = {}
    found: dict[str, Layer] = {}
    before: dict[str, list[str]] = {}
    try:
        for entry in told:
            of, settings = str(entry["class_name"]), dict(entry["config"])
            name = str(entry.get("name") or settings.get("name"))
            number = counted[of] = counted.get(of, -1) + 1
            build = entry.get("build_config") or {}
            shape = settings.get("batch_shape") or settings.get("batch_input_shape") or build.get("input_shape") or ()
            found[name] = Layer(
                path.name, of, name, settings,
                weights({**entry, "config": {**settings, "name": name}}, number),
                shape if isinstance(shape, list) else (),
                words.get(_place(of, number)),
            )  # fmt: skip
            before[name] = sorted(set(_inputs(entry.get("inbound_nodes") or [], set(found))))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, ValueError):
            raise
        raise ValueError(f"{path.name}: its configuration is not one that Keras wrote ({error!r})") from None
    if kind == "Sequential":
        return list(found.values())
    return _in_order(found, before)


def _in_order(layers: Mapping[str, Layer], before: Mapping[str, list[str]]) -> list[Layer]:
    """A graph's layers from the one input to the one output. Raises ValueError where it forks or joins."""
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
    """The layers that a layer takes its input from, as Keras 2 and 3 write it."""
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


def _of_archive(path: Path, file: h5py.File, layer: Mapping[str, Any], number: int) -> list[np.ndarray]:
    """The weights of a layer of a ``.keras`` file."""
    import h5py

    place = _place(str(layer["class_name"]), number)
    for root in ("layers", "_layer_checkpoint_dependencies"):
        group = file.get(f"{root}/{place}")
        if isinstance(group, h5py.Group):
            break
    else:
        return []
    found = []
    for part in ("vars", "cell/vars", "forward_layer/cell/vars", "backward_layer/cell/vars"):
        inner = group.get(part)
        if isinstance(inner, h5py.Group):
            found += [_array(path, inner, name) for name in sorted(inner, key=lambda name: (len(name), name))]
    return found


def _of_legacy(path: Path, group: h5py.Group, name: str) -> list[np.ndarray]:
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
    return [_array(path, layer, one.decode() if isinstance(one, bytes) else str(one)) for one in names]


def _array(path: Path, group: h5py.Group, name: str) -> np.ndarray:
    """One array of the file itself: no link to another file, and not larger than memory."""
    import h5py

    inside = group
    for part in name.split("/")[:-1]:
        if not isinstance(inside.get(part, getlink=True), h5py.HardLink):
            raise ValueError(f"{path.name}: {name} is not a weight of this file")
        inside = inside[part]
    end = name.rpartition("/")[2]
    if not isinstance(inside.get(end, getlink=True), h5py.HardLink) or not isinstance(inside[end], h5py.Dataset):
        raise ValueError(f"{path.name}: {name} is not a weight of this file")
    found = inside[end]
    if found.external or found.is_virtual or found.dtype.kind not in "fiu" or found.nbytes > _MOST_BYTES:
        raise ValueError(f"{path.name}: {name} is not an array of numbers of this file")
    array: np.ndarray = found[()]
    return array


def _vocabularies(archive: zipfile.ZipFile) -> dict[str, tuple[str, ...]]:
    """The words of layers that learnt theirs, by the layer's place in the archive."""
    found = {}
    for info in archive.infolist():
        match = re.fullmatch(r"assets/(?:layers|_layer_checkpoint_dependencies)/(\w+)/.*vocabulary\.txt", info.filename)
        if match and info.file_size <= _MOST_CONFIG:
            found[match[1]] = tuple(archive.read(info).decode("utf-8", errors="replace").split("\n"))
    return found
