"""The benchmark of methods: means and intervals, order and ties, what is left out, stopping, the file it is kept in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.targets import named
from core.evaluation.intervals import bootstrap_mean
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.probes.attribution import benchmark as benchmarks
from core.probes.attribution import benchmark_file
from core.probes.attribution.benchmark import BenchmarkProgress, _means, benchmark
from core.probes.attribution.benchmark_file import BenchmarkRows, read_benchmarks
from core.probes.attribution.faithfulness import yardstick
from core.probes.attribution.results import Instance, Scores
from core.probes.attribution.standings import Benchmark
from tests.conftest import WORDS
from tests.probes.small_models import PlainValues

SOURCE = BenchmarkRows("made_up.csv", "ab" * 32, 200, 1000, 0)


def sentences(count: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS[7:], random.integers(3, 9))) for _ in range(count)]


def leaving_out(reading: Instance) -> np.ndarray:
    v = PlainValues(reading, "delete")
    return v.full - v.values(~np.eye(len(v), dtype=bool))


def turned(reading: Instance) -> np.ndarray:
    return -leaving_out(reading)


def drawn(reading: Instance) -> Scores:
    random = np.random.default_rng([len(reading.text), *reading.text.encode()])
    return Scores(random.standard_normal(len(reading.tokens)), None, None)


METHODS = {"drawn": drawn, "turned": turned, "leaving-out": leaving_out}


@pytest.fixture(scope="module")
def gru(tiny_checkpoints: Path) -> Checkpoint:
    return checkpoints.load("gru", tiny_checkpoints)


@pytest.fixture(scope="module")
def found(gru: Checkpoint) -> Benchmark:
    return last(benchmark(gru, sentences(40), METHODS, sensitivity_rows=6)).result()


def last(events: Any) -> BenchmarkProgress:
    *_, progress = events
    return progress


def test_leaving_out_beats_random_rankings_and_its_reverse_loses(found: Benchmark) -> None:
    assert [standing.method for standing in found.standings] == ["leaving-out", "drawn", "turned"]
    first, middle, worst = found.standings
    assert first.gains["overall"].interval[0] > 0 > worst.gains["overall"].interval[1]
    low, high = middle.gains["overall"].interval
    assert low < 0 < high
    assert (found.best, found.runner_up, found.tied) == ("leaving-out", "drawn", ())
    assert found.lead.interval[0] > 0
    assert [standing.method for standing in found.standings if standing.is_leave_one_out] == ["leaving-out"]
    assert "gru: leaving-out is the most faithful" in found.statement
    assert "over 40 sentences, words taken out by delete" in found.statement and "ahead of drawn by" in found.statement


def test_means_and_intervals_are_those_of_the_sentences_one_by_one(gru: Checkpoint, found: Benchmark) -> None:
    texts = sentences(40)
    measured = []
    for text in texts:
        tokens = tuple(gru.preprocessing(text))
        reading = Instance(gru, text, tokens)
        measured.append(yardstick(reading).measure(leaving_out(reading)))
    standing = found.standings[0]
    for name in ("comprehensiveness", "sufficiency", "loo_tau", "infidelity"):
        values = np.array([getattr(one, name) for one in measured], dtype=float)
        random = np.array([one.random[name].mean for one in measured])
        by_hand, gain = bootstrap_mean(values), bootstrap_mean(values - random)
        for mean, expected in ((standing.measures[name], by_hand), (standing.gains[name], gain)):
            assert mean.mean == pytest.approx(expected.mean, abs=1e-5)
            assert mean.interval == pytest.approx(expected.interval, abs=0.02 + 0.05 * abs(expected.mean))
        assert found.random[name].mean == pytest.approx(random.mean(), abs=1e-6)
    assert standing.measures["overall"].mean == pytest.approx(
        standing.measures["comprehensiveness"].mean - standing.measures["sufficiency"].mean
    )


def test_sensitivity_is_measured_on_the_first_rows_alone(found: Benchmark) -> None:
    assert found.sensitivity_rows == 6
    assert {standing.measures["sensitivity"].rows for standing in found.standings} == {6}
    steady = {standing.method: standing.measures["sensitivity"].mean for standing in found.standings}
    assert steady["drawn"] == 0 < steady["leaving-out"] < found.random["sensitivity"].mean
    assert found.complete


def test_a_method_is_tied_with_itself_under_another_name(gru: Checkpoint) -> None:
    methods = {"one": leaving_out, "two": leaving_out, "drawn": drawn}
    found = last(benchmark(gru, sentences(30), methods, sensitivity_rows=0)).result()
    assert (found.best, found.tied) == ("one", ("two",))
    assert found.statement.endswith("; tied with two")
    twice = {"drawn": drawn, "drawn again": lambda reading: -drawn(reading).scores}
    found = last(benchmark(gru, sentences(30), twice, sensitivity_rows=0)).result()
    assert found.lead.interval[0] < 0 < found.lead.interval[1] and found.tied == (found.runner_up,)  # not shown


def test_nothing_better_than_random_is_said_to_be_so(gru: Checkpoint) -> None:
    found = last(benchmark(gru, sentences(20), {"turned": turned}, sensitivity_rows=0)).result()
    assert "no method is more faithful than random rankings; the highest, turned" in found.statement


def test_the_same_seed_gives_the_same_and_another_other_intervals(gru: Checkpoint) -> None:
    def once(seed: int) -> dict[str, Any]:
        return without_times(last(benchmark(gru, sentences(15), METHODS, seed=seed, sensitivity_rows=2)).result())

    assert once(3) == once(3) != once(4)


def without_times(found: Benchmark) -> dict[str, Any]:
    return benchmark_file.as_json(replace(found, standings=tuple(replace(one, seconds=0) for one in found.standings)))


def test_of_three_classes_each_sentences_predicted_one_is_explained_unless_one_is_named(
    layered: Path, tmp_path: Path
) -> None:
    three, texts = checkpoints.load("gru-three", layered), sentences(12)
    found = last(benchmark(three, texts, METHODS, sensitivity_rows=2)).result()
    assert (found.target, found.against, found.hash) == (None, None, three.hash) and "target" not in found.statement
    readings = [Instance.of(three, text) for text in texts]
    assert len({reading.target for reading in readings}) > 1
    measured = [yardstick(reading).measure(leaving_out(reading)).overall for reading in readings]
    by_name = {standing.method: standing for standing in found.standings}
    assert by_name["leaving-out"].measures["overall"].mean == pytest.approx(np.mean(measured), abs=1e-5)
    aimed = last(benchmark(three.targeted(named(three.labels, "fine", "late")), texts, {"drawn": drawn})).result()
    assert (aimed.target, aimed.against, aimed.hash) == ("fine", "late", three.hash)
    assert "words taken out by delete, target fine against late" in aimed.statement
    benchmark_file.save(tmp_path / benchmark_file.FILE, SOURCE, [aimed])
    kept = benchmark_file.load(tmp_path)
    assert kept is not None and without_times(kept.benchmarks[0]) == without_times(aimed)
    assert not {"target", "against"} & without_times(found).keys()


def test_sentences_that_cannot_be_ranked_are_left_out_and_counted(
    gru: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmarks, "LONGEST", 10)
    texts = ["good", "", "  ", "so good", "so bad", " ".join(["so"] * 11)]
    found = last(benchmark(gru, texts, METHODS)).result()
    assert (found.given, found.measured) == (6, 2)
    assert found.left_out == {"a single token": 1, "no token": 2, "more than 10 tokens": 1}
    nothing = last(benchmark(gru, ["good", ""], METHODS)).result()
    assert (nothing.measured, nothing.best, nothing.tied, nothing.random["overall"]) == (0, None, (), None)
    assert nothing.statement == "gru: no method was measured on any sentence"


def test_a_method_that_fails_is_counted_and_the_others_go_on(gru: Checkpoint) -> None:
    def moody(reading: Instance) -> np.ndarray:
        if "good" in reading.tokens:
            raise ValueError("not this one")
        return leaving_out(reading)

    texts = ["so good a movie", "so bad a movie", "never so sad"]
    found = last(
        benchmark(gru, texts, {"moody": moody, "turned": turned, "wrong": lambda _reading: np.ones(1)})
    ).result()
    by_name = {standing.method: standing for standing in found.standings}
    assert (by_name["moody"].failed, by_name["moody"].failure) == (1, "not this one")
    assert by_name["moody"].measures["overall"].rows == 2 and by_name["turned"].measures["overall"].rows == 3
    assert (by_name["wrong"].failed, by_name["wrong"].measures["overall"]) == (3, None)
    assert found.standings[-1].method == "wrong"


def test_methods_without_signs_are_not_turned(gru: Checkpoint) -> None:
    def magnitude(reading: Instance) -> np.ndarray:
        v = PlainValues(reading, "delete")
        return np.sign(v.full or 1) * leaving_out(reading)

    methods: dict[str, Callable[[Instance], np.ndarray]] = {"signed": leaving_out, "unsigned": magnitude}
    found = last(benchmark(gru, sentences(20), methods, unsigned=["unsigned"], sensitivity_rows=0)).result()
    one, other = (standing.measures for standing in found.standings)
    for name in ("overall", "comprehensiveness", "sufficiency", "infidelity"):
        assert one[name].mean == pytest.approx(other[name].mean)
    assert {standing.method: standing.signed for standing in found.standings} == {"signed": True, "unsigned": False}


def test_every_event_has_the_benchmark_so_far(gru: Checkpoint) -> None:
    events = list(benchmark(gru, sentences(5), METHODS, sensitivity_rows=2))
    assert [(one.stage, one.done, one.total) for one in events] == [
        *(("measuring", done, 7) for done in range(6)),
        *(("sensitivity", done, 7) for done in (6, 7)),
    ]
    assert events[-1].result().complete


def test_it_can_be_cancelled_between_two_methods(gru: Checkpoint) -> None:
    calls = 0

    def check_cancelled() -> None:
        nonlocal calls
        calls += 1
        if calls > 30:
            raise InterruptedError

    progress = None
    with pytest.raises(InterruptedError):
        for found_so_far in benchmark(gru, sentences(50), METHODS, check_cancelled=check_cancelled):
            progress = found_so_far
    found = progress.result()
    assert 0 < found.measured < 50 and not found.complete
    assert {one.measures["overall"].rows for one in found.standings} == {found.measured}


def test_no_sentence_is_begun_when_time_is_up(gru: Checkpoint) -> None:
    progress = last(benchmark(gru, sentences(5), METHODS, seconds=0.0))
    assert progress.done == 0 and not progress.result().complete


def test_the_bootstrap_leaves_out_what_was_not_measured() -> None:
    values = np.random.default_rng(0).standard_normal((60, 2, 2))
    values[::3, 0, 1] = np.nan
    values[:, 1, 0] = np.nan
    means = _means(values, 0)
    assert means[1][0] is None
    kept = values[~np.isnan(values[:, 0, 1]), 0, 1]
    assert (means[0][1].rows, means[0][1].mean) == (40, pytest.approx(kept.mean()))
    assert means[0][1].interval == pytest.approx(bootstrap_mean(kept).interval, abs=0.02)
    assert means == _means(values, 0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"methods": {}}, "no method was given"),
        ({"sentences": []}, "no sentence was given"),
        ({"removal": "gone"}, "unknown removal 'gone'; available: delete, pad, unk, mean, zero"),
        ({"randoms": 0}, "at least 1 random ranking"),
        ({"seconds": -1}, "no time below 0"),
    ],
)
def test_what_cannot_be_is_refused_at_once(change: dict[str, Any], says: str, gru: Checkpoint) -> None:
    arguments: dict[str, Any] = {"sentences": ["so good"], "methods": METHODS, **change}
    with pytest.raises(ValueError, match=says):
        next(benchmark(gru, **arguments))


def test_a_benchmark_is_read_as_it_was_kept(found: Benchmark, tmp_path: Path) -> None:
    path = tmp_path / benchmark_file.FILE
    benchmark_file.save(path, SOURCE, [found])
    kept = benchmark_file.load(tmp_path)
    assert kept is not None and kept.source == SOURCE
    (again,) = kept.benchmarks
    assert again.statement == found.statement
    assert without_times(again) == without_times(found)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert (kept.outdated({"gru": found.hash}), kept.outdated({"gru": "other"}), kept.outdated({})) == (
        [],
        ["gru"],
        ["gru"],
    )
    assert benchmark_file.load(tmp_path / "none") is None


def test_nothing_of_a_text_is_kept(gru: Checkpoint, tmp_path: Path) -> None:
    def quoting(reading: Instance) -> np.ndarray:
        raise ValueError(f"cannot explain {reading.text!r}")

    found = last(benchmark(gru, ["so good a movie", "terrible movie"], {"quoting": quoting, "drawn": drawn})).result()
    benchmark_file.save(tmp_path / "benchmark.json", SOURCE, [found])
    assert "movie" in found.standings[1].failure
    assert "movie" not in (tmp_path / "benchmark.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole, one: whole.pop("source"),
        lambda whole, one: whole["leagues"].append(one),
        lambda whole, one: one.update(removal="gone"),
        lambda whole, one: one.update(best="nobody"),
        lambda whole, one: one.update(runner_up="nobody"),
        lambda whole, one: one.update(tied=["nobody"]),
        lambda whole, one: one["standings"].append(one["standings"][0]),
        lambda whole, one: one["standings"][0]["measures"].pop("overall"),
        lambda whole, one: one["standings"][0]["gains"].pop("overall"),
        lambda whole, one: one["random"].pop("sensitivity"),
    ],
)
def test_a_spoilt_file_is_one_line(spoil: Callable[[Any, Any], object], found: Benchmark, tmp_path: Path) -> None:
    """What every stored file is refused for is tested with `json_file`."""
    path = tmp_path / "benchmark.json"
    benchmark_file.save(path, SOURCE, [found])
    content = json.loads(path.read_bytes())
    spoil(content, content["leagues"][0])
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=r"^benchmark\.json is malformed \([^\n]{5,300}\)$"):
        read_benchmarks(path)
