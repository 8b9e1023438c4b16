"""The names of a model's two classes, and of the probability of the second one.

Whatever the classes are, `probability` is P(second class). The shipped models tell negative from positive; one trained
on a person's own table has that table's names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.runtime.i18n import gettext as _

Names = tuple[str, str]

SENTIMENT: Names = ("negative", "positive")
CLASSES: Names = ("first class", "second class")
"""What the classes of several models are called together where they have no names in common."""
LONGEST = 40  # characters of a name


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
    """The names of two classes. Raises ValueError where they are not two different ones that print, of 1 to 40
    characters each."""
    if not isinstance(names, list | tuple) or len(names) != 2 or not all(isinstance(name, str) for name in names):
        raise ValueError(_("expected two names, one per label; given: {names}").format(names=repr(names)[:200]))
    first, second = names
    for name in (first, second):
        if not 0 < len(name) <= LONGEST or not name.isprintable() or name != name.strip():
            raise ValueError(
                _(
                    "a label's name has 1 to {longest} printable characters and no space at either end; given: {name!r}"
                ).format(longest=LONGEST, name=name[:60])
            )
    if first.casefold() == second.casefold():
        raise ValueError(
            _("the two labels need different names; given: {first!r} and {second!r}").format(first=first, second=second)
        )
    return first, second


def name_of(probability: float, names: Names = SENTIMENT) -> str:
    """The name of the class that a P(second class) stands for: the second at 0.5 or more."""
    return names[int(probability >= 0.5)]


def shared(several: Iterable[Sequence[str]]) -> Names:
    """The names that all of some models' classes have, or `CLASSES` where they differ; of none, `SENTIMENT`."""
    names = {(first, second) for first, second in several}
    if not names:
        return SENTIMENT
    return names.pop() if len(names) == 1 else CLASSES


def model_name(name: str) -> str:
    """A model's name as a reader sees it: the RNN, GRU and LSTM that are shipped in capitals, others as they are."""
    return name.upper() if name in ("rnn", "gru", "lstm") else name


def shown(name: str) -> str:
    """A class's name as a reader sees it: the workbench's own in their language, others as they stand. Not escaped."""
    own = {
        "negative": _("negative"),
        "positive": _("positive"),
        "first class": _("first class"),
        "second class": _("second class"),
    }
    return own.get(name, name)


def probability_of(names: Names = SENTIMENT) -> str:
    """``P(positive)``: how the probability of the second class is written. Not escaped."""
    return _("P(positive)") if names == SENTIMENT else _("P({label})").format(label=shown(names[1]))
