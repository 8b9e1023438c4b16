"""How good is a model on labelled sentences, and how sure is that?

Accuracy comes with Wilson's 95 % interval (Wilson 1927), and so do the precision and the recall of each class. Macro-F1
is the mean of the classes' F1, average recall that of their recalls. Probabilities are judged by log-loss and by the
expected calibration error over 15 equal-width bins (Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017):
Σ_bins (n_bin / n) · |mean probability − share right|. Of two classes that is P(second class) beside the share of it, of
more the probability of the predicted class beside the share that is right. Two models on the same rows are compared by
the paired difference of their accuracies, whose interval is narrower than the two intervals suggest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data import targets
from core.data.corpus import Corpus, encode
from core.data.labels import SENTIMENT, Names
from core.data.slices import LENGTHS
from core.data.targets import Target
from core.models.predict import logits
from core.runtime.shown import Shown
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

BINS = 15
Interval = tuple[float, float]


@dataclass(frozen=True)
class LengthBand:
    """Accuracy on the sentences of `shortest` to `longest` tokens (None: no upper end)."""

    shortest: int
    longest: int | None
    rows: int
    accuracy: float
    accuracy_interval: tuple[float, float]


@dataclass(frozen=True)
class ClassFigures:
    """How a model does on one class: of its `rows`, `right` were found; `predicted` were said to be of it.

    A measure is None where it has no row. `auc` and `calibration_error` are of the class against all others.
    """

    label: str
    rows: int
    predicted: int
    right: int
    precision: float | None
    precision_interval: Interval | None
    recall: float | None
    recall_interval: Interval | None
    f1: float | None
    auc: float | None
    calibration_error: float


@dataclass(frozen=True)
class Evaluation(Shown):
    """One model on one labelled file: `skipped` neutral rows, `unknown_rate` the share of unknown tokens.

    `f1`, `auc` and the four counts of `confusion` are of the second of two classes; of more, `f1` and `auc` are None
    and `confusion` has the class names as ``labels`` and ``counts`` [K, K] by gold label and prediction. `macro_f1` is
    over the classes that occur among labels or predictions, `average_recall` over those that have rows.
    """

    model: str
    data: str
    rows: int
    skipped: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    f1: float | None
    auc: float | None
    log_loss: float
    calibration_error: float
    confusion: dict[str, Any]
    unknown_rate: float
    by_length: tuple[LengthBand, ...]
    macro_f1: float
    average_recall: float
    classes: tuple[ClassFigures, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain lists, numbers and strings."""
        return asdict(self)


def evaluate(checkpoint: Checkpoint, corpus: Corpus) -> Evaluation:
    """A model on a corpus. An `auc` is None where a class, or all others, has no row.

    Raises ValueError where the corpus has labels of other names than the model's.
    """
    if corpus.labelling.names != checkpoint.labels:
        raise ValueError(
            f"{corpus.name} is read as {' and '.join(corpus.labelling.names)}; model {checkpoint.name!r} tells "
            f"{' from '.join(checkpoint.labels)}"
        )
    sentences = encode(corpus.texts, checkpoint.preprocessing, checkpoint.vocabulary)
    scores = logits(checkpoint.every.model, sentences)
    return Evaluation(
        model=checkpoint.name,
        data=corpus.name,
        skipped=corpus.skipped,
        unknown_rate=float(np.mean(sentences.ids == Vocabulary.unk_id)) if len(sentences.ids) else 0.0,
        **measures(targets.probabilities(scores), corpus.labels, sentences.lengths, checkpoint.labels),
    )


def measures(
    probabilities: np.ndarray, labels: np.ndarray, lengths: np.ndarray, names: Names = SENTIMENT
) -> dict[str, Any]:
    """The figures of an `Evaluation` that follow from probabilities [N] or [N, K], labels [N], token counts [N] and
    class names alone."""
    from sklearn.metrics import log_loss

    verdicts, second = targets.predicted_of(probabilities), targets.default(names)
    correct = verdicts == labels
    counts = confusion_counts(labels, verdicts, len(names))
    bands = []
    for shortest, longest in LENGTHS:
        inside = (lengths >= shortest) & (lengths <= (longest or np.inf))
        if inside.any():
            hits, rows = int(correct[inside].sum()), int(inside.sum())
            bands.append(LengthBand(shortest, longest, rows, hits / rows, wilson_interval(hits, rows)))

    against_rest = []
    for number in range(len(names)):
        chances, ones = targets.chance(probabilities, Target(names, number)), labels == number
        against_rest.append((_auc(ones, chances), calibration_error(chances, ones)))
    classes = class_figures(counts, names, against_rest)
    overall = {
        "f1": None,
        "auc": None,
        "calibration_error": calibration_error(targets.highest(probabilities), correct),
        "confusion": {"labels": list(names), "counts": counts.tolist()},
    }
    if second is not None:
        own = classes[second.number]
        fields = ("true_negative", "false_positive", "false_negative", "true_positive")
        overall = {
            "f1": own.f1 or 0.0,
            "auc": own.auc,
            "calibration_error": own.calibration_error,
            "confusion": dict(zip(fields, counts.ravel().tolist(), strict=True)),
        }
    return {
        "rows": len(labels),
        "accuracy": float(correct.mean()),
        "accuracy_interval": wilson_interval(int(correct.sum()), len(correct)),
        "log_loss": float(log_loss(labels, probabilities, labels=range(len(names)))),
        "by_length": tuple(bands),
        "macro_f1": macro_f1(classes),
        "average_recall": average_recall(classes),
        "classes": classes,
        **overall,
    }


def confusion_counts(labels: np.ndarray, verdicts: np.ndarray, classes: int) -> np.ndarray:
    """How many rows have each label and verdict, int64 [K, K], of labels [N] and verdicts [N]."""
    return np.bincount(labels.astype(np.int64) * classes + verdicts, minlength=classes**2).reshape(classes, classes)


def class_figures(
    confusion: np.ndarray, names: Names, against_rest: Sequence[tuple[float | None, float]]
) -> tuple[ClassFigures, ...]:
    """The figures of each class, of counts [K, K] by label and verdict, and each class's AUC and calibration error."""
    figures = []
    for number, (name, (auc, error)) in enumerate(zip(names, against_rest, strict=True)):
        right = int(confusion[number, number])
        rows, predicted = int(confusion[number].sum()), int(confusion[:, number].sum())
        f1 = 2 * right / (rows + predicted) if rows + predicted else None
        (precision, of_predicted), (recall, of_rows) = share(right, predicted), share(right, rows)
        figures.append(
            ClassFigures(name, rows, predicted, right, precision, of_predicted, recall, of_rows, f1, auc, error)
        )
    return tuple(figures)


def macro_f1(classes: Sequence[ClassFigures]) -> float:
    """The mean F1 of the classes that occur among labels or predictions."""
    return float(np.mean([one.f1 for one in classes if one.f1 is not None]))


def average_recall(classes: Sequence[ClassFigures]) -> float:
    """The mean recall of the classes that have rows, also called balanced accuracy."""
    return float(np.mean([one.recall for one in classes if one.recall is not None]))


def _auc(ones: np.ndarray, chances: np.ndarray) -> float | None:
    """The area under the ROC curve of probabilities [N] of a class against truth values [N]."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(ones, chances)) if ones.any() and not ones.all() else None


def share(hits: int, rows: int) -> tuple[float, Interval] | tuple[None, None]:
    """A share and Wilson's 95 % interval of it; None without a row."""
    return (hits / rows, wilson_interval(hits, rows)) if rows else (None, None)


def wilson_interval(hits: int, rows: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    from scipy.stats import binomtest

    interval = binomtest(hits, rows).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error of probabilities [N] against labels 0/1 [N], over `BINS` equal-width bins."""
    index = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    gaps = np.bincount(index, probabilities - labels, minlength=BINS)  # n_bin · (mean probability − share right)
    return float(np.abs(gaps).sum() / len(labels))


def paired_interval(
    correct_a: Sequence[bool] | np.ndarray, correct_b: Sequence[bool] | np.ndarray
) -> tuple[float, float, float]:
    """Accuracy of a minus accuracy of b on the same rows, with its 95 % interval: (difference, low, high).

    The interval is the normal one of the mean of paired differences. It covers the draw of the rows, not that of the
    training seed.
    """
    a, b = np.asarray(correct_a, dtype=float), np.asarray(correct_b, dtype=float)
    if a.ndim != 1 or a.shape != b.shape or len(a) < 2:
        raise ValueError(f"a paired interval needs the same rows, at least 2, of each; given {a.shape} and {b.shape}")
    differences = a - b
    mean = float(differences.mean())
    half = 1.959964 * float(differences.std(ddof=1)) / len(differences) ** 0.5
    return mean, mean - half, mean + half
