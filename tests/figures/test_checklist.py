"""The figure of failure rates shows every capability of every model, its interval, and no markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from core.figures.checklist import failure_rates
from core.figures.palette import style
from core.probes.checklist.suite import Settings, Suite, run_predictor
from core.probes.checklist.templates import CAPABILITIES
from tests.figures.shown import assert_text


def made_up(model: str, seed: int) -> Suite:
    def predict(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return np.random.default_rng(seed).random(len(sentences))

    return run_predictor(model, predict, settings=Settings(cases=3))


@pytest.fixture(scope="module")
def suites() -> list[Suite]:
    return [made_up(model, seed) for seed, model in enumerate(("rnn", "gru", "lstm"))]


def test_a_marker_and_an_interval_for_every_capability_and_model(suites: list[Suite]) -> None:
    figure = failure_rates(suites)
    assert [drawn.name for drawn in figure.data] == ["RNN", "GRU", "LSTM"]
    for drawn, suite in zip(figure.data, suites, strict=True):
        assert len(drawn.x) == len(CAPABILITIES)
        for place, found in enumerate(suite.capabilities):
            assert found.rate.rate is not None and found.rate.interval is not None
            low, high = found.rate.interval
            assert drawn.x[place] == pytest.approx(100 * found.rate.rate)
            assert drawn.x[place] - drawn.error_x.arrayminus[place] == pytest.approx(100 * low)
            assert drawn.x[place] + drawn.error_x.array[place] == pytest.approx(100 * high)
            assert round(drawn.y[place]) == place, "on its capability's row"
            assert list(drawn.customdata[place]) == [found.name, found.rate.cases, found.rate.templates]
        assert (drawn.marker.color, drawn.marker.symbol) == (style(suite.model).color, style(suite.model).marker)
    assert list(figure.layout.yaxis.ticktext) == list(CAPABILITIES)
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first capability on top"
    rows = np.array([drawn.y for drawn in figure.data])
    assert (np.diff(rows, axis=0) > 0.1).all(), "models stand side by side"


def test_a_capability_without_a_case_has_no_marker_and_none_at_all_draws_nothing(suites: list[Suite]) -> None:
    deaf = run_predictor("deaf", lambda sentences: np.full(len(sentences), 0.5), lambda _text: ["noise"])
    figure = failure_rates([suites[0], deaf])
    assert "names and links" in figure.layout.yaxis.ticktext
    row = CAPABILITIES.index("names and links")
    assert [round(place) for place in figure.data[1].y] == [place for place in range(len(CAPABILITIES)) if place != row]
    nothing = replace(deaf, capabilities=tuple(one for one in deaf.capabilities if one.name == "names and links"))
    assert len(failure_rates([nothing]).data[0].x) == 0


def test_a_models_name_is_escaped() -> None:
    name = "<b>bold</b> a&b"
    assert_text(failure_rates([replace(made_up("own", 5), model=name)]), name)
