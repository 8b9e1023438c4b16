"""What the values of a label column mean: as a person says, as a model's own table had it, or as the column shows.

Words for a class mean that class; where a model is to be trained, the words of the column are its classes. Numbers mean
something only as a set: 0 and 1 are the first and the second class, 0, 2, 4 and -1, 0, 1 are guessed to be scales of
sentiment. A set with two plausible meanings (1 and 2; 0, 1, 2; stars; a rare -1 beside 0 and 1) is refused until
`--labels` says which. Neutral is a class where a model has it, or is to have it, and else left out.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.data.labels import FEWEST, MOST, SENTIMENT, Labelling, Names, check_names
from core.data.targets import has_sentiment
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext

OPTION = "--labels"
NEUTRAL = "neutral"
LEFT_OUT = NEUTRAL
"""The name, in `--labels` and in messages, of what is no class of models without a neutral one: such rows are left out
and counted."""
OUT = "-"
"""What leaves rows out of every model's labels."""
MOST_VALUES = 1_000  # different ones; a column of more is no column of labels

_RARE = 10  # a -1 for so many of both 0 and 1, or for more, may be a mark of rows without a label
_LISTED = 8  # values named in a message
_NAMED = 12  # values spelt out in a suggested option
_SHORT = 40  # characters of a value in a message
_SIGNED = re.compile(r"([+\-\u2212]?)([0-9]+)(?:\.0+)?")
_NUMBER = re.compile(r"[+\-\u2212]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?")
_MOODS = {"negative": "negative", "neg": "negative", NEUTRAL: NEUTRAL, "neu": NEUTRAL, "positive": "positive"}
_MOODS["pos"] = "positive"
_ORDER = ("negative", NEUTRAL, "positive")
_MISSING = frozenset({"nan", "null", "na", "n/a", "<na>"})  # how programs spell an empty cell
_NEITHER = frozenset({"", "neutral", "neu", "mixed", "none", *_MISSING})
_ANSWERS = {"false": 0, "true": 1}
_SENTIMENT140 = dict(zip("024", _ORDER, strict=True))
_POLARITY = dict(zip(("-1", "0", "1"), _ORDER, strict=True))
_NEUTRAL_LAST = {"0": "negative", "1": "positive", "2": NEUTRAL}
_SETS = (  # of numbers with one plausible meaning, where it is sentiment
    (({"0", "4"}, {"0", "2", "4"}), _SENTIMENT140),
    (({"-1"}, {"-1", "1"}, {"-1", "0", "1"}), _POLARITY),
)
_TYPO, _ALIKE = 20, 0.8  # how many times rarer a mistyped class is; difflib's ratio to the class that is meant


class LabelsError(ValueError):
    """A column whose values have no meaning, or two. `found` is the line without the option of the command line."""

    def __init__(self, found: str, way_on: str):
        super().__init__(f"{found}. {way_on}")
        self.found = found


class Column(NamedTuple):
    """A column, for messages; `sentiment140`: it is that of the public Sentiment140 file; `option` names its values on
    the command line."""

    file: str
    name: str
    sentiment140: bool = False
    option: str = OPTION


class Late(NamedTuple):
    """The first row with a value that no earlier row has."""

    value: str
    row: int


@dataclass(frozen=True)
class Meaning:
    """What each value means: the number of a class of `names`, or None where the row is left out.

    `unknown` values mean nothing. `guess`: the meaning is likely, but nobody said it. `line` says what each value means
    where that is neither obvious nor asked for, or where missing values are left out; else it is empty.
    """

    names: Names
    values: Mapping[str, int | None]
    unknown: tuple[str, ...] = ()
    guess: bool = False
    line: str = ""


def label_key(label: object) -> str:
    """A label as tables of them spell it: in lower case, a whole number without plus or decimals, nothing for None."""
    key = "" if label is None else str(label).strip().lower()
    whole = _SIGNED.fullmatch(key)
    if not whole:
        return key
    sign, digits = whole.groups()
    return f"-{digits}" if sign in ("-", "\u2212") and digits.strip("0") else digits


def parse(text: str, option: str = OPTION) -> dict[str, str]:
    """What ``no=ham,yes=spam`` says: the name that each value goes by, in order. Raises ValueError."""
    values: dict[str, str] = {}
    for part in text.split(","):
        value, sign, name = part.rpartition("=")
        value, name = label_key(value), name.strip()
        if not sign or not value or not name:
            raise ValueError(f"{option} takes VALUE=NAME,VALUE=NAME, as in no=ham,yes=spam; given: {text!r}")
        if values.setdefault(value, name) != name:
            raise ValueError(f"{option} gives {value!r} two names: {values[value]!r} and {name!r}")
    return values


def together(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Names of values from two sources. Raises ValueError for a value with two names."""
    for value in first.keys() & second.keys():
        if first[value].casefold() != second[value].casefold():
            raise _two_names(value, first[value], second[value])
    return {**first, **second}


def _two_names(value: str, one: str, other: str) -> ValueError:
    told = _("the label {word!r} cannot stand for both {one} and {other}")
    return ValueError(told.format(word=value, one=one, other=other))


def common(several: Mapping[str, Labelling]) -> Labelling:
    """The labelling that models share, by their names: the values of all, but not those on which two differ.

    Raises ValueError where they tell different classes apart.
    """
    (first, labelling), *_others = several.items()
    values: dict[str, int | None] = {}
    differing: set[str] = set()
    for name, other in several.items():
        if other.names != labelling.names:
            told = _("{first} has the classes {one}, {name} has {other}: one label column can mean only one of these")
            one, another = ", ".join(labelling.names), ", ".join(other.names)
            raise ValueError(told.format(first=first, one=one, name=name, other=another))
        differing |= {value for value, number in other.values.items() if values.setdefault(value, number) != number}
    return Labelling(labelling.names, {value: number for value, number in values.items() if value not in differing})


def decide(
    counts: Mapping[str, int],
    model: Labelling | None,
    asked: Mapping[str, str] | None = None,
    *,
    column: Column,
    before: Mapping[str, int | None] | None = None,
    late: Late | None = None,
) -> Meaning:
    """The meaning of the values of a column, given with their counts and spelt as by `label_key`.

    `model` has the classes and the values of its own table; None where one is to be trained: then the classes are those
    `asked` for, the words in the column, or sentiment's. `asked` names values, and wins. `before` is what the values
    meant until `late` appeared. Raises ValueError for a name that is no class, and `LabelsError` for values with two
    plausible meanings, values none of which is understood, or another meaning than before; where a model is to be
    trained, for any value that is not understood, a class without a row, and a word that is probably mistyped.
    """
    asked = {label_key(value): name for value, name in (asked or {}).items()}
    names = _names(counts, asked) if model is None else model.names
    fixed = {value: _number(name, names, column.option) for value, name in asked.items()}
    own = {**_words(names), **(model.values if model else {})}
    refusal = _Refusal(counts, names, fixed, column, late, model is None)
    for value, number in fixed.items():
        usual_number = _words(names).get(value, number)
        if usual_number != number and number is not None and usual_number is not None:
            raise _two_names(value, names[usual_number], names[number])
    values: dict[str, int | None] = {}
    unknown: list[str] = []
    numbers: list[str] = []
    guess = False
    guessed = [(sets, _numbers(scale, names)) for sets, scale in _SETS] if has_sentiment(names) else []
    for value in counts:
        if value in fixed:
            values[value] = fixed[value]
        elif is_number(value):
            numbers.append(value)
        elif value in own:
            values[value] = own[value]
        elif value in _NEITHER:
            values[value] = None
        elif names == SENTIMENT and value in _ANSWERS:
            values[value], guess = _ANSWERS[value], True
        else:
            unknown.append(value)
    if numbers:
        rare = {"-1", "0", "1"} <= counts.keys() and _RARE * counts["-1"] < min(counts["0"], counts["1"])
        scale = _scale(numbers, fixed, own, names, column, rare, guessed)
        if scale is None:
            raise refusal.two_meanings()
        values |= {value: scale[value] for value in numbers}
        guess |= any(scale is one for _sets, one in guessed)
    if before and any(values.get(value) != number for value, number in before.items()):
        raise refusal.two_meanings()
    if unknown and (model is None or all(number is None for number in values.values())):
        raise refusal.not_understood(unknown, values)
    if (
        model is None
        and asked
        and (absent := [value for value in fixed if fixed[value] not in {None, *values.values()}])
    ):
        raise refusal.absent(absent)
    if model is None and (typo := _mistyped(counts, values, fixed, names)):
        raise refusal.mistyped(*typo)
    usual = _usual(names)
    odd = any(value not in usual for value in numbers) and not column.sentiment140
    odd |= any(value not in fixed and usual.get(value, number) != number for value, number in values.items())
    missing = any(value in _MISSING and value not in fixed and number is None for value, number in values.items())
    neutral = model is None and NEUTRAL not in fixed and values.get(NEUTRAL) is not None
    why = f"{NEUTRAL} is a class, which {NEUTRAL}={OUT} leaves out" if neutral else "missing values are no class"
    if guess or odd:
        why = "this is a guess" if guess else "as in the table of a model's training"
    line = refusal.line(values, why) if guess or odd or missing or neutral else ""
    return Meaning(names, values, tuple(unknown), guess, line)


def _scale(
    numbers: Sequence[str],
    fixed: Mapping[str, int | None],
    own: Mapping[str, int | None],
    names: Names,
    column: Column,
    rare: bool,
    guessed: Sequence[tuple[Sequence[set[str]], Mapping[str, int | None]]],
) -> Mapping[str, int | None] | None:
    """The one meaning of these numbers and of the fixed ones that are numbers; None for two or none.

    `rare`: -1 is so rare beside 0 and 1 that it may as well say that a row has no label.
    """
    if column.sentiment140 and has_sentiment(names):
        return _numbers(_SENTIMENT140, names) if set(numbers) <= set(_SENTIMENT140) else None
    given = {value: number for value, number in fixed.items() if is_number(value)}
    labels = set(numbers) | {value for value, number in given.items() if number is not None}
    card = {value: number for value, number in own.items() if is_number(value)}

    def fits(scale: Mapping[str, int | None]) -> bool:
        return labels <= scale.keys() and all(scale.get(value, number) == number for value, number in given.items())

    ordinal: dict[str, int | None] = {str(number): number for number in range(len(names))}
    usual: list[Mapping[str, int | None]] = [ordinal] if fits(ordinal) and not any(map(is_number, names)) else []
    if has_sentiment(names) and NEUTRAL in names and fits(last := _numbers(_NEUTRAL_LAST, names)):
        usual += [last] if any(ordinal.get(value) != last[value] for value in numbers) else []
    unlabelled = rare and not {"-1", "0"} & given.keys()
    for sets, scale in guessed:
        if fits(scale) and labels | set(given) in sets and not (unlabelled and "-1" in scale):
            usual.append(scale)
    if fits(card):
        others = any(scale[value] != card[value] for scale in usual for value in numbers)
        return card if not others or card.keys() <= labels | set(given) else None
    usual = [scale for scale in usual if all(card.get(value, number) == number for value, number in scale.items())]
    return usual[0] if len(usual) == 1 else None


def own_values(labelling: Labelling) -> dict[str, int | None]:
    """The values to keep with a model trained on them: all, or none where every reader takes them so."""
    usual = {**_usual(SENTIMENT), **dict.fromkeys(_NEITHER)}
    values = labelling.values
    as_usual = all(value in usual and usual[value] == number for value, number in values.items())
    return {} if labelling.names == SENTIMENT and as_usual else dict(values)


def _usual(names: Names) -> dict[str, int | None]:
    """What every reader takes for these classes: their names, and numbers from 0."""
    return {**{str(number): number for number in range(len(names))}, **_words(names)}


def _words(names: Names) -> dict[str, int | None]:
    """The words for these classes: their names, and short ones for sentiment."""
    words: dict[str, int | None] = {label_key(name): number for number, name in enumerate(names)}
    short = {word: names.index(name) for word, name in _MOODS.items() if name in names} if has_sentiment(names) else {}
    return {**short, **words}


def _numbers(scale: Mapping[str, str], names: Names) -> dict[str, int | None]:
    """A scale with the numbers of classes for their names, None for what is no class."""
    return {value: names.index(name) if name in names else None for value, name in scale.items()}


def _names(counts: Mapping[str, int], asked: Mapping[str, str]) -> Names:
    """The classes to train on: those asked for, and the words of the column where fewer than two are.

    Raises ValueError where those asked for cannot be.
    """
    named = list(dict.fromkeys(name for name in asked.values() if name != OUT))
    if all(_MOODS.get(name.casefold()) == NEUTRAL for name in named):
        named = []  # neutral alone makes no class of values: it is one, or left out
    found = sorted(value for value in counts if value and value not in asked and value not in _MISSING)
    words = [] if any(map(is_number, found)) or len(_moods(named)) >= FEWEST else found
    if any(_MOODS.get(word) in SENTIMENT for word in words):  # then others say that a text has no sentiment
        words = [word for word in words if word in _MOODS or word not in _NEITHER]
    names = _moods([*named, *words])
    if {*names} <= {*SENTIMENT} or (not named and not FEWEST <= len(names) <= MOST):
        return SENTIMENT
    if not FEWEST <= len(names) <= MOST:
        given = ", ".join(map(repr, names))
        raise ValueError(f"{OPTION} names {FEWEST} to {MOST} classes, beside {OUT}; given {len(names)}: {given}")
    return check_names(names)


def _moods(names: Sequence[str]) -> list[str]:
    """Different names; those of sentiment first, in their order and spelt out, where they are all or both are there."""
    moods = {_MOODS[name.casefold()] for name in names if name.casefold() in _MOODS}
    others = [name for name in dict.fromkeys(names) if name.casefold() not in _MOODS]
    if others and not {*SENTIMENT} <= moods:
        return list(dict.fromkeys(names))
    return [*(name for name in _ORDER if name in moods), *others]


def _mistyped(
    counts: Mapping[str, int], values: Mapping[str, int | None], fixed: Mapping[str, int | None], names: Names
) -> tuple[str, str | None] | None:
    """A word that is probably no class, having a single row, or being rare and like another, which is given too."""
    words = [value for value, number in values.items() if number is not None and not is_number(value)]
    if len(names) == FEWEST:
        return None
    for value in words:
        if value not in fixed and value not in _MOODS:
            others = [other for other in words if values[other] != values[value]]
            often = [other for other in others if counts[other] > _TYPO * counts[value]]
            alike = difflib.get_close_matches(value, often, 1, _ALIKE)
            rows = sum(counts[other] for other, number in values.items() if number == values[value])
            if alike or rows == 1:
                return value, alike[0] if alike else None
    return None


def _number(name: str, names: Names, option: str) -> int | None:
    """The class that a name stands for, None for what is left out. Raises ValueError for another name."""
    folded = [own.casefold() for own in names]
    if name.casefold() in folded:
        return folded.index(name.casefold())
    mood = _MOODS.get(name.casefold())
    if has_sentiment(names) and mood in names:
        return names.index(mood)
    if name == OUT or mood == NEUTRAL:
        return None
    raise ValueError(
        _("{option}: {name!r} is not one of the names: {names}, or {neutral} to leave rows out").format(
            option=option, name=name, names=", ".join(names), neutral=left_out(names)
        )
    )


def left_out(names: Names) -> str:
    """How `--labels` and messages name what is left out of these classes."""
    return OUT if NEUTRAL in names else LEFT_OUT


@dataclass(frozen=True)
class _Refusal:
    """What is said of a column's values: their meaning in a line, or the error that they have none."""

    counts: Mapping[str, int]
    names: Names
    fixed: Mapping[str, int | None]
    column: Column
    late: Late | None
    to_train: bool

    def line(self, values: Mapping[str, int | None], why: str) -> str:
        """What each value means, and why."""
        means = [
            f"{_short(value)} = {self._name(values[value])} ({self.counts[value]:,}"
            f"{'' if index else ' row' if self.counts[value] == 1 else ' rows'}"
            f"{', left out' if values[value] is None else ''})"
            for index, value in enumerate(ranked({value: self.counts[value] for value in values})[:_NAMED])
        ]
        more = f" and {len(values) - _NAMED:,} more" if len(values) > _NAMED else ""
        told = f"{self.column.file}: column {self.column.name!r} is read as {', '.join(means)}{more}"
        return f"{told}; {why}; change it with {self.column.option}"

    def _name(self, number: int | None) -> str:
        return left_out(self.names) if number is None else self.names[number]

    def two_meanings(self) -> LabelsError:
        """Numbers that may mean this or that."""
        numbers = [value for value in ranked(self.counts) if is_number(value)]
        options = list(self._options(numbers))
        why = _("the meaning of these numbers is not known")
        if len(options) > 1:
            for value in reversed(numbers):
                may = list(dict.fromkeys(option[value] for option in options if option[value] != value))
                if len(may) > 1:
                    one, other = sorted(may[:2], key=lambda name: name != LEFT_OUT)
                    why = _("{value} may be {one} or {other}").format(value=value, one=one, other=other)
                    break
        message = _("{file}: column {column!r} holds {held}: {why}").format(
            file=self.column.file, column=self.column.name, held=self._held(), why=why
        )
        return LabelsError(message, self._way_on(options, numbers))

    def not_understood(self, unknown: Sequence[str], understood: Mapping[str, int | None]) -> LabelsError:
        """Words that are no classes."""
        words = ranked({value: self.counts[value] for value in unknown})
        known = len(words) == len(self.counts) == len(self.names) and not self.to_train
        options = [dict(zip(sorted(words), self.names, strict=True))] if known else []
        told = _("{file}: no label in column {column!r} is understood; it holds {held}")
        if self.to_train and len(words) > MOST:
            told = _("{file}: column {column!r} holds {held}: more words than the {most} classes a model can have")
        if any(number is not None for number in understood.values()):
            told = _("{file}: column {column!r} holds {held}; not understood: {values}")
        message = told.format(
            file=self.column.file, column=self.column.name, held=self._held(), values=_listed(words), most=MOST
        )
        return LabelsError(message, self._way_on(options, words))

    def absent(self, missing: Sequence[str]) -> LabelsError:
        """A class that was asked for and has no row."""
        message = _("{file}: column {column!r} holds {held}; missing: {missing}").format(
            file=self.column.file, column=self.column.name, held=self._held(), missing=_listed(missing)
        )
        return LabelsError(message, f"Name the values that it holds with {self.column.option} VALUE=NAME,VALUE=NAME")

    def mistyped(self, value: str, alike: str | None) -> LabelsError:
        """A word that is probably no class."""
        told = _("{file}: column {column!r} holds {held}: {value} has too few rows to be a class")
        if alike is not None:
            told = _("{file}: column {column!r} holds {held}: {value} looks like a misspelt {alike}")
        message = told.format(
            file=self.column.file,
            column=self.column.name,
            held=self._held(),
            value=_short(value),
            alike=_short(alike or ""),
        )
        if not _can_be_typed(value):
            return LabelsError(message, f"Correct it in the file, or leave it out with {self.column.option}")
        options = [{value: name} for name in ([OUT, value] if alike is None else [alike, OUT, value])]
        spelt = [self._option(option) for option in options if all(map(_can_be_typed, option.values()))]
        *ways, itself = spelt
        return LabelsError(message, f"Say {' or '.join(ways)}, or {itself} if it is a class of its own")

    def _way_on(self, options: Sequence[Mapping[str, str]], open_: Sequence[str]) -> str:
        """What to type: one of some options, or a name for each of the values that are open."""
        typed = [option for option in options if all(_can_be_typed(value) for value in option)]
        if typed:
            own = " (or with names of your own)" if self.to_train else ""
            return f"Say which: {' or '.join(map(self._option, typed))}{own}"
        names = f"{', '.join(self.names)} or {left_out(self.names)}"
        if self.to_train:
            names = f"one of {FEWEST} to {MOST} of your own, or {OUT} to leave rows out"
            open_ = [value for value in ranked(self.counts) if value and value not in _MISSING]
        named = {value: self._name(number) for value, number in self.fixed.items() if value in self.counts}
        named = dict.fromkeys(open_, "NAME") | named
        if len(named) <= _NAMED and all(_can_be_typed(value) for value in named):
            return f"Say which: {self._option(named)}, each NAME being {names}"
        return f"Say which: {self.column.option} VALUE=NAME,… for each value, each NAME being {names}"

    def _option(self, named: Mapping[str, str]) -> str:
        spelt = shlex.quote(",".join(f"{value}={name}" for value, name in named.items()))
        return f"{self.column.option}{'=' if spelt.lstrip(chr(39)).startswith('-') else ' '}{spelt}"

    def _options(self, numbers: Sequence[str]) -> Iterator[dict[str, str]]:
        """Plausible meanings of some numbers, the smallest first, that agree with what was asked."""
        count, first, last = len(numbers), self.names[0], self.names[-1]
        half, middle = count // 2, [LEFT_OUT] * (count % 2)
        meanings = [
            [first] * half + middle + [last] * half,
            [first] + [LEFT_OUT] * (count - 2) + [last],
        ]
        if self.to_train and count > 3:
            meanings = [[*numbers], *meanings]
        if count == 1:
            meanings = [[name] for name in self.names]
        elif count == len(self.names):
            meanings = [[*self.names], [*self.names[::-1]]]
        elif len(self.names) > FEWEST:
            meanings = []
        elif numbers == ["-1", "0", "1"]:
            meanings = [[first, LEFT_OUT, last], [LEFT_OUT, first, last]]
        elif count == 3:
            meanings = [[first, LEFT_OUT, last], [first, last, LEFT_OUT]]
        asked = {value: self._name(number) for value, number in self.fixed.items()}
        for meaning in meanings if count <= _NAMED else ():
            option = dict(zip(numbers, meaning, strict=True))
            if all(asked.get(value, name) == name for value, name in option.items()):
                yield option

    def _held(self) -> str:
        """``0 (2 rows), 1 (2), 2 (1, first in row 90)``: numbers in order, then words, the most frequent first."""
        values = ranked(self.counts)
        if not values:
            return _("nothing")
        named = values[:_LISTED]
        if self.late and self.late.value in values[_LISTED:]:
            named[-1] = self.late.value
        told = []
        for index, value in enumerate(named):
            rows = self.counts[value]
            count = "{count:,}" if index else ngettext("{count:,} row", "{count:,} rows", rows)
            late = self.late if self.late and value == self.late.value else None
            behind = _(", first in row {row:,}").format(row=late.row) if late else ""
            told.append(f"{_short(value)} ({count.format(count=rows)}{behind})")
        more = _(" and {count:,} more").format(count=len(values) - len(named)) if len(values) > len(named) else ""
        return ", ".join(told) + more


def too_many(column: Column, found: Sequence[str]) -> LabelsError:
    """What is said of a column of more values than labels have."""
    return LabelsError(
        _("{file}: column {column!r} holds more than {most:,} different values, such as {values}").format(
            file=column.file, column=column.name, most=MOST_VALUES, values=_listed(found)
        ),
        "A column of labels holds a few: name it with --label-column",
    )


def is_number(value: str) -> bool:
    """Whether a value is a number, so that it means something only beside the others."""
    return _NUMBER.fullmatch(value) is not None


def _can_be_typed(value: str) -> bool:
    return 0 < len(value) <= _SHORT and value.isprintable() and "," not in value


def ranked(counts: Mapping[str, int]) -> list[str]:
    """Values in the order to show them: numbers by size, then words, the most frequent first."""
    values = {value: float(value.replace("\u2212", "-")) for value in counts if is_number(value)}
    numbers = sorted(values, key=lambda value: (values[value], value))
    words = sorted((value for value in counts if not is_number(value)), key=lambda value: (-counts[value], value))
    return [*numbers, *words]


def _listed(values: Sequence[str]) -> str:
    more = _(" and {count:,} more").format(count=len(values) - _LISTED) if len(values) > _LISTED else ""
    return ", ".join(_short(value) for value in values[:_LISTED]) + more


def _short(value: str) -> str:
    if is_number(value) and len(value) <= _SHORT:
        return value
    return repr(value if len(value) <= _SHORT else value[: _SHORT - 1] + "…")
