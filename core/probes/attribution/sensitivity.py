"""Does an explanation stay the same when the words' vectors move a little?

Max-sensitivity (Yeh et al. 2019; Captum's `sensitivity_max`): the largest ‖scores' − scores‖ / ‖scores‖ over a few
small changes of the input, the vectors of the text's words: each number moves by uniform noise of up to 2 % of the
standard deviation of the vocabulary's vectors, all occurrences of a word alike. Methods that remove words get the moved
vectors too, and keep their seed. The vector of ``<unk>`` stays, since it also replaces absent words; so a text of
unknown words alone cannot be measured.

Low means stable, nothing more: constant scores are stable and may be wrong. Scores drawn anew for every change are the
random baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from core.probes.attribution.results import Instance

RADIUS = 0.02  # of the standard deviation of the vocabulary's vectors
SAMPLES = 4


def moved(instance: Instance, seed: int = 0) -> list[Instance]:
    """The text for `SAMPLES` models whose words' vectors moved a little; none where no word has a vector of its own.

    They depend only on the seed and the text, so that methods compare.
    """
    import torch

    from core.text.preprocessing import Vocabulary

    checkpoint = instance.white_box
    ids = sorted(set(checkpoint.vocabulary.encode(instance.tokens)) - {Vocabulary.pad_id, Vocabulary.unk_id})
    if not ids:
        return []
    weight = checkpoint.model.embedding.weight.detach()
    reach = RADIUS * float(weight[2:].std(correction=0))
    noise = torch.rand(SAMPLES, len(ids), weight.shape[1], generator=torch.Generator().manual_seed(seed))
    return [_with_vectors(instance, ids, vectors) for vectors in weight[ids] + reach * (2 * noise - 1)]


def sensitivity(scores: np.ndarray, others: Sequence[np.ndarray]) -> float:
    """The largest ‖scores' − scores‖ / ‖scores‖, of a method's answers [n] to the text and to the `moved` ones."""
    size = float(np.linalg.norm(scores)) or 1.0
    return max(float(np.linalg.norm(other - scores)) for other in others) / size


def random_sensitivity(n: int, seed: int = 0) -> float:
    """The mean of 100 max-sensitivities of scores of n tokens that are drawn anew for every change."""
    drawn = np.random.default_rng(seed).standard_normal((SAMPLES + 1, 100, n))
    distances = np.linalg.norm(drawn[1:] - drawn[0], axis=2) / np.linalg.norm(drawn[0], axis=1)
    return float(distances.max(axis=0).mean())


def _with_vectors(instance: Instance, ids: list[int], vectors: Tensor) -> Instance:
    """The same text for a copy of the model with other vectors [words, E] for some ids."""
    checkpoint = instance.white_box
    weight = checkpoint.model.embedding.weight.detach().clone()
    weight[ids] = vectors
    # Another hash, so that cached results are not taken from the original.
    moved = sha256(repr(ids).encode() + vectors.numpy().tobytes()).hexdigest()
    model, digest = checkpoint.model.with_embeddings(weight), f"{checkpoint.hash}+{moved}"
    other = replace(checkpoint, model=model, hash=digest, untargeted=None)
    return instance._replace(checkpoint=other)
