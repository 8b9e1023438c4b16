"""Does an explanation stay what it is when the words' vectors move a little?

Max-sensitivity (Yeh et al. 2019) by Captum's `sensitivity_max`: the largest ‖scores' − scores‖ / ‖scores‖ over a few
small changes of the input. The input is what every method reads, the vectors of the text's words: each of their
numbers moves by noise that is uniform up to 2 % of the standard deviation of the vocabulary's vectors, all occurrences
of a word alike. Methods that take words out get the moved vectors too, with the same words taken out, and keep their
seed. The vector of ``<unk>`` stays, since it stands for absent words as well; so a text of unknown words alone cannot
be measured.

Low is stable, and no more than that: scores that never change are stable and may be wrong. Scores drawn anew for every
change are the random baseline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from core.probes.attribution.results import Reading

RADIUS = 0.02  # of the standard deviation of the vocabulary's vectors
SAMPLES = 4


def sensitivity(
    reading: Reading,
    explain: Callable[[Reading], np.ndarray],
    *,
    samples: int = SAMPLES,
    radius: float = RADIUS,
    seed: int = 0,
    scores: np.ndarray | None = None,
    moved_already: dict[bytes, Reading] | None = None,
) -> float | None:
    """The max-sensitivity of a method over so many changes; `scores` [n] are its answer to the text as it stands.

    Without them it is asked for it. The changes depend on the seed and the text alone, so that methods compare; whoever
    measures several keeps the changed readings in `moved_already`. None where no word has a vector of its own. Raises
    what the method raises.
    """
    import torch
    from captum.metrics import sensitivity_max

    from core.text.preprocessing import Vocabulary

    model = reading.inside.model
    ids = sorted(set(reading.inside.vocabulary.encode(reading.tokens)) - {Vocabulary.pad_id, Vocabulary.unk_id})
    if not ids:
        return None
    original = model.embedding.weight[ids][None]  # [1, words, E]
    readings = {} if moved_already is None else moved_already

    def reread(vectors: Tensor) -> Reading:
        key = vectors.numpy().tobytes()
        if key not in readings:
            readings[key] = with_vectors(reading, ids, vectors)
        return readings[key]

    reach = radius * float(model.embedding.weight[2:].std(correction=0))
    noise = torch.Generator().manual_seed(seed)

    def moved(vectors: Tensor, _radius: float) -> Tensor:
        return vectors + reach * (2 * torch.rand(vectors.shape, generator=noise) - 1)

    def explained(vectors: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor]:
        batch = vectors[0] if isinstance(vectors, tuple) else vectors
        with torch.enable_grad():  # Captum asks with gradients switched off
            found = [
                scores if scores is not None and torch.equal(one, original[0]) else explain(reread(one))
                for one in batch
            ]
        answer = torch.from_numpy(np.array(found, dtype=np.float64))
        return (answer,) if isinstance(vectors, tuple) else answer  # as it was asked

    found = sensitivity_max(explained, original, moved, perturb_radius=reach, n_perturb_samples=samples)
    return float(found.item())


def random_sensitivity(n: int, *, samples: int = SAMPLES, seed: int = 0, randoms: int = 100) -> np.ndarray:
    """What scores of n tokens get that are drawn anew for every change, float64 [randoms]."""
    drawn = np.random.default_rng(seed).standard_normal((samples + 1, randoms, n))
    found: np.ndarray = (np.linalg.norm(drawn[1:] - drawn[0], axis=2) / np.linalg.norm(drawn[0], axis=1)).max(axis=0)
    return found


def with_vectors(reading: Reading, ids: list[int], vectors: Tensor) -> Reading:
    """The same text for a model that differs in the vectors of some ids, [words, E]; the model given stays as it is."""
    checkpoint = reading.inside
    weight = checkpoint.model.embedding.weight.detach().clone()
    weight[ids] = vectors.detach()
    # Another hash, so that nobody takes results of the one model for the other's.
    moved = sha256(repr(ids).encode() + vectors.detach().numpy().tobytes()).hexdigest()
    other = replace(checkpoint, model=checkpoint.model.with_embeddings(weight), hash=f"{checkpoint.hash}+{moved}")
    return reading._replace(checkpoint=other)
