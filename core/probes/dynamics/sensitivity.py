"""Does an explanation stay the same when the words' vectors move a little?

Max-sensitivity (Yeh et al. 2019) by Captum's `sensitivity_max`: the largest ‖scores' − scores‖ / ‖scores‖ over a few
small changes of the input, the vectors of the text's words: each number moves by uniform noise of up to 2 % of the
standard deviation of the vocabulary's vectors, all occurrences of a word alike. Methods that remove words get the moved
vectors too, and keep their seed. The vector of ``<unk>`` stays, since it also replaces absent words; so a text of
unknown words alone cannot be measured.

Low means stable, nothing more: constant scores are stable and may be wrong. Scores drawn anew for every change are the
random baseline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from core.probes.attribution.results import Instance

RADIUS = 0.02  # of the standard deviation of the vocabulary's vectors
SAMPLES = 4


def sensitivity(
    instance: Instance,
    explain: Callable[[Instance], np.ndarray],
    *,
    samples: int = SAMPLES,
    radius: float = RADIUS,
    seed: int = 0,
    scores: np.ndarray | None = None,
    moved_already: dict[bytes, Instance] | None = None,
) -> float | None:
    """The max-sensitivity of a method over some changes; `scores` [n] are its answer to the text, asked for if None.

    The changes depend only on the seed and the text, so that methods compare; `moved_already` keeps the changed models
    for the next method. None where no word has a vector of its own. Raises what the method raises.
    """
    import torch
    from captum.metrics import sensitivity_max

    from core.text.preprocessing import Vocabulary

    model = instance.white_box.model
    ids = sorted(set(instance.white_box.vocabulary.encode(instance.tokens)) - {Vocabulary.pad_id, Vocabulary.unk_id})
    if not ids:
        return None
    original = model.embedding.weight[ids][None]  # [1, words, E]
    cache = {} if moved_already is None else moved_already

    def reread(vectors: Tensor) -> Instance:
        key = vectors.numpy().tobytes()
        if key not in cache:
            cache[key] = with_vectors(instance, ids, vectors)
        return cache[key]

    reach = radius * float(model.embedding.weight[2:].std(correction=0))
    noise = torch.Generator().manual_seed(seed)

    def moved(vectors: Tensor, _radius: float) -> Tensor:
        return vectors + reach * (2 * torch.rand(vectors.shape, generator=noise) - 1)

    def explained(vectors: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor]:
        batch = vectors[0] if isinstance(vectors, tuple) else vectors
        with torch.enable_grad():  # Captum asks without
            rows = [
                scores if scores is not None and torch.equal(one, original[0]) else explain(reread(one))
                for one in batch
            ]
        answer = torch.from_numpy(np.array(rows, dtype=np.float64))
        return (answer,) if isinstance(vectors, tuple) else answer

    largest = sensitivity_max(explained, original, moved, perturb_radius=reach, n_perturb_samples=samples)
    return float(largest.item())


def random_sensitivity(n: int, *, samples: int = SAMPLES, seed: int = 0, randoms: int = 100) -> np.ndarray:
    """The max-sensitivity of scores of n tokens that are drawn anew for every change, float64 [randoms]."""
    drawn = np.random.default_rng(seed).standard_normal((samples + 1, randoms, n))
    largest: np.ndarray = (np.linalg.norm(drawn[1:] - drawn[0], axis=2) / np.linalg.norm(drawn[0], axis=1)).max(axis=0)
    return largest


def with_vectors(instance: Instance, ids: list[int], vectors: Tensor) -> Instance:
    """The same text for a copy of the model with other vectors [words, E] for some ids."""
    checkpoint = instance.white_box
    weight = checkpoint.model.embedding.weight.detach().clone()
    weight[ids] = vectors.detach()
    # Another hash, so that cached results are not taken from the original.
    moved = sha256(repr(ids).encode() + vectors.detach().numpy().tobytes()).hexdigest()
    other = replace(checkpoint, model=checkpoint.model.with_embeddings(weight), hash=f"{checkpoint.hash}+{moved}")
    return instance._replace(checkpoint=other)
