"""auto_LiRPA's side: a lower bound of an LSTM's margin, the words of every position in a box.

It runs in an environment of its own, for auto_LiRPA 0.3, the latest on PyPI, needs an older torch:

    python3.10 -m venv lirpa
    lirpa/bin/pip install torch==1.12.1 "numpy<2" auto_LiRPA==0.3 safetensors tqdm

The request is an ``npz`` of one text per key: boxes [2, T, 4H] of the words' projections, and which sign the margin
has. Answers are the bounds by each method and their seconds, as JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from auto_LiRPA import BoundedModule, BoundedTensor, PerturbationLpNorm
from safetensors.torch import load_file


class Unrolled(torch.nn.Module):
    """The LSTM from projections [B, T·4H] to the margin [B, 1], in plain operations."""

    def __init__(self, weights: dict[str, torch.Tensor], steps: int, sign: float):
        super().__init__()
        self.steps = steps
        self.size = weights["recurrent.weight_hh_l0"].shape[1]
        parts = zip(
            weights["recurrent.weight_hh_l0"].split(self.size),
            weights["recurrent.bias_hh_l0"].split(self.size),
            strict=True,
        )
        self.gates = torch.nn.ModuleList(self._linear(weight, bias) for weight, bias in parts)
        self.read_out = self._linear(sign * weights["linear.weight"], sign * weights["linear.bias"])

    @staticmethod
    def _linear(weight: torch.Tensor, bias: torch.Tensor) -> torch.nn.Linear:
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
        linear.weight.data, linear.bias.data = weight.clone(), bias.clone()
        return linear

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = c = None
        size = self.size
        for t in range(self.steps):
            given = [x[:, k * size : (k + 1) * size] for k in range(4 * t, 4 * t + 4)]
            if h is None:
                gates = [part + gate.bias for part, gate in zip(given, self.gates, strict=True)]
            else:
                gates = [part + gate(h) for part, gate in zip(given, self.gates, strict=True)]
            i, f, o = (torch.sigmoid(gates[k]) for k in (0, 1, 3))
            g = torch.tanh(gates[2])
            c = i * g if c is None else f * c + i * g
            h = o * torch.tanh(c)
        return self.read_out(h)


def main() -> None:
    """Bound every text of the request by every method."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--weights", "--request", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("--methods", nargs="+", default=["IBP", "CROWN-IBP"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    weights = {name: value.float() for name, value in load_file(options.weights).items()}
    found = {}
    with np.load(options.request) as request:
        for key in request.files:
            boxes = torch.from_numpy(request[key])
            sign = 1.0 if key.endswith("+") else -1.0
            low, high = boxes.flatten(1).split(1)
            model = Unrolled(weights, boxes.shape[1], sign)
            bounded = BoundedModule(model, low, bound_opts={"conv_mode": "matrix"}, verbose=False)
            box = BoundedTensor((low + high) / 2, PerturbationLpNorm(norm=np.inf, x_L=low, x_U=high))
            found[key] = {"margin": float(model((low + high) / 2))}
            for method in options.methods:
                start = time.perf_counter()
                bound = bounded.compute_bounds(x=(box,), method=method, bound_upper=False)[0]
                found[key][method] = {"bound": float(bound), "seconds": time.perf_counter() - start}
            print(key, found[key], flush=True)
    Path(options.out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
