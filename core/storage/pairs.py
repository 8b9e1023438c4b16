"""Which found pairs did a person keep, and what did they say of them? One SQLite file, shared by sessions.

A pair is an original text and another order of its words, with a model's verdicts, the fluency of both, and a person's
own judgement of the other order. The judgements measure the fluency gate, which lets an order through when its fluency
is at most `floor` nats below the original's: its precision is the share judged valid among those it let through.

The file and how it is shared stand in `core.storage.database`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from core.data.tables import as_csv
from core.evaluation.metrics import wilson_interval
from core.storage.database import PAIRS, CollectionFile, now, number, stands_in, storable
from core.storage.database import default_path as default_path

VALID, NOT_VALID, UNSURE = JUDGEMENTS = ("valid", "not valid", "unsure")
# The numbers are those that stood before the person who judged; fluency is kept where the newer call knows none.
_KEEP = """
INSERT INTO pairs (created, original, other, model, probability_original, probability_other,
                   fluency_original, fluency_other, scorer, floor, judgement, note)
VALUES (:created, :original, :other, :model, :probability_original, :probability_other,
        :fluency_original, :fluency_other, :scorer, :floor, :judgement, coalesce(:note, ''))
ON CONFLICT (model, original, other) DO UPDATE SET
    probability_original = :probability_original,
    probability_other = :probability_other,
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
    """A kept pair: `other` is an order of `original`'s words, judged ``valid``, ``not valid`` or ``unsure``.

    `created` is in UTC (ISO 8601). Probabilities are P(positive). Fluencies are the named scorer's, in nats; `floor` is
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


@dataclass(frozen=True)
class Precision:
    """How often an order that one scorer's gate let through was judged valid.

    `precision` is `valid` / `judged`, with Wilson's 95 % `interval`; both are None where nothing was judged. Not in
    `judged`: `unsure` pairs, pairs that the gate kept out (`outside`) and pairs whose floor is not known (`unknown`).
    """

    scorer: str
    floor: float | None
    valid: int
    judged: int
    precision: float | None
    interval: tuple[float, float] | None
    unsure: int
    outside: int
    unknown: int


class Collection:
    """The pairs in one file, which the first `keep` makes.

    Every method raises ValueError for a file that is no collection or a newer program's, and OSError for one that
    cannot be read or written where it stands.
    """

    def __init__(self, path: str | Path | None = None):
        self._file = CollectionFile(path)
        self.path = self._file.path

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
    ) -> Pair:
        """Keep a pair; the same texts and model again take the new judgement and numbers, and the note if there is one.

        Raises ValueError for an unknown judgement, a number that is none, fluencies without their scorer, or a text
        with half a surrogate pair, which SQLite cannot hold.
        """
        _check_judgement(judgement)
        texts = {"original": original, "other": other, "model": model, "scorer": scorer, "note": note}
        numbers = {
            "probability_original": probability_original,
            "probability_other": probability_other,
            "fluency_original": fluency_original,
            "fluency_other": fluency_other,
            "floor": floor,
        }
        if (scorer is None) != (fluency_original is None) or (scorer is None) != (fluency_other is None):
            raise ValueError("the fluencies of both texts and their scorer are kept together, or none of them")
        values = {
            **{name: storable(name, text) for name, text in texts.items()},
            **{name: number(name, value, *_bounds(name)) for name, value in numbers.items()},
            "judgement": judgement,
            "created": now(),
        }
        return Pair(*self._file.keep(_KEEP, values))

    def pairs(self, judgement: str | None = None, model: str | None = None, contains: str | None = None) -> list[Pair]:
        """Kept pairs, newest first: of one judgement, of one model, with `contains` in a text or note as it stands.

        Case is ignored. Raises ValueError for an unknown judgement.
        """
        if judgement is not None:
            _check_judgement(judgement)
        return [
            pair
            for pair in (Pair(*row) for row in self._file.rows(PAIRS))
            if judgement in (None, pair.judgement)
            and model in (None, pair.model)
            and stands_in(contains, (pair.original, pair.other, pair.note))
        ]

    def remove(self, number: int) -> None:
        """Remove the pair of an id. Raises LookupError where there is none (any more)."""
        self._file.remove(PAIRS, number)

    def export_csv(self) -> str:
        """All pairs as CSV with a header, newest first; texts as `as_csv` writes them."""
        return as_csv([field.name for field in fields(Pair)], (astuple(pair) for pair in self.pairs()))

    def precision(self, floor: float | None = None) -> list[Precision]:
        """The measured precision of the fluency gate, a row per scorer, by name.

        `floor` asks what a gate of that floor (nats) would have let through, None what each pair's own did. The same
        two texts, kept for several models, count once, and as unsure where they were judged both ways. It speaks of
        the pairs that people kept, which need not be like those that the gate lets through unseen. Raises ValueError
        for a floor that is no number of at least 0.
        """
        if floor is not None:
            number("floor", floor, *_bounds("floor"))
        scored = [pair for pair in self.pairs() if pair.scorer is not None]
        return [
            _precision(scorer, floor, [pair for pair in scored if pair.scorer == scorer])
            for scorer in sorted({pair.scorer for pair in scored if pair.scorer is not None})
        ]


def _check_judgement(judgement: str) -> None:
    if judgement not in JUDGEMENTS:
        raise ValueError(f"unknown judgement {judgement!r}; available: {', '.join(JUDGEMENTS)}")


def _bounds(name: str) -> tuple[float, float]:
    """The range of what a number measures."""
    return (0.0, 1.0) if name.startswith("probability") else (0.0 if name == "floor" else -math.inf, math.inf)


def _precision(scorer: str, floor: float | None, pairs: Iterable[Pair]) -> Precision:
    passed: dict[tuple[str, str], set[str]] = {}
    outside, unknown = set(), set()
    for pair in pairs:
        texts = (pair.original, pair.other)
        gate = pair.floor if floor is None else floor
        if gate is None or pair.fluency_original is None or pair.fluency_other is None:
            unknown.add(texts)
        elif pair.fluency_other >= pair.fluency_original - gate:
            passed.setdefault(texts, set()).add(pair.judgement)
        else:
            outside.add(texts)
    decided = [judgements - {UNSURE} for judgements in passed.values()]
    valid = decided.count({VALID})
    judged = valid + decided.count({NOT_VALID})
    return Precision(
        scorer=scorer,
        floor=floor,
        valid=valid,
        judged=judged,
        precision=valid / judged if judged else None,
        interval=wilson_interval(valid, judged) if judged else None,
        unsure=len(decided) - judged,
        outside=len(outside - passed.keys()),
        unknown=len(unknown - passed.keys() - outside),
    )
