"""One iteration of a mixture as worked lines, for a component and a point; and the report's slips beside the truth."""

from __future__ import annotations

import numpy as np

from core.lab.mixture.check import slips
from core.lab.mixture.em import Iteration, Mixture, expectation
from core.lab.worksheet import Line, Sheet, aligned, factor, number
from core.lab.worksheet import rows as aligned_rows
from core.runtime.i18n import gettext as _

_TERMS = 2  # of a sum that are written out


def sheet(mixture: Mixture, iteration_number: int, component: int, point: int) -> Sheet:
    """Both half-steps of an iteration, for a component and a point; all three counted from 1."""
    iteration, k, i = mixture.iterations[iteration_number - 1], component - 1, point - 1
    title = _("Iteration {number}: component {component} and point {point}").format(
        number=iteration_number, component=component, point=point
    )
    lines = (
        *_expectation(mixture, iteration, k, i),
        _count(mixture, iteration, k),
        _mean(mixture, iteration, k),
        _covariance(mixture, iteration, k),
        _likelihood(iteration),
    )
    return Sheet(title, lines)


def slip_sheet(mixture: Mixture, iteration_number: int, component: int) -> Sheet:
    """The report's formulas for a component's mean and covariance, and what they give beside the truth."""
    wrong, k = slips(mixture.points, mixture.iterations[iteration_number - 1]), component - 1
    mean_sum, square = r"\delta_{ik}\,x_i", r"\delta_{ik}\,(x_i-\mu_k)(x_i-\mu_k)^\top"
    notes = {
        "truth": _("Correct: sums over the points i only. The covariance is shown before anything is added to it."),
        "above": _(
            "With the sum over k in the numerator, every component has the same one: its own responsibilities are lost."
        ),
        "below": _("With k instead of i in the denominator, a point’s responsibilities sum to 1: nothing is divided."),
        "report": _("Both, as in the report: the sum over all points, the same for every component."),
    }
    sums = {
        "truth": (r"\sum_i", r"\sum_i \delta_{ik}"),
        "above": (r"\sum_i \sum_k", r"\sum_i \delta_{ik}"),
        "below": (r"\sum_i", r"\sum_k \delta_{ik}"),
        "report": (r"\sum_i \sum_k", r"\sum_k \delta_{ik}"),
    }
    lines = []
    for name, (above, below) in sums.items():
        mean = _vector(wrong[name].means[k].round(9))
        covariance = _matrix(wrong[name].covariances[k].round(9))
        lines.append(
            Line(aligned(rf"\mu_{{{component}}}", [rf"\frac{{{above} {mean_sum}}}{{{below}}}", mean]), notes[name])
        )
        lines.append(Line(aligned(rf"\Sigma_{{{component}}}", [rf"\frac{{{above} {square}}}{{{below}}}", covariance])))
    title = _("Slips in the report, iteration {number}, component {component}")
    return Sheet(title.format(number=iteration_number, component=component), tuple(lines))


def remarks(mixture: Mixture) -> tuple[str, ...]:
    """What is to be said of the run: components held up, or without points; a likelihood that fell."""
    lines = []
    floored = _helped(mixture, "floored")
    held = {k: numbers for k, numbers in _helped(mixture, "held").items() if k not in floored}
    if floored:
        lines.append(
            _(
                "Collapsed: {components}. The points of such a component lie in one place or on one "
                "line, so its covariance has no inverse and the likelihood could grow without bound. "
                "A millionth of the variance of all points is added to it as a minimum."
            ).format(components=_listed(floored))
        )
    if held:
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


def _helped(mixture: Mixture, name: str) -> dict[int, list[int]]:
    """Components that were held, or floored, and the iterations in which they were."""
    iterations: dict[int, list[int]] = {}
    for iteration in mixture.iterations:
        for k in getattr(iteration.maximised, name):
            iterations.setdefault(k, []).append(iteration.number)
    return iterations


def _listed(iterations: dict[int, list[int]]) -> str:
    """The components and when, in words."""
    return ", ".join(
        _("component {component} (first at iteration {number}, {count} in all)").format(
            component=k + 1, number=numbers[0], count=len(numbers)
        )
        for k, numbers in sorted(iterations.items())
    )


def _expectation(mixture: Mixture, iteration: Iteration, k: int, i: int) -> tuple[Line, ...]:
    x, before = mixture.points[i], iteration.before
    log_joint = expectation(mixture.points[i : i + 1], before).log_joint[0]
    apart = x - before.means[k]
    distance = float(apart @ np.linalg.solve(before.covariances[k], apart))
    log_det = float(np.linalg.slogdet(before.covariances[k])[1])
    ik = rf"{{{i + 1},{k + 1}}}"
    log_weight, log_turns = rf"\log {number(float(before.weights[k]))}", number(float(np.log(2 * np.pi)))
    rows = [
        rf"a_{ik} &= \log \pi_k - \tfrac12 (x_i-\mu_k)^\top \Sigma_k^{{-1}} (x_i-\mu_k)",
        r"&\quad - \tfrac12 \log\det\Sigma_k - \tfrac D2 \log 2\pi",
        rf"&= {log_weight} - \tfrac12 \cdot {number(distance)}",
        rf"&\quad - \tfrac12 \cdot {factor(log_det)} - {number(len(x) / 2)} \cdot {log_turns}",
        rf"&= {number(float(log_joint[k]))}",
    ]
    density = Line(
        aligned_rows(rows),
        _("E-step. The log of the weight times the density of the point, {point}, under this component:").format(
            point=_words(x)
        ),
    )
    every = r" \\ ".join(
        rf"a_{{{i + 1},{j + 1}}} &= {number(float(value))}, & \delta_{{{i + 1},{j + 1}}} &= "
        rf"{number(float(iteration.responsibilities[i, j]))}"
        for j, value in enumerate(log_joint)
    )
    share = Line(
        rf"\begin{{gathered}}\delta_{{ik}} = e^{{a_{{ik}}}} \Big/ \textstyle\sum_j e^{{a_{{ij}}}} \\ "
        rf"\begin{{aligned}}{every}\end{{aligned}}\end{{gathered}}",
        _("The same for every component, and each one's share: its responsibility for the point."),
    )
    return density, share


def _count(mixture: Mixture, iteration: Iteration, k: int) -> Line:
    index, count = k + 1, number(float(iteration.maximised.counts[k]))
    terms = [number(float(iteration.responsibilities[i, k])) for i in _most_held(iteration, k)]
    rows = [
        rf"N_{{{index}}} &= \sum_i \delta_{{i{index}}}",
        rf"&= {_sum(terms, len(mixture.points))} = {count}",
        rf"\pi_{{{index}}} &= N_{{{index}}} / N = {count} / {len(mixture.points)}",
        rf"&= {number(float(iteration.after.weights[k]))}",
    ]
    note = _("M-step. How many points the component holds, the largest responsibilities first, and its weight:")
    return Line(aligned_rows(rows), note)


def _mean(mixture: Mixture, iteration: Iteration, k: int) -> Line:
    index, count = k + 1, number(float(iteration.maximised.counts[k]))
    terms = [
        rf"{number(float(iteration.responsibilities[i, k]))} \, {_vector(mixture.points[i])}"
        for i in _most_held(iteration, k)
    ]
    rows = [
        rf"\mu_{{{index}}} &= \frac{{1}}{{N_{{{index}}}}} \sum_i \delta_{{i{index}}}\, x_i",
        rf"&= \frac{{1}}{{{count}}} \Bigl({terms[0]}",
        rf"&\qquad + {_sum(terms[1:], len(mixture.points) - 1)}\Bigr)",
        rf"&= {_vector(iteration.after.means[k])}",
    ]
    return Line(aligned_rows(rows), _("Its mean: every point, weighted by its responsibility."))


def _covariance(mixture: Mixture, iteration: Iteration, k: int) -> Line:
    index = k + 1
    own = iteration.maximised.fitted[k]
    steps = [
        rf"\frac{{1}}{{N_{{{index}}}}} \sum_i \delta_{{i{index}}}\,(x_i-\mu_{{{index}}})(x_i-\mu_{{{index}}})^\top "
        + (r"+ \lambda I" if mixture.reg_covar else ""),
        _matrix(own) + (rf" + {number(mixture.reg_covar)}\, I" if mixture.reg_covar else ""),
    ]
    if k in iteration.maximised.floored:
        minimum = _("minimum")
        steps[1] += rf" + \text{{{minimum}}}"
    if mixture.reg_covar or k in iteration.maximised.floored:
        steps.append(_matrix(iteration.after.covariances[k]))
    note = (
        _("Its covariance, about the new mean; λ is reg_covar:")
        if mixture.reg_covar
        else _("Its covariance, about the new mean:")
    )
    return Line(aligned(rf"\Sigma_{{{index}}}", steps), note)


def _likelihood(iteration: Iteration) -> Line:
    change = iteration.log_likelihood - iteration.log_likelihood_before
    latex = (
        rf"\begin{{aligned}}L_{{{iteration.number - 1}}} &= \sum_i \log \sum_k e^{{a_{{ik}}}} = "
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


def _most_held(iteration: Iteration, k: int) -> list[int]:
    """The points that a component holds most of, as many as are written out."""
    return [int(i) for i in np.argsort(-iteration.responsibilities[:, k], kind="stable")[:_TERMS]]


def _sum(terms: list[str], count: int) -> str:
    return " + ".join(terms) + (r" + \cdots" if count > len(terms) else "")


def _vector(values: np.ndarray) -> str:
    return r"\begin{pmatrix}" + r" \\ ".join(number(float(value)) for value in values) + r"\end{pmatrix}"


def _matrix(values: np.ndarray) -> str:
    rows = r" \\ ".join(" & ".join(number(float(value)) for value in row) for row in values)
    return rf"\begin{{pmatrix}}{rows}\end{{pmatrix}}"


def _words(values: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in values) + ")"
