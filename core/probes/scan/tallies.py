"""What does a model make of many rows? Counts and sums that can be added up, whoever has counted which rows.

A mean is the sum of probabilities over the rows scored; a histogram has `BINS` equal bins from 0 to 1, 1 being in the
last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from core.data import targets
from core.probes.scan.scoring import Output

BINS = 20
LISTED = 20  # problems listed; all are counted, and named in the output


class Problem(NamedTuple):
    """A row that could not be read or scored; `line` is None in parquet."""

    file: str
    row: int
    line: int | None
    reason: str


class ClassTally(NamedTuple):
    """In how many rows a class is predicted, and the sum of its probabilities."""

    predicted: int = 0
    total: float = 0.0

    def plus(self, other: ClassTally) -> ClassTally:
        """Of the rows of both."""
        return ClassTally(self.predicted + other.predicted, self.total + other.total)


@dataclass(frozen=True)
class Tally:
    """One model's answers to `scored` rows, of the probability that is written (`scoring.Output`): its sum, how many
    are in each bin, and in how many rows its target is predicted (`positive`).

    `classes` has what each class came to, by name, only of models whose target is each row's own or one of many.
    """

    scored: int = 0
    positive: int = 0
    total: float = 0.0
    histogram: tuple[int, ...] = (0,) * BINS
    classes: Mapping[str, ClassTally] = field(default_factory=dict)

    @classmethod
    def of(cls, probabilities: np.ndarray, output: Output) -> Tally:
        """Of probabilities [N] or [N, K], "not a number" where a row was not scored."""
        chances = output.chances(probabilities)
        there = np.isfinite(chances)
        scored, answers = chances[there], probabilities[there]
        counts, _ = np.histogram(scored, bins=BINS, range=(0, 1))
        predicted = targets.predicted_of(answers)
        positive = np.ones(len(scored), bool) if output.target is None else predicted == output.target.number
        classes = {}
        if targets.default(output.labels) is None:
            sums = answers.sum(axis=0).tolist()
            classes = {
                name: ClassTally(int((predicted == number).sum()), total)
                for number, (name, total) in enumerate(zip(output.labels, sums, strict=True))
            }
        return cls(len(scored), int(positive.sum()), float(scored.sum()), tuple(counts.tolist()), classes)

    def __add__(self, other: Tally) -> Tally:
        histogram = tuple(one + two for one, two in zip(self.histogram, other.histogram, strict=True))
        classes = {
            name: self.classes.get(name, ClassTally()).plus(other.classes.get(name, ClassTally()))
            for name in {**self.classes, **other.classes}
        }
        positive, total = self.positive + other.positive, self.total + other.total
        return Tally(self.scored + other.scored, positive, total, histogram, classes)

    @property
    def share_positive(self) -> float | None:
        """The share of the rows scored in which the target is predicted; None without any."""
        return self.positive / self.scored if self.scored else None

    @property
    def mean(self) -> float | None:
        """Of the probabilities; None where no row was scored."""
        return self.total / self.scored if self.scored else None

    def as_json(self) -> dict[str, object]:
        """What is reported of it: the share that is predicted of one class, or of each of many."""
        by_class = {
            name: {
                "predicted": one.predicted,
                "share": one.predicted / self.scored if self.scored else None,
                "mean": one.total / self.scored if self.scored else None,
            }
            for name, one in self.classes.items()
        }
        shares = {"classes": by_class} if by_class else {"share_positive": self.share_positive}
        return {"scored": self.scored, **shares, "mean": self.mean, "histogram": self.histogram}


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

    def as_json(self) -> dict[str, Any]:
        """All of it, for `from_json`."""
        values = asdict(self)
        for tally in values["models"].values():
            if not tally["classes"]:
                del tally["classes"]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Summary:
        """What `as_json` gave."""
        tallies = {
            name: Tally(
                **{
                    **tally,
                    "histogram": tuple(tally["histogram"]),
                    "classes": {name: ClassTally(*one) for name, one in tally.get("classes", {}).items()},
                }
            )
            for name, tally in values["models"].items()
        }
        problems = tuple(Problem(*problem) for problem in values["problems"])
        return cls(**{**values, "models": tallies, "problems": problems})
