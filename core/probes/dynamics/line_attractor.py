"""Does a network keep its verdict on a line of fixed points?

Maheswaranathan et al. 2019, "Reverse engineering recurrent networks for sentiment classification reveals line attractor
dynamics", found networks that add up sentiment along a line of nearly fixed points, along which alone a difference
lasts. Aitken et al. 2020, "The geometry of integration in text classification RNNs", found up to K - 1 such directions
for K classes, as the read-out has. Here a difference lasts if it neither shrinks nor grows e-fold within as many steps
as a training text has tokens. A line is claimed if a completed search found at least `MOST_FEW` fixed points with every
verdict, `SHARE` or more of whose variance is along one axis, the median point has exactly one direction that lasts, and
at most points no difference grows sooner, since growth leaves the line. Where it has D directions, up to K - 1, a plane
of D dimensions takes the line's place, with D axes and D - 1 points more. None is claimed if fewer than half of the
fixed points have a direction that lasts. Otherwise it cannot be told, nor where most points are slow ones: a line may
be made of these.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from core.data import targets
from core.data.labels import model_name, shown
from core.probes.dynamics.fixed_points import SLOW, TOLERANCE, FixedPoints
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext, together

MOST_FEW = 5  # with fewer points, some axis always has much of their variance
SHARE = 0.8


@dataclass(frozen=True)
class Attractor:
    """What follows from fixed points: `answer` is ``line``, ``plane``, ``none`` or ``cannot tell``, `reason` says why.

    `share` of the variance of the points' h is along their first principal axes, as many as the line or plane has
    `dimensions`; `alignment` is the cosine of the largest angle between these and the read-out's directions. Both are
    None with too few points. For each point, `longest` is the longest time constant, `lasting` how many eigenvalues
    have one of `tokens` or more, `growing` how many have a shorter one and |λ| > 1 (both None where the length of a
    training text is not known).
    """

    answer: str
    reason: str
    share: float | None
    alignment: float | None
    longest: tuple[float, ...]
    lasting: tuple[int, ...] | None
    growing: tuple[int, ...] | None
    tokens: float | None
    dimensions: int = 1


def judge(result: FixedPoints) -> Attractor:
    """The numbers and the answer."""
    points = result.points
    lasting = growing = None
    if result.tokens is not None:
        slow = [point.time_constants >= result.tokens for point in points]
        lasting = tuple(int(rows.sum()) for rows in slow)
        growing = tuple(
            int((~rows & (np.abs(point.eigenvalues) > 1)).sum()) for rows, point in zip(slow, points, strict=True)
        )
    dimensions = _most(result)
    if lasting:
        dimensions = min(max(1, int(np.ceil(np.median(lasting)))), dimensions)
    share, alignment = _along(result, dimensions)
    answer, reason = _answer(result, dimensions, share, lasting, growing)
    return Attractor(
        answer=answer,
        reason=reason,
        share=share,
        alignment=alignment,
        longest=tuple(float(point.time_constants.max()) for point in points),
        lasting=lasting,
        growing=growing,
        tokens=result.tokens,
        dimensions=dimensions,
    )


def statement(result: FixedPoints) -> str:
    """A paragraph: what was searched, what was found, and whether the verdict is kept on a line."""
    judged = judge(result)
    sentences = [_searched(result)]
    if result.points:
        sentences += [_points(result), *_axis(judged), *_times(judged)]
    if result.slow:
        sentences.append(
            ngettext(
                "There is also {count:,} slow point, where the state moves by less than {slow:g} per "
                "step but is not at rest: it is not a fixed point, and no conclusion rests on it.",
                "There are also {count:,} slow points, where the state moves by less than {slow:g} "
                "per step but is not at rest: they are not fixed points, and no conclusion rests on "
                "them.",
                len(result.slow),
            ).format(count=len(result.slow), slow=SLOW)
        )
    answers = {
        "line": _("So {model} keeps its verdict on a line attractor, as far as this input and these starts show"),
        "plane": _(
            "So {model} keeps its verdict on an attractor of {dimensions} dimensions, as far as this input and "
            "these starts show"
        ),
        "none": _(
            "So {model} does not keep its verdict on a line attractor, as far as this input and these starts show"
        ),
        "cannot tell": _("This search cannot tell whether {model} keeps its verdict on a line attractor"),
    }
    if _most(result) > 1:
        answers["none"] = _(
            "So {model} does not keep its verdict on an attractor of up to {most} dimensions, as far as this input "
            "and these starts show"
        )
        answers["cannot tell"] = _(
            "This search cannot tell whether {model} keeps its verdict on an attractor of up to {most} dimensions"
        )
    answer = answers[judged.answer].format(
        model=model_name(result.model), dimensions=judged.dimensions, most=_most(result)
    )
    return together([*sentences, _("{finding}: {reason}.").format(finding=answer, reason=judged.reason)])


def _most(result: FixedPoints) -> int:
    """In how many directions the scores differ: K - 1."""
    return len(targets.contrasts(result.read_out))


def _along(result: FixedPoints, dimensions: int) -> tuple[float | None, float | None]:
    """The share of variance along the points' first axes, and the cosine of their largest angle with the read-out."""
    if len(result.points) < MOST_FEW + dimensions - 1:
        return None, None
    hidden = np.stack([point.hidden for point in result.points])
    _left, values, axes = np.linalg.svd(hidden - hidden.mean(axis=0), full_matrices=False)
    total, spanning = float((values**2).sum()), _orthogonal(targets.contrasts(result.read_out))
    if not total or not spanning:
        return None, None
    share = float((values[:dimensions] ** 2).sum() / total)
    cosines = [[axis @ row / np.linalg.norm(row) for row in spanning] for axis in axes[:dimensions]]
    smallest = np.linalg.svd(np.array(cosines), compute_uv=False)[-1] if len(spanning) >= dimensions else 0
    return share, float(smallest)


def _orthogonal(directions: np.ndarray) -> list[np.ndarray]:
    """Orthogonal directions that span the same space (Gram & Schmidt's, twice, for rounding)."""
    found: list[np.ndarray] = []
    for direction in directions:
        left = direction
        for one in (*found, *found):
            left = left - (left @ one) / (one @ one) * one
        if np.linalg.norm(left) > 1e-9 * np.linalg.norm(direction):
            found.append(left)
    return found


def _answer(
    result: FixedPoints,
    dimensions: int,
    share: float | None,
    lasting: tuple[int, ...] | None,
    growing: tuple[int, ...] | None,
) -> tuple[str, str]:
    cannot = "cannot tell"
    if not result.points:
        return cannot, _("no fixed point was found")
    if lasting is None or growing is None:
        return cannot, _(
            "the model's card does not say how long a text is, so there is no length for memory to outlast"
        )
    directions, most, line = float(np.median(lasting)), _most(result), dimensions == 1
    if directions > most:
        why = _(
            "at the median fixed point a difference lasts as long as a text in {count:g} directions, "
            "and a line has only one"
        )
        if most > 1:
            why = _(
                "at the median fixed point a difference lasts as long as a text in {count:g} directions, "
                "and the classes differ in only {most}"
            )
        return cannot, why.format(count=directions, most=most)
    if not result.complete:
        return cannot, _("it ended before every start was tried")
    if len(result.slow) > len(result.points):
        return cannot, _("most of what was found are slow points, which may or may not form a line")
    if 2 * sum(number > 0 for number in lasting) < len(lasting):
        return "none", _(
            "at most of the fixed points every difference grows or shrinks by a factor of e within the length of a text"
        )
    if share is None:
        why = _("so few fixed points always lie on a line")
        if not line:
            why = _("so few fixed points always lie in {count} dimensions")
        return cannot, why.format(count=dimensions)
    if share < SHARE:
        why = _("at some points a difference lasts long enough, but the points do not lie along one line")
        if not line:
            why = _("at some points a difference lasts long enough, but the points do not lie in {count} dimensions")
        return cannot, why.format(count=dimensions)
    where = _("the points lie along a line") if line else _("the points lie in {count} dimensions")
    where, labels = where.format(count=dimensions), result.target.labels
    reached = {result.predicted(point) for point in result.points}
    if missing := [shown(name) for number, name in enumerate(labels) if number not in reached]:
        why = _("{where}, but all on one side of the verdict")
        if most > 1:
            why = _("{where}, but at none of them is the verdict {labels}")
        return cannot, why.format(where=where, labels=listed(missing))
    if 2 * sum(number > 0 for number in growing) >= len(growing):
        return cannot, _(
            "{where}, but at half of them or more some difference grows by a "
            "factor of e within the length of a text and so leaves it"
        ).format(where=where)
    if not line:
        return "plane", _("{where}, with every verdict, and memory lasts along as many directions").format(where=where)
    why = _("{where}, on both sides of the verdict, and memory lasts along one direction")
    if most > 1:
        why = _("{where}, with every verdict, and memory lasts along one direction")
    return "line", why.format(where=where)


def _searched(result: FixedPoints) -> str:
    held = {"zero": _("zero"), "mean": _("the mean of all words")}[result.input]
    line = _("{model} ran with its input held at {held}, from {tried:,} of {starts:,} starts. ")
    line = line.format(model=model_name(result.model), held=held, tried=result.tried, starts=result.starts)
    if result.converged:
        return line + ngettext(
            "{count:,} reached a fixed point, a state that moves by less than {kept} per step.",
            "{count:,} reached a fixed point, a state that moves by less than {kept} per step.",
            result.converged,
        ).format(count=result.converged, kept=f"{TOLERANCE:.6f}")
    if result.smallest_speed is None:
        return line + _("None finished in the time given.")
    return line + _("None reached a fixed point: the slowest still moves by {speed:.2g} per step.").format(
        speed=result.smallest_speed
    )


def _points(result: FixedPoints) -> str:
    count, positive = len(result.points), sum(point.logit >= 0 for point in result.points)
    of_kind = Counter(point.stability for point in result.points)
    of_class = Counter(map(result.label, result.points))
    line = ngettext(
        "There is {count:,} distinct point: {stable:,} stable, {unstable:,} unstable, {marginal:,} "
        "too close to tell; {positive:,} with a logit above 0 and {negative:,} below.",
        "There are {count:,} distinct points: {stable:,} stable, {unstable:,} unstable, {marginal:,} "
        "too close to tell; {positive:,} with a logit above 0 and {negative:,} below.",
        count,
    )
    if not result.target.wins_at_half:
        line = ngettext(
            "There is {count:,} distinct point: {stable:,} stable, {unstable:,} unstable, {marginal:,} "
            "too close to tell. The verdict there: {classes}.",
            "There are {count:,} distinct points: {stable:,} stable, {unstable:,} unstable, {marginal:,} "
            "too close to tell. The verdicts there: {classes}.",
            count,
        )
    there = [(shown(name), of_class[name]) for name in result.target.labels if of_class[name]]
    return line.format(
        count=count,
        stable=of_kind["stable"],
        unstable=of_kind["unstable"],
        marginal=of_kind["marginal"],
        positive=positive,
        negative=count - positive,
        classes=listed(_("{label} ({count:,})").format(label=label, count=times) for label, times in there),
    )


def _axis(judged: Attractor) -> list[str]:
    if judged.share is None or judged.alignment is None:
        return []
    line = _(
        "{share:.0%} of their variance lies along one axis, whose cosine with the read-out is "
        "{alignment:.2f} (0 is orthogonal, 1 the same direction)."
    )
    if judged.dimensions > 1:
        line = _(
            "{share:.0%} of their variance lies along {dimensions} axes. The largest angle between these and the "
            "directions of the read-out has the cosine {alignment:.2f} (0 is orthogonal, 1 the same directions)."
        )
    return [line.format(share=judged.share, alignment=judged.alignment, dimensions=judged.dimensions)]


def _times(judged: Attractor) -> list[str]:
    line = _("At the median point the slowest difference takes {time} steps to grow or shrink by a factor of e")
    middle = float(np.median(judged.longest))
    line = line.format(time=f"{middle:,.1f}" if middle < 1e6 else _("more than a million"))
    if judged.tokens is None or judged.lasting is None:
        return [line + "."]
    return [
        line
        + _(
            "; a training text has {tokens:.1f} tokens on average, and at {count:,} of the points "
            "some difference lasts at least that long (in {directions:g} directions at the median "
            "point)."
        ).format(
            tokens=judged.tokens,
            count=sum(number > 0 for number in judged.lasting),
            directions=float(np.median(judged.lasting)),
        )
    ]
