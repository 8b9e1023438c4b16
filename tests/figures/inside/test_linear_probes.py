"""The figure of probes shows every estimate and interval as measured, chance, and no markup."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.intervals import Mean
from core.figures.inside.linear_probes import probe_plot
from core.figures.palette import style
from core.probes.units.linear_probes import CLASSES, Probe, Probes
from tests.figures.shown import assert_text


def made_up(model: str, sources: tuple[str, ...], seed: int) -> Probes:
    random = np.random.default_rng(seed)

    def mean() -> Mean:
        x = random.uniform(0.2, 0.8)
        return Mean(30, x, (x - 0.03, x + 0.05))

    probes = tuple(
        Probe(task, source, classes, (5,) * len(classes), 1 / len(classes), mean(), mean(), mean(), True)
        for source in sources
        for task, classes in CLASSES.items()
        if (task, source) != ("position", "place")
    )
    return Probes(model, "0" * 64, 0, (70, 30), (700, 300), 0, 0, 3, {}, probes)


FOUND = [
    made_up("rnn", ("h", "x", "place"), 0),
    made_up("lstm", ("h", "c", "x", "place"), 1),
    made_up("<b>mine</b>", ("h", "x"), 2),
]


@pytest.mark.parametrize("task", list(CLASSES))
def test_task_control_and_selectivity_with_their_intervals(task: str) -> None:
    figure = probe_plot(FOUND, task)
    rows = [name for name in ("h", "c", "x", "place") if (task, name) != ("position", "place")]
    assert list(figure.layout.yaxis.ticktext) == rows
    for place, found in enumerate(FOUND):
        probes = [one for one in found.probes if one.task == task]
        drawn = figure.data[3 * place : 3 * place + 3]
        for trace, kind, axis in zip(drawn, ("accuracy", "control", "selectivity"), ("x", "x", "x2"), strict=True):
            means = [getattr(one, kind) for one in probes]
            assert trace.xaxis == axis and list(trace.x) == [mean.mean for mean in means]
            np.testing.assert_allclose(trace.error_x.array, 0.05)
            np.testing.assert_allclose(trace.error_x.arrayminus, 0.03)
            assert np.round(trace.y).astype(int).tolist() == [rows.index(one.source) for one in probes]
            assert trace.marker.color == style(found.model, place).color
        assert drawn[1].marker.symbol.endswith("-open") and not drawn[0].marker.symbol.endswith("-open")
    lines = {(shape.xref, shape.x0) for shape in figure.layout.shapes}
    assert lines == {("x", 1 / len(CLASSES[task])), ("x2", 0)}


def test_names_are_shown_and_are_no_markup() -> None:
    assert_text(probe_plot(FOUND, "negation", {"h": "hidden <i>state</i>"}), "hidden <i>state</i>", "<b>mine")
