"""One round of boosting as worked lines: weights, error, the risk in α and its minimum, the weights after."""

from __future__ import annotations

import math

from core.lab.boosting.samme import CHANCE, M1, PERFECT, RISK, SAMME, Boosting, Minimum, Round
from core.lab.worksheet import Line, Sheet, aligned, decimal, number
from core.runtime.i18n import gettext as _

_MOST_TERMS = 4  # weights of wrong points that are written out
_DIGITS = 6


def sheet(boosting: Boosting, round_number: int, minimum: Minimum | None = None) -> Sheet:
    """The working of a round, counted from 1."""
    round_ = boosting.rounds[round_number - 1]
    lines = [_risk(boosting.classes)] if boosting.form != M1 else []
    lines += [_weights(boosting, round_), *vote(boosting, round_, minimum)]
    if not math.isinf(round_.alpha):
        lines += [*weights_after(boosting, round_), _chance_after(boosting, round_)]
    title = _("Round {number} of boosting, K = {classes}").format(number=round_.number, classes=boosting.classes)
    return Sheet(title, tuple(lines))


def vote(boosting: Boosting, round_: Round, minimum: Minimum | None = None) -> list[Line]:
    """The error of a round's learner and its vote."""
    error = _error(boosting, round_)
    if math.isinf(round_.alpha):
        note = _("The learner is right on every point: a larger vote always lowers the risk. Boosting ends here.")
        t = round_.number
        return [error, Line(rf"\varepsilon_{{{t}}} = 0 \;\Rightarrow\; \alpha_{{{t}}} = \infty", note)]
    if boosting.form == RISK:
        return [error, _in_alpha(boosting.classes, round_), _alpha(boosting.classes, round_, minimum)]
    return [error, _other_alpha(boosting, round_)]


def weights_after(boosting: Boosting, round_: Round) -> list[Line]:
    """The factors of the weights, and for the risk's own form the risk."""
    risk = [] if boosting.form == M1 else [_risk_after(boosting, round_)]
    return [_weights_after(boosting, round_), *risk]


def stopped(boosting: Boosting) -> str:
    """Why there is no further round, in a sentence; empty where there were as many as were asked for."""
    if boosting.stopped == PERFECT:
        return _(
            "Stopped at round {number}: this learner is right on every row (ε = 0). Its α is "
            "infinite, so it decides alone and nothing is left to boost."
        ).format(number=boosting.rounds[-1].number)
    if boosting.stopped == CHANCE and boosting.form == M1 and boosting.classes > 2:
        return _(
            "Stopped before round {number}: the next learner has ε = {error:.4f}. AdaBoost.M1 needs less than 0.5, "
            "with any number of classes."
        ).format(number=len(boosting.rounds) + 1, error=boosting.refused)
    if boosting.stopped == CHANCE and boosting.refused is not None:
        return _(
            "Stopped before round {number}: the next learner has ε = {error:.4f}, no better than "
            "chance, 1 − 1/K = {chance:.4f}. Its α would be 0 or less, and the risk would not fall."
        ).format(number=len(boosting.rounds) + 1, error=boosting.refused, chance=boosting.limit)
    return ""


def _risk(classes: int) -> Line:
    exponent = r"\tfrac{1}{K-1}\sum_{k \ne y_i} g^k(x_i) - g^{y_i}(x_i)"
    return Line(
        rf"\begin{{aligned}}R(g) &= \frac{{1}}{{N}}\sum_{{i=1}}^{{N}} e^{{m_i}}, \quad K = {classes} \\ "
        rf"m_i &= {exponent}\end{{aligned}}",
        _("The risk: votes for other classes raise a point’s term, votes for its own class lower it."),
    )


def _weights(boosting: Boosting, round_: Round) -> Line:
    t, count = round_.number, len(boosting.labels)
    if t == 1 and boosting.first is None:
        note = _("No vote has been cast yet: all {count:,} points weigh the same.").format(count=count)
        return Line(rf"D_1(i) = \frac{{1}}{{N}} = {_shown(float(round_.weights[0]))}", note)
    note = _("Each point's weight is its share of the risk so far. From the lightest of {count:,} to the heaviest:")
    steps = [
        *([] if boosting.form == M1 or boosting.first is not None else [rf"e^{{m_i}} / (N R_{{{t - 1}}})"]),
        rf"{_shown(float(round_.weights.min()))} \;\dots\; {_shown(float(round_.weights.max()))}",
    ]
    return Line(aligned(rf"D_{{{t}}}(i)", steps), note.format(count=count))


def _error(boosting: Boosting, round_: Round) -> Line:
    t = round_.number
    terms = [number(float(weight), 5) for weight in round_.weights[round_.named != boosting.labels]]
    steps = [rf"\sum_{{i:\, h_{{{t}}}(x_i) \ne y_i}} D_{{{t}}}(i)"]
    if terms:
        steps.append(" + ".join(terms[:_MOST_TERMS]) + (r" + \cdots" if len(terms) > _MOST_TERMS else ""))
    note = _("The learner misclassifies {count:,} of {rows:,} points; their weights sum to its error.")
    return Line(
        aligned(rf"\varepsilon_{{{t}}}", [*steps, _shown(round_.error)]),
        note.format(count=len(terms), rows=len(boosting.labels)),
    )


def _in_alpha(classes: int, round_: Round) -> Line:
    t = round_.number
    exponent = r"\alpha" if classes == 2 else rf"\alpha/{classes - 1}"
    steps = [
        rf"(1-\varepsilon_{{{t}}})\,e^{{-\alpha}} + \varepsilon_{{{t}}}\,e^{{\alpha/(K-1)}}",
        rf"{_shown(1 - round_.error)}\,e^{{-\alpha}} + {_shown(round_.error)}\,e^{{{exponent}}}",
    ]
    note = _("A vote of this size for the learner's class multiplies the risk by this factor.")
    return Line(aligned(rf"\frac{{R_{{{t}}}(\alpha)}}{{R_{{{t - 1}}}}}", steps), note)


def _alpha(classes: int, round_: Round, minimum: Minimum | None) -> Line:
    t = round_.number
    steps = [
        rf"\frac{{K-1}}{{K}}\,{_log_odds(t)}",
        rf"\frac{{{classes - 1}}}{{{classes}}}\,"
        rf"\log\frac{{{classes - 1} \cdot {_shown(1 - round_.error)}}}{{{_shown(round_.error)}}}",
        _shown(round_.alpha),
    ]
    note = _("Its derivative is 0 here.")
    if minimum is not None:
        note = _(
            "Its derivative is 0 here. The minimum found from the risk’s values alone is "
            "{found:.8f}; the two differ by {difference:.1e}."
        ).format(found=minimum.numerical, difference=minimum.difference)
    return Line(aligned(rf"\alpha_{{{t}}}", steps), note)


def _risk_after(boosting: Boosting, round_: Round) -> Line:
    t = round_.number
    before = 1.0 if t == 1 else boosting.rounds[t - 2].risk
    steps = [
        rf"R_{{{t - 1}}} \cdot \frac{{R_{{{t}}}(\alpha_{{{t}}})}}{{R_{{{t - 1}}}}}",
        rf"{_shown(before)} \cdot {_shown(round_.normaliser)}",
        _shown(round_.risk),
    ]
    return Line(aligned(rf"R_{{{t}}}", steps), _("So the risk falls to"))


def factors(boosting: Boosting, round_: Round) -> tuple[float, float]:
    """What the weights of right and of wrong points are multiplied by before they are normalised, in the form."""
    if boosting.form == RISK:
        return math.exp(-round_.alpha), math.exp(round_.alpha / (boosting.classes - 1))
    return 1.0, math.exp(boosting.scale * round_.alpha)


def _weights_after(boosting: Boosting, round_: Round) -> Line:
    t = round_.number
    right, wrong = factors(boosting, round_)
    total = (1 - round_.error) * right + round_.error * wrong
    in_letters = (rf"e^{{-\alpha_{{{t}}}}}", rf"e^{{\alpha_{{{t}}}/(K-1)}}")
    if boosting.form != RISK:
        in_letters = ("1", rf"e^{{\alpha_{{{t}}}}}")
    if_right, if_wrong = _("right"), _("wrong")
    cases = (
        rf"{in_letters[0]}\,/\,Z_{{{t}}} = {number(right / total, 5)} & \text{{{if_right}}} \\ "
        rf"{in_letters[1]}\,/\,Z_{{{t}}} = {number(wrong / total, 5)} & \text{{{if_wrong}}}"
    )
    return Line(
        rf"\frac{{D_{{{t + 1}}}(i)}}{{D_{{{t}}}(i)}} = \begin{{cases}}{cases}\end{{cases}}",
        _(
            "Z = {total} makes the new weights sum to 1. Points that the learner has right get lighter, the others "
            "heavier."
        ).format(total=decimal(total, _DIGITS)),
    )


def _chance_after(boosting: Boosting, round_: Round) -> Line:
    t = round_.number
    again = float(boosting.weights(t)[round_.named != boosting.labels].sum())
    chance = r"\tfrac{1}{2}" if boosting.form == M1 else r"1 - \tfrac{1}{K}"
    return Line(
        rf"\sum_{{i:\, h_{{{t}}}(x_i) \ne y_i}} D_{{{t + 1}}}(i) = {chance} = {_shown(again)}",
        _("Under the new weights this learner is no better than chance: the next one has to know something else."),
    )


def _other_alpha(boosting: Boosting, round_: Round) -> Line:
    """The vote as the form has it."""
    t, classes = round_.number, boosting.classes
    odds = rf"\log\frac{{{_shown(1 - round_.error)}}}{{{_shown(round_.error)}}}"
    letters = rf"\log\frac{{1-\varepsilon_{{{t}}}}}{{\varepsilon_{{{t}}}}}"
    note = _("AdaBoost.M1’s vote. With more than two classes it is not where this risk is least.")
    if boosting.form == SAMME:
        letters, odds = letters + r" + \log(K-1)", odds + rf" + \log {classes - 1}"
        note = _(
            "SAMME’s vote is K/(K-1) times the one where the risk is least. One factor for all rounds changes neither "
            "weights nor predictions."
        )
    return Line(aligned(rf"\alpha_{{{t}}}", [letters, odds, _shown(boosting.scale * round_.alpha)]), note)


def _log_odds(t: int) -> str:
    return rf"\log\frac{{(K-1)(1-\varepsilon_{{{t}}})}}{{\varepsilon_{{{t}}}}}"


def _shown(value: float) -> str:
    return number(value, _DIGITS)
