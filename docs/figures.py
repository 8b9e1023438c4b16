"""The figures of README.md and docs/results.md that no verb prints: ``python docs/figures.py``, half a minute.

Every line names what it is about, in the words of these documents.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # runs from anywhere, without an installation

import math

from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.trace import trace
from core.probes.dynamics.memory_decay import FILLER, memory
from core.probes.dynamics.trajectories import apart, gradients
from core.probes.words import neighbours
from core.probes.words.embedding_map import WORDS, that_matter, word_map
from core.text import lexicon

MODELS = ("rnn", "gru", "lstm")
PROVERBS = ("Better late than never", "Better never than late")
NEAREST, SEED = 10, 0  # neighbours for trustworthiness, seed of t-SNE


def words(checkpoint: Checkpoint) -> None:
    """Spread of word2vec's vectors; log-odds of three words; share of words that WordNet knows."""
    print(f"word2vec's vectors: standard deviation {checkpoints.load_vectors().vectors.std():.2f}")
    leaning = neighbours.leaning(checkpoint).values
    ids = checkpoint.vocabulary.encode(["stole", "took", "happy"])
    print("log-odds, nats: stole {:+.2f}, took {:+.2f}, happy {:+.2f}".format(*leaning[ids]))
    known = checkpoint.vocabulary.words
    print(f"WordNet knows {sum(map(lexicon.load().judges, known)) / len(known):.1%} of {len(known):,} words")


def distance_between_proverbs(checkpoint: Checkpoint) -> None:
    """Distance between the states of the two proverbs after each token."""
    distances = apart(*(trace(checkpoint, text) for text in PROVERBS))
    print(f"{checkpoint.name}: states of the two proverbs apart: {', '.join(f'{one:.1f}' for one in distances)}")


def forgotten(checkpoint: Checkpoint) -> None:
    """Do the states still tell two strong words apart after a hundred words of the supplied filler?"""
    filler = " ".join(FILLER.split()[:100])
    distances = apart(*(trace(checkpoint, f"{word} {filler}") for word in ("hate", "crap")))
    alone = memory(checkpoint, "hate").probability_without
    print(
        f"{checkpoint.name}: states after “hate” and “crap” apart: {distances[0]:.1f} at once, {distances[-1]:.3f} "
        f"after 100 words; the filler alone leaves P(positive) between {alone.min():.2f} and {alone.max():.2f}"
    )


def reach(checkpoint: Checkpoint) -> None:
    """Jacobians over “hate” and the whole filler, and the gradient with recurrent weights scaled by 0.3."""
    full, scaled = (gradients(checkpoint, f"hate {FILLER}", gain) for gain in (1.0, 0.3))
    print(
        f"{checkpoint.name}, {len(full.tokens)} words: spectral norms {full.jacobian[1:].min():.1f} to "
        f"{full.jacobian[1:].max():.1f}; recurrent weights scaled by 0.3: at most {scaled.jacobian[1:].max():.2f}, "
        f"gradient at the first word 1e{math.log10(scaled.state[0] / scaled.state[-1]):+.0f} of that at the last"
    )


def maps(checkpoint: Checkpoint) -> None:
    """Trustworthiness of the map's plane and of t-SNE: are near words still near? (Venna & Kaski 2001)"""
    from sklearn.manifold import TSNE, trustworthiness

    space, leaning = neighbours.after(checkpoint), neighbours.leaning(checkpoint).values
    ids = that_matter(leaning, WORDS)
    plane = word_map(space, [checkpoint.vocabulary.token(one) for one in ids.tolist()], leaning[ids]).places
    drawn = TSNE(metric="cosine", init="random", random_state=SEED).fit_transform(space.vectors[ids])
    by_plane, by_tsne = (
        trustworthiness(space.vectors[ids], places, n_neighbors=NEAREST, metric="cosine") for places in (plane, drawn)
    )
    print(f"map of {WORDS} words, trustworthiness: principal components {by_plane:.2f}, t-SNE {by_tsne:.2f}")


def main() -> None:
    """Print every figure, for the three shipped models."""
    models = [checkpoints.load(name) for name in MODELS]
    words(models[-1])
    for ask in (distance_between_proverbs, forgotten, reach):
        for checkpoint in models:
            ask(checkpoint)
    maps(models[-1])


if __name__ == "__main__":
    main()
