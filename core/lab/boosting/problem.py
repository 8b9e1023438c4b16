"""Boosting as an exercise to be tried: errors, votes and weights round by round, then the vote of all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.lab.attempt import Blank, Part, Problem, Slip, Values
from core.lab.boosting.samme import CHANCE, FORMS, M1, MOST_ROUNDS, PERFECT, RISK, SAMME, Boosting, boost, limit, scale
from core.lab.boosting.worksheet import stopped, vote, weights_after
from core.lab.typed_numbers import number as read_number
from core.lab.typed_numbers import seeded
from core.lab.worksheet import Line, number
from core.runtime.i18n import gettext as _

MOST_ROWS, MOST_CLASSES, LONGEST_NAME = 12, 6, 24
_VOTES_ASKED = 3  # rows whose votes are asked for


@dataclass(frozen=True)
class Exercise:
    """Labels [N] of K named classes, the classes that each round's learner names [T][N], the first weights [N].

    Without weights all rows weigh the same; given ones are normalised. Raises ValueError, one line, for what cannot be.
    """

    names: tuple[str, ...]
    labels: tuple[int, ...]
    named: tuple[tuple[int, ...], ...]
    weights: tuple[float, ...] = ()
    form: str = RISK

    def __post_init__(self) -> None:
        if not 2 <= len(self.names) <= MOST_CLASSES:
            raise ValueError(
                _("expected 2 to {most} classes; given: {count}").format(most=MOST_CLASSES, count=len(self.names))
            )
        if self.form not in FORMS:
            raise ValueError(
                _("unknown form {form!r}; available: {forms}").format(form=self.form, forms=", ".join(FORMS))
            )
        if not 2 <= len(self.labels) <= MOST_ROWS:
            raise ValueError(
                _("an exercise by hand has 2 to {most} rows; given: {count}").format(
                    most=MOST_ROWS, count=len(self.labels)
                )
            )
        if self.weights and (len(self.weights) != len(self.labels) or min(self.weights) <= 0):
            raise ValueError(_("expected a weight above 0 for each of the {rows} rows").format(rows=len(self.labels)))

    @cached_property
    def boosting(self) -> Boosting:
        """All rounds, until there are no more learners or one is of no use."""
        answers = iter(self.named)
        first = np.array(self.weights) / sum(self.weights) if self.weights else None

        def learn(_weights: np.ndarray) -> tuple[None, np.ndarray]:
            return None, np.array(next(answers), dtype=np.int64)

        return boost(np.array(self.labels, dtype=np.int64), len(self.names), learn, len(self.named), self.form, first)


def read_rows(text: str, weights: str = "", form: str = RISK) -> Exercise:
    """An exercise as typed: a line a row, its class and then the class that each round's learner names.

    `weights` are the first weights, separated by commas or blanks. Raises ValueError, naming the line.
    """
    rows = [line.replace(",", " ").replace(";", " ").split() for line in text.splitlines() if line.strip()]
    if len(rows) > MOST_ROWS:
        raise ValueError(
            _("an exercise by hand has 2 to {most} rows; given: {count}").format(most=MOST_ROWS, count=len(rows))
        )
    for line, row in enumerate(rows, 1):
        if len(row) != len(rows[0]) or not 2 <= len(row) <= MOST_ROUNDS or max(map(len, row)) > LONGEST_NAME:
            raise ValueError(
                _(
                    "line {line}: expected the row's class and then one class for each round, {count} in all as in "
                    "line 1; found {found}"
                ).format(line=line, count=max(2, len(rows[0])), found=len(row))
            )
    names = tuple(sorted({row[0] for row in rows}))
    for line, row in enumerate(rows, 1):
        for name in row[1:]:
            if name not in names:
                raise ValueError(
                    _("line {line}: {name!r} is the class of no row; classes are: {names}").format(
                        line=line, name=name, names=", ".join(names)
                    )
                )
    given = weights.replace(",", " ").replace(";", " ").split()
    return Exercise(
        names,
        tuple(names.index(row[0]) for row in rows),
        tuple(zip(*([names.index(name) for name in row[1:]] for row in rows), strict=True)),
        tuple(read_number(one, _("weight {place}").format(place=place)) for place, one in enumerate(given[:99], 1)),
        form,
    )


def problem(exercise: Exercise) -> Problem:
    """The exercise as blanks: ε, α, the factor of wrong rows, Z and the new weights; then votes and the error."""
    boosting, rows = exercise.boosting, range(len(exercise.labels))
    known = {f"y{i}": float(label) for i, label in enumerate(exercise.labels)}
    known |= {f"h{t}_{i}": float(one) for t, round_ in enumerate(exercise.named, 1) for i, one in enumerate(round_)}
    first = boosting.first if boosting.first is not None else np.full(len(rows), 1 / len(rows))
    known |= {f"d1_{i}": float(first[i]) for i in rows} | {"form": float(FORMS.index(exercise.form))}
    parts: list[Part] = []
    ends = len(boosting.rounds) + (boosting.stopped == CHANCE)
    for t in range(1, ends + 1):
        wrong = [i for i in rows if exercise.named[t - 1][i] != exercise.labels[i]]
        parts += _round(exercise, t, wrong, last=t == ends)
    if boosting.rounds and not math.isinf(boosting.rounds[-1].alpha):
        parts.append(_decision(exercise))
    return Problem(_("Boosting by hand"), _question(exercise), _given(exercise), known, tuple(parts))


def drawn(seed: int) -> Exercise:
    """An exercise of eight to ten rows, two or three classes and two rounds, none of them perfect or of no use."""
    random = seeded(seed)
    while True:
        classes = int(random.integers(2, 4))
        form = str(random.choice(FORMS if classes > 2 else FORMS[:1]))
        labels = random.permutation(np.arange(int(random.choice([8, 10]))) % classes)
        named: list[tuple[int, ...]] = []
        while len(named) < 2:
            own = labels.copy()
            wrong = random.permutation(len(labels))[: int(random.integers(1, 4))]
            own[wrong] = (own[wrong] + random.integers(1, classes, len(wrong))) % classes
            named.append(tuple(own.tolist()))
        names = ("−", "+") if classes == 2 else ("a", "b", "c")
        found = Exercise(names, tuple(labels.tolist()), tuple(named), form=form)
        if len(found.boosting.rounds) == 2 and found.boosting.stopped not in (PERFECT, CHANCE):
            return found


def form_name(form: str) -> str:
    """A form in the current language."""
    return {RISK: _("the exponential risk"), SAMME: "SAMME", M1: "AdaBoost.M1"}[form]


def _question(exercise: Exercise) -> str:
    return _(
        "{rows} rows of {classes} classes. Each round's learner names a class for every row. Work out the errors, "
        "votes and weights by {form}. q is the factor of the weights of wrong rows, Z makes the new weights sum to 1, "
        "g are the votes for a class, err is the share of rows that all rounds have wrong."
    ).format(rows=len(exercise.labels), classes=len(exercise.names), form=form_name(exercise.form))


def _given(exercise: Exercise) -> tuple[Line, ...]:
    """The table of rows: class, first weight, and what each learner names."""

    def text(label: int) -> str:
        name = exercise.names[label]
        if name.isalnum() and name.isascii():
            return rf"\text{{{name}}}"
        return {"−": "-", "+": "+"}.get(name, str(label + 1))

    lines = [["i", *(str(i + 1) for i in range(len(exercise.labels)))], ["y_i", *map(text, exercise.labels)]]
    if (first := exercise.boosting.first) is not None:
        lines += [["D_1(i)", *(number(float(one), 4) for one in first)]]
    lines += [[f"h_{{{t}}}(x_i)", *map(text, round_)] for t, round_ in enumerate(exercise.named, 1)]
    body = r" \\ ".join(" & ".join(line) for line in lines)
    table = Line(rf"\begin{{array}}{{{'c' * len(lines[0])}}}{body}\end{{array}}")
    return (table,) if first is not None else (table, Line(rf"D_1(i) = \tfrac{{1}}{{{len(exercise.labels)}}}"))


def _round(exercise: Exercise, t: int, wrong: Sequence[int], *, last: bool) -> list[Part]:
    """What is asked of a round: its error and vote, and unless it is the last its new weights."""
    boosting = exercise.boosting
    round_ = boosting.rounds[t - 1] if t <= len(boosting.rounds) else None
    error = Blank(
        f"e{t}",
        rf"\varepsilon_{{{t}}}",
        rf"\textstyle\sum_{{i:\, h_{{{t}}}(x_i) \ne y_i}} D_{{{t}}}(i)",
        lambda v: sum(v[f"d{t}_{i}"] for i in wrong),
        _error_slips(exercise, t, wrong),
    )
    title = _("Round {t}: error and vote").format(t=t)
    if round_ is None or math.isinf(round_.alpha):
        ending = Line(rf"\varepsilon_{{{t}}} = {number(boosting.refused or 0.0, 6)}", stopped(boosting))
        return [Part(title, _("Add the weights of the rows that the learner has wrong."), (error,), (ending,))]
    hint = _("Add the weights of the rows that the learner has wrong. The vote grows as the error falls.")
    parts = [Part(title, hint, (error, _alpha(exercise, t)), tuple(vote(boosting, round_)))]
    if not last:
        parts.append(
            Part(
                _("Round {t}: new weights").format(t=t),
                _("Wrong rows get heavier. Divide by Z, so that all weights sum to 1."),
                _weight_blanks(exercise, t, wrong),
                (*weights_after(boosting, round_), _new_weights(boosting, t)),
            )
        )
    return parts


def _error_slips(exercise: Exercise, t: int, wrong: Sequence[int]) -> tuple[Slip, ...]:
    rows = range(len(exercise.labels))
    slips = [
        Slip(_("These are the weights of the right rows."), lambda v: 1 - sum(v[f"d{t}_{i}"] for i in wrong)),
        Slip(_("This is a count. Add the weights."), lambda _v: float(len(wrong))),
    ]
    if t > 1 or exercise.weights:
        slips.append(Slip(_("This counts the wrong rows. Add their weights."), lambda _v: len(wrong) / len(rows)))
    if t > 1:
        before = [i for i in rows if exercise.named[t - 2][i] != exercise.labels[i]]
        slips += [
            Slip(
                _("These are the old weights. Use those after the last round."),
                lambda v: sum(v[f"d{t - 1}_{i}"] for i in wrong),
            ),
            Slip(
                _("These are the rows that the learner of the round before has wrong."),
                lambda v: sum(v[f"d{t}_{i}"] for i in before),
            ),
        ]
    return tuple(slips)


def _alpha(exercise: Exercise, t: int) -> Blank:
    """The vote, as the form writes it."""
    classes, form = len(exercise.names), exercise.form
    share = (classes - 1) / classes
    chance = 0.0 if form == M1 else math.log(classes - 1)
    times = share if form == RISK else 1.0

    def odds(v: Values) -> float:
        return math.log((1 - v[f"e{t}"]) / v[f"e{t}"])

    def alpha(v: Values) -> float:
        return times * (odds(v) + chance)

    slips = [
        Slip(_("The fraction is upside down: 1 − ε is above the line."), lambda v: times * (chance - odds(v))),
        Slip(_("Use the natural logarithm, not the one to base 10."), lambda v: alpha(v) / math.log(10)),
        Slip(_("1 − ε is missing above the line."), lambda v: times * (chance - math.log(v[f"e{t}"]))),
    ]
    if form == RISK:
        said = _("The factor ½ is missing.") if classes == 2 else _("The factor (K − 1)/K is missing.")
        slips.append(Slip(said, lambda v: odds(v) + chance))
    else:
        slips.append(Slip(_("This form has no factor before the logarithm."), lambda v: share * alpha(v)))
        slips.append(Slip(_("This form has no factor ½."), lambda v: alpha(v) / 2))
    if classes > 2 and form != M1:
        slips.append(Slip(_("K − 1 is missing in the logarithm."), lambda v: times * odds(v)))
    if classes > 2 and form == M1:
        slips.append(Slip(_("AdaBoost.M1 has no log(K − 1)."), lambda v: odds(v) + math.log(classes - 1)))
    e = rf"\varepsilon_{{{t}}}"
    letters = {
        RISK: rf"\tfrac{{K-1}}{{K}} \ln \frac{{(K-1)(1 - {e})}}{{{e}}}"
        if classes > 2
        else rf"\tfrac{{1}}{{2}} \ln \frac{{1 - {e}}}{{{e}}}",
        SAMME: rf"\ln \frac{{1 - {e}}}{{{e}}} + \ln(K-1)",
        M1: rf"\ln \frac{{1 - {e}}}{{{e}}}",
    }[form]
    return Blank(f"a{t}", rf"\alpha_{{{t}}}", letters, alpha, tuple(slips))


def _weight_blanks(exercise: Exercise, t: int, wrong: Sequence[int]) -> tuple[Blank, ...]:
    """The factor of wrong rows, Z, and each new weight."""
    weights = (_weight(exercise, t, i, wrong=i in wrong) for i in range(len(exercise.labels)))
    return (*_factor_blanks(exercise, t), *weights)


def _factor_blanks(exercise: Exercise, t: int) -> tuple[Blank, Blank]:
    classes, form = len(exercise.names), exercise.form
    down = 1 / (classes - 1) if form == RISK else 1.0

    def heavier(v: Values) -> float:
        return math.exp(v[f"a{t}"] * down)

    def lighter(v: Values) -> float:
        return math.exp(-v[f"a{t}"]) if form == RISK else 1.0

    def normaliser(v: Values) -> float:
        return (1 - v[f"e{t}"]) * lighter(v) + v[f"e{t}"] * v[f"q{t}"]

    slips = [
        Slip(_("The sign of the exponent is wrong: wrong rows get heavier."), lambda v: math.exp(-v[f"a{t}"] * down))
    ]
    if form == RISK and classes > 2:
        slips.append(Slip(_("The exponent of wrong rows is α/(K − 1)."), lambda v: math.exp(v[f"a{t}"])))
    letters = rf"e^{{\alpha_{{{t}}}/(K-1)}}" if form == RISK and classes > 2 else rf"e^{{\alpha_{{{t}}}}}"
    low = rf"e^{{-\alpha_{{{t}}}}}" if form == RISK else ""
    return (
        Blank(f"q{t}", rf"q_{{{t}}}", letters, heavier, tuple(slips)),
        Blank(
            f"z{t}",
            rf"Z_{{{t}}}",
            rf"(1 - \varepsilon_{{{t}}}) {low} + \varepsilon_{{{t}}} q_{{{t}}}",
            normaliser,
            (
                Slip(
                    _("The factors of right and wrong rows are swapped."),
                    lambda v: v[f"e{t}"] * lighter(v) + (1 - v[f"e{t}"]) * v[f"q{t}"],
                ),
                Slip(_("The right rows have a factor too."), lambda v: v[f"e{t}"] * v[f"q{t}"]),
                Slip(_("Weigh the factors by 1 − ε and ε."), lambda v: lighter(v) + v[f"q{t}"]),
            ),
        ),
    )


def _weight(exercise: Exercise, t: int, i: int, *, wrong: bool) -> Blank:
    form = exercise.form

    def factor(v: Values, heavy: bool) -> float:
        return v[f"q{t}"] if heavy else math.exp(-v[f"a{t}"]) if form == RISK else 1.0

    d, z = f"d{t}_{i}", f"z{t}"
    top = rf"D_{{{t}}}({i + 1})" + (rf"\, q_{{{t}}}" if wrong else rf"\, e^{{-\alpha_{{{t}}}}}" if form == RISK else "")
    swapped = _("This row is wrong: it gets heavier.") if wrong else _("This row is right: it gets lighter.")
    return Blank(
        f"d{t + 1}_{i}",
        rf"D_{{{t + 1}}}({i + 1})",
        rf"\frac{{{top}}}{{Z_{{{t}}}}}",
        lambda v: v[d] * factor(v, wrong) / v[z],
        (
            Slip(_("Not normalised: divide by Z."), lambda v: v[d] * factor(v, wrong)),
            Slip(swapped, lambda v: v[d] * factor(v, not wrong) / v[z]),
            Slip(_("This is the old weight."), lambda v: v[d]),
        ),
    )


def _new_weights(boosting: Boosting, t: int) -> Line:
    values = ",\\; ".join(number(float(one), 4) for one in boosting.weights(t))
    return Line(rf"D_{{{t + 1}}} = ({values})")


def _decision(exercise: Exercise) -> Part:
    """The votes for the classes of a few rows, and the share of rows that all rounds together have wrong."""
    boosting, named = exercise.boosting, exercise.named[: len(exercise.boosting.rounds)]
    differ = [i for i in range(len(exercise.labels)) if len({one[i] for one in named}) > 1][:_VOTES_ASKED]
    blanks = [_votes(named, i, k) for i in differ for k in sorted({one[i] for one in named})]
    votes = boosting.votes() * boosting.scale
    lines = [
        Line(
            rf"g(x_{{{i + 1}}}) = ({', '.join(number(float(one), 4) for one in votes[i])})",
            _("Row {i}: the votes for each class").format(i=i + 1),
        )
        for i in differ
    ]
    error = rf"\text{{err}} = {number(boosting.rounds[-1].training_error, 4)}"
    return Part(
        _("The vote of all rounds"),
        _("Each learner gives its α to the class that it names. The largest sum decides."),
        (*blanks, _training_error(exercise, named)),
        (*lines, Line(error, _("Rows that all rounds have wrong"))),
    )


def _votes(named: Sequence[Sequence[int]], i: int, k: int) -> Blank:
    rounds = range(1, len(named) + 1)
    ours = [t for t in rounds if named[t - 1][i] == k]
    return Blank(
        f"g{i}_{k}",
        rf"g^{{{k + 1}}}(x_{{{i + 1}}})",
        " + ".join(rf"\alpha_{{{t}}}" for t in ours),
        lambda v: sum(v[f"a{t}"] for t in ours),
        (
            Slip(_("Add the votes α, not one for each learner."), lambda _v: float(len(ours))),
            Slip(
                _("These are the votes for other classes."), lambda v: sum(v[f"a{t}"] for t in rounds if t not in ours)
            ),
        ),
    )


def _training_error(exercise: Exercise, named: Sequence[Sequence[int]]) -> Blank:
    labels, classes, rounds = exercise.labels, range(len(exercise.names)), range(1, len(named) + 1)

    def error(v: Values) -> float:
        wrong = 0
        for i, label in enumerate(labels):
            votes = [sum(v[f"a{t}"] for t in rounds if named[t - 1][i] == k) for k in classes]
            wrong += votes.index(max(votes)) != label
        return wrong / len(labels)

    last = sum(one != label for one, label in zip(named[-1], labels, strict=True)) / len(labels)
    return Blank(
        "err",
        r"\text{err}",
        r"\tfrac{1}{N} \#\{i:\, \arg\max_k g^k(x_i) \ne y_i\}",
        error,
        (
            Slip(_("This is a count. Divide by the number of rows."), lambda v: error(v) * len(labels)),
            Slip(_("This is the share of right rows."), lambda v: 1 - error(v)),
            Slip(_("This is the last learner alone."), lambda _v: last),
        ),
    )


def problem_of_errors(errors: Sequence[float], classes: int, form: str = RISK) -> Problem:
    """Only the errors ε of the rounds are given: votes, and the factor by which each round lowers the risk.

    Raises ValueError for an error that no round can have.
    """
    if not 1 <= len(errors) <= MOST_ROWS:
        raise ValueError(
            _("expected the errors of 1 to {most} rounds; given: {count}").format(most=MOST_ROWS, count=len(errors))
        )
    names = tuple(map(str, range(1, classes + 1)))
    for t, error in enumerate(errors, 1):
        if not 0 < error < limit(form, classes):
            raise ValueError(
                _("ε of round {t} is {error:g}; expected more than 0 and less than {limit:.4g}").format(
                    t=t, error=error, limit=limit(form, classes)
                )
            )
    exercise = Exercise(names, (0, 1), ((0, 0),), form=form)
    parts = []
    for t in range(1, len(errors) + 1):
        asked = [_alpha(exercise, t), *_factor_blanks(exercise, t)]
        if form != M1 or classes == 2:
            asked += _risk(exercise, t)
        parts.append(
            Part(
                _("Round {t}").format(t=t),
                _("The vote grows as the error falls. Z sums the new weights."),
                tuple(asked),
            )
        )
    given = tuple(Line(rf"\varepsilon_{{{t}}} = {number(error, 6)}") for t, error in enumerate(errors, 1))
    known = {f"e{t}": error for t, error in enumerate(errors, 1)}
    known |= {"k": float(classes), "form": float(FORMS.index(form))}
    question = _(
        "The weighted errors of {count} rounds, K = {classes}, by {form}. q is the factor of the weights of wrong "
        "rows, Z makes the new weights sum to 1, R is the risk after the round."
    )
    return Problem(
        _("Boosting by hand"),
        question.format(count=len(errors), classes=classes, form=form_name(form)),
        given,
        known,
        tuple(parts),
    )


def _risk(exercise: Exercise, t: int) -> list[Blank]:
    """The risk after a round: the product of the factors so far."""
    classes, form = len(exercise.names), exercise.form

    def factor(v: Values, one: int) -> float:
        # A vote on another scale has weights on another scale; the risk itself is the same.
        a = v[f"a{one}"] / scale(form, classes)
        return (1 - v[f"e{one}"]) * math.exp(-a) + v[f"e{one}"] * math.exp(a / (classes - 1))

    def risk(v: Values) -> float:
        return math.prod(factor(v, one) for one in range(1, t + 1))

    slips = [Slip(_("This is Z. Multiply by the risk before."), lambda v: factor(v, t))] if t > 1 else []
    slips.append(
        Slip(
            _("Factors of the risk are multiplied, not added."),
            lambda v: sum(factor(v, one) for one in range(1, t + 1)),
        )
    )
    before = rf"R_{{{t - 1}}} \cdot " if t > 1 else ""
    letters = rf"{before} 2\sqrt{{\varepsilon_{{{t}}}(1 - \varepsilon_{{{t}}})}}"
    if classes > 2:
        letters = (
            rf"{before}[(1 - \varepsilon_{{{t}}}) e^{{-a}} + \varepsilon_{{{t}}} e^{{a/(K-1)}}],\; "
            rf"a = " + (rf"\alpha_{{{t}}}" if form == RISK else rf"\tfrac{{K-1}}{{K}}\alpha_{{{t}}}")
        )
    return [Blank(f"r{t}", rf"R_{{{t}}}", letters, risk, tuple(slips))]
