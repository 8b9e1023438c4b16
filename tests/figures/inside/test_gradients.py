"""The figures of gradients and memory hold every norm that a logarithm has, and leave a gap where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.data.labels import model_name
from core.data.targets import Target
from core.figures.inside import gradients as gradient_figures
from core.figures.inside.gradients import gradient_norms, step_norms, vanishing
from core.figures.inside.memory_decay import memory_curves, retention_curves
from core.models.predict import sigmoid
from core.probes.dynamics.memory_decay import Memory
from core.probes.dynamics.retention import Retention
from core.probes.dynamics.trajectories import Gradients
from tests.figures.shown import TOKENS, as_plotly_shows, assert_text

CELLS = ("rnn", "gru", "lstm")
WORDS = ("better", "late", "than", "never")


def measured(model: str, tokens: tuple[str, ...] = WORDS, cell: str | None = None) -> Gradients:
    """Made-up norms."""
    random = np.random.default_rng([len(tokens), len(model)])
    h, c, x, state, jacobian = (10 ** random.uniform(-9, 2, len(tokens)) for _ in range(5))
    cell = cell or model
    return Gradients(model, tokens, 1.0, 0.3, h, c if cell == "lstm" else None, x, state, jacobian)


def remembered(model: str, upto: int = 20) -> Memory:
    """A made-up experiment."""
    random = np.random.default_rng([upto, len(model)])
    logit, without = random.normal(0, 2, (2, upto + 1))
    return Memory(
        model=model,
        word="damn",
        known=True,
        filler=("on", "monday"),
        cycled=True,
        unknown=(),
        k=np.arange(upto + 1),
        logit=logit,
        probability=sigmoid(logit),
        logit_without=without,
        probability_without=sigmoid(without),
        gradient_first_word=10 ** random.uniform(-9, 0, upto + 1),
    )


def three() -> list[Gradients]:
    return [measured(cell) for cell in CELLS]


def on(figure, row: int) -> list:
    """The curves of a panel."""
    axis = "y" if row == 1 else f"y{row}"
    return [curve for curve in figure.data if (curve.yaxis or "y") == axis]


def test_a_panel_a_quantity_and_a_line_a_model() -> None:
    found = three()
    figure = gradient_norms(found)
    for row, name in enumerate(("h", "c", "x"), 1):
        having = [gradients for gradients in found if getattr(gradients, name) is not None]
        curves = on(figure, row)
        assert [curve.name for curve in curves] == [model_name(gradients.model) for gradients in having]
        for curve, gradients in zip(curves, having, strict=True):
            assert curve.y == pytest.approx(getattr(gradients, name))
    assert [axis.type for axis in (figure.layout.yaxis, figure.layout.yaxis2, figure.layout.yaxis3)] == ["log"] * 3
    assert sum(bool(curve.showlegend) for curve in figure.data) == 3
    assert len({(curve.line.dash, curve.line.color) for curve in on(figure, 1)}) == 3
    without = gradient_norms([measured("rnn"), measured("gru")])
    assert not any("∂c" in note.text for note in without.layout.annotations) and len(without.layout.annotations) == 2
    one = [measured("lstm", ("alone",))]
    assert gradient_norms(one).data and step_norms(one).data


def test_what_is_left_is_a_share_of_the_last_on_one_scale() -> None:
    found = three()
    figure = vanishing(found, 2, [replace(one, gain=0.5) for one in found])
    for curve, gradients in zip(figure.data, [*found, *found], strict=True):
        assert curve.y == pytest.approx(gradients.state / gradients.state[-1])
    assert [curve.line.dash for curve in figure.data] == ["solid"] * 3 + ["dot"] * 3
    assert figure.layout.yaxis.type == "log" and figure.layout.shapes[1].x0 == 2
    norms = gradient_norms(found)
    assert norms.layout.yaxis.range == norms.layout.yaxis2.range == norms.layout.yaxis3.range


def test_a_norm_of_zero_is_a_gap() -> None:
    found = measured("rnn")
    found.h[0] = found.jacobian[1] = found.state[0] = 0
    assert np.isnan(gradient_norms([found]).data[0].y).tolist() == [True, False, False, False]
    jacobian, norms, bound = step_norms([found]).data
    assert np.isnan(jacobian.y).tolist() == [False, True, False, False]
    assert np.isnan(norms.y).tolist() == [True, False, False, False]
    assert np.isnan(bound.y).tolist() == [True, False, False, False]  # the factor 0 is that of the second step
    ticks = gradient_figures._ticks([np.array([0.17, 0.0, 1.3])])
    assert ticks["ticktext"] == ["0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50"]
    np.testing.assert_allclose(ticks["tickvals"], [float(text) for text in ticks["ticktext"]])
    # Plotly's own: over less than one decade, over many, and where there is nothing to show.
    for norms in ([0.5, 0.8], [1e-9, 1.0], [0.0]):
        assert gradient_figures._ticks([np.array(norms)]) == {}


def test_steps_are_shown_with_the_line_at_one_and_the_bound() -> None:
    found = three()
    figure = step_norms(found)
    (one,) = figure.layout.shapes
    assert one.yref == "y" and one.y0 == one.y1 == 1  # plotly takes the logarithm of a shape's place on a log axis
    assert figure.layout.yaxis.type == "log" and figure.layout.yaxis2.type != "log"
    for curve, gradients in zip(on(figure, 1), found, strict=True):
        assert curve.y == pytest.approx(gradients.jacobian)
    below = on(figure, 2)
    for norms, bound, gradients in zip(below[::2], below[1::2], found, strict=True):
        assert norms.y == pytest.approx(np.log10(gradients.state))
        assert bound.y == pytest.approx(gradients.log10_bound)
        assert bound.line.dash == "dot" and bound.name == f"{model_name(gradients.model)}, bound"
    long = measured("rnn", ("x",) * 2_000)  # a bound beyond any float
    long.jacobian[:] = 10.0
    bound = step_norms([long]).data[2]
    assert bound.y[0] == pytest.approx(1_999 + np.log10(long.state[-1])) and np.isfinite(bound.y).all()


def test_the_memory_experiment_is_drawn_whole() -> None:
    found = [remembered(cell) for cell in CELLS]
    figure = memory_curves(found)
    chances = on(figure, 1)
    for place, memory in enumerate(found):
        word, without = chances[2 * place : 2 * place + 2]
        assert word.y == pytest.approx(memory.probability) and without.y == pytest.approx(memory.probability_without)
        assert without.line.dash == "dot" and not without.showlegend
        assert on(figure, 2)[place].y == pytest.approx(memory.logit - memory.logit_without)
        assert on(figure, 3)[place].y == pytest.approx(memory.gradient_first_word)
        assert list(word.x) == list(range(21))
    assert figure.layout.yaxis3.type == "log"
    assert [(shape.yref, shape.y0) for shape in figure.layout.shapes] == [("y", 0.5), ("y2", 0)]


def test_memory_of_one_of_several_classes_is_named_and_has_no_threshold() -> None:
    target = Target(("late", "<b>", "fine"), 1)
    figure = memory_curves([replace(remembered("gru"), target=target)])
    assert [(shape.yref, shape.y0) for shape in figure.layout.shapes] == [("y2", 0)]
    titles = [figure.layout[axis].title.text for axis in ("yaxis", "yaxis2")]
    assert [as_plotly_shows(title) for title in titles] == ["P(<b>)", "log-odds of <b>"]
    figure = retention_curves([replace(retained("gru"), target=target)])
    assert as_plotly_shows(figure.layout.yaxis.title.text).endswith("log-odds of <b>")
    two = [replace(remembered(cell), target=Target(("ham", "spam"), 1)) for cell in CELLS]
    assert memory_curves([remembered("gru"), *two]).layout.yaxis2.title.text == "logit"


def retained(model: str) -> Retention:
    """Made-up effects of two words before three fillers."""
    effect = np.random.default_rng(len(model)).normal(2, 1, (2, 3, 6))
    share = effect.mean(axis=(0, 1))
    return Retention(
        model, ("hate", "love"), (), 3, 9, 0, np.arange(6), effect, effect[0], share, share - 0.2, share + 0.3
    )


def test_what_share_is_left_is_drawn_in_its_interval() -> None:
    found = [retained(name) for name in (*CELLS, "<b>")]
    figure = retention_curves(found)
    for place, retention in enumerate(found):
        band, line = figure.data[2 * place : 2 * place + 2]
        assert line.y == pytest.approx(retention.share) and list(line.x) == list(range(6))
        assert line.customdata == pytest.approx(np.stack([retention.low, retention.high], axis=1))
        assert band.fill == "toself" and not band.showlegend
        for k, low, high in zip(retention.k, retention.low, retention.high, strict=True):
            assert sorted(band.y[band.x == k]) == pytest.approx([low, high])
    assert_text(figure, "<b>")
    assert [shape.y0 for shape in figure.layout.shapes] == [0, 1]


def test_every_word_is_shown_as_it_stands() -> None:
    model = "<b> & %{y}"
    models = [measured(model, TOKENS, cell="lstm")]
    for figure in (gradient_norms(models), step_norms(models), vanishing(models)):
        assert_text(figure, model, *TOKENS)
        assert [as_plotly_shows(label) for label in figure.data[0].customdata] == list(TOKENS)
    assert_text(memory_curves([remembered(model)]), model)
