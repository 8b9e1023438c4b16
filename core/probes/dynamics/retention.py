"""How much of a strong first word is left after k neutral words, over many words and many fillers?

`memory_decay` tests one word before one filler. Here W words each precede the same F fillers, drawn at random from
words that are neutral in the training data. The effect of word w before the first k words of filler f is

    e_k(w, f) = logit(w, f_1 … f_k) − logit(f_1 … f_k)

and e_0(w) is the same for all fillers. What is left after k is Σ sign(e_0) e_k / Σ |e_0| over words and fillers: a weak
word's ratio, which may be anything, counts for little, and a reversed effect counts against. The interval is the
percentile bootstrap's, with words and fillers resampled independently, as fits two crossed samples (Owen 2007, "The
pigeonhole bootstrap"); it errs on the wide side.

A filler is a random word list, not a sentence. Axes: W words, F fillers, k words of filler from 0 to K.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from core.data import targets
from core.data.targets import POSITIVE, Target
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError, sigmoid
from core.models.recurrent import State
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown

STRONG = ("hate", "sad", "awful", "sucks", "love", "happy", "great", "thanks")
"""The default words for sentiment, four of each label."""
NEUTRAL = 0.1  # nats of polarity, of either sign
FREQUENT = 1_000  # the most frequent words, of which the neutral ones are drawn
RESAMPLES = 2_000
_MOST = {"words": 50, "fillers": 200, "upto": 1_000}
_MOST_STEPS = 5_000_000  # words x fillers x words of filler: some minutes


@dataclass(frozen=True)
class Retention(Shown):
    """What is left of some words' effect in one model, by the number of words after them.

    `words` are as the model reads them, `unknown` those that its vocabulary lacks. `neutral` is the number of words
    that the fillers are drawn from. `effect` [W, F, K + 1] is e_k(w, f), `logit_without` [F, K + 1] the filler's alone,
    in logits, both of the `target`. `share` [K + 1] is what is left, 1 at k = 0, and `low` to `high` its 95 % interval.
    """

    pictured: ClassVar[bool] = True
    along: ClassVar[str] = "k"

    model: str
    words: tuple[str, ...]
    unknown: tuple[str, ...]
    fillers: int
    neutral: int
    seed: int
    k: np.ndarray
    effect: np.ndarray
    logit_without: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    target: Target = POSITIVE

    @property
    def probability_alone(self) -> tuple[float, float]:
        """The middle 90 % of P(target) over the fillers' prefixes alone: how neutral neutral words are in a row."""
        low, high = np.quantile(sigmoid(self.logit_without[:, 1:]), (0.05, 0.95)).tolist()
        return low, high

    @property
    def by_word(self) -> np.ndarray:
        """What is left of each word's own effect, float64 [W, K + 1]; NaN where it had none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            left: np.ndarray = self.effect.mean(axis=1) / self.effect[:, :1, 0]
        return np.where(np.isfinite(left), left, np.nan)


def retention(
    checkpoint: Checkpoint, words: Sequence[str] | None = None, fillers: int = 20, upto: int = 100, seed: int = 0
) -> Retention:
    """What is left of the effect of some words (default: `strong_words`), each a single token, before `fillers` drawn
    by `seed`.

    Raises ValueError for a model without a target, for a word that is not one token, or is repeated, for numbers out of
    bounds, for a checkpoint without polarity or neutral words, and where no word moves the logit;
    `recurrent.ReadOutError` for a model that is not plain.
    """
    target = targets.chosen(checkpoint)
    checkpoint.model.check_plain(checkpoint.name)
    tokens = _tokens(checkpoint, strong_words(checkpoint) if words is None else words)
    for name, given in (("fillers", fillers), ("upto", upto)):
        if not 1 <= given <= _MOST[name]:
            raise ValueError(f"{name} is a number from 1 to {_MOST[name]:,}; given: {given:,}")
    if (asked := len(tokens) * fillers * upto) > _MOST_STEPS:
        raise ValueError(f"words x fillers x upto is at most {_MOST_STEPS:,}; given: {asked:,}")
    if seed < 0:
        raise ValueError(f"a seed is 0 or more; given: {seed:,}")
    pool = neutral_ids(checkpoint)
    drawn = np.random.default_rng(seed).choice(pool, (fillers, upto))
    logit = _read(checkpoint, checkpoint.vocabulary.encode(tokens), drawn)
    effect = logit[1:] - logit[:1]
    if not effect[:, 0, 0].any():
        raise ValueError(
            _("none of these words moves the logit of {name}: {tokens}").format(
                name=checkpoint.name, tokens=", ".join(tokens)
            )
        )
    share, low, high = _share_left(effect, seed)
    return Retention(
        model=checkpoint.name,
        words=tokens,
        unknown=tuple(checkpoint.vocabulary.unknown(tokens)),
        fillers=fillers,
        neutral=len(pool),
        seed=seed,
        k=np.arange(upto + 1),
        effect=effect,
        logit_without=logit[0],
        share=share,
        low=low,
        high=high,
        target=target,
    )


def strong_words(checkpoint: Checkpoint) -> tuple[str, ...]:
    """`STRONG` for sentiment; else of the `FREQUENT` words of letters only the four that speak most for the target, in
    the training data, after the four that speak most against it. Raises ValueError as `retention`."""
    if checkpoint.reads_sentiment:
        return STRONG
    target, polarity = targets.chosen(checkpoint), _polarity(checkpoint)
    lean = targets.row(polarity, target)
    frequent = enumerate(checkpoint.vocabulary.words[:FREQUENT], start=2)
    known = [(lean[id_], word) for id_, word in frequent if word.isalpha() and checkpoint.preprocessing(word) == [word]]
    ordered = [word for _lean, word in sorted(known)]
    return tuple(dict.fromkeys([*ordered[:4], *ordered[-4:]]))


def _polarity(checkpoint: Checkpoint) -> np.ndarray:
    """The log-odds of its words, [V] or [K, V]. Raises ValueError where it has none."""
    if checkpoint.polarity is None:
        raise ValueError(
            _(
                "{name} has no log-odds for its words, so neutral words are unknown; training it again counts them"
            ).format(name=checkpoint.name)
        )
    return checkpoint.polarity


def neutral_ids(checkpoint: Checkpoint) -> np.ndarray:
    """Ids, ascending, of the `FREQUENT` words that are letters only and whose polarity is at most `NEUTRAL` nats for
    every class.

    Rare words are left out: their polarity is estimated from few sentences and shrunk to 0. Raises ValueError where the
    checkpoint has no polarity, or no such word.
    """
    largest = np.abs(np.atleast_2d(_polarity(checkpoint))).max(axis=0)
    frequent = checkpoint.vocabulary.words[:FREQUENT]
    ids = [number for number, word in enumerate(frequent, start=2) if word.isalpha() and largest[number] <= NEUTRAL]
    if not ids:
        raise ValueError(
            _(
                "{name} has no neutral word among its {count:,} most frequent: none has letters only "
                "and lies within {bound} nats"
            ).format(name=checkpoint.name, count=len(frequent), bound=NEUTRAL)
        )
    return np.array(ids)


def _tokens(checkpoint: Checkpoint, words: Sequence[str]) -> tuple[str, ...]:
    """The words as the model reads them. Raises ValueError where one is not a single token, or is repeated."""
    if len(words) > _MOST["words"]:
        raise ValueError(_("give at most {most} words; given: {count:,}").format(most=_MOST["words"], count=len(words)))
    tokens: list[str] = []
    for word in words:
        read = checkpoint.preprocessing(word)
        if len(read) > 1:
            raise ValueError(
                _("a first word is read as {count:,} tokens ({tokens}); give single words").format(
                    count=len(read), tokens=" ".join(read)
                )
            )
        tokens += read
    if not tokens:
        raise EmptyTextError(_("no word is given: there is nothing to remember"))
    if twice := [word for index, word in enumerate(tokens) if word in tokens[:index]]:
        raise ValueError(_("give each word once; repeated: {words}").format(words=", ".join(dict.fromkeys(twice))))
    return tuple(tokens)


def _read(checkpoint: Checkpoint, words: list[int], fillers: np.ndarray) -> np.ndarray:
    """Logits float64 [1 + W, F, K + 1] of fillers [F, K] alone, then after each of W words; all read side by side."""
    model = checkpoint.model
    count, upto = fillers.shape
    with torch.inference_mode():
        start = model.start()
        after = model.step(model.embedding(torch.tensor(words)), model.start(len(words))).state
        h = torch.cat([start.h, after.h], dim=1).repeat_interleave(count, dim=1)
        c = None
        if start.c is not None and after.c is not None:
            c = torch.cat([start.c, after.c], dim=1).repeat_interleave(count, dim=1)
        state, logits = State(h, c), [model.read_out(h[-1])]
        for ids in torch.from_numpy(fillers).T:
            state = model.step(model.embedding(ids.repeat(1 + len(words))), state).state
            logits.append(model.read_out(state.h[-1]))
        stacked: np.ndarray = torch.stack(logits, dim=1).double().numpy()
    return stacked.reshape(1 + len(words), count, upto + 1)


def _share_left(effect: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The share of effects [W, F, K + 1] left after each k, and its interval, each [K + 1]."""
    words, fillers, _lengths = effect.shape
    at_once = effect[:, 0, 0]
    aligned = np.sign(at_once)[:, None, None] * effect
    share = aligned.sum(axis=(0, 1)) / (np.abs(at_once).sum() * fillers)
    random = np.random.default_rng(seed)
    # How often each word and each filler is drawn; a draw of words without effect has no share.
    of_words = random.multinomial(words, np.full(words, 1 / words), RESAMPLES).astype(np.float64)
    of_fillers = random.multinomial(fillers, np.full(fillers, 1 / fillers), RESAMPLES).astype(np.float64)
    whole = of_words @ np.abs(at_once) * fillers
    of_words, of_fillers, whole = of_words[whole > 0], of_fillers[whole > 0], whole[whole > 0]
    shares = np.empty((len(whole), effect.shape[2]))
    for k in range(effect.shape[2]):
        shares[:, k] = ((of_words @ np.ascontiguousarray(aligned[:, :, k])) * of_fillers).sum(axis=1) / whole
    low, high = np.quantile(shares, (0.025, 0.975), axis=0)
    return share, low, high
