"""Does an edit keep the sentence's gold label? Three guards, each of which can be switched off.

- ``polarity``: the words must not move away from the gold label. A word's polarity is its smoothed log-odds of each
  class against the rest in the training data, in nats; marks have none. All edits together may take `TOLERANCE` nats at
  most from the gold label's class, and no new word may speak against it by more than `OPPOSED` nats: of negative,
  "took" may replace "stole", but not "liked" "hated". Both thresholds were chosen by eye; 0 would refuse "taken" for
  "stolen", which moves 1.1 nats.
- ``antonyms``: no added word may be a known antonym of a removed one, in any inflection.
- ``negations``: none may be added, removed, replaced or moved.

For the original's gold label, edits made together pass a guard, fail, or cannot be judged, where a word has no polarity
or the lexicon lacks it. Edits that cannot be judged are let through, and counted. Of a `joint` guard, edits that pass
alone may fail together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.data import targets
from core.data.labels import SENTIMENT, Names
from core.data.targets import Target
from core.probes.edits.changes import Edit, removed_and_added
from core.runtime.i18n import mark
from core.text.lexicon import is_negation
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.text.lexicon import Lexicon

PASSED, FAILED, CANNOT_JUDGE = mark("passed"), mark("failed"), mark("cannot judge")
TOLERANCE = 1.6  # nats
OPPOSED = 0.5  # nats
REMEMBERED = 1 << 17  # answers of a guard or a rule, which a search over many texts asks for again and again
_MARKS = frozenset('.,!?…"*')


def is_mark(token: str) -> bool:
    """Whether a token is nothing but marks of punctuation or emphasis; emoticons are not."""
    return _MARKS.issuperset(token)


@dataclass(frozen=True)
class Polarity:
    """The guard ``polarity``: `values` are nats, float [V] over `vocabulary`; without any, nothing can be judged.

    They are of the second class of `labels` against the first; of more than two, [K, V] of each against the rest.
    Neither one edit nor all together may move by more than the tolerance away from the gold label; where that is mixed,
    or none of these classes, away from none of them.
    """

    values: np.ndarray | None
    vocabulary: Vocabulary
    tolerance: float = TOLERANCE
    opposed: float = OPPOSED
    labels: Names = SENTIMENT
    name: str = field(default=mark("polarity"), init=False)
    joint: bool = field(default=True, init=False)

    def judge(self, edits: Sequence[Edit], gold_label: str) -> str:
        if len(edits) == 1:
            return self._alone(edits[0].before, edits[0].after, gold_label)
        return self._judged(edits, gold_label)

    @cached_property
    def _alone(self) -> Callable[[tuple[str, ...], tuple[str, ...], str], str]:
        return lru_cache(REMEMBERED)(lambda before, after, label: self._judged((Edit("", 0, before, after),), label))

    def _judged(self, edits: Sequence[Edit], gold_label: str) -> str:
        judgement = PASSED
        sums_of = self._sums_of
        for number in [self.labels.index(gold_label)] if gold_label in self.labels else range(len(self.labels)):
            sums = [sums_of(edit.before, edit.after, number) for edit in edits]
            known = [one for one in sums if one is not None]
            lost = [gone - come for gone, come in known]
            opposed = any(min(-come, one) > self.opposed for (_gone, come), one in zip(known, lost, strict=True))
            if opposed or max([sum(lost), *lost]) > self.tolerance:
                return FAILED
            judgement = CANNOT_JUDGE if None in sums else PASSED
        return judgement

    @cached_property
    def _sums_of(self) -> Callable[[tuple[str, ...], tuple[str, ...], int], tuple[float, float] | None]:
        return lru_cache(REMEMBERED)(self._sums)

    @cached_property
    def _rows(self) -> list[np.ndarray]:
        """The nats of each class against the rest, [V] each; none where nothing is known."""
        if self.values is None:
            return []
        return [targets.row(self.values, Target(self.labels, number)) for number in range(len(self.labels))]

    def _sums(self, before: tuple[str, ...], after: tuple[str, ...], number: int) -> tuple[float, float] | None:
        """Nats for a class of the removed words and of the added ones; None where one of them has none."""
        changed = removed_and_added((Edit("", 0, before, after),))
        removed, added = ([word for word in words if not is_mark(word)] for words in changed)
        if not removed and not added:
            return 0.0, 0.0
        if self.values is None or self.vocabulary.unknown([*removed, *added]):
            return None
        gone, come = (float(self._rows[number][self.vocabulary.encode(words)].sum()) for words in (removed, added))
        return gone, come


class Antonyms:
    """The guard ``antonyms``: over all edits made together, so that a word left out and its antonym put in is one.

    Antonyms of every grade that the lexicon knows are refused. Without a lexicon nothing can be judged.
    """

    name, joint = mark("antonyms"), True

    def __init__(self, lexicon: Lexicon | None):
        self._opposed = lru_cache(REMEMBERED)(lexicon.opposed) if lexicon else None
        self._judges = lru_cache(REMEMBERED)(lexicon.judges) if lexicon else None
        self._alone = lru_cache(REMEMBERED)(lambda before, after: self._judged((Edit("", 0, before, after),)))

    def judge(self, edits: Sequence[Edit], gold_label: str) -> str:
        return self._alone(edits[0].before, edits[0].after) if len(edits) == 1 else self._judged(edits)

    def _judged(self, edits: Sequence[Edit]) -> str:
        removed, added = removed_and_added(edits)
        if not removed or not added:
            return PASSED
        if self._opposed is None or self._judges is None:
            return CANNOT_JUDGE
        if any(self._opposed(one, other) for one in removed for other in added):
            return FAILED
        return PASSED if all(is_mark(word) or self._judges(word) for word in (*removed, *added)) else CANNOT_JUDGE


class Negations:
    """The guard ``negations``."""

    name, joint = mark("negations"), False

    def judge(self, edits: Sequence[Edit], gold_label: str) -> str:
        touched = any(is_negation(token) for edit in edits for token in (*edit.before, *edit.after))
        return FAILED if touched else PASSED


Guard = Polarity | Antonyms | Negations
