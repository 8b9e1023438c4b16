"""Is a number that a student typed right, and if not, which slip gives it?

A problem is a list of blanks in the order in which they are worked out. Each has a formula over the numbers before it,
so an answer can be compared with the truth, with what a known slip gives, and with what follows from the student's own
earlier answers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

from core.lab.formula import parse
from core.lab.worksheet import Line, number
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together

Values = Mapping[str, float]
Formula = Callable[[Values], float]
Kind = Literal["right", "rounded", "coarse", "follows", "wrong", "unreadable"]
LONGEST = 200  # characters of an answer
_EXACT, _CLOSE = 1e-9, 5e-4  # relative: a number that is the value, and a product of rounded numbers
_NEAR = 5e-3  # relative: what a slip gives with rounded numbers
_EARLY = (1, 2, 3)  # decimals to which earlier numbers may have been rounded
_TELLING = 3  # significant digits from which a number is told from others
_MOST_DECIMALS = 300
_MOST_BEFORE = 60  # earlier numbers in which a slip is looked for
_ASCII = {0x2212: "-"} | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # forms of an input method
_COMMA = re.compile(r"(?<=[0-9]),(?=[0-9])|(?<![0-9]),(?=[0-9])")
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.(?P<part>\d*))?|\.(?P<bare>\d+))(?:[eE](?P<power>[+-]?\d{1,3}))?", re.ASCII)


@dataclass(frozen=True)
class Slip:
    """A known mistake: what it is, in a sentence, and the number that it gives."""

    said: str
    formula: Formula


@dataclass(frozen=True)
class Blank:
    """A number to be worked out: its key, its sign in LaTeX, its formula in letters (LaTeX) and as a function."""

    name: str
    symbol: str
    letters: str
    formula: Formula
    slips: tuple[Slip, ...] = ()


@dataclass(frozen=True)
class Part:
    """A step of a problem: what is asked, a hint in plain words, its blanks, and the working that solves it."""

    title: str
    hint: str
    blanks: tuple[Blank, ...]
    solution: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Problem:
    """An exercise to be tried: the question, what is given, and the steps.

    `known` are the given numbers by key. `decimals` is how many an answer must have, unless it is exact.
    """

    title: str
    question: str
    given: tuple[Line, ...]
    known: Values
    parts: tuple[Part, ...]
    decimals: int = 3
    truth: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        values = dict(self.known)
        for blank in self.blanks():
            if blank.name in values:
                raise ValueError(f"two numbers are named {blank.name}")
            values[blank.name] = blank.formula(values)
        object.__setattr__(self, "truth", values)

    def blanks(self) -> Iterator[Blank]:
        """The blanks of all steps, in order."""
        for part in self.parts:
            yield from part.blanks

    def results(self) -> list[str]:
        """The keys of the last blank of each step."""
        return [part.blanks[-1].name for part in self.parts if part.blanks]

    def working(self, part: Part) -> tuple[Line, ...]:
        """The lines that solve a step: its own, or the formula and the value of each blank."""
        return part.solution or tuple(
            Line(rf"{blank.symbol} = {blank.letters} = {number(self.truth[blank.name], 6)}") for blank in part.blanks
        )

    def marks(self, typed: Mapping[str, str]) -> dict[str, Mark]:
        """A mark for every blank with an answer; `typed` are the answers by key, empty ones are left out."""
        read: dict[str, Answer | str] = {}
        for blank in self.blanks():
            if text := typed.get(blank.name, "").strip():
                try:
                    read[blank.name] = Answer.read(text)
                except ValueError as error:
                    read[blank.name] = str(error)
        own = dict(self.known)  # the student's numbers; those not given follow from them
        for blank in self.blanks():
            answer = read.get(blank.name)
            value = answer.value if isinstance(answer, Answer) else _value(blank.formula, own)
            own[blank.name] = value if math.isfinite(value) else self.truth[blank.name]
        early = [values for digits in _EARLY for values in self._rounded_early(digits)] if read else []
        marks: dict[str, Mark] = {}
        wrong_before = False
        for blank in self.blanks():
            if (answer := read.get(blank.name)) is None:
                continue
            if isinstance(answer, str):
                marks[blank.name] = Mark("unreadable", answer)
            else:
                mark = self._mark(blank, answer, own, early, wrong_before)
                if mark == Mark("wrong") and answer.digits >= _TELLING:
                    mark = self._unanswered(blank, answer, own, read) or mark
                marks[blank.name] = mark
                wrong_before |= mark.kind in ("wrong", "follows")
        return marks

    def _mark(self, blank: Blank, answer: Answer, own: Values, early: Sequence[Values], wrong_before: bool) -> Mark:
        truth = self.truth[blank.name]
        if answer.exactly(truth):
            return Mark("right")
        if answer.may_be(truth):
            if answer.decimals is not None and answer.decimals < self.decimals:
                said = _("Right, but give more decimals: at least {count}.").format(count=self.decimals)
                return Mark("coarse", said)
            return Mark("rounded")
        if _gives(blank.formula, own, answer, truth):
            if wrong_before:
                return Mark("follows", _("Right for your earlier numbers, but one of them is wrong."))
            if abs(answer.value - truth) <= 0.5 * 10.0**-self.decimals:
                return Mark("rounded", _("Right, but the last digits are off: your earlier numbers are rounded."))
        for gives in (_gives, _nearly_gives):
            for values in (self.truth, own):
                for slip in blank.slips:
                    if gives(slip.formula, values, answer, truth):
                        return Mark("wrong", slip.said)
            if gives is _gives and (mark := self._usual(blank, answer, own, early)):
                return mark
        return Mark("wrong")

    def _usual(self, blank: Blank, answer: Answer, own: Values, early: Sequence[Values]) -> Mark | None:
        """The diagnosis of a mistake that can happen with any number."""
        truth = self.truth[blank.name]
        if truth and answer.may_be(-truth):
            return Mark("wrong", _("The sign is wrong."))
        if answer.digits >= _TELLING:
            for other in self.blanks():
                value = self.truth[other.name]
                if answer.may_be(value) and abs(value - round(value)) > _CLOSE:  # 0 and 1 are the value of many
                    return Mark("wrong", _("This is the value of another number:"), other.symbol)
        for said, value in (
            (_("This is twice the right value."), 2 * truth),
            (_("This is half the right value."), truth / 2),
            (_("This is 1 minus the right value."), 1 - truth),
        ):
            if answer.digits > 1 and answer.may_be(value):
                return Mark("wrong", said)
        if any(answer.may_be(truth * 10.0**power) for power in (-3, -2, -1, 1, 2, 3)) and answer.digits > 1:
            return Mark("wrong", _("The decimal point is in the wrong place."))
        if answer.decimals is not None and answer.exactly(_cut(truth, answer.decimals)):
            return Mark("wrong", _("The last digit is wrong: round it, do not cut it off."))
        if any(_gives(blank.formula, values, answer, truth) for values in (own, *early)):
            return Mark("wrong", _("Rounded too early: keep more digits until the end."))
        if answer.decimals is not None and abs(answer.value - truth) < 1.5001 * 10.0**-answer.decimals:
            return Mark("wrong", _("The last digit is wrong. Keep more digits until the end."))
        return None

    def _unanswered(self, blank: Blank, answer: Answer, own: Values, read: Collection[str]) -> Mark | None:
        """The slip in an earlier number, one that was not asked for or not given, that leads to this answer."""
        before = list(takewhile(lambda other: other is not blank, self.blanks()))[-_MOST_BEFORE:]
        for place, other in enumerate(before):
            for slip in () if other.name in read else other.slips:
                values = {**own, other.name: _value(slip.formula, own)}
                for later in before[place + 1 :]:
                    if later.name not in read:
                        values[later.name] = _value(later.formula, values)
                if _gives(blank.formula, values, answer, self.truth[blank.name]):
                    return Mark("wrong", together([slip.said, _("This is in an earlier number:")]), other.symbol)
        return None

    def _rounded_early(self, digits: int) -> tuple[Values, Values]:
        """The numbers rounded to so many decimals: each by itself, and each worked out from the rounded ones."""
        alone = {**self.truth, **{blank.name: round(self.truth[blank.name], digits) for blank in self.blanks()}}
        chained = dict(self.known)
        for blank in self.blanks():
            try:
                chained[blank.name] = round(blank.formula(chained), digits)
            except (ArithmeticError, ValueError):  # a rounded number is 0, say
                chained[blank.name] = alone[blank.name]
        return alone, chained


@dataclass(frozen=True)
class Mark:
    """What a check says of one answer.

    `said` is the diagnosis or the note, plain text; empty where there is none. `symbol` is the number, in LaTeX, that
    it ends with, if any.
    """

    kind: Kind
    said: str = ""
    symbol: str = ""

    @property
    def good(self) -> bool:
        """Whether the answer can stay."""
        return self.kind in ("right", "rounded")


@dataclass(frozen=True)
class Answer:
    """A number as typed: its value, and its decimals; None for a formula such as 1/3 or ln(2), which has none."""

    value: float
    decimals: int | None

    @classmethod
    def read(cls, text: str) -> Answer:
        """Read a number, with a point or a comma, perhaps in per cent, or a formula. Raises ValueError, one line."""
        if len(text) > LONGEST:
            raise ValueError(_("an answer has at most {most} characters").format(most=LONGEST))
        plain = text.translate(_ASCII).strip().lstrip("=≈ ")
        if percent := plain.endswith("%"):
            plain = plain[:-1].rstrip()
        if "." not in plain:
            plain = _COMMA.sub(".", plain)
        if match := _DECIMAL.fullmatch(plain):
            decimals = len(match["part"] or match["bare"] or "") - int(match["power"] or 0)
            value = float(plain)
        else:
            decimals = None
            value = float(parse(plain, ())({}))
        if percent:
            value, decimals = value / 100, None if decimals is None else decimals + 2
        if not math.isfinite(value) or abs(decimals or 0) > _MOST_DECIMALS:
            raise ValueError(_("this is not a finite number"))
        return cls(value, decimals)

    @property
    def digits(self) -> int:
        """How many significant digits it has; a formula has many."""
        if self.decimals is None or not self.value:
            return 0 if self.decimals is not None else 15
        return self.decimals + math.floor(math.log10(abs(self.value))) + 1

    def exactly(self, value: float) -> bool:
        """Whether it is the value itself, to nine digits."""
        return math.isclose(self.value, value, rel_tol=_EXACT, abs_tol=1e-12)

    def may_be(self, value: float) -> bool:
        """Whether the value, rounded to the digits given, is this number; a formula may be off by 0.05 %."""
        if not math.isfinite(value):
            return False
        if self.decimals is None:
            return math.isclose(self.value, value, rel_tol=_CLOSE)
        return self.exactly(value) or abs(self.value - value) <= 0.5000001 * 10.0**-self.decimals


def _gives(formula: Formula, values: Values, answer: Answer, truth: float) -> bool:
    """Whether a formula gives the answer and not the truth as well."""
    value = _value(formula, values)
    return answer.may_be(value) and not math.isclose(value, truth, rel_tol=_EXACT)


def _nearly_gives(formula: Formula, values: Values, answer: Answer, truth: float) -> bool:
    """Whether it gives the answer from rounded numbers: nearly so, and far from the truth."""
    off = abs(_value(formula, values) - answer.value)
    return off <= min(_NEAR * abs(answer.value), abs(answer.value - truth) / 10)


def _value(formula: Formula, values: Values) -> float:
    """What a formula gives; NaN where it gives no number."""
    try:
        return formula(values)
    except (ArithmeticError, ValueError):
        return math.nan


def _cut(value: float, decimals: int) -> float:
    """A number whose further decimals are cut off."""
    try:
        return math.trunc(value * 10.0**decimals) / 10.0**decimals
    except OverflowError:
        return math.nan
