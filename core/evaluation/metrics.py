"""How good is a model on labelled sentences, and how sure is that?

Accuracy comes with Wilson's 95 % interval (Wilson 1927); probabilities are judged by log-loss and by the expected
calibration error over 15 equal-width bins of P(positive) (Naeini, Cooper & Hauskrecht 2015; for two classes, after
Guo et al. 2017): Σ_bins (n_bin / n) · |mean probability − share positive|. Two models on the same rows are compared by
the paired difference of their accuracies, whose interval is narrower than the two intervals suggest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.corpus import Corpus, encode
from core.data.slices import LENGTHS
from core.data.targets import two_only
from core.models.predict import logits, sigmoid
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

BINS = 15


@dataclass(frozen=True)
class LengthBand:
    """Accuracy on the sentences of `shortest` to `longest` tokens (None: no upper end)."""

    shortest: int
    longest: int | None
    rows: int
    accuracy: float
    accuracy_interval: tuple[float, float]


@dataclass(frozen=True)
class Evaluation:
    """One model on one labelled file: `skipped` neutral rows, `unknown_rate` the share of unknown tokens."""

    model: str
    data: str
    rows: int
    skipped: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    f1: float
    auc: float | None
    log_loss: float
    calibration_error: float
    confusion: dict[str, int]
    unknown_rate: float
    by_length: tuple[LengthBand, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain lists, numbers and strings."""
        return asdict(self)


def evaluate(checkpoint: Checkpoint, corpus: Corpus) -> Evaluation:
    """A model on a corpus. `auc` is None where only one class occurs.

    Raises ValueError where the corpus has labels of other names than the model's.
    """
    two_only(checkpoint)
    if corpus.labelling.names != checkpoint.labels:
        raise ValueError(
            f"{corpus.name} is read as {' and '.join(corpus.labelling.names)}; model {checkpoint.name!r} tells "
            f"{' from '.join(checkpoint.labels)}"
        )
    sentences = encode(corpus.texts, checkpoint.preprocessing, checkpoint.vocabulary)
    scores = logits(checkpoint.model, sentences)
    return Evaluation(
        model=checkpoint.name,
        data=corpus.name,
        skipped=corpus.skipped,
        unknown_rate=float(np.mean(sentences.ids == Vocabulary.unk_id)) if len(sentences.ids) else 0.0,
        **measures(sigmoid(scores), corpus.labels, sentences.lengths),
    )


def measures(probabilities: np.ndarray, labels: np.ndarray, lengths: np.ndarray) -> dict[str, Any]:
    """The figures of an `Evaluation` that follow from P(positive) [N], labels [N] and token counts [N] alone."""
    from sklearn.metrics import confusion_matrix, f1_score, log_loss, roc_auc_score

    verdicts = (probabilities >= 0.5).astype(np.int8)
    correct = verdicts == labels
    (tn, fp), (fn, tp) = confusion_matrix(labels, verdicts, labels=[0, 1]).tolist()
    bands = []
    for shortest, longest in LENGTHS:
        inside = (lengths >= shortest) & (lengths <= (longest or np.inf))
        if inside.any():
            hits, rows = int(correct[inside].sum()), int(inside.sum())
            bands.append(LengthBand(shortest, longest, rows, hits / rows, wilson_interval(hits, rows)))
    return {
        "rows": len(labels),
        "accuracy": float(correct.mean()),
        "accuracy_interval": wilson_interval(int(correct.sum()), len(correct)),
        "f1": float(f1_score(labels, verdicts, zero_division=0.0)),
        "auc": float(roc_auc_score(labels, probabilities)) if len(set(labels.tolist())) == 2 else None,
        "log_loss": float(log_loss(labels, probabilities, labels=[0, 1])),
        "calibration_error": calibration_error(probabilities, labels),
        "confusion": {"true_negative": tn, "false_positive": fp, "false_negative": fn, "true_positive": tp},
        "by_length": tuple(bands),
    }


def wilson_interval(hits: int, rows: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    from scipy.stats import binomtest

    interval = binomtest(hits, rows).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error of P(positive) [N] against labels 0/1 [N], over `BINS` equal-width bins."""
    index = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    gaps = np.bincount(index, probabilities - labels, minlength=BINS)  # n_bin · (mean probability − share positive)
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
