"""The map of states holds every number of its window, and clicks on it say which; a unit's line holds them all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.data.targets import Target, log_odds
from core.figures.inside.contributions import MOST_BARS, contribution_bars
from core.figures.inside.paths import (
    MOST_ARROWS,
    arrows_every,
    has_triangle,
    state_path,
    triangle_path,
)
from core.figures.inside.states import MOST_CELLS, MOST_TOKENS, shown_names, state_heatmap, unit_line, values, widest
from core.models.state_space import fit
from core.models.trace import Trace
from tests.figures.shown import TOKENS, as_plotly_shows, assert_text

GATES = {"rnn": ("pre_activation",), "gru": ("reset", "update", "new"), "lstm": ("input", "forget", "cell", "output")}
UNITS = 8


def traced(tokens: list[str], cell: str = "lstm", units: int = UNITS, model: str | None = None) -> Trace:
    """Made-up states of made-up tokens whose logit is read out of them."""
    random = np.random.default_rng([len(tokens), units, len(cell)])
    shape = (len(tokens), units)
    h, c = random.uniform(-1, 1, shape), random.normal(0, 3, shape)
    read_out = random.normal(size=units)
    logit = h @ read_out + 0.5
    return Trace(
        model=model or cell,
        text=" ".join(tokens),
        tokens=tuple(tokens),
        known=(True,) * len(tokens),
        cell=cell,
        x=random.normal(size=(len(tokens), 3)),
        h=h,
        c=c if cell == "lstm" else None,
        gates={name: random.uniform(0.01, 0.99, shape) for name in GATES[cell]},
        read_out=read_out,
        logit=logit,
        probability=1 / (1 + np.exp(-logit)),
        empty_logit=0.5,
    )


WORDS = ["better", "late", "than", "never"]


@pytest.mark.parametrize("cell", GATES)
def test_everything_a_trace_holds_can_be_drawn(cell: str) -> None:
    trace = traced(WORDS, cell)
    assert list(shown_names(trace)) == ["h", *(["c"] if cell == "lstm" else []), *GATES[cell]]
    assert len(set(shown_names(trace).values())) == len(shown_names(trace))
    for shown in shown_names(trace):
        expected = {"h": trace.h, "c": trace.c}.get(shown, trace.gates.get(shown))
        assert values(trace, shown) is expected
        drawn = state_heatmap([trace], shown, range(UNITS)).data[0]
        assert np.array(drawn.z) == pytest.approx(expected.T, abs=5e-5)


def test_a_cell_of_the_map_is_its_unit_and_token() -> None:
    trace = traced([f"w{place}" for place in range(100)])
    units = [5, 0, 7]
    heat, points, verdicts = state_heatmap([trace], "c", units, first=33).data
    assert points.opacity == 0 and heat.hoverinfo == "skip"  # Streamlit tells of clicks on the points only
    assert list(heat.x) == list(range(34, 94)) and len(heat.z) == 3 and len(heat.z[0]) == MOST_TOKENS
    assert len(points.x) == 3 * MOST_TOKENS
    assert verdicts.y == pytest.approx(trace.probability[33:93], abs=5e-5)
    for x, y, (unit, token, run, word, value) in zip(points.x, points.y, points.customdata, strict=True):
        assert units[y] == unit and x == token + 1 and run == 0
        assert word == f"w{token}"
        assert value == pytest.approx(trace.c[token, unit], abs=5e-5)
        assert heat.z[y][list(heat.x).index(x)] == value
    assert list(state_heatmap([trace], "h", [0], first=50).data[0].x) == list(range(51, 101))  # the text's end
    for many in (1, 32, 256, 5_000, 20_000):
        assert 1 <= widest(many) <= MOST_TOKENS and widest(many) * many <= max(MOST_CELLS, many)


def test_colours_keep_their_meaning_and_the_chosen_cell_is_framed() -> None:
    trace = traced(WORDS)
    ranges = {shown: state_heatmap([trace], shown, [0, 1]).data[0] for shown in shown_names(trace)}
    largest = np.abs(trace.c).max()
    assert {shown: (heat.zmin, heat.zmax) for shown, heat in ranges.items()} == {
        "h": (-1, 1),
        "c": (-largest, largest),
        "input": (0, 1),
        "forget": (0, 1),
        "cell": (-1, 1),
        "output": (0, 1),
    }
    trace = traced(WORDS)
    column, row, _half = state_heatmap([trace], "h", [4, 2, 6], chosen=(6, 1)).layout.shapes
    assert (column.x0, column.x1) == (1.5, 2.5)
    assert (row.y0, row.y1) == (1.5, 2.5)
    assert state_heatmap([trace], "h", [4, 2], chosen=(6, 99)).layout.shapes[0].y0 == 0.5


def test_two_sentences_have_the_same_rows_and_their_difference() -> None:
    a, b = traced(WORDS), traced(["never", "so", "late"])
    figure = state_heatmap([a, b], "input", [5, 0], chosen=(0, 2), of=1)
    first, second, between = (trace for trace in figure.data if trace.type == "heatmap")
    assert np.array(first.z) == pytest.approx(a.gates["input"][:, [5, 0]].T, abs=5e-5)
    assert np.array(second.z) == pytest.approx(b.gates["input"][:, [5, 0]].T, abs=5e-5)
    assert np.array(between.z) == pytest.approx(np.array(first.z)[:, :3] - np.array(second.z), abs=2e-4)
    assert (first.zmin, between.zmin, between.zmax) == (0, -1, 1)
    clicks = [trace for trace in figure.data if trace.opacity == 0]
    assert [{row[2] for row in points.customdata} for points in clicks] == [{0}, {1}, {0}]
    assert [shape.xref for shape in figure.layout.shapes[:2]] == ["x2", "x2"]
    curves = [trace for trace in figure.data if trace.yaxis == "y2"]
    assert [len(curve.y) for curve in curves] == [4, 3, 3, 3]


def test_a_units_line_holds_all_its_states_and_gates() -> None:
    trace = traced(WORDS)
    figure = unit_line(trace, 3, token=2)
    assert len(figure.data) == 6
    for curve, shown in zip(figure.data, shown_names(trace), strict=True):
        assert curve.y == pytest.approx(values(trace, shown)[:, 3], abs=1e-6)
    zero, mark = figure.layout.shapes
    assert zero.y0 == zero.y1 == 0
    assert mark.x0 == mark.x1 == 3
    assert len({(curve.line.color, curve.line.dash) for curve in figure.data}) == 6
    shown = {curve.name: curve.visible for curve in unit_line(traced([f"w{n}" for n in range(61)]), 0).data}
    assert [name for name, visible in shown.items() if visible is True] == ["hidden state h", "cell state c"]
    assert list(shown.values()).count("legendonly") == 4
    assert all(curve.visible is True for curve in unit_line(traced(WORDS), 0).data)
    assert all(curve.visible is True for curve in unit_line(traced([f"w{n}" for n in range(61)], "rnn"), 0).data)


def test_bars_sum_to_the_logit() -> None:
    found = [traced(WORDS, cell) for cell in GATES]
    bars = contribution_bars(found).data
    assert [bar.name for bar in bars] == ["RNN", "GRU", "LSTM", "LSTM, forget-aware (γ)"]
    for bar, trace in zip(bars, found, strict=False):
        assert sum(bar.y) == pytest.approx(trace.logit[-1] - trace.empty_logit, abs=1e-5)
    assert bars[3].y == pytest.approx(found[2].cell_contributions, abs=1e-6)
    assert bars[3].marker.pattern.shape == "/" and bars[3].marker.color == bars[2].marker.color
    figure = contribution_bars([traced(WORDS, "rnn"), traced(["one", "two"], "gru")])
    assert figure.layout.xaxis.ticktext is None  # models that cut the words differently
    assert list(contribution_bars([traced(WORDS, "rnn")]).layout.xaxis.ticktext) == WORDS
    tokens = [f"w{place}" for place in range(200)]
    trace = traced(tokens)
    figure = contribution_bars([trace], first=130)
    for bar, found in zip(figure.data, (trace.contributions, trace.cell_contributions), strict=True):
        assert list(bar.x) == list(range(131, 131 + MOST_BARS))
        assert bar.y == pytest.approx(found[130 : 130 + MOST_BARS], abs=1e-6)
        assert list(bar.customdata) == tokens[130 : 130 + MOST_BARS]
    assert list(contribution_bars([trace], first=190).layout.xaxis.ticktext) == tokens[190:]


def space_of(*traces: Trace):
    return fit(np.concatenate([trace.h for trace in traces]), traces[0].read_out, 0.5)


def test_a_path_begins_before_the_first_token_and_its_place_is_the_logit() -> None:
    one, other = traced(WORDS), traced(["never", "so", "late"])
    space = space_of(one, one)
    figure = state_path([one, one], [space.project(one.h)] * 2, space)
    lines = [curve for curve in figure.data if curve.mode == "lines"]
    assert len(lines) == 2 and other.read_out.shape == one.read_out.shape
    for line in lines:
        assert line.x == pytest.approx([one.empty_logit, *one.logit], abs=1e-4)
        assert line.y == pytest.approx([0, *space.project(one.h)[:, 1]], abs=1e-4)
    assert lines[0].line.dash != lines[1].line.dash and lines[0].line.color != lines[1].line.color
    (turn,) = figure.layout.shapes
    assert turn.x0 == turn.x1 == 0  # the logit at which the verdict turns


THREE = ("ham", "<b>", "{eggs}")


def of_three(tokens: list[str], target: Target) -> Trace:
    """A made-up trace of three classes."""
    random = np.random.default_rng(len(tokens))
    scores = random.normal(size=(len(tokens), 3))
    logit = log_odds(scores, target)
    return replace(
        traced(tokens),
        scores=scores,
        empty_scores=np.array([0.3, 0, -1]),
        logit=logit,
        probability=1 / (1 + np.exp(-logit)),
        target=target,
    )


def test_three_classes_are_drawn_in_a_triangle() -> None:
    one, other = (of_three(tokens, Target(THREE, 1)) for tokens in (WORDS, [*TOKENS[:3], "so", "late"]))
    figure = triangle_path([one, other])
    outline, *paths, start = figure.data
    corners = np.stack([outline.x[:3], outline.y[:3]], axis=1)
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    np.testing.assert_allclose(sides, 1)
    lines = [curve for curve in paths if curve.mode == "lines"]
    for line, trace in zip(lines, (one, other), strict=True):
        shares = np.exp([trace.empty_scores, *trace.scores])
        expected = shares / shares.sum(axis=1, keepdims=True) @ corners
        np.testing.assert_allclose(np.stack([line.x, line.y], axis=1), expected, atol=1e-5)
    assert (start.x[0], start.y[0]) == pytest.approx((lines[0].x[0], lines[0].y[0]), abs=1e-5)
    # Each dashed line begins where all are equally probable and ends where the class of one corner has none.
    assert [line.type for line in figure.layout.shapes] == ["line"] * 3
    for number, line in enumerate(figure.layout.shapes):
        assert (line.x0, line.y0) == pytest.approx(tuple(corners.mean(axis=0)))
        assert (line.x1, line.y1) == pytest.approx(tuple(np.delete(corners, number, axis=0).mean(axis=0)))
    assert [as_plotly_shows(corner.text) for corner in figure.layout.annotations] == list(THREE)
    assert all("P(&lt;b&gt;)" in curve.hovertemplate for curve in paths if curve.mode != "lines")
    assert has_triangle(THREE) and not has_triangle(THREE[:2])


def test_titles_name_the_target_of_more_than_two_classes() -> None:
    pair, alone = Target(THREE, 2, 0), Target(THREE, 1)
    trace = of_three(WORDS, pair)
    figure = state_path([trace], [np.zeros((len(WORDS), 3))], space_of(trace))
    assert "{eggs} against ham" in as_plotly_shows(figure.layout.xaxis.title.text)
    for targets, name in (((alone,), "log-odds of <b>"), ((alone, pair), "log-odds of the target class")):
        bars = contribution_bars([of_three(WORDS, target) for target in targets])
        for text in (bars.layout.title.text, bars.layout.yaxis.title.text):
            assert name in as_plotly_shows(text)
    assert contribution_bars([traced(WORDS)]).layout.title.text == "What each token adds to the logit"


def test_arrows_point_from_token_to_token() -> None:
    trace = traced(WORDS)
    space = space_of(trace)
    figure = state_path([trace], [space.project(trace.h)], space, plane=(1, 2))
    arrows = figure.data[1]
    assert figure.layout.shapes == ()  # no logit, so no line where the verdict turns
    assert (arrows.marker.symbol, arrows.marker.angleref) == ("arrow", "previous")
    assert [row[1] for row in arrows.customdata] == ["", *WORDS]
    assert arrows.x[1:] == pytest.approx(space.project(trace.h)[:, 1], abs=1e-4)
    assert arrows.y[1:] == pytest.approx(space.project(trace.h)[:, 2], abs=1e-4)
    assert list(arrows.text[1:]) == WORDS


def test_what_two_paths_begin_with_is_named_once() -> None:
    one, other = traced(WORDS), traced(["better", "late", "so", "good"])
    space = space_of(one, one)
    drawn = state_path([one, other], [space.project(one.h), space.project(other.h)], space).data
    first, second = (curve for curve in drawn if curve.mode == "markers+text")
    assert set(second.text) <= {"", "so", "good"} and second.text[-1] == "good" and first.text[-1] == "never"
    named = [*filter(None, first.text), *filter(None, second.text)]
    assert len(named) == len(set(named)) >= 4


def test_a_long_path_keeps_its_line_and_thins_its_arrows() -> None:
    trace = traced([f"w{place}" for place in range(2_000)])
    space = space_of(trace)
    line, arrows, _start = state_path([trace], [space.project(trace.h)], space).data
    assert len(line.x) == 2_001
    assert arrows.customdata[-1][0] == 2_000 and arrows.mode == "markers"
    seen = [row[0] for row, size in zip(arrows.customdata, arrows.marker.size, strict=True) if size > 1]
    assert len(seen) <= MOST_ARROWS and set(np.diff(seen)) == {arrows_every(2_000)}
    marked = [row[0] for row in arrows.customdata]
    assert all(place - 1 in marked for place in seen), "an arrow is turned by the marker before it"


def test_every_word_is_shown_as_it_stands() -> None:
    model = "<b> & %{y}"
    trace = traced(list(TOKENS), model=model)
    space = space_of(trace)
    line, bars = unit_line(trace, 0), contribution_bars([trace], title="<b>")
    path = state_path([trace], [space.project(trace.h)], space)
    for figure in (state_heatmap([trace], "h", range(UNITS)), line, path):
        assert_text(figure, model, *TOKENS)
    assert_text(bars, "<b>", *TOKENS)
    for labels in (line.data[0].customdata, bars.data[0].customdata, [row[1] for row in path.data[1].customdata[1:]]):
        assert [as_plotly_shows(label) for label in labels] == list(TOKENS)


@pytest.mark.parametrize("cell", GATES)
def test_one_token_alone_can_be_drawn(cell: str) -> None:
    trace, space = traced(["alone"], cell), space_of(traced(WORDS, cell))
    assert state_heatmap([trace], "h", range(UNITS), chosen=(0, 0)).data and unit_line(trace, 0, 0).data
    assert contribution_bars([trace]).data and state_path([trace], [space.project(trace.h)], space).data
