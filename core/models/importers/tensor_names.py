"""How tensors are named in messages."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

_LISTED = 12


def listed(tensors: Mapping[str, Tensor]) -> str:
    """Tensors by name and shape."""
    shown = [f"{name} {list(tensor.shape)}" for name, tensor in list(tensors.items())[:_LISTED]]
    more = len(tensors) - len(shown)
    return (", ".join(shown) or "none") + (f" and {more:,} more" if more else "")


def mismatch(name: str, expected: str, found: Tensor | None) -> str:
    """A tensor that has not the shape it should have."""
    return f"{name}: expected {expected}, found {'nothing' if found is None else list(found.shape)}"
