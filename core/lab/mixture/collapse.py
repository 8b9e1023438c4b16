"""Does a component collapse, when, on which points, and what stops it?

A component that holds one point alone, or as many as lie on a line, fits them better the narrower it is. With det Σ → 0
its density there grows without bound, and the log-likelihood with it (Day 1969): EM has then no maximum to find. It is
seen by running EM with nothing added to the covariances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.lab.mixture.em import Mixture, fit
from core.runtime.i18n import gettext as _

_LEAST = 100  # iterations that are looked ahead, at least
_NAMED = 6  # points that are named


@dataclass(frozen=True)
class Collapse:
    """A `component`, counted from 0, collapses at an `iteration`, counted from 1, with nothing added to covariances.

    `points` are those, counted from 0, of which it then holds most. `determinants` [T, K] are those of Σ_k at the start
    and after each iteration, the last about 0; `log_likelihoods` [T − 1] end before that, in nats.
    """

    component: int
    iteration: int
    points: tuple[int, ...]
    determinants: np.ndarray
    log_likelihoods: np.ndarray


def collapse(mixture: Mixture) -> Collapse | None:
    """The first collapse from the mixture's start; None if none comes in 100 iterations or the mixture's own."""
    free = fit(mixture.points, mixture.start, max(_LEAST, len(mixture.iterations)), 0.0, mixture.kind)
    fallen = next((made for made in free.iterations if made.maximised.floored), None)
    if fallen is None:
        return None
    made, k = free.iterations[: fallen.number], fallen.maximised.floored[0]
    covariances = [free.start.covariances, *(one.maximised.fitted for one in made)]
    points = np.flatnonzero(fallen.responsibilities.argmax(axis=1) == k)
    return Collapse(
        k,
        fallen.number,
        tuple(int(i) for i in points),
        np.linalg.det(np.array(covariances)),
        np.array([one.log_likelihood_before for one in made]),
    )


def explained(found: Collapse, mixture: Mixture) -> tuple[str, str]:
    """What happens with nothing added, and what is done about it here; plain text."""
    if not found.points:
        held = _("no point")
    elif len(found.points) > _NAMED:
        held = _("{count} points").format(count=len(found.points))
    else:
        held = ", ".join(f"x{i + 1}" for i in found.points)
    what = "σ²" if mixture.points.shape[1] == 1 else "det Σ"
    happens = _(
        "With nothing added, component {component} collapses at iteration {number} on {held}. Its {what} falls: "
        "{determinants} → 0. Its density there grows without bound, and so does the log-likelihood: {values} → ∞."
    ).format(
        component=found.component + 1,
        number=found.iteration,
        held=held,
        what=what,
        determinants=_path(found.determinants[:-1, found.component]),
        values=_path(found.log_likelihoods),
    )
    last = mixture.iterations[-1].log_likelihood
    if mixture.reg_covar:
        done = _(
            "Here {reg_covar:g} is added to every variance, so none falls below it: after {count} iterations the "
            "log-likelihood is {value:.3f}."
        ).format(reg_covar=mixture.reg_covar, count=len(mixture.iterations), value=last)
    else:
        done = _(
            "From then on a millionth of the variance of all points is added to it here, so that the run can go on. "
            "Choose a reg_covar above 0, fewer components or another start."
        )
    return happens, done


def _path(values: np.ndarray) -> str:
    """The start of a series, and its end."""
    shown = [f"{value:.3g}".replace("-", "\N{MINUS SIGN}") for value in values]
    return " → ".join(shown if len(shown) <= 4 else [*shown[:2], "…", *shown[-2:]])
