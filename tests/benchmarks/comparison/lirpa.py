"""How many tweets do auto_LiRPA's bounds certify, beside our intervals? One command.

    python tests/benchmarks/comparison/lirpa.py --data VALID --lirpa lirpa/bin/python [--texts 40]

`lirpa/bin/python` is the environment that `lirpa_side` describes. Both get the same boxes: the hull of the projections
of the words that may stand at each position, all positions free at once (any number of words replaced), as our
intervals have it. A text without substitutes is left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

import numpy as np
import torch

from core.data.corpus import drawn, read_texts
from core.models import checkpoints
from core.models.predict import verdict_on_tokens
from core.probes.robustness.bounds import bounds
from core.probes.robustness.certify import DOUBTFUL
from core.probes.robustness.questions import substitutions


def main() -> None:
    """Compare the bounds."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--lirpa", required=True, type=Path, help="the Python of auto_LiRPA's environment")
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--texts", type=int, default=40)
    parser.add_argument("--methods", nargs="+", default=["IBP", "CROWN-IBP"])
    options = parser.parse_args()
    checkpoint = checkpoints.load(options.model)
    boxes, ours = {}, {}
    for row, text in enumerate(drawn(read_texts(options.data), options.texts)):
        family = substitutions(checkpoint, text).family
        predicted = checkpoint.labels.index(verdict_on_tokens(checkpoint, family.tokens).label)
        found = bounds(checkpoint, family, predicted)
        if family.count == 1 or found is None:
            continue
        key = f"{row}{'+' if predicted else '-'}"
        boxes[key] = torch.stack([torch.stack([hull.low, hull.high]) for hull in found.hulls], dim=1).float().numpy()
        ours[key] = found.whole()
    with tempfile.TemporaryDirectory() as folder:
        request, out = Path(folder) / "request.npz", Path(folder) / "answers.json"
        np.savez(request, **boxes)
        weights = (checkpoint.folder or checkpoints.root()) / options.model / "weights.safetensors"
        side = Path(__file__).with_name("lirpa_side.py")
        command = [options.lirpa, side, "--weights", weights, "--request", request, "--out", out]
        subprocess.run([*map(str, command), "--methods", *options.methods], check=True, stdout=sys.stderr)
        theirs = json.loads(out.read_text(encoding="utf-8"))
    print(f"{len(ours)} texts\n\n| bound | certified | its mean | seconds a text |\n|---|---:|---:|---:|")
    _show("ours, intervals", [*ours.values()], "")
    for method in options.methods:
        some = [theirs[key][method] for key in ours]
        took = np.mean([one["seconds"] for one in some])
        _show(f"auto_LiRPA, {method}", [one["bound"] for one in some], f"{took:.2f}")


def _show(name: str, found: Sequence[float], took: str) -> None:
    certified = sum(bound > DOUBTFUL for bound in found)
    print(f"| {name} | {certified} | {np.mean(found):.2f} | {took} |")


if __name__ == "__main__":
    main()
