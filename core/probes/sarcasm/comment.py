"""Is a model fooled by a comment of a known gold label, by how much, and which words pull it there?

Leave-one-out, after Li et al. 2016, "Understanding Neural Networks through Representation Erasure": a token's pull is
the logit of the whole text minus the logit of the text without that token, so above 0 the token pulls to positive. Li
et al. divide the change by the score of the whole; here it stays a difference of logits. Words that act only together
(“not bad”) may show in no single pull, and the pulls need not sum to anything.

What is left of a text of one token is the empty text. No verdict is given on it, but its logit is defined: the read-out
of the state before the first token, as in `core.models.predict.logits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data.targets import two_only
from core.models.gold_labels import check_gold_label, fooled
from core.models.predict import EmptyTextError, Verdict, sigmoid, verdict
from core.models.predictor import BlackBox, log_odds
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.predictor import Model

MOST = 600  # tokens; the work grows with their square


@dataclass(frozen=True)
class Comment:
    """One model's verdict on a comment with the gold label `reading`, and its logits without each token.

    `without` holds the logits of the text without each of its tokens alone, in order; None for a text of more than
    `MOST` tokens.
    """

    reading: str
    verdict: Verdict
    without: tuple[float, ...] | None

    @property
    def model(self) -> str:
        """The model's name."""
        return self.verdict.model

    @property
    def fooled(self) -> bool | None:
        """Whether the verdict contradicts the gold label; None where that is mixed or no class of the model."""
        return fooled(self.verdict.label, self.reading, self.verdict.labels)

    @property
    def margin(self) -> float | None:
        """How far the probability is past 0.5 on the wrong side; below 0 on the right side, None where `fooled` is."""
        if self.reading not in self.verdict.labels:
            return None
        past_the_middle = self.verdict.probability - 0.5
        return past_the_middle if self.reading == self.verdict.labels[0] else -past_the_middle

    @property
    def pulls(self) -> tuple[float, ...] | None:
        """Each token's pull in logits, above 0 to positive, below to negative; None where `without` is."""
        if self.without is None:
            return None
        return tuple(self.verdict.logit - logit for logit in self.without)

    @property
    def probabilities_without(self) -> tuple[float, ...] | None:
        """P(positive) of the text without each of its tokens; None where `without` is."""
        return None if self.without is None else tuple(sigmoid(np.array(self.without)).tolist())

    @property
    def turning(self) -> tuple[int, ...]:
        """The positions of the tokens without which the verdict is another."""
        positive = self.verdict.logit >= 0
        return tuple(i for i, logit in enumerate(self.without or ()) if (logit >= 0) != positive)


def judge(checkpoints: Sequence[Model], text: str, reading: str) -> tuple[Comment, ...]:
    """Every model's verdict on a text with the gold label `reading`, in the models' order.

    Raises EmptyTextError for a text in which a model finds no token, ValueError for no model, or a gold label that is
    no class of any.
    """
    if not checkpoints:
        raise ValueError("no model was given to test the comment with")
    two_only(*checkpoints)
    check_gold_label(reading, (name for checkpoint in checkpoints for name in checkpoint.labels))
    comments = []
    for checkpoint in checkpoints:
        judged = verdict(checkpoint, text)
        without = leave_one_out(checkpoint, judged.tokens) if len(judged.tokens) <= MOST else None
        comments.append(Comment(reading, judged, without))
    return tuple(comments)


def leave_one_out(checkpoint: Model, tokens: Sequence[str]) -> tuple[float, ...]:
    """The logits of a text without each of its tokens alone; a black box is asked about each such text.

    Raises EmptyTextError for no token, ValueError for more than `MOST`.
    """
    two_only(checkpoint)
    if not tokens:
        raise EmptyTextError("there is no token to leave out")
    if len(tokens) > MOST:
        raise ValueError(
            _("a text of {count:,} tokens is too long for leave-one-out; the limit is {most:,}").format(
                count=len(tokens), most=MOST
            )
        )
    if isinstance(checkpoint, BlackBox):
        shorter = [[*tokens[:i], *tokens[i + 1 :]] for i in range(len(tokens))]
        return tuple(log_odds(checkpoint.of_tokens(shorter)).tolist())
    from core.models.shared_suffixes import ChangedSentence

    sentence = ChangedSentence(checkpoint.model, checkpoint.vocabulary.encode(tokens))
    return tuple(sentence.logits([(i, i + 1, ()) for i in range(len(tokens))]).tolist())
