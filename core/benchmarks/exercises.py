"""The Maths lab's exercises, worked out step by step, beside libraries that give the result alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import TYPE_CHECKING

import numpy as np

from core.benchmarks.measured import Measured, best_in_turn

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint


def lstm_by_hand(steps: int, rounds: int) -> Measured:
    """An LSTM of one unit with every product written out, against torch's with the same weights."""
    import torch

    from core.lab.cells.arithmetic import Exercise, work
    from core.lab.cells.lstm_exercise import presets

    preset = presets()["lstm"]
    exercise = Exercise(preset.cell, preset.gates, tuple(islice(cycle(preset.inputs), steps)))
    x = torch.tensor(exercise.inputs, dtype=torch.float64)
    cell = torch.nn.LSTM(exercise.width, 1).double().requires_grad_(False)
    z, i, f, o = exercise.gates
    torch_order = (i, f, z, o)
    weights = {
        "weight_ih_l0": [gate.inputs for gate in torch_order],
        "weight_hh_l0": [[gate.state] for gate in torch_order],
        "bias_ih_l0": [gate.bias for gate in torch_order],
        "bias_hh_l0": [0.0] * len(torch_order),
    }
    cell.load_state_dict({name: torch.tensor(values, dtype=x.dtype) for name, values in weights.items()})

    difference = float(np.abs(cell(x)[0][:, 0].numpy() - [step.y for step in work(exercise).steps]).max())
    took, reference = best_in_turn(rounds, lambda: work(exercise), lambda: cell(x))
    what = f"an LSTM of one unit by hand, {steps} steps"
    return Measured("lab", what, took, "torch’s LSTM, nothing written out", reference, difference=difference)


def bptt(steps: int, rounds: int) -> Measured:
    """Backpropagation through time as sums over time, checks included, against autograd."""
    from core.lab.bptt.gradients import Exercise, autograd, backpropagation

    exercise = Exercise().over(steps)
    difference = backpropagation(exercise).largest_error_autograd
    took, reference = best_in_turn(rounds, lambda: backpropagation(exercise), lambda: autograd(exercise))
    what = f"backpropagation through {steps} steps, checked two ways"
    return Measured("lab", what, took, "autograd alone, one of the two", reference, difference=difference)


def boosting(points: int, times: int, rounds: int) -> Measured:
    """Stumps boosted by hand, against scikit-learn's."""
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    from core.lab.boosting.points import draw
    from core.lab.boosting.stumps import boost_stumps

    cloud = draw("blobs", 3, points, 1)

    def theirs() -> AdaBoostClassifier:
        stump = DecisionTreeClassifier(max_depth=1)
        return AdaBoostClassifier(stump, n_estimators=times, random_state=0).fit(cloud.points, cloud.labels)

    def ours() -> list[float]:
        return [made.error for made in boost_stumps(cloud.points, cloud.labels, cloud.classes, times).rounds]

    difference = float(np.abs(np.array(ours()) - theirs().estimator_errors_).max())
    took, reference = best_in_turn(rounds, ours, theirs)
    what = f"{times} rounds of boosting on {points} points"
    return Measured("lab", what, took, "scikit-learn’s AdaBoostClassifier", reference, difference=difference)


def mixture(points: int, iterations: int, rounds: int) -> Measured:
    """Iterations of EM by hand, all kept, against scikit-learn's from the same start."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    from core.lab.mixture.em import first_guess, fit
    from core.lab.mixture.points import draw, toys

    x = draw(toys()[0], points, 0)
    start = first_guess(x, 3, 0)

    def theirs() -> GaussianMixture:
        model = GaussianMixture(
            3,
            tol=0,
            max_iter=iterations,
            weights_init=start.weights,
            means_init=start.means,
            precisions_init=np.linalg.inv(start.covariances),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is to stop after so many
            return model.fit(x)

    difference = float(np.abs(fit(x, start, iterations).parameters.means - theirs().means_).max())
    took, reference = best_in_turn(rounds, lambda: fit(x, start, iterations), theirs)
    what = f"{iterations} iterations of EM on {points} points"
    return Measured("lab", what, took, "scikit-learn’s GaussianMixture", reference, difference=difference)


def quick(_models: list[Checkpoint]) -> Iterator[Measured]:
    """A look at each; no model is asked."""
    yield lstm_by_hand(100, 3)
    yield bptt(50, 3)
    yield boosting(150, 15, 2)
    yield mixture(300, 30, 3)


def whole(_models: list[Checkpoint]) -> Iterator[Measured]:
    """The same, longer."""
    yield lstm_by_hand(200, 10)
    yield bptt(100, 10)
    yield boosting(300, 25, 5)
    yield mixture(1_000, 100, 5)
