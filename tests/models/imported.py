"""Models and checkpoints of random weights, large enough to bend every non-linearity: plain ones, and any variant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from core.data import targets
from core.data.labels import SENTIMENT
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.recurrent import Classifier
from core.text.preprocessing import SHIPPED, Preprocessing, Vocabulary
from tests.conftest import EMBEDDING, HIDDEN, WORDS


def random_weights(model: Classifier, seed: int = 1, scale: float = 0.8) -> Classifier:
    """The model with random weights, read-only and in eval mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, scale, generator=generator)
    return model.requires_grad_(False).eval()


def checkpoint(
    cell: str,
    vocabulary: Vocabulary,
    layers: int = 1,
    dtype: torch.dtype = torch.float64,
    *,
    sizes: tuple[int, int] = (5, 6),
    seed: int = 1,
    scale: float = 0.8,
    labels: tuple[str, ...] = SENTIMENT,
    **variant: Any,
) -> Checkpoint:
    """A checkpoint of a random classifier of any variant, embedding and hidden `sizes`, that is on no disk."""
    options = {"outputs": targets.head_sizes(labels)[0], **variant}
    model = random_weights(Classifier(cell, len(vocabulary), *sizes, layers, **options).to(dtype), seed, scale)
    card = {} if labels == SENTIMENT else {"labels": list(labels)}
    return Checkpoint(cell, model, Preprocessing(), vocabulary, card, cell)


def write_imported(
    folder: Path,
    name: str,
    cell: str,
    *,
    layers: int = 1,
    seed: int = 0,
    scale: float = 0.7,
    labels: tuple[str, ...] = SENTIMENT,
    **variant: Any,
) -> None:
    """Save a model of any variant that `core.models.recurrent.Classifier` takes."""
    vocabulary = Vocabulary(WORDS)
    if (outputs := targets.head_sizes(labels)[0]) != 1:
        variant = {"outputs": outputs, **variant}
    model = random_weights(Classifier(cell, len(vocabulary), EMBEDDING, HIDDEN, layers, **variant), seed, scale)
    sizes = {"vocabulary": len(vocabulary), "embedding": EMBEDDING, "hidden": HIDDEN, "layers": layers, **variant}
    if variant.get("head"):
        sizes["head"] = variant["head"]._asdict()
    card = {
        "kind": checkpoints.CLASSIFIER,
        "cell": cell,
        "preprocessing": SHIPPED,
        "embeddings": {"stored": checkpoints.FLOAT32},
        "data": {},
        "sizes": sizes,
        "labels": list(labels),
        "history": [],
        "metrics": {},
    }
    checkpoints.save(name, model.state_dict(), vocabulary, card, folder)
