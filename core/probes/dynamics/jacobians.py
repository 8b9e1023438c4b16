"""How much can one step stretch a change of the state? The spectral norm of every step's Jacobian, none of them formed.

J_t = ∂s_t / ∂s_{t−1}, the input of the step held still, where the state s is h; for the LSTM it is (h, c), both
together, 2H numbers, for both are handed on. Its spectral norm, the largest singular value σ(J_t), is the most by which
it stretches any vector. σ² is the largest eigenvalue of JᵀJ, found by Lanczos iteration (Lanczos 1950) with full
reorthogonalisation (Parlett 1998, "The Symmetric Eigenvalue Problem"), all steps side by side: each iteration needs
only J v and Jᵀ u, which torch works out of `recurrent.cell_step` itself, so the cells' equations are written nowhere
again. Tests hold it to the singular values of the Jacobian in full. Axes: T steps, D the length of the state, k
iterations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from core.models.recurrent import Classifier, cell_step
from core.models.trace import Unrolled

_TOGETHER = 128  # steps side by side: what Lanczos keeps of each is k vectors of the state's length
_ITERATIONS = 200
_AT_FIRST = 16  # vectors that there is room for; most steps need no more, and room for all takes long to be made
_EVERY = 4  # iterations between two looks at how far it is
_TOLERANCE = 1e-4  # of the eigenvalue; the error of the eigenvalue itself is of the order of its square


def spectral_norms(model: Classifier, done: Unrolled, gain: float = 1.0) -> np.ndarray:
    """σ(J_t) of every step of the top layer, the first from the start state; float64 [T].

    `done` are the steps, unrolled with the same `gain`.
    """
    start = model.start()
    states = [torch.cat([start.h[-1], done.h[:-1]])]
    if start.c is not None and done.c is not None:
        states.append(torch.cat([start.c[-1], done.c[:-1]]))
    layer = model.recurrent.num_layers - 1
    norms = []
    for rows in torch.arange(len(done.steps)).split(_TOGETHER):
        before = [state[rows].detach().requires_grad_() for state in states]
        with torch.enable_grad():
            from_state = model.project_state(gain * before[0], layer)
            from_input = model.project_input(done.x[rows].detach(), layer)
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

    # A random start: one that stands at right angles to the answer is next to impossible.
    random = torch.Generator().manual_seed(0)
    start = torch.randn(len(before[0]), sum(sizes), generator=random, dtype=torch.float64).to(before[0].dtype)
    with torch.no_grad():
        return _largest_eigenvalues(gram, start).clamp_min(0).sqrt()


def _product(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    """The inner product of tensors, whose gradient by what `left` depends on is Jᵀ `right`.

    Given `right` by itself, torch.autograd would import sympy to compare the shapes: 25 MB, and a second's wait.
    """
    return torch.stack([(one * other).sum() for one, other in zip(left, right, strict=True)]).sum()


def _largest_eigenvalues(apply: Callable[[Tensor], Tensor], start: Tensor) -> Tensor:
    """The largest eigenvalue [T] of each of T symmetric operators on vectors [T, D], none of them negative."""
    most = min(start.shape[1], _ITERATIONS)
    tiny = torch.finfo(start.dtype).tiny
    basis = start.new_empty(len(start), _AT_FIRST, start.shape[1])
    tridiagonal = start.new_zeros(len(start), most, most)
    v = start / start.norm(dim=1, keepdim=True)
    for k in range(most):
        if k == basis.shape[1]:
            basis = torch.cat([basis, torch.empty_like(basis)], dim=1)
        basis[:, k] = v
        w = apply(v)
        tridiagonal[:, k, k] = (w * v).sum(dim=1)
        kept = basis[:, : k + 1]
        for _ in range(2):  # twice is enough (Parlett 1998, after Kahan)
            w = w - ((kept @ w[:, :, None]).transpose(1, 2) @ kept)[:, 0]
        left = w.norm(dim=1)
        if k + 1 == most or (k % _EVERY == _EVERY - 1):
            values, vectors = torch.linalg.eigh(tridiagonal[:, : k + 1, : k + 1])
            # How far the leading pair is from an eigenpair: what is left over, as far as that vector has a part in it.
            if k + 1 == most or bool((left * vectors[:, -1, -1].abs() <= _TOLERANCE * values[:, -1] + tiny).all()):
                break
        tridiagonal[:, k, k + 1] = tridiagonal[:, k + 1, k] = left
        v = w / left.clamp_min(tiny)[:, None]
    largest: Tensor = values[:, -1]
    return largest
