"""The table of a benchmark: what each method got over many sentences. `attribution.benchmark` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.evaluation.intervals import Mean
from core.probes.attribution.measures import MEASURES

OVERALL = "overall"
COLUMNS = (OVERALL, *MEASURES, "sensitivity")

Measures = Mapping[str, Mean | None]


@dataclass(frozen=True)
class Standing:
    """One method's row of the table.

    `measures` has the mean of each of `COLUMNS`, `gains` the mean paired difference to random rankings, None where no
    sentence could be measured. On `failed` sentences it gave no scores; `failure` is the first one's message. `seconds`
    is its mean time for a sentence.
    """

    method: str
    signed: bool
    measures: Measures
    gains: Measures
    failed: int
    seconds: float
    failure: str = field(default="", compare=False)

    @property
    def is_leave_one_out(self) -> bool:
        """Whether it ranks by leaving one out, so that its τ is 1 by construction."""
        tau = self.measures["loo_tau"]
        return tau is not None and tau.mean > 0.999


@dataclass(frozen=True)
class Benchmark:
    """The table of one model, `complete` once every sentence was measured.

    Of `given` sentences `measured` are in it; `left_out` counts the others by reason. `standings` come best first;
    `random` is what random rankings get. `best` has the highest mean of comprehensiveness − sufficiency, `tied` are
    statistically tied with it, and `lead` is its paired difference to `runner_up`; None without a method. `target` is
    the class that was explained, `against` the one that it was compared with; None for the second of two classes, and
    for each sentence's predicted class of more.
    """

    model: str
    hash: str
    removal: str
    seed: int
    randoms: int
    perturbations: int
    resamples: int
    given: int
    measured: int
    left_out: Mapping[str, int]
    sensitivity_rows: int
    sensitivity_samples: int
    complete: bool
    standings: tuple[Standing, ...]
    random: Measures
    best: str | None
    tied: tuple[str, ...]
    runner_up: str | None
    lead: Mean | None
    target: str | None = None
    against: str | None = None

    @property
    def statement(self) -> str:
        """Which method is the most faithful, in one sentence."""
        first = self.standings[0] if self.standings else None
        overall, gain = (None, None) if first is None else (first.measures[OVERALL], first.gains[OVERALL])
        if first is None or overall is None or gain is None:
            return f"{self.model}: no method was measured on any sentence"
        scope = f"over {overall.rows:,} sentence{'' if overall.rows == 1 else 's'}, words taken out by {self.removal}"
        if self.target is not None:
            scope += f", target {self.target}" + (f" against {self.against}" if self.against else "")
        figure = f"comprehensiveness − sufficiency {_shown(overall)} {scope}"
        if gain.interval[0] <= 0:
            return f"{self.model}: no method is more faithful than random rankings; the highest, {self.best}: {figure}"
        claim = f"{self.model}: {self.best} is the most faithful: {figure}"
        if self.tied:
            return f"{claim}; tied with {', '.join(self.tied)}"
        if self.runner_up is None or self.lead is None:
            return claim
        return f"{claim}; ahead of {self.runner_up} by {_shown(self.lead)}"


def _shown(mean: Mean) -> str:
    low, high = mean.interval
    return f"{mean.mean:.4f} ({low:.4f} to {high:.4f})"
