"""Writes a request whose candidates are the plain nearest neighbours of word2vec: the least that can be compared.

    python tests/benchmarks/comparison/neighbour_request.py --data VALID --out REQUEST [--texts 200] [--neighbours 20]

Rows are drawn by the seed from those that the model gets right and that have a token to replace. A token that the model
does not know, or that no letter is in, gets no substitutes; only words that the model knows are substitutes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

import numpy as np
from exchange import Request, Target

from core.data.corpus import encode, read_corpus
from core.models import checkpoints
from core.models.predict import logits
from core.probes.edits.neighbours import Neighbours


def main() -> None:
    """Write a request with word2vec's neighbours as candidates."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", required=True, type=Path, help="labelled rows, which the model was not trained on")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--neighbours", type=int, default=20)
    parser.add_argument("--max-edits", type=int, default=3)
    parser.add_argument("--fluency-loss", type=float, metavar="NATS")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    checkpoint, vectors = checkpoints.load(options.model), checkpoints.load_vectors()
    corpus = read_corpus(options.data)
    if corpus.skipped:
        raise SystemExit("error: rows are counted over the whole file; leave no neutral ones in it")
    sentences = encode(corpus.texts, checkpoint.preprocessing, checkpoint.vocabulary)
    right = (logits(checkpoint.model, sentences) >= 0) == (corpus.labels == 1)
    known: dict[str, list[str]] = {}
    near = Neighbours(vectors.vectors, vectors.vocabulary, options.neighbours, -1.0)

    def substitutes(token: str) -> list[str]:
        if token not in known:
            usable = token in checkpoint.vocabulary and token in vectors.vocabulary and any(map(str.isalpha, token))
            found = near([token])[token] if usable else ()
            known[token] = [word for word, _ in found if word in checkpoint.vocabulary]
        return known[token]

    targets: list[Target] = []
    for row in np.random.default_rng(options.seed).permutation(np.flatnonzero(right)).tolist():
        if len(targets) == options.texts:
            break
        lists = [substitutes(token) for token in checkpoint.preprocessing(corpus.texts[row])]
        if any(lists):
            targets.append(Target(row, lists))
    Request(
        model=options.model,
        data_sha256=corpus.sha256,
        max_edits=options.max_edits,
        fluency_loss=options.fluency_loss,
        candidates=f"the {options.neighbours} nearest neighbours of word2vec",
        targets=targets,
    ).write(options.out)
    count = sum(len(words) for target in targets for words in target.substitutes)
    print(f"{len(targets)} rows, {count:,} candidates for single edits")


if __name__ == "__main__":
    main()
