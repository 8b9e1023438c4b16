"""Can any sequence of a family change a model's verdict? All of them are read, the smallest changes first.

The answer is ``certified`` (none does), ``flipped`` (the witness is one of the smallest changes that do) or
``undecided`` (the time was up, or float32 too coarse; how many were read is said). Sequences that begin alike share
their states, as orders do (`shared_prefixes`). Before all sets of two substitutions and more are read, those that
promise most are, so that a flip is found early.

A verdict is that of the arithmetic in float64. The network is read in float32, and what comes nearer to another class
than `DOUBTFUL` is read again in float64, and so are the nearest of every block: so the difference between the two is
measured all along, and where it is not far below `DOUBTFUL` nothing is certified. A margin is the logit of two classes,
of more the predicted class's score over the best other; below 0 the verdict is another.

Where intervals around all the words that may stand at each place keep the margin above `DOUBTFUL` (`bounds`), nothing
need be read: of the whole text, or behind one first substitution.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from core.data import targets
from core.models.predictor import BlackBox
from core.probes.robustness.families import Family, Substitutions
from core.probes.search_limits import check_limits
from core.runtime.shown import Shown
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model

CERTIFIED, FLIPPED, UNDECIDED = "certified", "flipped", "undecided"
DOUBTFUL = 1e-3  # log-odds
_FAR_BELOW = 10  # times that float32's error must fit into it
_WORTH = 20  # sequences for each step that their bounds take
_PROMISING, _TRIED = 16, 560  # substitutions whose combinations are read first, and of these at most


@dataclass(frozen=True)
class Variant:
    """A sequence that was read: its tokens, its margin (float64), and the class that it is read as."""

    tokens: tuple[str, ...]
    margin: float
    label: str

    @property
    def text(self) -> str:
        """The tokens as text."""
        return " ".join(self.tokens)


@dataclass(frozen=True)
class Certificate(Shown):
    """What was read of a family of a text's sequences, and what that shows.

    `covered` counts the sequences read, `bounded` by intervals or `passed` over as too little fluent, the text itself
    among them; all changes up to the size `complete` are, 0 where float32 is too coarse. `witness` is a flip whose
    changes have the size `size`, `closest` has the smallest margin read. `reread` sequences were read in float64 too,
    with at most `difference` log-odds between the two; None of a black box.
    """

    model: str
    model_hash: str
    text: str
    family: Family
    status: str
    sequences: int
    covered: int
    bounded: int
    passed: int
    complete: int
    original: Variant
    witness: Variant | None
    size: int | None
    closest: Variant | None
    reread: int
    difference: float | None
    seconds: float


def certify(
    model: Model,
    text: str,
    family: Family,
    *,
    seconds: float | None = None,
    fluent: Callable[[np.ndarray], np.ndarray] | None = None,
    check_cancelled: Callable[[], object] = lambda: None,
) -> Iterator[Certificate]:
    """Read a family of a text's sequences until one flips the verdict, all are read, or the time is up.

    Yields the certificate so far, at least once. `fluent` says which of rows [C, n] count, bool [C]; without it all do.
    `check_cancelled` is called before each block, and what it raises ends the search. Raises ValueError for `seconds`
    that are not above 0.
    """
    check_limits(seconds)
    search = _Search(model, text, family, seconds, fluent, check_cancelled)
    yield search.certificate()
    for _step in search.steps():
        yield search.certificate()


class _Network:
    """What a checkpoint says to rows of numbers of words, in float32 and in float64."""

    def __init__(self, checkpoint: Checkpoint, words: Sequence[str], length: int):
        from core.probes.permutations.shared_prefixes import SharedPrefixes

        model, ids = checkpoint.model.every, checkpoint.vocabulary.encode(words)
        self.quick = SharedPrefixes(model, ids, length=length).logits
        # The vectors of these words and of padding only: a copy of all would take longer than all the rest.
        vectors = model.embedding.weight[[Vocabulary.pad_id, *ids]]
        self._double = copy.deepcopy(model.with_embeddings(vectors)).double()

    def exact(self, rows: np.ndarray) -> np.ndarray:
        """Scores float64 [C] or [C, K]."""
        import torch

        with torch.inference_mode():
            parts = torch.from_numpy(rows.astype(np.int64) + 1).split(1_024)
            return torch.cat([self._double(part) for part in parts]).numpy()


class _Asked:
    """The same of a black box: what it says is all there is."""

    def __init__(self, black_box: BlackBox, words: Sequence[str]):
        self._black_box, self._words = black_box, words

    def quick(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds [C], or log-probabilities [C, K]."""
        sentences = [[self._words[number] for number in row] for row in rows.tolist()]
        return targets.logs(self._black_box.of_tokens(sentences))

    exact = quick


class _Search:
    """One search; `steps` yields after every block."""

    def __init__(
        self,
        model: Model,
        text: str,
        family: Family,
        seconds: float | None,
        fluent: Callable[[np.ndarray], np.ndarray] | None,
        check_cancelled: Callable[[], object],
    ):
        self._begun, self._seconds, self._check_cancelled = time.perf_counter(), seconds, check_cancelled
        self._model, self._text, self._family, self._fluent = model, text, family, fluent
        self._seen_inside = not isinstance(model, BlackBox)
        self._reader: _Network | _Asked = (
            _Asked(model, family.words)
            if isinstance(model, BlackBox)
            else _Network(model, family.words, len(family.tokens))
        )
        scores = self._reader.exact(family.own[None])
        self._predicted = int(targets.predicted(scores)[0])
        self._original = self._variant(family.own, scores)
        self._covered, self._bounded, self._passed, self._complete = 1, 0, 0, 0
        self._reread, self._difference = 0, 0.0
        self._closest: Variant | None = None
        self._witness: Variant | None = None
        self._size: int | None = None

    def certificate(self) -> Certificate:
        sure = not self._seen_inside or self._difference * _FAR_BELOW < DOUBTFUL
        whole = self._covered == self._family.count and sure
        return Certificate(
            model=self._model.name,
            model_hash=self._model.hash,
            text=self._text,
            family=self._family,
            status=FLIPPED if self._witness else CERTIFIED if whole else UNDECIDED,
            sequences=self._family.count,
            covered=self._covered,
            bounded=self._bounded,
            passed=self._passed,
            complete=self._complete if sure else 0,
            original=self._original,
            witness=self._witness,
            size=self._size,
            closest=self._closest,
            reread=self._reread,
            difference=self._difference if self._seen_inside else None,
            seconds=time.perf_counter() - self._begun,
        )

    def steps(self) -> Iterator[None]:
        proved = self._proved()
        if self._covered == self._family.count:
            yield
            return
        singles: list[tuple[np.ndarray, np.ndarray]] = []
        for part in self._family.parts(proved):
            if part.size > 1 and isinstance(self._family, Substitutions):
                yield from self._dive(part.size, singles)
            read = 0
            for rows in part.blocks:
                if self._witness or self._late():
                    return
                margins = self._read(rows, part.size)
                if part.size == 1:
                    singles.append((rows, margins))
                read += len(rows)
                self._covered += len(rows)
                yield
            if self._witness:
                return
            self._bounded += part.sequences - read
            self._covered += part.sequences - read
            self._complete = part.size
            yield

    def _late(self) -> bool:
        return self._seconds is not None and time.perf_counter() - self._begun >= self._seconds

    def _proved(self) -> dict[int, frozenset[int]]:
        """First substitutions behind which nothing can flip the verdict; all that there is, if the whole is proved."""
        from core.probes.robustness.bounds import bounds

        if isinstance(self._model, BlackBox):
            return {}
        found = bounds(self._model, self._family, self._predicted)
        if found is None:
            return {}
        if found.whole() > DOUBTFUL:
            self._bounded = self._family.count - 1
            self._covered, self._complete = self._family.count, self._family.most
        elif isinstance(self._family, Substitutions) and self._family.count > _WORTH * found.steps:
            return found.behind(DOUBTFUL)
        return {}

    def _dive(self, size: int, singles: Sequence[tuple[np.ndarray, np.ndarray]]) -> Iterator[None]:
        """Read the combinations of single substitutions that together promise the smallest margins."""
        rows, margins = (np.concatenate(column) for column in zip(*singles, strict=True))
        nearest = np.argsort(margins, kind="stable")[:_PROMISING]
        best, gains = rows[nearest], margins[nearest]
        places = (best != self._family.own).argmax(axis=1)
        together = [
            chosen
            for chosen in combinations(range(len(best)), size)
            if len({int(places[one]) for one in chosen}) == size
        ]
        together.sort(key=lambda chosen: float(sum(gains[one] for one in chosen)))
        if together and not self._late():
            tried = np.repeat(self._family.own[None], len(together[:_TRIED]), axis=0)
            for row, chosen in zip(tried, together, strict=False):
                for one in chosen:
                    row[places[one]] = best[one, places[one]]
            self._read(tried[np.lexsort(tried.T[::-1])], size)
            yield

    def _read(self, rows: np.ndarray, size: int) -> np.ndarray:
        """Margins of rows, float64 [C], those of none that does not count at infinity; a flip becomes the witness."""
        self._check_cancelled()
        counted = np.ones(len(rows), dtype=bool) if self._fluent is None else self._fluent(rows)
        self._passed += len(rows) - int(counted.sum())
        found = np.full(len(rows), np.inf)
        if not counted.any():
            return found
        found[counted] = self._margins(self._reader.quick(rows[counted]))
        if self._seen_inside:
            again = np.flatnonzero((np.abs(found) <= DOUBTFUL) | (found <= found.min() + DOUBTFUL))
            scores = self._reader.exact(rows[again])
            exact = self._margins(scores)
            self._reread += len(again)
            self._difference = max(self._difference, float(np.abs(found[again] - exact).max()))
            found[again] = exact
        nearest = int(found.argmin())
        if self._closest is None or found[nearest] < self._closest.margin:
            variant = self._variant(rows[nearest], self._reader.exact(rows[nearest : nearest + 1]))
            self._closest = variant
            if variant.label != self._original.label:
                self._witness, self._size = variant, size
        return found

    def _margins(self, scores: np.ndarray) -> np.ndarray:
        if scores.ndim == 1:
            return scores.astype(np.float64) * (1 if self._predicted else -1)
        others = np.delete(scores, self._predicted, axis=1).max(axis=1)
        margins: np.ndarray = (scores[:, self._predicted] - others).astype(np.float64)
        return margins

    def _variant(self, row: np.ndarray, scores: np.ndarray) -> Variant:
        label = self._model.labels[int(targets.predicted(scores)[0])]
        return Variant(
            tuple(self._family.words[number] for number in row.tolist()), float(self._margins(scores)[0]), label
        )
