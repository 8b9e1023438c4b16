"""A checkpoint as a black box says what it says itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.labels import SENTIMENT
from core.data.targets import POSITIVE, Target
from core.models import checkpoints
from core.models.predict import verdict_on_tokens
from core.models.token_predictor import checked, predictor
from core.probes.edits.changes import Edit, apply
from core.probes.edits.victims import black_box, white_box
from tests.conftest import write_tiny_checkpoint

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
    assert outside.own.log_odds(POSITIVE) == pytest.approx(inside.own.log_odds(POSITIVE), abs=1e-5)
    expected = [verdict_on_tokens(checkpoint, apply(tokens, [edit])).logit for edit in edits]
    for reading, queries in ((outside, 7), (inside, 6)):  # inside, two unknown words are one
        verdicts, asked = reading.edited(edits)
        np.testing.assert_allclose(verdicts.log_odds(POSITIVE), expected, atol=1e-5)
        assert verdicts.classes.tolist() == [logit >= 0 for logit in expected]
        assert asked == queries
    assert outside.effects(edits, POSITIVE) is None and not outside.sees_inside
    assert inside.effects(edits, POSITIVE).shape == (7,) and inside.sees_inside  # type: ignore[union-attr]


def test_of_many_classes_each_has_its_probability_whatever_the_target(tmp_path: Path) -> None:
    labels = ("negative", "neutral", "positive")
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=labels)
    checkpoint = checkpoints.load("three", tmp_path)
    expected = [verdict_on_tokens(checkpoint, tokens).distribution for tokens in SENTENCES]
    for model in (checkpoint, checkpoint.targeted(Target(labels, 1))):
        found = checked(predictor(model)(SENTENCES), 3, labels)
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert checked(np.array([[0.2, 0.3005, 0.5]]), 1, labels).shape == (1, 3)
    with pytest.raises(ValueError, match=r"sentence 2 has 0\.9"):
        checked(np.array([[0.2, 0.3, 0.5], [0.2, 0.3, 0.4]]), 2, labels)
    for shape, names in (((2, 2), labels), ((2,), labels), ((2, 3), SENTIMENT), ((2, 1), SENTIMENT)):
        with pytest.raises(ValueError, match="probability from 0 to 1"):
            checked(np.full(shape, 1 / shape[-1]), 2, names)


def test_what_is_no_probability() -> None:
    assert checked(np.array([0, 1, 0.5]), 3).dtype == np.float64
    with pytest.raises(ValueError, match=r"for each of 2 sentences; it gave an array of shape \(1,\) from 0.5 to 0.5"):
        checked(np.array([0.5]), 2)
    with pytest.raises(ValueError, match="from -1 to 0"):
        checked(np.array([-1, 0]), 2)
