"""Training against replaced words: what is replaced, and that intervals hold every replacement."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.models.recurrent import CELLS, Classifier
from core.training.robust import replaced, worst_scores

WORDS, MOST = 12, 3


def _substitutes() -> torch.Tensor:
    """Of each word of two gold labels up to three others, then the word itself."""
    random = np.random.default_rng(3)
    table = np.tile(np.arange(WORDS)[:, None], (2, 1, MOST))
    for label in range(2):
        for word in range(2, WORDS):
            count = random.integers(0, MOST + 1)
            table[label, word, :count] = random.permutation([w for w in range(2, WORDS) if w != word])[:count]
    return torch.from_numpy(table)


def _batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    ids = torch.randint(2, WORDS, (4, 6), generator=random)
    lengths = torch.tensor([6, 4, 1, 3])
    ids[torch.arange(6) >= lengths[:, None]] = 0
    return ids, lengths, torch.tensor([0, 1, 1, 0])


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_no_replacement_is_worse_than_the_worst_scores(cell, outputs):
    torch.manual_seed(0)
    model = Classifier(cell, WORDS, 5, 7, outputs=outputs).eval()
    substitutes, (ids, lengths, gold) = _substitutes(), _batch()
    with torch.inference_mode():
        worst = worst_scores(model, ids, lengths, gold, substitutes).reshape(4, -1)
        unchanged = worst_scores(model, ids, lengths, gold, substitutes, size=0).reshape(4, -1)
        np.testing.assert_allclose(unchanged, model(ids, lengths).reshape(4, -1), atol=1e-6)
        better = torch.where(gold == 1, 1, -1)[:, None] if outputs == 1 else 2 * torch.eye(3)[gold] - 1
        closest = torch.full_like(worst, np.inf)
        for _trial in range(250):
            scores = model(replaced(ids, gold, substitutes), lengths).reshape(4, -1)
            closest = torch.minimum(closest, better * (scores - worst))
    assert (closest > -1e-6).all()
    assert (closest < 5).all()


def test_words_are_replaced_by_their_own_labels_substitutes():
    torch.manual_seed(0)
    substitutes, (ids, _lengths, gold) = _substitutes(), _batch()
    seen = torch.stack([replaced(ids, gold, substitutes) for _trial in range(200)])
    for row, column in np.ndindex(*ids.shape):
        own = int(ids[row, column])
        allowed = {own, *substitutes[gold[row], own].tolist()}
        assert set(seen[:, row, column].tolist()) == allowed
