"""The checker, tried with answers that are known to be wrong and with right ones in other forms, for every exercise.

Whether a number is wrong is decided by the numbers alone: a mistake that gives the truth to the digits typed is none.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from core.lab.attempt import Blank, Problem
from core.lab.variants import MODULES, variant

COUNT = 200
SEEDS = range(1, 21)

pytestmark = pytest.mark.parametrize("exercise", MODULES)


@cache
def drawn(exercise: str, seed: int) -> Problem:
    return variant(exercise, seed)


def blanks(exercise: str, rng: random.Random) -> Iterator[tuple[Problem, Blank]]:
    while True:
        problem = drawn(exercise, rng.choice(SEEDS))
        yield problem, rng.choice(list(problem.blanks()))


# Wrong answers: what a student who makes this mistake would have, and the words of the right diagnosis.


def slip(problem: Problem, blank: Blank, rng: random.Random) -> tuple[float, str] | None:
    if not blank.slips:
        return None
    chosen = rng.choice(blank.slips)
    return chosen.formula(problem.truth), chosen.said


def sign(problem: Problem, blank: Blank, _rng: random.Random) -> tuple[float, str]:
    return -problem.truth[blank.name], "sign"


def rounded_early(problem: Problem, blank: Blank, rng: random.Random) -> tuple[float, str]:
    """From earlier numbers of one or two decimals, worked out one from another or each by itself."""
    digits, chained = rng.choice((1, 2)), rng.random() < 0.5
    values = dict(problem.known)
    for before in problem.blanks():
        if before is blank:
            return blank.formula(values), "Rounded too early"
        values[before.name] = round(before.formula(values) if chained else problem.truth[before.name], digits)
    raise AssertionError


def cut(problem: Problem, blank: Blank, rng: random.Random) -> tuple[str, str]:
    digits = rng.choice((3, 4))
    value = problem.truth[blank.name]
    return f"{math.trunc(value * 10**digits) / 10**digits:.{digits}f}", "do not cut"


def swapped(problem: Problem, blank: Blank, rng: random.Random) -> tuple[float, str]:
    other = rng.choice([other for other in problem.blanks() if other is not blank])
    return problem.truth[other.name], "another number"


def doubled(problem: Problem, blank: Blank, rng: random.Random) -> tuple[float, str]:
    value = problem.truth[blank.name]
    return (2 * value, "twice") if rng.random() < 0.5 else (value / 2, "half")


KINDS: tuple[Callable[..., tuple[float | str, str] | None], ...] = (slip, sign, rounded_early, cut, swapped, doubled)


def wrong_answers(exercise: str) -> Iterator[tuple[str, Problem, Blank, str, str]]:
    rng = random.Random(f"wrong {exercise}")
    for problem, blank in blanks(exercise, rng):
        kind = rng.choices(KINDS, weights=(4, 1, 1, 1, 1, 1))[0]
        try:
            found = kind(problem, blank, rng)
        except (ArithmeticError, ValueError):
            continue
        if found is None:
            continue
        given, diagnosis = found
        if not isinstance(given, str):
            if not math.isfinite(given):
                continue
            given = f"{given:.{rng.choice((4, 5, 6))}f}"
        decimals = len(given.partition(".")[2])
        if abs(float(given) - problem.truth[blank.name]) > 0.5000001 * 10**-decimals:
            yield kind.__name__, problem, blank, given, diagnosis


def earlier(problem: Problem, blank: Blank) -> dict[str, str]:
    """The right answers to all blanks before one, as a careful student gives them."""
    typed: dict[str, str] = {}
    for before in problem.blanks():
        if before is blank:
            break
        typed[before.name] = f"{problem.truth[before.name]:.6f}"
    return typed


def test_wrong_answers_are_called_wrong_and_explained(exercise: str) -> None:
    called, explained, kinds, missed = 0, 0, {}, []
    for _count, (kind, problem, blank, given, diagnosis) in zip(range(COUNT), wrong_answers(exercise), strict=False):
        mark = problem.marks({**earlier(problem, blank), blank.name: given})[blank.name]
        called += mark.kind == "wrong"
        told = diagnosis in mark.said
        explained += told
        right, count = kinds.get(kind, (0, 0))
        kinds[kind] = right + told, count + 1
        if not told:
            missed.append((kind, blank.name, given, problem.truth[blank.name], diagnosis, mark.said))
    print(exercise, kinds, *missed[:60], sep="\n")
    assert called >= 0.95 * COUNT
    assert explained >= 0.7 * COUNT


# Right answers


def _scientific(value: float) -> str:
    return f"{value:.8e}"


def _power_of_ten(value: float) -> str:
    mantissa, _e, power = f"{value:.8e}".partition("e")
    return f"{mantissa} · 10^({int(power)})"


FORMS: tuple[Callable[[float], str], ...] = (
    repr,
    lambda value: f"{value:.3f}" if abs(value) > 0.1 else f"{value:.6f}",
    lambda value: f"{value:.4f}",
    lambda value: f" {value:.9f} ",
    lambda value: f"{value:+.5f}",
    lambda value: f"{value:.4f}".replace(".", ","),
    lambda value: f"{value:.4f}".replace("-", "\N{MINUS SIGN}"),
    lambda value: f"{value:.5f}".translate({ord(sign): ord(sign) + 0xFEE0 for sign in "-.0123456789"}),
    lambda value: f"= {value:.5f}",
    _scientific,
    lambda value: _scientific(value).replace(".", ",").upper(),
    _power_of_ten,
    lambda value: f"{value * 7!r}/7",
    lambda value: f"{value / 3!r} * 3",
    lambda value: f"3 × {value / 3!r}".replace(".", ","),
    lambda value: f"({value + 2!r}) - 2",
)


def test_right_answers_in_other_forms_are_accepted(exercise: str) -> None:
    rng = random.Random(f"right {exercise}")
    for count, (problem, blank) in zip(range(COUNT), blanks(exercise, rng), strict=False):
        truth, form = problem.truth[blank.name], FORMS[count % len(FORMS)]
        mark = problem.marks({blank.name: form(truth)})[blank.name]
        assert mark.good, (blank.name, truth, form(truth), mark)


def test_a_whole_sheet_of_right_answers_is_right(exercise: str) -> None:
    for seed in SEEDS:
        problem = drawn(exercise, seed)
        marks = problem.marks({blank.name: f"{problem.truth[blank.name]:.5f}" for blank in problem.blanks()})
        assert all(mark.good for mark in marks.values())


def worked(problem: Problem, decimals: int, wrong: Blank | None = None) -> dict[str, str]:
    """A sheet as a student fills it who goes on with the rounded numbers, and makes one slip."""
    values, typed = dict(problem.known), {}
    for blank in problem.blanks():
        formula = wrong.slips[0].formula if blank is wrong else blank.formula
        typed[blank.name] = f"{formula(values):.{decimals}f}"
        values[blank.name] = float(typed[blank.name])
    return typed


def test_a_student_who_goes_on_with_rounded_numbers_is_right(exercise: str) -> None:
    for seed in SEEDS:
        problem = drawn(exercise, seed)
        marks = problem.marks(worked(problem, problem.decimals + 2)).values()
        assert sum(mark.good for mark in marks) >= 0.95 * len(marks), [mark for mark in marks if not mark.good]


def test_after_a_slip_the_rest_is_right_for_the_student_s_numbers(exercise: str) -> None:
    rng = random.Random(f"carried {exercise}")
    carried = count = 0
    for _count, (problem, blank) in zip(range(COUNT), blanks(exercise, rng), strict=False):
        if not blank.slips:
            continue
        try:
            typed = worked(problem, 6, blank)
        except (ArithmeticError, ValueError):
            continue
        names = list(typed)
        marks = problem.marks(typed)
        after = [marks[name] for name in names[names.index(blank.name) + 1 :]]
        carried += sum(mark.good or mark.kind == "follows" for mark in after)
        count += len(after)
    assert carried >= 0.95 * count


def test_a_slip_is_found_from_the_results_alone(exercise: str) -> None:
    rng = random.Random(f"results {exercise}")
    found = count = 0
    for _count, (problem, blank) in zip(range(COUNT), blanks(exercise, rng), strict=False):
        (part,) = [part for part in problem.parts if blank in part.blanks]
        result = part.blanks[-1].name
        try:
            given = worked(problem, 9, blank)[result] if blank.slips else ""
        except (ArithmeticError, ValueError):
            continue
        if given and abs(float(given) - problem.truth[result]) > 1e-3:
            mark = problem.marks({result: f"{float(given):.5f}"})[result]
            count += 1
            found += mark.kind == "wrong" and bool(mark.said)
    assert found >= 0.7 * count
