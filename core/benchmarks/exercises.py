"""The Maths lab's exercises, step by step, beside libraries that give only the result."""

from __future__ import annotations

from itertools import cycle, islice

import numpy as np

from core.benchmarks.measured import Measured, Timing, compare, race


def lstm_by_hand(steps: int, rounds: int) -> Measured:
    """An LSTM of one unit with every product written out, against torch's with the same weights."""
    import torch

    from core.lab.cells.arithmetic import Exercise, work
    from core.lab.cells.lstm_exercise import PRESETS

    preset = PRESETS["lstm"]
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

    def ours() -> list[float]:
        return [step.y for step in work(exercise).steps]

    what, than = f"an LSTM of one unit by hand, {steps} steps", "torch’s LSTM, nothing written out"
    return compare("lab", what, ours, than, lambda: cell(x)[0][:, 0].numpy(), rounds)


def bptt(steps: int, rounds: int) -> Measured:
    """Backpropagation through time as sums over time, checks included, against autograd."""
    from core.lab.bptt.gradients import Exercise, autograd, backpropagation

    exercise = Exercise().over(steps)

    def ours() -> float | None:
        return backpropagation(exercise).largest_error_autograd

    what, than = f"backpropagation through {steps} steps, checked two ways", "autograd alone, one of the two"
    return race("lab", what, ours, than, lambda: autograd(exercise), rounds, difference=ours())


def boosting(points: int, times: int, rounds: int) -> Measured:
    """Stumps boosted by hand, against scikit-learn's."""
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    from core.lab.boosting.points import draw
    from core.lab.boosting.stumps import GINI, boost_stumps

    cloud = draw("blobs", 3, points, 1)

    def ours() -> list[float]:
        return [made.error for made in boost_stumps(cloud, times, GINI).rounds]

    def theirs() -> np.ndarray:
        model = AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), n_estimators=times, random_state=0)
        return np.asarray(model.fit(cloud.points, cloud.labels).estimator_errors_)

    what = f"{times} rounds of boosting on {points} points"
    return compare("lab", what, ours, "scikit-learn’s AdaBoostClassifier", theirs, rounds)


def mixture(points: int, iterations: int, rounds: int) -> Measured:
    """Iterations of EM by hand, all kept, against scikit-learn's from the same start."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    from core.lab.mixture.em import first_guess, fit
    from core.lab.mixture.points import TOYS, draw

    x = draw(TOYS[0], points, 0)
    start = first_guess(x, 3, 0)

    def ours() -> np.ndarray:
        return fit(x, start, iterations).parameters.means

    def theirs() -> np.ndarray:
        model = GaussianMixture(
            3,
            tol=0,
            max_iter=iterations,
            weights_init=start.weights,
            means_init=start.means,
            precisions_init=np.linalg.inv(start.covariances),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it stops after so many
            return np.asarray(model.fit(x).means_)

    what = f"{iterations} iterations of EM on {points} points"
    return compare("lab", what, ours, "scikit-learn’s GaussianMixture", theirs, rounds)


TIMINGS = (
    Timing(lstm_by_hand, (100, 3), (200, 10), on="none"),
    Timing(bptt, (50, 3), (100, 10), on="none"),
    Timing(boosting, (150, 15, 2), (300, 25, 5), on="none"),
    Timing(mixture, (300, 30, 3), (1_000, 100, 5), on="none"),
)
