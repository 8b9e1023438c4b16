"""torch's own files (``.pt``, ``.pth``, ``.bin``, ``.ckpt``), opened only by torch's loader for weights.

Such a file is a pickle, and unpickling runs what the file says. The loader for weights builds tensors and plain
containers alone and refuses all else. Files that people upload never come here: no page knows this package.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from core.models.importers.refusals import unsafe

_LISTED = 12  # names in a message

CONVERSION = (
    "import torch; from safetensors.torch import save_file",
    'found = torch.load("{name}", map_location="cpu", weights_only=False)  # where its class can be imported',
    'found = found if hasattr(found, "state_dict") else next((found[key] for key in '
    '("state_dict", "model_state_dict", "model") if key in found), found)',
    'weights = found.state_dict() if hasattr(found, "state_dict") else found',
    'save_file({{key: value.contiguous().clone() for key, value in weights.items()}}, "{stem}.safetensors")',
)
"""Lines of Python that write the weights alone of a whole module, or of a checkpoint that holds other things too."""

_TYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32)


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file that holds a state_dict, or a table with one.

    Raises RefusedError with conversion lines if it holds more than weights, ValueError for other files.
    """
    with path.open("rb"):  # raises for a missing file
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of types that are refused below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # torch raises RuntimeError, EOFError, KeyError and others for other files
        if type(error).__name__ != "UnpicklingError":
            raise ValueError(f"{path.name} is not a file that torch.save wrote ({type(error).__name__})") from None
        what = "holds more than weights, perhaps a whole module,"
        raise unsafe(path, what, CONVERSION, "its weights as safetensors") from None
    return _state_dict(content, path.name)


def _state_dict(content: object, name: str) -> dict[str, Tensor]:
    """The table of tensors in a file's content: all of it, or its one such entry."""
    tables = [content] if isinstance(content, Mapping) else []
    if tables and not any(isinstance(value, Tensor) for value in tables[0].values()):
        tables = [value for value in tables[0].values() if _is_table(value)]
    if len(tables) != 1:
        keys = ", ".join(str(key) for key in list(content)[:_LISTED]) if isinstance(content, Mapping) else "no names"
        raise ValueError(
            f"{name} holds {len(tables)} tables of tensors, expected one (a state_dict); it has: {keys}; keep one, "
            f'as in torch.save(torch.load("{name}", weights_only=True)[KEY], "weights.pt")'
        )
    # A number or a word beside tensors, such as an epoch, is no weight.
    entries = {key: value for key, value in tables[0].items() if not isinstance(value, int | float | str | None)}
    odd = [str(key) for key, value in entries.items() if not isinstance(value, Tensor)]
    if odd:
        raise ValueError(
            f"{name} holds entries that are not tensors: {', '.join(odd[:_LISTED])}; save the model's state_dict alone"
        )
    return plain({str(key): value for key, value in entries.items()}, name)


def plain(tensors: dict[str, Tensor], file: str) -> dict[str, Tensor]:
    """The tensors, if each is a plain array of numbers that the file stores; else raises ValueError."""
    types = ", ".join(_type(kind) for kind in _TYPES)
    for name, tensor in tensors.items():
        kinds = {
            "nested": tensor.is_nested,
            "quantised": tensor.is_quantized,
            "sparse": tensor.layout not in (torch.strided, torch.jagged),
            f"on the device {tensor.device.type}": tensor.device.type != "cpu",
        }
        if kind := next((kind for kind, holds in kinds.items() if holds), None):
            raise ValueError(f"{file}: {name} is {kind}; expected a dense tensor on the CPU, of {types}")
        if tensor.dtype not in _TYPES:
            raise ValueError(
                f"{file}: {name} has numbers of type {_type(tensor.dtype)}; expected {types}. Convert it, or save the "
                "weights without it"
            )
        stored = tensor.untyped_storage().nbytes()
        if tensor.numel() * tensor.element_size() > stored:
            raise ValueError(
                f"{file}: {name} has shape {list(tensor.shape)} and {stored:,} bytes are stored; expected all of its "
                "numbers, as .contiguous() gives them"
            )
    return tensors


def _type(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")


def _is_table(value: object) -> bool:
    """Whether this is a state_dict; an optimiser's keeps its tensors deeper, under numbers."""
    return isinstance(value, Mapping) and bool(value) and all(isinstance(entry, Tensor) for entry in value.values())
