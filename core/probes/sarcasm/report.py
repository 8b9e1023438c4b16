"""How often does sarcasm fool a model?

What can be measured depends on the corpus:

- With human sentiment a text is *misread* when the verdict is the opposite. Sarcastic and plain texts are compared by
  accuracy, and by the share of texts meant negatively that read as positive. A verdict of a third class is not right,
  but no misreading.
- With honest rewordings, a text's change is P(positive) of the text minus the mean P(positive) of its rewordings. A
  text is *fooling* when it reads as positive though its honest wording (by that mean) reads as negative to the same
  model, whose verdict on the honest words stands for the sentiment. Any other wording moves P a little, so the opposite
  case is counted too: honest wording positive, text negative.
- With a label only, the report says how much more often sarcastic than plain texts read as positive. This is no error
  rate: the two kinds differ in topic and tone as well.

Shares have Wilson's intervals, the rest those of `core.evaluation.intervals`, a text counting once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data import targets
from core.data.corpus import encode
from core.data.labels import SENTIMENT, Names
from core.evaluation.intervals import Mean, Share, bootstrap_mean, difference, share
from core.models.predict import logits
from core.probes.sarcasm.corpora import LabelledText, SarcasmCorpus

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint


@dataclass(frozen=True)
class ReadPositive:
    """Shares of texts that read as positive, among sarcastic and plain ones (None without any), and the difference."""

    sarcastic: Share
    plain: Share | None
    difference: Mean | None


@dataclass(frozen=True)
class Reworded:
    """Sarcastic texts against their honest rewordings; see the module for what is called what.

    `change` is the mean of P(text) − mean P(rewordings); `lower` the texts whose honest wording has the lower P;
    `fooling` is of those whose honest wording reads as negative, `opposite` of those whose honest wording reads as
    positive and which read as negative themselves. `positive` and `honest_positive` are all texts that read as positive
    as they stand, and in honest words; `shift` is the difference of the two.
    """

    texts: int
    rewordings: int
    change: Mean
    lower: Share
    fooling: Share
    opposite: Share
    positive: Share
    honest_positive: Share
    shift: Mean


@dataclass(frozen=True)
class Meant:
    """Texts of known sentiment, sarcastic against plain: accuracy; texts meant negatively that read as positive; texts
    meant positively that read as negative; and each difference."""

    accuracy: tuple[Share, Share]
    accuracy_difference: Mean | None
    negative_read_positive: tuple[Share, Share]
    negative_difference: Mean | None
    positive_read_negative: tuple[Share, Share]
    positive_difference: Mean | None


@dataclass(frozen=True)
class SarcasmReport:
    """One model on one corpus; counts are those of `core.probes.sarcasm.corpora.SarcasmCorpus`."""

    model: str
    data: str
    about: str
    rows: int
    sarcastic: int
    plain: int
    repeated: int
    blank: int
    contradictory: int
    give_aways: int
    identical: int
    read_positive: ReadPositive
    reworded: Reworded | None
    meant: Meant | None


def report(
    checkpoint: Checkpoint, corpus: SarcasmCorpus, check_cancelled: Callable[[], object] = lambda: None
) -> SarcasmReport:
    """What a corpus of sarcasm shows about a model; `check_cancelled` is called many times a second."""
    labels = checkpoint.labels
    wordings = [[text.text, *text.rewordings] for text in corpus.texts]
    texts = [text for wording in wordings for text in wording]
    sentences = encode(texts, checkpoint.preprocessing, checkpoint.vocabulary)
    scores = logits(checkpoint.model.every, sentences, check_cancelled=check_cancelled)
    probabilities = targets.probabilities(scores)
    ends = np.cumsum([len(wording) for wording in wordings])
    by_text = [probabilities[end - len(wording) : end] for wording, end in zip(wordings, ends, strict=True)]
    own = np.array([p[0] for p in by_text])
    sarcastic = np.array([text.sarcastic for text in corpus.texts])
    return SarcasmReport(
        model=checkpoint.name,
        data=corpus.name,
        about=corpus.about,
        rows=corpus.rows,
        sarcastic=int(sarcastic.sum()),
        plain=int((~sarcastic).sum()),
        repeated=corpus.repeated,
        blank=corpus.blank,
        contradictory=corpus.contradictory,
        give_aways=corpus.give_aways,
        identical=corpus.identical,
        read_positive=read_positive(own, sarcastic, labels),
        reworded=reworded([p for p, text in zip(by_text, corpus.texts, strict=True) if text.sarcastic], labels),
        meant=meant(own, sarcastic, corpus.texts, labels),
    )


def _read_as(name: str, probabilities: np.ndarray, labels: Names) -> np.ndarray:
    """Which texts are read as a class, bool [N]."""
    read: np.ndarray = targets.predicted_of(probabilities) == labels.index(name)
    return read


def read_positive(probabilities: np.ndarray, sarcastic: np.ndarray, labels: Names = SENTIMENT) -> ReadPositive:
    """How many of the texts read as positive: P(positive) [N], or probabilities [N, K] of these classes, and which
    texts are sarcastic, bool [N]."""
    positive = _read_as("positive", probabilities, labels)
    of_sarcastic, of_plain = share(positive[sarcastic]), share(positive[~sarcastic])
    return ReadPositive(of_sarcastic, of_plain if of_plain.rows else None, difference(of_sarcastic, of_plain))


def reworded(wordings: Sequence[np.ndarray], labels: Names = SENTIMENT) -> Reworded | None:
    """What rewording changes: of each sarcastic text P(positive) [1 + its rewordings], the text's own first, or
    probabilities [1 + its rewordings, K].

    Texts without a rewording say nothing; None where no text has one.
    """
    wordings = [p for p in wordings if len(p) > 1]
    if not wordings:
        return None
    own = np.array([p[0] for p in wordings])
    honest = np.array([p[1:].mean(axis=0) for p in wordings])
    positive, honest_positive = (_read_as("positive", p, labels) for p in (own, honest))
    negative, honest_negative = (_read_as("negative", p, labels) for p in (own, honest))
    own, honest = (targets.chance(p, targets.named(labels, "positive")) for p in (own, honest))
    return Reworded(
        texts=len(wordings),
        rewordings=sum(len(p) - 1 for p in wordings),
        change=bootstrap_mean(own - honest),
        lower=share(honest < own),
        fooling=share(positive[honest_negative]),
        opposite=share(negative[honest_positive]),
        positive=share(positive),
        honest_positive=share(honest_positive),
        shift=bootstrap_mean(positive.astype(float) - honest_positive),
    )


def meant(
    probabilities: np.ndarray, sarcastic: np.ndarray, texts: Sequence[LabelledText], labels: Names = SENTIMENT
) -> Meant | None:
    """How often the verdict is what people mean; None where nobody says so of any text."""
    sentiment = np.array([-1 if text.sentiment is None else text.sentiment for text in texts])
    if (sentiment < 0).all():
        return None
    positive, negative = (_read_as(name, probabilities, labels) for name in ("positive", "negative"))

    def both(hits: np.ndarray, of: np.ndarray) -> tuple[Share, Share]:
        return share(hits[of & sarcastic]), share(hits[of & ~sarcastic])

    accuracy = both(np.where(sentiment == 1, positive, negative), sentiment >= 0)
    one = both(positive, sentiment == 0)
    other = both(negative, sentiment == 1)
    return Meant(accuracy, difference(*accuracy), one, difference(*one), other, difference(*other))


def reports(
    corpora: Sequence[SarcasmCorpus],
    checkpoints: Sequence[Checkpoint],
    check_cancelled: Callable[[], object] = lambda: None,
) -> Iterator[SarcasmReport]:
    """A report for every corpus and model, as each is ready; may be closed at any time."""
    for corpus in corpora:
        for checkpoint in checkpoints:
            yield report(checkpoint, corpus, check_cancelled)
