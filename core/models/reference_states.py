"""Reference states: a model's typical hidden states, on held-out rows, and the axes fitted to them.

The reference set is every state, after every token, of some rows that were held out of training, drawn by a seed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.data.corpus import Encoded, length_batches, pad
from core.models import checkpoints
from core.models.linear_head import LinearHead
from core.models.recurrent import Classifier
from core.models.state_space import Space, fit, fit_several

ROWS = 2_000
"""How many held-out rows are drawn; all if there are fewer."""
SEED = 0
_BATCH = 256  # sentences at a time


def of_rows(model: Classifier, sentences: Encoded, held: np.ndarray) -> Space:
    """The axes of the states of `ROWS` sentences drawn from `held`, whatever the model's target.

    Raises ValueError for fewer than 2 tokens, and ReadOutError for a model that is not plain.
    """
    model.check_plain()
    drawn = np.sort(np.random.default_rng(SEED).choice(held, min(ROWS, len(held)), replace=False))
    found, model = states(model, sentences.take(drawn)), model.every
    if model.target is None:
        return fit_several(found, model.linear.weight.detach().cpu().numpy(), model.linear.bias.detach().cpu().numpy())
    head = LinearHead.of(model)
    assert head is not None  # a plain model has one
    return fit(found, *head.line)


def states(model: Classifier, sentences: Encoded) -> np.ndarray:
    """The top layer's state after every token, float32 [N, H], in any order. Raises ReadOutError unless plain."""
    import torch

    model.check_plain()
    parts = [np.empty((0, model.hidden_size), dtype=np.float32)]
    with torch.inference_mode():
        for rows in length_batches(sentences.lengths, _BATCH):
            ids, lengths = pad(sentences, rows)
            h, _ = model.recurrent(model.embedding(torch.from_numpy(ids)))
            parts.append(h.numpy()[np.arange(ids.shape[1]) < lengths[:, None]])
    return np.concatenate(parts)


def add_state_space(name: str, space: Space, out: Path | None = None) -> None:
    """Save a checkpoint again with its state space, noted in its card; nothing else changes."""
    checkpoint = checkpoints.load(name, out)
    card = checkpoint.card
    rows = min(ROWS, card["data"]["held_out_rows"])
    card = {**card, "state_space": {"rows": rows, "seed": SEED, "explained": space.explained.tolist()}}
    checkpoints.save_again(checkpoint, card, out, state_space=space)
