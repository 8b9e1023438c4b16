"""Does a network keep its verdict on a line of fixed points, or cannot this be told?

Maheswaranathan et al. 2019, "Reverse engineering recurrent networks for sentiment classification reveals line attractor
dynamics", found networks that add up sentiment along a line of nearly fixed points, along which alone a difference
lasts, while all others die out. A difference is said to last here where it neither shrinks nor grows e-fold within as
many steps as a text of the training data has tokens. A line is claimed where a search that was finished found at least
`MOST_FEW` fixed points of both verdicts, `SHARE` or more of whose variance lies along one axis, typically exactly one
direction at a point in which a difference lasts, and at most of them none in which it grows sooner: what grows leaves
the line. That there is none is claimed where fewer than half of the fixed points found have a direction that lasts. All
else cannot be told, nor can it where most of what was found are slow points, which are no fixed points: a line may be
made of these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.labels import model_name
from core.probes.dynamics.fixed_points import SLOW, TOLERANCE, FixedPoints
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together

MOST_FEW = 5  # with fewer points, some axis holds much of their variance whatever they are
SHARE = 0.8


@dataclass(frozen=True)
class Attractor:
    """What was computed of fixed points, and what follows: `answer` is ``line``, ``none`` or ``cannot tell``.

    `share` of the variance of the points' h lies along their first principal axis, whose |cos| with the read-out's
    weights is `alignment`; both None with fewer than `MOST_FEW` points. `longest` [points] are the longest time
    constants, which at an unstable point need not be the leading eigenvalue's; `lasting` [points] how many eigenvalues
    have one of `tokens` or more, and `growing` [points] how many have a shorter one and |λ| > 1 (both None where the
    length of a training text is not known). `reason` says in one sentence why the answer is what it is.
    """

    answer: str
    reason: str
    stable: int
    unstable: int
    marginal: int
    positive: int
    share: float | None
    alignment: float | None
    longest: tuple[float, ...]
    lasting: tuple[int, ...] | None
    growing: tuple[int, ...] | None
    tokens: float | None


def judge(found: FixedPoints) -> Attractor:
    """The numbers, and what follows from them."""
    points = found.points
    kinds = [point.stability for point in points]
    share, alignment = _line(found)
    lasting = growing = None
    if found.tokens is not None:
        slow = [point.time_constants >= found.tokens for point in points]
        lasting = tuple(int(rows.sum()) for rows in slow)
        growing = tuple(
            int((~rows & (np.abs(point.eigenvalues) > 1)).sum()) for rows, point in zip(slow, points, strict=True)
        )
    positive = sum(point.logit >= 0 for point in points)
    answer, reason = _answer(found, share, lasting, growing, positive)
    return Attractor(
        answer=answer,
        reason=reason,
        stable=kinds.count("stable"),
        unstable=kinds.count("unstable"),
        marginal=kinds.count("marginal"),
        positive=positive,
        share=share,
        alignment=alignment,
        longest=tuple(float(point.time_constants.max()) for point in points),
        lasting=lasting,
        growing=growing,
        tokens=found.tokens,
    )


def statement(found: FixedPoints) -> str:
    """A paragraph to be read aloud: what was searched, what was found, and whether the verdict is kept on a line."""
    judged = judge(found)
    told = [_searched(found)]
    if found.points:
        told += [_points(found, judged), *_axis(judged), *_times(judged)]
    if found.slow:
        told.append(
            ngettext(
                "There is {count:,} slow point besides, where the state moves by less than {slow:g} a step and yet is "
                "not at rest: it is no fixed point, and nothing is concluded from it.",
                "There are {count:,} slow points besides, where the state moves by less than {slow:g} a step and yet "
                "is not at rest: they are no fixed points, and nothing is concluded from them.",
                len(found.slow),
            ).format(count=len(found.slow), slow=SLOW)
        )
    model = model_name(found.model)
    answers = {
        "line": _("So {model} does keep its verdict on a line attractor, as far as this input and these starts show"),
        "none": _(
            "So {model} does not keep its verdict on a line attractor, as far as this input and these starts show"
        ),
        "cannot tell": _("Whether {model} keeps its verdict on a line attractor, this search cannot tell"),
    }
    answer = answers[judged.answer].format(model=model)
    return together([*told, _("{finding}: {reason}.").format(finding=answer, reason=judged.reason)])


def _line(found: FixedPoints) -> tuple[float | None, float | None]:
    """The share of variance along the points' first axis, and its |cos| with the read-out."""
    if len(found.points) < MOST_FEW:
        return None, None
    hidden = np.stack([point.hidden for point in found.points])
    _left, values, axes = np.linalg.svd(hidden - hidden.mean(axis=0), full_matrices=False)
    total, scale = float((values**2).sum()), float(np.linalg.norm(found.read_out))
    if not total or not scale:
        return None, None
    return float(values[0] ** 2 / total), float(abs(axes[0] @ found.read_out) / scale)


def _answer(
    found: FixedPoints,
    share: float | None,
    lasting: tuple[int, ...] | None,
    growing: tuple[int, ...] | None,
    positive: int,
) -> tuple[str, str]:
    cannot = "cannot tell"
    if not found.points:
        return cannot, _("no fixed point was found")
    if lasting is None or growing is None:
        return cannot, _("the model's card does not say how long a text is, which memory would have to outlast")
    directions = float(np.median(lasting))
    if directions > 1:
        return cannot, _(
            "at the median fixed point a difference lasts as long as a text in {count:g} directions, and a line has one"
        ).format(count=directions)
    if not found.complete:
        return cannot, _("it ended before every start was tried")
    if len(found.slow) > len(found.points):
        return cannot, _("most of what was found are slow points, of which a line may or may not be made")
    if 2 * sum(number > 0 for number in lasting) < len(lasting):
        return "none", _(
            "at most of the fixed points found every difference shrinks or grows e-fold within the length of a text"
        )
    if len(found.points) < MOST_FEW or share is None:
        return cannot, _("so few fixed points lie on a line whatever they are")
    if share < SHARE:
        return cannot, _("at some points a difference lasts long enough, but the points do not lie along one line")
    if positive in (0, len(found.points)):
        return cannot, _("the points lie along a line, but all on one side of the verdict")
    if 2 * sum(number > 0 for number in growing) >= len(growing):
        return cannot, _(
            "the points lie along a line, but at half of them or more some difference grows e-fold within the length "
            "of a text, and so leaves it"
        )
    return "line", _("the points lie along a line, on both sides of the verdict, and along one direction memory lasts")


def _searched(found: FixedPoints) -> str:
    held = {"zero": _("zero"), "mean": _("the mean of all words")}[found.input]
    line = _(
        "{model} was left to itself with its input held at {held}, and {tried:,} of {starts:,} starts were tried. "
    )
    line = line.format(model=model_name(found.model), held=held, tried=found.tried, starts=found.starts)
    if found.converged:
        return line + ngettext(
            "{count:,} reached a fixed point, a state that moves by less than {kept:g} a step.",
            "{count:,} reached a fixed point, a state that moves by less than {kept:g} a step.",
            found.converged,
        ).format(count=found.converged, kept=TOLERANCE)
    if found.smallest_speed is None:
        return line + _("None came to an end in the time given.")
    return line + _("None reached a fixed point: the slowest still moves by {speed:.2g} a step.").format(
        speed=found.smallest_speed
    )


def _points(found: FixedPoints, judged: Attractor) -> str:
    count = len(found.points)
    kinds = ngettext(
        "It is {count:,} distinct point: {stable:,} stable, {unstable:,} unstable, {marginal:,} too near the edge to "
        "tell; {positive:,} with a logit above 0 and {negative:,} with one below.",
        "They are {count:,} distinct points: {stable:,} stable, {unstable:,} unstable, {marginal:,} too near the edge "
        "to tell; {positive:,} with a logit above 0 and {negative:,} with one below.",
        count,
    )
    return kinds.format(
        count=count,
        stable=judged.stable,
        unstable=judged.unstable,
        marginal=judged.marginal,
        positive=judged.positive,
        negative=count - judged.positive,
    )


def _axis(judged: Attractor) -> list[str]:
    if judged.share is None or judged.alignment is None:
        return []
    return [
        _(
            "{share:.0%} of their spread lies along one axis, whose cosine with the read-out is {alignment:.2f} "
            "(0 is at right angles, 1 the same direction)."
        ).format(share=judged.share, alignment=judged.alignment)
    ]


def _times(judged: Attractor) -> list[str]:
    line = _("At the median point the slowest difference takes {time} steps to shrink or grow e-fold")
    middle = float(np.median(judged.longest))
    line = line.format(time=f"{middle:,.1f}" if middle < 1e6 else _("more than a million"))
    if judged.tokens is None or judged.lasting is None:
        return [line + "."]
    return [
        line
        + _(
            "; a training text has {tokens:.1f} tokens on average, and at {count:,} of the points some difference "
            "takes that long or longer (directions in which it does, at the median point: {directions:g})."
        ).format(
            tokens=judged.tokens,
            count=sum(number > 0 for number in judged.lasting),
            directions=float(np.median(judged.lasting)),
        )
    ]
