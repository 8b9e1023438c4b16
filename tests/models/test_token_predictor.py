"""A checkpoint as a black box says what it says itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.models import checkpoints
from core.models.predict import verdict_on_tokens
from core.models.token_predictor import checked, predictor
from core.probes.edits.changes import Edit, apply
from core.probes.edits.victims import black_box, white_box

SENTENCES = [("i", "love", "this"), ("no", "good", "unheard", "!"), ("late",)]


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_seen_from_outside_and_inside_it_is_one_model(name: str, tiny_checkpoints: Path) -> None:
    checkpoint = checkpoints.load(name, tiny_checkpoints)
    expected = [verdict_on_tokens(checkpoint, tokens).probability for tokens in SENTENCES]
    np.testing.assert_allclose(predictor(checkpoint)(SENTENCES), expected, atol=1e-6)
    assert predictor(checkpoint)([]).shape == (0,)
    tokens = SENTENCES[1]
    edits = [Edit("delete", place, (token,), ()) for place, token in enumerate(tokens)]
    edits += [Edit("substitute", 2, ("unheard",), (word,)) for word in ("unseen", "bad", "unread")]
    outside, inside = black_box(predictor(checkpoint))(tokens), white_box(checkpoint)(tokens)
    assert outside.logit == pytest.approx(inside.logit, abs=1e-5)
    expected = [verdict_on_tokens(checkpoint, apply(tokens, [edit])).logit for edit in edits]
    for reading, queries in ((outside, 7), (inside, 6)):  # inside, two unknown words are one
        logits, asked = reading.logits(edits)
        np.testing.assert_allclose(logits, expected, atol=1e-5)
        assert asked == queries
    assert outside.effects(edits) is None and not outside.sees_inside
    assert inside.effects(edits).shape == (7,) and inside.sees_inside  # type: ignore[union-attr]


def test_what_is_no_probability() -> None:
    assert checked(np.array([0, 1, 0.5]), 3).dtype == np.float64
    with pytest.raises(ValueError, match=r"for each of 2 sentences; it gave an array of shape \(1,\) from 0.5 to 0.5"):
        checked(np.array([0.5]), 2)
    with pytest.raises(ValueError, match="from -1 to 0"):
        checked(np.array([-1, 0]), 2)
