"""Which sarcastic remarks can be built about a situation? They come a batch at a time, none twice.

The order is drawn by a seed, one candidate of each pattern in turn, so that the first so many are a fair draw from
every pattern. Two candidates that preprocessing makes the same are one to a model: the later one is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np

from core.probes.sarcasm.recipes import PATTERNS, Pattern
from core.probes.sarcasm.situations import Situation
from core.probes.search_limits import check_limits
from core.runtime.i18n import gettext as _

TOP = 10
_BATCH = 1024

Preprocessed = Callable[[str], Sequence[str]]
"""A text's tokens: `core.text.preprocessing.Preprocessing`, or any other."""


@dataclass(frozen=True)
class Question:
    """The situation, how many candidates to build at most (None: all), seconds, and how many to list.

    Raises ValueError for an invalid limit, or no pattern.
    """

    situation: Situation
    budget: int | None = None
    seconds: float | None = None
    top: int = TOP
    seed: int = 0
    patterns: tuple[Pattern, ...] = PATTERNS

    def __post_init__(self) -> None:
        check_limits(self.seconds, budget=self.budget, top=self.top)
        if self.seed < 0:
            raise ValueError(_("the seed must be at least 0; given: {seed}").format(seed=self.seed))
        if not self.recipes:
            raise ValueError(
                _("no pattern was given that fits the situation {text!r}").format(text=self.situation.text)
            )

    @property
    def recipes(self) -> int:
        """How many recipes fit the situation."""
        return sum(pattern.count(self.situation) for pattern in self.patterns)


class Batch(NamedTuple):
    """Candidates: texts and tokens, and pattern and number in it, int64 [N] each; `repeats` were left out so far."""

    texts: list[str]
    tokens: list[tuple[str, ...]]
    patterns: np.ndarray
    numbers: np.ndarray
    repeats: int


class Candidates:
    """The candidates of a question under one preprocessing: built when needed, and kept for other models.

    `plain` is the bare situation's tokens.
    """

    def __init__(self, question: Question, preprocessing: Preprocessed):
        self.question = question
        self.plain = tuple(preprocessing(question.situation.text))
        self._built: list[Batch] = []
        self._more = _built(question, preprocessing)

    def __iter__(self) -> Iterator[Batch]:
        for number in count():
            if number == len(self._built):
                batch = next(self._more, None)
                if batch is None:
                    return
                self._built.append(batch)
            yield self._built[number]


def _built(question: Question, preprocessing: Preprocessed) -> Iterator[Batch]:
    patterns, numbers = _drawn(question)
    budget = len(numbers) if question.budget is None else question.budget
    seen: set[tuple[str, ...]] = set()
    start = repeats = 0
    while start < len(numbers) and len(seen) < budget:
        texts: list[str] = []
        tokens: list[tuple[str, ...]] = []
        kept: list[int] = []
        while start < len(numbers) and len(kept) < min(_BATCH, budget - len(seen) + len(kept)):
            text, _recipe = question.patterns[patterns[start]].build(question.situation, int(numbers[start]))
            read = tuple(preprocessing(text))
            if read in seen:
                repeats += 1
            else:
                seen.add(read)
                texts.append(text)
                tokens.append(read)
                kept.append(start)
            start += 1
        if kept:
            yield Batch(texts, tokens, patterns[kept], numbers[kept], repeats)


def _drawn(question: Question) -> tuple[np.ndarray, np.ndarray]:
    """Patterns and numbers of all recipes, in an order drawn by the seed: one of each pattern in turn."""
    draw = np.random.default_rng(question.seed)
    counts = [pattern.count(question.situation) for pattern in question.patterns]
    numbers = np.concatenate([draw.permutation(count) for count in counts])
    patterns = np.repeat(np.arange(len(counts)), counts)
    turns = np.concatenate([np.arange(count) for count in counts])
    order = np.lexsort((patterns, turns))
    return patterns[order], numbers[order]
