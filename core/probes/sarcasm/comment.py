"""Is a model fooled by a comment of a known gold label, by how much, and which words pull it there?

Leave-one-out, after Li et al. 2016, "Understanding Neural Networks through Representation Erasure": a token's pull is
the logit of the whole text minus the logit of the text without that token, so above 0 the token pulls to the target: of
two classes the second, else the predicted class, unless a model has another. Li et al. divide the change by the score
of the whole; here it stays a difference of logits. Words that act only together (“not bad”) may show in no single pull,
and the pulls need not sum to anything.

What is left of a text of one token is the empty text. No verdict is given on it, but its logit is defined: the read-out
of the state before the first token, as in `core.models.predict.logits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from core.models.gold_labels import check_gold_label, fooled
from core.models.predict import EmptyTextError, Verdict, aimed, sigmoid, verdict
from core.probes.edits.changes import DELETE, Edit
from core.probes.edits.victims import victim
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown

if TYPE_CHECKING:
    from core.models.predictor import Model

MOST = 600  # tokens; the work grows with their square


class Without(NamedTuple):
    """What a model says of a text without each of its tokens alone, in order: logits and predicted classes."""

    logits: tuple[float, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Comment(Shown):
    """One model's verdict on a comment with the gold label `reading`, and its logits without each token.

    `without` holds the logits of the text without each of its tokens alone, in order, and `labels_without` the verdicts
    on these; None and empty for a text of more than `MOST` tokens.
    """

    listed: ClassVar[tuple[str, ...]] = ("verdict",)

    reading: str
    verdict: Verdict
    without: tuple[float, ...] | None
    labels_without: tuple[str, ...] = ()

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
        """Half of what the likeliest other class is more probable than the gold label; None where `fooled` is.

        Of two classes, how far the probability is past 0.5 on the wrong side. Below 0 on the right side.
        """
        if self.reading not in self.verdict.labels:
            return None
        others = dict(zip(self.verdict.labels, self.verdict.distribution, strict=True))
        own = others.pop(self.reading)
        return (max(others.values()) - own) / 2

    @property
    def pulls(self) -> tuple[float, ...] | None:
        """Each token's pull in logits, above 0 to the target, below away from it; None where `without` is."""
        if self.without is None:
            return None
        return tuple(self.verdict.logit - logit for logit in self.without)

    @property
    def probabilities_without(self) -> tuple[float, ...] | None:
        """P(target) of the text without each of its tokens; None where `without` is."""
        return None if self.without is None else tuple(sigmoid(np.array(self.without)).tolist())

    @property
    def turning(self) -> tuple[int, ...]:
        """The positions of the tokens without which the verdict is another."""
        return tuple(i for i, label in enumerate(self.labels_without) if label != self.verdict.label)


def judge(checkpoints: Sequence[Model], text: str, reading: str) -> tuple[Comment, ...]:
    """Every model's verdict on a text with the gold label `reading`, in the models' order.

    Raises EmptyTextError for a text in which a model finds no token, ValueError for no model, or a gold label that is
    no class of any.
    """
    if not checkpoints:
        raise ValueError("no model was given to test the comment with")
    check_gold_label(reading, (name for checkpoint in checkpoints for name in checkpoint.labels))
    comments = []
    for checkpoint in checkpoints:
        judged = verdict(checkpoint, text)
        model = checkpoint.targeted(judged.target)
        without = leave_one_out(model, judged.tokens) if len(judged.tokens) <= MOST else ()
        comments.append(Comment(reading, judged, *(without or (None,))))
    return tuple(comments)


def leave_one_out(checkpoint: Model, tokens: Sequence[str]) -> Without:
    """What a model says of a text without each of its tokens alone; a black box is asked about each such text.

    Raises EmptyTextError for no token, ValueError for more than `MOST`.
    """
    if not tokens:
        raise EmptyTextError("there is no token to leave out")
    if len(tokens) > MOST:
        raise ValueError(
            _("a text of {count:,} tokens is too long for leave-one-out; the limit is {most:,}").format(
                count=len(tokens), most=MOST
            )
        )
    model = aimed(checkpoint, tokens)
    assert model.target is not None
    shorter = [Edit(DELETE, place, (token,), ()) for place, token in enumerate(tokens)]
    verdicts, _asked = victim(model)(tokens).edited(shorter)
    labels = [model.labels[number] for number in verdicts.classes]
    return Without(tuple(verdicts.log_odds(model.target).tolist()), tuple(labels))
