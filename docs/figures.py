"""The figures of README.md and docs/results.md that no verb prints: ``python docs/figures.py``, half a minute.

Every line names what it is about; the two say the same in words.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that it runs from anywhere, without installing anything

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
NEAREST, SEED = 10, 0  # of trustworthiness and t-SNE


def words(checkpoint: Checkpoint) -> None:
    """How wide word2vec's vectors are; which way words lean; how many of them WordNet can judge."""
    print(f"word2vec's vectors: standard deviation {checkpoints.load_vectors().vectors.std():.2f}")
    leaning = neighbours.leaning(checkpoint).values
    told = (f"{word} {leaning[checkpoint.vocabulary.encode([word])[0]]:+.2f}" for word in ("stole", "took", "happy"))
    known = checkpoint.vocabulary.words
    print(
        f"leaning, nats: {', '.join(told)}; WordNet knows {lexicon.load().coverage(known):.1%} of {len(known):,} words"
    )


def two_readings(checkpoint: Checkpoint) -> None:
    """How far the states of the two proverbs are apart after each token."""
    found = apart(*(trace(checkpoint, text) for text in PROVERBS))
    print(f"{checkpoint.name}: states of the two proverbs apart: {', '.join(f'{one:.1f}' for one in found)}")


def forgotten(checkpoint: Checkpoint) -> None:
    """Are two strong words still told apart after a hundred words of the supplied filler?"""
    filler = " ".join(FILLER.split()[:100])
    found = apart(*(trace(checkpoint, f"{word} {filler}") for word in ("hate", "crap")))
    alone = memory(checkpoint, "hate").probability_without
    print(
        f"{checkpoint.name}: states after “hate” and “crap” apart: {found[0]:.1f} at once, {found[-1]:.3f} after 100 "
        f"words; the filler alone leaves P(positive) between {alone.min():.2f} and {alone.max():.2f}"
    )


def reach(checkpoint: Checkpoint) -> None:
    """Jacobians over “hate” and the whole filler, and what recurrent weights times 0.3 make of the gradient."""
    usual, weak = (gradients(checkpoint, f"hate {FILLER}", gain) for gain in (1.0, 0.3))
    print(
        f"{checkpoint.name}, {len(usual.tokens)} words: spectral norms {usual.jacobian[1:].min():.1f} to "
        f"{usual.jacobian[1:].max():.1f}; recurrent weights times 0.3: at most {weak.jacobian[1:].max():.2f}, gradient "
        f"at the first word 1e{math.log10(weak.state[0] / weak.state[-1]):+.0f} of that at the last"
    )


def maps(checkpoint: Checkpoint) -> None:
    """How well do the map's plane and t-SNE keep a word's nearest words? (Venna & Kaski 2001)"""
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
    """All of them, the three shipped models."""
    models = [checkpoints.load(name) for name in MODELS]
    words(models[-1])
    for ask in (two_readings, forgotten, reach):
        for checkpoint in models:
            ask(checkpoint)
    maps(models[-1])


if __name__ == "__main__":
    main()
