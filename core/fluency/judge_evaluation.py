"""How good is a judge of word order? Readings, second real orders, originals, minimal pairs, acceptability.

Figures of the readings are of the half that no threshold was chosen on; intervals are Wilson's, 95 %. Areas are under
the ROC curve (Mann–Whitney): the chance that a valid order scores above one that is not, ties counting half.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.stats import rankdata

from core.evaluation.metrics import wilson_interval
from core.fluency.data import Reading
from core.fluency.evaluation import LENGTHS, movable, orders_of, rank_of, summarise
from core.fluency.judge import Judge
from core.fluency.trigram import Scorer
from core.models.predict import sigmoid
from core.text.preprocessing import Preprocessing

PRECISION = 0.85  # on the choosing half, at the threshold
_BINS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8)  # of the reliability curve, between 0 and 1


def choose_threshold(valid: np.ndarray, called_valid: np.ndarray, precision: float = PRECISION) -> float:
    """The lowest P(valid) from which on so large a share was called valid, of P(valid) [N] and bool [N].

    It lies halfway to the next order, so that rounding moves no order across it. Raises ValueError if there is no such
    threshold.
    """
    falling = np.argsort(-valid, kind="stable")
    shares = np.cumsum(called_valid[falling]) / np.arange(1, len(falling) + 1)
    last = np.append(np.diff(valid[falling]) != 0, True)  # of equal ones, all or none
    good = np.flatnonzero((shares >= precision) & last)
    if not len(good):
        raise ValueError(f"no threshold has a precision of {precision:.0%} on the {len(valid):,} readings to choose on")
    return float(valid[falling][good[-1] :][:2].mean())


def calibration(judge: Judge, readings: Sequence[Reading]) -> tuple[float, float]:
    """Slope and intercept of Platt's logistic regression of "valid" on the judge's log-odds (Platt 1999).

    Slope at least 0.01, so that orders keep their ranks.
    """
    log_odds = judge.score([reading.tokens for reading in readings])
    valid = np.array([reading.valid for reading in readings])

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        calibrated = line[0] * log_odds + line[1]
        off = sigmoid(calibrated) - valid
        return np.logaddexp(0, np.where(valid, -calibrated, calibrated)).sum(), np.array([off @ log_odds, off.sum()])

    slope, intercept = minimize(loss, np.array([1.0, 0.0]), jac=True, bounds=((0.01, 100), (-100, 100))).x
    return float(slope), float(intercept)


def read_orders(judge: Judge, readings: Sequence[Reading]) -> np.ndarray:
    """P(valid) float64 [N] of the orders that were read."""
    probabilities: np.ndarray = sigmoid(judge.score([reading.tokens for reading in readings]))
    return probabilities


def area(scores: np.ndarray, valid: np.ndarray) -> float:
    """Area under the ROC curve of scores [N] for bool [N]."""
    positive, count = int(valid.sum()), len(valid)
    ranks = rankdata(scores)
    return float((ranks[valid].sum() - positive * (positive + 1) / 2) / (positive * (count - positive)))


def of_readings(judge: Judge, readings: Sequence[Reading], others: Sequence[Scorer] = ()) -> dict[str, Any]:
    """Agreement of the readers; precision, recall, reliability and figures by length of the reporting half; and areas,
    beside them those of other scorers, by the difference from the original, on both halves."""
    probabilities, valid = read_orders(judge, readings), np.array([reading.valid for reading in readings])
    reporting = np.array([reading.part == "report" for reading in readings])
    accepted = probabilities >= judge.threshold
    lengths = np.array([movable(reading.tokens) for reading in readings])
    tokens, originals = ([list(getattr(one, name)) for one in readings] for name in ("tokens", "original"))
    answers = np.array([[answer == "v" for answer in reading.answers] for reading in readings])
    pairs = [(a, b) for a in range(answers.shape[1]) for b in range(a)]
    return {
        "readers": answers.shape[1],
        "orders": len(readings),
        "called_valid": [int(count) for count in answers.sum(axis=0)],
        "valid": int(valid.sum()),
        "agreement": float(np.mean([(answers[:, a] == answers[:, b]).mean() for a, b in pairs])),
        "kappa": float(np.mean([_kappa(answers[:, a], answers[:, b]) for a, b in pairs])),
        "threshold": judge.threshold,
        "choice": _at_threshold(accepted[~reporting], valid[~reporting]),
        "report": _at_threshold(accepted[reporting], valid[reporting]),
        "best": {str(k): float(valid[np.argsort(-probabilities)[:k]].mean()) for k in (25, 50, 100)},
        "by_words": [
            {"words": int(count), **_at_threshold(accepted[rows], valid[rows])}
            for count in np.unique(lengths[reporting])
            for rows in [reporting & (lengths == count)]
        ],
        "reliability": _reliability(probabilities[reporting], valid[reporting]),
        "area": area(probabilities, valid),
        "other_areas": {other.name: area(other.score(tokens) - other.score(originals), valid) for other in others},
    }


def _kappa(a: np.ndarray, b: np.ndarray) -> float:
    """Cohen's κ of two readers' bool [N]."""
    by_chance = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
    return float(((a == b).mean() - by_chance) / (1 - by_chance)) if by_chance < 1 else 1.0


def _at_threshold(accepted: np.ndarray, valid: np.ndarray) -> dict[str, Any]:
    hits, count, all_valid = int((accepted & valid).sum()), int(accepted.sum()), int(valid.sum())
    return {
        "orders": len(valid),
        "valid": all_valid,
        "accepted": count,
        "precision": hits / count if count else None,
        "precision_interval": wilson_interval(hits, count) if count else None,
        "recall": hits / all_valid if all_valid else None,
        "recall_interval": wilson_interval(hits, all_valid) if all_valid else None,
    }


def _reliability(probabilities: np.ndarray, valid: np.ndarray) -> list[dict[str, Any]]:
    """By range of P(valid): how many orders, their mean P(valid), and the share that was called valid."""
    number = np.digitize(probabilities, _BINS)
    return [
        {
            "from": low,
            "orders": int(rows.sum()),
            "mean": float(probabilities[rows].mean()),
            "valid": float(valid[rows].mean()),
            "interval": wilson_interval(int(valid[rows].sum()), int(rows.sum())),
        }
        for bin_, low in enumerate((0.0, *_BINS))
        if (rows := number == bin_).any()
    ]


def of_orders(judge: Judge, sentences: Sequence[Sequence[str]]) -> Iterator[list[dict[str, Any]]]:
    """Ranks of sentences among all orders of their words, by number of words; an event a sentence, of those so far."""
    ranks = []
    for tokens in sentences:
        ranks.append((movable(tokens), rank_of(judge.log_odds(tokens, orders_of(tokens)))))
        yield [vars(summary) for summary in summarise(ranks)]


def of_second_orders(judge: Judge, sets: Sequence[Sequence[Sequence[str]]]) -> dict[str, Any]:
    """Of sets of 5 to 8 words with several real orders: how often each but the first is among the first hundredth.

    Of the 120 orders of five words that is the first one alone, and the real ones contend for it.
    """
    top: list[tuple[int, bool]] = []
    sets = [orders for orders in sets if len(orders[0]) in LENGTHS]
    for first, *rest in sets:
        orders = orders_of(first)
        texts = {tuple(first[place] for place in row): number for number, row in enumerate(orders)}
        scores = judge.log_odds(first, orders)
        top += [(len(first), rank_of(scores, texts[tuple(other)]).in_top) for other in rest]
    return {"word_sets": len(sets), **_among(top)} | {
        "by_words": [
            {"words": words, **_among([one for one in top if one[0] == words])}
            for words in LENGTHS
            if any(one[0] == words for one in top)
        ]
    }


def _among(top: Sequence[tuple[int, bool]]) -> dict[str, Any]:
    hits = sum(hit for _words, hit in top)
    return {"orders": len(top), "top": hits / len(top), "interval": wilson_interval(hits, len(top))} if top else {}


def of_acceptability(judge: Judge, texts: Sequence[str], labels: np.ndarray, preprocessing: Preprocessing) -> float:
    """Area under the ROC curve for sentences that linguists called acceptable (1) or not (0)."""
    return area(judge.score([preprocessing(text) for text in texts]), labels.astype(bool))
