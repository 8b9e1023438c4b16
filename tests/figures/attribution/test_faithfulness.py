"""The figures of faithfulness show every method, interval and random ranking as measured, and no markup."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.data.labels import model_name
from core.evaluation.intervals import Mean
from core.figures.attribution.faithfulness import benchmark_plot, faithfulness_curves
from core.figures.palette import style
from core.probes.attribution.faithfulness import Yardstick
from core.probes.attribution.measures import Faithfulness
from core.probes.attribution.standings import COLUMNS, Benchmark, Standing
from tests.figures.shown import assert_text

WEIGHTS = np.array([3.0, -1, 0.5, 2, 0, 1, -0.5, 0.25, 1.5, -2])


@pytest.fixture(scope="module")
def found() -> dict[str, Faithfulness]:
    ground = Yardstick(lambda present: present @ WEIGHTS, 10)
    random = np.random.default_rng(0)
    return {f"method-{number}": ground.measure(random.standard_normal(10)) for number in range(8)}


def made_up(model: str, seed: int) -> Benchmark:
    random = np.random.default_rng(seed)

    def means() -> dict[str, Mean | None]:
        return {column: Mean(50, x, (x - 0.1, x + 0.2)) for column, x in zip(COLUMNS, random.random(8), strict=True)}

    standings = tuple(Standing(name, True, means(), means(), 0, 0.1) for name in ("lime", "saliency", "shapley"))
    return Benchmark(
        *(model, "0" * 64, "delete", 0, 100, 100, 10_000, 50, 50, {}, 30, 4, True, standings, means()),
        *("lime", (), "saliency", Mean(50, 0.1, (0.05, 0.2))),
    )


@pytest.fixture(scope="module")
def benchmarks() -> list[Benchmark]:
    return [made_up(model, seed) for seed, model in enumerate(("rnn", "gru", "lstm"))]


def test_two_curves_a_method_and_the_band_of_random_rankings(found: dict[str, Faithfulness]) -> None:
    figure = faithfulness_curves(found)
    by_axis = {axis: [drawn for drawn in figure.data if drawn.xaxis == axis] for axis in ("x", "x2")}
    for axis, name in (("x", "comprehensiveness_curve"), ("x2", "sufficiency_curve")):
        band, mean, *curves = by_axis[axis]
        random = getattr(found["method-0"], name).random
        assert list(band.y) == [one.high for one in random] + [one.low for one in reversed(random)]
        assert list(mean.y) == [one.mean for one in random]
        for curve, (method, measured) in zip(curves, found.items(), strict=True):
            assert curve.name == method and list(curve.y) == getattr(measured, name).losses.tolist()
    ticks = ["1 %<br>(1)", "5 %<br>(1)", "10 %<br>(1)", "20 %<br>(2)", "50 %<br>(5)"]
    assert list(figure.layout.xaxis.ticktext) == ticks
    looks = [(curve.line.color, curve.line.dash) for curve in by_axis["x"][2:]]
    assert len(set(looks)) == len(found)


def test_a_marker_and_an_interval_for_every_method_and_model(benchmarks: list[Benchmark]) -> None:
    figure = benchmark_plot(benchmarks, "loo_tau")
    lines, markers = figure.data[::2], figure.data[1::2]
    methods = list(figure.layout.yaxis.ticktext)
    for line, drawn, benchmark in zip(lines, markers, benchmarks, strict=True):
        assert list(line.x) == [benchmark.random["loo_tau"].mean] * 2
        assert drawn.name == model_name(benchmark.model)
        look = style(benchmark.model)
        assert (drawn.marker.color, drawn.marker.symbol) == (look.color, look.marker)
        measured = {standing.method: standing.measures["loo_tau"] for standing in benchmark.standings}
        for place, row in enumerate(drawn.y):
            mean = measured[methods[round(row)]]
            assert drawn.x[place] == mean.mean
            assert drawn.x[place] - drawn.error_x.arrayminus[place] == pytest.approx(mean.interval[0])
            assert drawn.x[place] + drawn.error_x.array[place] == pytest.approx(mean.interval[1])
    assert len(figure.layout.shapes) == 3


@pytest.mark.parametrize("measure", ["overall", "sufficiency"])
def test_the_best_stands_on_top(measure: str, benchmarks: list[Benchmark]) -> None:
    figure = benchmark_plot(benchmarks, measure)
    by_method = zip(*(benchmark.standings for benchmark in benchmarks), strict=True)
    means = {ones[0].method: np.mean([one.measures[measure].mean for one in ones]) for ones in by_method}
    expected = sorted(
        means, key=means.__getitem__, reverse=not measure.startswith(("sufficiency", "infidelity", "sensitivity"))
    )
    assert list(figure.layout.yaxis.ticktext) == expected
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_what_was_not_measured_has_no_marker_and_stands_last(benchmarks: list[Benchmark]) -> None:
    nothing = dict.fromkeys(COLUMNS)
    first, *others = benchmarks[0].standings
    one = replace(benchmarks[0], standings=(replace(first, measures=nothing), *others), random=nothing)
    (drawn,) = benchmark_plot([one]).data
    assert len(drawn.x) == 2
    assert benchmark_plot([one]).layout.yaxis.ticktext[-1] == first.method
    assert len(benchmark_plot([replace(one, standings=())]).data[0].x) == 0


def test_names_are_escaped(benchmarks: list[Benchmark], found: dict[str, Faithfulness]) -> None:
    name = "<b>bold</b> a&b <img src=x onerror=y> %{x}"
    one = replace(benchmarks[0], model=name, standings=(replace(benchmarks[0].standings[0], method=f"{name} method"),))
    assert_text(faithfulness_curves({name: found["method-0"]}), name)
    assert_text(benchmark_plot([one]), name, f"{name} method")
