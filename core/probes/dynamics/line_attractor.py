"""Does a network keep its verdict on a line of fixed points?

Maheswaranathan et al. 2019, "Reverse engineering recurrent networks for sentiment classification reveals line attractor
dynamics", found networks that add up sentiment along a line of nearly fixed points, along which alone a difference
lasts. Here a difference lasts if it neither shrinks nor grows e-fold within as many steps as a training text has
tokens. A line is claimed if a completed search found at least `MOST_FEW` fixed points with both verdicts, `SHARE` or
more of whose variance is along one axis, the median point has exactly one direction that lasts, and at most points no
difference grows sooner, since growth leaves the line. No line is claimed if fewer than half of the fixed points have a
direction that lasts. Otherwise it cannot be told, nor where most points are slow ones: a line may be made of these.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from core.data.labels import model_name
from core.probes.dynamics.fixed_points import SLOW, TOLERANCE, FixedPoints
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together

MOST_FEW = 5  # with fewer points, some axis always has much of their variance
SHARE = 0.8


@dataclass(frozen=True)
class Attractor:
    """What follows from fixed points: `answer` is ``line``, ``none`` or ``cannot tell``, `reason` says why.

    `share` of the variance of the points' h is along their first principal axis, whose |cos| with the read-out's
    weights is `alignment`; both None with fewer than `MOST_FEW` points. For each point, `longest` is the longest time
    constant, `lasting` how many eigenvalues have one of `tokens` or more, `growing` how many have a shorter one and
    |λ| > 1 (both None where the length of a training text is not known).
    """

    answer: str
    reason: str
    share: float | None
    alignment: float | None
    longest: tuple[float, ...]
    lasting: tuple[int, ...] | None
    growing: tuple[int, ...] | None
    tokens: float | None


def judge(result: FixedPoints) -> Attractor:
    """The numbers and the answer."""
    points = result.points
    share, alignment = _line(result)
    lasting = growing = None
    if result.tokens is not None:
        slow = [point.time_constants >= result.tokens for point in points]
        lasting = tuple(int(rows.sum()) for rows in slow)
        growing = tuple(
            int((~rows & (np.abs(point.eigenvalues) > 1)).sum()) for rows, point in zip(slow, points, strict=True)
        )
    answer, reason = _answer(result, share, lasting, growing)
    return Attractor(
        answer=answer,
        reason=reason,
        share=share,
        alignment=alignment,
        longest=tuple(float(point.time_constants.max()) for point in points),
        lasting=lasting,
        growing=growing,
        tokens=result.tokens,
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
    model = model_name(result.model)
    answers = {
        "line": _("So {model} keeps its verdict on a line attractor, as far as this input and these starts show"),
        "none": _(
            "So {model} does not keep its verdict on a line attractor, as far as this input and these starts show"
        ),
        "cannot tell": _("This search cannot tell whether {model} keeps its verdict on a line attractor"),
    }
    answer = answers[judged.answer].format(model=model)
    return together([*sentences, _("{finding}: {reason}.").format(finding=answer, reason=judged.reason)])


def _line(result: FixedPoints) -> tuple[float | None, float | None]:
    """The share of variance along the points' first axis, and that axis's |cos| with the read-out."""
    if len(result.points) < MOST_FEW:
        return None, None
    hidden = np.stack([point.hidden for point in result.points])
    _left, values, axes = np.linalg.svd(hidden - hidden.mean(axis=0), full_matrices=False)
    total, scale = float((values**2).sum()), float(np.linalg.norm(result.read_out))
    if not total or not scale:
        return None, None
    return float(values[0] ** 2 / total), float(abs(axes[0] @ result.read_out) / scale)


def _answer(
    result: FixedPoints,
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
    directions = float(np.median(lasting))
    if directions > 1:
        return cannot, _(
            "at the median fixed point a difference lasts as long as a text in {count:g} directions, "
            "and a line has only one"
        ).format(count=directions)
    if not result.complete:
        return cannot, _("it ended before every start was tried")
    if len(result.slow) > len(result.points):
        return cannot, _("most of what was found are slow points, which may or may not form a line")
    if 2 * sum(number > 0 for number in lasting) < len(lasting):
        return "none", _(
            "at most of the fixed points every difference grows or shrinks by a factor of e within the length of a text"
        )
    if len(result.points) < MOST_FEW or share is None:
        return cannot, _("so few fixed points always lie on a line")
    if share < SHARE:
        return cannot, _("at some points a difference lasts long enough, but the points do not lie along one line")
    if len({point.logit >= 0 for point in result.points}) == 1:
        return cannot, _("the points lie along a line, but all on one side of the verdict")
    if 2 * sum(number > 0 for number in growing) >= len(growing):
        return cannot, _(
            "the points lie along a line, but at half of them or more some difference grows by a "
            "factor of e within the length of a text and so leaves it"
        )
    return "line", _("the points lie along a line, on both sides of the verdict, and memory lasts along one direction")


def _searched(result: FixedPoints) -> str:
    held = {"zero": _("zero"), "mean": _("the mean of all words")}[result.input]
    line = _("{model} ran with its input held at {held}, from {tried:,} of {starts:,} starts. ")
    line = line.format(model=model_name(result.model), held=held, tried=result.tried, starts=result.starts)
    if result.converged:
        return line + ngettext(
            "{count:,} reached a fixed point, a state that moves by less than {kept:g} per step.",
            "{count:,} reached a fixed point, a state that moves by less than {kept:g} per step.",
            result.converged,
        ).format(count=result.converged, kept=TOLERANCE)
    if result.smallest_speed is None:
        return line + _("None finished in the time given.")
    return line + _("None reached a fixed point: the slowest still moves by {speed:.2g} per step.").format(
        speed=result.smallest_speed
    )


def _points(result: FixedPoints) -> str:
    count, positive = len(result.points), sum(point.logit >= 0 for point in result.points)
    of_kind = Counter(point.stability for point in result.points)
    kinds = ngettext(
        "There is {count:,} distinct point: {stable:,} stable, {unstable:,} unstable, {marginal:,} "
        "too close to tell; {positive:,} with a logit above 0 and {negative:,} below.",
        "There are {count:,} distinct points: {stable:,} stable, {unstable:,} unstable, {marginal:,} "
        "too close to tell; {positive:,} with a logit above 0 and {negative:,} below.",
        count,
    )
    return kinds.format(
        count=count,
        stable=of_kind["stable"],
        unstable=of_kind["unstable"],
        marginal=of_kind["marginal"],
        positive=positive,
        negative=count - positive,
    )


def _axis(judged: Attractor) -> list[str]:
    if judged.share is None or judged.alignment is None:
        return []
    return [
        _(
            "{share:.0%} of their variance lies along one axis, whose cosine with the read-out is "
            "{alignment:.2f} (0 is orthogonal, 1 the same direction)."
        ).format(share=judged.share, alignment=judged.alignment)
    ]


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
