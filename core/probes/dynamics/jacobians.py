"""How much can one step stretch a change of the state? The spectral norm of every step's Jacobian, without forming it.

J_t = ∂s_t / ∂s_{t−1} with the step's input held, where s is h, and for the LSTM (h, c) together, 2H numbers. Its
spectral norm, the largest singular value σ(J_t), is the most by which it stretches any vector. σ² is the largest
eigenvalue of JᵀJ, found by Lanczos iteration (Lanczos 1950) with full reorthogonalisation (Parlett 1998, "The Symmetric
Eigenvalue Problem"), all steps side by side. Each iteration needs only J v and Jᵀ u, which torch derives from
`recurrent.cell_step`. Axes: T steps, D the length of the state, k iterations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from core.models.recurrent import Classifier, cell_step
from core.models.trace import Unrolled

_TOGETHER = 128  # steps side by side: Lanczos keeps k vectors of the state's length for each
_ITERATIONS = 200
_EVERY = 4  # iterations between two checks of convergence
_TOLERANCE = 1e-4  # of the residual, relative to the eigenvalue, whose error is of the order of its square


def spectral_norms(model: Classifier, run: Unrolled, gain: float = 1.0) -> np.ndarray:
    """σ(J_t) of every step of the top layer, the first from the start state; float64 [T]. `run` has the same `gain`."""
    start = model.start()
    states = [torch.cat([start.h[-1], run.h[:-1]])]
    if start.c is not None and run.c is not None:
        states.append(torch.cat([start.c[-1], run.c[:-1]]))
    layer = model.recurrent.num_layers - 1
    norms = []
    for rows in torch.arange(len(run.steps)).split(_TOGETHER):
        before = [state[rows].detach().requires_grad_() for state in states]
        with torch.enable_grad():
            from_state = model.project_state(gain * before[0], layer)
            from_input = model.project_input(run.x[rows].detach(), layer)
            after = cell_step(model.cell, from_input, from_state, before[0], before[1] if len(before) > 1 else None)
        norms.append(_largest_singular_values(before, [after.h] if after.c is None else [after.h, after.c]))
    return torch.cat(norms).double().numpy()


def _largest_singular_values(before: list[Tensor], after: list[Tensor]) -> Tensor:
    """The largest singular value [T] of each row's Jacobian of the states `after`, [T, H] each, by those `before`."""
    sizes = [state.shape[1] for state in before]
    with torch.enable_grad():
        # Jᵀ u is linear in u, so that its own gradient by u gives J v.
        u = [torch.zeros_like(state).requires_grad_() for state in after]
        pulled = torch.autograd.grad(_product(after, u), before, create_graph=True)

    def gram(v: Tensor) -> Tensor:
        """JᵀJ v, [T, D]."""
        with torch.enable_grad():
            forward = _product(pulled, v.split(sizes, dim=1))
        pushed = torch.autograd.grad(forward, u, retain_graph=True)
        with torch.enable_grad():
            back = _product(after, pushed)
        return torch.cat(torch.autograd.grad(back, before, retain_graph=True), dim=1)

    # A random start is almost surely not orthogonal to the answer.
    random = torch.Generator().manual_seed(0)
    start = torch.randn(len(before[0]), sum(sizes), generator=random, dtype=torch.float64).to(before[0].dtype)
    with torch.no_grad():
        return _largest_eigenvalues(gram, start).clamp_min(0).sqrt()


def _product(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    """The inner product of tensors, whose gradient by what `left` depends on is Jᵀ `right`.

    Given `right` by itself, torch.autograd would import sympy to compare the shapes: 25 MB and a second.
    """
    return torch.stack([(one * other).sum() for one, other in zip(left, right, strict=True)]).sum()


def _largest_eigenvalues(apply: Callable[[Tensor], Tensor], start: Tensor) -> Tensor:
    """The largest eigenvalue [T] of each of T positive semidefinite operators on vectors [T, D]."""
    most = min(start.shape[1], _ITERATIONS)
    tiny = torch.finfo(start.dtype).tiny
    basis = start[:, None][:, :0]  # [T, k, D]
    tridiagonal = start.new_zeros(len(start), most, most)
    v = start / start.norm(dim=1, keepdim=True)
    for k in range(most):
        basis = torch.cat([basis, v[:, None]], dim=1)
        w = apply(v)
        tridiagonal[:, k, k] = (w * v).sum(dim=1)
        for _ in range(2):  # twice is enough (Parlett 1998, after Kahan)
            w = w - ((basis @ w[:, :, None]).mT @ basis)[:, 0]
        left = w.norm(dim=1)
        if k + 1 == most or (k % _EVERY == _EVERY - 1):
            values, vectors = torch.linalg.eigh(tridiagonal[:, : k + 1, : k + 1])
            # The residual of the leading pair.
            if k + 1 == most or bool((left * vectors[:, -1, -1].abs() <= _TOLERANCE * values[:, -1] + tiny).all()):
                break
        tridiagonal[:, k, k + 1] = tridiagonal[:, k + 1, k] = left
        v = w / left.clamp_min(tiny)[:, None]
    largest: Tensor = values[:, -1]
    return largest
