"""What does a network do while its input is held? One map F of its state, applied again and again, and its Jacobian.

The state s of D numbers is every layer's h side by side, and for the LSTM every c after them. Float64 throughout, so
that a speed of 1e-6 shows; the equations are those of `models.recurrent`. Axes: N states, D, L layers, H units.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.models.recurrent import Classifier, State, cell_step
from core.text.preprocessing import Vocabulary

INPUTS = ("zero", "mean")


class HeldMap:
    """F of a model, in float64, with its input held: `zero`, or the `mean` embedding of the vocabulary."""

    def __init__(self, model: Classifier, held: str):
        recurrent = model.recurrent
        layers, size = recurrent.num_layers, recurrent.input_size
        outputs = model.linear.out_features
        own = Classifier(model.cell, 1, size, model.hidden_size, layers, outputs=outputs).double()
        self._model = own.requires_grad_(False).eval().targeted(model.target)
        self._model.recurrent.load_state_dict(recurrent.state_dict())
        self._model.linear.load_state_dict(model.linear.state_dict())
        words = model.embedding.weight.detach()[Vocabulary.pad_id + 1 :].double()
        self._x = words.mean(dim=0, keepdim=True) if held == "mean" else words.new_zeros(1, size)
        self.parts = 2 if model.cell == "lstm" else 1

    def __call__(self, s: Tensor) -> Tensor:
        """F(s), [N, D]."""
        with torch.no_grad():
            state = self._model.step(self._x.expand(len(s), -1), self._state(s)).state
        return joined(state)

    def read(self, x: Tensor) -> Tensor:
        """The states [T, D] after each of the embedded tokens x [T, E]; here the input is not held."""
        state, states = self._model.start(), []
        with torch.no_grad():
            for token in x.double().split(1):
                state = self._model.step(token, state).state
                states.append(joined(state))
        return torch.cat(states)

    def reachable(self, s: Tensor) -> Tensor:
        """States [N, D] with h clamped to [-1, 1], which no reading leaves; an LSTM's c is unbounded."""
        units = s.shape[1] // self.parts
        return torch.cat([s[:, :units].clamp(-1, 1), s[:, units:]], dim=1)

    def logits(self, s: Tensor) -> Tensor:
        """The read-out [N] of states [N, D]."""
        return self._model.read_out(self.hidden(s))

    def scores(self, s: Tensor) -> Tensor:
        """The scores [N] or [N, K] of states [N, D]."""
        return self._model.scores(self.hidden(s))

    def hidden(self, s: Tensor) -> Tensor:
        """The top layer's h, [N, H], of states [N, D]."""
        return self._state(s).h[-1]

    def jacobian(self, s: Tensor) -> Tensor:
        """J = ∂F/∂s, [N, D, D].

        A unit's new state depends only on the projections of its own gates, so autograd through `cell_step` gives all
        their derivatives at once; the rest are products with the recurrent weights.
        """
        model, state, n = self._model, self._state(s), len(s)
        layers, units = state.h.shape[0], state.h.shape[2]
        jacobian = s.new_zeros(n, self.parts, layers, units, self.parts, layers, units)
        x, below = self._x.expand(n, -1), None
        for layer in range(layers):
            h, c = state.h[layer], None if state.c is None else state.c[layer]
            leaves = [model.project_input(x, layer), model.project_state(h, layer), h] + ([] if c is None else [c])
            leaves = [leaf.detach().clone().requires_grad_() for leaf in leaves]
            with torch.enable_grad():
                after = cell_step(model.cell, leaves[0], leaves[1], leaves[2], None if c is None else leaves[3])
            weights = [
                getattr(model.recurrent, f"weight_{kind}_l{layer}").view(-1, units, width)
                for kind, width in (("ih", x.shape[1]), ("hh", units))
            ]
            for part, out in enumerate([after.h] if after.c is None else [after.h, after.c]):
                slopes = torch.autograd.grad(
                    out.sum(), leaves, retain_graph=True, allow_unused=True, materialize_grads=True
                )
                by_gate = [slope.view(n, -1, units) for slope in slopes[:2]]
                own = jacobian[:, part, layer]
                own[:, :, 0, layer] = torch.einsum("ngu,guv->nuv", by_gate[1], weights[1])
                for of, direct in enumerate(slopes[2:]):
                    own[:, :, of, layer] += torch.diag_embed(direct)
                if below is not None:
                    through = torch.einsum("ngu,guv->nuv", by_gate[0], weights[0])
                    own += torch.einsum("nuv,nvplw->nuplw", through, below)
            x, below = after.h.detach(), jacobian[:, 0, layer].clone()
        return jacobian.view(n, s.shape[1], s.shape[1])

    def _state(self, s: Tensor) -> State:
        parts = s.view(len(s), self.parts, self._model.recurrent.num_layers, -1).permute(1, 2, 0, 3)
        return State(parts[0], parts[1] if self.parts == 2 else None)


def joined(state: State) -> Tensor:
    """A state's h, and c where it has one, of all layers side by side: [N, D]."""
    parts = [state.h] if state.c is None else [state.h, state.c]
    return torch.stack(parts).permute(2, 0, 1, 3).flatten(1)
