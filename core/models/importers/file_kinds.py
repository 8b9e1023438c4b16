"""What is in a file of weights? Decided by its first bytes, not its suffix, before anything is opened.

A file that can be read without running code goes to its reader. Others get lines of Python or shell that convert them,
for people who trust the file.
"""

from __future__ import annotations

import re
import struct
import zipfile
from enum import Enum
from pathlib import Path

from core.models.importers.refusals import RefusedError, unsafe

NPY = b"\x93NUMPY"
_LISTED = 6


class Kind(Enum):
    """Kinds of files; the value names it in messages."""

    SAFETENSORS = "safetensors"
    TORCH = "a file that torch.save wrote"
    KERAS = "a Keras model"
    HDF5 = "HDF5"
    ONNX = "an ONNX graph"
    TORCHSCRIPT = "a TorchScript module"
    PICKLE = "a pickle"
    TFLITE = "a TensorFlow Lite model"
    TENSORFLOW = "a TensorFlow graph"
    NPY = "one numpy array"
    NPZ = "numpy arrays"
    COMPRESSED = "a compressed file"
    LFS = "a pointer of Git LFS and not the file itself"
    UNKNOWN = "something unknown"


_STARTS = (
    (rb"\x89HDF\r\n\x1a\n", Kind.HDF5),
    (re.escape(NPY), Kind.NPY),
    (rb".{4}TFL3", Kind.TFLITE),
    (rb"\x1f\x8b", Kind.COMPRESSED),
    (rb"version https://git-lfs", Kind.LFS),
    (rb"\x80[\x02-\x05](\x95.{8})?\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19\.", Kind.TORCH),
    (rb"\x80[\x02-\x05]", Kind.PICKLE),
)
"""How files begin; the first that matches decides."""

_TO_KERAS = ("import tensorflow as tf", 'tf.keras.models.load_model("{name}").save("{stem}.keras")')
CONVERSIONS: dict[Kind, tuple[str, ...]] = {
    Kind.PICKLE: (
        "import pickle, torch; from safetensors.torch import save_file",
        'found = pickle.load(open("{name}", "rb"))  # where its class can be imported',
        'weights = found.state_dict() if hasattr(found, "state_dict") else dict(found)',
        "save_file({{key: torch.as_tensor(value).contiguous().clone() for key, value in weights.items()}}, "
        '"{stem}.safetensors")',
    ),
    Kind.TORCHSCRIPT: (
        "import torch; from safetensors.torch import save_file",
        'weights = torch.jit.load("{name}", map_location="cpu").state_dict()',
        'save_file({{key: value.contiguous().clone() for key, value in weights.items()}}, "{stem}.safetensors")',
    ),
    Kind.NPZ: (
        "import numpy; from safetensors.numpy import save_file",
        'save_file(dict(numpy.load("{name}")), "{stem}.safetensors")',
    ),
    Kind.TENSORFLOW: _TO_KERAS,
    Kind.TFLITE: ('model.save("{stem}.keras")  # of the Keras model that it was converted from',),
    Kind.COMPRESSED: ("gunzip {name}",),
    Kind.LFS: ("git lfs pull",),
}
"""Lines that convert a file to a readable one."""

READABLE = (
    "safetensors, a state_dict of torch (.pt, .pth, .bin, .ckpt, …), Keras (.keras, or .h5 with its architecture), ONNX"
)


def kind(path: Path) -> Kind:
    """The kind of a file. Raises OSError where it cannot be read, RefusedError for a folder."""
    if path.is_dir():
        _refuse_folder(path)
    with path.open("rb") as file:
        start = file.read(64)
    if start.startswith(b"PK\x03\x04"):
        return _zip(path)
    # Before a pickle: the length of a header may begin as one does.
    if len(start) > 8 and start[8:9] == b"{" and struct.unpack("<Q", start[:8])[0] < 2**32:
        return Kind.SAFETENSORS
    return next((kind for pattern, kind in _STARTS if re.match(pattern, start, re.DOTALL)), _of_suffix(path, start))


def refusal(path: Path, kind: Kind) -> ValueError:
    """The error for a file that is not opened, with the lines that convert it, if any."""
    lines = CONVERSIONS.get(kind)
    if lines is None:
        return ValueError(f"{path.name} holds {kind.value}; can read: {READABLE}")
    if kind is Kind.PICKLE:
        return unsafe(path, f"holds {kind.value}", lines, "its weights as safetensors")
    return RefusedError(
        f"{path.name} holds {kind.value} and is not opened. The lines below write a file that can be read. Run these "
        "lines only if you trust the file",
        lines,
        path,
    )


def _zip(path: Path) -> Kind:
    """What a zip holds, by the names in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise ValueError(f"{path.name} is a damaged zip file; it may be cut off") from None
    ends = {name.partition("/")[2] for name in names}
    if {"config.json", "model.weights.h5"} <= set(names):
        return Kind.KERAS
    if "data.pkl" in ends:
        return Kind.TORCHSCRIPT if any(end.startswith("code/") for end in ends) else Kind.TORCH
    if names and all(name.endswith(".npy") for name in names):
        return Kind.NPZ
    shown = ", ".join(names[:_LISTED])
    raise ValueError(f"{path.name} is a zip file of {len(names):,} files ({shown}); unpack it and name the one to read")


def _of_suffix(path: Path, start: bytes) -> Kind:
    """A protocol buffer has no fixed first bytes: ONNX usually has its version and then its producer."""
    suffix = path.suffix.lower()
    if suffix == ".onnx" or re.match(rb"\x08[\x03-\x1e][\x12\x1a\x22\x28\x3a\x42]", start):
        return Kind.ONNX
    if suffix == ".pb":
        return Kind.TENSORFLOW
    return Kind.UNKNOWN


def _refuse_folder(path: Path) -> None:
    if (path / "saved_model.pb").is_file():
        raise RefusedError(
            f"{path.name} is a TensorFlow SavedModel and is not opened; the lines below make a file of it that can be "
            "read, where it was saved by Keras",
            _TO_KERAS,
            path,
        )
    raise ValueError(f"{path.name} is a folder; expected a file of weights: {READABLE}")
