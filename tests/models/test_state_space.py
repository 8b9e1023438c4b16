"""Axes by hand, against scikit-learn's components, and the law that the first one is the verdict's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from core.data.corpus import Encoded, encode_tokens
from core.data.labels import SENTIMENT
from core.data.targets import Target
from core.models import checkpoints
from core.models.recurrent import CELLS, Classifier
from core.models.reference_states import of_rows, states
from core.models.state_space import ReadOutSpace, StateSpace, fit, fit_several
from core.models.trace import trace


def some(seed: int = 0, count: int = 200, units: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """States [N, H] that vary more in some directions than in others, and a read-out [H]."""
    random = np.random.default_rng(seed)
    mix = random.normal(size=(units, units)) * np.arange(1, units + 1)
    return random.normal(size=(count, units)) @ mix + random.normal(size=units), random.normal(size=units)


def test_by_hand() -> None:
    """Along the read-out (3, 4, 0, 0) / 5 the variance is 25; across it 16 along (4, −3, 0, 0) / 5 and 4 along the
    third."""
    along, across, third = np.array([0.6, 0.8, 0, 0]), np.array([0.8, -0.6, 0, 0]), np.array([0, 0, 1.0, 0])
    signs = np.array([[a, b, c] for a in (5, -5) for b in (4, -4) for c in (2, -2)], dtype=float)
    space = fit(signs @ np.stack([along, across, third]) + third, np.array([3.0, 4, 0, 0]), bias=-2.0)
    np.testing.assert_allclose(space.axes, [along, across, third], atol=1e-6)
    np.testing.assert_allclose(space.variance, [25, 16, 4])
    np.testing.assert_allclose(space.centre, [0, 0, 1], atol=1e-12)
    assert (space.total, space.scale, space.bias) == (pytest.approx(45), 5, -2)
    np.testing.assert_allclose(space.explained, np.array([25, 16, 4]) / 45)
    np.testing.assert_allclose(space.project(2 * along - third), [2, 0, -1], atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_laws(seed: int) -> None:
    found, read_out = some(seed)
    space = fit(found, read_out, 0.7)
    axes = space.axes.astype(np.float64)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-6)
    places = space.project(found)
    np.testing.assert_allclose(space.scale * places[:, 0] + space.bias, found @ read_out + 0.7, atol=1e-4)
    np.testing.assert_allclose(places.var(axis=0), space.variance, rtol=1e-5)
    np.testing.assert_allclose(places.mean(axis=0), space.centre, atol=1e-4)
    assert space.total == pytest.approx(found.var(axis=0).sum())
    assert space.variance[1] >= space.variance[2] and 0 < space.explained.sum() <= 1
    assert np.all(space.project(np.zeros(6)) == 0)  # the start
    np.testing.assert_array_equal(fit(found[::-1], read_out, 0.7).axes.round(5), space.axes.round(5))
    across = found - np.outer(found @ axes[0], axes[0])
    usual = PCA(2).fit(across)
    np.testing.assert_allclose(np.abs(np.sum(usual.components_ * axes[1:], axis=1)), 1, atol=1e-6)
    np.testing.assert_allclose(usual.explained_variance_ * (len(found) - 1) / len(found), space.variance[1:])


def test_what_does_not_vary_has_no_axis_and_too_little_is_refused() -> None:
    for units in (1, 2, 3):
        found, read_out = some(units=units)
        space = fit(found, read_out, 0.0)
        assert space.axes.shape == (3, units)
        assert np.linalg.norm(space.axes, axis=1).round(5).tolist() == [1] * units + [0] * (3 - units)
        assert space.project(found).shape == (200, 3) and space.explained.sum() == pytest.approx(1)
        StateSpace.from_arrays(space.as_arrays(), units)
    space = fit(np.ones((5, 4)), np.zeros(4), 0.3)
    assert not space.axes.any() and not space.explained.any()
    StateSpace.from_arrays(space.as_arrays(), 4)
    for found, read_out, says in (
        (np.ones((1, 4)), np.ones(4), "at least 2 states; given: 1"),
        (np.full((3, 4), np.nan), np.ones(4), "finite"),
        (np.ones((3, 4)), np.full(4, np.inf), "finite"),
    ):
        with pytest.raises(ValueError, match=says):
            fit(found, read_out, 0.0)
    with pytest.raises(ValueError, match="states of 5 units; the axes are of 6"):
        fit(*some(), 0.0).project(np.zeros((2, 5)))


def test_the_axes_of_two_classes_turn_with_the_target() -> None:
    found, read_out = some()
    space = fit(found, read_out, 0.7)
    assert space.along(Target(SENTIMENT, 1)) is space
    turned, other = space.along(Target(SENTIMENT, 0)), fit(found, -read_out, -0.7)
    for name, array in turned.as_arrays().items():
        np.testing.assert_allclose(array, other.as_arrays()[name], atol=1e-6)


@pytest.mark.parametrize("classes", [3, 4, 7])
@pytest.mark.parametrize("units", [2, 6, 9])
def test_every_pair_of_classes_has_its_axes(classes: int, units: int) -> None:
    found, _one = some(units=units)
    random = np.random.default_rng(classes)
    weights, bias = random.normal(size=(classes, units)), random.normal(size=classes)
    space = fit_several(found, weights, bias)
    again = ReadOutSpace.from_arrays(space.as_arrays(), units, classes)
    assert space.explained.sum() == pytest.approx(1) if units < classes + 2 else space.explained.sum() < 1
    shift = fit_several(found, weights + random.normal(size=units), bias + 3)  # a change that all scores share
    order = random.permutation(classes)
    permuted = fit_several(found, weights[order], bias[order])
    places = np.argsort(order)
    names = tuple(f"c{number}" for number in range(classes))
    for number, against in ((0, 1), (2, 0), (1, classes - 1)):
        pair = space.pair(number, against)
        axes, log_odds = pair.axes.astype(np.float64), found @ (weights[number] - weights[against])
        here = np.diag(np.linalg.norm(axes, axis=1) > 0.5)
        np.testing.assert_allclose(axes @ axes.T, here, atol=1e-5)
        read = pair.scale * pair.project(found)[:, 0] + pair.bias
        np.testing.assert_allclose(read, log_odds + bias[number] - bias[against], atol=1e-3)
        np.testing.assert_allclose(axes[1:] @ (weights - weights[0]).T, 0, atol=1e-5)  # no score turns along these
        np.testing.assert_allclose(pair.project(found).var(axis=0), pair.variance, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(pair.project(found).mean(axis=0), pair.centre, rtol=1e-4, atol=1e-5)
        for other in (again, shift):
            for name, array in pair.as_arrays().items():
                np.testing.assert_allclose(other.pair(number, against).as_arrays()[name], array, rtol=1e-4, atol=1e-5)
        elsewhere = permuted.pair(places[number], places[against])
        for name, array in pair.as_arrays().items():
            np.testing.assert_allclose(elsewhere.as_arrays()[name], array, rtol=1e-4, atol=1e-5)
        along = space.along(Target(names, number, against))
        np.testing.assert_array_equal(along.axes, pair.axes)
    with pytest.raises(ValueError, match="against several"):
        space.along(Target(names, 0))
    with pytest.raises(ValueError, match="shapes"):
        ReadOutSpace.from_arrays(space.as_arrays(), units, classes + 1)
    for wrong in ({"axes": np.ones_like(space.axes)}, {"numbers": np.full(1 + classes, np.inf)}):
        with pytest.raises(ValueError):
            ReadOutSpace.from_arrays(space.as_arrays() | wrong, units, classes)


def test_two_outputs_make_the_axes_of_one() -> None:
    found, read_out = some()
    one, both = fit(found, read_out, 0.7), fit_several(found, np.stack([np.zeros(6), read_out]), np.array([0, 0.7]))
    for name, array in one.as_arrays().items():
        np.testing.assert_allclose(both.pair(1, 0).as_arrays()[name], array, atol=1e-5)
    level = fit_several(found, np.ones((3, 6)), np.zeros(3))  # scores that never differ
    assert not level.axes[:2].any() and not level.pair(0, 1).project(found)[:, 0].any()
    ReadOutSpace.from_arrays(level.as_arrays(), 6, 3)


# The reference states


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_reference_states_are_those_after_every_token(cell: str, layers: int) -> None:
    torch.manual_seed(0)
    model = Classifier(cell, 9, 4, 5, layers).requires_grad_(False).eval()
    random = np.random.default_rng(0)
    lists = [random.integers(1, 9, random.integers(1, 8)).tolist() for _ in range(300)]
    offsets = np.cumsum([0, *(len(ids) for ids in lists)])
    sentences = Encoded(np.concatenate(lists).astype(np.int32), offsets)
    found = states(model, sentences)
    one_by_one = np.concatenate([model.recurrent(model.embedding(torch.tensor([ids])))[0][0].numpy() for ids in lists])
    assert found.shape == one_by_one.shape == (offsets[-1], 5)

    def ordered(rows: np.ndarray) -> np.ndarray:
        return rows[np.lexsort(rows.round(4).T)]

    np.testing.assert_allclose(ordered(found), ordered(one_by_one), atol=1e-5)
    held = np.arange(0, 300, 2)
    space = of_rows(model, sentences, held)
    np.testing.assert_array_equal(of_rows(model, sentences, held).axes, space.axes)  # drawn by a seed
    whole = fit(states(model, sentences.take(held)), model.linear.weight[0].numpy(), model.linear.bias.item())
    np.testing.assert_allclose(space.axes, whole.axes, atol=1e-5)  # all of them, where there are no more than are drawn


def test_no_more_rows_than_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.models import reference_states

    torch.manual_seed(0)
    model = Classifier("gru", 9, 4, 5).requires_grad_(False).eval()
    seen: list[int] = []
    monkeypatch.setattr(reference_states, "ROWS", 7)
    monkeypatch.setattr(
        reference_states,
        "states",
        lambda model, rows: seen.append(len(rows)) or np.random.default_rng(0).random((9, 5)),
    )
    sentences = encode_tokens([["a"]] * 40, checkpoints.load("rnn").vocabulary)
    of_rows(model, sentences, np.arange(40))
    assert seen == [7]


@pytest.mark.parametrize("name", CELLS)
def test_the_shipped_models_have_theirs(name: str) -> None:
    checkpoint = checkpoints.load(name)
    space = checkpoint.state_space
    assert space is not None and space.axes.shape == (3, 256)
    assert checkpoint.card["state_space"]["rows"] == 2_000
    assert checkpoint.card["state_space"]["explained"] == pytest.approx(space.explained.tolist())
    found = trace(checkpoint, "better late than never")
    np.testing.assert_allclose(space.scale * space.project(found.h)[:, 0] + space.bias, found.logit, atol=1e-4)
    assert space.project(found.h).std() < 10 * np.sqrt(space.variance.max())  # of the size of those it was fitted to
