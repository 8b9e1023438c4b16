"""How many texts of a corpus keep their verdict? A certificate for each, counted for every size of change.

One search at the largest size answers the smaller ones too: a flip of size s leaves the sizes below s certified, and a
search that the time ended leaves those certified that it had read whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.evaluation.metrics import wilson_interval
from core.probes.robustness.certify import CERTIFIED, FLIPPED, UNDECIDED
from core.probes.robustness.records import as_json, key

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.robustness.questions import Question

Line = dict[str, Any]


@dataclass(frozen=True)
class Counts:
    """How many texts are certified, flipped and undecided for changes up to a size."""

    size: int
    certified: int
    flipped: int
    undecided: int

    @property
    def texts(self) -> int:
        """All of them."""
        return self.certified + self.flipped + self.undecided

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the certified share."""
        return wilson_interval(self.certified, self.texts)


@dataclass(frozen=True)
class Corpus:
    """The certificates of some texts so far, as lines of a log (`records`), for changes up to the size `most`.

    `left_out` says why a text could not be asked about; `total` counts all texts.
    """

    most: int
    total: int
    lines: tuple[Line, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        """How many texts were looked at."""
        return len(self.lines) + len(self.left_out)

    @property
    def unchangeable(self) -> int:
        """How many texts have nothing to change, and so are certified."""
        return sum(line["sequences"] == 1 for line in self.lines)

    def counts(self) -> list[Counts]:
        """For each size from 1; empty where no text was certified or flipped or left undecided."""
        if not self.lines:
            return []
        found = []
        for size in range(1, self.most + 1):
            answers = [status(line, size) for line in self.lines]
            found.append(Counts(size, *(answers.count(one) for one in (CERTIFIED, FLIPPED, UNDECIDED))))
        return found


def status(line: Line, size: int) -> str:
    """What a line shows of changes up to a size, of which it has those that its text allows."""
    if line["witness"] and line["witness"]["size"] <= size:
        return FLIPPED
    return CERTIFIED if line["status"] == CERTIFIED or line["complete"] >= size else UNDECIDED


def certificates(
    model: Model,
    texts: Sequence[str],
    most: int,
    ask: Callable[[Model, str], Question],
    seconds: float | None = None,
    *,
    known: Mapping[Hashable, Line] | None = None,
    keep: Callable[[Line], object] = lambda line: None,
    check_cancelled: Callable[[], object] = lambda: None,
) -> Iterator[Corpus]:
    """Certify text after text, at most so many seconds each, and yield what is there after each.

    `ask` raises ValueError for a text that is left out. Lines that are `known` (by `records.key`) are not made again;
    `keep` gets each new one.
    """
    found, known = Corpus(most, len(texts)), dict(known or {})
    for text in texts:
        try:
            question = ask(model, text)
        except ValueError as error:
            found = replace(found, left_out=(*found.left_out, str(error)))
            yield found
            continue
        if (line := known.get(key(question))) is None:
            last = deque(question.answers(seconds, check_cancelled), maxlen=1).pop()
            line = known[key(question)] = as_json(question, last)
            keep(line)
        found = replace(found, lines=(*found.lines, line))
        yield found
