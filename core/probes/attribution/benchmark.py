"""Which method explains a model most faithfully? Every method on the same sentences, beside random rankings.

Each sentence is measured as in `attribution.faithfulness`, for the model's target or without one for the class that it
predicts for the sentence, some of them as in `attribution.sensitivity` too. A method's figure is the mean over
sentences with the percentile bootstrap's 95 % interval (Efron & Tibshirani 1993, the same resamples for all); its gain
over random rankings is the mean of the paired differences.

The most faithful method has the highest mean of comprehensiveness − sufficiency (AOPC of probabilities). A method whose
paired difference to it has an interval that contains 0 is tied with it. Intervals cover the draw of the sentences; they
are not corrected for choosing the best of many methods. A method that removes words as the measure does has an
advantage.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.data.targets import default
from core.evaluation.intervals import RESAMPLES, Mean
from core.models.predictor import BlackBox
from core.probes.attribution.faithfulness import PERTURBATIONS, RANDOMS, yardstick
from core.probes.attribution.removal import BASELINES, CheckCancelled
from core.probes.attribution.results import Instance, Scores
from core.probes.attribution.sensitivity import SAMPLES, moved, random_sensitivity, sensitivity
from core.probes.attribution.standings import COLUMNS, OVERALL, Benchmark, Standing

if TYPE_CHECKING:
    from core.models.predictor import Model

SENSITIVITY_ROWS = 30
LONGEST = 200  # tokens, as no method's time is bounded otherwise
_AT_ONCE = 4_000_000  # weights of the bootstrap at a time

Method = Callable[[Instance], "Scores | np.ndarray"]


class BenchmarkProgress(NamedTuple):
    """`done` of `total` measurements: one a sentence, one more for sensitivity, as `stage` says.

    `result()` is the benchmark so far, which takes a bootstrap.
    """

    stage: str
    done: int
    total: int
    result: Callable[[], Benchmark]


def benchmark(
    checkpoint: Model,
    sentences: Sequence[str],
    methods: Mapping[str, Method],
    *,
    removal: str = "delete",
    seed: int = 0,
    unsigned: Collection[str] = (),
    randoms: int = RANDOMS,
    sensitivity_rows: int = SENSITIVITY_ROWS,
    seconds: float | None = None,
    check_cancelled: CheckCancelled = lambda: None,
) -> Generator[BenchmarkProgress, None, None]:
    """Measure methods on sentences; an event after each of them, and one before the first.

    Sentences of one token or more than `LONGEST` are left out and counted. `unsigned` methods give sizes only. A
    sentence for which a method raises ValueError counts as failed. After `seconds` no further sentence is begun.
    `check_cancelled` is called before every method; what it raises ends the benchmark, and the last event has what was
    measured. Only deletion is possible for a black box, and its sensitivity is not measured.

    Raises ValueError for no method, no sentence, an unknown removal or an invalid limit.
    """
    if not methods:
        raise ValueError("no method was given to measure")
    if not sentences:
        raise ValueError("no sentence was given to measure methods on")
    if removal not in BASELINES:
        raise ValueError(f"unknown removal {removal!r}; available: {', '.join(BASELINES)}")
    if randoms < 1 or sensitivity_rows < 0 or (seconds or 0) < 0:
        raise ValueError(
            "a benchmark needs at least 1 random ranking, at least 0 sentences for sensitivity, and no time below 0; "
            f"given: {randoms:,}, {sensitivity_rows:,} and {seconds or 0:g} s"
        )
    if isinstance(checkpoint, BlackBox):
        if removal != "delete":
            raise ValueError(f"words can only be deleted from what a black box reads; given the removal {removal!r}")
        sensitivity_rows = 0
    measured = _Measurements(checkpoint, methods, removal, seed, unsigned, randoms, len(sentences))
    end = time.monotonic() + (float("inf") if seconds is None else seconds)
    texts = [text for text in sentences if measured.admits(text)]
    again = texts[:sensitivity_rows]
    total = len(texts) + len(again)
    yield BenchmarkProgress("measuring", 0, total, measured.result)
    for done, (row, text) in enumerate([*enumerate(texts), *enumerate(again)], 1):
        if time.monotonic() > end:
            return
        stage = "measuring" if done <= len(texts) else "sensitivity"
        instance = Instance.of(checkpoint, text)
        if stage == "measuring":
            measured.measure(instance, row < len(again), check_cancelled)
        else:
            measured.measure_sensitivity(row, instance, check_cancelled)
        measured.complete = done == total
        yield BenchmarkProgress(stage, done, total, measured.result)


@dataclass
class _Measurements:
    """What was measured so far, sentence by sentence."""

    checkpoint: Model
    methods: Mapping[str, Method]
    removal: str
    seed: int
    unsigned: Collection[str]
    randoms: int
    given: int
    complete: bool = False
    left_out: Counter[str] = field(default_factory=Counter)
    rows: list[np.ndarray] = field(default_factory=list)  # a sentence: [methods, COLUMNS], NaN where not measured
    random: list[np.ndarray] = field(default_factory=list)  # a sentence: [COLUMNS]
    kept: list[dict[str, np.ndarray]] = field(default_factory=list)  # scores of the sentences for sensitivity
    sensitivity_rows: int = 0
    failures: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def admits(self, text: str) -> bool:
        """Whether a sentence is to be measured; one that is not is counted."""
        n = len(self.checkpoint.preprocessing(text))
        if 2 <= n <= LONGEST:
            return True
        reason = "no token" if n == 0 else "a single token" if n == 1 else f"more than {LONGEST:,} tokens"
        self.left_out[reason] += 1
        return False

    def measure(self, instance: Instance, keep: bool, check_cancelled: CheckCancelled) -> None:
        """Every method on one sentence; a cancelled sentence does not count."""
        ground = yardstick(
            instance, self.removal, seed=self.seed, randoms=self.randoms, check_cancelled=check_cancelled
        )
        scores: dict[str, np.ndarray] = {}
        failures: dict[str, str] = {}
        seconds: dict[str, float] = {}
        for name, method in self.methods.items():
            check_cancelled()
            clock = time.perf_counter()
            try:
                scores[name] = ground.check(_scores(method(instance)))
            except ValueError as error:
                failures[name] = str(error)
            finally:
                seconds[name] = time.perf_counter() - clock
        signed = {name: name not in self.unsigned for name in scores}
        ground.ask(list(scores.values()), signed=list(signed.values()))
        row = np.full((len(self.methods), len(COLUMNS)), np.nan)
        for number, name in enumerate(self.methods):
            if name in scores:
                result = ground.measure(scores[name], signed=signed[name])
                values = [getattr(result, column) for column in COLUMNS[:-1]]
                row[number, :-1] = [np.nan if value is None else value for value in values]
        random = {name: np.nan if spread is None else spread.mean for name, spread in ground.random.items()}
        random[OVERALL] = random["comprehensiveness"] - random["sufficiency"]
        self.rows.append(row)
        self.random.append(np.array([random.get(column, np.nan) for column in COLUMNS]))
        for name, taken in seconds.items():
            self.seconds[name] += taken
        for name, reason in failures.items():
            self.failures.setdefault(name, []).append(reason)
        if keep:
            self.kept.append(scores)

    def measure_sensitivity(self, row: int, instance: Instance, check_cancelled: CheckCancelled) -> None:
        """Every method on one sentence that was measured before."""
        column = COLUMNS.index("sensitivity")
        values = np.full(len(self.methods), np.nan)
        instances = moved(instance, self.seed)
        for number, (name, method) in enumerate(self.methods.items()):
            if not instances or name not in self.kept[row]:
                continue
            others = []
            try:
                for other in instances:
                    check_cancelled()
                    others.append(_scores(method(other)))
            except ValueError:  # it explained the sentence, but not the slightly moved one
                continue
            values[number] = sensitivity(self.kept[row][name], others)
        if not np.isnan(values).all():
            self.random[row][column] = random_sensitivity(len(instance.tokens), self.seed)
        self.rows[row][:, column] = values
        self.sensitivity_rows += 1

    def result(self) -> Benchmark:
        """The benchmark so far."""
        names = list(self.methods)
        shape = (len(self.rows), len(names), len(COLUMNS))
        measured = np.array(self.rows).reshape(shape)
        random = np.array(self.random).reshape(shape[0], shape[2])
        means = _means(measured, self.seed)
        gains = _means(measured - random[:, None, :], self.seed)
        standings = [
            Standing(
                method=name,
                signed=name not in self.unsigned,
                measures=dict(zip(COLUMNS, means[number], strict=True)),
                gains=dict(zip(COLUMNS, gains[number], strict=True)),
                failed=len(failures := self.failures.get(name, [])),
                seconds=self.seconds[name] / max(1, len(self.rows)),
                failure=failures[0] if failures else "",
            )
            for number, name in enumerate(names)
        ]
        standings.sort(key=lambda standing: -_mean(standing.measures[OVERALL]))
        best, tied, runner_up, lead = None, [], None, None
        ranked = [standing.method for standing in standings if standing.measures[OVERALL] is not None]
        if ranked:
            best, *others = ranked
            overall = measured[:, :, COLUMNS.index(OVERALL)]
            behind = overall[:, [names.index(best)]] - overall[:, [names.index(name) for name in others]]
            leads = dict(zip(others, _means(behind[:, None, :], self.seed)[0], strict=True))
            tied = [name for name, mean in leads.items() if mean is None or mean.interval[0] <= 0]
            if others:
                runner_up, lead = others[0], leads[others[0]]
        model, aim = self.checkpoint, self.checkpoint.target
        chosen = aim if aim != default(model.labels) else None
        return Benchmark(
            model=model.name,
            hash=model.hash if isinstance(model, BlackBox) else model.every.hash,
            removal=self.removal,
            seed=self.seed,
            randoms=self.randoms,
            perturbations=PERTURBATIONS,
            resamples=RESAMPLES,
            given=self.given,
            measured=len(self.rows),
            left_out=dict(self.left_out),
            sensitivity_rows=self.sensitivity_rows,
            sensitivity_samples=SAMPLES,
            complete=self.complete,
            standings=tuple(standings),
            random=dict(zip(COLUMNS, _means(random[:, None, :], self.seed)[0], strict=True)),
            best=best,
            tied=tuple(tied),
            runner_up=runner_up,
            lead=lead,
            target=None if chosen is None else chosen.name,
            against=None if chosen is None or chosen.against is None else chosen.rival,
        )


def _scores(result: Scores | np.ndarray) -> np.ndarray:
    return np.asarray(result.scores if isinstance(result, Scores) else result, dtype=np.float64)


def _mean(mean: Mean | None) -> float:
    return -np.inf if mean is None else mean.mean


def _means(values: np.ndarray, seed: int) -> list[list[Mean | None]]:
    """Means over sentences of [N, A, B], NaN left out, and the bootstrap's intervals: a list [A][B]."""
    count, deep, wide = values.shape
    columns = values.reshape(count, deep * wide)
    means: list[Mean | None] = [None] * columns.shape[1]
    present = ~np.isnan(columns)
    patterns: dict[bytes, list[int]] = {}  # columns measured on the same sentences are resampled together
    for column in np.flatnonzero(present.any(axis=0)).tolist():
        patterns.setdefault(present[:, column].tobytes(), []).append(column)
    for group in patterns.values():
        rows = columns[present[:, group[0]]][:, group]
        intervals = _intervals(rows, seed)
        for column, mean, low, high in zip(group, rows.mean(axis=0).tolist(), *intervals.tolist(), strict=True):
            means[column] = Mean(len(rows), mean, (low, high))
    return [means[row * wide : (row + 1) * wide] for row in range(deep)]


def _intervals(rows: np.ndarray, seed: int) -> np.ndarray:
    """The middle 95 % of the means of resampled rows [N, C]: float64 [2, C]."""
    count = len(rows)
    random = np.random.default_rng(seed)
    means = np.empty((RESAMPLES, rows.shape[1]))
    step = max(1, _AT_ONCE // count)
    for start in range(0, RESAMPLES, step):
        weights = random.multinomial(count, np.full(count, 1 / count), min(step, RESAMPLES - start))
        means[start : start + step] = weights @ rows / count
    interval: np.ndarray = np.quantile(means, (0.025, 0.975), axis=0)
    return interval
