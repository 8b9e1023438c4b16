"""How does a person read a text? What the words and numbers in a column of labels stand for.

0, ``negative`` or ``neg``; 1, ``positive`` or ``pos``; 2, ``neutral`` and ``mixed`` stand for neither, as an empty cell
does. In the public Sentiment140 CSV 0, 4 and 2. Other words can be named, and win over these.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence

from core.corpus import NEGATIVE, POSITIVE, label_key
from core.labels import SENTIMENT, Labelling, Names
from core.language import gettext as _

_USUAL = {"0": NEGATIVE, "negative": NEGATIVE, "neg": NEGATIVE, "1": POSITIVE, "positive": POSITIVE, "pos": POSITIVE}
_SENTIMENT140 = {"0": NEGATIVE, "4": POSITIVE}
_NEITHER = frozenset({"", "2", "neutral", "neu", "mixed", "none", "null", "nan"})
_REMEMBERED = 1_000  # values; a column of labels has a handful


def spelt(
    labelling: Labelling, second: Collection[str] = (), first: Collection[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words for the second class and for the first: those given, which win, and how a model's own table spells
    them. Sentiment's are known without."""
    if labelling.names == SENTIMENT:
        return tuple(second), tuple(first)
    given = {label_key(word) for word in (*second, *first)}
    own = [(value, number) for value, number in labelling.values.items() if value not in given]
    return (
        (*second, *(value for value, number in own if number == POSITIVE)),
        (*first, *(value for value, number in own if number == NEGATIVE)),
    )


def common(several: Mapping[str, Labelling]) -> Labelling:
    """The labelling that models share, by their names: all the values that they know, an earlier one's winning.

    Raises ValueError where they tell different classes apart.
    """
    (first, found), *others = several.items()
    values = dict(found.values)
    for name, other in others:
        if other.names != found.names:
            raise ValueError(
                _(
                    "{first} tells {one} from {other}, {name} {third} from {fourth}: one column of labels "
                    "speaks of one of these"
                ).format(
                    first=first,
                    one=found.names[0],
                    other=found.names[1],
                    name=name,
                    third=other.names[0],
                    fourth=other.names[1],
                )
            )
        values = {**other.values, **values}
    return Labelling(found.names, values)


class Readings:
    """What the values of one column stand for; `positive` and `negative` are words of its own. Case is ignored.

    `names` are what messages call the two, `options` how a person names other words for the second and the first.
    Raises ValueError for a word that is to mean both.
    """

    def __init__(
        self,
        column: str,
        positive: Collection[str] = (),
        negative: Collection[str] = (),
        *,
        sentiment140: bool = False,
        names: Names = SENTIMENT,
        options: tuple[str, str] = ("--positive", "--negative"),
    ):
        self.column, self.names, self._options = column, names, options
        named = {label_key(word): NEGATIVE for word in negative}
        for word in positive:
            if named.setdefault(label_key(word), POSITIVE) == NEGATIVE:
                raise ValueError(
                    _("the label {word!r} cannot stand for both {one} and {other}").format(
                        word=word, one=names[1], other=names[0]
                    )
                )
        usual = _USUAL if names == SENTIMENT else {"0": NEGATIVE, "1": POSITIVE}
        self._words = (_SENTIMENT140 if sentiment140 else usual) | named
        self._seen: dict[Hashable, int | None] = {}

    def of(self, value: object) -> int | None:
        """0 negative, 1 positive, None for anything else."""
        if not isinstance(value, str | int | float):
            return None
        if value not in self._seen:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[value] = self._words.get(label_key(value))
        return self._seen[value]

    def neither(self, value: object) -> bool:
        """Whether a value says that the text is neither, or says nothing."""
        return value is None or (self.of(value) is None and label_key(value) in _NEITHER)

    def refusal(self, name: str, found: Sequence[str]) -> str:
        """One line on labels none of which is understood."""
        words = {reading: [word for word, of in self._words.items() if of == reading] for reading in (0, 1)}
        known = "; ".join(f"{self.names[reading]}: {', '.join(of)}" for reading, of in words.items())
        shown = ", ".join(repr(value) for value in found[:5]) + (", …" if len(found) > 5 else "")
        return (
            f"{name}: no label in column {self.column!r} is understood, it holds {shown}; understood are {known} "
            f"(name others with {self._options[0]} and {self._options[1]})"
        )
