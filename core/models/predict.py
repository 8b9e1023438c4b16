"""What does a model say of a text, and after each of its tokens?

A verdict is the second of the model's two classes (positive) if P(second class) is 0.5 or more. It is read from the
last hidden state, so each prefix has one too. A bidirectional model has a verdict on the whole text only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.data.corpus import Encoded, encode_tokens, length_batches, pad
from core.data.labels import SENTIMENT, Names, name_of
from core.models.predictor import BlackBox, log_odds
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model
    from core.models.recurrent import Classifier


_BATCH = 1024  # sentences at a time


class EmptyTextError(ValueError):
    """A text in which preprocessing finds no token."""


@dataclass(frozen=True)
class Verdict:
    """One model's answer to one text.

    `known` says of each token whether the vocabulary has it; `prefix_probabilities` are P(second class) after each
    token, empty for a bidirectional model or a black box. `labels` are the classes' names.
    """

    model: str
    text: str
    tokens: tuple[str, ...]
    known: tuple[bool, ...]
    logit: float
    probability: float
    prefix_probabilities: tuple[float, ...]
    labels: Names = SENTIMENT

    @property
    def label(self) -> str:
        """The class's name."""
        return label(self.probability, self.labels)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The tokens that the model does not know, in order."""
        return tuple(token for token, known in zip(self.tokens, self.known, strict=True) if not known)


def label(probability: float, labels: Names = SENTIMENT) -> str:
    """The class of a P(second class)."""
    return name_of(probability, labels)


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
    """A black box's verdict with P(positive) of each prefix, asked as a text of its own.

    Prefixes are words joined by spaces, so the last need not have the `probability` of the text as typed.
    """
    prefixes = [verdict.tokens[:length] for length in range(1, len(verdict.tokens) + 1)]
    return replace(verdict, prefix_probabilities=tuple(black_box.of_tokens(prefixes).tolist()))


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
    return [
        Verdict(black_box.name, text, tokens, (True,) * len(tokens), logit, probability, (), labels=black_box.labels)
        for text, tokens, logit, probability in zip(
            texts, tokenised, log_odds(probabilities).tolist(), probabilities.tolist(), strict=True
        )
    ]


def _read(checkpoint: Checkpoint, texts: Sequence[str], tokenised: Sequence[tuple[str, ...]]) -> list[Verdict]:
    import torch

    model = checkpoint.model
    prefixwise = not model.bidirectional
    sentences = encode_tokens(tokenised, checkpoint.vocabulary)
    results: list[Verdict | None] = [None] * len(texts)
    with torch.inference_mode():
        for rows in length_batches(sentences.lengths, _BATCH):
            ids, lengths = pad(sentences, rows)
            if prefixwise:
                logits = model.prefix_logits(torch.from_numpy(ids)).numpy()
            else:
                logits = model(torch.from_numpy(ids), torch.from_numpy(lengths))[:, None].numpy()
            for row, length, prefixes in zip(rows.tolist(), lengths.tolist(), logits, strict=True):
                of_prefixes = prefixes[:length] if prefixwise else prefixes
                probabilities = sigmoid(of_prefixes)
                results[row] = Verdict(
                    model=checkpoint.name,
                    text=texts[row],
                    tokens=tokenised[row],
                    known=tuple(token in checkpoint.vocabulary for token in tokenised[row]),
                    logit=float(of_prefixes[-1]),
                    probability=float(probabilities[-1]),
                    prefix_probabilities=tuple(probabilities.tolist()) if prefixwise else (),
                    labels=checkpoint.labels,
                )
    return [verdict for verdict in results if verdict is not None]


def logits(
    model: Classifier,
    sentences: Encoded,
    batch_size: int = _BATCH,
    *,
    check_cancelled: Callable[[], object] = lambda: None,
) -> np.ndarray:
    """Logits of encoded sentences, float32 [N], on the model's device; calls `check_cancelled` before every batch."""
    import torch

    device = next(model.parameters()).device
    result = np.empty(len(sentences), dtype=np.float32)
    with torch.inference_mode():
        if not sentences.lengths.all():
            result[:] = model.empty_logit()
        for rows in length_batches(sentences.lengths, batch_size):
            check_cancelled()
            ids, lengths = pad(sentences, rows)
            result[rows] = model(torch.from_numpy(ids).to(device), torch.from_numpy(lengths).to(device)).cpu().numpy()
    return result


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """The logistic function in float64, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64)))
