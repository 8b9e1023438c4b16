"""Does boosting trained models beat the best of them? SAMME over fixed voters, fitted on half of a file, then tested.

Each round takes the voter with the least weighted error; its α are summed to its weight. Boosting ends where no voter
is better than chance. α is never below 0, so an early round's excess stays, and the final risk can exceed the minimum
over weights ≥ 0, which L-BFGS-B finds (the risk is convex in the weights).

With two classes, a weighted vote of three voters is always one voter's (its weight exceeds the sum of the others) or
the majority's. `amount` says which, by enumerating all votes. With more classes the plain vote may be a tie, which the
weights decide; there they change nothing else if the vote is the majority's.

Differences of accuracy are paired, on the test half, with the normal 95 % interval of McNemar's discordant pairs
(`core.evaluation.metrics.paired_interval`). It covers the draw of the rows, not the training of the models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.data import targets
from core.lab.boosting.samme import Boosting, Learner, boost, exponents, one_hot
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.data.corpus import Corpus
    from core.models.checkpoints import Checkpoint

ROUNDS, SEED = 200, 0
FEWEST_ROWS = 20
MOST_VOTERS = 12
ONE, MAJORITY, OWN, MANY = "one", "majority", "own", "many"
BEST, MEAN = "best", "mean"
_MOST_VOTES = 1_000_000  # ways of voting that are tried
_HEAVIEST = 20.0  # a weight without a bound would grow for ever where some voters are never wrong


@dataclass(frozen=True)
class Voter:
    """A model as a voter: the sum of its α, how many rounds took it, its accuracy on both halves.

    `least_weight` is its weight where the risk of the fit half is least.
    """

    name: str
    hash: str
    weight: float
    rounds: int
    least_weight: float
    fit_accuracy: float
    test_accuracy: float
    test_interval: tuple[float, float]


@dataclass(frozen=True)
class VoterRound:
    """A round: the voter taken, its ε and α, the risk on the fit half after it."""

    number: int
    voter: str
    error: float
    alpha: float
    risk: float


@dataclass(frozen=True)
class Against:
    """The ensemble's accuracy minus another's on the test half, paired, with its 95 % interval.

    The other is the single model ``best`` on the fit half, the ``majority`` vote or the ``mean`` of the probabilities.
    `only_ensemble` and `only_other` count the rows where only one is right; `same`: equal verdicts on every row.
    """

    other: str
    other_accuracy: float
    difference: float
    interval: tuple[float, float]
    only_ensemble: int
    only_other: int
    same: bool

    @property
    def finding(self) -> str:
        """``better``, ``worse``, ``same`` (every verdict) or ``none`` (no difference is shown)."""
        low, high = self.interval
        return "same" if self.same else "better" if low > 0 else "worse" if high < 0 else "none"


@dataclass(frozen=True)
class Amount:
    """What a weighted vote comes down to: ``one`` voter, whose name is given, the ``majority``, or its ``own`` rule.

    ``many``: there are too many ways of voting to say. `ties`: a majority vote may be a tie, which the weights decide.
    """

    to: str
    voter: str | None
    ties: bool = False


@dataclass(frozen=True)
class Ensemble:
    """Boosted models on one labelled file, split by a seed.

    `best` is the most accurate model on the fit half, `risk` that half's after the last round, `least_risk` the minimum
    over weights ≥ 0; `amounts_to` and `least_amounts_to` say what the two votes amount to. `trained_on` names models
    that were trained on this very file.
    """

    data: str
    sha256: str
    rows: int
    drawn_from: int | None
    skipped: int
    seed: int
    fit_rows: int
    test_rows: int
    voters: tuple[Voter, ...]
    rounds: tuple[VoterRound, ...]
    stopped: str
    best: str
    accuracy: float
    accuracy_interval: tuple[float, float]
    amounts_to: Amount
    risk: float
    least_risk: float
    least_amounts_to: Amount
    against: tuple[Against, ...]
    trained_on: tuple[str, ...] = ()


class EnsembleProgress(NamedTuple):
    """`done` of `models` have read the file; the ensemble as soon as it is there."""

    done: int
    models: int
    ensemble: Ensemble | None = None

    def result(self) -> Ensemble | None:
        """The ensemble, if all models have read."""
        return self.ensemble


def measure(
    corpus: Corpus,
    checkpoints: Sequence[Checkpoint],
    *,
    seed: int = SEED,
    rounds: int = ROUNDS,
    check_cancelled: Callable[[], object] = lambda: None,
) -> Iterator[EnsembleProgress]:
    """Boost models on half of a corpus and test them on the other half.

    `check_cancelled` is called before every batch. Raises ValueError for fewer than two models or too many, too few
    rows, a fit half that lacks a class, and where no model is better than chance on it.
    """
    from core.data.corpus import encode
    from core.models.predict import logits

    if not 2 <= len(checkpoints) <= MOST_VOTERS:
        raise ValueError(
            _("an ensemble has 2 to {most} models; given: {count}").format(most=MOST_VOTERS, count=len(checkpoints))
        )
    labels = corpus.labelling.names
    for checkpoint in checkpoints:
        if checkpoint.labels != labels:
            raise ValueError(
                _(
                    "the models of an ensemble need the same classes: {name} has {classes}, {model} predicts {others}"
                ).format(
                    name=corpus.name,
                    classes=", ".join(labels),
                    model=checkpoint.name,
                    others=", ".join(checkpoint.labels),
                )
            )
    fit, test = halves(len(corpus), seed)
    here = set(corpus.labels[fit].tolist())
    if missing := [name for number, name in enumerate(labels) if number not in here]:
        raise ValueError(
            _("{name}: the half used for fitting ({count:,} rows in all) has no row of {labels}").format(
                name=corpus.name, count=len(corpus), labels=", ".join(missing)
            )
        )
    probabilities = np.empty((len(checkpoints), len(corpus), *targets.axis(labels)))
    for number, checkpoint in enumerate(checkpoints):
        yield EnsembleProgress(number, len(checkpoints))
        sentences = encode(corpus.texts, checkpoint.preprocessing, checkpoint.vocabulary)
        scores = logits(checkpoint.model.every, sentences, check_cancelled=check_cancelled)
        probabilities[number] = targets.probabilities(scores)
    yield EnsembleProgress(
        len(checkpoints),
        len(checkpoints),
        ensemble(corpus, checkpoints, probabilities, fit, test, seed=seed, rounds=rounds),
    )


def ensemble(
    corpus: Corpus,
    checkpoints: Sequence[Checkpoint],
    probabilities: np.ndarray,
    fit: np.ndarray,
    test: np.ndarray,
    *,
    seed: int,
    rounds: int = ROUNDS,
) -> Ensemble:
    """The same from probabilities float64 of the second class [models, N], or [models, N, K], fitted on the rows `fit`
    and tested on the rows `test`."""
    from core.evaluation.metrics import wilson_interval

    labels = corpus.labels.astype(np.int64)
    names, classes = [checkpoint.name for checkpoint in checkpoints], len(corpus.labelling.names)
    named = np.stack([targets.predicted_of(one) for one in probabilities]).astype(np.int64)  # [models, N]
    boosting = boost(labels[fit], classes, chooser(named[:, fit], labels[fit]), rounds)
    if not boosting.rounds:
        raise ValueError(
            _(
                "{name}: no model beats chance on the {count:,} rows used for fitting, so none gets a vote: {shares}"
            ).format(
                name=corpus.name,
                count=len(fit),
                shares=", ".join(
                    _("{model}: accuracy {share:.1%}").format(model=name, share=share)
                    for name, share in zip(names, _shares(named, labels, fit), strict=True)
                ),
            )
        )
    weights, taken = weights_of(boosting, len(names))
    least, least_risk = least_risk_weights(named[:, fit], labels[fit], classes)
    verdicts = weighted(named, weights, classes)[test]
    right = verdicts == labels[test]
    fit_accuracy = _shares(named, labels, fit)
    test_right = named[:, test] == labels[test]
    best = int(fit_accuracy.argmax())
    others = (
        (BEST, named[best, test]),
        (MAJORITY, weighted(named, np.ones(len(names)), classes)[test]),
        (MEAN, targets.predicted_of(probabilities.mean(axis=0)).astype(np.int64)[test]),
    )
    return Ensemble(
        data=corpus.name,
        sha256=corpus.sha256,
        rows=len(corpus),
        drawn_from=corpus.drawn_from,
        skipped=corpus.skipped,
        seed=seed,
        fit_rows=len(fit),
        test_rows=len(test),
        voters=tuple(
            Voter(
                checkpoint.name,
                checkpoint.hash,
                float(weights[index]),
                int(taken[index]),
                float(least[index]),
                float(fit_accuracy[index]),
                float(test_right[index].mean()),
                wilson_interval(int(test_right[index].sum()), len(test)),
            )
            for index, checkpoint in enumerate(checkpoints)
        ),
        rounds=tuple(
            VoterRound(round_.number, names[round_.learnt], round_.error, round_.alpha, round_.risk)
            for round_ in boosting.rounds
        ),
        stopped=boosting.stopped,
        best=names[best],
        accuracy=float(right.mean()),
        accuracy_interval=wilson_interval(int(right.sum()), len(test)),
        amounts_to=amount(weights, names, classes),
        risk=boosting.rounds[-1].risk,
        least_risk=least_risk,
        least_amounts_to=amount(least, names, classes),
        against=tuple(against(name, verdicts, other, labels[test]) for name, other in others),
        trained_on=tuple(
            checkpoint.name
            for checkpoint in checkpoints
            if checkpoint.card.get("data", {}).get("sha256") == corpus.sha256
        ),
    )


def halves(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to fit on and to test on, each ascending, drawn from a seed.

    Raises ValueError for fewer than `FEWEST_ROWS` rows.
    """
    if rows < FEWEST_ROWS:
        raise ValueError(
            _("{rows:,} labelled rows are too few to split in half; expected {fewest} or more").format(
                rows=rows, fewest=FEWEST_ROWS
            )
        )
    order = np.random.default_rng(seed).permutation(rows)
    return np.sort(order[: rows // 2]), np.sort(order[rows // 2 :])


def chooser(named: np.ndarray, labels: np.ndarray) -> Learner:
    """A learner that takes the fixed voter, its index, with the least weighted error; `named` int64 [voters, N]."""
    wrong = named != labels

    def learn(weights: np.ndarray) -> tuple[int, np.ndarray]:
        index = int((wrong @ weights).argmin())
        return index, named[index]

    return learn


def weights_of(boosting: Boosting, voters: int) -> tuple[np.ndarray, np.ndarray]:
    """The sum of each fixed voter's α and the rounds that took it, both [voters]; a perfect one alone has weight."""
    weights, taken = np.zeros(voters), np.zeros(voters, dtype=np.int64)
    for round_ in boosting.rounds:
        index = round_.learnt
        taken[index] += 1
        if np.isinf(round_.alpha):
            weights[:] = 0
            weights[index] = 1.0
        else:
            weights[index] += round_.alpha
    return weights, taken


def weighted(named: np.ndarray, weights: np.ndarray, classes: int = 2) -> np.ndarray:
    """The class whose voters weigh most, the first of several, int64 [N]; `named` int64 [voters, N]."""
    return np.asarray(_votes(named, weights, classes).argmax(axis=0))


def _votes(named: np.ndarray, weights: np.ndarray, classes: int) -> np.ndarray:
    """What the voters for each class weigh, float64 [K, N]."""
    return np.stack([weights @ (named == number).astype(np.int64) for number in range(classes)])


def least_risk_weights(named: np.ndarray, labels: np.ndarray, classes: int = 2) -> tuple[np.ndarray, float]:
    """The weights of fixed voters, each 0 to `_HEAVIEST`, with the least exponential risk, and that risk.

    `named` int64 [voters, N]. The risk is convex in the weights.
    """
    from scipy.optimize import minimize

    # A row counts once for all others on which the voters are right and wrong alike.
    terms = np.array([exponents(one_hot(one, classes), labels) for one in named])  # [voters, N], −1 or 1/(K − 1)
    patterns, counts = np.unique(terms, axis=1, return_counts=True)

    def risk(weights: np.ndarray) -> tuple[float, np.ndarray]:
        parts = counts * np.exp(weights @ patterns) / len(labels)
        return float(parts.sum()), patterns @ parts

    solution = minimize(risk, np.zeros(len(named)), jac=True, method="L-BFGS-B", bounds=[(0, _HEAVIEST)] * len(named))
    return solution.x, float(solution.fun)


def amount(weights: np.ndarray, names: Sequence[str], classes: int = 2) -> Amount:
    """What a weighted vote between K classes amounts to.

    Every way of voting is tried: the vote is one voter's where it agrees with that on all, or, of an odd number of
    voters, the plain majority's where it agrees with that on all in which one class has the most voters.
    """
    used = min(classes, len(weights))  # more classes cannot be named at once
    if used ** len(weights) > _MOST_VOTES:
        return Amount(MANY, None)
    patterns = np.indices((used,) * len(weights)).reshape(len(weights), -1)  # [voters, ways]
    verdicts = weighted(patterns, weights, used)
    for index in np.argsort(-weights, kind="stable"):
        if (verdicts == patterns[index]).all():
            return Amount(ONE, names[index])
    plain = _votes(patterns, np.ones(len(weights)), used)
    decided = (plain == plain.max(axis=0)).sum(axis=0) == 1
    majority = len(weights) % 2 == 1 and (verdicts == plain.argmax(axis=0))[decided].all()
    return Amount(MAJORITY, None, not decided.all()) if majority else Amount(OWN, None)


def against(name: str, verdicts: np.ndarray, others: np.ndarray, labels: np.ndarray) -> Against:
    """How much more often some verdicts [N] are right than others on the same rows."""
    from core.evaluation.metrics import paired_interval

    right, other = verdicts == labels, others == labels
    difference, low, high = paired_interval(right, other)
    return Against(
        name,
        float(other.mean()),
        difference,
        (low, high),
        int((right & ~other).sum()),
        int((other & ~right).sum()),
        bool((verdicts == others).all()),
    )


def _shares(named: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """How many of the rows each voter has right, float64 [voters]."""
    return np.asarray((named[:, rows] == labels[rows]).mean(axis=1))
