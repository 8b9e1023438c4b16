"""A model's scores on a labelled file as counts in bins: enough for the figures, without a text.

The probability of a class is counted in 300 equal bins, apart for rows of the class and of the others, so that a
threshold at any hundredth, and 0.5 among them, falls on an edge and its counts are exact; so are the 15 groups of the
reliability plot, being 20 bins each, as each bin keeps the sum of its probabilities. Of two classes the second is
counted, which says all of the first; of more each class against the rest, and the predicted class against being right.
Confusion, Brier score and log-loss are summed row by row. The areas under the curves are read off the bins and are
therefore near, not exact (within a bin, rows count as tied). So is the temperature: of two classes it is fitted with
the mean logit of each class in each bin in place of every row's, of more to the exact log-loss at `TEMPERATURES`.

Intervals of shares are Wilson's. Two models on the same rows: McNemar's test in its exact, binomial form (McNemar 1947)
and, for the difference of the accuracies, the interval of Newcombe 1998 ("Improved confidence intervals for the
difference between binomial proportions based on paired data", method 10), which holds in small files where the normal
one does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from core.data import targets
from core.data.labels import Names
from core.data.slices import SLICES
from core.data.targets import Target
from core.evaluation.metrics import (
    ClassFigures,
    Interval,
    average_recall,
    class_figures,
    confusion_counts,
    macro_f1,
    share,
    wilson_interval,
)

BINS, GROUPS = 300, 15
EDGES = np.arange(BINS + 1) / BINS
TEMPERATURES = 2.0 ** (np.arange(-16, 17) / 8)  # from 1/4 to 4


class Group(NamedTuple):
    """Rows of like probability: how many, their mean probability, the share that is of the class and its interval."""

    rows: int
    probability: float
    share: float
    interval: Interval


class Cell(NamedTuple):
    """One slice: rows, rows right, accuracy and its interval (None without rows), the share that is of the target class
    (None without a target)."""

    family: str
    name: str
    rows: int
    right: int
    accuracy: float | None
    interval: Interval | None
    share: float | None


class AtThreshold(NamedTuple):
    """What a model does where a class is said from this probability of it on. A measure is None where it has no row."""

    threshold: float
    true_negative: int
    false_positive: int
    false_negative: int
    true_positive: int
    accuracy: float
    accuracy_interval: Interval
    precision: float | None
    precision_interval: Interval | None
    recall: float | None
    recall_interval: Interval | None
    false_positive_rate: float | None
    f1: float | None


class Curves(NamedTuple):
    """Figures at every edge of the bins as a threshold, from 0 up: [BINS + 1]. Precision is NaN where nothing is said
    to be of the class."""

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    false_positive_rate: np.ndarray


@dataclass(frozen=True, eq=False)
class Binned:
    """The probabilities of one class on a labelled file, in counts; or of the predicted class, "of it" being right.

    `counts` int64 [2, BINS]: rows that are not of the class and that are, by bin. `probabilities` float64 [BINS] are
    sums over the rows of each bin, `squares` is the sum of (P − 1)² over rows of the class and P² over others.
    """

    counts: np.ndarray
    probabilities: np.ndarray
    squares: float

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.counts.sum())

    @property
    def brier(self) -> float:
        """The mean of (P − class)² (Brier 1950)."""
        return self.squares / self.rows

    def at(self, threshold: float) -> AtThreshold:
        """What the model does at a threshold that is an edge of the bins. Raises ValueError for another."""
        edge = check_threshold(threshold)
        (tn, fn), (fp, tp) = self.counts[:, :edge].sum(axis=1).tolist(), self.counts[:, edge:].sum(axis=1).tolist()
        rows = self.rows
        precision, precision_interval = share(tp, tp + fp)
        recall, recall_interval = share(tp, tp + fn)
        return AtThreshold(
            threshold=threshold,
            true_negative=tn,
            false_positive=fp,
            false_negative=fn,
            true_positive=tp,
            accuracy=(tn + tp) / rows,
            accuracy_interval=wilson_interval(tn + tp, rows),
            precision=precision,
            precision_interval=precision_interval,
            recall=recall,
            recall_interval=recall_interval,
            false_positive_rate=share(fp, fp + tn)[0],
            f1=2 * tp / (2 * tp + fp + fn) if tp + fp + fn else None,
        )

    def groups(self) -> list[Group]:
        """The reliability plot: the rows in `GROUPS` equal ranges of probability, empty ones left out."""
        ones, rows = (_grouped(found) for found in (self.counts[1], self.counts.sum(axis=0)))
        means = _grouped(self.probabilities)
        return [
            Group(count, float(total / count), one / count, wilson_interval(one, count))
            for one, count, total in zip(ones.tolist(), rows.tolist(), means.tolist(), strict=True)
            if count
        ]

    @property
    def calibration_error(self) -> float:
        """Expected calibration error over `GROUPS` equal ranges, as in `core.evaluation.metrics`."""
        return sum(group.rows * abs(group.probability - group.share) for group in self.groups()) / self.rows

    def curves(self) -> Curves:
        """Precision, recall and false positive rate over all thresholds."""
        # Rows of each class at or above each edge; above the last there is none.
        above = np.concatenate([self.counts[:, ::-1].cumsum(axis=1)[:, ::-1], np.zeros((2, 1), dtype=np.int64)], axis=1)
        false, true = above.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            return Curves(EDGES, true / (true + false), true / true[0], false / false[0])

    @property
    def auc(self) -> float | None:
        """The area under the ROC curve; None where one class is missing."""
        if not self.counts.sum(axis=1).all():
            return None
        curves = self.curves()
        return float(-np.trapezoid(curves.recall, curves.false_positive_rate))

    @property
    def auc_within(self) -> float | None:
        """How far the area under the ROC curve can be from `auc`: half the pairs of a row of each class in one bin."""
        negative, positive = self.counts.sum(axis=1).tolist()
        if not negative or not positive:
            return None
        return float((self.counts[0] * self.counts[1]).sum() / (2 * negative * positive))

    @property
    def average_precision(self) -> float | None:
        """Σ (recall step) · precision, the area under the precision–recall curve; None without a row of the class."""
        if not self.counts[1].sum():
            return None
        curves = self.curves()
        return float(np.sum(-np.diff(curves.recall) * np.nan_to_num(curves.precision[:-1])))


@dataclass(frozen=True, eq=False)
class Tally(Binned):
    """A model's scores on one labelled file, in counts: those of its `target`, and what all classes share.

    `hash` is the model's, `labels` name its classes. `losses` is the sum of the log-losses in nats. `tokens` were read,
    `unknown` of them not known. `confusion` int64 [K, K]: rows by label and predicted class. `slices` int64 [S, K, 2]:
    rows of each of `SLICES` by class, wrong and right. Without a target, the bins are of the predicted class. Two
    classes have `logits` float64 [2, BINS], the sums of the second's logits; more have the bins of every class and of
    the predicted one as `classes`, and `cooled` float64, the log-losses at each of `TEMPERATURES`.
    """

    model: str
    hash: str
    labels: Names
    losses: float
    tokens: int
    unknown: int
    confusion: np.ndarray
    slices: np.ndarray
    logits: np.ndarray | None = None
    cooled: np.ndarray | None = None
    classes: tuple[Binned, ...] = ()
    target: Target | None = None

    def __post_init__(self) -> None:
        if self.target is None:
            object.__setattr__(self, "target", targets.default(self.labels))

    def targeted(self, target: Target | None) -> Tally:
        """The same with the bins of another class against all others; without a target, of the second of two, or of the
        predicted class.

        The first of two has the second's bins turned round, so that a probability on an edge counts as below it, and a
        verdict at 0.5 stays. Raises ValueError for one class against one other, which is not counted.
        """
        if target is not None and target.against is not None:
            raise ValueError("only one class against all others is counted")
        aim = target or targets.default(self.labels)
        if aim == self.target:
            return self
        if self.classes:
            return replace(self, target=aim, **vars(self.classes[-1 if aim is None else aim.number]))
        return replace(  # the other of two
            self,
            target=aim,
            counts=self.counts[::-1, ::-1],
            probabilities=(self.counts.sum(axis=0) - self.probabilities)[::-1],
            logits=None if self.logits is None else -self.logits[::-1, ::-1],
        )

    @property
    def right(self) -> int:
        """How many rows are predicted rightly."""
        return int(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """The share of rows that are predicted rightly."""
        return self.right / self.rows

    @property
    def accuracy_interval(self) -> Interval:
        """Wilson's 95 % interval of the accuracy."""
        return wilson_interval(self.right, self.rows)

    @property
    def confidence(self) -> float:
        """The mean probability of the predicted class; of two classes, max(P, 1 − P)."""
        if self.classes:
            return float(self.classes[-1].probabilities.sum()) / self.rows
        below, above = self.probabilities[: BINS // 2].sum(), self.probabilities[BINS // 2 :].sum()
        return float(self.counts[:, : BINS // 2].sum() - below + above) / self.rows

    @property
    def frequent_error(self) -> tuple[int, int]:
        """The label and the prediction of the most frequent error, by number; the first class twice without any."""
        errors = self.confusion - np.diag(self.confusion.diagonal())
        label, predicted = divmod(int(errors.argmax()), len(self.labels))
        return label, predicted

    @property
    def by_class(self) -> tuple[ClassFigures, ...]:
        """Precision, recall and more of each class."""
        each = [self.targeted(Target(self.labels, number)) for number in range(len(self.labels))]
        return class_figures(self.confusion, self.labels, [(one.auc, one.calibration_error) for one in each])

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the classes that occur among labels or predictions."""
        return macro_f1(self.by_class)

    @property
    def average_recall(self) -> float:
        """The mean recall of the classes that have rows."""
        return average_recall(self.by_class)

    @property
    def log_loss(self) -> float:
        """The mean log-loss in nats."""
        return self.losses / self.rows

    @property
    def temperature(self) -> float | None:
        """The T at which softmax(scores / T) has the least log-loss (Guo et al. 2017): above 1 the model is too sure of
        itself, below 1 not sure enough. None where no T is best: every row is right, a class of two is missing, or the
        loss still falls at the bounds of what is searched, e⁻⁴ and e⁴, of more than two classes 1/4 and 4."""
        if self.cooled is not None:
            return _best_temperature(self.cooled)
        assert self.logits is not None
        from scipy.optimize import minimize_scalar

        filled = self.counts > 0
        weights = self.counts[filled].astype(np.float64)
        signed = (self.logits * np.array([[-1.0], [1.0]]))[filled] / weights  # above 0 where right
        if not self.counts.sum(axis=1).all() or (signed >= 0).all() or (signed <= 0).all():
            return None

        def loss(log_temperature: float) -> float:
            return float(weights @ np.logaddexp(0, -signed * np.exp(-log_temperature)))

        best = float(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x)
        return float(np.exp(best)) if abs(best) < 3.99 else None

    def cells(self) -> list[Cell]:
        """Accuracy by slice, in the order of `SLICES`."""
        cells = []
        for (family, name), counts in zip(SLICES, self.slices, strict=True):
            rows, right = int(counts.sum()), int(counts[:, 1].sum())
            accuracy, interval = share(right, rows)
            of_target = None if self.target is None else share(int(counts[self.target.number].sum()), rows)[0]
            cells.append(Cell(family, name, rows, right, accuracy, interval, of_target))
        return cells


def _best_temperature(losses: np.ndarray) -> float | None:
    """Where a parabola through the three lowest of the log-losses at `TEMPERATURES` is least; None at either end."""
    best = int(losses.argmin())
    if not 0 < best < len(TEMPERATURES) - 1:
        return None
    before, here, after = losses[best - 1 : best + 2].tolist()
    bend = before - 2 * here + after
    shift = (before - after) / (2 * bend) if bend > 0 else 0.0
    return float(TEMPERATURES[best] * (TEMPERATURES[1] / TEMPERATURES[0]) ** shift)


@dataclass(frozen=True)
class Pair:
    """Two models on the same rows: how many both got right, only a, only b, neither."""

    a: str
    b: str
    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def difference(self) -> float:
        """Accuracy of a minus accuracy of b."""
        return (self.only_a - self.only_b) / self.rows

    @property
    def interval(self) -> Interval:
        """Newcombe's 95 % interval of the difference. It covers the draw of the rows, not that of the training seed."""
        rows = self.rows
        right_a, right_b = self.both + self.only_a, self.both + self.only_b
        (low_a, high_a), (low_b, high_b) = wilson_interval(right_a, rows), wilson_interval(right_b, rows)
        a, b = right_a / rows, right_b / rows
        scale = float(right_a * (rows - right_a) * right_b * (rows - right_b)) ** 0.5
        excess = float(self.both * self.neither - self.only_a * self.only_b)
        if excess > 0:  # corrected for continuity
            excess = max(excess - rows / 2, 0)
        phi = excess / scale if scale else 0.0
        below = (a - low_a) ** 2 - 2 * phi * (a - low_a) * (high_b - b) + (high_b - b) ** 2
        above = (high_a - a) ** 2 - 2 * phi * (high_a - a) * (b - low_b) + (b - low_b) ** 2
        return self.difference - max(below, 0.0) ** 0.5, self.difference + max(above, 0.0) ** 0.5

    @property
    def p_value(self) -> float:
        """McNemar's exact, two-sided: of the rows on which one is right and the other wrong, each is as often."""
        from scipy.stats import binomtest

        apart = self.only_a + self.only_b
        return float(binomtest(self.only_a, apart, 0.5).pvalue) if apart else 1.0

    def turned(self) -> Pair:
        """The same with a and b in each other's place."""
        return Pair(self.b, self.a, self.both, self.only_b, self.only_a, self.neither)


@dataclass(frozen=True)
class Tallies:
    """Some models on the same rows of one file, and every two of them beside each other."""

    tallies: tuple[Tally, ...]
    pairs: tuple[Pair, ...]

    def targeted(self, name: str | None) -> Tallies:
        """The same with the class of this name as the target; None for the second of two, of more the predicted one.

        Raises LookupError where a model has no such class.
        """
        aims = [None if name is None else targets.named(one.labels, name) for one in self.tallies]
        return replace(self, tallies=tuple(one.targeted(aim) for one, aim in zip(self.tallies, aims, strict=True)))

    def of(self, model: str) -> Tally:
        """A model's tally. Raises LookupError for a model that has none."""
        for tally in self.tallies:
            if tally.model == model:
                return tally
        raise LookupError(f"no tally of {model!r}; there are: {', '.join(one.model for one in self.tallies)}")

    def pair(self, a: str, b: str) -> Pair:
        """Two models beside each other. Raises LookupError where they were not compared."""
        for pair in self.pairs:
            if (pair.a, pair.b) == (a, b):
                return pair
            if (pair.a, pair.b) == (b, a):
                return pair.turned()
        raise LookupError(f"{a!r} and {b!r} were not compared")

    def current(self, hashes: Mapping[str, str]) -> Tallies:
        """Those of models that are still what they were; `hashes` are today's, by name."""
        kept = [tally for tally in self.tallies if hashes.get(tally.model) == tally.hash]
        names = {tally.model for tally in kept}
        return Tallies(tuple(kept), tuple(pair for pair in self.pairs if {pair.a, pair.b} <= names))


class Counter:
    """Counts rows as they come; `add` takes some, `tally` is what they make so far."""

    def __init__(self, model: str, model_hash: str, labels: Names):
        self._model, self._hash, self._labels = model, model_hash, labels
        self._second = targets.default(labels)
        self._bins = [_Bins() for _target in targets.independent(labels)]
        self._predicted = _Bins()
        self._logits, self._cooled = np.zeros((2, BINS)), np.zeros(len(TEMPERATURES))
        self._losses = 0.0
        self._tokens = self._unknown = 0
        self._confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
        self._slices = np.zeros((len(SLICES), len(labels), 2), dtype=np.int64)

    def add(
        self, scores: np.ndarray, labels: np.ndarray, slices: np.ndarray, lengths: np.ndarray, unknown: np.ndarray
    ) -> None:
        """Count rows: scores [N] or [N, K], classes [N], their slices [N, families], tokens and unknown tokens [N]."""
        z, y = scores.astype(np.float64), labels.astype(np.int64)
        p = targets.probabilities(z)
        said = targets.predicted_of(p)
        right = (said == y).astype(np.int64)
        cells = [
            bins.add(targets.chance(p, target), (y == target.number).astype(np.int64))
            for bins, target in zip(self._bins, targets.independent(self._labels), strict=True)
        ]
        if self._second is not None:
            self._logits += np.bincount(cells[0], z, minlength=2 * BINS).reshape(2, BINS)
        else:
            self._predicted.add(targets.highest(p), right)
            self._cooled += _cooled(z, y)
        self._losses += float(targets.losses(z, y).sum())
        self._tokens += int(lengths.sum())
        self._unknown += int(unknown.sum())
        self._confusion += confusion_counts(y, said, len(self._labels))
        np.add.at(self._slices, (slices, y[:, None], right[:, None]), 1)

    def tally(self) -> Tally:
        """What was counted."""
        every = tuple(bins.binned() for bins in self._bins)
        common: dict[str, Any] = {
            "model": self._model,
            "hash": self._hash,
            "labels": self._labels,
            "losses": self._losses,
            "tokens": self._tokens,
            "unknown": self._unknown,
            "confusion": self._confusion.copy(),
            "slices": self._slices.copy(),
        }
        if self._second is not None:
            return Tally(**vars(every[0]), **common, logits=self._logits.copy())
        predicted = self._predicted.binned()
        return Tally(**vars(predicted), **common, cooled=self._cooled.copy(), classes=(*every, predicted))


def _cooled(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The summed log-losses at each of `TEMPERATURES`, of scores [N, K] and classes [N]."""
    below = np.ascontiguousarray((z - z.max(axis=-1, keepdims=True)).T)  # [K, N], where sums over classes are fast
    gold = float(np.take_along_axis(below, y[None], axis=0).sum())
    return np.array([np.log(np.exp(below / t).sum(axis=0)).sum() - gold / t for t in TEMPERATURES.tolist()])


class _Bins:
    """Counts what a `Binned` has."""

    def __init__(self) -> None:
        self._counts = np.zeros((2, BINS), dtype=np.int64)
        self._probabilities = np.zeros(BINS)
        self._squares = 0.0

    def add(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Count probabilities [N] of rows that are of the class, 1, or not, 0; returns each row's cell of `counts`."""
        index = np.minimum(np.searchsorted(EDGES, p, side="right") - 1, BINS - 1)
        cells: np.ndarray = y * BINS + index
        self._counts += np.bincount(cells, minlength=2 * BINS).reshape(2, BINS)
        self._probabilities += np.bincount(index, p, minlength=BINS)
        self._squares += float(((p - y) ** 2).sum())
        return cells

    def binned(self) -> Binned:
        """What was counted."""
        return Binned(self._counts.copy(), self._probabilities.copy(), self._squares)


def check_threshold(threshold: float) -> int:
    """The edge of the bins that a threshold is, counted from 0. Raises ValueError where it is none."""
    edge = round(threshold * BINS) if 0 <= threshold <= 1 else 0
    if not abs(EDGES[edge] - threshold) < 1e-9:
        raise ValueError(
            f"a threshold is a multiple of 1/{BINS} from 0 to 1, any hundredth for one; given: {threshold}"
        )
    return int(edge)


def _grouped(bins: np.ndarray) -> np.ndarray:
    groups: np.ndarray = bins.reshape(GROUPS, -1).sum(axis=1)
    return groups
