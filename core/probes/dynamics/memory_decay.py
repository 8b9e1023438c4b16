"""How long is a first word remembered? Its verdict and its gradient after 0, 1, 2, … neutral words.

A word w is followed by k words of filler, k from 0 to K. For every k there is the verdict on the text, that on the
filler alone, since filler moves a verdict too, and the norm of the gradient at the word's own embedding, ∂logit_k/∂x_1,
as in Bengio, Simard & Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult".

All texts are prefixes of the longest, so one reading gives every verdict. The gradients of the K + 1 logits go back
through it in batches, each from its own last word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from core.data import targets
from core.data.targets import POSITIVE, Target
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError, aimed, sigmoid
from core.models.recurrent import Classifier
from core.runtime.i18n import clauses
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown

MOST = 1_000
"""The longest filler in words: the work grows with its square."""

FORGOTTEN = 0.1
"""The share of a word's initial effect below which it is said to be lost."""

SLIGHT = 0.1  # logits
_TOGETHER = 64  # gradients in a batch: more need more memory, and go back through words that they do not depend on

FILLER = (
    "she gave him the key to the other room at ten he called the station about the train the box was brown and about "
    "as large as a book there is a small house on the other side of the river the cup stands on the table next to the "
    "lamp the boat goes from one side of the lake to the other he put the box on the table by the window she told him "
    "the way to the market two men carried the table to the car the man with the red box walked along the street every "
    "week the truck brings boxes to the store the village lies between the hill and the sea"
)
"""The default filler: 117 tokens of this project's own plain clauses. Any number of them, alone, leaves P(positive) of
all three shipped models between 0.32 and 0.67."""


@dataclass(frozen=True)
class Memory(Shown):
    """What one model keeps of a word, by the number `k` of words after it; arrays are float64 [K + 1] except `k`.

    `filler` follows the word, repeated (`cycled`) where K is larger than its length. `known` says whether the model's
    vocabulary has the word, `unknown` which words of the filler it lacks. `logit_without` and `probability_without` are
    those of the filler alone (of the empty text at k = 0), `gradient_first_word` is ‖∂logit/∂x_1‖. All are of the
    `target`; `scores` [K + 1, C] are those of all C classes, None for two.
    """

    pictured: ClassVar[bool] = True
    along: ClassVar[str] = "k"

    model: str
    word: str
    known: bool
    filler: tuple[str, ...]
    cycled: bool
    unknown: tuple[str, ...]
    k: np.ndarray
    logit: np.ndarray
    probability: np.ndarray
    logit_without: np.ndarray
    probability_without: np.ndarray
    gradient_first_word: np.ndarray
    target: Target = POSITIVE
    scores: np.ndarray | None = None

    @property
    def effect(self) -> np.ndarray:
        """How far the word moves the logit, float64 [K + 1]."""
        effect: np.ndarray = self.logit - self.logit_without
        return effect

    def forgotten(self, share: float) -> int | None:
        """The least k from which on the effect stays below this share of that at k = 0, up to K, or None."""
        above = np.flatnonzero(np.abs(self.effect) >= share * abs(self.effect[0]))
        after = int(above[-1]) + 1 if len(above) else 0
        return after if after < len(self.k) else None

    @property
    def statement(self) -> str:
        """What is left of the word's effect, in one sentence."""
        last, begun = int(self.k[-1]), float(self.effect[0])
        if abs(begun) < SLIGHT:
            return _(
                "the word alone moves the logit by only {effect:+.2f}, so there is hardly anything to remember"
            ).format(effect=begun)
        left = float(self.effect[-1]) / begun
        forgotten, below = self.forgotten(FORGOTTEN), np.flatnonzero(np.abs(self.effect) < FORGOTTEN * abs(begun))
        if forgotten is not None:
            parts = [_("from k = {k} on, less than {share:.0%} of its effect is left")]
        elif left < 0:
            parts = [_("at k = {last} its effect is reversed: {left:.0%} of the initial effect")]
        else:
            parts = [_("at k = {last}, {left:.0%} of its effect is left")]
        if forgotten is None and len(below):
            parts.append(_("at k = {first} it was less than {share:.0%}, but not permanently"))
        if self.turned is not None:
            parts.append(_("the verdict first flips at k = {turned}"))
        first = below[0] if len(below) else 0
        return clauses(parts).format(
            k=forgotten, share=FORGOTTEN, last=last, left=left, first=first, turned=self.turned
        )

    @property
    def predicted(self) -> np.ndarray:
        """The number of the predicted class, uint8 [K + 1]."""
        if self.scores is not None:
            return targets.predicted(self.scores)
        return targets.predicted_of(targets.chance(self.probability, self.target))

    @property
    def turned(self) -> int | None:
        """The least k with another verdict than the word alone, or None."""
        other = np.flatnonzero(self.predicted != self.predicted[0])
        return int(other[0]) if len(other) else None


def memory(checkpoint: Checkpoint, word: str, filler: str = FILLER, upto: int = 100) -> Memory:
    """A first word, followed by 0 to `upto` words of a filler, which is repeated where it is shorter.

    A model without a target is asked about the class that it predicts for the word alone.
    Raises ValueError where the word is not a single token, the filler has none, or `upto` is not from 1 to `MOST`.
    """
    if not 1 <= upto <= MOST:
        raise ValueError(_("the number of filler words is 1 to {most:,}; given: {upto:,}").format(most=MOST, upto=upto))
    first = checkpoint.preprocessing(word)
    if not first:
        raise EmptyTextError(_("the word is empty: there is nothing to remember"))
    if len(first) > 1:
        raise ValueError(
            _("the first word is read as {count:,} tokens ({tokens}); give one word").format(
                count=len(first), tokens=" ".join(first)
            )
        )
    words = tuple(checkpoint.preprocessing(filler))
    if not words:
        raise EmptyTextError(_("the filler is empty: there is no word to add"))
    after = [words[index % len(words)] for index in range(upto)]
    checkpoint.model.check_plain(checkpoint.name)
    checkpoint = aimed(checkpoint, first)
    model, vocabulary, target = checkpoint.model, checkpoint.vocabulary, targets.chosen(checkpoint)
    with torch.no_grad():
        x_1, *x = model.embedding(torch.tensor(vocabulary.encode([*first, *after]))).split(1)
        alone = targets.log_odds(torch.cat([model.scores(model.start().h[-1]), *_scores(model, x)]), target)
    with torch.enable_grad():
        x_1.requires_grad_()
        scores = _scores(model, [x_1, *x])
        logits = [targets.log_odds(part, target) for part in scores]
        norms = [_gradients(part, x_1).double().norm(dim=1) for part in logits]
    read = torch.cat(scores).detach().double().numpy()
    logit, without = (each.detach().double().numpy() for each in (torch.cat(logits), alone))
    return Memory(
        model=checkpoint.name,
        word=first[0],
        known=first[0] in vocabulary,
        filler=words,
        cycled=upto > len(words),
        unknown=tuple(vocabulary.unknown(words)),
        k=np.arange(upto + 1),
        logit=logit,
        probability=sigmoid(logit),
        logit_without=without,
        probability_without=sigmoid(without),
        gradient_first_word=torch.cat(norms).numpy(),
        target=target,
        scores=read if read.ndim > 1 else None,
    )


def _scores(model: Classifier, x: Sequence[Tensor]) -> list[Tensor]:
    """The scores after each of the embedded tokens x, [1, E] each; `_TOGETHER` of them in each tensor."""
    state, scores = model.start(), []
    for first in range(0, len(x), _TOGETHER):
        hidden = []
        for token in x[first : first + _TOGETHER]:
            state = model.step(token, state).state
            hidden.append(state.h[-1])
        scores.append(model.scores(torch.cat(hidden)))
    return scores


def _gradients(logits: Tensor, x: Tensor) -> Tensor:
    """∂logit/∂x of each of the logits [N] by an embedded token x [1, E], [N, E]."""
    each = torch.eye(len(logits), dtype=x.dtype)
    (gradients,) = torch.autograd.grad(logits, x, each, retain_graph=True, is_grads_batched=True)
    by_logit: Tensor = gradients[:, 0]
    return by_logit
