"""How do two sentences compare: are they the same words in another order, and where do the verdicts part?

They are permutations if they have the same tokens, each as often, in another order. Every model compares the tokens
that it reads itself. Steps count tokens from 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from core.data import targets
from core.models.predict import EmptyTextError, Verdict, verdicts
from core.runtime.shown import Shown

if TYPE_CHECKING:
    from core.models.predictor import Model


@dataclass(frozen=True)
class Words:
    """The tokens of two sentences under one preprocessing, and how they differ.

    `same_words`: both have the same tokens, each as often; if not, `only_a` and `only_b` list those that one has more
    of, in order of appearance, with how many more. `first_difference` is the first step at which they differ or one has
    ended, None for equal ones.
    """

    tokens_a: tuple[str, ...]
    tokens_b: tuple[str, ...]
    same_words: bool
    only_a: tuple[tuple[str, int], ...]
    only_b: tuple[tuple[str, int], ...]
    first_difference: int | None

    @property
    def permutations(self) -> bool:
        """Whether the two are the same words in the same numbers, in another order."""
        return self.same_words and self.first_difference is not None


@dataclass(frozen=True)
class Contrast:
    """One model's verdicts on two sentences, of one target: the model's, else the class predicted for the first.

    `parts_at` is the first step from which on, to the end of the shorter sentence, the verdicts after each token
    differ; None where they are the same at that end, or are not known. `indistinguishable` says that the model reads
    both as the very same sequence: where their tokens differ, it knows neither of the two.
    """

    model: str
    words: Words
    a: Verdict
    b: Verdict
    parts_at: int | None
    indistinguishable: bool

    @property
    def opposite(self) -> bool:
        """Whether the verdicts on the whole sentences differ. Between permutations, this is a flip."""
        return self.a.label != self.b.label


@dataclass(frozen=True)
class Comparison(Shown):
    """Two sentences side by side: a contrast for every model, in the order in which the models were given."""

    listed: ClassVar[tuple[str, ...]] = ("contrasts",)
    pictured: ClassVar[bool] = True

    contrasts: tuple[Contrast, ...]

    @property
    def words(self) -> Words | None:
        """What every model reads of the two sentences; None where the models read different tokens."""
        first, *others = (contrast.words for contrast in self.contrasts)
        return first if all(words == first for words in others) else None


def compare(checkpoints: Sequence[Model], a: str, b: str) -> Comparison:
    """Two sentences under several models.

    Raises EmptyTextError for a sentence without a token, naming the first or the second; ValueError without a model.
    """
    if not checkpoints:
        raise ValueError("no model was given to compare the sentences with")
    return Comparison(tuple(_contrast(checkpoint, a, b) for checkpoint in checkpoints))


def compare_tokens(tokens_a: Sequence[str], tokens_b: Sequence[str]) -> Words:
    """How two sequences of tokens differ."""
    a, b = Counter(tokens_a), Counter(tokens_b)
    return Words(tuple(tokens_a), tuple(tokens_b), a == b, _more(a, b), _more(b, a), _first_step(tokens_a, tokens_b))


def _more(a: Counter[str], b: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple((token, count - b[token]) for token, count in a.items() if count > b[token])


def _first_step(a: Sequence[object], b: Sequence[object]) -> int | None:
    """The first step, from 1, at which two sequences differ or one of them has ended; None for equal ones."""
    for step, (one, other) in enumerate(zip(a, b, strict=False), 1):
        if one != other:
            return step
    return None if len(a) == len(b) else min(len(a), len(b)) + 1


def _contrast(checkpoint: Model, a: str, b: str) -> Contrast:
    for text, which in ((a, "first"), (b, "second")):
        if not checkpoint.preprocessing(text):
            raise EmptyTextError(f"the {which} sentence is empty: there is no word to read")
    return contrast(*verdicts(checkpoint, [a, b]))


def contrast(a: Verdict, b: Verdict) -> Contrast:
    """One model's verdicts side by side."""
    differs_at = _first_step(_as_read(a), _as_read(b))
    return Contrast(
        model=a.model,
        words=compare_tokens(a.tokens, b.tokens),
        a=a,
        b=b.aimed(a.target),
        parts_at=None if differs_at is None else _parts_at(a, b, differs_at),
        indistinguishable=differs_at is None,
    )


def _as_read(verdict: Verdict) -> list[str | None]:
    """The tokens as the model tells them apart: all unknown ones are one."""
    return [token if known else None for token, known in zip(verdict.tokens, verdict.known, strict=True)]


def _parts_at(a: Verdict, b: Verdict, differs_at: int) -> int | None:
    """Where the prefixes' verdicts part for good; before `differs_at` both are the same sentence.

    None too for a bidirectional model, which has no verdicts on prefixes.
    """
    parts_at = None
    prefixes = list(zip(_predicted(a), _predicted(b), strict=False))
    for step in range(len(prefixes), differs_at - 1, -1) if prefixes else ():
        one, other = prefixes[step - 1]
        if one == other:
            break
        parts_at = step
    return parts_at


def _predicted(verdict: Verdict) -> list[int]:
    """The predicted class after each token."""
    classes: list[int] = targets.predicted_of(verdict.prefix_distributions).tolist()
    return classes
