"""What is to be certified? A text, a kind of change and how large it may be, as a family of sequences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.fluency.orders import fluencies
from core.models.predict import EmptyTextError, verdict_on_tokens
from core.probes.permutations.search import marks
from core.probes.robustness.certify import Certificate, certify
from core.probes.robustness.families import Family, Moves, Substitutions
from core.probes.robustness.word_lists import WORDNET, WordList, listed, told_apart
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.fluency.trigram import Trigram
    from core.models.predictor import Model

MAX_CHANGES = 3
TOLD_AT = 50_000_000  # sequences; more are refused, as they would take hours


@dataclass(frozen=True)
class Question:
    """A family of a text's sequences under a model; with its word list, or with the trigram and how many nats less
    fluent than the text an order may be."""

    model: Model
    text: str
    family: Family
    word_list: WordList | None = None
    trigram: Trigram | None = None
    floor: float | None = None

    @property
    def alike(self) -> int:
        """How many listed words are left out, as the model cannot tell them from the token or from another of them."""
        if self.word_list is None or isinstance(self.family, Moves):
            return 0
        return sum(map(len, self.word_list.substitutes)) - sum(map(len, self.family.listed))

    def answers(
        self, seconds: float | None = None, check_cancelled: Callable[[], object] = lambda: None
    ) -> Iterator[Certificate]:
        """The certificate so far, until its end: `certify.certify`."""
        fluent = None if self.trigram is None else self._fluent(self.trigram)
        return certify(
            self.model, self.text, self.family, seconds=seconds, fluent=fluent, check_cancelled=check_cancelled
        )

    def _fluent(self, trigram: Trigram) -> Callable[[np.ndarray], np.ndarray]:
        table = trigram.table(self.family.tokens)
        least = fluencies(self.family.own[None].astype(np.int64), table)[0] - self.floor

        def fluent(rows: np.ndarray) -> np.ndarray:
            enough: np.ndarray = fluencies(rows.astype(np.int64), table) >= least
            return enough

        return fluent


def substitutions(
    model: Model,
    text: str,
    max_changes: int | None = None,
    name: str = WORDNET,
    *,
    timed: bool = False,
) -> Question:
    """Up to `max_changes` of a text's words (default: `MAX_CHANGES`) replaced from a list, whose guards keep the
    predicted class.

    Raises EmptyTextError for a text without a token and ValueError for what cannot be asked; `timed` says that the time
    is limited, so that there may be any number of sequences.
    """
    tokens = _tokens(model, text)
    max_changes = min(MAX_CHANGES, len(tokens)) if max_changes is None else max_changes
    word_list = listed(name, model, tokens, verdict_on_tokens(model, tokens).label)
    return _asked(
        Question(
            model, text, Substitutions(tokens, told_apart(model, tokens, word_list.substitutes), max_changes), word_list
        ),
        timed,
    )


def moves(
    model: Model,
    text: str,
    max_shift: int = 1,
    window: int | None = None,
    pinned: Collection[int] | None = None,
    trigram: Trigram | None = None,
    floor: float | None = None,
    *,
    timed: bool = False,
) -> Question:
    """Words moved by up to `max_shift` places; punctuation and links stay unless positions are given. With a `floor`,
    only orders at most so many nats less fluent than the text by the trigram count. Raises as `substitutions` does."""
    tokens = _tokens(model, text)
    stay = frozenset(marks(tokens) if pinned is None else pinned)
    if (trigram is None) != (floor is None) or (floor is not None and not floor >= 0):
        raise ValueError(_("fluency may fall by 0 nats or more; given: {floor}").format(floor=floor))
    return _asked(Question(model, text, Moves(tokens, max_shift, stay, window), trigram=trigram, floor=floor), timed)


def _asked(question: Question, timed: bool) -> Question:
    count = question.family.count
    if count > TOLD_AT and not timed:
        raise ValueError(
            _(
                "{count:,} sequences would have to be read, more than {most:,}; allow fewer or nearer changes, or name "
                "a window"
            ).format(count=count, most=TOLD_AT)
        )
    return question


def _tokens(model: Model, text: str) -> tuple[str, ...]:
    tokens = tuple(model.preprocessing(text))
    if not tokens:
        raise EmptyTextError(_("the text is empty: there is no word to change"))
    return tokens
