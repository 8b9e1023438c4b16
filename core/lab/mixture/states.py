"""Regimes of a model's hidden states: those after every token of some sentences, as points for a mixture.

H units are too many for a covariance from some hundreds of states, so they are projected first: on their own principal
components (Pearson 1901), or on the axes of the checkpoint (`state_space`), the first of which is the read-out's, of
the target against one class. A
component is described by its N_k = Σ_i δ_ik states, whose tokens and P(target) are weighted by δ_ik. That describes
a fit to projected states; it does not say that the model computes with such parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data import targets
from core.data.labels import shown
from core.data.targets import POSITIVE, Target, log_odds_name, probability_of
from core.lab.typed_numbers import MOST_POINTS
from core.models.trace import trace
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

OWN, READ_OUT = "own", "read-out"
MOST_AXES = 10
MOST_SENTENCES = 200
_MOST_TOKENS = 6


@dataclass(frozen=True)
class States:
    """Projected states `points` [N, D] of one model; of each its token, index in its sentence (from 1), P(target), and
    the number of the class that is `predicted`.

    `axes` names the coordinates; `explained` is the share, 0 to 1, of all states' variance that lies along each.
    `sentences` are those read; `skipped` had no word to read.
    """

    model: str
    points: np.ndarray
    axes: tuple[str, ...]
    explained: np.ndarray
    tokens: tuple[str, ...]
    index: np.ndarray
    probability: np.ndarray
    sentences: tuple[str, ...]
    skipped: int
    predicted: np.ndarray
    target: Target = POSITIVE


@dataclass(frozen=True)
class TokenShare:
    """A token, how many of its occurrences a component holds, Σ δ_ik over them, and how many there are."""

    token: str
    held: float
    occurrences: int


@dataclass(frozen=True)
class Regime:
    """What a component, counted from 0, holds: `count` N_k states, `share` of all, the `tokens` of which it holds most.

    `probability` is the mean P(target) of its states, `positive` the share of them predicted as it, `index` their mean
    index in the sentence, counted from 1: all weighed by responsibility, and NaN for a component that holds none.
    """

    component: int
    count: float
    share: float
    probability: float
    positive: float
    index: float
    tokens: tuple[TokenShare, ...]


def states_of(checkpoint: Checkpoint, texts: Sequence[str], axes: str = OWN, dimensions: int = 2) -> States:
    """A model's states over some sentences. Axes: ``own``, or ``read-out`` for those of the checkpoint (3 at most).

    Raises ValueError for a model without a target, too many sentences or states, for none, for a number of axes that
    there is not, and LookupError for a checkpoint without axes.
    """
    target = targets.chosen(checkpoint)
    if not 1 <= len(texts) <= MOST_SENTENCES:
        raise ValueError(
            _("expected 1 to {most} sentences; given: {count:,}").format(most=MOST_SENTENCES, count=len(texts))
        )
    if axes not in (OWN, READ_OUT):
        raise LookupError(f"there are no axes {axes!r}; there are: {OWN}, {READ_OUT}")
    most = MOST_AXES if axes == OWN else 3
    if not 2 <= dimensions <= most:
        raise ValueError(
            _("{dimensions} axes were asked for; expected 2 to {most}").format(dimensions=dimensions, most=most)
        )
    readable = [text for text in texts if checkpoint.preprocessing(text)]
    if not readable:
        raise ValueError(_("none of the sentences has a word to read"))
    count = sum(len(checkpoint.preprocessing(text)) for text in readable)
    if count > MOST_POINTS:
        raise ValueError(
            _("the sentences have {count:,} tokens; at most {most:,} are allowed").format(count=count, most=MOST_POINTS)
        )
    traces = [trace(checkpoint, text) for text in readable]
    h = np.concatenate([one.h for one in traces]).astype(np.float64)
    if len(h) < 2:
        raise ValueError(_("the sentences have only one token; expected 2 or more"))
    points, names, explained = (_own if axes == OWN else _of_checkpoint)(checkpoint, h, dimensions)
    return States(
        checkpoint.name,
        points,
        names,
        explained,
        tuple(token for one in traces for token in one.tokens),
        np.concatenate([np.arange(len(one)) for one in traces]) + 1,
        np.concatenate([one.probability for one in traces]),
        tuple(readable),
        len(texts) - len(readable),
        np.concatenate([targets.predicted_by(one.logit, one.scores, target) for one in traces]),
        target,
    )


def regimes(states: States, responsibilities: np.ndarray) -> tuple[Regime, ...]:
    """What each component holds, by responsibilities [N, K] of the same states. Raises ValueError for other ones."""
    if len(responsibilities) != len(states.points):
        raise ValueError(f"{len(responsibilities)} responsibilities for {len(states.points)} states")
    names = sorted(set(states.tokens))
    column = {name: number for number, name in enumerate(names)}
    of_token = np.array([column[token] for token in states.tokens])
    occurrences = np.bincount(of_token, minlength=len(names))
    results = []
    for k, delta in enumerate(responsibilities.T):
        count = float(delta.sum())
        held = np.bincount(of_token, weights=delta, minlength=len(names))
        order = sorted(range(len(names)), key=lambda number: (-held[number].round(6), names[number]))
        tokens = tuple(
            TokenShare(names[number], float(held[number]), int(occurrences[number]))
            for number in order[:_MOST_TOKENS]
            if held[number] >= 0.5
        )
        means = [
            float((delta * values).sum() / count) if count > 1e-9 else float("nan")
            for values in (states.probability, states.predicted == states.target.number, states.index)
        ]
        results.append(Regime(k, count, count / len(states.points), means[0], means[1], means[2], tokens))
    return tuple(results)


def sentence(states: States, regime: Regime) -> str:
    """What a component holds, in words."""
    if np.isnan(regime.probability):
        return _("Component {number} holds no state.").format(number=regime.component + 1)
    return _(
        "Component {number} holds {count:.1f} of {all:,} states ({share:.0%}). Their mean {chance} "
        "is {probability:.2f}; {positive:.0%} of them are predicted {label}; on average they are at "
        "token {place:.1f} of their sentence."
    ).format(
        chance=probability_of(states.target),
        label=shown(states.target.name),
        number=regime.component + 1,
        count=regime.count,
        all=len(states.points),
        share=regime.share,
        probability=regime.probability,
        positive=regime.positive,
        place=regime.index,
    )


def _own(checkpoint: Checkpoint, h: np.ndarray, dimensions: int) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """Along the states' own principal components, whose sign is such that the largest weight is positive."""
    if dimensions > min(len(h) - 1, h.shape[1]):
        raise ValueError(
            _(
                "{count} states of {units} units have at most {most} principal components; {dimensions} were asked for"
            ).format(count=len(h), units=h.shape[1], most=min(len(h) - 1, h.shape[1]), dimensions=dimensions)
        )
    centred = h - h.mean(axis=0)
    _left, lengths, rows = np.linalg.svd(centred, full_matrices=False)
    components = rows[:dimensions]
    largest = np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], axis=1)
    variance = lengths**2
    names = tuple(_("principal component {number}").format(number=number + 1) for number in range(dimensions))
    return centred @ (components * np.sign(largest)).T, names, _shares(variance[:dimensions], float(variance.sum()))


def _of_checkpoint(
    checkpoint: Checkpoint, h: np.ndarray, dimensions: int
) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    space, pair = checkpoint.state_space, targets.chosen(checkpoint).pair
    if space is None:
        raise LookupError(
            _("the checkpoint {name!r} has no axes of its own; available: {axes}").format(
                name=checkpoint.name, axes=OWN
            )
        )
    points = space.along(pair).project(h)[:, :dimensions]
    first = _("along the read-out")
    if not pair.wins_at_half:
        first = _("along the {log_odds}").format(log_odds=log_odds_name(pair))
    names = (first, _("component 1, orthogonal to it"), _("component 2, orthogonal to it"))
    return points, names[:dimensions], _shares(points.var(axis=0), float(h.var(axis=0).sum()))


def _shares(variance: np.ndarray, total: float) -> np.ndarray:
    return variance / total if total else np.zeros_like(variance)
