"""One round of boosting as worked lines: weights, error, the risk in α, its minimum, the weights after, and the slip."""

from __future__ import annotations

import math

from core.lab.boosting import CHANCE, PERFECT, Boosting, Minimum, Round, normaliser, wrong_alpha
from core.lab.sheet import Line, Sheet, aligned, factor, number
from core.language import gettext as _

_MOST_TERMS = 4  # weights of wrong rows that are written out


def sheet(boosting: Boosting, round_number: int, minimum: Minimum | None = None) -> Sheet:
    """The working of a round, counted from 1. Raises LookupError where there is no such round."""
    if not 1 <= round_number <= len(boosting.rounds):
        raise LookupError(f"there is no round {round_number}; there are {len(boosting.rounds)}")
    made = boosting.rounds[round_number - 1]
    lines = [_risk(boosting.classes), _weights(boosting, made), _error(boosting, made)]
    if math.isinf(made.alpha):
        note = _("The learner is right on every point: the risk falls towards 0 however large α is. Boosting stops.")
        lines.append(
            Line(rf"\varepsilon_{{{made.number}}} = 0 \;\Rightarrow\; \alpha_{{{made.number}}} = \infty", note)
        )
    else:
        lines += [_in_alpha(boosting.classes, made), _alpha(boosting.classes, made, minimum), *_after(boosting, made)]
        lines += [_slip(boosting.classes, made), _scale(boosting.classes, made)]
    return Sheet(
        _("Round {number} of boosting, K = {classes}").format(number=made.number, classes=boosting.classes),
        tuple(lines),
    )


def stopped(boosting: Boosting) -> str:
    """Why there is no further round, in a sentence; empty where as many were made as were asked for."""
    if boosting.stopped == PERFECT:
        return _(
            "Stopped at round {number}: this learner is right on every row (ε = 0). Its α is infinite, so it decides "
            "alone and there is nothing left to boost."
        ).format(number=boosting.rounds[-1].number)
    if boosting.stopped == CHANCE and boosting.refused is not None:
        return _(
            "Stopped before round {number}: the best learner has ε = {error:.4f}, no better than chance, which is "
            "1 − 1/K = {chance:.4f}. Its α would be 0 or less, and the risk would not fall."
        ).format(number=len(boosting.rounds) + 1, error=boosting.refused, chance=1 - 1 / boosting.classes)
    return ""


def _risk(classes: int) -> Line:
    return Line(
        r"R(g) = \frac{1}{N}\sum_{i=1}^{N} \exp\Big(\frac{1}{K-1}\sum_{k \ne y_i} g^k(x_i) - g^{y_i}(x_i)\Big)"
        rf",\quad K = {classes}",
        _("The risk: votes for other classes raise a point’s term of it, votes for its own lower it."),
    )


def _weights(boosting: Boosting, made: Round) -> Line:
    t = made.number
    note = _("Each point weighs its share of the risk so far. The lightest and the heaviest of {count:,}:").format(
        count=len(boosting.labels)
    )
    if t == 1:
        note = _("No vote is cast yet: all {count:,} points weigh the same.").format(count=len(boosting.labels))
        return Line(rf"D_1(i) = \frac{{1}}{{N}} = {number(float(made.weights[0]), 6)}", note)
    low, high = float(made.weights.min()), float(made.weights.max())
    return Line(
        rf"D_{{{t}}}(i) = \frac{{\exp\big(\tfrac{{1}}{{K-1}}\sum_{{k\ne y_i}} g^k_{{{t - 1}}} - g^{{y_i}}_{{{t - 1}}}\big)}}"
        rf"{{N R_{{{t - 1}}}}}: \quad {number(low, 6)} \;\dots\; {number(high, 6)}",
        note,
    )


def _error(boosting: Boosting, made: Round) -> Line:
    terms = [number(float(weight), 5) for weight in made.weights[made.named != boosting.labels]]
    count = len(terms)
    steps = [rf"\sum_{{i:\, h_{{{made.number}}}(x_i) \ne y_i}} D_{{{made.number}}}(i)"]
    if terms:
        steps.append(" + ".join(terms[:_MOST_TERMS]) + (r" + \cdots" if count > _MOST_TERMS else ""))
    steps.append(number(made.error, 6))
    note = _("The learner names the wrong class for {count:,} of {rows:,} points; their weights sum to its error.")
    return Line(aligned(rf"\varepsilon_{{{made.number}}}", steps), note.format(count=count, rows=len(boosting.labels)))


def _in_alpha(classes: int, made: Round) -> Line:
    t, k = made.number, classes
    exponent = r"\alpha" if k == 2 else rf"\alpha/{k - 1}"
    return Line(
        aligned(
            rf"\frac{{R_{{{t}}}(\alpha)}}{{R_{{{t - 1}}}}}",
            [
                rf"(1-\varepsilon_{{{t}}})\,e^{{-\alpha}} + \varepsilon_{{{t}}}\,e^{{\alpha/(K-1)}}",
                rf"{number(1 - made.error, 6)}\,e^{{-\alpha}} + {number(made.error, 6)}\,e^{{{exponent}}}",
            ],
        ),
        _("A vote of α for the class that the learner names changes the risk by this factor."),
    )


def _alpha(classes: int, made: Round, minimum: Minimum | None) -> Line:
    t, k = made.number, classes
    steps = [
        rf"\frac{{K-1}}{{K}}\,\log\frac{{(K-1)(1-\varepsilon_{{{t}}})}}{{\varepsilon_{{{t}}}}}",
        rf"\frac{{{k - 1}}}{{{k}}}\,\log\frac{{{k - 1} \cdot {number(1 - made.error, 6)}}}{{{number(made.error, 6)}}}",
        number(made.alpha, 6),
    ]
    note = _("Its derivative is 0 at this α.")
    if minimum is not None:
        note += " " + _("Found from the risk’s values alone: {found:.8f}; the two differ by {difference:.1e}.").format(
            found=minimum.found, difference=minimum.difference
        )
    return Line(aligned(rf"\alpha_{{{t}}}", steps), note)


def _after(boosting: Boosting, made: Round) -> list[Line]:
    t, k = made.number, boosting.classes
    before = 1.0 if t == 1 else boosting.rounds[t - 2].risk
    again = float(boosting.weights(t)[made.named != boosting.labels].sum())
    return [
        Line(
            aligned(
                rf"R_{{{t}}}",
                [
                    rf"R_{{{t - 1}}}\,Z_{{{t}}}",
                    rf"{number(before, 6)} \cdot {number(made.normaliser, 6)}",
                    number(made.risk, 6),
                ],
            ),
            _("So the risk falls to"),
        ),
        Line(
            rf"\frac{{D_{{{t + 1}}}(i)}}{{D_{{{t}}}(i)}} = \begin{{cases}}"
            rf"e^{{-\alpha_{{{t}}}}}/Z_{{{t}}} = {number(math.exp(-made.alpha) / made.normaliser, 5)} & \text{{right}} \\ "
            rf"e^{{\alpha_{{{t}}}/(K-1)}}/Z_{{{t}}} = {number(math.exp(made.alpha / (k - 1)) / made.normaliser, 5)}"
            r" & \text{wrong}\end{cases}",
            _("Points that it has right get lighter, the others heavier."),
        ),
        Line(
            rf"\sum_{{i:\, h_{{{t}}}(x_i) \ne y_i}} D_{{{t + 1}}}(i) = {number(again, 6)} = 1 - \tfrac{{1}}{{{k}}}",
            _(
                "Under the new weights this learner is exactly as good as chance: the next one has to know something else."
            ),
        ),
    ]


def _slip(classes: int, made: Round) -> Line:
    wrong = wrong_alpha(made.error, classes)
    change = normaliser(wrong, made.error, classes)
    verdict = _("With two classes the risk would stay where it is.") if classes == 2 else _("The risk would rise.")
    return Line(
        rf"(K-1)\,\log\frac{{(K-1)(1-\varepsilon_{{{made.number}}})}}{{\varepsilon_{{{made.number}}}}} = {number(wrong, 6)}"
        rf" = {classes}\,\alpha_{{{made.number}}}, \qquad \frac{{R_{{{made.number}}}}}{{R_{{{made.number - 1}}}}} = {number(change, 6)}",
        _("A slip: the report’s last line lacks the K below the line, so it is K times too large.") + " " + verdict,
    )


def _scale(classes: int, made: Round) -> Line:
    zhu = classes / (classes - 1) * made.alpha
    return Line(
        rf"\log\frac{{1-\varepsilon_{{{made.number}}}}}{{\varepsilon_{{{made.number}}}}} + \log(K-1) = {number(zhu, 6)}"
        rf" = \tfrac{{K}}{{K-1}}\,\alpha_{{{made.number}}} = \tfrac{{{classes}}}{{{classes - 1}}} \cdot {factor(made.alpha, 6)}",
        _(
            "Zhu et al. 2009 and scikit-learn write this. One factor for all rounds: the weights and the verdicts are "
            "the same."
        ),
    )
