"""A mixture to be worked by hand: what is given, the half-steps as parts with blanks, and exercises from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.lab.attempt import Part, Problem
from core.lab.mixture import worksheet
from core.lab.mixture.blanks import Blanks
from core.lab.mixture.em import KINDS, Kind, Parameters, expectation, maximisation
from core.lab.typed_numbers import seeded
from core.lab.worksheet import Line, number
from core.runtime.i18n import gettext as _

MOST_POINTS, MOST_COMPONENTS, MOST_ITERATIONS = 12, 4, 2
_ASKED = 12  # densities of an iteration that are asked for; with more, those of some points


@dataclass(frozen=True, eq=False)
class Exercise:
    """Points [N, D] on a line or in the plane; the parameters or responsibilities [N, K] to start from; what is added.

    From parameters, an iteration is an E-step and an M-step. From responsibilities it is an M-step and an E-step.
    """

    points: np.ndarray
    start: Parameters | np.ndarray
    kind: Kind = "full"
    iterations: int = 1
    reg_covar: float = 0.0

    @property
    def parameters(self) -> Parameters:
        """The parameters of the first E-step."""
        if isinstance(self.start, Parameters):
            return self.start
        return maximisation(self.points, self.start, self.reg_covar, self.kind).parameters


def problem(exercise: Exercise) -> Problem:
    """The exercise with blanks for the densities, responsibilities, N_k, π_k, μ_k, covariances, log-likelihoods.

    Raises ValueError for too many points or components, and where a component collapses, so that there is no density.
    """
    points, start = exercise.points, exercise.start
    work = _Parts(exercise)
    if len(points) > MOST_POINTS or points.shape[1] > 2 or work.components > MOST_COMPONENTS:
        raise ValueError(
            _(
                "by hand, there can be at most {points} points in one or two dimensions, and {components} components"
            ).format(points=MOST_POINTS, components=MOST_COMPONENTS)
        )
    parameters, given = exercise.parameters, isinstance(start, Parameters)
    parts = [] if isinstance(start, Parameters) else work.maximisation(0, start)
    for step in range(1, exercise.iterations + 1):
        parts += work.expectation(step, parameters)
        if given or step < exercise.iterations:
            delta = expectation(points, parameters).responsibilities
            parts += work.maximisation(step, delta)
            parameters = maximisation(points, delta, exercise.reg_covar, exercise.kind).parameters
    if given:
        parts.append(work.likelihood(exercise.iterations, parameters, after=True))
    kinds = {
        "full": _("Each component has its own covariance matrix."),
        "tied": _("All components share one covariance."),
        "diag": _("The covariances are diagonal."),
        "spherical": _("Each component has one variance for all directions."),
    }
    question = [
        _("Fit a Gaussian mixture with K = {count} components to {points} points by EM.").format(
            count=parameters.components, points=len(points)
        ),
        *([kinds[exercise.kind]] if points.shape[1] > 1 or exercise.kind == "tied" else []),
    ]
    try:
        return Problem(_("Gaussian mixture by EM"), " ".join(question), tuple(work.given()), work.known(), tuple(parts))
    except (ArithmeticError, ValueError):
        raise ValueError(
            _("by hand this has no answer: a component collapses, and its density is no longer a number")
        ) from None


def drawn(seed: int) -> Exercise:
    """An exercise with friendly numbers from a seed: on a line or in the plane, of every kind and either start."""
    random = seeded(seed)
    while not _friendly(exercise := _drawn(random, 1 if seed % 3 else 2, given=seed % 4 != 3)):
        pass
    return exercise


def _friendly(exercise: Exercise) -> bool:
    """Whether no density and no share of the first E-step is so small, nor two weights so alike, that slips hide."""
    parameters = exercise.parameters
    expected = expectation(exercise.points, parameters)
    densities = np.exp(expected.log_joint) / parameters.weights
    return bool(
        len(np.unique(exercise.points, axis=0)) == len(exercise.points)
        and densities.min() > 0.004
        and expected.responsibilities.min() > 0.01
        and len(np.unique(expected.responsibilities.argmax(axis=1))) == parameters.components
        and np.ptp(parameters.weights) > 0.05
        and np.abs(parameters.covariances - 1).min() > 0.05
    )


def _drawn(random: np.random.Generator, dimensions: int, *, given: bool) -> Exercise:
    kind = KINDS[random.integers(4)] if dimensions == 2 else KINDS[random.integers(2)]
    count = int(random.integers(6 - dimensions, 8 - dimensions))
    first = np.arange(count) < random.integers(2, count - 1)  # those of the first cloud
    centres = np.stack([random.uniform(-1, 1, dimensions), random.uniform(2, 3.5, dimensions)]).round(1)
    points = (centres[(~first).astype(int)] + random.normal(0, 0.9, (count, dimensions))).round(1)
    if not given:
        share = random.choice([0.9, 0.85, 0.8, 0.7, 0.6], count)
        share = np.where(first, share, 1 - share).round(2)
        return Exercise(points, np.stack([share, (1 - share).round(2)], axis=1), kind)
    weight = float(random.choice([0.3, 0.4, 0.6, 0.7]))
    variances = random.choice([0.8, 1.5, 2.0, 2.5], (2, 1 if kind == "spherical" else dimensions))
    covariances = variances[:, :, None] * np.eye(dimensions)
    if dimensions == 2 and kind in ("full", "tied"):
        covariances[:, 0, 1] = covariances[:, 1, 0] = random.choice([-0.4, 0.3, 0.5], 2)
    if kind == "tied":
        covariances[1] = covariances[0]
    means = (centres + random.choice([-0.5, 0.5], (2, dimensions))).round(1)
    return Exercise(points, Parameters(np.array([weight, round(1 - weight, 1)]), means, covariances), kind)


class _Parts:
    """Makes the parts of an exercise."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise, self.points = exercise, exercise.points
        self.components, count = exercise.parameters.components, len(exercise.points)
        self.blanks = Blanks(exercise.points, self.components, exercise.kind, exercise.reg_covar)
        rows = max(2, _ASKED // self.components)
        asked = range(count) if count <= rows else np.linspace(0, count - 1, rows).round().astype(int)
        self.asked = [int(i) for i in asked]
        # Whose covariance is inverted: nobody's on a line, the first one's if it is shared.
        self.inverted = range((1 if self.blanks.tied else self.components) * (self.blanks.dimensions - 1))

    def known(self) -> dict[str, float]:
        """The given numbers by name."""
        known = {self.blanks.x(i, a): float(value) for (i, a), value in np.ndenumerate(self.points)}
        start = self.exercise.start
        if not isinstance(start, Parameters):
            return known | {f"r0_{i + 1}_{k + 1}": float(value) for (i, k), value in np.ndenumerate(start)}
        for k in range(self.components):
            known[f"p0_{k + 1}"] = float(start.weights[k])
            known |= {self.blanks.m(0, k, a): float(start.means[k, a]) for a in range(self.blanks.dimensions)}
            known |= {self.blanks.v(0, k, a, b): float(start.covariances[k, a, b]) for a, b in self.blanks.entries}
        return known

    def given(self) -> Iterator[Line]:
        """The same as lines."""
        points = [rf"x_{{{i + 1}}} = {worksheet.vector(point)}" for i, point in enumerate(self.points)]
        yield Line(_in_rows(points, 3), _("The points:"))
        start = self.exercise.start
        if isinstance(start, Parameters):
            spread = r"\sigma^2" if self.blanks.dimensions == 1 else r"\Sigma"
            lines = [
                rf"\pi_{{{k + 1}}} = {number(float(start.weights[k]))},\quad "
                rf"\mu_{{{k + 1}}} = {worksheet.vector(start.means[k])},\quad "
                rf"{spread}_{{{k + 1}}} = {worksheet.matrix(start.covariances[k])}"
                for k in range(self.components)
            ]
            yield Line(_in_rows(lines, 1), _("The start:"))
        else:
            lines = [
                r",\quad ".join(rf"\delta_{{{i + 1},{k + 1}}} = {number(float(one))}" for k, one in enumerate(row))
                for i, row in enumerate(start)
            ]
            yield Line(_in_rows(lines, 1), _("The responsibilities to start from:"))
        if self.blanks.reg:
            yield Line(rf"\lambda = {number(self.blanks.reg)}", _("Added to every variance:"))

    def expectation(self, t: int, parameters: Parameters) -> list[Part]:
        """The densities, the responsibilities and the log-likelihood of iteration `t` from the parameters before it."""
        pairs = [(i, k) for i in self.asked for k in range(self.components)]
        densities = Part(
            _("Iteration {number}, E-step: densities").format(number=t),
            _("The density of each point under each component alone, without its weight."),
            tuple(self.blanks.density(t, i, k) for i, k in pairs),
            (
                *(worksheet.inverse(parameters, k) for k in self.inverted),
                worksheet.densities(self.points, parameters, pairs),
            ),
        )
        shares = Part(
            _("Iteration {number}, E-step: responsibilities").format(number=t),
            _("Multiply each density by the component’s weight, then divide by the sum over the components."),
            tuple(self.blanks.responsibility(t, i, k) for i, k in pairs),
            tuple(worksheet.share(self.points, parameters, i) for i in self.asked),
        )
        return [densities, shares, self.likelihood(t - 1, parameters, after=False)]

    def likelihood(self, t: int, parameters: Parameters, *, after: bool) -> Part:
        """The log-likelihood with the parameters of iteration `t`."""
        title = _("Log-likelihood before iteration {number}")
        if after:
            title = _("Log-likelihood after iteration {number}")
        hint = _("For each point, add weight times density over the components; take ln; add up the points.")
        if after:
            hint = _("As before, with the new parameters. It never falls if nothing is added to the covariances.")
        value = expectation(self.points, parameters).log_likelihood
        return Part(
            title.format(number=t if after else t + 1),
            hint,
            (self.blanks.likelihood(t, after=after),),
            (worksheet.log_likelihood(t, value),),
        )

    def maximisation(self, t: int, delta: np.ndarray) -> list[Part]:
        """N_k and π_k, μ_k, and the covariances, from the responsibilities of iteration `t`."""
        made = maximisation(self.points, delta, self.blanks.reg, self.exercise.kind)
        if made.floored:
            raise ValueError(
                _(
                    "component {component} collapses in iteration {number}: its variance is 0, so its density has no "
                    "value by hand"
                ).format(component=made.floored[0] + 1, number=max(t, 1))
            )
        arguments, every = (self.points, delta, made), range(self.components)
        once = [0] if self.blanks.tied else every
        title = (
            _("Iteration {number}, M-step: {what}") if t else _("First M-step, from the given responsibilities: {what}")
        )
        hints = (
            _("Add a component’s responsibilities over all points; its weight is that sum over the number of points."),
            _("Weigh every point by the component’s responsibility; divide by N_k."),
            _("Weigh every squared distance from the new mean by the responsibility; divide by N_k."),
        )
        if self.blanks.tied:
            hints = (
                *hints[:2],
                _("Add the weighted squares of all components, each about its own new mean; divide by the points."),
            )
        counts = [blank for k in every for blank in (self.blanks.total(t, k), self.blanks.weight(t, k))]
        means = [self.blanks.mean(t, k, a) for k in every for a in range(self.blanks.dimensions)]
        spread = [self.blanks.covariance(t, k, a, b) for k in once for a, b in self.blanks.entries]
        return [
            Part(
                title.format(number=t, what=_("counts and weights")),
                hints[0],
                tuple(counts),
                tuple(worksheet.count(*arguments, k) for k in every),
            ),
            Part(
                title.format(number=t, what=_("means")),
                hints[1],
                tuple(means),
                tuple(worksheet.mean(*arguments, k) for k in every),
            ),
            Part(
                title.format(number=t, what=_("variances") if self.blanks.dimensions == 1 else _("covariances")),
                hints[2],
                tuple(spread),
                tuple(worksheet.covariance(*arguments, k, self.blanks.reg, self.exercise.kind) for k in once),
            ),
        ]


def _in_rows(parts: list[str], width: int) -> str:
    lines = [r",\quad ".join(parts[at : at + width]) for at in range(0, len(parts), width)]
    return r"\begin{gathered}" + r" \\ ".join(lines) + r"\end{gathered}"
