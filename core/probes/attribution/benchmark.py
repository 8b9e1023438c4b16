"""Which method explains a model most faithfully? Every method on the same sentences, beside random rankings.

Each sentence is measured as in `attribution.faithfulness`, some of them as in `dynamics.sensitivity` too. A method's
figure is the mean over sentences with the percentile bootstrap's 95 % interval over sentences (Efron & Tibshirani 1993,
the same resamples for all); its gain over random rankings is the mean of the paired differences, sentence by sentence.

The most faithful method is the one with the highest mean of comprehensiveness − sufficiency (AOPC of probabilities,
from −1 to 1). Every other one whose paired difference to it has an interval that holds 0 is tied with it. Intervals
cover the draw of the sentences; they are not widened for there being many methods to choose the best from. A method
that takes the same words out as the measure does has an advantage in it: it asks what it is asked.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.evaluation.intervals import RESAMPLES, Mean
from core.models.predictor import BlackBox
from core.probes.attribution.faithfulness import PERTURBATIONS, RANDOMS, yardstick
from core.probes.attribution.removal import BASELINES
from core.probes.attribution.results import Reading, Scores
from core.probes.attribution.standings import COLUMNS, OVERALL, League, Standing
from core.probes.dynamics.sensitivity import SAMPLES, random_sensitivity, sensitivity

if TYPE_CHECKING:
    from core.models.predictor import Model

SENSITIVITY_ROWS = 30
LONGEST = 200  # tokens; no method's time is bounded otherwise
_AT_ONCE = 4_000_000  # weights of the bootstrap at a time

Method = Callable[[Reading], "Scores | np.ndarray"]


class Progress(NamedTuple):
    """`done` of `total` sentences are measured (those measured for sensitivity count again); `stage` says which.

    `result()` is the league so far, which takes a bootstrap.
    """

    stage: str
    done: int
    total: int
    result: Callable[[], League]


def league(
    checkpoint: Model,
    sentences: Sequence[str],
    methods: Mapping[str, Method],
    *,
    removal: str = "delete",
    seed: int = 0,
    unsigned: Collection[str] = (),
    randoms: int = RANDOMS,
    sensitivity_rows: int = SENSITIVITY_ROWS,
    sensitivity_samples: int = SAMPLES,
    seconds: float | None = None,
    longest: int = LONGEST,
    check_cancelled: Callable[[], object] = lambda: None,
) -> Generator[Progress, None, None]:
    """Measure methods on sentences; an event after each of them, and one before the first.

    Sentences of one token or more than `longest` are left out and counted. Methods named in `unsigned` say how much a
    token matters but not for which verdict. Where a method raises ValueError, that sentence is counted against it.
    After so many `seconds` no further sentence is begun; `check_cancelled` is called before every method, and what it
    raises ends the league; the last event has what was measured until then.

    Words are deleted from what a black box reads, and its sensitivity is not measured: that moves words' vectors.

    Raises ValueError for no method, no sentence, an unknown removal or a bound that cannot be.
    """
    if not methods:
        raise ValueError("no method was given to measure")
    if not sentences:
        raise ValueError("no sentence was given to measure methods on")
    if removal not in BASELINES:
        raise ValueError(f"unknown removal {removal!r}; available: {', '.join(BASELINES)}")
    if randoms < 1 or sensitivity_rows < 0 or sensitivity_samples < 1 or longest < 2 or (seconds or 0) < 0:
        raise ValueError(
            "a league has at least 1 random ranking, sentences of up to 2 tokens, 0 sentences for sensitivity with 1 "
            f"change each and no time below 0; given: {randoms:,}, {longest:,}, {sensitivity_rows:,}, "
            f"{sensitivity_samples:,} and {seconds or 0:g} s"
        )
    if isinstance(checkpoint, BlackBox):
        if removal != "delete":
            raise ValueError(f"words can only be deleted from what a black box reads; given the removal {removal!r}")
        sensitivity_rows = 0
    table = _Table(checkpoint, methods, removal, seed, unsigned, randoms, sensitivity_samples, len(sentences))
    end = time.monotonic() + (float("inf") if seconds is None else seconds)
    return _league(table, sentences, sensitivity_rows, longest, end, check_cancelled)


def _league(
    table: _Table,
    sentences: Sequence[str],
    sensitivity_rows: int,
    longest: int,
    end: float,
    check_cancelled: Callable[[], object],
) -> Generator[Progress, None, None]:
    readings = [table.reading(sentence) for sentence in sentences]
    chosen = [found for found in readings if table.admits(found, longest)]
    steady = min(sensitivity_rows, len(chosen))
    total = len(chosen) + steady
    result = table.result
    yield Progress("measuring", 0, total, result)
    for done, reading in enumerate(chosen, 1):
        if time.monotonic() > end:
            return
        table.measure(reading, keep=done <= steady, check_cancelled=check_cancelled)
        table.complete = done == total
        yield Progress("measuring", done, total, result)
    for row, reading in enumerate(chosen[:steady]):
        if time.monotonic() > end:
            return
        table.measure_sensitivity(row, reading, check_cancelled)
        done = len(chosen) + row + 1
        table.complete = done == total
        yield Progress("sensitivity", done, total, result)


class _Table:
    """What is measured so far, sentence by sentence."""

    def __init__(
        self,
        checkpoint: Model,
        methods: Mapping[str, Method],
        removal: str,
        seed: int,
        unsigned: Collection[str],
        randoms: int,
        samples: int,
        given: int,
    ):
        self._checkpoint, self._methods, self._removal, self._seed = checkpoint, dict(methods), removal, seed
        self._unsigned, self._randoms, self._samples, self._given = unsigned, randoms, samples, given
        self._left_out: Counter[str] = Counter()
        self._rows: list[np.ndarray] = []  # a sentence: [methods, COLUMNS], "not a number" where not measured
        self._random: list[np.ndarray] = []  # a sentence: [COLUMNS]
        self._kept: list[dict[str, np.ndarray]] = []  # scores of the sentences that are measured for sensitivity
        self._steady = 0
        self._failures: dict[str, list[str]] = {name: [] for name in methods}
        self._seconds = dict.fromkeys(methods, 0.0)
        self.complete = False

    def reading(self, sentence: str) -> Reading:
        return Reading(self._checkpoint, sentence, tuple(self._checkpoint.preprocessing(sentence)))

    def admits(self, reading: Reading, longest: int) -> bool:
        n = len(reading.tokens)
        if 2 <= n <= longest:
            return True
        reason = "no token" if n == 0 else "a single token" if n == 1 else f"more than {longest:,} tokens"
        self._left_out[reason] += 1
        return False

    def measure(self, reading: Reading, keep: bool, check_cancelled: Callable[[], object]) -> None:
        """Every method on one sentence; nothing of it counts if it is broken off."""
        ground = yardstick(
            reading, self._removal, seed=self._seed, randoms=self._randoms, check_cancelled=check_cancelled
        )
        found = np.full((len(self._methods), len(COLUMNS)), np.nan)
        scores: dict[str, np.ndarray] = {}
        failures: dict[str, str] = {}
        seconds = {}
        for name, method in self._methods.items():
            check_cancelled()
            clock = time.perf_counter()
            try:
                given = _scores(method(reading))
                ground.check(given)
                scores[name] = given
            except ValueError as error:
                failures[name] = str(error)
            finally:
                seconds[name] = time.perf_counter() - clock
        signed = {name: name not in self._unsigned for name in scores}
        ground.ask(list(scores.values()), signed=list(signed.values()))
        for place, name in enumerate(self._methods):
            if name not in scores:
                continue
            measured = ground.measure(scores[name], signed=signed[name])
            values = [getattr(measured, column) for column in COLUMNS[:-1]]
            found[place, :-1] = [np.nan if value is None else value for value in values]
        random = {name: np.nan if one is None else one.mean for name, one in ground.random.items()}
        random[OVERALL] = random["comprehensiveness"] - random["sufficiency"]
        self._rows.append(found)
        self._random.append(np.array([random.get(column, np.nan) for column in COLUMNS]))
        for name, reason in failures.items():
            self._failures[name].append(reason)
        for name, taken in seconds.items():
            self._seconds[name] += taken
        if keep:
            self._kept.append(scores)

    def measure_sensitivity(self, row: int, reading: Reading, check_cancelled: Callable[[], object]) -> None:
        """Every method on one sentence that was measured before."""
        column = COLUMNS.index("sensitivity")
        found = np.full(len(self._methods), np.nan)
        moved: dict[bytes, Reading] = {}
        for place, (name, method) in enumerate(self._methods.items()):
            if name not in self._kept[row]:
                continue

            def explain(reading: Reading, method: Method = method) -> np.ndarray:
                check_cancelled()
                return _scores(method(reading))

            try:
                value = sensitivity(
                    reading,
                    explain,
                    samples=self._samples,
                    seed=self._seed,
                    scores=self._kept[row][name],
                    moved_already=moved,
                )
            except ValueError:  # it could explain the sentence, and could not a hair's breadth beside it
                continue
            found[place] = np.nan if value is None else value
        if not np.isnan(found).all():
            drawn = random_sensitivity(len(reading.tokens), samples=self._samples, seed=self._seed)
            self._random[row][column] = drawn.mean()
        self._rows[row][:, column] = found
        self._steady += 1

    def result(self) -> League:
        """The league so far."""
        names = list(self._methods)
        shape = (len(self._rows), len(names), len(COLUMNS))
        measured = np.array(self._rows).reshape(shape)
        random = np.array(self._random).reshape(shape[0], shape[2])
        means = _means(measured, self._seed)
        gains = _means(measured - random[:, None, :], self._seed)
        standings = [
            Standing(
                method=name,
                signed=name not in self._unsigned,
                measures=dict(zip(COLUMNS, means[place], strict=True)),
                gains=dict(zip(COLUMNS, gains[place], strict=True)),
                failed=len(self._failures[name]),
                seconds=self._seconds[name] / max(1, len(self._rows)),
                failure=next(iter(self._failures[name]), ""),
            )
            for place, name in enumerate(names)
        ]
        standings.sort(key=lambda standing: -_mean(standing.measures[OVERALL]))
        best, tied, runner_up, lead = None, [], None, None
        ranked = [standing.method for standing in standings if standing.measures[OVERALL] is not None]
        if ranked:
            best, *others = ranked
            overall = measured[:, :, COLUMNS.index(OVERALL)]
            behind = overall[:, [names.index(best)]] - overall[:, [names.index(name) for name in others]]
            leads = dict(zip(others, _means(behind[:, None, :], self._seed)[0], strict=True))
            tied = [name for name, found in leads.items() if found is None or found.interval[0] <= 0]
            if others:
                runner_up, lead = others[0], leads[others[0]]
        return League(
            model=self._checkpoint.name,
            hash=self._checkpoint.hash,
            removal=self._removal,
            seed=self._seed,
            randoms=self._randoms,
            perturbations=PERTURBATIONS,
            resamples=RESAMPLES,
            given=self._given,
            measured=len(self._rows),
            left_out=dict(self._left_out),
            sensitivity_rows=self._steady,
            sensitivity_samples=self._samples,
            complete=self.complete,
            standings=tuple(standings),
            random=dict(zip(COLUMNS, _means(random[:, None, :], self._seed)[0], strict=True)),
            best=best,
            tied=tuple(tied),
            runner_up=runner_up,
            lead=lead,
        )


def _scores(found: Scores | np.ndarray) -> np.ndarray:
    return np.asarray(found.scores if isinstance(found, Scores) else found, dtype=np.float64)


def _mean(found: Mean | None) -> float:
    return -np.inf if found is None else found.mean


def _means(values: np.ndarray, seed: int, resamples: int = RESAMPLES) -> list[list[Mean | None]]:
    """Means over sentences of [N, A, B], "not a number" left out, and the bootstrap's intervals: a list [A][B]."""
    count, deep, wide = values.shape
    columns = values.reshape(count, deep * wide)
    found: list[Mean | None] = [None] * columns.shape[1]
    present = ~np.isnan(columns)
    patterns: dict[bytes, list[int]] = {}  # columns measured on the same sentences are resampled together
    for column in np.flatnonzero(present.any(axis=0)).tolist():
        patterns.setdefault(present[:, column].tobytes(), []).append(column)
    for group in patterns.values():
        rows = columns[present[:, group[0]]][:, group]
        intervals = _intervals(rows, seed, resamples)
        for column, mean, low, high in zip(group, rows.mean(axis=0).tolist(), *intervals.tolist(), strict=True):
            found[column] = Mean(len(rows), mean, (low, high))
    return [found[place * wide : (place + 1) * wide] for place in range(deep)]


def _intervals(rows: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """The middle 95 % of the means of resampled rows [N, C]: float64 [2, C]."""
    count = len(rows)
    random = np.random.default_rng(seed)
    means = np.empty((resamples, rows.shape[1]))
    step = max(1, _AT_ONCE // count)
    for start in range(0, resamples, step):
        weights = random.multinomial(count, np.full(count, 1 / count), min(step, resamples - start))
        means[start : start + step] = weights @ rows / count
    found: np.ndarray = np.quantile(means, (0.025, 0.975), axis=0)
    return found
