"""A model's states after every token of many sentences: the top layer's, a batch of sentences at a time.

Hidden states come from torch's fused modules, an LSTM's cell states from `core.models.recurrent`'s own steps. Axes: B
sentences, T tokens of the longest of a batch, N tokens in all, H units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from core.data.corpus import Encoded, length_batches, pad

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.recurrent import Classifier

HIDDEN, CELL = STATES = ("h", "c")
_BATCH = 256  # sentences at a time


def check_state(model: Classifier, state: str) -> None:
    """Raises ValueError for a state that a model does not have, and for a bidirectional model."""
    model.check_plain()
    available = STATES if model.cell == "lstm" else (HIDDEN,)
    if state not in available:
        raise ValueError(f"the {model.cell} has no state {state!r}; available: {', '.join(available)}")


def token_states(
    model: Classifier, sentences: Encoded, state: str, check_cancelled: Callable[[], object] = lambda: None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of all tokens: their indices in ``sentences.ids``, int64 [N], and their states, float32 [N, H].

    `check_cancelled` is called before each batch, and before each step of a cell state; what it raises ends the work.
    Raises ValueError for a state that the model does not have.
    """
    import torch

    check_state(model, state)
    for rows in length_batches(sentences.lengths, _BATCH):
        check_cancelled()
        ids, lengths = pad(sentences, rows)
        inside = np.arange(ids.shape[1]) < lengths[:, None]
        with torch.inference_mode():
            x = model.embedding(torch.from_numpy(ids))
            states = model.recurrent(x)[0] if state == HIDDEN else _cells(model, x, check_cancelled)
        indices = sentences.offsets[rows][:, None] + np.arange(ids.shape[1])
        yield indices[inside], states.numpy()[inside]


def _cells(model: Classifier, x: Tensor, check_cancelled: Callable[[], object]) -> Tensor:
    """The top layer's cell states [B, T, H] while embedded tokens x [B, T, E] are read."""
    import torch

    state = model.start(len(x))
    cells = []
    for token in x.unbind(1):
        check_cancelled()
        state = model.step(token, state).state
        assert state.c is not None
        cells.append(state.c[-1])
    return torch.stack(cells, dim=1)
