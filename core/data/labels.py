"""The names of a model's classes, 2 to 20 of them.

The shipped models tell negative from positive; one trained on a person's own table has that table's names. Which class
a number is about is a target (`core.data.targets`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.runtime.i18n import gettext as _

Names = tuple[str, ...]

SENTIMENT: Names = ("negative", "positive")
CLASSES: Names = ("first class", "second class")
"""What the classes of several models are called together where they have no names in common."""
_NUMBERED = re.compile(r"class ([1-9]\d?)")
LONGEST = 40  # characters of a name
FEWEST, MOST = 2, 20  # classes of a model


@dataclass(frozen=True)
class Labelling:
    """A model's classes, called `names`, and which values of its own table stand for each: None for rows left out.

    Values are spelt as `core.data.label_inference.label_key` spells them. Raises ValueError for names that cannot be.
    """

    names: Names
    values: Mapping[str, int | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_names(self.names)


def check_names(names: object) -> Names:
    """The names of a model's classes. Raises ValueError where they are not 2 to 20 different ones that print, of 1 to
    40 characters each."""
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ValueError(_("expected a list of names, one per label; given: {names}").format(names=repr(names)[:200]))
    if not FEWEST <= len(names) <= MOST:
        raise ValueError(
            _("a model has {fewest} to {most} classes, each with a name; given {count:,}: {names}").format(
                fewest=FEWEST, most=MOST, count=len(names), names=repr(names)[:200]
            )
        )
    seen: dict[str, str] = {}
    for name in names:
        if not 0 < len(name) <= LONGEST or not name.isprintable() or name != name.strip():
            raise ValueError(
                _(
                    "a label's name has 1 to {longest} printable characters and no space at either end; given: {name!r}"
                ).format(longest=LONGEST, name=name[:60])
            )
        if (first := seen.get(name.casefold())) is not None:
            why = _("the labels need different names; given: {first!r} and {second!r}")
            raise ValueError(why.format(first=first, second=name))
        seen[name.casefold()] = name
    return tuple(names)


def shared(several: Iterable[Sequence[str]]) -> Names:
    """The names that all of some models' classes have, or those of none where they differ, as `CLASSES`; of no model,
    `SENTIMENT`."""
    names = {tuple(names) for names in several}
    if not names:
        return SENTIMENT
    others = range(len(CLASSES), max(map(len, names)))
    return names.pop() if len(names) == 1 else (*CLASSES, *(f"class {number + 1}" for number in others))


def model_name(name: str) -> str:
    """A model's name as a reader sees it: those of the shipped RNN, GRU and LSTM in capitals, others as they are."""
    own = {"lstm_people": "LSTM (people)"}
    return name.upper() if name in ("rnn", "gru", "lstm") else own.get(name, name)


def shown(name: str) -> str:
    """A class's name as a reader sees it: the workbench's own in their language, others as they stand. Not escaped."""
    if numbered := _NUMBERED.fullmatch(name):
        return _("class {number}").format(number=numbered[1])
    own = {
        "negative": _("negative"),
        "positive": _("positive"),
        "neutral": _("neutral"),
        "first class": _("first class"),
        "second class": _("second class"),
    }
    return own.get(name, name)
