"""How far do gradients reach back, and which path do states take?

The gradient of the last logit with respect to the state at token t passes through every step after t:

    ∂logit/∂s_t = (∂logit/∂s_T) J_T J_{T−1} … J_{t+1},    J_k = ∂s_k/∂s_{k−1}

so its norm is at most ‖w‖ σ(J_T) … σ(J_{t+1}), with σ the spectral norm and w the read-out's weights, ∂logit/∂h_T. The
logit is the log-odds of the model's target, or without one of the class that it predicts for the text. So, after
Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", section 2.1: σ(J_k) below
some number below 1 at every step is sufficient for the gradient to vanish, not necessary; σ(J_k) above 1 somewhere is
necessary for it to explode, not sufficient. They bound J by the recurrent weights; here each step's own Jacobian is
measured, at the states that this text passes through. Axes: T tokens, H units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from core.data.targets import POSITIVE, Target
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError, aimed
from core.models.state_space import StateSpace
from core.models.trace import Trace, unroll
from core.probes.dynamics.jacobians import spectral_norms
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together
from core.runtime.shown import Shown

_SAME_READ_OUT = 1e-3  # logits; float32 arithmetic differs by a hundredth of it


@dataclass(frozen=True)
class Gradients(Shown):
    """Norms of one logit's gradients at every token of one text, float64 [T] each.

    `h` and `x` are of ∂logit/∂h_t and ∂logit/∂x_t, x_t the token's embedding. `c`, for the LSTM, is of ∂logit/∂c_t with
    all that follows from c_t, h_t included. `state` is of ∂logit/∂s_t, what step t passes on: h_t, and for the LSTM h_t
    and c_t, each taken alone. `jacobian` is σ(J_t), the first from the start state. Every recurrent weight is scaled by
    `gain`. Of several layers these are the top one's, but `x` is always the embedding.
    """

    pictured: ClassVar[bool] = True

    model: str
    tokens: tuple[str, ...]
    gain: float
    logit: float
    h: np.ndarray
    c: np.ndarray | None
    x: np.ndarray
    state: np.ndarray
    jacobian: np.ndarray
    target: Target = POSITIVE

    @property
    def log10_bound(self) -> np.ndarray:
        """log10 of the bound on `state`, ‖w‖ σ(J_T) … σ(J_{t+1}), float64 [T]; −inf where a factor is 0."""
        with np.errstate(divide="ignore"):
            factors = np.log10(np.concatenate([self.jacobian[1:], self.state[-1:]]))
        return np.cumsum(factors[::-1])[::-1]

    @property
    def statement(self) -> str:
        """What the steps' norms show of this gradient, and what they do not."""
        steps = self.jacobian[1:]  # the gradient at the first token does not pass through the step that read it
        if not len(steps):
            return _("There is one token, so the gradient passes through no step.")
        above = int((steps > 1).sum())
        if not above:
            bound = _(
                "The spectral norm of every step's Jacobian is at most 1 (largest: {largest:.3g}), "
                "so the gradient cannot grow on its way back; a bound below 1 is enough for it to "
                "vanish."
            ).format(largest=steps.max())
        else:
            bound = ngettext(
                "The spectral norm of {above:,} of {steps:,} Jacobian is above 1 (largest: "
                "{largest:.3g}), so the gradient may grow there, but need not: this is necessary for "
                "exploding, not sufficient.",
                "The spectral norm of {above:,} of {steps:,} Jacobians is above 1 (largest: "
                "{largest:.3g}), so the gradient may grow there, but need not: this is necessary for "
                "exploding, not sufficient.",
                len(steps),
            ).format(above=above, steps=len(steps), largest=steps.max())
        first, last = self.state[0], self.state[-1]
        if not first or not last:
            return together([bound, _("Over this text nothing measurable of it reaches the first token.")])
        found = _("Over this text its norm at the first token is {ratio:.2g} times the norm at the last.")
        return together([bound, found.format(ratio=first / last)])


def gradients(checkpoint: Checkpoint, text: str, gain: float = 1.0) -> Gradients:
    """Norms of the gradients of a text's logit, and of every step's Jacobian.

    `gain` scales every recurrent weight, to show what vanishes and what explodes; the logit is the scaled network's.
    Raises EmptyTextError for a text without a token, ValueError for a gain that is not a positive number, and
    `core.models.recurrent.ReadOutError` for a model that is not plain.
    """
    tokens = tuple(checkpoint.preprocessing(text))
    if not tokens:
        raise EmptyTextError("the text is empty: there is no word to read")
    if not (math.isfinite(gain) and gain > 0):
        raise ValueError(f"the gain must be a number above 0; given: {gain}")
    checkpoint.model.check_plain(checkpoint.name)
    checkpoint = aimed(checkpoint, tokens)
    model, target = checkpoint.model, checkpoint.target
    assert target is not None
    with torch.enable_grad():
        x = model.embedding(torch.tensor(checkpoint.vocabulary.encode(tokens))).detach().requires_grad_()
        run = unroll(model, x, gain)
        logit = model.read_out(run.steps[-1].h)[0]
        states = [step.h for step in run.steps], [step.c for step in run.steps if step.c is not None]
        # Only these, so that nothing is stored on the model.
        of_x, *rest = torch.autograd.grad(logit, [x, *states[0], *states[1]])
    of_h = torch.cat(rest[: len(tokens)]).double()
    of_c = torch.cat(rest[len(tokens) :]).double() if states[1] else None
    passed_on = of_h.square()
    if of_c is not None:
        # What c_t does through the next step alone, c' = f*c + i*g; the last one has no next step.
        through = torch.cat([step.gates[1] for step in run.steps[1:]] + [torch.zeros_like(of_h[:1])]).detach()
        passed_on = passed_on + (through * of_c.roll(-1, dims=0)).square()
    return Gradients(
        model=checkpoint.name,
        tokens=tokens,
        gain=gain,
        logit=logit.item(),
        h=of_h.norm(dim=1).numpy(),
        c=None if of_c is None else of_c.norm(dim=1).numpy(),
        x=of_x.double().norm(dim=1).numpy(),
        state=passed_on.sum(dim=1).sqrt().numpy(),
        jacobian=spectral_norms(model, run, gain),
        target=target,
    )


def apart(a: Trace, b: Trace) -> np.ndarray:
    """The distance of two texts' states after equally many tokens, ‖h_t − h'_t‖, float64 [T] of the shorter.

    Raises ValueError for traces of different models.
    """
    if (a.model, a.h.shape[1]) != (b.model, b.h.shape[1]):
        raise ValueError(
            _("states of different models lie in different spaces: {one} and {other}").format(
                one=a.model, other=b.model
            )
        )
    both = min(len(a), len(b))
    distances: np.ndarray = np.linalg.norm(a.h[:both].astype(np.float64) - b.h[:both], axis=1)
    return distances


def project(trace: Trace, space: StateSpace) -> np.ndarray:
    """The path of a trace through its model's state space, float64 [T, 3]; it starts from the origin.

    Raises ValueError for another model's axes, whose read-out gives other logits.
    """
    path = space.project(trace.h)
    if not np.allclose(space.scale * path[:, 0] + space.bias, trace.logit, atol=_SAME_READ_OUT):
        raise ValueError(
            _("these axes do not belong to {model}: along them its states have other logits").format(model=trace.model)
        )
    return path
