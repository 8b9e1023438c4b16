"""Which number does a probe explain? The log-odds of one class, the target, against all others or against one other.

A verdict is a distribution over K named classes, 2 ≤ K ≤ 20. Of scores z, a head's outputs before the softmax,

    log-odds of t            ln P(t) / (1 − P(t)) = z_t − ln Σ_{j≠t} exp z_j
    log-odds of t against a  ln P(t) / P(a)       = z_t − z_a

Two classes need one number each: scores [...] are the log-odds of class 1, and probabilities [N] are P(class 1). More
classes have a last axis: scores [..., K], probabilities [N, K]. The predicted class has the highest probability; of
equal ones it is the later. No other module asks whether there are two classes.

Arrays are numpy's or torch's. Axes: N texts, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from core.data.labels import SENTIMENT, Names, check_names, shared, shown
from core.runtime.i18n import gettext as _

EDGE = 1e-12  # probabilities nearer to 0 or 1 have no finite log-odds


@dataclass(frozen=True)
class Target:
    """One class of `labels`, by its number, against all others or `against` one. Raises ValueError for no such class.

    Of two classes, against the other is against all others.
    """

    labels: Names
    number: int
    against: int | None = None

    def __post_init__(self) -> None:
        count = len(self.labels)
        if not all(0 <= number < count for number in (self.number, self.against or 0)) or self.number == self.against:
            raise ValueError(f"no target: class {self.number} against {self.against} of {count} classes")
        if self.two:
            object.__setattr__(self, "against", None)

    @property
    def two(self) -> bool:
        """Whether there are two classes."""
        return len(self.labels) == 2

    @property
    def wins_at_half(self) -> bool:
        """Whether it is predicted where its probability is above one half, and nowhere else."""
        return self.two

    @property
    def name(self) -> str:
        """The class's name."""
        return self.labels[self.number]

    @property
    def rest(self) -> list[int]:
        """The numbers of the classes that it is compared with."""
        others = [number for number in range(len(self.labels)) if number != self.number]
        return others if self.against is None else [self.against]

    @property
    def rival(self) -> str | None:
        """The name of the one class that it is compared with; None for several."""
        return self.labels[self.rest[0]] if len(self.rest) == 1 else None

    @property
    def pair(self) -> Target:
        """Itself, if it is compared with one class; else against the first of the others."""
        return self if self.rival else Target(self.labels, self.number, self.rest[0])

    def turned(self) -> Target | None:
        """The target whose log-odds are the negative of these; None if it is compared with several classes."""
        rest = self.rest
        return Target(self.labels, rest[0], self.number) if len(rest) == 1 else None

    def as_json(self) -> dict[str, str]:
        """Its name as ``target`` and, where it is compared with one of several, that class as ``against``."""
        return {"target": self.name} | ({} if self.against is None else {"against": self.labels[self.against]})


POSITIVE = Target(SENTIMENT, 1)


class Answers(NamedTuple):
    """What a model says of N texts: log-odds of a target, float32 [N], and the predicted classes, uint8 [N]."""

    log_odds: np.ndarray
    classes: np.ndarray


def named(labels: Names, name: str, against: str | None = None) -> Target:
    """The target of this name, against another if given. Raises LookupError with the names there are."""
    for given in (name, against):
        if given is not None and given not in labels:
            raise LookupError(
                _("{name!r} is no class; available: {names}").format(name=given[:60], names=", ".join(labels))
            )
    if name == against:
        raise LookupError(_("{name!r} cannot be compared with itself").format(name=name))
    return Target(tuple(labels), labels.index(name), None if against is None else labels.index(against))


def default(labels: Names) -> Target | None:
    """The target where nobody names one: the second of two classes; None where a text's prediction decides."""
    target = Target(labels, 1)
    return target if target.two else None


def usual(labels: Names, predicted: int) -> Target:
    """The target of a text where nobody names one: the second of two classes, else the predicted class."""
    return default(labels) or Target(labels, int(predicted))


def independent(labels: Names) -> tuple[Target, ...]:
    """The targets whose probabilities say all there is: the second of two classes, else each class."""
    second = default(labels)
    return (second,) if second else tuple(Target(labels, number) for number in range(len(labels)))


def chosen(model: Any) -> Target:
    """The target of a model that is asked about no text, so that no prediction decides. Raises ValueError for none."""
    if model.target is None:
        raise ValueError(
            _("{model} has {count} classes ({names}); name the target class").format(
                model=model.name, count=len(model.labels), names=", ".join(model.labels)
            )
        )
    target: Target = model.target
    return target


def shared_target(several: Iterable[Target]) -> Target | None:
    """The target that several results share, or None."""
    targets = set(several)
    return targets.pop() if len(targets) == 1 else None


def common(several: Sequence[Target]) -> Target | Names:
    """What the probabilities of several results are of: a target whose name they share, else their classes' names."""
    names = {probability_of(target) for target in several}
    return several[0] if len(names) == 1 else shared(target.labels for target in several)


# How many numbers a model gives.


def head_sizes(labels: Names) -> tuple[int, ...]:
    """How many outputs a head may have, the usual number first: one or two for two classes, else one for each."""
    return (1, 2) if len(labels) == 2 else (len(labels),)


def unaimed(count: int) -> Target | None:
    """The target of a head of so many outputs whose classes are not known by name; None for more than two."""
    return default(SENTIMENT) if count <= 2 else None


def unnamed(count: int) -> Names:
    """What so many classes are called that nobody named: those of sentiment for two, else class 1 to class K."""
    return SENTIMENT if count == 2 else tuple(f"class {number}" for number in range(1, count + 1))


def axis(labels: Names) -> tuple[int, ...]:
    """The shape of one text's scores: () for two classes, else (K,)."""
    return () if len(labels) == 2 else (len(labels),)


def has_sentiment(labels: Names) -> bool:
    """Whether negative and positive are among the classes; of two classes, they are these in this order."""
    return labels == SENTIMENT if len(labels) == 2 else {*SENTIMENT} <= {*labels}


def two_names(names: object) -> Names:
    """The names of two classes, as `check_names`. Raises ValueError for more."""
    checked = check_names(names)
    if len(checked) != 2:
        raise ValueError(_("expected two names, one per label; given: {names}").format(names=repr(names)[:200]))
    return checked


def two_only(*models: Any) -> None:
    """Raises ValueError for a model of more than two classes, or with another target than the second of two, where
    only that can be taken so far."""
    for model in models:
        if len(model.labels) != 2:
            raise ValueError(
                _("{model} has {count} classes ({names}); this needs a model of two").format(
                    model=model.name, count=len(model.labels), names=", ".join(model.labels)
                )
            )
        if model.target != default(model.labels):
            raise ValueError(
                _("the target of {model} is {name}; this needs {second}").format(
                    model=model.name, name=model.target.name, second=model.labels[1]
                )
            )


# Scores and probabilities.


def scores_of(outputs: Any) -> Any:
    """The scores of a head's outputs [..., O]: [...] for one or two outputs, else [..., K]."""
    if (count := outputs.shape[-1]) == 1:
        return outputs.squeeze(-1)
    return outputs[..., 1] - outputs[..., 0] if count == 2 else outputs


def log_odds(scores: Any, target: Target) -> Any:
    """The log-odds [...] of a target; for the second of two classes the scores themselves."""
    if target.two:
        return scores if target.number else -scores
    rest = target.rest
    return scores[..., target.number] - (scores[..., rest[0]] if len(rest) == 1 else _logsumexp(scores[..., rest]))


def log_odds_of(probabilities: np.ndarray, target: Target) -> np.ndarray:
    """The log-odds float64 [N] of probabilities; those of 0 and 1 are finite, ±27.6."""
    if target.two:
        p = np.clip(probabilities, EDGE, 1 - EDGE)
        logits: np.ndarray = np.log(p) - np.log1p(-p)
        return log_odds(logits, target)  # type: ignore[no-any-return]
    own, rest = probabilities[..., target.number], probabilities[..., target.rest].sum(axis=-1)
    return np.log(np.maximum(own, EDGE)) - np.log(np.maximum(rest, EDGE))  # type: ignore[no-any-return]


def probability(logits: np.ndarray) -> np.ndarray:
    """The logistic function in float64, without overflow: P(target) of its log-odds."""
    return 0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64)))


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Probabilities float64 of scores: P(class 1) [N], or [N, K]."""
    if scores.ndim < 2:
        return probability(scores)
    exact = scores.astype(np.float64)
    powers = np.exp(exact - exact.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)  # type: ignore[no-any-return]


def chance(probabilities: np.ndarray, target: Target) -> np.ndarray:
    """P(target) [N] of probabilities [N] or [N, K]; against another class, its share of the two probabilities."""
    if target.two:
        return probabilities if target.number else 1 - probabilities
    if target.against is None:
        return probabilities[..., target.number]
    return probability(log_odds_of(probabilities, target))


def logs(probabilities: np.ndarray) -> np.ndarray:
    """Scores of probabilities [N] or [N, K], those of 0 and 1 finite."""
    if probabilities.ndim < 2:
        return log_odds_of(probabilities, POSITIVE)
    return np.log(np.maximum(probabilities, EDGE))  # type: ignore[no-any-return]


def distribution(probabilities: np.ndarray) -> np.ndarray:
    """The probability of every class [N, K], of probabilities [N] or [N, K]."""
    return probabilities if probabilities.ndim > 1 else np.stack([1 - probabilities, probabilities], axis=-1)


def compact(distribution: np.ndarray) -> np.ndarray:
    """Probabilities [N] or [N, K], of the probability of every class [N, K]."""
    return distribution[..., 1] if distribution.shape[-1] == 2 else distribution


def pair(probability: float, target: Target) -> tuple[float, float]:
    """The probabilities of both classes, of the target's."""
    return (1 - probability, probability) if target.number else (probability, 1 - probability)


def predicted(scores: np.ndarray) -> np.ndarray:
    """The predicted classes uint8 [N], of scores [N] or [N, K]."""
    return (scores >= 0).astype(np.uint8) if scores.ndim < 2 else _last_of_the_greatest(scores)


def predicted_of(probabilities: np.ndarray) -> np.ndarray:
    """The predicted classes uint8 [N], of probabilities [N] or [N, K]."""
    return (probabilities >= 0.5).astype(np.uint8) if probabilities.ndim < 2 else _last_of_the_greatest(probabilities)


def answers(scores: np.ndarray, target: Target) -> Answers:
    """What scores [N] or [N, K] say."""
    return Answers(log_odds(scores, target).astype(np.float32, copy=False), predicted(scores))


def for_each(labels: Names, of: Callable[[Target], np.ndarray]) -> np.ndarray:
    """What is found for the second of two classes, or for each class, along a first axis [K]."""
    usual = default(labels)
    return np.stack([of(Target(labels, number)) for number in range(len(labels))]) if usual is None else of(usual)


def leanings(polarity: np.ndarray, labels: Names) -> list[tuple[str, np.ndarray, int]]:
    """Each class, the log-odds of words [V] that say how they lean to it, and the sign with which they do."""
    if polarity.ndim < 2:
        return [(labels[0], polarity, -1), (labels[1], polarity, 1)]
    return [(name, row, 1) for name, row in zip(labels, polarity, strict=True)]


def behind(scores: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """By how much each other class's score exceeds the gold label's, float64 [N, K − 1], of scores [N] or [N, K]."""
    if scores.ndim < 2:
        return np.where(gold == 1, -scores, scores).astype(np.float64)[:, None]
    exact, own = scores.astype(np.float64), np.asarray(gold, dtype=np.int64)[:, None]
    others = np.arange(scores.shape[1]) != own
    return (exact - np.take_along_axis(exact, own, axis=1))[others].reshape(len(scores), -1)  # type: ignore[no-any-return]


def cross_entropy(scores: Any, gold: Any, weights: Any = None) -> Any:
    """The mean log-loss in nats of torch scores [N] or [N, K] for gold labels int64 [N], rows weighted by class [K]."""
    from torch.nn import functional

    each = None if weights is None else weights[gold]
    if scores.ndim < 2:
        return functional.binary_cross_entropy_with_logits(scores, gold.to(scores.dtype), each)
    losses = functional.cross_entropy(scores, gold, reduction="none")
    return (losses if each is None else losses * each).mean()  # not by the sum of the weights, as for two classes


def predicted_by(logits: np.ndarray, scores: np.ndarray | None, target: Target) -> np.ndarray:
    """The predicted classes uint8 [N], of scores [N, K], or without these of a target's log-odds [N]."""
    return predicted(log_odds(logits, target) if scores is None else scores)


def contrasts(weights: np.ndarray) -> np.ndarray:
    """The K - 1 directions [K - 1, H] in which scores differ, of their weights [H] or [K, H]."""
    return weights[None] if weights.ndim < 2 else weights[1:] - weights[0]


def row(rows: np.ndarray, target: Target) -> np.ndarray:
    """What rows [V] or [K, V], each class against the rest, say of a target [V]: its row, or the difference of two."""
    if target.two:
        return log_odds(rows, target)  # type: ignore[no-any-return]
    own: np.ndarray = rows[target.number]
    return own if target.against is None else own - rows[target.against]


def missing(probabilities: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """1 − P(gold label) [N], of probabilities [N] or [N, K] and the numbers of the gold classes [N]."""
    if probabilities.ndim < 2:
        return np.abs(probabilities - gold)  # type: ignore[no-any-return]
    return 1 - np.take_along_axis(probabilities, np.asarray(gold, dtype=np.int64)[:, None], axis=1)[:, 0]


def highest(probabilities: np.ndarray) -> np.ndarray:
    """The probability of the predicted class [N], of probabilities [N] or [N, K]."""
    return distribution(probabilities).max(axis=-1)  # type: ignore[no-any-return]


def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The total variation distance [N] of probabilities [N] or [N, K]: ½ Σ |p − q| over the classes."""
    differences = np.abs(one - other)
    return differences if differences.ndim < 2 else differences.sum(axis=-1) / 2  # type: ignore[no-any-return]


def losses(scores: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """The log-losses −ln P(gold label) [N] in nats, of scores [N] or [N, K] and the numbers of the gold classes [N]."""
    if scores.ndim < 2:
        return np.logaddexp(0, np.where(gold == 1, -scores, scores))
    own = np.take_along_axis(scores, np.asarray(gold, dtype=np.int64)[:, None], axis=1)[:, 0]
    return _logsumexp(scores) - own  # type: ignore[no-any-return]


def _logsumexp(scores: Any) -> Any:
    """ln Σ exp over the last axis; of one number, that number."""
    if hasattr(scores, "logsumexp"):
        return scores.logsumexp(-1)
    most = scores.max(axis=-1)
    return most + np.log(np.exp(scores - most[..., None]).sum(axis=-1))


def _last_of_the_greatest(values: np.ndarray) -> np.ndarray:
    return (values.shape[-1] - 1 - values[..., ::-1].argmax(axis=-1)).astype(np.uint8)  # type: ignore[no-any-return]


# Words.


def side(target: Target, logit: float) -> tuple[int, str]:
    """The class that a logit speaks for (1) or against (-1): the target, or below zero its one rival."""
    if logit > 0 or (logit == 0 and target.number >= max(target.rest)):
        return 1, target.name
    return (-1, target.name) if target.rival is None else (1, target.rival)


def label_of(probability: float, target: Target) -> str:
    """The predicted class of two, by P(target). Raises ValueError for more classes: there, that does not decide."""
    if not target.two:
        raise ValueError(f"P({target.name}) does not tell which of {len(target.labels)} classes is predicted")
    return target.labels[int(predicted_of(np.array([pair(probability, target)[1]]))[0])]


def probability_of(about: Target | Sequence[str] = SENTIMENT, escape: Callable[[str], str] = str) -> str:
    """``P(positive)``: how a target's probability is written, or that of the classes' default target.

    Class names are passed through `escape`.
    """
    if not isinstance(about, Target):
        target = default(tuple(about))
        if target is None:
            return _("P(target class)")
        about = target
    if about == POSITIVE:
        return _("P(positive)")
    return probability_of_class(about.name, None if about.against is None else about.rival, escape)


def probability_of_class(name: str, against: str | None = None, escape: Callable[[str], str] = str) -> str:
    """``P(spam)``: how the probability of a class is written, or of it rather than another one."""
    label = escape(shown(name))
    if against is None:
        return _("P({label})").format(label=label)
    return _("P({label} | {label} or {rival})").format(label=label, rival=escape(shown(against)))


def log_odds_name(target: Target | None, escape: Callable[[str], str] = str) -> str:
    """How a target's log-odds are written: logit for two classes. Class names are passed through `escape`."""
    if target is None:
        return _("log-odds of the target class")
    if target.two:
        return _("logit")
    label = escape(shown(target.name))
    if target.rival is None:
        return _("log-odds of {label}").format(label=label)
    return _("log-odds of {label} against {rival}").format(label=label, rival=escape(shown(target.rival)))
