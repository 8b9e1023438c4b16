"""The half-steps of a mixture as worked lines; two slips of the M-step beside the truth; remarks on a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from core.lab.mixture.check import slips
from core.lab.mixture.collapse import Collapse, explained
from core.lab.mixture.em import Iteration, Kind, Maximisation, Mixture, Parameters, expectation
from core.lab.worksheet import Line, Sheet, aligned, factor, number, rows
from core.runtime.i18n import gettext as _

_ALL = 12  # points up to which every term of a sum is written out
_TERMS = 2  # of the sum over more points that are written out


def sheet(mixture: Mixture, iteration_number: int, component: int, point: int) -> Sheet:
    """Both half-steps of an iteration, for a component and a point; all three counted from 1."""
    iteration, k, i = mixture.iterations[iteration_number - 1], component - 1, point - 1
    title = _("Iteration {number}: component {component} and point {point}").format(
        number=iteration_number, component=component, point=point
    )
    return Sheet(title, tuple(_worked(mixture, iteration, k, i)))


def slip_sheet(mixture: Mixture, iteration_number: int, component: int) -> Sheet:
    """Two slips in the formulas of a component's mean and covariance, and what they give beside the truth."""
    wrong, k = slips(mixture.points, mixture.iterations[iteration_number - 1]), component - 1
    mean_sum, square = r"\delta_{ik}\,x_i", r"\delta_{ik}\,(x_i-\mu_k)(x_i-\mu_k)^\top"
    notes = {
        "truth": _("Correct: sums over the points i only. The covariance is shown before anything is added to it."),
        "above": _(
            "With the sum over k in the numerator, every component has the same one: its own responsibilities are lost."
        ),
        "below": _("With k instead of i in the denominator, a point’s responsibilities sum to 1: nothing is divided."),
        "both": _("Both: the sum over all points, the same for every component."),
    }
    sums = {
        "truth": (r"\sum_i", r"\sum_i \delta_{ik}"),
        "above": (r"\sum_i \sum_k", r"\sum_i \delta_{ik}"),
        "below": (r"\sum_i", r"\sum_k \delta_{ik}"),
        "both": (r"\sum_i \sum_k", r"\sum_k \delta_{ik}"),
    }
    lines = []
    for name, (above, below) in sums.items():
        mean = vector(wrong[name].means[k].round(9))
        covariance = matrix(wrong[name].covariances[k].round(9))
        lines.append(
            Line(aligned(rf"\mu_{{{component}}}", [rf"\frac{{{above} {mean_sum}}}{{{below}}}", mean]), notes[name])
        )
        lines.append(Line(aligned(rf"\Sigma_{{{component}}}", [rf"\frac{{{above} {square}}}{{{below}}}", covariance])))
    title = _("Two slips in the M-step, iteration {number}, component {component}")
    return Sheet(title.format(number=iteration_number, component=component), tuple(lines))


def remarks(mixture: Mixture, found: Collapse | None) -> tuple[str, ...]:
    """What is to be said of the run: a collapse; components held up, or without points; a likelihood that fell."""
    lines = [] if found is None else [" ".join(explained(found, mixture))]
    held: dict[int, list[int]] = {}
    for iteration in mixture.iterations:
        for k in iteration.maximised.held:
            held.setdefault(k, []).append(iteration.number)
    if held and mixture.reg_covar:
        lines.append(
            _(
                "Limited by reg_covar: {components}. In some direction the points of such a "
                "component vary by no more than the {reg_covar:g} that is added."
            ).format(components=_listed(held), reg_covar=mixture.reg_covar)
        )
    last = mixture.iterations[-1]
    for k, count in enumerate(last.maximised.counts):
        if count < 1e-3:
            lines.append(
                _("Component {component} no longer holds any point: N_k = {count:.1e}.").format(
                    component=k + 1, count=count
                )
            )
    fallen = [iteration for iteration in mixture.iterations if iteration.fell]
    if fallen:
        deepest = max(fallen, key=lambda iteration: iteration.log_likelihood_before - iteration.log_likelihood)
        lines.append(
            _(
                "The log-likelihood fell by {fall:.4g} nats at iteration {number} (iterations in "
                "which it fell: {count}). That can happen when something is added to the "
                "covariances, and never otherwise."
            ).format(
                fall=deepest.log_likelihood_before - deepest.log_likelihood, number=deepest.number, count=len(fallen)
            )
        )
    return tuple(lines)


def _listed(iterations: dict[int, list[int]]) -> str:
    """The components and when, in words."""
    return ", ".join(
        _("component {component} (first at iteration {number}, {count} in all)").format(
            component=k + 1, number=numbers[0], count=len(numbers)
        )
        for k, numbers in sorted(iterations.items())
    )


def density(points: np.ndarray, parameters: Parameters, i: int, k: int) -> Line:
    """The density of a point under a component, both counted from 0."""
    name = rf"&\mathcal{{N}}(x_{{{i + 1}}}; \mu_{{{k + 1}}}, {_spread(points.shape[1])}_{{{k + 1}}})"
    steps = (_density_rule(points.shape[1]), *_density_steps(points, parameters, i, k))
    return Line(rows([name, *(rf"&\quad = {step}" for step in steps)]))


def densities(points: np.ndarray, parameters: Parameters, pairs: Sequence[tuple[int, int]]) -> Line:
    """The densities of points under components, pairs counted from 0, below their rule."""
    lines = [
        rf"\mathcal{{N}}_{{{i + 1},{k + 1}}} &= " + " = ".join(_density_steps(points, parameters, i, k))
        for i, k in pairs
    ]
    rule = rf"\mathcal{{N}}_{{ik}} = {_density_rule(points.shape[1])}"
    return Line(rf"\begin{{gathered}}{rule} \\ {rows(lines)}\end{{gathered}}")


def inverse(parameters: Parameters, k: int) -> Line:
    """The inverse of a component's covariance [2, 2], the component counted from 0."""
    (first, cross), (_cross, second) = parameters.covariances[k]
    det = number(float(first * second - cross**2))
    adjugate = np.array([[second, -cross], [-cross, first]])
    steps = [rf"\frac{{1}}{{{det}}} {matrix(adjugate)}", matrix(np.linalg.inv(parameters.covariances[k]))]
    return Line(aligned(rf"\Sigma_{{{k + 1}}}^{{-1}}", steps))


def _density_rule(dimensions: int) -> str:
    if dimensions == 1:
        return r"\frac{1}{\sqrt{2\pi\sigma^2}}\, e^{-(x-\mu)^2/(2\sigma^2)}"
    return (
        rf"\frac{{1}}{{{_turns(dimensions)} \sqrt{{\det\Sigma}}}} "
        r"\exp\Bigl(-\tfrac12 (x-\mu)^\top \Sigma^{-1} (x-\mu)\Bigr)"
    )


def _density_steps(points: np.ndarray, parameters: Parameters, i: int, k: int) -> tuple[str, str]:
    """The rule with its numbers, and the value."""
    x, mean, covariance = points[i], parameters.means[k], parameters.covariances[k]
    value = _exp(float(expectation(points[i : i + 1], _alone(parameters, k)).log_joint[0, 0]))
    if len(x) == 1:
        variance = number(float(covariance[0, 0]))
        above = rf"({number(float(x[0]))} - {factor(float(mean[0]))})^2"
        return rf"\frac{{1}}{{\sqrt{{2\pi \cdot {variance}}}}}\, e^{{-{above}/(2 \cdot {variance})}}", value
    distance = number(float((x - mean) @ np.linalg.solve(covariance, x - mean)))
    root = rf"{_turns(len(x))} \sqrt{{{_exp(float(np.linalg.slogdet(covariance)[1]))}}}"
    return rf"\frac{{1}}{{{root}}} \exp\Bigl(-\tfrac12 \cdot {distance}\Bigr)", value


def _turns(dimensions: int) -> str:
    return r"2\pi" if dimensions == 2 else rf"(2\pi)^{{{number(dimensions / 2)}}}"


def share(points: np.ndarray, parameters: Parameters, i: int) -> Line:
    """Each component's share of a point, counted from 0: its responsibility for it."""
    expected = expectation(points[i : i + 1], parameters)
    logs, total = expected.log_joint[0], _exp(expected.log_likelihood)
    lines = []
    for k, (log, delta) in enumerate(zip(logs, expected.responsibilities[0], strict=True)):
        alone = log - float(np.log(parameters.weights[k]))
        product = rf"{number(float(parameters.weights[k]))} \cdot {_exp(alone)}"
        lines.append(rf"\delta_{{{i + 1},{k + 1}}} &= {product} \,/\, {total} = {number(float(delta))}")
    rule = r"\delta_{ik} = \pi_k\,\mathcal{N}_{ik} \Big/ \textstyle\sum_j \pi_j\,\mathcal{N}_{ij}"
    return Line(rf"\begin{{gathered}}{rule} \\ {rows(lines)}\end{{gathered}}")


def count(points: np.ndarray, responsibilities: np.ndarray, maximised: Maximisation, k: int) -> Line:
    """How many points a component, counted from 0, holds, and its weight."""
    index, total = k + 1, number(float(maximised.counts[k]))
    terms = [number(float(responsibilities[i, k])) for i in _most_held(responsibilities, k)]
    lines = [
        rf"N_{{{index}}} &= \sum_i \delta_{{i{index}}}",
        *_sum(terms, len(points), 3),
        rf"&= {total}",
        rf"\pi_{{{index}}} &= N_{{{index}}} / N = {total} / {len(points)}",
        rf"&= {number(float(maximised.parameters.weights[k]))}",
    ]
    return Line(rows(lines))


def mean(points: np.ndarray, responsibilities: np.ndarray, maximised: Maximisation, k: int) -> Line:
    """A component's mean, the component counted from 0."""
    index = k + 1
    terms = [
        rf"{number(float(responsibilities[i, k]))} \cdot {vector(points[i], factor)}"
        for i in _most_held(responsibilities, k)
    ]
    lines = [
        rf"\mu_{{{index}}} &= \frac{{1}}{{N_{{{index}}}}} \sum_i \delta_{{i{index}}}\, x_i",
        *_sum(terms, len(points), 2, rf"\frac{{1}}{{{number(float(maximised.counts[k]))}}} "),
        rf"&= {vector(maximised.parameters.means[k])}",
    ]
    return Line(rows(lines))


def covariance(
    points: np.ndarray, responsibilities: np.ndarray, maximised: Maximisation, k: int, reg_covar: float, kind: Kind
) -> Line:
    """A component's covariance about the new mean, the component counted from 0."""
    index, own = k + 1, maximised.fitted[k]
    dimensions, about = len(own), maximised.parameters.means[k]
    symbol = _spread(dimensions)
    added = r" + \lambda" + (" I" if dimensions > 1 else "") if reg_covar else ""
    mine = rf"\frac{{1}}{{N_{{{index}}}}} \sum_i \delta_{{i{index}}}\,"
    steps = []
    if kind == "tied":
        steps.append(rf"\frac1N \sum_k \sum_i \delta_{{ik}}\,{_square(dimensions, 'k')}{added}")
    elif dimensions > 1 and kind == "diag":
        steps.append(rf"\operatorname{{diag}} {mine}(x_i-\mu_{{{index}}})^2{added}")
    elif dimensions > 1 and kind == "spherical":
        steps.append(rf"\tfrac1{{{dimensions}}} \cdot {mine}\lVert x_i-\mu_{{{index}}}\rVert^2\, I{added}")
    else:
        steps.append(rf"{mine}{_square(dimensions, str(index))}{added}")
    lines = [rf"{symbol}_{{{index}}} &= {steps[0]}"]
    if dimensions == 1 and kind != "tied":
        terms = [
            rf"{number(float(responsibilities[i, k]))} \cdot "
            rf"({number(float(points[i, 0]))} - {factor(float(about[0]))})^2"
            for i in _most_held(responsibilities, k)
        ]
        lines += _sum(terms, len(points), 1, rf"\frac{{1}}{{{number(float(maximised.counts[k]))}}} ")
    unit = r"\, I" if dimensions > 1 else ""
    last = matrix(own) + (rf" + {number(reg_covar)}{unit}" if reg_covar else "")
    if k in maximised.floored:
        minimum = _("minimum")
        last += rf" + \text{{{minimum}}}"
    lines.append(rf"&= {last}")
    if reg_covar or k in maximised.floored:
        lines.append(rf"&= {matrix(maximised.parameters.covariances[k])}")
    return Line(rows(lines))


def log_likelihood(number_of_steps: int, value: float) -> Line:
    """The log-likelihood after so many iterations."""
    terms = r"\sum_i \ln \sum_k \pi_k\,\mathcal{N}_{ik}"
    return Line(aligned(rf"L_{{{number_of_steps}}}", [terms, number(value)]))


def _alone(parameters: Parameters, k: int) -> Parameters:
    """A component alone, with the weight 1, so that its joint density is its density."""
    return Parameters(np.ones(1), parameters.means[k : k + 1], parameters.covariances[k : k + 1])


def _worked(mixture: Mixture, iteration: Iteration, k: int, i: int) -> Iterator[Line]:
    points, delta, maximised = mixture.points, iteration.responsibilities, iteration.maximised
    yield _noted(
        density(points, iteration.before, i, k),
        _("E-step. The density of the point, {point}, under this component:").format(point=_words(points[i])),
    )
    yield _noted(
        share(points, iteration.before, i),
        _("Each component’s share, its weight times its density over their sum: its responsibility for the point."),
    )
    note = _("M-step. How many points the component holds, the largest responsibilities first, and its weight:")
    if len(points) <= _ALL:
        note = _("M-step. How many points the component holds, and its weight:")
    yield _noted(count(points, delta, maximised, k), note)
    yield _noted(mean(points, delta, maximised, k), _("Its mean: every point, weighted by its responsibility."))
    note = _("Its covariance, about the new mean:")
    if mixture.reg_covar:
        note = _("Its covariance, about the new mean; λ is reg_covar:")
    yield _noted(covariance(points, delta, maximised, k, mixture.reg_covar, mixture.kind), note)
    yield _likelihood(iteration)


def _noted(line: Line, note: str) -> Line:
    return Line(line.latex, note)


def _likelihood(iteration: Iteration) -> Line:
    change = iteration.log_likelihood - iteration.log_likelihood_before
    latex = (
        rf"\begin{{aligned}}L_{{{iteration.number - 1}}} &= \sum_i \ln \sum_k \pi_k\,\mathcal{{N}}_{{ik}} = "
        rf"{number(iteration.log_likelihood_before)} \\ F &= {number(iteration.bound)} \\ "
        rf"L_{{{iteration.number}}} &= {number(iteration.log_likelihood)} = L_{{{iteration.number - 1}}} "
        rf"{'-' if change < 0 else '+'} {number(abs(change))}\end{{aligned}}"
    )
    return Line(
        latex,
        _(
            "The log-likelihood before; the bound after the M-step, with the old responsibilities; the log-likelihood "
            "after."
        ),
    )


def _most_held(responsibilities: np.ndarray, k: int) -> list[int]:
    """The points whose terms are written out: all of a few, otherwise those that a component holds most of."""
    if len(responsibilities) <= _ALL:
        return list(range(len(responsibilities)))
    return [int(i) for i in np.argsort(-responsibilities[:, k], kind="stable")[:_TERMS]]


def _sum(terms: list[str], total: int, width: int, before: str = "") -> list[str]:
    """A sum in rows of at most `width` terms, so that a phone shows them whole, in brackets behind a factor."""
    parts = [" + ".join(terms[at : at + width]) for at in range(0, len(terms), width)]
    left, right = (r"\Bigl(", r"\Bigr)") if before else ("", "")
    parts[0] = rf"&= {before}{left}{parts[0]}"
    parts[1:] = [rf"&\qquad + {part}" for part in parts[1:]]
    parts[-1] += (r" + \cdots" if total > len(terms) else "") + right
    return parts


def _spread(dimensions: int) -> str:
    """The letter of a covariance."""
    return r"\sigma^2" if dimensions == 1 else r"\Sigma"


def _square(dimensions: int, k: str) -> str:
    apart = rf"(x_i-\mu_{{{k}}})"
    return f"{apart}^2" if dimensions == 1 else rf"{apart}{apart}^\top"


def _exp(log: float) -> str:
    """A density from its logarithm; as a power of e where floats cannot hold it."""
    return number(math.exp(log)) if abs(log) < 700 else rf"e^{{{number(log)}}}"


def vector(values: np.ndarray, alone: Callable[[float], str] = number) -> str:
    """A column of numbers; a number by itself is written by `alone`."""
    if len(values) == 1:
        return alone(float(values[0]))
    return r"\begin{pmatrix}" + r" \\ ".join(number(float(value)) for value in values) + r"\end{pmatrix}"


def matrix(values: np.ndarray) -> str:
    if values.size == 1:
        return number(float(values[0, 0]))
    rows = r" \\ ".join(" & ".join(number(float(value)) for value in row) for row in values)
    return rf"\begin{{pmatrix}}{rows}\end{{pmatrix}}"


def _words(values: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in values) + ")"
