"""What does a model make of many rows? Counts and sums that can be added up, whoever has counted which rows.

A mean is the sum of probabilities over the rows scored; a histogram has `BINS` equal classes from 0 to 1, 1 being in
the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

BINS = 20
LISTED = 20  # problems listed; all are counted, and named in the output


class Problem(NamedTuple):
    """A row that could not be read or scored; `line` is None in parquet."""

    file: str
    row: int
    line: int | None
    reason: str


@dataclass(frozen=True)
class Tally:
    """One model's probabilities over `scored` rows: how many are 0.5 or more, their sum, how many in each class."""

    scored: int = 0
    positive: int = 0
    total: float = 0.0
    histogram: tuple[int, ...] = (0,) * BINS

    @classmethod
    def of(cls, probabilities: np.ndarray) -> Tally:
        """Of probabilities [N], "not a number" where a row was not scored."""
        scored = probabilities[np.isfinite(probabilities)]
        counts, _ = np.histogram(scored, bins=BINS, range=(0, 1))
        return cls(len(scored), int((scored >= 0.5).sum()), float(scored.sum()), tuple(counts.tolist()))

    def __add__(self, other: Tally) -> Tally:
        histogram = tuple(one + two for one, two in zip(self.histogram, other.histogram, strict=True))
        return Tally(self.scored + other.scored, self.positive + other.positive, self.total + other.total, histogram)

    @property
    def share_positive(self) -> float | None:
        """Of the rows scored; None without any."""
        return self.positive / self.scored if self.scored else None

    @property
    def mean(self) -> float | None:
        """Of the probabilities; None where no row was scored."""
        return self.total / self.scored if self.scored else None


@dataclass(frozen=True)
class Summary:
    """What some rows came to: of `rows`, `empty` have no word, `malformed` could not be read or scored.

    `seconds` is what it took those who read, scored and wrote them, added up. `problems` names the first `LISTED`.
    """

    rows: int = 0
    empty: int = 0
    malformed: int = 0
    seconds: float = 0.0
    models: Mapping[str, Tally] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def __add__(self, other: Summary) -> Summary:
        names = dict.fromkeys([*self.models, *other.models])
        return Summary(
            self.rows + other.rows,
            self.empty + other.empty,
            self.malformed + other.malformed,
            self.seconds + other.seconds,
            {name: self.models.get(name, Tally()) + other.models.get(name, Tally()) for name in names},
            (self.problems + other.problems)[:LISTED],
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Summary:
        """What `dataclasses.asdict` made JSON of."""
        tallies = {
            name: Tally(**{**tally, "histogram": tuple(tally["histogram"])}) for name, tally in values["models"].items()
        }
        problems = tuple(Problem(*problem) for problem in values["problems"])
        return cls(**{**values, "models": tallies, "problems": problems})
