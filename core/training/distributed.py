"""Training by several processes, on one machine or several, each with its share of every batch.

Each process computes the gradient of its rows, weighted by their share of the batch; the sum over all processes is the
gradient of the whole batch (synchronous data parallelism; Li et al. 2020, "PyTorch Distributed"): without dropout the
steps are those of one process, to rounding. ``torchrun`` starts the processes and names each its number; without it
every function here is that of a single process. Only the first one writes and prints; all need to see the same files.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor, nn


def size() -> int:
    """How many processes train together."""
    return _group().get_world_size() if _joined else 1


def rank() -> int:
    """This one's number, from 0."""
    return _group().get_rank() if _joined else 0


def first() -> bool:
    """Whether this process is the one that writes and prints."""
    return rank() == 0


@contextlib.contextmanager
def joined() -> Iterator[None]:
    """Join the processes that ``torchrun`` has started, if any; all but the first are silent."""
    global _joined
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or "RANK" not in os.environ:
        yield
        return
    import torch

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
    _group().init_process_group("gloo")
    _joined = True
    try:
        with contextlib.ExitStack() as stack:
            if not first():
                nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123
                stack.enter_context(contextlib.redirect_stdout(nowhere))
                stack.enter_context(contextlib.redirect_stderr(nowhere))
            yield
    finally:
        _joined = False
        _group().destroy_process_group()


@contextlib.contextmanager
def in_turn() -> Iterator[None]:
    """Run the block in the first process, then in the others, which find what it has written."""
    if not first():
        _group().barrier()
    yield
    if _joined and first():
        _group().barrier()


def share(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """This process's rows of a batch and their share of it; the first row and no share if none is left."""
    own = rows[rank() :: size()]
    return (own, len(own) / len(rows)) if len(own) else (rows[:1], 0.0)


def add_up(parameters: Sequence[nn.Parameter], loss: Tensor) -> Tensor:
    """Make each gradient the sum over all processes; gives the sum of the losses."""
    if size() == 1:
        return loss
    import torch

    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = torch.cat([*(gradient.flatten() for gradient in gradients), loss.detach().reshape(1).to(gradients[0].dtype)])
    _group().all_reduce(flat)
    pieces = flat.split([*(gradient.numel() for gradient in gradients), 1])
    for gradient, piece in zip(gradients, pieces, strict=False):
        gradient.copy_(piece.view_as(gradient))
    total: Tensor = pieces[-1][0]
    return total


def agreed(numbers: Sequence[float]) -> list[float]:
    """The first process's numbers, so that all make the same decisions."""
    if size() == 1:
        return list(numbers)
    import torch

    values = torch.tensor(numbers, dtype=torch.float64)
    _group().broadcast(values, 0)
    return [float(value) for value in values]


def check_same(number: int, what: str) -> None:
    """Raises ValueError where a number is not the same in all processes."""
    low, high = number, number
    if size() > 1:
        import torch

        ends = torch.tensor([number, -number])
        _group().all_reduce(ends, _group().ReduceOp.MAX)
        high, low = int(ends[0]), -int(ends[1])
    if low != high:
        raise ValueError(f"{what}: {low:,} in one process and {high:,} in another; all need to see the same files")


_joined = False


def _group():  # type: ignore[no-untyped-def]  # a module
    import torch.distributed

    return torch.distributed
