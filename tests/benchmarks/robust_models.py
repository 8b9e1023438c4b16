"""Which models stand up to replaced words? Accuracy, certified texts and what intervals alone certify; one command.

    python tests/benchmarks/robust_models.py --data VALID lstm FOLDER [FOLDER …]

Of each model, a checkpoint's name or its folder: accuracy on all rows; on `--rows` of them, those that `certify` draws,
the share that WordNet's list cannot flip with up to k words (certified), the share that is also right (robust
accuracy), and the share that intervals certify without reading a sequence. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from core.data.corpus import encode, read_corpus
from core.models import checkpoints
from core.models.predict import logits
from core.probes.robustness.bounds import bounds
from core.probes.robustness.certify import CERTIFIED, DOUBTFUL
from core.probes.robustness.corpus import certificates, status
from core.probes.robustness.questions import Question, substitutions

MOST = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--rows", type=int, default=1_000)
    options = parser.parse_args()
    rows = read_corpus(options.data)
    chosen = np.sort(np.random.default_rng(0).choice(len(rows.texts), options.rows, replace=False)).tolist()
    print("| model | accuracy | certified k = 1, 2, 3 | certified and right | by intervals alone | seconds a text |")
    print("|---|---:|---:|---:|---:|---:|")
    for spec in options.models:
        name, folder = checkpoints.located(spec)
        checkpoint = checkpoints.load(name, folder)
        scores = logits(checkpoint.model, encode(rows.texts, checkpoint.preprocessing, checkpoint.vocabulary))
        right = (scores >= 0) == (rows.labels == 1)
        start = time.perf_counter()
        *_, found = certificates(checkpoint, [rows.texts[row] for row in chosen], MOST, _ask, 60)
        seconds = (time.perf_counter() - start) / len(chosen)
        certified = np.array([[status(line, k) == CERTIFIED for k in range(1, MOST + 1)] for line in found.lines])
        assert len(certified) == len(chosen), found.left_out[:3]
        both = certified & right[chosen, None]
        bounded = np.mean([_bounded(checkpoint, rows.texts[row]) for row in chosen])
        shares = (", ".join(f"{share:.1%}" for share in some.mean(axis=0)) for some in (certified, both))
        print(f"| {name} | {right.mean():.4f} |", *(f"{one} |" for one in shares), f"{bounded:.1%} | {seconds:.2f} |")


def _ask(model: checkpoints.Checkpoint, text: str) -> Question:
    return substitutions(model, text, timed=True)


def _bounded(checkpoint: checkpoints.Checkpoint, text: str) -> bool:
    family = _ask(checkpoint, text).family
    score = logits(checkpoint.model, encode([text], checkpoint.preprocessing, checkpoint.vocabulary))[0]
    found = bounds(checkpoint, family, int(score >= 0))
    return found is not None and found.whole() > DOUBTFUL


if __name__ == "__main__":
    main()
