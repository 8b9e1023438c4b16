"""Hidden states as points: they are the traces', projected; what a component holds is counted by responsibility."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.targets import Target
from core.lab.mixture.states import OWN, READ_OUT, regimes, sentence, states_of
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.state_space import fit, fit_several
from core.models.trace import trace
from tests.conftest import WORDS
from tests.probes.small_models import random_checkpoint

TEXTS = ["not good", "i love this movie", "", "never bad but so sad"]


@pytest.fixture(params=["rnn", "gru", "lstm"])
def checkpoint(request: pytest.FixtureRequest, tiny_checkpoints: Path) -> Checkpoint:
    return checkpoints.load(request.param, tiny_checkpoints)


def test_states_are_those_of_the_traces(checkpoint: Checkpoint) -> None:
    found = states_of(checkpoint, TEXTS, OWN, 5)
    traces = [trace(checkpoint, text) for text in TEXTS if text]
    h = np.concatenate([one.h for one in traces]).astype(np.float64)
    assert found.tokens == tuple(token for one in traces for token in one.tokens)
    assert found.probability == pytest.approx(np.concatenate([one.probability for one in traces]))
    assert found.index.tolist() == [1, 2, 1, 2, 3, 4, 1, 2, 3, 4, 5]
    assert (found.skipped, len(found.sentences)) == (1, 3)
    # Principal components: uncorrelated, about the mean, with the largest variances there are.
    covariance = np.cov(found.points.T, bias=True)
    assert covariance == pytest.approx(np.diag(np.diag(covariance)), abs=1e-9)
    assert found.points.mean(axis=0) == pytest.approx(0, abs=1e-9)
    largest = np.linalg.eigvalsh(np.cov(h.T, bias=True))[::-1]
    assert np.diag(covariance) == pytest.approx(largest[:5])
    assert found.explained == pytest.approx(largest[:5] / largest.sum())


def test_along_the_read_out_a_place_is_a_logit(checkpoint: Checkpoint) -> None:
    weights, bias = checkpoint.model.linear.weight.detach()[0].numpy(), checkpoint.model.linear.bias.item()
    space = fit(np.random.default_rng(0).normal(size=(50, len(weights))), weights, bias)
    found = states_of(replace(checkpoint, state_space=space), TEXTS, READ_OUT, 3)
    logits = space.scale * found.points[:, 0] + bias
    assert 1 / (1 + np.exp(-logits)) == pytest.approx(found.probability, abs=1e-5)


def test_what_a_component_holds(checkpoint: Checkpoint) -> None:
    found = states_of(checkpoint, ["good good bad", "bad"])
    delta = np.array([[1.0, 0.0, 0.0], [0.75, 0.25, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    first, second, empty = regimes(found, delta)
    p = found.probability
    assert (first.count, first.share) == (1.75, 1.75 / 4)
    assert first.probability == pytest.approx((p[0] + 0.75 * p[1]) / 1.75)
    assert first.positive == pytest.approx(((p[0] >= 0.5) + 0.75 * (p[1] >= 0.5)) / 1.75)
    assert first.index == pytest.approx((1 + 0.75 * 2) / 1.75)
    assert [(one.token, one.held, one.occurrences) for one in first.tokens] == [("good", 1.75, 2)]
    assert [(one.token, one.held, one.occurrences) for one in second.tokens] == [("bad", 2.0, 2)]
    assert f"{first.probability:.2f}" in sentence(found, first) and "1.8 of 4 states" in sentence(found, first)
    assert sentence(found, empty) == "Component 3 holds no state."
    with pytest.raises(ValueError, match="3 responsibilities for 4 states"):
        regimes(found, delta[:3])


def test_states_of_three_classes_are_described_by_the_target() -> None:
    labels = ("late", "lost", "fine")
    asked = random_checkpoint("gru", WORDS, labels=labels)
    weights, bias = (part.numpy() for part in (asked.model.linear.weight, asked.model.linear.bias))
    asked = replace(asked, state_space=fit_several(np.random.default_rng(0).normal(size=(50, 5)), weights, bias))
    target = Target(labels, 1)
    found = states_of(asked.targeted(target), TEXTS, READ_OUT, 3)
    read = [trace(asked.targeted(target), text) for text in TEXTS if text]
    scores = np.concatenate([one.scores for one in read if one.scores is not None])
    assert found.probability == pytest.approx(np.concatenate([one.probability for one in read]))
    assert found.predicted.tolist() == scores.argmax(axis=1).tolist() and found.target == target
    assert "lost" in found.axes[0] and "late" in found.axes[0]  # the first of the others
    apart = scores[:, 1] - scores[:, 0]
    slope, _constant = np.polyfit(found.points[:, 0], apart, 1)
    assert slope == pytest.approx(np.linalg.norm(weights[1] - weights[0]), rel=1e-4)
    (whole,) = regimes(found, np.ones((len(scores), 1)))
    assert whole.positive == pytest.approx((scores.argmax(axis=1) == 1).mean())
    assert "P(lost)" in sentence(found, whole) and "predicted lost" in sentence(found, whole)
    with pytest.raises(ValueError, match=r"name the target class$"):
        states_of(asked, TEXTS)


def test_what_is_refused(checkpoint: Checkpoint) -> None:
    for texts, axes, dimensions, said in (
        ([], OWN, 2, "1 to 200 sentences"),
        (["good"] * 201, OWN, 2, "1 to 200 sentences"),
        (["good " * 300] * 10, OWN, 2, "3,000 tokens"),
        (["", "  "], OWN, 2, "none of the sentences"),
        (["good"], OWN, 2, "one token|single token"),
        (["good bad"], OWN, 2, "1 principal components; 2"),
        (TEXTS, OWN, 11, "2 to 10"),
        (TEXTS, READ_OUT, 4, "2 to 3"),
    ):
        with pytest.raises(ValueError, match=said):
            states_of(checkpoint, texts, axes, dimensions)
    for axes, said in (("other", "there are: own, read-out"), (READ_OUT, "no axes of its own")):
        with pytest.raises(LookupError, match=said):
            states_of(checkpoint, TEXTS, axes)
