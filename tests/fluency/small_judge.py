"""A judge of word order of random weights, small enough for plain replicas."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from core.fluency.judge import Judge, JudgeNetwork
from core.text.preprocessing import Preprocessing, Vocabulary


def random_judge(words: Sequence[str], threshold: float = 0.5, seed: int = 0, scale: float = 0.8) -> Judge:
    """Embeddings of 3 numbers, 4 units, a head of 5; nothing is written anywhere."""
    vocabulary = Vocabulary(tuple(words))
    network = JudgeNetwork(len(vocabulary), 3, 4, 5)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, scale, generator=generator)
    return Judge(network, vocabulary, card(threshold))


def card(threshold: float = 0.5) -> dict[str, object]:
    """What a card needs."""
    sizes = {"embedding": 3, "hidden": 4, "head": 5}
    steps = Preprocessing().steps
    return {"preprocessing": steps, "sizes": sizes, "settings": {"threshold": threshold}, "sha256": {}, "metrics": {}}
