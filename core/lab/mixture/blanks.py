"""The blanks of a mixture worked by hand: each number’s sign, its formula, and the slips that students make there."""

from __future__ import annotations

import math

import numpy as np

from core.lab.attempt import Blank, Formula, Slip, Values
from core.lab.mixture.numbers import Numbers
from core.runtime.i18n import gettext as _


class Blanks(Numbers):
    """Makes blanks; `t` is the iteration, `i` a point, `k` a component, `a` and `b` coordinates; all but `t` from 0."""

    def density(self, t: int, i: int, k: int) -> Blank:
        before, one = t - 1, self.dimensions == 1

        def bell(v: Values, exponent: float) -> float:
            return math.exp(-exponent) * self.norm(v, before, k)

        def half(v: Values) -> float:
            return self.square(v, before, i, k) / 2

        turns = (2 * math.pi) ** (self.dimensions / 2)
        slips = [
            (
                _("The weight π comes in the next step: this is the density alone."),
                lambda v: v[f"p{before}_{k + 1}"] * bell(v, half(v)),
            ),
            (
                _("The exponent has a factor ½.") if not one else _("The exponent divides by 2σ², not by σ²."),
                lambda v: bell(v, 2 * half(v)),
            ),
            (_("The exponent is negative."), lambda v: bell(v, -half(v))),
        ]
        if one:

            def apart(v: Values) -> float:
                return abs(v[self.x(i, 0)] - v[self.m(before, k, 0)])

            slips += [
                (_("The factor 1/√(2πσ²) before the exponential is missing."), lambda v: math.exp(-half(v))),
                (
                    _("The factor is 1/√(2πσ²): here the 1/σ is missing."),
                    lambda v: math.exp(-half(v)) / turns,
                ),
                (
                    _("The factor is 1/√(2πσ²): take the root of σ² as well."),
                    lambda v: math.exp(-half(v)) / (turns * self.det(v, before, k)),
                ),
                (
                    _("σ² is the variance: the exponent divides by 2σ², not by 2σ."),
                    lambda v: bell(v, apart(v) ** 2 / (2 * math.sqrt(self.det(v, before, k)))),
                ),
                (
                    _("σ² is already squared: do not square it again."),
                    lambda v: (
                        math.exp(-(apart(v) ** 2) / (2 * self.det(v, before, k) ** 2))
                        / (turns * self.det(v, before, k))
                    ),
                ),
                (
                    _("The difference x − μ is squared in the exponent."),
                    lambda v: bell(v, apart(v) / (2 * self.det(v, before, k))),
                ),
                (
                    _("The factor is 1/√(2πσ²): take the root of 2π as well."),
                    lambda v: math.exp(-half(v)) / (2 * math.pi * math.sqrt(self.det(v, before, k))),
                ),
            ]
        else:
            slips += [
                (_("The factor 1/(2π √det Σ) before the exponential is missing."), lambda v: math.exp(-half(v))),
                (_("The factor is 1/(2π √det Σ): here 1/√det Σ is missing."), lambda v: math.exp(-half(v)) / turns),
                (
                    _("The factor is 1/(2π √det Σ): take the root of the determinant."),
                    lambda v: math.exp(-half(v)) / (turns * self.det(v, before, k)),
                ),
                (
                    _("In the plane the factor has 2π, not √(2π)."),
                    lambda v: bell(v, half(v)) * math.sqrt(2 * math.pi),
                ),
                (
                    _("The exponent has the inverse of Σ, not Σ."),
                    lambda v: bell(v, self.square(v, before, i, k, inverse=False) / 2),
                ),
            ]
            if (0, 1) in self.entries:
                slips.append(
                    (
                        _("The exponent needs the whole inverse of Σ, with Σ12."),
                        lambda v: bell(v, self.square(v, before, i, k, crossed=False) / 2),
                    )
                )
        letters = r"\tfrac{1}{\sqrt{2\pi\sigma_k^2}}\, e^{-(x_i-\mu_k)^2/(2\sigma_k^2)}"
        if not one:
            letters = r"\tfrac{1}{2\pi\sqrt{\det\Sigma_k}}\, e^{-\frac12 (x_i-\mu_k)^\top \Sigma_k^{-1} (x_i-\mu_k)}"
        symbol = rf"\mathcal{{N}}_{{{i + 1},{k + 1}}}"
        return _blank(f"d{t}_{i + 1}_{k + 1}", symbol, letters, lambda v: bell(v, half(v)), slips)

    def responsibility(self, t: int, i: int, k: int) -> Blank:
        every = range(self.components)
        slips: list[tuple[str, Formula]] = [
            (
                _("The weights π are forgotten: multiply each density by its component’s weight."),
                lambda v: self.d(v, t, i, k) / sum(self.d(v, t, i, j) for j in every),
            ),
            (
                _("Not normalised: divide by the sum over the components."),
                lambda v: self.joint(v, t, i, k),
            ),
            (
                _("Divide by the sum over the components, not over the points."),
                lambda v: self.joint(v, t, i, k) / sum(self.joint(v, t, n, k) for n in range(self.count)),
            ),
            (
                _("Divide by the sum of weight times density, not by the sum of densities."),
                lambda v: self.joint(v, t, i, k) / sum(self.d(v, t, i, j) for j in every),
            ),
            (_("This is the density: weigh it and normalise it."), lambda v: self.d(v, t, i, k)),
        ]
        if self.components == 2:
            slips.append((_("This is the other component’s share."), lambda v: 1 - self.fresh(v, t, i, k)))
            slips.append(
                (
                    _("Divide by the sum over all components, not by the other one alone."),
                    lambda v: self.joint(v, t, i, k) / self.joint(v, t, i, 1 - k),
                )
            )
        return _blank(
            f"r{t}_{i + 1}_{k + 1}",
            rf"\delta_{{{i + 1},{k + 1}}}",
            r"\pi_k \mathcal{N}_{ik} \big/ \textstyle\sum_j \pi_j \mathcal{N}_{ij}",
            lambda v: self.fresh(v, t, i, k),
            slips,
        )

    def total(self, t: int, k: int) -> Blank:
        slips: list[tuple[str, Formula]] = [
            (
                _("EM shares the points out: add the responsibilities, do not count the nearest points."),
                lambda v: sum(self.hard(v, t, k)),
            ),
            (_("N_k is the sum: it is divided by N only for π_k."), lambda v: sum(self.shares(v, t, k)) / self.count),
            (_("Add this component’s responsibilities only: all of them add up to N."), lambda v: float(self.count)),
            (
                _("Leave the responsibilities as they are: do not square them."),
                lambda v: sum(one**2 for one in self.shares(v, t, k)),
            ),
        ]
        if self.components == 2:
            slips.append((_("This is the other component’s sum."), lambda v: self.count - sum(self.shares(v, t, k))))
        return _blank(
            f"n{t}_{k + 1}",
            f"N_{{{k + 1}}}",
            r"\textstyle\sum_i \delta_{ik}",
            lambda v: sum(self.shares(v, t, k)),
            slips,
        )

    def weight(self, t: int, k: int) -> Blank:
        name = f"n{t}_{k + 1}"
        slips: list[tuple[str, Formula]] = [
            (_("Divide N_k by the number of points N."), lambda v: v[name]),
            (_("Divide by the number of points, not of components."), lambda v: v[name] / self.components),
            (_("Divide by N, not by N − 1."), lambda v: v[name] / (self.count - 1)),
            (_("The weights are not reset to 1/K: π_k = N_k / N."), lambda v: 1 / self.components),
        ]
        if t:
            slips.append((_("This is the old weight: π_k = N_k / N."), lambda v: v[f"p{t - 1}_{k + 1}"]))
        if self.components == 2:
            slips.append((_("This is the other component’s weight."), lambda v: 1 - v[name] / self.count))
        return _blank(f"p{t}_{k + 1}", rf"\pi_{{{k + 1}}}", "N_k / N", lambda v: v[name] / self.count, slips)

    def mean(self, t: int, k: int, a: int) -> Blank:
        name = f"n{t}_{k + 1}"

        def of(v: Values, weights: list[float]) -> float:
            return sum(weight * v[self.x(i, a)] for i, weight in enumerate(weights))

        def weighted(v: Values) -> float:
            return of(v, self.shares(v, t, k))

        slips: list[tuple[str, Formula]] = [
            (_("Divide by N_k, not by the number of points N."), lambda v: weighted(v) / self.count),
            (
                _("Weigh every point by its responsibility: this is the plain mean of all points."),
                lambda v: of(v, [1.0] * self.count) / self.count,
            ),
            (_("Divide the weighted sum by N_k."), weighted),
            (
                _("Weigh every point by its responsibility before you add."),
                lambda v: of(v, [1.0] * self.count) / v[name],
            ),
            (
                _("EM shares the points out: this is the mean of the points that the component holds most of."),
                lambda v: of(v, self.hard(v, t, k)) / sum(self.hard(v, t, k)),
            ),
        ]
        if t:
            slips.append((_("This is the old mean."), lambda v: v[self.m(t - 1, k, a)]))
        if self.components == 2:
            slips += [
                (
                    _("Divide by this component’s N_k, not by the other’s."),
                    lambda v: weighted(v) / v[f"n{t}_{2 - k}"],
                ),
                (
                    _("This is the other component’s mean."),
                    lambda v: of(v, self.shares(v, t, 1 - k)) / sum(self.shares(v, t, 1 - k)),
                ),
            ]
        symbol = rf"\mu_{{{k + 1}{'' if self.dimensions == 1 else f',{a + 1}'}}}"
        letters = r"\tfrac{1}{N_k} \textstyle\sum_i \delta_{ik}\, x_i"
        return _blank(self.m(t, k, a), symbol, letters, lambda v: weighted(v) / v[name], slips)

    def covariance(self, t: int, k: int, a: int, b: int) -> Blank:
        own = range(self.components) if self.tied else [k]
        added = self.reg if a == b else 0.0

        def total(v: Values, old: bool = False) -> float:
            return sum(self.about(v, t, j, a, b, self.shares(v, t, j), old) for j in own)

        def below(v: Values) -> float:
            return float(self.count) if self.tied else v[f"n{t}_{k + 1}"]

        def plain(v: Values) -> float:
            axes = range(self.dimensions) if self.spherical else [a]
            other = {c: c if self.spherical else b for c in axes}
            each = [
                np.cov(
                    [v[self.x(i, c)] for i in range(self.count)],
                    [v[self.x(i, other[c])] for i in range(self.count)],
                    bias=True,
                )[0, 1]
                for c in axes
            ]
            return float(np.mean(each)) + added

        slips: list[tuple[str, Formula]] = []
        if t:
            slips.append(
                (
                    _("Measure the distances from the new mean, not from the old one."),
                    lambda v: total(v, True) / below(v) + added,
                )
            )
        if self.tied:
            slips += [
                (
                    _("A shared covariance adds up all components: this is the first one’s alone."),
                    lambda v: self.about(v, t, 0, a, b, self.shares(v, t, 0)) / v[f"n{t}_1"] + added,
                ),
                (
                    _("Weigh the components’ covariances by N_k: this is their plain mean."),
                    lambda v: (
                        sum(self.about(v, t, j, a, b, self.shares(v, t, j)) / v[f"n{t}_{j + 1}"] for j in own)
                        / self.components
                        + added
                    ),
                ),
                (
                    _("Divide by the number of points once, not each component by its own N_k."),
                    lambda v: (
                        sum(self.about(v, t, j, a, b, self.shares(v, t, j)) / v[f"n{t}_{j + 1}"] for j in own) + added
                    ),
                ),
                (_("Divide by N, not by N − 1."), lambda v: total(v) / (self.count - 1) + added),
            ]
        else:
            slips += [
                (_("Divide by N_k, not by the number of points N."), lambda v: total(v) / self.count + added),
                (_("Divide by N_k, not by N_k − 1."), lambda v: total(v) / (below(v) - 1) + added),
                (
                    _("Subtract the mean before you square."),
                    lambda v: (
                        sum(one * v[self.x(i, a)] * v[self.x(i, b)] for i, one in enumerate(self.shares(v, t, k)))
                        / below(v)
                        + added
                    ),
                ),
            ]
            if self.spherical:
                slips.append(
                    (
                        _("One variance for both directions is their mean: divide by 2 as well."),
                        lambda v: 2 * total(v) / below(v) + added,
                    )
                )
        slips += [
            (_("Divide the weighted sum."), lambda v: total(v) + added),
            (_("Weigh by the responsibilities: this is the plain variance of all points."), plain),
        ]
        if a == b:
            slips.append(
                (
                    _("This is σ: the variance is asked for, without a root."),
                    lambda v: math.sqrt(total(v) / below(v) + added),
                )
            )
        if added:
            slips.append((_("λ is still to be added."), lambda v: total(v) / below(v)))
        index = "" if self.tied else str(k + 1)
        if self.dimensions == 1 or self.spherical:
            symbol = rf"\sigma_{{{index}}}^2" if index else r"\sigma^2"
        else:
            symbol = rf"\Sigma_{{{index}{',' if index else ''}{a + 1}{b + 1}}}"
        return _blank(
            self.v(t, k, a, b), symbol, self.spread_letters(a, b), lambda v: total(v) / below(v) + added, slips
        )

    def spread_letters(self, a: int, b: int) -> str:
        if self.spherical:
            inner = r"\lVert x_i-\mu_k \rVert^2"
        elif self.dimensions == 1:
            inner = r"(x_i-\mu_k)^2"
        elif a == b:
            inner = rf"(x_i-\mu_k)_{{{a + 1}}}^2"
        else:
            inner = r"(x_i-\mu_k)_1 (x_i-\mu_k)_2"
        before = r"\tfrac{1}{N} \textstyle\sum_k \sum_i" if self.tied else r"\tfrac{1}{N_k} \textstyle\sum_i"
        if self.spherical:
            before = r"\tfrac{1}{2 N_k} \textstyle\sum_i"
        return rf"{before} \delta_{{ik}}\, {inner}" + (r" + \lambda" if self.reg and a == b else "")

    def likelihood(self, t: int, *, after: bool) -> Blank:
        """The log-likelihood with the parameters of iteration `t`."""

        def points(v: Values) -> list[float]:
            return [sum(self.joint(v, t + 1, i, k) for k in range(self.components)) for i in range(self.count)]

        pairs = [(i, k) for i in range(self.count) for k in range(self.components)]
        slips: list[tuple[str, Formula]] = [
            (
                _("Take the natural logarithm, not the one to base 10."),
                lambda v: sum(math.log10(one) for one in points(v)),
            ),
            (
                _("Take the log of the sum over the components, not the sum of the logs."),
                lambda v: sum(math.log(self.joint(v, t + 1, i, k)) for i, k in pairs),
            ),
            (
                _("The sum over the components needs the weights π."),
                lambda v: sum(
                    math.log(sum(self.d(v, t + 1, i, k) for k in range(self.components))) for i in range(self.count)
                ),
            ),
            (
                _("Take the log of each point’s density, then add; not the log of the total."),
                lambda v: math.log(sum(points(v))),
            ),
            (_("This is the mean over the points: add them up."), lambda v: sum(map(math.log, points(v))) / self.count),
            (_("This is the likelihood: take its logarithm."), lambda v: math.prod(points(v))),
            (_("Take the logarithm of each point’s density before you add."), lambda v: sum(points(v))),
            (
                _("This is Σ δ ln(πN). The log-likelihood takes the log of the sum over the components."),
                lambda v: sum(self.fresh(v, t + 1, i, k) * math.log(self.joint(v, t + 1, i, k)) for i, k in pairs),
            ),
        ]
        if after and t > 0:
            slips.append((_("This is the log-likelihood before: use the new parameters."), lambda v: v[f"l{t - 1}"]))
        return _blank(
            f"l{t}",
            rf"L_{{{t}}}",
            r"\textstyle\sum_i \ln \sum_k \pi_k \mathcal{N}_{ik}",
            lambda v: sum(map(math.log, points(v))),
            slips,
        )


def _blank(name: str, symbol: str, letters: str, formula: Formula, slips: list[tuple[str, Formula]]) -> Blank:
    return Blank(name, symbol, letters, formula, tuple(Slip(said, one) for said, one in slips))
