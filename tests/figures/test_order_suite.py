"""The figure of the order suite shows every pattern of a relation, with its interval, and no markup."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import pytest

from core.figures.order_suite import shares_by_pattern
from core.models.predictor import BlackBox
from core.probes.permutations.order_suite import OrderSuite, Settings, run
from tests.figures.shown import assert_text

PATTERNS = ("A and not B", "almost", "role swap", "complement swap")


def made_up(name: str, seed: int) -> OrderSuite:
    def predict(texts: Sequence[str]) -> np.ndarray:
        return np.random.default_rng(seed).random(len(texts))

    events = run(BlackBox(predict, "tests.made:up", name), Settings(8, patterns=PATTERNS))
    return deque(events, maxlen=1).pop().result()


@pytest.fixture(scope="module")
def suites() -> list[OrderSuite]:
    return [made_up(name, seed) for seed, name in enumerate(("rnn", "gru", "lstm"))]


@pytest.mark.parametrize(("must", "rows"), [("differ", PATTERNS[:2]), ("stay", PATTERNS[2:3]), ("open", PATTERNS[3:])])
def test_a_marker_and_an_interval_for_every_pattern_and_model(
    suites: list[OrderSuite], must: str, rows: tuple[str, ...]
) -> None:
    figure = shares_by_pattern(suites, must)
    assert [drawn.name for drawn in figure.data] == ["RNN", "GRU", "LSTM"]
    assert list(figure.layout.yaxis.ticktext) == list(rows)
    for drawn, suite in zip(figure.data, suites, strict=True):
        results = [result for result in suite.patterns if result.must == must]
        for row, result in enumerate(results):
            share = result.failures or result.turned
            assert share.share is not None and share.interval is not None
            assert drawn.x[row] == pytest.approx(100 * share.share)
            assert drawn.x[row] + drawn.error_x.array[row] == pytest.approx(100 * share.interval[1])
            assert round(drawn.y[row]) == row and list(drawn.customdata[row]) == [result.pattern, 8]


def test_rows_can_be_put_in_another_order_and_names_are_escaped(suites: list[OrderSuite]) -> None:
    figure = shares_by_pattern([made_up("<b>x</b>", 0)], "differ", PATTERNS[1::-1])
    assert list(figure.layout.yaxis.ticktext) == ["almost", "A and not B"]
    assert_text(figure)
