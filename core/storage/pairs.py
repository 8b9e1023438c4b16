"""Pairs that a person kept: a text and another order of its words, with the person's judgement of that order.

The judgements measure the fluency gate, which lets an order through when its fluency is at most `floor` nats below the
original's: its precision is the share judged valid among those it let through.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from core.evaluation.metrics import wilson_interval
from core.storage.database import PAIRS, Table, check_choice, number

VALID, ODD, NOT_ENGLISH, UNSURE = ("valid", "odd", "not English", "unsure")
NOT_VALID = "not valid"  # odd or not English, as older files have it
JUDGEMENTS = (VALID, ODD, NOT_ENGLISH, UNSURE, NOT_VALID)
# The numbers are those that stood before the person who judged; fluency is kept where the newer call knows none.
_KEEP = """
INSERT INTO pairs (created, original, other, model, probability_original, probability_other,
                   fluency_original, fluency_other, scorer, floor, judgement, note,
                   target, against, label_original, label_other)
VALUES (:created, :original, :other, :model, :probability_original, :probability_other,
        :fluency_original, :fluency_other, :scorer, :floor, :judgement, coalesce(:note, ''),
        :target, :against, :label_original, :label_other)
ON CONFLICT (model, original, other) DO UPDATE SET
    probability_original = :probability_original,
    probability_other = :probability_other,
    target = :target,
    against = :against,
    label_original = :label_original,
    label_other = :label_other,
    fluency_original = CASE WHEN :scorer IS NULL THEN fluency_original ELSE :fluency_original END,
    fluency_other = CASE WHEN :scorer IS NULL THEN fluency_other ELSE :fluency_other END,
    floor = CASE WHEN :scorer IS NULL THEN floor ELSE :floor END,
    scorer = coalesce(:scorer, scorer),
    judgement = :judgement,
    note = coalesce(:note, note)
RETURNING *
"""


@dataclass(frozen=True)
class Pair:
    """A kept pair: `other` is an order of `original`'s words, with one of `JUDGEMENTS`.

    `created` is in UTC (ISO 8601). Probabilities are P(`target`), or with `against` the target's share of these two; of
    pairs from before version 4 of the schema, P(second class). `label_original` and `label_other` are the verdicts.
    Fluencies are the named scorer's, in nats; `floor` is
    how far below the original the gate let an order fall, in nats. What is not known of these is None.
    """

    id: int
    created: str
    original: str
    other: str
    model: str
    probability_original: float
    probability_other: float
    fluency_original: float | None
    fluency_other: float | None
    scorer: str | None
    floor: float | None
    judgement: str
    note: str
    target: str | None = None
    against: str | None = None
    label_original: str | None = None
    label_other: str | None = None


@dataclass(frozen=True)
class Precision:
    """How often an order that one scorer's gate let through was judged valid.

    `precision` is `valid` / `judged`, with Wilson's 95 % `interval`; both are None where nothing was judged. Not in
    `judged`: `unsure` pairs, pairs that the gate kept out (`outside`) and pairs whose floor is not known (`unknown`).
    """

    scorer: str
    valid: int
    judged: int
    precision: float | None
    interval: tuple[float, float] | None
    unsure: int
    outside: int
    unknown: int


class Collection(Table[Pair]):
    """The pairs in one file."""

    name, kind, searched = PAIRS, Pair, ("original", "other", "note")

    def keep(
        self,
        *,
        original: str,
        other: str,
        model: str,
        probability_original: float,
        probability_other: float,
        judgement: str,
        fluency_original: float | None = None,
        fluency_other: float | None = None,
        scorer: str | None = None,
        floor: float | None = None,
        note: str | None = None,
        target: str | None = None,
        against: str | None = None,
        label_original: str | None = None,
        label_other: str | None = None,
    ) -> Pair:
        """Keep a pair; the same texts and model again take the new judgement and numbers, and the note if there is one.

        Raises ValueError for an unknown judgement, a number that is none, fluencies without their scorer, or a text
        with half a surrogate pair, which SQLite cannot hold.
        """
        check_choice("judgement", judgement, JUDGEMENTS)
        texts = {"original": original, "other": other, "model": model, "scorer": scorer, "note": note}
        texts |= {"target": target, "against": against, "label_original": label_original, "label_other": label_other}
        numbers = {
            "probability_original": probability_original,
            "probability_other": probability_other,
            "fluency_original": fluency_original,
            "fluency_other": fluency_other,
            "floor": floor,
        }
        if len({scorer is None, fluency_original is None, fluency_other is None}) > 1:
            raise ValueError("the fluencies of both texts and their scorer are kept together, or none of them")
        values = {name: number(name, value, *_bounds(name)) for name, value in numbers.items()}
        return self._write(_KEEP, texts, {**values, "judgement": judgement})

    def pairs(self, judgement: str | None = None, model: str | None = None, contains: str | None = None) -> list[Pair]:
        """Kept pairs, newest first: of one judgement, of one model, with `contains` in a text or note.

        Raises ValueError for an unknown judgement.
        """
        if judgement is not None:
            check_choice("judgement", judgement, JUDGEMENTS)
        return self._chosen(contains, judgement=judgement, model=model)

    def precision(self) -> list[Precision]:
        """The measured precision of the fluency gate, a row per scorer, by name.

        The same two texts, kept for several models, count once, and as unsure where they were judged both ways. The
        pairs that people kept need not be like those that the gate lets through unseen.
        """
        by_scorer: dict[str, list[Pair]] = {}
        for pair in self.all():
            if pair.scorer is not None:
                by_scorer.setdefault(pair.scorer, []).append(pair)
        return [_precision(scorer, pairs) for scorer, pairs in sorted(by_scorer.items())]


def _bounds(name: str) -> tuple[float, float]:
    """The range of what a number measures."""
    return (0.0, 1.0) if name.startswith("probability") else (0.0 if name == "floor" else -math.inf, math.inf)


def _precision(scorer: str, pairs: Iterable[Pair]) -> Precision:
    passed: dict[tuple[str, str], set[str]] = {}
    outside, unknown = set(), set()
    for pair in pairs:
        texts = (pair.original, pair.other)
        if pair.floor is None or pair.fluency_original is None or pair.fluency_other is None:
            unknown.add(texts)
        elif pair.fluency_other >= pair.fluency_original - pair.floor:
            passed.setdefault(texts, set()).add(pair.judgement)
        else:
            outside.add(texts)
    decided = [{one == VALID for one in judgements - {UNSURE}} for judgements in passed.values()]
    valid = decided.count({True})
    judged = valid + decided.count({False})
    return Precision(
        scorer=scorer,
        valid=valid,
        judged=judged,
        precision=valid / judged if judged else None,
        interval=wilson_interval(valid, judged) if judged else None,
        unsure=len(decided) - judged,
        outside=len(outside - passed.keys()),
        unknown=len(unknown - passed.keys() - outside),
    )
