"""What does a model say of a text, and after each of its tokens?

A verdict is the second of the model's two classes (positive) where P(second class) is 0.5 or more. It is read from the
last hidden state, so reading it after every token is meaningful: each prefix is a sentence of its own to the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.corpus import Encoded, encode_tokens, length_batches, pad
from core.labels import SENTIMENT, Names, name_of

if TYPE_CHECKING:
    from core.checkpoints import Checkpoint
    from core.models import Classifier


_BATCH = 1024  # sentences at a time


class EmptyTextError(ValueError):
    """A text in which preprocessing finds no token."""


@dataclass(frozen=True)
class Verdict:
    """One model's answer to one text.

    `known` says of each token whether the model's vocabulary has it; `prefix_probabilities` are P(second class) after
    each token, the last being `probability`; `logit` is before the logistic function; `labels` are the classes' names.
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
    """The name of the class that a P(second class) stands for."""
    return name_of(probability, labels)


def verdict(checkpoint: Checkpoint, text: str) -> Verdict:
    """A model's verdict on a text, prefix by prefix. Raises EmptyTextError for a text without a token."""
    return verdicts(checkpoint, [text])[0]


def verdicts(checkpoint: Checkpoint, texts: Sequence[str]) -> list[Verdict]:
    """A model's verdicts on texts, in their order. Raises EmptyTextError where one has no token, naming it."""
    tokenised = [tuple(checkpoint.preprocessing(text)) for text in texts]
    for number, tokens in enumerate(tokenised, 1):
        if not tokens:
            which = "the text" if len(texts) == 1 else f"text {number} of {len(texts):,}"
            raise EmptyTextError(f"{which} is empty: there is no word to read")
    return _read(checkpoint, texts, tokenised)


def verdict_on_tokens(checkpoint: Checkpoint, tokens: Sequence[str]) -> Verdict:
    """A model's verdict on tokens as they stand: those of its preprocessing in another order, for one.

    Preprocessing their text again need not give them back. Raises EmptyTextError where there is none.
    """
    if not tokens:
        raise EmptyTextError("there is no token to read")
    return _read(checkpoint, [" ".join(tokens)], [tuple(tokens)])[0]


def _read(checkpoint: Checkpoint, texts: Sequence[str], tokenised: Sequence[tuple[str, ...]]) -> list[Verdict]:
    import torch

    sentences = encode_tokens(tokenised, checkpoint.vocabulary)
    found: list[Verdict | None] = [None] * len(texts)
    with torch.inference_mode():
        for rows in length_batches(sentences.lengths, _BATCH):
            ids, lengths = pad(sentences, rows)
            logits = checkpoint.model.prefix_logits(torch.from_numpy(ids)).numpy()
            for row, length, prefixes in zip(rows.tolist(), lengths.tolist(), logits, strict=True):
                probabilities = sigmoid(prefixes[:length])
                found[row] = Verdict(
                    model=checkpoint.name,
                    text=texts[row],
                    tokens=tokenised[row],
                    known=tuple(token in checkpoint.vocabulary for token in tokenised[row]),
                    logit=float(prefixes[length - 1]),
                    probability=float(probabilities[-1]),
                    prefix_probabilities=tuple(probabilities.tolist()),
                    labels=checkpoint.labels,
                )
    return [verdict for verdict in found if verdict is not None]


def logits(
    model: Classifier,
    sentences: Encoded,
    batch_size: int = _BATCH,
    *,
    breathe: Callable[[], object] = lambda: None,
) -> np.ndarray:
    """Logits of encoded sentences, float32 [N], on the model's device, batches sorted by length.

    `breathe` is called before every batch; what it raises ends it.
    """
    import torch

    device = next(model.parameters()).device
    result = np.empty(len(sentences), dtype=np.float32)
    with torch.inference_mode():
        result[:] = model.read_out(model.start().h[-1]).item()
        for rows in length_batches(sentences.lengths, batch_size):
            breathe()
            ids, lengths = pad(sentences, rows)
            result[rows] = model(torch.from_numpy(ids).to(device), torch.from_numpy(lengths).to(device)).cpu().numpy()
    return result


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """The logistic function in float64, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64)))
