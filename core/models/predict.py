"""What does a model say of a text, and after each of its tokens?

A verdict is a distribution over the model's classes, and the predicted class is the most probable. It is read from the
last hidden state, so each prefix has one too. A bidirectional model has a verdict on the whole text only. The logit and
the probability are those of a target (`core.data.targets`): the model's own, else the predicted class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from core.data import targets
from core.data.corpus import Encoded, encode_tokens, length_batches, pad
from core.data.labels import SENTIMENT, Names
from core.data.targets import POSITIVE, Target
from core.models.predictor import BlackBox
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model
    from core.models.recurrent import Classifier


_BATCH = 1024  # sentences at a time

sigmoid = targets.probability


class EmptyTextError(ValueError):
    """A text in which preprocessing finds no token."""


@dataclass(frozen=True)
class Verdict(Shown):
    """One model's answer to one text.

    `known` says of each token whether the vocabulary has it; `logit` and `probability` are of the `target` (of two
    classes: the second, unless another is given); `prefix_probabilities` are the same after each token, empty for a
    bidirectional model or a black box. `labels` are the classes' names. Only for more than two classes: the
    `probabilities` [K], the `scores` [K] that they are the softmax of, and `prefix_scores` [T, K].
    """

    model: str
    text: str
    tokens: tuple[str, ...]
    known: tuple[bool, ...]
    logit: float
    probability: float
    prefix_probabilities: tuple[float, ...]
    labels: Names = SENTIMENT
    target: Target = POSITIVE
    probabilities: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    prefix_scores: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        if self.target.labels != self.labels:
            object.__setattr__(self, "target", targets.usual(self.labels, self.predicted))

    @property
    def distribution(self) -> tuple[float, ...]:
        """The probability of each class, in the order of `labels`."""
        return self.probabilities or targets.pair(self.probability, self.target)

    @property
    def prefix_distributions(self) -> np.ndarray:
        """The probability of each class after each token, float64 [T, K]."""
        if self.prefix_scores:
            return targets.probabilities(np.array(self.prefix_scores))
        pairs = [targets.pair(probability, self.target) for probability in self.prefix_probabilities]
        return np.array(pairs).reshape(-1, len(self.labels))

    @property
    def predicted(self) -> int:
        """The number of the predicted class."""
        return self._ranked[0]

    @property
    def label(self) -> str:
        """The name of the predicted class."""
        return self.labels[self.predicted]

    @property
    def runner_up(self) -> str:
        """The name of the second most probable class."""
        return self.labels[self._ranked[1]]

    @property
    def closest(self) -> Target:
        """The target against the one class that it is compared with, or else the most probable other class."""
        if self.target.rival is not None:
            return self.target
        other = next(number for number in self._ranked if number != self.target.number)
        return Target(self.labels, self.target.number, other)

    @property
    def margin(self) -> float:
        """How much more probable the predicted class is than the runner-up."""
        first, second = (self.distribution[number] for number in self._ranked[:2])
        return first - second

    @property
    def _ranked(self) -> list[int]:
        """The classes from the most to the least probable; of equal ones the later first."""
        return sorted(range(len(self.labels)), key=lambda number: (self.distribution[number], number), reverse=True)

    def aimed(self, target: Target) -> Verdict:
        """The same verdict with the numbers of another target; no model is asked."""
        if target == self.target:
            return self
        if not self.scores:  # the other of two
            probabilities = tuple(1 - probability for probability in self.prefix_probabilities)
            logit, probability = -self.logit, 1 - self.probability
        else:
            logit = float(targets.log_odds(np.array(self.scores), target))
            probability = float(targets.chance(np.array(self.probabilities), target))
            prefixes = self.prefix_distributions if self.prefix_scores else np.empty((0, len(self.labels)))
            probabilities = tuple(targets.chance(prefixes, target).tolist())
        return replace(self, target=target, logit=logit, probability=probability, prefix_probabilities=probabilities)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The tokens that the model does not know, in order."""
        return tuple(token for token, known in zip(self.tokens, self.known, strict=True) if not known)


def verdict(checkpoint: Model, text: str) -> Verdict:
    """A model's verdict on a text, prefix by prefix. Raises EmptyTextError for a text without a token."""
    return verdicts(checkpoint, [text])[0]


def verdicts(checkpoint: Model, texts: Sequence[str]) -> list[Verdict]:
    """A model's verdicts on texts, in their order. Raises EmptyTextError where one has no token, naming it."""
    return _verdicts(checkpoint, texts, [tuple(checkpoint.preprocessing(text)) for text in texts])


def verdict_on_tokens(checkpoint: Model, tokens: Sequence[str]) -> Verdict:
    """A model's verdict on tokens, without preprocessing. Raises EmptyTextError without any."""
    return _verdicts(checkpoint, [" ".join(tokens)], [tuple(tokens)])[0]


def with_prefixes(black_box: BlackBox, verdict: Verdict) -> Verdict:
    """A black box's verdict with that on each prefix, asked as a text of its own.

    Prefixes are words joined by spaces, so the last need not have the `probability` of the text as typed.
    """
    prefixes = [verdict.tokens[:length] for length in range(1, len(verdict.tokens) + 1)]
    asked = black_box.of_tokens(prefixes)
    chances = tuple(targets.chance(asked, verdict.target).tolist())
    return replace(verdict, prefix_probabilities=chances, prefix_scores=_rows(targets.logs(asked)))


@overload
def aimed(model: Checkpoint, tokens: Sequence[str]) -> Checkpoint: ...
@overload
def aimed(model: Model, tokens: Sequence[str]) -> Model: ...
def aimed(model: Model, tokens: Sequence[str]) -> Model:
    """The model with a target: its own, or its prediction for these tokens. Raises EmptyTextError without any."""
    if model.target is not None:
        return model
    return model.targeted(verdict_on_tokens(model, tokens).target)


def _verdicts(model: Model, texts: Sequence[str], tokenised: Sequence[tuple[str, ...]]) -> list[Verdict]:
    for number, tokens in enumerate(tokenised, 1):
        if not tokens:
            if len(texts) == 1:
                raise EmptyTextError(_("the text is empty: there is no word to read"))
            why = _("text {number} of {count:,} is empty: there is no word to read")
            raise EmptyTextError(why.format(number=number, count=len(texts)))
    if isinstance(model, BlackBox):
        return _answers(model, texts, tokenised)
    return _read(model, texts, tokenised)


def _answers(black_box: BlackBox, texts: Sequence[str], tokenised: Sequence[tuple[str, ...]]) -> list[Verdict]:
    probabilities = black_box.probabilities(texts)
    labels, own = black_box.labels, black_box.target
    aims = [own or targets.usual(labels, number) for number in targets.predicted_of(probabilities)]
    numbers = {
        aim: (targets.log_odds_of(probabilities, aim).tolist(), targets.chance(probabilities, aim).tolist())
        for aim in set(aims)
    }
    distributions = _rows(probabilities) or ((),) * len(texts)
    scores = _rows(targets.logs(probabilities)) or ((),) * len(texts)
    return [
        Verdict(
            black_box.name,
            text,
            tokens,
            (True,) * len(tokens),
            logit=numbers[aim][0][row],
            probability=numbers[aim][1][row],
            prefix_probabilities=(),
            labels=labels,
            target=aim,
            probabilities=distributions[row],
            scores=scores[row],
        )
        for row, (text, tokens, aim) in enumerate(zip(texts, tokenised, aims, strict=True))
    ]


def _read(checkpoint: Checkpoint, texts: Sequence[str], tokenised: Sequence[tuple[str, ...]]) -> list[Verdict]:
    import torch

    model, labels, own = checkpoint.model.every, checkpoint.labels, checkpoint.target
    prefixwise = not model.bidirectional
    sentences = encode_tokens(tokenised, checkpoint.vocabulary)
    results: list[Verdict | None] = [None] * len(texts)
    with torch.inference_mode():
        for rows in length_batches(sentences.lengths, _BATCH):
            ids, lengths = pad(sentences, rows)
            if prefixwise:
                scores = model.prefix_logits(torch.from_numpy(ids)).numpy()
            else:
                scores = model(torch.from_numpy(ids), torch.from_numpy(lengths))[:, None].numpy()
            for row, length, prefixes in zip(rows.tolist(), lengths.tolist(), scores, strict=True):
                of_prefixes = prefixes[:length] if prefixwise else prefixes
                target = own or targets.usual(labels, targets.predicted(of_prefixes)[-1])
                probabilities = targets.probabilities(of_prefixes)
                chances = targets.chance(probabilities, target).tolist()
                results[row] = Verdict(
                    model=checkpoint.name,
                    text=texts[row],
                    tokens=tokenised[row],
                    known=tuple(token in checkpoint.vocabulary for token in tokenised[row]),
                    logit=float(targets.log_odds(of_prefixes[-1].astype(np.float64), target)),
                    probability=chances[-1],
                    prefix_probabilities=tuple(chances) if prefixwise else (),
                    labels=labels,
                    target=target,
                    **({} if probabilities.ndim == 1 else _of_each_class(probabilities, of_prefixes, prefixwise)),
                )
    return [verdict for verdict in results if verdict is not None]


def _rows(scores: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """Scores [T, K] as tuples; nothing of scores [T]."""
    return tuple(map(tuple, scores.tolist())) if scores.ndim > 1 else ()


def _of_each_class(probabilities: np.ndarray, scores: np.ndarray, prefixwise: bool) -> dict[str, Any]:
    """What a verdict on more than two classes has besides, from probabilities and scores [T, K] of the prefixes."""
    rows = _rows(scores)
    return {
        "probabilities": tuple(probabilities[-1].tolist()),
        "scores": rows[-1],
        "prefix_scores": rows if prefixwise else (),
    }


def logits(
    model: Classifier,
    sentences: Encoded,
    batch_size: int = _BATCH,
    *,
    check_cancelled: Callable[[], object] = lambda: None,
) -> np.ndarray:
    """Logits of encoded sentences, float32 [N], on the model's device; scores [N, K] of a model without a target.

    Calls `check_cancelled` before every batch.
    """
    import torch

    device = next(model.parameters()).device
    classes = () if model.target else (model.linear.out_features,)
    result = np.empty((len(sentences), *classes), dtype=np.float32)
    with torch.inference_mode():
        if not sentences.lengths.all():
            result[:] = model.empty_logits().cpu().numpy()
        for rows in length_batches(sentences.lengths, batch_size):
            check_cancelled()
            ids, lengths = pad(sentences, rows)
            result[rows] = model(torch.from_numpy(ids).to(device), torch.from_numpy(lengths).to(device)).cpu().numpy()
    return result
