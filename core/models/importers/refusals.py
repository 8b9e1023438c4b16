"""How a refusal is worded: one line, then its particulars; tensors by name and shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_LISTED = 12


class RefusedError(ValueError):
    """`summary` says in one line what was refused; `lines` list it tensor by tensor, or convert the file."""

    def __init__(self, summary: str, lines: Sequence[str], path: Path | None = None):
        """With `path`, ``{name}`` and ``{stem}`` in the lines become the file's."""
        self.summary = summary
        self.lines = tuple(line if path is None else line.format(name=path.name, stem=path.stem) for line in lines)
        super().__init__(f"{summary}: {'; '.join(self.lines)}")


def unsafe(path: Path, what: str, lines: Sequence[str], result: str) -> RefusedError:
    """A file that would run code if it were opened, with the lines that write `result` from it."""
    return RefusedError(
        f"{path.name} {what} and is not opened, as that would run its code. The lines below write {result}. "
        "Run these lines only if you trust the file",
        lines,
        path,
    )


def listed(tensors: Mapping[str, Tensor]) -> str:
    """Tensors by name and shape."""
    shown = [f"{name} {list(tensor.shape)}" for name, tensor in list(tensors.items())[:_LISTED]]
    more = len(tensors) - len(shown)
    return (", ".join(shown) or "none") + (f" and {more:,} more" if more else "")


def mismatch(name: str, expected: str, found: Tensor | None) -> str:
    """A tensor of another shape than expected."""
    return f"{name}: expected {expected}, found {'nothing' if found is None else list(found.shape)}"


def named(tensors: Mapping[str, Tensor], name: str, part: str) -> str:
    """The tensor of this name, ``.weight`` left out or not. Raises LookupError with those that there are."""
    for full in (name, f"{name}.weight"):
        if full in tensors:
            return full
    raise LookupError(f"no tensor {name!r} for {part}; available: {listed(tensors)}")
