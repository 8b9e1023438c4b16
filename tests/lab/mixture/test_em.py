"""Mixtures by EM: a worked example, the laws of both half-steps, scikit-learn, collapse and the floor, refusals."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.lab.mixture.check import agreement, largest, log_likelihood_of, slips
from core.lab.mixture.collapse import collapse, explained
from core.lab.mixture.em import (
    FLOOR,
    KINDS,
    Kind,
    Mixture,
    Parameters,
    expectation,
    first_guess,
    fit,
    maximisation,
)
from core.lab.mixture.kmeans import compare, kmeans
from core.lab.mixture.points import TOYS, draw, read_points, read_responsibilities, read_start
from core.lab.typed_numbers import LARGEST, MOST_POINTS

pytestmark = pytest.mark.filterwarnings("error")


def random_points(seed: int, points: int = 40, dimensions: int = 2) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = random.normal(scale=3, size=(3, dimensions))
    return centres[random.integers(0, 3, points)] + random.normal(size=(points, dimensions)) @ random.normal(
        size=(dimensions, dimensions)
    )


def run(
    points: np.ndarray,
    components: int,
    iterations: int,
    reg_covar: float = 0.0,
    seed: int = 0,
    kind: Kind = "full",
) -> Mixture:
    return fit(points, first_guess(points, components, seed, reg_covar, kind), iterations, reg_covar, kind)


def slow_expectation(points: np.ndarray, parameters: Parameters) -> tuple[np.ndarray, float]:
    """Densities as they stand in the equations, point by point, without logarithms."""
    joint = np.zeros((len(points), parameters.components))
    for i, x in enumerate(points):
        for k in range(parameters.components):
            d, covariance = x - parameters.means[k], parameters.covariances[k]
            root = math.sqrt(float(np.linalg.det(2 * math.pi * covariance)))
            joint[i, k] = parameters.weights[k] * math.exp(-0.5 * d @ np.linalg.inv(covariance) @ d) / root
    return joint / joint.sum(axis=1, keepdims=True), float(np.log(joint.sum(axis=1)).sum())


def test_two_points_and_two_components_by_hand() -> None:
    # Points 0 and 2 on a line, means on them, variance 1: the log-odds of either are 2² / 2 = 2.
    start = Parameters(np.array([0.5, 0.5]), np.array([[0.0], [2.0]]), np.ones((2, 1, 1)))
    (made,) = fit(np.array([[0.0], [2.0]]), start, 1, 0).iterations
    own = 1 / (1 + math.exp(-2))
    assert made.responsibilities == pytest.approx(np.array([[own, 1 - own], [1 - own, own]]))
    assert made.maximised.counts == pytest.approx([1, 1])
    assert made.after.weights == pytest.approx([0.5, 0.5])
    assert made.after.means[:, 0] == pytest.approx([2 * (1 - own), 2 * own])
    assert made.after.covariances[:, 0, 0] == pytest.approx([4 * own * (1 - own)] * 2)
    density = 0.5 * (1 + math.exp(-2)) / math.sqrt(2 * math.pi)
    assert made.log_likelihood_before == pytest.approx(2 * math.log(density))
    assert made.log_likelihood > made.log_likelihood_before
    assert not made.floor_active and not made.fell


def test_two_points_in_the_plane_need_regularisation() -> None:
    # Neither point tells anything of the second axis: there all variance is what is added.
    start = Parameters(np.array([0.5, 0.5]), np.array([[0.0, 0.0], [2.0, 0.0]]), np.repeat(np.eye(2)[None], 2, axis=0))
    (made,) = fit(np.array([[0.0, 0], [2, 0]]), start, 1, 0.25).iterations
    own = 1 / (1 + math.exp(-2))
    expected = np.diag([4 * own * (1 - own) + 0.25, 0.25])
    assert made.after.covariances == pytest.approx(np.array([expected, expected]))
    assert made.maximised.held == (0, 1) and made.maximised.floored == () and made.floor_active


@pytest.mark.parametrize("dimensions", [1, 2, 3, 5])
def test_the_expectation_is_the_equations(dimensions: int) -> None:
    points = random_points(dimensions, 30, dimensions)
    parameters = run(points, 3, 2, 1e-3).parameters
    fast, (slow, log_likelihood) = expectation(points, parameters), slow_expectation(points, parameters)
    assert fast.responsibilities == pytest.approx(slow, abs=1e-12)
    assert fast.responsibilities.sum(axis=1) == pytest.approx(1)
    assert fast.log_likelihood == pytest.approx(log_likelihood)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(12, 60), st.integers(1, 3), st.sampled_from(KINDS))
def test_neither_half_step_lowers_the_bound_without_regularisation(
    seed: int, components: int, points: int, dimensions: int, kind: Kind
) -> None:
    found = run(random_points(seed, points, dimensions), components, 15, 0.0, seed, kind)
    for made in found.iterations:
        if made.maximised.floored:
            return  # something is added from here on
        slack = 1e-9 * max(1, abs(made.log_likelihood))
        assert made.log_likelihood_before <= made.bound + slack
        assert made.bound <= made.log_likelihood + slack
        assert not made.fell
    for before, after in pairwise(found.iterations):
        assert after.log_likelihood_before == before.log_likelihood


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 4), st.floats(0, 2))
def test_the_maximisation_has_no_better_neighbour(seed: int, components: int, size: float) -> None:
    """The M-step's parameters are where F is largest: steps away from them lower it."""
    random = np.random.default_rng(seed)
    points = random_points(seed)
    delta = random.dirichlet(np.ones(components), len(points))
    best = maximisation(points, delta, 0.0).parameters

    def bound(parameters: Parameters) -> float:
        return float((delta * expectation(points, parameters).log_joint).sum())

    moved = replace(best, means=best.means + 0.01 * (0.1 + size) * random.normal(size=best.means.shape))
    grown = replace(best, covariances=best.covariances * (1.05 + size))
    weights = random.dirichlet(np.ones(components))
    for other in (moved, grown, replace(best, weights=weights)):
        assert bound(other) <= bound(best) + 1e-9


def test_with_something_added_the_likelihood_can_fall_and_that_is_seen() -> None:
    points = draw("clouds", 150, 0)
    free = run(points, 3, 60)
    again = fit(points, free.parameters, 5, 1.0)
    assert again.iterations[0].fell
    assert again.iterations[0].log_likelihood < free.iterations[-1].log_likelihood
    assert not any(made.fell for made in free.iterations)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_at_the_maximisation_is_zero_in_every_direction_of_its_kind(kind: Kind) -> None:
    """Autograd of F over means, the logits of the weights, and the free entries of a factor of each covariance."""
    torch = pytest.importorskip("torch")
    points = random_points(3, 30, 2)
    delta = np.random.default_rng(0).dirichlet(np.ones(3), len(points))
    best = maximisation(points, delta, 0.0, kind).parameters
    x, share = torch.tensor(points), torch.tensor(delta)
    means = torch.tensor(best.means, requires_grad=True)
    logits = torch.tensor(np.log(best.weights), requires_grad=True)
    lower = torch.linalg.cholesky(torch.tensor(best.covariances))
    free = {
        "full": lower,
        "tied": lower[0],
        "diag": torch.diagonal(lower, dim1=1, dim2=2),
        "spherical": lower[:, 0, 0],
    }[kind]
    free = free.clone().requires_grad_()
    if kind in ("full", "tied"):
        factor = torch.tril(free).expand(3, 2, 2)
    elif kind == "diag":
        factor = torch.diag_embed(free)
    else:
        factor = free[:, None, None] * torch.eye(2, dtype=free.dtype)
    density = torch.distributions.MultivariateNormal(means, scale_tril=factor).log_prob(x[:, None])
    bound = (share * (torch.log_softmax(logits, 0) + density)).sum()
    assert bound.item() == pytest.approx(float((delta * expectation(points, best).log_joint).sum()))
    for gradient in torch.autograd.grad(bound, (means, logits, free)):
        shown = torch.tril(gradient) if kind in ("full", "tied") and gradient.shape[-2:] == (2, 2) else gradient
        assert float(shown.abs().max()) < 1e-9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reg_covar", [0.0, 1e-6, 0.1, 5.0])
@pytest.mark.parametrize(("dimensions", "components"), [(1, 2), (2, 1), (2, 3), (3, 4), (6, 2)])
def test_scikit_learn_agrees_from_the_same_start(
    dimensions: int, components: int, reg_covar: float, kind: Kind
) -> None:
    points = random_points(7, 120, dimensions)
    found = run(points, components, 12, reg_covar, kind=kind)
    checks = agreement(found)
    assert list(checks) == list(range(1, 13))
    assert all(difference is not None and difference < 1e-6 for difference in checks.values())
    assert agreement(found, [5]) == {5: checks[5]}


def test_the_comparison_would_see_a_difference() -> None:
    points = random_points(1)
    found = run(points, 2, 3)
    wrong = replace(found.iterations[2].maximised.parameters, means=found.iterations[2].after.means + 1e-5)
    maximised = replace(found.iterations[2].maximised, parameters=wrong)
    spoilt = replace(found, iterations=(*found.iterations[:2], replace(found.iterations[2], maximised=maximised)))
    difference = largest(agreement(spoilt))
    assert difference is not None and difference > 1e-6


def test_the_comparison_leaves_warnings_as_they_are() -> None:
    before = list(warnings.filters)
    agreement(run(random_points(3), 2, 2))
    assert list(warnings.filters) == before


def test_a_collapsing_component_is_regularised_and_named() -> None:
    points = np.concatenate([random_points(0, 40), [[60.0, 60.0]] * 3])
    start = first_guess(points, 2, 0)
    start = replace(start, means=np.array([points[:40].mean(axis=0), [60.0, 60.0]]))
    free = fit(points, start, 30, 0.0)
    floored = [made for made in free.iterations if made.maximised.floored]
    assert floored and all(made.maximised.floored == (1,) and made.floor_active for made in floored)
    last = floored[-1]
    assert np.isfinite(last.log_likelihood)
    assert last.after.covariances[1] == pytest.approx(np.diag(FLOOR * points.var(axis=0)), rel=1e-6)
    checks = agreement(free)
    first = floored[0].number
    assert all((difference is None) == (number >= first) for number, difference in checks.items())
    held = fit(points, start, 30, 1e-3)
    assert held.iterations[-1].maximised.held == (1,) and held.iterations[-1].maximised.floored == ()
    assert largest(agreement(held)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("points", [[[0, 0], [1, 1], [2, 2], [3, 3]], [[5, 1], [5, 2], [5, 3], [5, 9]]])
def test_points_on_a_line_are_regularised(points: list[list[float]]) -> None:
    found = run(np.array(points, dtype=float), 2, 20)
    assert all(np.isfinite(made.log_likelihood) for made in found.iterations)
    assert found.iterations[-1].maximised.floored == (0, 1)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, LARGEST / 100])
def test_the_size_of_the_numbers_does_not_matter(scale: float) -> None:
    points = random_points(4) / 10
    one, other = run(points, 3, 10), run(points * scale, 3, 10)
    assert other.iterations[-1].responsibilities == pytest.approx(one.iterations[-1].responsibilities, abs=1e-6)
    assert other.parameters.means == pytest.approx(one.parameters.means * scale, rel=1e-6)


def test_the_largest_and_unequal_axes_stay_finite() -> None:
    points = random_points(5) * [1.0, 1e-4]
    points = np.concatenate([points, [[LARGEST, -LARGEST], [-LARGEST, LARGEST]]])
    for reg_covar in (0.0, 1e-6):
        found = run(points, 4, 25, reg_covar)
        for made in found.iterations:
            assert np.isfinite(made.log_likelihood) and np.isfinite(made.after.covariances).all()
            assert np.isfinite(made.responsibilities).all()


def test_half_steps_are_what_they_say() -> None:
    found = run(random_points(2), 2, 3)
    assert found.responsibilities_at(0) is None
    assert found.parameters_at(0) is found.parameters_at(1) is found.start
    assert found.parameters_at(2) is found.parameters_at(3) is found.iterations[0].after
    assert found.responsibilities_at(2) is found.iterations[0].responsibilities
    assert found.responsibilities_at(3) is found.iterations[1].responsibilities
    assert found.parameters_at(6) is found.parameters


def test_the_slips_forget_the_component_and_the_divisor() -> None:
    points = random_points(6)
    (made,) = run(points, 3, 1).iterations
    found, counts = slips(points, made), made.maximised.counts
    assert found["truth"].means == pytest.approx(made.after.means)
    assert found["truth"].covariances == pytest.approx(made.after.covariances)
    assert found["both"].means == pytest.approx(np.repeat(points.sum(axis=0)[None], 3, axis=0))
    pooled = sum(counts[k] * made.after.covariances[k] for k in range(3))
    assert found["both"].covariances == pytest.approx(np.repeat(pooled[None], 3, axis=0))
    assert found["below"].means == pytest.approx(made.after.means * counts[:, None])
    assert found["below"].covariances == pytest.approx(made.after.covariances * counts[:, None, None])
    assert found["above"].means == pytest.approx(points.sum(axis=0) / counts[:, None])
    assert found["above"].covariances == pytest.approx(pooled / counts[:, None, None])
    right, wrong = (log_likelihood_of(points, made, one) for one in (found["truth"], found["both"]))
    assert right == pytest.approx(made.log_likelihood)
    assert wrong is not None and right is not None and wrong < right


def test_the_start_is_the_seeds_and_lies_on_points() -> None:
    points = draw("clouds", 80, 0)
    one, same, other = (first_guess(points, 3, seed) for seed in (1, 1, 2))
    assert (one.means == same.means).all() and not (one.means == other.means).all()
    assert all((points == mean).all(axis=1).any() for mean in one.means)
    assert len(np.unique(one.means, axis=0)) == 3
    with_all = first_guess(np.array([[0, 0], [1, 0], [0, 1]]), 3, 0)
    assert len(np.unique(with_all.means, axis=0)) == 3


def test_what_is_refused_in_one_line() -> None:
    for points, components, said in (
        ([[0, 0], [1, 1], [1, 1]], 3, "more than the 2 different points"),
        ([[1, 2]] * 5, 1, "all 5 points are equal"),
        ([[1e5, 1e5], [1e5, 1e5 + 1e-11]], 1, "all 2 points are equal"),
        ([[1, 2], [math.nan, 1]], 1, "finite numbers from"),
        ([[1, 2], [math.inf, 1]], 1, "finite numbers from"),
        ([[1e308, 1e308], [-1e308, 0]], 1, "finite numbers from"),
        ([[0, 0], [1, 1]], 0, "expected 1 to 20"),
        ([[0, 0], [1, 1]], 10**9, "expected 1 to 20"),
    ):
        with pytest.raises(ValueError, match=said) as error:
            first_guess(np.array(points, dtype=float), components, 0)
        assert "\n" not in str(error.value)


def test_numbers_out_of_bounds_are_refused() -> None:
    points = random_points(0)
    start = first_guess(points, 2, 0)
    with pytest.raises(ValueError, match="not positive definite"):
        fit(points, replace(start, covariances=-start.covariances), 1)
    for iterations in (0, 10_000):
        with pytest.raises(ValueError, match="expected 1 to 500"):
            fit(points, start, iterations)
    for reg_covar in (-1.0, math.nan, math.inf, 1e308):
        with pytest.raises(ValueError, match="from 0 to"):
            first_guess(points, 2, 0, reg_covar)
    with pytest.raises(ValueError, match="seed"):
        first_guess(points, 2, -1)


@pytest.mark.parametrize("name", TOYS)
def test_toys_are_drawn_from_their_seed(name: str) -> None:
    assert (draw(name, 50, 3) == draw(name, 50, 3)).all()
    assert draw(name, 50, 3).shape == (50, 2)
    assert not (draw(name, 50, 3) == draw(name, 50, 4)).all()


def test_drawing_refuses_what_there_is_not() -> None:
    with pytest.raises(LookupError, match="there are: clouds"):
        draw("nothing", 50, 0)
    with pytest.raises(ValueError, match="10 to 2,000"):
        draw("clouds", 9, 0)
    with pytest.raises(ValueError, match="seed"):
        draw("clouds", 50, -1)


def test_points_are_read_line_by_line() -> None:
    assert read_points("1, 2\n\n3;4\n 5\t6 \n7 8").tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert read_points("x,y\n1,2\n3,4", header=True).tolist() == [[1, 2], [3, 4]]
    assert read_points("1\n\n2.5\n-3").tolist() == read_points(" 1, 2.5 -3 ").tolist() == [[1], [2.5], [-3]]


def test_a_bad_line_is_named() -> None:
    for text, said in (
        ("", "expected one number or two|given: 0"),
        ("1, 2", "given: 1"),
        ("1, 2\n3", "line 2 is '3'; expected two numbers"),
        ("1\n3, 4", "line 2 is '3, 4'; expected one number"),
        ("1, 2\n\n3, 4, 5", "line 3 is '3, 4, 5'"),
        ("1, 2\n1e308, 3", "line 2 is '1e308, 3'; expected numbers from"),
        ("1\n1e308", "line 2 is '1e308'; expected numbers from"),
        ("x, y\n1, 2", "line 1"),
        ("1, 2, x", "number 3: 'x' is not a number"),
        ("1, 2, 1e7", "finite numbers from"),
        ("1 2\n" * (MOST_POINTS + 1), "more than 2,000"),
        ("1 " * (MOST_POINTS + 1), "more than 2,000"),
        ("1" * 100_000, "given: 1|line 1|number 1"),
    ):
        with pytest.raises(ValueError, match=said) as error:
            read_points(text)
        assert len(str(error.value)) < 200 and "\n" not in str(error.value)


def test_a_start_is_read_for_every_kind() -> None:
    line = read_start("1/3, 0, 1\n2/3 4 sqrt(4)", 1, "full")
    assert line.weights == pytest.approx([1 / 3, 2 / 3])
    assert line.means.tolist() == [[0], [4]] and line.covariances.tolist() == [[[1]], [[2]]]
    full = read_start("0.5, 1, 2, 3, 0.5, 4\n0.5, 1, 2, 3, 0.5, 4", 2, "tied")
    assert full.covariances[1].tolist() == [[3, 0.5], [0.5, 4]] and full.means[0].tolist() == [1, 2]
    assert read_start("1, 0, 0, 2, 3", 2, "diag").covariances.tolist() == [[[2, 0], [0, 3]]]
    assert read_start("1, 0, 0, 2", 2, "spherical").covariances.tolist() == [[[2, 0], [0, 2]]]
    assert read_responsibilities("0.5 0.5\n1/3, 2/3", 2) == pytest.approx(np.array([[0.5, 0.5], [1 / 3, 2 / 3]]))


def test_a_start_that_cannot_be_is_refused_in_one_line() -> None:
    for text, dimensions, kind, said in (
        ("", 1, "full", "one line or more"),
        ("0.5, 0", 1, "full", "line 1 is '0.5, 0'; expected π, μ, σ²"),
        ("1, 0, x", 1, "full", "line 1"),
        ("1, 0, 1, 2", 1, "full", "line 1"),
        ("1, 0, 1e308", 1, "full", "line 1"),
        ("0.5, 0, 1\n0.4, 1, 1", 1, "full", "sum to 0.9; expected 1"),
        ("1.5, 0, 1\n-0.5, 1, 1", 1, "full", "above 0"),
        ("1, 0, 0", 1, "full", "component 1 is not positive definite"),
        ("1, 0, 0, 1, 2, 1", 2, "full", "component 1 is not positive definite"),
        ("0.5, 0, 1\n0.5, 0, 2", 1, "tied", "shared covariance"),
        ("1 " * 50_000, 1, "full", "line 1"),
        ("9" * 10_000, 1, "full", "line 1"),
        ("0.1, 0, 1\n" * 30, 1, "full", "more than 20 lines"),
    ):
        with pytest.raises(ValueError, match=said) as error:
            read_start(text, dimensions, kind)
        assert len(str(error.value)) < 200 and "\n" not in str(error.value)
    for text, said in (
        ("0.5 0.5", "each of the 2 points; given: 1"),
        ("0.5 0.5\n0.5 0.4", "point 2 sum to 0.9"),
        ("1.5 -0.5\n0.5 0.5", "from 0 to 1"),
        ("0.5 0.5\n1", "line 2"),
        ("1 0\n1 0", "every component"),
        ("1 0 " * 20 + "\n" + "1 0 " * 20, "20 at most"),
    ):
        with pytest.raises(ValueError, match=said) as error:
            read_responsibilities(text, 2)
        assert len(str(error.value)) < 200 and "\n" not in str(error.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_collapse_is_seen_before_it_happens(kind: Kind) -> None:
    points = read_points("1 1.4 2.1 5 5.4 6.3")
    start = read_start("0.5, 1.5, 0.5\n0.4, 5.2, 0.5\n0.1, 6.3, 0.5", 1, kind)
    found = collapse(fit(points, start, 1, 1e-3, kind))
    if kind == "tied":
        assert found is None  # the shared variance is of all points
        return
    assert found is not None and (found.component, found.points) == (2, (5,))
    free = fit(points, start, found.iteration - 1, 0.0, kind)
    assert not any(made.maximised.floored for made in free.iterations)
    assert found.determinants[:-1, 2] == pytest.approx(
        [start.covariances[2, 0, 0], *(made.after.covariances[2, 0, 0] for made in free.iterations)]
    )
    assert (np.diff(found.determinants[:, 2]) < 0).all() and found.determinants[-1, 2] < 1e-10
    assert (np.diff(found.log_likelihoods) > 0).all()
    held = fit(points, start, 50, 1e-3, kind)
    assert not any(made.maximised.floored for made in held.iterations)
    happens, done = explained(found, held)
    assert f"component 3 collapses at iteration {found.iteration} on x6" in happens
    assert f"{held.iterations[-1].log_likelihood:.3f}" in done
    assert collapse(run(random_points(0), 2, 3)) is None


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 6))
def test_k_means_is_scikit_learns(seed: int, components: int, iterations: int) -> None:
    from sklearn.cluster import KMeans

    points = random_points(seed)
    start = first_guess(points, components, seed).means
    centres, clusters = kmeans(points, start, iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = KMeans(components, init=start, n_init=1, max_iter=iterations, tol=0).fit(points)
    assert centres == pytest.approx(other.cluster_centers_, abs=1e-9)
    assert clusters.tolist() == other.labels_.tolist()
    found = compare(run(points, components, iterations, 1e-3, seed), iterations)
    assert found.apart == tuple(np.flatnonzero(found.components != clusters))


def test_the_first_means_follow_the_units_of_the_axes() -> None:
    points = np.random.default_rng(0).normal(size=(60, 2)) * [1.0, 30.0]
    for seed in range(5):
        plain = first_guess(points, 4, seed=seed)
        for scale in ([1_000.0, 1.0], [1.0, 1_000.0]):
            np.testing.assert_allclose(first_guess(points * scale, 4, seed=seed).means, plain.means * scale)
